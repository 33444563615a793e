/*
 * How long an epoch will take, from a taste of it. Rows are of three kinds, each with a speed of its own: those in the short
 * form, those in the solver's long one, and those of more than a segment. A few rows of the mean length of their kind are solved by the
 * kernels that an epoch has, with factor rows made up, as large as fits the cap; the Gram matrix and the turning of factor rows
 * likewise. The fastest of a few repetitions counts: what disturbs is not the epoch's.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "model/recommend_impl.h"

#define COUNTED 65536                   /* columns of which entries are counted, at most twice as many */
#define REPEATED 4                      /* the first is not counted */
#define TASTE_FLOPS 3e8                 /* of a thread */
#define TASTE_ROWS 16384                /* of a thread, at most */
#define TASTE_ENTRIES 1e6               /* of a thread, at most */
#define TASTE_LENGTH 2048               /* entries of a row, at most: beyond, speed is that of the update */
#define TASTE_BYTES ((int64_t)16 << 20) /* of factor rows */
#define BLOCK_ROWS 512                  /* factor rows of a product */

/* ------------------------------------------------------------------------------------------------ lengths of rows */

static tt_row_kind kind_of(const tartan_recommender *m, int64_t entries)
{
  if (entries > TARTAN_SPARSE_SEGMENT) return TT_ROW_CUT;
  return tt_recommend_is_short(m, entries) ? TT_ROW_SHORT : TT_ROW_LONG;
}

/* So many rows of a length. */
static void tally(const tartan_recommender *m, int64_t entries, double rows, tt_kind_work work[TT_ROW_KINDS])
{
  tt_kind_work *w = &work[kind_of(m, entries)];
  const double  flops = rows * tt_recommend_row_flops(m, entries);

  w->rows += rows;
  w->flops += flops;
  w->weighted += flops * (double)entries;
}

/* Rows that begin on this rank. */
static void tally_rows(const tartan_recommender *m, const tartan_sparse *R, tt_kind_work work[TT_ROW_KINDS])
{
  for (int64_t i = R->before > 0; i < R->rows; i++)
    tally(m, R->ptr[i + 1] - R->ptr[i] + (i == R->rows - 1 ? R->after : 0), 1, work);
}

/* Columns, of many of them every 2^shift-th: counts of this rank's entries. */
static void count_columns(const tartan_sparse *R, int shift, int64_t *count)
{
  const int64_t skipped = ((int64_t)1 << shift) - 1;

  for (int64_t e = 0; e < R->ptr[R->rows]; e++)
    if ((R->col[e] & skipped) == 0) count[R->col[e] >> shift]++;
}

/* The same of columns, on every rank. Collective. */
static tartan_status tally_columns(const tartan_recommender *m, const tartan_sparse *R, tt_kind_work work[TT_ROW_KINDS])
{
  int64_t      *count = NULL, columns, met = 0;
  int           shift = 0;
  double        stands_for;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  while (R->n >> shift > COUNTED) shift++;
  columns = tt_ceil_div(R->n, (int64_t)1 << shift);
  count = tt_alloc_zero(NULL, columns, sizeof *count, "entries of columns", &local);
  AGREE(R->grid, local);
  count_columns(R, shift, count);
  TRY(tt_allreduce_i64(R->grid, count, columns, TT_SUM));
  for (int64_t j = 0; j < columns; j++) met += count[j];
  stands_for = met > 0 ? (double)R->entries / (double)met : 0;
  for (int64_t j = 0; j < columns; j++) tally(m, count[j], stands_for, work);
done:
  tt_free(count);
  return st;
}

tartan_status tt_recommend_tally(const tartan_sparse *R, const tartan_recommend_opts *opts, tt_epoch_work *work)
{
  const tt_counters  before = R->grid->counters;
  tartan_recommender m;
  tt_kind_work       users[TT_ROW_KINDS] = {{0}};
  tartan_status      st = TARTAN_OK;

  memset(work, 0, sizeof *work);
  tt_recommend_price(&m, opts);
  tally_rows(&m, R, users);
  TRY(tt_allreduce_f64(R->grid, &users[0].rows, 3 * TT_ROW_KINDS, TT_SUM));
  memcpy(work->side[TT_USERS], users, sizeof users);
  TRY(tally_columns(&m, R, work->side[TT_ITEMS]));
done:
  R->grid->counters = before; /* a plan moves nothing of the run's */
  return st;
}

/* ------------------------------------------------------------------------------------------------ rows that are made up */

/* Rows of one kind and side. */
typedef struct taste {
  const tartan_recommend_opts *o;
  tt_row_kind                  kind;
  int                          threads;
  int64_t                      near; /* factor rows at hand */
  int64_t                      met;  /* of them, by this side's entries */
  tt_als_shared                shared;
  tt_als_rows                  rows;
  void                        *Y, *G, *d, *weight, *target, *lambda;
  int64_t                     *ptr;
  int32_t                     *col;
  char                        *product; /* [threads, max(BLOCK_ROWS, k), k] */
  bool                         turns;   /* of a product: it turns factor rows, else it is a Gram matrix */
} taste;

