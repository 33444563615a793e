/*
 * A transpose from file to file, in rounds that fit the memory. In a round all ranks together take a strip of columns: each
 * reads the strip of its own rows, packs it transposed for the ranks that will write it, and places what it receives.
 * Elements stay as they are in the file; only bytes are moved.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/matrix_file.h"

#define TILE 32
#define COPY_BYTES ((int64_t)4 << 20)
#define SIEVE ((int64_t)4 << 20) /* that reading narrow strips of a file may take beside them */

typedef struct turn {
  tt_dataset            *dataset;
  const tt_dataset_info *info;
  tartan_grid           *grid;
  int64_t                rows, each; /* of the source; columns of a rank in a full round */
  size_t                 width;      /* bytes of an element */
  int64_t               *starts;     /* [P + 1] rows that each rank reads */
  int64_t               *lists;      /* [4 P] counts and places of an exchange */
  char                  *strip, *packed;
} turn;

/* Rows that a rank starts at: whole chunks, so that none is opened by two. */
static int64_t start_of(const tt_dataset_info *info, int P, int rank)
{
  const int64_t unit = tt_max(1, info->chunk_rows), units = tt_ceil_div(info->rows, unit);

  return tt_min(info->rows, (units / P * rank + tt_min(units % P, rank)) * unit);
}

/* The most rows of a rank. */
static int64_t most_rows(const tt_dataset_info *info, int P)
{
  int64_t most = 0;

  for (int r = 0; r < P; r++) most = tt_max(most, start_of(info, P, r + 1) - start_of(info, P, r));
  return most;
}

/* Bytes of a rank when every rank takes `each` columns: two strips, and one converted; INT64_MAX beyond 64 bits. */
static int64_t bytes_of(const tt_dataset *dataset, int P, tt_element element, int64_t each)
{
  const tt_dataset_info *info = tt_dataset_get_info(dataset);
  const int64_t          width = 2 * (int64_t)tt_element_size(info->element) +
                        (element == info->element ? 0 : (int64_t)tt_element_size(element));
  int64_t columns, strip, whole;

  if (!tt_mul(each, P, &columns)) return INT64_MAX;
  columns = tt_min(columns, info->cols);
  if (!tt_mul(columns, most_rows(info, P), &strip) || !tt_mul(each, info->rows, &whole)) return INT64_MAX;
  if (!tt_mul(tt_max(strip, whole), width, &strip) || strip > INT64_MAX - SIEVE) return INT64_MAX;
  return strip + SIEVE;
}

tartan_status tt_turn_plan_make(const tt_dataset *dataset, const tartan_grid *grid, tt_element element, int64_t bytes,
                                tt_turn_plan *plan)
{
  const tt_dataset_info *info = tt_dataset_get_info(dataset);
  const int              P = grid->size;
  int64_t                low = 1, high = tt_max(1, tt_ceil_div(info->cols, P));

  memset(plan, 0, sizeof *plan);
  while (low < high) { /* the most columns that fit */
    const int64_t middle = high - (high - low) / 2;

    if (bytes > 0 && bytes_of(dataset, P, element, middle) > bytes)
      high = middle - 1;
    else
      low = middle;
  }
  plan->columns = low * P;
  if (info->chunk_cols > 0 && plan->columns > info->chunk_cols && plan->columns < info->cols)
    plan->columns = plan->columns / info->chunk_cols * info->chunk_cols; /* else chunks would be opened twice */
  plan->rounds = tt_ceil_div(info->cols, plan->columns);
  plan->memory = bytes_of(dataset, P, element, low);
  plan->words = (double)info->rows * (double)info->cols / P * (P - 1) / P;
  return bytes > 0 && plan->memory > bytes ? TARTAN_ERR_NOMEM : TARTAN_OK;
}

static tartan_status begin(turn *t, int64_t columns)
{
  tartan_grid  *grid = t->grid;
  const int     P = grid->size;
  const int64_t strip = tt_min(columns, t->info->cols) * most_rows(t->info, P);
  const int64_t most = tt_max(strip, t->each * t->rows);
  tartan_status local = TARTAN_OK;

  t->starts = tt_alloc(&grid->memory, P + 1, sizeof *t->starts, "the ranges of a strip", &local);
  t->lists = tt_alloc(&grid->memory, 4 * (int64_t)P, sizeof *t->lists, "an exchange", &local);
  t->strip = tt_alloc(&grid->memory, most, t->width, "a strip of columns", &local);
  t->packed = tt_alloc(&grid->memory, most, t->width, "a strip, transposed", &local);
  for (int r = 0; r <= P && local == TARTAN_OK; r++) t->starts[r] = start_of(t->info, P, r);
  return local;
}

static void end(turn *t)
{
  tt_free(t->packed);
  tt_free(t->strip);
  tt_free(t->lists);
  tt_free(t->starts);
}

/* Columns of a strip of so many that a rank writes. */
static int64_t columns_before(const turn *t, int64_t columns, int rank)
{
  return tt_min(columns, rank * t->each);
}

/* b := a', a [rows, cols] to b [cols, rows], in tiles; the width is a constant wherever this is called. */
static inline void turn_width(size_t width, int64_t rows, int64_t cols, const char *a, char *b)
{
  for (int64_t i0 = 0; i0 < rows; i0 += TILE)
    for (int64_t j0 = 0; j0 < cols; j0 += TILE)
      for (int64_t j = j0; j < tt_min(cols, j0 + TILE); j++)
        for (int64_t i = i0; i < tt_min(rows, i0 + TILE); i++)
          memcpy(b + (size_t)(j * rows + i) * width, a + (size_t)(i * cols + j) * width, width);
}

