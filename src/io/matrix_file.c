/*
 * Matrices and files meet in slabs of whole rows, as they lie in the file: a slab of k rows and n columns, row-major,
 * is an n x k matrix in column-major order, so it is wrapped as one (1 x P ranks, a block of columns each) and
 * tartan_matrix_copy() brings it to its place, transposed. Reading block-cyclic pieces at once would cost one small
 * read for every row of every block. In rounds, so that a slab stays small.
 */
#include "io/matrix_file.h"

#include <string.h>

#include "base/util.h"
#include "comm/agree.h"

#define SLAB_BYTES (INT64_C(16) << 20) /* of one rank in one round */

/* The part of a rank in a round of rows. */
typedef struct slab {
  tartan_grid *grid;
  tartan_dtype dtype;
  int64_t      rows, cols;  /* of the file */
  int64_t      height;      /* rows of a rank in a full round */
  int64_t      from, count; /* rows of all ranks in this round */
  int64_t      row0, nrows; /* rows of this rank in this round */
  void        *values;      /* [height, cols] of the matrix's type */
} slab;

/* Rows for one rank and round: as many whole rows of chunks as fit. */
static int64_t slab_height(int64_t rows, int64_t cols, int64_t element_bytes, int64_t chunk_rows, int ranks)
{
  const int64_t fair = tt_max(1, tt_ceil_div(rows, ranks)),
                fit = tt_max(1, SLAB_BYTES / tt_max(1, cols * element_bytes));
  const int64_t height = tt_min(fair, fit);

  return chunk_rows > 0 && chunk_rows <= height ? height / chunk_rows * chunk_rows : height;
}

/* Sets s to the round that begins at a row; false after the last. */
static bool slab_at(slab *s, int64_t from)
{
  s->from = from;
  s->count = tt_min(s->rows - from, s->height * s->grid->size);
  s->row0 = tt_min(s->rows, from + s->height * s->grid->rank);
  s->nrows = tt_min(s->rows - s->row0, s->height);
  return s->count > 0;
}

/* The slab as a matrix of cols x count. */
static tartan_status slab_wrap(const slab *s, tartan_matrix **W)
{
  tartan_matrix_opts opts = TARTAN_MATRIX_OPTS_INIT;

  opts.mb = tt_max(1, s->cols);
  opts.nb = s->height;
  opts.p = 1;
  opts.q = s->grid->size;
  return tartan_matrix_wrap(s->grid, s->dtype, s->cols, s->count, &opts, s->values, tt_max(1, s->cols), W);
}

/* The rows of A that a round fills, or its columns where the file holds A's transpose. */
static tartan_status view_of_round(const slab *s, tartan_matrix *A, bool transposed, tartan_matrix **V)
{
  int64_t m, n;

  tartan_matrix_shape(A, &m, &n);
  return transposed ? tartan_matrix_view(A, 0, s->from, m, s->count, V)
                    : tartan_matrix_view(A, s->from, 0, s->count, n, V);
}

/* Moves a round between slab and matrix. */
static tartan_status exchange(const slab *s, tartan_matrix *A, bool transposed, bool to_matrix)
{
  const tartan_op op = transposed ? TARTAN_NO_TRANS : TARTAN_TRANS;
  tartan_matrix  *W = NULL, *V = NULL;
  tartan_status   st = TARTAN_OK;

  TRY(slab_wrap(s, &W));
  TRY(view_of_round(s, A, transposed, &V));
  TRY(to_matrix ? tartan_matrix_copy(op, W, V) : tartan_matrix_copy(op, V, W));
done:
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&W);
  return st;
}

static tartan_status read_rounds(tt_dataset *dataset, slab *s, void *raw, tartan_matrix *A, bool transposed)
{
  const tt_dataset_info *info = tt_dataset_get_info(dataset);
  tartan_status          st = TARTAN_OK;

  for (int64_t from = 0; slab_at(s, from); from += s->count) {
    TRY(tt_dataset_read(dataset, s->row0, s->nrows, 0, s->cols, raw));
    tt_dataset_prefetch(dataset, s->row0 + s->height * s->grid->size, s->height);
    tt_convert(info->element, raw, s->nrows * s->cols, s->dtype, s->values);
    TRY(exchange(s, A, transposed, true));
    tt_grid_progress(s->grid, "reading", (double)(from + s->count) / (double)s->rows);
  }
done:
  return st;
}