/* A cheap sequence: what is solved does not matter, how long it takes hardly depends on it. */
static uint32_t next(uint32_t *state)
{
  return *state = *state * 1664525u + 1013904223u;
}

/* Uniform in low .. high, and what is below `least` set to it. */
static void fill(tartan_dtype dtype, double low, double high, double least, int64_t n, void *x)
{
  uint32_t state = 1;

  for (int64_t i = 0; i < n; i++)
    tt_put_element(dtype, fmax(least, low + (high - low) * 0x1p-32 * (double)next(&state)), x, tt_max(1, n), i, 0);
}

/* Factor rows, and what all rows share. */
static void make_shared(taste *x, int64_t rows, tartan_status *local)
{
  const int64_t      k = x->o->factors;
  const tartan_dtype dtype = x->o->dtype;
  const size_t       size = tartan_dtype_size(dtype);

  x->near = tt_max(BLOCK_ROWS, tt_min(rows, TASTE_BYTES / (k * (int64_t)size)));
  x->Y = tt_alloc(NULL, x->near * k, size, "a taste of an epoch", local);
  x->G = tt_alloc_zero(NULL, k * k, size, "a taste of an epoch", local);
  x->d = tt_alloc_zero(NULL, k, size, "a taste of an epoch", local);
  x->product = tt_alloc(NULL, x->threads * tt_max(k, BLOCK_ROWS) * k, size, "a taste of an epoch", local);
  if (*local) return;
  fill(dtype, -0.5, 0.5, x->o->nonnegative ? 0 : -1, x->near * k, x->Y); /* of those >= 0, many are 0 */
  for (int64_t i = 0; i < k; i++) tt_put_element(dtype, 1, x->G, k, i, i);
  if (x->o->model == TARTAN_RECOMMEND_IALS) fill(dtype, 1, 2, 1, k, x->d);
}

static void end_shared(taste *x)
{
  tt_free(x->product);
  tt_free(x->d);
  tt_free(x->G);
  tt_free(x->Y);
}

/* As a half-step would have them. */
static void make_rows(taste *x, int which, int64_t count, int64_t length, tartan_status *local)
{
  const tartan_dtype dtype = x->o->dtype;
  const bool         implicit = x->o->model == TARTAN_RECOMMEND_IALS;
  const size_t       size = tartan_dtype_size(dtype);
  const int64_t      k = x->o->factors, n = count * length;
  uint32_t           state = 2;

  x->ptr = tt_alloc(NULL, count + 1, sizeof *x->ptr, "a taste of an epoch", local);
  x->col = tt_alloc(NULL, n, sizeof *x->col, "a taste of an epoch", local);
  x->weight = implicit ? tt_alloc(NULL, n, size, "a taste of an epoch", local) : NULL;
  x->target = tt_alloc(NULL, n, size, "a taste of an epoch", local);
  x->lambda = tt_alloc(NULL, count, size, "a taste of an epoch", local);
  x->rows.X = tt_alloc_zero(NULL, count * k, size, "a taste of an epoch", local);
  x->rows.misfit = which == TT_ITEMS ? tt_alloc(NULL, count, sizeof(double), "a taste of an epoch", local) : NULL;
  if (*local) return;
  for (int64_t u = 0; u <= count; u++) x->ptr[u] = u * length;
  for (int64_t e = 0; e < n; e++) x->col[e] = (int32_t)((uint64_t)next(&state) * (uint64_t)x->met >> 32);
  if (x->weight) fill(dtype, 0.5, 1.5, 0, n, x->weight);
  fill(dtype, 0.5, 1.5, 0, n, x->target);
  fill(dtype, 1, 2, 1, count, x->lambda);
  x->rows.count = count;
  x->rows.ptr = x->ptr;
  x->rows.col = x->col;
  x->rows.weight = x->weight;
  x->rows.target = x->target;
  x->rows.lambda = x->lambda;
}

static void end_rows(taste *x)
{
  tt_free(x->rows.misfit);
  tt_free(x->rows.X);
  tt_free(x->lambda);
  tt_free(x->target);
  tt_free(x->weight);
  tt_free(x->col);
  tt_free(x->ptr);
  x->rows = (tt_als_rows){.count = 0};
}

/* Rows of more than a segment are solved exactly whatever the solver. */
static void solve(const taste *x, tartan_status *local)
{
  tartan_recommend_opts o = *x->o;

  if (x->kind == TT_ROW_CUT) o.solver = TARTAN_RECOMMEND_EXACT;
  (void)tt_recommend_solve(&o, &x->shared, &x->rows, x->threads, NULL, local);
}

