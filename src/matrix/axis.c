/*
 * Block-cyclic: block b of the whole belongs to process (src + b) mod procs and is its block b / procs. A window's
 * local indices are the owner's whole-axis indices less those below the window's start.
 */
#include "matrix/axis.h"

#include <stddef.h>

#include "base/util.h"

/* Distance of a process from the owner of the first block. */
static int64_t turn(const tt_axis *axis, int proc)
{
  return (proc - axis->src + axis->procs) % axis->procs;
}

int64_t tt_axis_below(const tt_axis *axis, int proc, int64_t index)
{
  int64_t blocks, mine;

  if (axis->starts) return tt_max(0, tt_min(index, axis->starts[proc + 1]) - axis->starts[proc]);
  blocks = index / axis->nb; /* whole blocks below index */
  mine = (blocks / axis->procs) * axis->nb;
  if (turn(axis, proc) < blocks % axis->procs) mine += axis->nb;
  if (turn(axis, proc) == blocks % axis->procs) mine += index % axis->nb;
  return mine;
}

int64_t tt_axis_before(const tt_axis *axis, int proc, int64_t i)
{
  return tt_axis_below(axis, proc, axis->first + i) - tt_axis_below(axis, proc, axis->first);
}

int64_t tt_axis_count(const tt_axis *axis, int proc)
{
  return tt_axis_before(axis, proc, axis->n);
}

int64_t tt_axis_largest(const tt_axis *axis)
{
  int64_t largest = 0;

  for (int p = 0; p < axis->procs; p++) largest = tt_max(largest, tt_axis_count(axis, p));
  return largest;
}

/* The range that an index of the whole lies in, by bisection; empty ranges own nothing. */
static int range_of(const tt_axis *axis, int64_t index)
{
  int low = 0, high = axis->procs;

  while (high - low > 1) {
    const int middle = low + (high - low) / 2;

    if (axis->starts[middle] <= index)
      low = middle;
    else
      high = middle;
  }
  return low;
}

int tt_axis_owner(const tt_axis *axis, int64_t i)
{
  const int64_t index = axis->first + i;

  if (axis->starts) return range_of(axis, index);
  return (int)((axis->src + index / axis->nb) % axis->procs);
}

int64_t tt_axis_local(const tt_axis *axis, int64_t i)
{
  const int owner = tt_axis_owner(axis, i);

  return tt_axis_below(axis, owner, axis->first + i) - tt_axis_below(axis, owner, axis->first);
}

int64_t tt_axis_global(const tt_axis *axis, int proc, int64_t il)
{
  const int64_t l = il + tt_axis_below(axis, proc, axis->first);

  if (axis->starts) return axis->starts[proc] + l - axis->first;
  return (l / axis->nb * axis->procs + turn(axis, proc)) * axis->nb + l % axis->nb - axis->first;
}

void tt_axis_run(const tt_axis *axis, int64_t i, tt_run *run)
{
  const int64_t index = axis->first + i;
  int64_t       end;

  run->owner = tt_axis_owner(axis, i);
  run->local = tt_axis_local(axis, i);
  run->first = i;
  if (axis->starts)
    end = axis->starts[run->owner + 1];
  else if (axis->procs == 1)
    end = axis->first + axis->n;
  else
    end = (index / axis->nb + 1) * axis->nb;
  run->length = tt_min(end - index, axis->n - i);
}

bool tt_axis_same(const tt_axis *a, const tt_axis *b)
{
  if (a->n != b->n || a->procs != b->procs || (a->starts == NULL) != (b->starts == NULL)) return false;
  if (a->procs == 1) return true;
  if (a->starts) {
    for (int p = 0; p < a->procs; p++)
      if (tt_axis_count(a, p) != tt_axis_count(b, p)) return false;
    return true;
  }
  return a->nb == b->nb && a->first % a->nb == b->first % b->nb &&
         (a->src + a->first / a->nb) % a->procs == (b->src + b->first / b->nb) % b->procs;
}

int64_t tt_axis_runs(const tt_axis *axis)
{
  return axis->procs == 1 ? 1 : axis->starts ? axis->procs : axis->n / axis->nb + 2;
}

tt_axis tt_axis_even(int64_t n, int procs)
{
  const tt_axis axis = {.n = n, .nb = tt_max(1, tt_ceil_div(n, procs)), .procs = procs};

  return axis;
}

tt_axis tt_axis_window(const tt_axis *axis, int64_t i, int64_t n)
{
  tt_axis window = *axis;

  window.first += i;
  window.n = n;
  return window;
}
