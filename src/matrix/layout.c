/*
 * Both layouts of a pair are products of axes, so what two places share is (rows that both own) x (columns that both
 * own), and the overlaps of the axes tell everything.
 */
#include "matrix/layout.h"

#include <string.h>

#include "base/util.h"

int tt_layout_rank(const tt_layout *layout, int prow, int pcol)
{
  const int place = layout->turned ? pcol * layout->row.procs + prow : prow * layout->col.procs + pcol;

  return layout->ranks ? layout->ranks[place] : place;
}

void tt_layout_place(const tt_layout *layout, int rank, int *prow, int *pcol)
{
  const int p = layout->row.procs, q = layout->col.procs;
  int       place = -1;

  if (!layout->ranks) place = rank < p * q ? rank : -1;
  for (int i = 0; i < p * q && layout->ranks && place < 0; i++)
    if (layout->ranks[i] == rank) place = i;
  *prow = place < 0 ? -1 : layout->turned ? place % p : place / q;
  *pcol = place < 0 ? -1 : layout->turned ? place / p : place % q;
}

tt_layout tt_layout_turn(const tt_layout *layout)
{
  const tt_layout turned = {layout->col, layout->row, layout->ranks, !layout->turned};

  return turned;
}

bool tt_layout_same(const tt_layout *a, const tt_layout *b)
{
  if (!tt_axis_same(&a->row, &b->row) || !tt_axis_same(&a->col, &b->col)) return false;
  for (int r = 0; r < a->row.procs; r++)
    for (int c = 0; c < a->col.procs; c++)
      if (tt_layout_rank(a, r, c) != tt_layout_rank(b, r, c) && tt_axis_count(&a->row, r) > 0 &&
          tt_axis_count(&a->col, c) > 0)
        return false;
  return true;
}

int64_t tt_layout_largest(const tt_layout *layout)
{
  return tt_axis_largest(&layout->row) * tt_axis_largest(&layout->col);
}

/* Adds what indices 0 .. n - 1 of two axes have in common, run by run. */
static void walk_overlap(const tt_axis *a, const tt_axis *b, int64_t n, int64_t times, int64_t *shared)
{
  tt_run  ra = {.first = 0}, rb = {.first = 0};
  int64_t end;

  for (int64_t i = 0; i < n; i = end) {
    if (i >= ra.first + ra.length) tt_axis_run(a, i, &ra);
    if (i >= rb.first + rb.length) tt_axis_run(b, i, &rb);
    end = tt_min(n, tt_min(ra.first + ra.length, rb.first + rb.length));
    shared[(int64_t)ra.owner * b->procs + rb.owner] += times * (end - i);
  }
}

/* The same where the runs of x are few: those of y in each are counted without a walk. */
static void count_overlap(const tt_axis *x, const tt_axis *y, bool x_first, int64_t *shared)
{
  tt_run run;

  for (int64_t i = 0; i < x->n; i += run.length) {
    tt_axis_run(x, i, &run);
    for (int p = 0; p < y->procs; p++)
      shared[x_first ? (int64_t)run.owner * y->procs + p
                     : (int64_t)p * x->procs + run.owner] += tt_axis_before(y, p, i + run.length) -
                                                             tt_axis_before(y, p, i);
  }
}

/* Indices after which two block-cyclic axes repeat, n if they do not before. */
static int64_t period(const tt_axis *a, const tt_axis *b)
{
  int64_t x = a->nb * a->procs, y = b->nb * b->procs, product = 0;

  if (a->starts || b->starts || a->nb > a->n / a->procs || b->nb > b->n / b->procs || !tt_mul(x, y, &product))
    return a->n;
  while (y != 0) {
    const int64_t r = x % y;

    x = y;
    y = r;
  }
  return tt_min(a->n, product / x);
}

void tt_axis_overlap(const tt_axis *a, const tt_axis *b, int64_t *shared)
{
  const int64_t n = a->n, runs_a = tt_axis_runs(a), runs_b = tt_axis_runs(b), once = tt_max(1, period(a, b));

  memset(shared, 0, (size_t)a->procs * (size_t)b->procs * sizeof *shared);
  if (n == 0) return;
  if (runs_a * b->procs < runs_b) {
    count_overlap(a, b, true, shared);
  } else if (runs_b * a->procs < runs_a) {
    count_overlap(b, a, false, shared);
  } else {
    walk_overlap(a, b, once, n / once, shared);
    walk_overlap(a, b, n % once, 1, shared);
  }
}

void tt_layout_add_words(const tt_layout *from, const tt_layout *to, const int64_t *rows, const int64_t *cols, int P,
                         int64_t *sent, int64_t *came)
{
  for (int r = 0; r < P; r++) {
    int     fr, fc, tr, tc;
    int64_t keeps = 0;

    tt_layout_place(from, r, &fr, &fc);
    tt_layout_place(to, r, &tr, &tc);
    if (fr >= 0 && tr >= 0) keeps = rows[(int64_t)fr * to->row.procs + tr] * cols[(int64_t)fc * to->col.procs + tc];
    if (fr >= 0) sent[r] += tt_axis_count(&from->row, fr) * tt_axis_count(&from->col, fc) - keeps;
    if (tr >= 0) came[r] += tt_axis_count(&to->row, tr) * tt_axis_count(&to->col, tc) - keeps;
  }
}
