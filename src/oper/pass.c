/*
 * Passes. A file is read in slabs of about 4 MiB, small enough that a slab, converted, is still in the outer cache when it is used
 * and large enough that calls do not count; the kernel is asked for the following slabs ahead of time. A matrix in
 * memory is turned into row slabs once, at the start of the pass.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "oper/operator.h"

#define SLAB_BYTES ((int64_t)4 << 20)
#define AHEAD_BYTES ((int64_t)64 << 20)

int64_t tt_pass_copy_bytes(const tartan_operator *op, int64_t rows)
{
  if (op->matrix) return rows * op->n * (int64_t)tt_element_size(op->stored);
  if (!op->sparse) return 0;
  /* even rows: pairs that are sent and received, and the entries in the end */
  return (int64_t)((double)op->sparse->entries * (double)rows / (double)tt_max(1, op->m) *
                   (double)(2 * sizeof(tt_pair) + sizeof(double) + sizeof(int32_t))) +
         rows * (int64_t)sizeof(int64_t);
}

int64_t tt_pass_row_bytes(const tartan_operator *op, bool fill)
{
  const int64_t raw = op->n * (int64_t)tt_element_size(op->stored);

  return raw * (op->transpose ? 2 : 1) + (fill || op->centered ? op->n * (int64_t)sizeof(double) : 0);
}

int64_t tt_pass_slab_rows(const tartan_operator *op, int64_t bytes, bool fill)
{
  const tt_dataset_info *info = op->dataset ? tt_dataset_get_info(op->dataset) : NULL;
  const int64_t          chunk = !info ? 0 : op->transpose ? info->chunk_cols : info->chunk_rows;
  const int64_t          row = tt_max(1, tt_pass_row_bytes(op, fill));
  int64_t                rows = tt_max(1, tt_min(bytes, SLAB_BYTES) / row);

  if (chunk > 0) rows = tt_max(chunk, rows / chunk * chunk); /* else chunks would be decompressed twice */
  return tt_max(1, tt_min(rows, op->m));
}

tartan_status tt_pass_slab_fit(const tartan_operator *op, int64_t reserve, int64_t extra, bool fill, int64_t *slab)
{
  const tt_memory *mem = &op->grid->memory;
  const int64_t    row = tt_max(1, tt_pass_row_bytes(op, fill));
  int64_t          room = mem->limit > 0 ? tt_max(1, mem->limit - mem->used - reserve) : INT64_MAX / 2;
  tartan_status    st = TARTAN_OK;

  TRY(tt_agree_least(op->grid, &room));
  *slab = tt_pass_slab_rows(op, room / 2 / (row + extra) * row, fill); /* half is left for copies that follow */
done:
  return st;
}

/* Whether rows are read to one buffer and given in another. */
static bool is_converted(const tt_pass *pass)
{
  return pass->fill || pass->op->centered;
}

/* The buffers of a pass. Local. */
static tartan_status allocate(tt_pass *pass)
{
  const tartan_operator *op = pass->op;
  tt_memory             *mem = &op->grid->memory;
  const size_t           width = tt_element_size(op->stored);
  tartan_status          local = TARTAN_OK;
  int64_t                count = 0;

  if (!tt_mul(pass->slab, op->n, &count))
    return tt_fail(TARTAN_ERR_OVERFLOW, "a slab of %lld rows is beyond 64 bits", (long long)pass->slab);
  pass->buffer = tt_alloc(mem, count, tt_element_size(pass->element), "a slab of rows", &local);
  if (is_converted(pass)) pass->raw = tt_alloc(mem, count, width, "a slab of rows as stored", &local);
  if (op->dataset && op->transpose) pass->turn = tt_alloc(mem, count, width, "a slab of columns", &local);
  return local;
}

tartan_status tt_pass_begin(const tartan_operator *op, const int64_t *starts, int64_t slab, const double *fill,
                            tt_pass *pass)
{
  tartan_grid  *grid = op->grid;
  int64_t       longest = 0;
  tartan_status st = TARTAN_OK;

  memset(pass, 0, sizeof *pass);
  pass->op = op;
  pass->begin = pass->prefetched = starts[grid->rank];
  pass->end = starts[grid->rank + 1];
  pass->slab = slab;
  pass->fill = tt_element_is_integer(op->stored) ? NULL : fill;
  pass->element = pass->fill ? TT_EL_F64 : op->element;
  for (int r = 0; r < grid->size; r++) {
    /* a range that starts inside a slab of the file has a short first one */
    longest = tt_max(longest, tt_ceil_div(starts[r + 1], slab) - starts[r] / slab);
  }
  pass->steps = longest;
  AGREE(grid, allocate(pass));
  if (op->matrix) {
    TRY(tt_matrix_create_ranges(grid, op->matrix->dtype, op->n, op->m, starts, NULL, &pass->rows));
    TRY(tartan_matrix_copy(TARTAN_TRANS, op->matrix, pass->rows));
  }
  if (op->sparse) TRY(tt_sparse_rows_gather(op->sparse, starts, &pass->entries));
done:
  return st;
}

