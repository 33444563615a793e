/**
 * @file eigh_impl.h
 * A symmetric eigenproblem on its way through the solvers: tartan_eigh() in eigh.c, on one rank in eigh_one.c, over the
 * ranks in eigh_spread.c.
 *
 * Solvers give eigenvalues in ascending order. They are given -scale A, whose values, negated, are A's in descending
 * order, with the vectors where they belong.
 */
#ifndef TT_FACTOR_EIGH_IMPL_H
#define TT_FACTOR_EIGH_IMPL_H

#include <tartan/factor.h>

#include "matrix/matrix.h"

/** Rows and columns of a block where a copy goes to a solver over the ranks. */
#define TT_EIGH_BLOCK 32

typedef struct tt_eigh {
  const tartan_matrix *A;
  int64_t              n;
  bool                 vectors;
  tartan_eigh_opts     opts;  /**< settled: a method that can work */
  double               scale; /**< the power of two that A is multiplied with, 1 for most */
  double              *w;     /**< [n] of the caller */
  tartan_matrix       *V;     /**< result, or NULL */
  int64_t              found;
  const char          *method;
  char                 reason[160];
} tt_eigh;

/**
 * Which of all n eigenvalues in descending order are wanted: w[*first] .. w[*first + count - 1]. Local.
 * @return count
 */
int64_t tt_eigh_select(const tt_eigh *e, const double *w, int64_t *first);

/** Undoes the scaling of n values. Local. */
void tt_eigh_unscale(const tt_eigh *e, int64_t n, double *w);

/** To tridiagonal form 4/3 n^3; vectors: divide and conquer at most 4/3 n^3, k of them back 2 n^2 k. */
double tt_eigh_flops(int64_t n, bool vectors, int64_t k);

/** Solves by LAPACK on rank 0, with one thread: sets w, V, found. Collective. */
tartan_status tt_eigh_one_rank(tt_eigh *e);

/** Solves by the method of the options over the ranks of the grid; n is above TT_EIGH_BLOCK for each. Collective. */
tartan_status tt_eigh_spread(tt_eigh *e);

#endif
