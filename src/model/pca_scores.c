/*
 * Scores by one pass: each tile of 256 rows (by global index, so that bits depend on no rank count) is centered, scaled
 * and multiplied with the components. Tiles are independent tasks for the threads of the rank.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/checkpoint.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "model/pca_impl.h"
#include "oper/segments.h"

#define UNIT 256

typedef struct scoring {
  const tartan_pca *model;
  int64_t           n, k, ld;
  int64_t           row0, rows; /* the slab */
  tt_pass           pass;
  int64_t          *starts;
  double           *tiles;  /* [threads][UNIT, n] rows as centered and scaled */
  double           *sums;   /* [threads][n] that the conversion wants */
  double           *scores; /* [slab, k] */
  double           *errors; /* [threads] */
  int64_t          *broken; /* [threads][2] samples with scores that are not finite, and the first of them */
  bool              inverse_error, fill;
} scoring;

static void scoring_end(scoring *s)
{
  tt_free(s->broken);
  tt_free(s->errors);
  tt_free(s->scores);
  tt_free(s->sums);
  tt_free(s->tiles);
  tt_free(s->starts);
  tt_pass_end(&s->pass);
}

/* Slabs of whole tiles, and of whole chunk rows too, where they are long enough: a tile cut in two has other bits. */
static int64_t whole_tiles(const tartan_operator *A, int64_t slab)
{
  const tt_dataset_info *info = A->dataset ? tt_dataset_get_info(A->dataset) : NULL;
  const int64_t          chunk = info && !A->transpose ? info->chunk_rows : 0;
  int64_t                unit = UNIT;

  while (chunk > 0 && unit % chunk != 0) unit += UNIT;
  return slab >= unit ? slab / unit * unit : slab;
}

static tartan_status scoring_begin(const tartan_pca *model, const tartan_operator *A, scoring *s)
{
  tartan_grid  *grid = A->grid;
  tt_memory    *mem = &grid->memory;
  const int64_t T = grid->threads, n = A->n, k = model->v.components;
  int64_t       slab = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_pass_slab_fit(A, T * UNIT * n * 8, 2 * k * 8, s->fill, &slab));
  slab = whole_tiles(A, slab);
  s->model = model;
  s->n = n;
  s->k = k;
  s->ld = tt_max(1, n);
  s->starts = tt_alloc(mem, grid->size + 1, sizeof *s->starts, "the ranges of a pass", &local);
  s->tiles = tt_alloc(mem, T * UNIT * n, sizeof *s->tiles, "tiles of rows", &local);
  s->sums = tt_alloc_zero(mem, T * n, sizeof *s->sums, "sums of tiles", &local);
  s->scores = tt_alloc(mem, slab * k, sizeof *s->scores, "scores", &local);
  s->errors = tt_alloc_zero(mem, T, sizeof *s->errors, "errors of tiles", &local);
  s->broken = tt_alloc_zero(mem, 2 * T, sizeof *s->broken, "counts of tiles", &local);
  AGREE(grid, local);
  tt_rows_partition(A->m, UNIT, grid->size, s->starts);
  TRY(tt_pass_begin(A, s->starts, slab, s->fill ? model->v.mean_ : NULL, &s->pass));
done:
  return st;
}

/* Squared error of a tile's reconstruction: x - V (V' x). The tile is used up. */
static double tile_error(const scoring *s, double *tile, const double *scores, int64_t rows)
{
  double sum = 0;

  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, s->n, rows, s->k, -1, s->model->v.components_, s->ld,
                scores, s->k, 1, tile, s->ld);
  for (int64_t i = 0; i < rows * s->n; i++) sum += tile[i] * tile[i];
  return sum;
}

/* Counts rows of scores that are not finite. Tiles of a thread come in any order. */
static void count_broken(const scoring *s, const double *scores, int64_t row0, int64_t rows, int64_t broken[2])
{
  for (int64_t r = 0; r < rows; r++) {
    double sum = 0; /* stays zero as long as all are finite */

    for (int64_t c = 0; c < s->k; c++) sum += 0 * scores[r * s->k + c];
    if (sum == 0) continue;
    if (broken[0]++ == 0 || row0 + r < broken[1]) broken[1] = row0 + r;
  }
}

/* The verdict on all rows, the same on every rank. Collective. */
static tartan_status check_broken(const scoring *s, tartan_grid *grid)
{
  int64_t       count = 0, first = INT64_MAX;
  tartan_status st = TARTAN_OK;

  for (int i = 0; i < grid->threads; i++) {
    count += s->broken[2 * i];
    if (s->broken[2 * i] > 0) first = tt_min(first, s->broken[2 * i + 1]);
  }
  TRY(tt_allreduce_i64(grid, &count, 1, TT_SUM));
  TRY(tt_allreduce_i64(grid, &first, 1, TT_MIN));
  REQUIRE(count == 0, TARTAN_ERR_INPUT, "%lld sample%s of the data ha%s %s; the first is sample %lld (from zero)%s",
          (long long)count, TT_S(count), count == 1 ? "s" : "ve", s->fill ? "Inf" : "NaN or Inf", (long long)first,
          s->fill ? "" : "; --nan mean replaces NaN by the model's mean of the feature");
done:
  return st;
}

