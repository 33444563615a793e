/**
 * @file axis.h
 * One dimension of a layout: which process of a row or column of ranks owns an index, and where it lies there.
 *
 * Pure index arithmetic, no data, no communication. An axis is either block-cyclic (nb, src) or cut into one range for
 * each process (starts). It may be a window: index i of the window is index first + i of the whole.
 */
#ifndef TT_MATRIX_AXIS_H
#define TT_MATRIX_AXIS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tt_axis {
  int64_t        n;      /**< length of the window */
  int64_t        first;  /**< where the window starts in the whole */
  int64_t        nb;     /**< block, for block-cyclic */
  int            procs;  /**< processes along this dimension */
  int            src;    /**< owner of the first block */
  const int64_t *starts; /**< NULL, or [procs + 1]: process p owns starts[p] .. starts[p + 1] - 1 of the whole */
} tt_axis;

/** A run of window indices with one owner that are neighbours in its memory. */
typedef struct tt_run {
  int64_t first, length; /**< window indices */
  int64_t local;         /**< where the first lies among the owner's indices of the window */
  int     owner;
} tt_run;

/** Whole-axis indices below `index` (from zero) that belong to a process. Local. */
int64_t tt_axis_below(const tt_axis *axis, int proc, int64_t index);

/** Window indices below i (at most n) that a process owns. Local. */
int64_t tt_axis_before(const tt_axis *axis, int proc, int64_t i);

/** Window indices that a process owns. Local. */
int64_t tt_axis_count(const tt_axis *axis, int proc);

/** The largest tt_axis_count() of all processes. Local. */
int64_t tt_axis_largest(const tt_axis *axis);

/** Process that owns window index i. Local. */
int tt_axis_owner(const tt_axis *axis, int64_t i);

/** Where window index i lies among its owner's indices of the window. Local. */
int64_t tt_axis_local(const tt_axis *axis, int64_t i);

/** Window index of a process's il-th. Local. */
int64_t tt_axis_global(const tt_axis *axis, int proc, int64_t il);

/** The longest run that starts at window index i < n. Local. */
void tt_axis_run(const tt_axis *axis, int64_t i, tt_run *run);

/** Whether every index has the same owner and the same place among its owner's. Local. */
bool tt_axis_same(const tt_axis *a, const tt_axis *b);

/** An upper bound of the number of runs that a walk over the axis meets. Local. */
int64_t tt_axis_runs(const tt_axis *axis);

/** One range for each of so many processes, as even as can be. Local. */
tt_axis tt_axis_even(int64_t n, int procs);

/** The window of n indices that starts at window index i of an axis. Local. */
tt_axis tt_axis_window(const tt_axis *axis, int64_t i, int64_t n);

#endif
