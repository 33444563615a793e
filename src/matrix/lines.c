/* Borrowed matrices: layouts made up for one copy, over memory that somebody else holds. */
#include "matrix/lines.h"

#include <string.h>

#include "base/util.h"
#include "comm/agree.h"

tartan_matrix tt_matrix_window(const tartan_matrix *A, int64_t i0, int64_t j0, int64_t m, int64_t n)
{
  tartan_matrix w = *A;

  w.row = tt_axis_window(&A->row, i0, m);
  w.col = tt_axis_window(&A->col, j0, n);
  if (A->prow >= 0) {
    const int64_t il = tt_axis_before(&A->row, A->prow, i0);
    const int64_t jl = tt_axis_before(&A->col, A->pcol, j0);

    w.mloc = tt_axis_count(&w.row, w.prow);
    w.nloc = tt_axis_count(&w.col, w.pcol);
    if (w.mloc > 0 && w.nloc > 0) w.data = (char *)A->data + (size_t)(il + jl * A->ld) * tartan_dtype_size(A->dtype);
  }
  return w;
}

tartan_status tt_lines_require(tartan_axis axis, const tartan_matrix *A, const tartan_matrix *x)
{
  const int64_t m = axis == TARTAN_ROWS ? A->row.n : 1, n = axis == TARTAN_ROWS ? 1 : A->col.n;
  tartan_status st = TARTAN_OK;

  REQUIRE(axis == TARTAN_ROWS || axis == TARTAN_COLUMNS, TARTAN_ERR_ARG, "axis %d is neither rows nor columns",
          (int)axis);
  REQUIRE(A->grid == x->grid, TARTAN_ERR_GRID, "a matrix and its sums lie on two grids");
  REQUIRE(x->row.n == m && x->col.n == n, TARTAN_ERR_SHAPE,
          "one value for each %s of %lld x %lld goes to %lld x %lld, not %lld x %lld",
          axis == TARTAN_ROWS ? "row" : "column", (long long)A->row.n, (long long)A->col.n, (long long)m, (long long)n,
          (long long)x->row.n, (long long)x->col.n);
done:
  return st;
}

tartan_status tt_lines_make(tartan_axis axis, const tartan_matrix *A, tt_lines *lines)
{
  const bool    rows = axis == TARTAN_ROWS;
  const int     places = rows ? A->q : A->p;
  const tt_axis across = {.n = places, .nb = 1, .procs = places};
  tartan_status local = TARTAN_OK;

  memset(lines, 0, sizeof *lines);
  lines->axis = axis;
  lines->count = rows ? A->mloc : A->nloc;
  lines->mine = tt_alloc(&A->grid->memory, lines->count, sizeof *lines->mine, "one number for each row or column",
                         &local);
  lines->beside = *A;
  lines->beside.dtype = TARTAN_F64;
  lines->beside.data = lines->mine;
  lines->beside.ld = rows ? tt_max(1, A->mloc) : 1;
  if (rows) {
    lines->beside.col = across;
    lines->beside.nloc = A->pcol >= 0;
  } else {
    lines->beside.row = across;
    lines->beside.mloc = A->prow >= 0;
  }
  return local;
}

/*
 * The numbers of the places across come together on ranks that share all lines evenly: each rank gives away what it
 * keeps no share of, as in a reduce-scatter.
 */
tartan_status tt_lines_join(tt_measure what, tt_lines *lines)
{
  const bool         rows = lines->axis == TARTAN_ROWS;
  tartan_grid       *grid = lines->beside.grid;
  const int64_t      n = rows ? lines->beside.row.n : lines->beside.col.n;
  const int64_t      places = rows ? lines->beside.col.n : lines->beside.row.n;
  tartan_matrix_opts opts = TARTAN_MATRIX_OPTS_INIT;
  tartan_matrix     *g;
  tartan_status      st = TARTAN_OK;

  lines->result = lines->beside;
  if (places == 1) goto done;
  opts.p = grid->size;
  opts.q = 1;
  opts.mb = tt_max(1, tt_ceil_div(n, grid->size));
  TRY(tt_matrix_create_raw(grid, TARTAN_F64, n, places, &opts, &lines->gathered));
  g = lines->gathered;
  TRY(tartan_matrix_copy(rows ? TARTAN_NO_TRANS : TARTAN_TRANS, &lines->beside, g));
  for (int64_t j = 1; j < g->nloc; j++) tt_measure_join(what, g->mloc, (double *)g->data + j * g->ld, g->data);
  lines->result = tt_matrix_window(g, 0, 0, n, 1);
done:
  return st;
}