static void turn_bytes(size_t width, int64_t rows, int64_t cols, const char *a, char *b)
{
  switch (width) {
  case 1: turn_width(1, rows, cols, a, b); break;
  case 2: turn_width(2, rows, cols, a, b); break;
  case 4: turn_width(4, rows, cols, a, b); break;
  default: turn_width(8, rows, cols, a, b); break;
  }
}

/* Sends the strip to the ranks that write it; it comes back as this rank's rows of the transpose. Collective. */
static tartan_status exchange(turn *t, int64_t columns)
{
  const int     P = t->grid->size, me = t->grid->rank;
  int64_t      *send = t->lists, *send_at = send + P, *recv = send_at + P, *recv_at = recv + P;
  const int64_t mine = t->starts[me + 1] - t->starts[me];
  const int64_t own = columns_before(t, columns, me + 1) - columns_before(t, columns, me);
  double        since = tt_seconds();
  tartan_status st = TARTAN_OK;

  for (int r = 0; r < P; r++) {
    const int64_t from = columns_before(t, columns, r);

    send[r] = (columns_before(t, columns, r + 1) - from) * mine;
    send_at[r] = from * mine;
    recv[r] = own * (t->starts[r + 1] - t->starts[r]);
    recv_at[r] = own * t->starts[r];
  }
  turn_bytes(t->width, mine, columns, t->strip, t->packed);
  tt_grid_phase(t->grid, TARTAN_PHASE_COMPUTE, &since);
  TRY(tt_alltoallv(t->grid, t->packed, send, send_at, t->strip, recv, recv_at, t->width));
  since = tt_seconds();
  for (int r = 0; r < P; r++) { /* [own, rows of r] into [own, rows] */
    const int64_t count = t->starts[r + 1] - t->starts[r];

    for (int64_t i = 0; i < own; i++)
      memcpy(t->packed + (size_t)(i * t->rows + t->starts[r]) * t->width,
             t->strip + (size_t)(recv_at[r] + i * count) * t->width, (size_t)count * t->width);
  }
  tt_grid_phase(t->grid, TARTAN_PHASE_COMPUTE, &since);
done:
  return st;
}

/* This rank's rows of the result, in another element type where one is asked for. Collective. */
static tartan_status write_rows(tartan_grid *grid, tt_element from, const void *data, tt_output *out, const char *name,
                                tt_element element, int64_t row, int64_t rows, int64_t cols)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  void         *values = NULL;

  if (element == from) return tt_output_rows(out, name, row, rows, data);
  values = tt_alloc(&grid->memory, rows * cols, tt_element_size(element), "converted rows", &local);
  AGREE(grid, local);
  tt_convert(from, data, rows * cols, element == TT_EL_F32 ? TARTAN_F32 : TARTAN_F64, values);
  TRY(tt_output_rows(out, name, row, rows, values));
done:
  tt_free(values);
  return st;
}

tartan_status tt_turn(tt_dataset *dataset, tartan_grid *grid, const tt_turn_plan *plan, tt_output *out,
                      const char *name, tt_element element)
{
  turn          t = {.dataset = dataset, .grid = grid, .info = tt_dataset_get_info(dataset)};
  tartan_status st = TARTAN_OK;

  t.rows = t.info->rows;
  t.width = tt_element_size(t.info->element);
  t.each = tt_ceil_div(plan->columns, t.grid->size);
  AGREE(t.grid, begin(&t, plan->columns));
  for (int64_t from = 0; from < t.info->cols; from += plan->columns) {
    const int64_t columns = tt_min(plan->columns, t.info->cols - from);
    const int64_t own = columns_before(&t, columns, t.grid->rank);
    const int64_t rows = columns_before(&t, columns, t.grid->rank + 1) - own;

    TRY(tt_dataset_read(dataset, t.starts[t.grid->rank], t.starts[t.grid->rank + 1] - t.starts[t.grid->rank], from,
                        columns, t.strip));
    TRY(exchange(&t, columns));
    TRY(write_rows(grid, t.info->element, t.packed, out, name, element, from + own, rows, t.rows));
    tt_grid_progress(t.grid, "transposing", (double)(from + columns) / (double)t.info->cols);
  }
done:
  end(&t);
  return st;
}

tartan_status tt_copy_rows(tt_dataset *dataset, tartan_grid *grid, tt_output *out, const char *name, tt_element element)
{
  const tt_dataset_info *info = tt_dataset_get_info(dataset);
  const int64_t          width = info->cols * (int64_t)tt_element_size(info->element), P = grid->size;
  int64_t                height = tt_max(1, tt_min(tt_ceil_div(info->rows, P), COPY_BYTES / tt_max(1, width)));
  void                  *rows = NULL;
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  if (info->chunk_rows > 0) height = tt_round_up(height, info->chunk_rows);
  rows = tt_alloc(&grid->memory, height, (size_t)width, "rows of a file", &local);
  AGREE(grid, local);
  for (int64_t from = 0; from < info->rows; from += height * P) {
    const int64_t row = tt_min(info->rows, from + height * grid->rank), count = tt_min(height, info->rows - row);

    TRY(tt_dataset_read(dataset, row, count, 0, info->cols, rows));
    TRY(write_rows(grid, info->element, rows, out, name, element, row, count, info->cols));
    tt_grid_progress(grid, "copying", (double)tt_min(info->rows, from + height * P) / (double)info->rows);
  }
done:
  tt_free(rows);
  return st;
}