tartan_status tt_matrix_load_into(tt_dataset *dataset, bool transpose, tartan_matrix *A)
{
  const tt_dataset_info *info = tt_dataset_get_info(dataset);
  tartan_grid           *grid = tartan_matrix_grid(A);
  const tartan_dtype     dtype = tartan_matrix_dtype(A);
  const int64_t          wide = (int64_t)tt_element_size(info->element);
  slab                   s = {.grid = grid, .dtype = dtype, .rows = info->rows, .cols = info->cols};
  int64_t                m, n;
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;
  void                  *raw = NULL;

  tartan_matrix_shape(A, &m, &n);
  REQUIRE(m == (transpose ? s.cols : s.rows) && n == (transpose ? s.rows : s.cols), TARTAN_ERR_SHAPE,
          "%s:%s is %lld x %lld%s, the matrix %lld x %lld", info->file, info->path, (long long)s.rows,
          (long long)s.cols, transpose ? " before it is transposed" : "", (long long)m, (long long)n);
  s.height = slab_height(s.rows, s.cols, tt_max(wide, (int64_t)tartan_dtype_size(dtype)), info->chunk_rows, grid->size);
  raw = tt_alloc(&grid->memory, s.height * s.cols, (size_t)wide, "rows of a file", &local);
  s.values = tt_alloc(&grid->memory, s.height * s.cols, tartan_dtype_size(dtype), "rows of a file", &local);
  AGREE(grid, local);
  TRY(read_rounds(dataset, &s, raw, A, transpose));
done:
  tt_free(s.values);
  tt_free(raw);
  return st;
}

int64_t tt_matrix_file_bytes(const tartan_grid *grid, int64_t rows, int64_t cols)
{
  const int64_t bytes = slab_height(rows, cols, 8, 0, grid->size) * cols * 8;

  return bytes < INT64_MAX / 8 ? 4 * bytes : INT64_MAX / 2; /* as read and converted, packed and unpacked */
}

/* The options that a caller compiled against an older header may not know of have their defaults. */
static tartan_io_opts settle(const tartan_io_opts *opts)
{
  tartan_io_opts o = TARTAN_IO_OPTS_INIT;

  if (opts) memcpy(&o, opts, opts->size < sizeof o ? opts->size : sizeof o);
  o.size = sizeof o;
  return o;
}

tartan_status tartan_matrix_load(tartan_grid *grid, const char *source, tartan_dtype dtype, const tartan_io_opts *opts,
                                 tartan_matrix **A)
{
  const tartan_io_opts   o = settle(opts);
  const tt_dataset_info *info;
  tt_dataset            *dataset = NULL;
  tartan_matrix         *M = NULL;
  tartan_status          st = TARTAN_OK;

  *A = NULL;
  REQUIRE(dtype == TARTAN_F32 || dtype == TARTAN_F64, TARTAN_ERR_ARG, "an element type that is neither f32 nor f64");
  TRY(tt_dataset_open(grid, source, &o, &dataset));
  info = tt_dataset_get_info(dataset);
  TRY(tartan_matrix_create(grid, dtype, o.transpose ? info->cols : info->rows, o.transpose ? info->rows : info->cols,
                           &o.layout, &M));
  TRY(tt_matrix_load_into(dataset, o.transpose, M));
  *A = M;
  M = NULL;
done:
  tartan_matrix_destroy(&M);
  tt_dataset_close(&dataset);
  return st;
}

/* The whole of a matrix that is only read, though a view may be made only of one that could be written. */
static tartan_status view_of_all(const tartan_matrix *A, tartan_matrix **V)
{
  int64_t m, n;

  tartan_matrix_shape(A, &m, &n);
  return tartan_matrix_view((tartan_matrix *)(uintptr_t)A, 0, 0, m, n, V);
}

