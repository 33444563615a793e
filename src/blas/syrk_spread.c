/*
 * From slices of the packed lower triangle to where C is. Both sides visit their elements in the order of the packed
 * triangle (columns, rows ascending), so messages need no index. The upper triangle of C is the lower one of C', which
 * lies in the same memory.
 */
#include <string.h>

#include "base/util.h"
#include "blas/syrk_impl.h"
#include "comm/collective.h"
#include "kernel/combine.h"

/* Elements of the packed triangle before column j. */
static int64_t before(int64_t n, int64_t j)
{
  return j * n - j * (j - 1) / 2;
}

/* The column that element t of the packed triangle is in, by bisection. */
static int64_t column_of(int64_t n, int64_t t)
{
  int64_t low = 0, high = n;

  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;

    if (before(n, middle) <= t)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Visits this rank's slice in runs with one owner in C: counts them, or packs them behind `at`. */
static void visit_slice(const tt_spread *s, const char *slice, int64_t *count)
{
  const int64_t n = s->c.row.n, w = (int64_t)tartan_dtype_size(s->x->C->dtype), *at = count + s->grid->size;
  const int64_t first = tt_axis_count(&s->slices, s->grid->rank) > 0 ? tt_axis_global(&s->slices, s->grid->rank, 0) : 0;
  const int64_t end = first + tt_axis_count(&s->slices, s->grid->rank);
  int64_t       j = column_of(n, first), length;

  memset(count, 0, (size_t)s->grid->size * sizeof *count);
  for (int64_t t = first; t < end; t += length) {
    tt_run run;
    int    rank;

    while (t >= before(n, j + 1)) j++;
    tt_axis_run(&s->c.row, j + t - before(n, j), &run);
    length = tt_min(tt_min(run.length, end - t), before(n, j + 1) - t);
    rank = tt_layout_rank(&s->c, run.owner, tt_axis_owner(&s->c.col, j));
    if (slice) memcpy(s->send + (at[rank] + count[rank]) * w, slice + (t - first) * w, (size_t)(length * w));
    count[rank] += length;
  }
}

/* Visits the triangle's elements that this rank has, in runs from one slice: counts them, or adds them to C. */
static void visit_triangle(const tt_spread *s, bool add, int64_t *count)
{
  const tartan_matrix *C = s->x->C;
  const bool           turned = s->x->uplo == TARTAN_UPPER;
  const int64_t        n = s->c.row.n, w = (int64_t)tartan_dtype_size(C->dtype), *at = count + s->grid->size;
  const int            pr = turned ? C->pcol : C->prow, pc = turned ? C->prow : C->pcol;
  const int64_t        rows = turned ? C->nloc : C->mloc, cols = turned ? C->mloc : C->nloc;
  int64_t              length;

  memset(count, 0, (size_t)s->grid->size * sizeof *count);
  for (int64_t jl = 0; jl < cols; jl++) {
    const int64_t j = tt_axis_global(&s->c.col, pc, jl);
    int64_t       il = tt_axis_before(&s->c.row, pr, j);

    for (; il < rows; il += length) {
      const int64_t i = tt_axis_global(&s->c.row, pr, il), t = before(n, j) + i - j;
      tt_run        run, slice;

      tt_axis_run(&s->c.row, i, &run);
      tt_axis_run(&s->slices, t, &slice);
      length = tt_min(tt_min(run.length, rows - il), slice.length);
      if (add) /* a run of C's rows is a column of its memory; turned, it is a row */
        tt_combine_local(C->dtype, s->recv + (at[slice.owner] + count[slice.owner]) * w, turned ? 1 : length,
                         s->x->beta, (char *)C->data + (turned ? jl + il * C->ld : il + jl * C->ld) * w, C->ld,
                         turned ? 1 : length, turned ? length : 1);
      count[slice.owner] += length;
    }
  }
}

/* Where each rank's elements begin; returns their number. */
static int64_t add_up(int64_t *count, int P)
{
  int64_t total = 0;

  for (int r = 0; r < P; r++) {
    count[P + r] = total;
    total += count[r];
  }
  return total;
}

void tt_spread_add_words(const tt_layout *c, const tt_axis *slices, int P, int64_t *sent, int64_t *came)
{
  const int64_t n = c->row.n;
  int64_t       j = 0, length;

  for (int64_t t = 0; t < slices->n && P > 1; t += length) {
    tt_run run, slice;
    int    to;

    while (t >= before(n, j + 1)) j++;
    tt_axis_run(&c->row, j + t - before(n, j), &run);
    tt_axis_run(slices, t, &slice);
    length = tt_min(tt_min(run.length, slice.length), before(n, j + 1) - t);
    to = tt_layout_rank(c, run.owner, tt_axis_owner(&c->col, j));
    sent[slice.owner] += to == slice.owner ? 0 : length;
    came[to] += to == slice.owner ? 0 : length;
  }
}

int64_t tt_spread_bytes(const tt_layout *c, const tt_axis *slices, size_t size, int P)
{
  return (int64_t)size * (tt_axis_largest(slices) + tt_layout_largest(c)) + 32 * (int64_t)P;
}

tartan_status tt_spread_make(const tt_syrk *x, const tt_axis *slices, tt_spread *s)
{
  tartan_grid    *grid = x->C->grid;
  const int       P = grid->size;
  const size_t    size = tartan_dtype_size(x->C->dtype);
  const tt_layout layout = tt_matrix_layout(x->C);
  tartan_status   local = TARTAN_OK;

  memset(s, 0, sizeof *s);
  s->grid = grid;
  s->x = x;
  s->c = x->uplo == TARTAN_UPPER ? tt_layout_turn(&layout) : layout;
  s->slices = *slices;
  s->counts = tt_alloc(&grid->memory, 4 * (int64_t)P, sizeof *s->counts, "the plan of a triangle", &local);
  if (local != TARTAN_OK) return local;
  visit_slice(s, NULL, s->counts);
  visit_triangle(s, false, s->counts + 2 * P);
  s->send = tt_alloc(&grid->memory, add_up(s->counts, P), size, "a slice of a triangle", &local);
  s->recv = tt_alloc(&grid->memory, add_up(s->counts + 2 * P, P), size, "a part of a triangle", &local);
  return local;
}

void tt_spread_end(tt_spread *s)
{
  tt_free(s->recv);
  tt_free(s->send);
  tt_free(s->counts);
}

tartan_status tt_spread_run(tt_spread *s, const void *slice)
{
  const int     P = s->grid->size, me = s->grid->rank;
  int64_t      *out = s->counts, *in = s->counts + 2 * (int64_t)P;
  tartan_status st = TARTAN_OK;

  visit_slice(s, slice, out);
  TRY(tt_alltoallv(s->grid, s->send, out, out + P, s->recv, in, in + P, tartan_dtype_size(s->x->C->dtype)));
  for (int r = 0; r < P; r++) {
    s->grid->counters.layout_sent += r == me ? 0 : out[r];
    s->grid->counters.layout_received += r == me ? 0 : in[r];
  }
  visit_triangle(s, true, in);
done:
  return st;
}