void tt_pass_end(tt_pass *pass)
{
  tt_sparse_rows_free(&pass->entries);
  tartan_matrix_destroy(&pass->rows);
  tt_free(pass->turn);
  tt_free(pass->raw);
  tt_free(pass->buffer);
  memset(pass, 0, sizeof *pass);
}

/*
 * Slab boundaries lie on whole chunk rows of the file wherever a range starts: the first slab is cut short to reach one.
 */
static int64_t slab_start(const tt_pass *pass, int64_t step)
{
  const int64_t aligned = pass->begin / pass->slab * pass->slab;

  return tt_min(pass->end, tt_max(pass->begin, aligned + step * pass->slab));
}

void tt_pass_slab(const tt_pass *pass, int64_t step, int64_t *row0, int64_t *rows)
{
  *row0 = slab_start(pass, step);
  *rows = slab_start(pass, step + 1) - *row0;
}

/* Asks for the slabs behind row `row`, each once. Local. */
static void prefetch(tt_pass *pass, int64_t row)
{
  const int64_t ahead = tt_max(pass->slab, AHEAD_BYTES / tt_max(1, tt_pass_row_bytes(pass->op, false)));
  const int64_t until = tt_min(pass->end, row + ahead);

  pass->prefetched = tt_max(pass->prefetched, row); /* what was passed over is not wanted */
  if (pass->op->transpose || until - pass->prefetched < pass->slab / 2) return;
  tt_dataset_prefetch(pass->op->dataset, pass->prefetched, until - pass->prefetched);
  pass->prefetched = until;
}

/* [n, rows] as stored to [rows, n], of any element size. Local. */
static void turn_bytes(size_t width, int64_t n, int64_t rows, const char *from, char *to)
{
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < rows; i++)
      memcpy(to + (size_t)(i * n + j) * width, from + (size_t)(j * rows + i) * width, width);
}

/* Rows of a dataset to a buffer in row-major order. Local. */
static tartan_status read_dataset(tt_pass *pass, int64_t row0, int64_t rows, void *to)
{
  const tartan_operator *op = pass->op;
  tartan_status          st = TARTAN_OK;

  if (op->transpose) {
    TRY(tt_dataset_read_local(op->dataset, 0, rows > 0 ? op->n : 0, row0, rows, pass->turn));
    turn_bytes(tt_element_size(op->stored), op->n, rows, pass->turn, to);
  } else {
    TRY(tt_dataset_read_local(op->dataset, row0, rows, 0, op->n, to));
    prefetch(pass, row0 + rows);
  }
done:
  return st;
}

/* What was read as f64, centered, with NaN replaced. Local. */
static void convert_rows(const tt_pass *pass, int64_t rows)
{
  const int64_t n = pass->op->n;
  double       *x = pass->buffer;

  if (pass->op->centered)
    tt_center_rows(pass->op, pass->raw, rows, x);
  else
    tt_convert(pass->op->stored, pass->raw, rows * n, TARTAN_F64, x);
  for (int64_t i = 0; i < rows && pass->fill; i++)
    for (int64_t j = 0; j < n; j++)
      if (isnan(x[i * n + j])) x[i * n + j] = pass->fill[j];
}

tartan_status tt_pass_read_rows(tt_pass *pass, int64_t row0, int64_t rows)
{
  const tartan_operator *op = pass->op;
  void                  *to = is_converted(pass) ? pass->raw : pass->buffer;
  tartan_status          st = TARTAN_OK;

  if (op->dataset)
    TRY(read_dataset(pass, row0, rows, to));
  else if (op->sparse)
    tt_operator_sparse_rows(op, &pass->entries, row0, rows, to);
  else if (rows > 0)
    memcpy(to, (const char *)pass->rows->data + (size_t)((row0 - pass->begin) * op->n) * tt_element_size(op->stored),
           (size_t)(rows * op->n) * tt_element_size(op->stored));
  if (is_converted(pass)) convert_rows(pass, rows);
done:
  return st;
}