tartan_status tt_output_matrix(tt_output *out, const char *name, const tartan_matrix *A, bool transposed)
{
  slab           s = {.grid = tartan_matrix_grid(A), .dtype = tartan_matrix_dtype(A)};
  tartan_matrix *V = NULL;
  int64_t        m, n;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  tartan_matrix_shape(A, &m, &n);
  s.rows = transposed ? n : m;
  s.cols = transposed ? m : n;
  s.height = slab_height(s.rows, s.cols, (int64_t)tartan_dtype_size(s.dtype), 0, s.grid->size);
  s.values = tt_alloc(&s.grid->memory, s.height * s.cols, tartan_dtype_size(s.dtype), "rows of a file", &local);
  AGREE(s.grid, local);
  TRY(view_of_all(A, &V));
  for (int64_t from = 0; slab_at(&s, from) && s.cols > 0; from += s.count) {
    TRY(exchange(&s, V, transposed, false));
    TRY(tt_output_rows(out, name, s.row0, s.nrows, s.values));
    tt_grid_progress(s.grid, "writing", (double)(from + s.count) / (double)s.rows);
  }
done:
  tartan_matrix_destroy(&V);
  tt_free(s.values);
  return st;
}

/* pairs[i] := (re[i], im[i]) */
static void join(size_t size, int64_t count, const void *re, const void *im, void *pairs)
{
  for (int64_t i = 0; i < count; i++) {
    memcpy((char *)pairs + 2 * i * (int64_t)size, (const char *)re + i * (int64_t)size, size);
    memcpy((char *)pairs + (2 * i + 1) * (int64_t)size, (const char *)im + i * (int64_t)size, size);
  }
}

tartan_status tt_output_complex(tt_output *out, const char *name, const tartan_matrix *re, const tartan_matrix *im)
{
  slab           s = {.grid = tartan_matrix_grid(re), .dtype = tartan_matrix_dtype(re)}, t;
  const size_t   size = tartan_dtype_size(s.dtype);
  tartan_matrix *V = NULL, *W = NULL;
  void          *pairs = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  tartan_matrix_shape(re, &s.rows, &s.cols);
  s.height = slab_height(s.rows, s.cols, 2 * (int64_t)size, 0, s.grid->size);
  t = s;
  s.values = tt_alloc(&s.grid->memory, s.height * s.cols, size, "rows of a file", &local);
  t.values = tt_alloc(&s.grid->memory, s.height * s.cols, size, "rows of a file", &local);
  pairs = tt_alloc(&s.grid->memory, s.height * s.cols, 2 * size, "rows of a file", &local);
  AGREE(s.grid, local);
  TRY(view_of_all(re, &V));
  TRY(view_of_all(im, &W));
  for (int64_t from = 0; slab_at(&s, from) && slab_at(&t, from) && s.cols > 0; from += s.count) {
    TRY(exchange(&s, V, false, false));
    TRY(exchange(&t, W, false, false));
    join(size, s.nrows * s.cols, s.values, t.values, pairs);
    TRY(tt_output_rows(out, name, s.row0, s.nrows, pairs));
    tt_grid_progress(s.grid, "writing", (double)(from + s.count) / (double)s.rows);
  }
done:
  tartan_matrix_destroy(&W);
  tartan_matrix_destroy(&V);
  tt_free(pairs);
  tt_free(t.values);
  tt_free(s.values);
  return st;
}

tartan_status tartan_matrix_save(const tartan_matrix *A, const char *path, const char *name, const tartan_io_opts *opts)
{
  const tartan_io_opts o = settle(opts);
  tartan_grid         *grid = tartan_matrix_grid(A);
  tt_output           *out = NULL;
  tartan_status        st = TARTAN_OK;
  int64_t              m, n;

  tartan_matrix_shape(A, &m, &n);
  TRY(tt_output_create(grid, path, o.force, &out));
  tt_output_hint(out, o.mpiio_hint);
  tt_output_declare(out, name, tartan_matrix_dtype(A), o.transpose ? n : m, o.transpose ? m : n);
  TRY(tt_output_open(out));
  TRY(tt_output_matrix(out, name, A, o.transpose));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}