double *tt_lines_result(const tt_lines *lines, int64_t *count)
{
  *count = lines->result.mloc * lines->result.nloc; /* one of them is 1 at most, and contiguous */
  return lines->result.data;
}

tartan_status tt_lines_store(const tt_lines *lines, tartan_matrix *x)
{
  const bool turned = lines->axis == TARTAN_COLUMNS && lines->gathered; /* there, lines run down */

  return tartan_matrix_copy(turned ? TARTAN_TRANS : TARTAN_NO_TRANS, &lines->result, x);
}

/* One line of numbers for each of `width` places across, from the first-th. Local. */
static tartan_matrix places_of(const tt_lines *lines, int64_t first, int64_t width)
{
  const tartan_matrix *all = &lines->beside;

  return lines->axis == TARTAN_ROWS ? tt_matrix_window(all, 0, first, all->row.n, width)
                                    : tt_matrix_window(all, first, 0, width, all->col.n);
}

/* The first place gets them, then those that have them give them to as many others. */
tartan_status tt_lines_spread(tartan_op op, const tartan_matrix *x, tt_lines *lines)
{
  const int64_t places = lines->axis == TARTAN_ROWS ? lines->beside.col.n : lines->beside.row.n;
  tartan_matrix to = places_of(lines, 0, 1);
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_copy(op, x, &to));
  for (int64_t have = 1; have < places; have *= 2) {
    const int64_t       width = tt_min(have, places - have);
    const tartan_matrix from = places_of(lines, 0, width);

    to = places_of(lines, have, width);
    TRY(tartan_matrix_copy(TARTAN_NO_TRANS, &from, &to));
  }
done:
  return st;
}

void tt_lines_end(tt_lines *lines)
{
  tartan_matrix_destroy(&lines->gathered);
  tt_free(lines->mine);
  lines->mine = NULL;
}

/* Whether a window of n from a and one of n from b share anything. */
static bool windows_meet(int64_t a, int64_t b, int64_t n)
{
  return a < b ? b - a < n : a - b < n;
}

/* Whether A and B, of one shape, are overlapping but not identical windows of one storage. Local, the same on every rank. */
static bool is_shifted(const tartan_matrix *A, const tartan_matrix *B)
{
  const bool same = A->row.first == B->row.first && A->col.first == B->col.first;

  return A->storage && A->storage == B->storage && !same && windows_meet(A->row.first, B->row.first, A->row.n) &&
         windows_meet(A->col.first, B->col.first, A->col.n);
}

tartan_status tt_align(tartan_op op, const tartan_matrix *B, const tartan_matrix *A, tt_aligned *aligned)
{
  const tt_layout from = tt_matrix_layout(B), to = tt_matrix_layout(A);
  tartan_status   st = TARTAN_OK, local = TARTAN_OK;

  memset(aligned, 0, sizeof *aligned);
  aligned->at = *B;
  if (op == TARTAN_NO_TRANS && tt_layout_same(&from, &to) && !is_shifted(A, B)) goto done;
  aligned->at = *A;
  aligned->at.dtype = B->dtype;
  aligned->at.ld = tt_max(1, A->mloc);
  aligned->buffer = tt_alloc(&A->grid->memory, aligned->at.ld * A->nloc, tartan_dtype_size(B->dtype),
                             "an operand in another layout", &local);
  aligned->at.data = aligned->buffer;
  AGREE(A->grid, local);
  TRY(tartan_matrix_copy(op, B, &aligned->at));
done:
  return st;
}

void tt_aligned_end(tt_aligned *aligned)
{
  tt_free(aligned->buffer);
  aligned->buffer = NULL;
}