tartan_status tt_pass_read(tt_pass *pass, int64_t step)
{
  int64_t row0, rows;

  tt_pass_slab(pass, step, &row0, &rows);
  return tt_pass_read_rows(pass, row0, rows);
}

/* The rank that holds row 0: not always rank 0, which may have no segment. */
static int first_owner(const tartan_grid *grid, const int64_t *starts)
{
  int r = 0;

  while (r < grid->size - 1 && starts[r + 1] == 0) r++;
  return r;
}

tartan_status tt_pass_shift(tt_pass *pass, const int64_t *starts, int64_t rows, double *work, double *shift)
{
  tartan_grid  *grid = pass->op->grid;
  const int64_t n = pass->op->n, count = tt_min(rows, pass->op->m);
  const int     root = first_owner(grid, starts);
  double       *sum = shift, *zero = work, *row = work + n;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(sum, 0, (size_t)n * sizeof *sum);
  memset(zero, 0, (size_t)n * sizeof *zero);
  for (int64_t i = 0; i < count && grid->rank == root && local == TARTAN_OK; i += pass->slab) {
    const tt_shift_job job = {.rows = tt_min(pass->slab, count - i),
                              .cols = n,
                              .src = pass->buffer,
                              .src_ld = n,
                              .dst = row,
                              .dst_ld = 0, /* only the sum is wanted */
                              .shift = zero,
                              .sum = sum};

    local = tt_pass_read_rows(pass, i, job.rows);
    if (local == TARTAN_OK) tt_convert_shifted(pass->element, TARTAN_F64, &job);
  }
  AGREE(grid, local);
  for (int64_t j = 0; j < n; j++) {
    const double mean = sum[j] / (double)count;

    shift[j] = !isfinite(mean) ? 0 : tt_element_is_integer(pass->element) ? rint(mean) : mean;
  }
  TRY(tt_bcast(grid, shift, n, sizeof *shift, root));
done:
  return st;
}

void tt_nonfinite_note(tt_element element, const void *data, int64_t row0, int64_t rows, int64_t n, tt_nonfinite *bad)
{
  const int64_t first = bad->count > 0 ? -1 : tt_find_nonfinite(element, data, rows * n, &bad->is_nan);

  if (first >= 0) {
    bad->row = row0 + first / n;
    bad->col = first % n;
  }
  bad->count += tt_count_nonfinite(element, data, rows * n);
}

tartan_status tt_nonfinite_agree(tartan_grid *grid, int64_t n, tt_nonfinite *bad)
{
  int64_t       first = bad->count > 0 ? (bad->row * n + bad->col) * 2 + bad->is_nan : INT64_MAX;
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_i64(grid, &bad->count, 1, TT_SUM));
  TRY(tt_allreduce_i64(grid, &first, 1, TT_MIN));
  bad->is_nan = first % 2;
  bad->row = first / 2 / tt_max(1, n);
  bad->col = first / 2 % tt_max(1, n);
done:
  return st;
}

tartan_status tt_operator_to_ranges(const tartan_operator *op, const int64_t *starts, const double *fill,
                                    tartan_matrix **T)
{
  tartan_matrix *t = NULL;
  tt_pass        pass;
  int64_t        slab = 0;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  memset(&pass, 0, sizeof pass);
  *T = NULL;
  TRY(tt_matrix_create_ranges(op->grid, TARTAN_F64, op->n, op->m, starts, NULL, &t));
  TRY(tt_pass_slab_fit(op, 0, 0, fill != NULL, &slab));
  TRY(tt_pass_begin(op, starts, slab, fill, &pass));
  for (int64_t step = 0; step < pass.steps; step++) {
    int64_t row0, rows;

    tt_pass_slab(&pass, step, &row0, &rows);
    local = tt_pass_read(&pass, step);
    if (local != TARTAN_OK) break;
    tt_convert(pass.element, pass.buffer, rows * op->n, TARTAN_F64, (double *)t->data + (row0 - pass.begin) * op->n);
    tt_grid_progress(op->grid, "reading", (double)(step + 1) / (double)pass.steps);
  }
  AGREE(op->grid, local);
  *T = t;
  t = NULL;
done:
  tt_pass_end(&pass);
  tartan_matrix_destroy(&t);
  return st;
}
