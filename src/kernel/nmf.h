/**
 * @file nmf.h
 * Rows of a non-negative factorization: coordinate descent over x >= 0 of x'G x / 2 - p'x + l1 sum x, with one G for all rows.
 *
 * Bits: each row depends on its own p and x, on G and l1 alone: not on the rows beside it or the number of threads.
 */
#ifndef TT_KERNEL_NMF_H
#define TT_KERNEL_NMF_H

#include "kernel/isa.h"

/** Rows that go through the coordinates together. */
#define TT_NMF_LANES 32

typedef struct tt_nmf_rows {
  tt_isa        isa; /**< the same on all ranks */
  int64_t       k, count;
  const double *G; /**< [k, k] symmetric, both triangles */
  const double *P; /**< [k, count], a column for each row */
  double        l1;
  double       *X; /**< [k, count]; in: the start, >= 0 */
} tt_nmf_rows;

/** Values of the scratch memory of one thread. Local. */
int64_t tt_nmf_work(int64_t k);

/**
 * Each coordinate of each row in turn, once, to its best value for the others. Local. The objective of a row never rises.
 *
 * A coordinate whose diagonal of G is zero stays. Less than 2^-1000 is zero: a penalty above the largest singular value halves a
 * factor again and again, and arithmetic with what is below the normal range is tens of times slower.
 *
 * @param[out] work       [tt_nmf_work(k)]
 * @param[out] violation  [count] sum over the coordinates of |projected gradient| before each step
 *
 * Source: Hsieh, Dhillon 2011; the order and the violation are those of scikit-learn's coordinate descent.
 */
void tt_nmf_sweep(const tt_nmf_rows *rows, double *work, double *violation);

/**
 * Sweeps over each row until its violation is at most `tolerance` times that of its first sweep, or for so many sweeps; a row
 * that is done stays. Local.
 *
 * @param[out] work  [tt_nmf_work(k)]
 */
void tt_nmf_solve(const tt_nmf_rows *rows, double tolerance, int64_t sweeps, double *work);

/** Sum and sum of squares, added to sums[0] and sums[1] in an order that depends on n alone. Local. */
void tt_nmf_add_sums(const double *x, int64_t n, double sums[2]);

/** The first element that is negative, NaN or Inf; n if there is none. Local. */
int64_t tt_nmf_first_bad(const double *x, int64_t n);

#endif