/* Task: the i-th tile of the slab, cut at global multiples of UNIT. */
static void score_tile(int64_t i, void *context)
{
  scoring                 *s = context;
  const tartan_pca_values *v = &s->model->v;
  const int64_t            first = s->row0 / UNIT + i, n = s->n;
  const int64_t            from = tt_max(s->row0, first * UNIT), to = tt_min(s->row0 + s->rows, (first + 1) * UNIT);
  const int                me = tt_thread_index();
  double                  *tile = s->tiles + me * UNIT * n, *out = s->scores + (from - s->row0) * s->k;
  const size_t             width = tt_element_size(s->pass.element);
  const tt_shift_job       job = {.rows = to - from,
                                  .cols = n,
                                  .src = (const char *)s->pass.buffer + (size_t)((from - s->row0) * n) * width,
                                  .src_ld = n,
                                  .dst = tile,
                                  .dst_ld = n,
                                  .shift = v->mean_,
                                  .sum = s->sums + me * n};

  tt_convert_shifted(s->pass.element, TARTAN_F64, &job);
  for (int64_t r = 0; r < job.rows && v->scale; r++)
    for (int64_t j = 0; j < n; j++) tile[r * n + j] /= v->scale_[j];
  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, s->k, job.rows, n, 1, v->components_, s->ld, tile, s->ld, 0,
                out, s->k);
  count_broken(s, out, from, job.rows, s->broken + 2 * me);
  if (s->inverse_error) s->errors[me] += tile_error(s, tile, out, job.rows);
  for (int64_t r = 0; r < job.rows && v->whiten; r++)
    for (int64_t c = 0; c < s->k; c++) out[r * s->k + c] /= fmax(sqrt(v->explained_variance_[c]), DBL_EPSILON);
}

tartan_status tt_pca_scores(const tartan_pca *model, const tartan_operator *A, bool inverse_error, tartan_pca_nan nan,
                            tt_scores_sink *sink, void *context, double *error)
{
  tartan_grid  *grid = A->grid;
  scoring       s;
  const double  begin = tt_seconds();
  double        t;
  tartan_status st = TARTAN_OK;

  memset(&s, 0, sizeof s);
  *error = 0;
  s.inverse_error = inverse_error;
  s.fill = nan == TARTAN_PCA_NAN_MEAN && !tt_element_is_integer(A->element);
  TRY(scoring_begin(model, A, &s));
  for (int64_t step = 0; step < s.pass.steps; step++) {
    tt_pass_slab(&s.pass, step, &s.row0, &s.rows);
    AGREE(grid, tt_pass_read(&s.pass, step)); /* the sink is collective */
    t = tt_seconds();
    if (s.rows > 0) tt_parallel_for(grid->threads, tt_ceil_div(s.row0 + s.rows, UNIT) - s.row0 / UNIT, score_tile, &s);
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
    grid->counters.flops += 2.0 * (double)s.rows * (double)s.n * (double)s.k;
    TRY(sink(context, s.row0, s.rows, s.scores));
    TRY(tt_checkpoint_leave(grid, (tt_seconds() - begin) / (double)(step + 1), "while the scores were written"));
    tt_grid_progress(grid, "scores", (double)(step + 1) / (double)s.pass.steps);
  }
  TRY(check_broken(&s, grid));
  for (int i = 0; i < grid->threads; i++) *error += s.errors[i];
  TRY(tt_allreduce_f64(grid, error, 1, TT_SUM));
done:
  scoring_end(&s);
  return st;
}

/* Scores into a matrix [k, m] in the ranges of the pass. */
static tartan_status keep_scores(void *context, int64_t row0, int64_t rows, const double *scores)
{
  tartan_matrix *T = context;

  if (rows > 0)
    memcpy((double *)T->data + (row0 - T->storage->starts[T->grid->rank]) * T->ld, scores,
           (size_t)(rows * T->ld) * sizeof *scores);
  return TARTAN_OK;
}

tartan_status tartan_pca_transform(const tartan_pca *model, const tartan_operator *A, tartan_matrix *Y)
{
  tartan_grid   *grid = A->grid;
  tartan_matrix *T = NULL;
  tartan_pca    *matched = NULL;
  int64_t       *starts = NULL;
  double         error;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(Y->grid == grid, TARTAN_ERR_GRID, "the data and its scores lie on two grids");
  REQUIRE(Y->row.n == A->m && Y->col.n == model->v.components, TARTAN_ERR_SHAPE,
          "scores of %lld samples and %lld components into %lld x %lld", (long long)A->m,
          (long long)model->v.components, (long long)Y->row.n, (long long)Y->col.n);
  TRY(tt_pca_match(model, A, &matched));
  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "the ranges of a pass", &local);
  AGREE(grid, local);
  tt_rows_partition(A->m, UNIT, grid->size, starts);
  TRY(tt_matrix_create_ranges(grid, TARTAN_F64, model->v.components, A->m, starts, NULL, &T));
  TRY(tt_pca_scores(matched ? matched : model, A, false, TARTAN_PCA_NAN_ERROR, keep_scores, T, &error));
  TRY(tartan_matrix_copy(TARTAN_TRANS, T, Y));
done:
  tartan_matrix_destroy(&T);
  tartan_pca_destroy(&matched);
  tt_free(starts);
  return st;
}