/* How many rows of so many entries and flops are enough; there may be fewer. */
static int64_t rows_enough(const taste *x, int64_t length, double flops, double there)
{
  const double most = fmin(TASTE_ROWS, TASTE_ENTRIES / (double)length);
  const double enough = fmax(1, fmin(TASTE_FLOPS / flops, most)) * x->threads;

  return (int64_t)fmax(1, fmin(enough, there));
}

/* Seconds of a rank's rows of a kind, of P ranks. */
static double time_kind(taste *x, int which, const tt_kind_work *w, int P, tartan_status *local)
{
  const int64_t      length = tt_max(1, tt_min(TASTE_LENGTH, (int64_t)rint(w->weighted / w->flops)));
  tartan_recommender m;
  double             flops, best = INFINITY;

  tt_recommend_price(&m, x->o);
  flops = tt_recommend_row_flops(&m, length);
  x->shared = (tt_als_shared){.dtype = x->o->dtype, .k = x->o->factors, .Y = x->Y};
  if (tt_recommend_turns(x->o))
    x->shared.d = x->d;
  else if (x->o->model == TARTAN_RECOMMEND_IALS)
    x->shared.G = x->G;
  make_rows(x, which, rows_enough(x, length, flops, w->rows / P), length, local);
  for (int rep = 0; rep < REPEATED && *local == TARTAN_OK; rep++) {
    const double t = tt_seconds();

    solve(x, local);
    if (rep > 0) best = fmin(best, tt_seconds() - t);
  }
  flops *= (double)x->rows.count;
  end_rows(x);
  return *local ? 0 : w->flops / P / flops * best;
}

/* ------------------------------------------------------------------------------------------------ what rows share */

/* tt_task: a block of factor rows. */
static void multiply(int64_t i, void *context)
{
  const taste  *x = context;
  const int64_t k = x->o->factors, blocks = x->near / BLOCK_ROWS;
  const size_t  size = tartan_dtype_size(x->o->dtype);
  const char   *rows = (const char *)x->Y + (size_t)(i % blocks * BLOCK_ROWS * k) * size;
  char         *to = x->product + (size_t)(tt_thread_index() * tt_max(k, BLOCK_ROWS) * k) * size;

  if (x->turns)
    tt_gemm_local(x->o->dtype, TARTAN_TRANS, TARTAN_NO_TRANS, k, BLOCK_ROWS, k, 1, x->G, k, rows, k, 0, to, k);
  else
    tt_syrk_local(x->o->dtype, k, BLOCK_ROWS, 1, rows, k, 0, to, k);
}

/* Seconds of all threads for a factor row. */
static double time_row(taste *x, bool turns)
{
  const int64_t blocks = x->threads * tt_min(16, x->near / BLOCK_ROWS);
  double        best = INFINITY;

  x->turns = turns;
  for (int rep = 0; rep < REPEATED; rep++) {
    const double t = tt_seconds();

    tt_parallel_flushed(x->threads, blocks, multiply, x);
    if (rep > 0) best = fmin(best, tt_seconds() - t);
  }
  return best / (double)(blocks * BLOCK_ROWS);
}

/* Gram matrices of an epoch, users' once more where they are turned, and the turning. */
static double time_shared(taste *x, const tartan_sparse *R)
{
  const double rows = (double)(R->m + R->n) / R->grid->size, users = (double)R->m / R->grid->size;
  double       gram;

  if (x->o->model != TARTAN_RECOMMEND_IALS) return 0;
  gram = time_row(x, false);
  return tt_recommend_turns(x->o) ? (rows + users) * gram + rows * time_row(x, true) : rows * gram;
}

tartan_status tt_recommend_taste(const tartan_sparse *R, const tartan_recommend_opts *o, const tt_epoch_work *work,
                                 double *seconds)
{
  tartan_grid      *grid = R->grid;
  const tt_counters before = grid->counters;
  taste             x = {.o = o, .threads = grid->threads};
  double            flops = 0;
  tartan_status     st = TARTAN_OK, local = TARTAN_OK;

  *seconds = 0;
  for (int i = 0; i < 2 * TT_ROW_KINDS; i++) flops += work->side[i / TT_ROW_KINDS][i % TT_ROW_KINDS].flops;
  make_shared(&x, tt_max(R->m, R->n), &local);
  if (local == TARTAN_OK) *seconds = time_shared(&x, R);
  for (int i = 0; i < 2 * TT_ROW_KINDS && local == TARTAN_OK; i++) {
    const tt_kind_work *w = &work->side[i / TT_ROW_KINDS][i % TT_ROW_KINDS];

    x.kind = (tt_row_kind)(i % TT_ROW_KINDS);
    x.met = tt_max(1, tt_min(x.near, i / TT_ROW_KINDS == TT_USERS ? R->n : R->m));
    if (w->flops > 0.01 * flops) *seconds += time_kind(&x, i / TT_ROW_KINDS, w, grid->size, &local);
  }
  end_shared(&x);
  AGREE(grid, local);
  TRY(tt_allreduce_f64(grid, seconds, 1, TT_MAX));
done:
  grid->counters = before;
  return st;
}
