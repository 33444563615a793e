/**
 * @file local.h
 * Products of the local BLAS, without communication: what ours are measured against.
 */
#ifndef BENCH_LOCAL_H
#define BENCH_LOCAL_H

#include "comm/grid.h"

/** What a rank computes, and on what. */
typedef struct bench_local {
  tartan_dtype dtype;
  tartan_op    op_a, op_b;
  bool         triangle; /**< the lower triangle of A A', A [n, k] */
  int64_t      m, n, k;
  int64_t      held;  /**< inner indices in memory: k, or fewer that are used again and again */
  int64_t      panel; /**< inner indices of one call; divides held where it is less */
  void        *a, *b, *c;
} bench_local;

/**
 * Takes and fills the memory of the product [m, n] := op(A) op(B), or of a triangle [n, n]. Local. TARTAN_ERR_NOMEM.
 *
 * All k inner indices are held where they fit half of what the budget leaves, else a multiple of 4096.
 *
 * @param[in,out] x  dtype, op_a, op_b, triangle, m, n and k are the caller's, what is not set is 0; give it to
 *                   bench_local_free() after a failure too
 */
tartan_status bench_local_make(tt_memory *memory, bench_local *x);

/** The same for a cube of this edge. */
tartan_status bench_local_make_cube(tt_memory *memory, tartan_dtype dtype, int64_t edge, bench_local *x);

void bench_local_free(bench_local *x);

/** The product, in calls of x->panel inner indices; nothing where it is empty. Local. */
void bench_local_multiply(const bench_local *x, int threads);

/**
 * Sets x->panel to what is fastest here: all inner indices in one call, or panels of 4096, 2048 or 1024. Collective;
 * the slowest rank counts.
 */
tartan_status bench_local_choose_panel(tartan_grid *grid, bench_local *x, int threads);

/** Edge of the cube by which the peak is measured: 4000, and for small work (flops of a rank) about as much. Local. */
int64_t bench_peak_size(double flops);

#endif
