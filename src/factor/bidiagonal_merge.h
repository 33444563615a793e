/**
 * @file bidiagonal_merge.h
 * Divide and conquer over ranks: the state that all ranks carry, and one merge of two groups of them.
 *
 * Rank r owns rows start[r] .. start[r + 1] - 1 of U and of V, and never gives them away. A group of ranks a .. b - 1
 * has solved the part of B in its rows; all but the last group lack their last row, which joins them to the next one, and have
 * a null vector in its place. So the vectors of a group stand in as many columns as it has rows, at the same numbers.
 */
#ifndef TT_FACTOR_BIDIAGONAL_MERGE_H
#define TT_FACTOR_BIDIAGONAL_MERGE_H

#include "matrix/matrix.h"

typedef struct tt_conquest {
  tartan_grid  *grid;
  int64_t       n;
  int64_t      *start; /**< [ranks + 1] */
  int           parts; /**< ranks that have rows */
  int64_t       mine;  /**< rows of this rank */
  const double *alpha; /**< [n] diagonal of B */
  const double *beta;  /**< [n - 1] above it */
  double       *U, *V; /**< [mine, n] rows of this rank; columns of other groups are zero */
  double       *P, *Q; /**< [mine, n] columns of U and V in the order of a merge */
  double       *d;     /**< [n] singular values of the groups, each at its place; a null vector has 0 */
  double       *share; /**< [2 n] what is added up over ranks */
} tt_conquest;

/**
 * One level: each pair of groups of `step` ranks becomes one. Collective.
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_NUMERIC
 */
tartan_status tt_conquest_level(tt_conquest *c, int step);

#endif
