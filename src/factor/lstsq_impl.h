/**
 * @file lstsq_impl.h
 * A least squares problem on its way. QR of A (m >= n) or of A' leaves a square core S = R or R' of order r = min(m, n):
 * lstsq.c carries right-hand sides to the core and solutions back, lstsq_qr.c and lstsq_svd.c solve there.
 *
 * All functions that return a status are collective.
 */
#ifndef TT_FACTOR_LSTSQ_IMPL_H
#define TT_FACTOR_LSTSQ_IMPL_H

#include <tartan/lstsq.h>

#include "matrix/matrix.h"

typedef struct tt_lstsq {
  const tartan_matrix *A, *B;
  int64_t              r;    /**< order of the core */
  bool                 wide; /**< m < n: S = R' */
  tartan_lstsq_method  method;
  double               tolerance, ridge;
  bool                 want_rank, heavy; /**< heavy: the ridge outweighs the matrix */
  tartan_matrix       *Q, *R;
  char                 ladder[32];       /**< how Q and R were found */
  double               estimate;         /**< of the condition of R */
  tartan_matrix       *top, *triangle;   /**< with a ridge: [S; sqrt(ridge) I] = Q2 T, the first r rows of Q2, and T */
  tartan_matrix       *U, *Vt, *inverse; /**< R = U diag(s) Vt, and [r, 1] what stands for 1 / s */
  int64_t              rank;
  double               condition;
} tt_lstsq;

/** Makes what the solution by triangles needs. @param[out] full  false: the rank is not full, to the tolerance */
tartan_status tt_lstsq_qr_make(tt_lstsq *x, bool *full);

/**
 * Estimate of the 2-norm condition of an upper triangle [n, n], zero below: a lower bound, infinite where it is singular.
 *
 * @param[in] one_rank_max  up to this n it is gathered on one rank, beyond all work on it
 */
tartan_status tt_lstsq_condition(const tartan_matrix *R, int64_t one_rank_max, double *condition);

/** Y [r, k], new, that minimises |S Y - Z|^2 + ridge |Y|^2. */
tartan_status tt_lstsq_qr_solve(const tt_lstsq *x, const tartan_matrix *Z, tartan_matrix **Y);

/** The same by singular values, for any rank: the smallest such Y. */
tartan_status tt_lstsq_svd_make(tt_lstsq *x);
tartan_status tt_lstsq_svd_solve(const tt_lstsq *x, const tartan_matrix *Z, tartan_matrix **Y);

/** C := op(A) op(B) as a new matrix. */
tartan_status tt_product_new(tartan_op op_a, const tartan_matrix *A, tartan_op op_b, const tartan_matrix *B,
                             const tartan_matrix_opts *opts, tartan_matrix **C);

/** The tolerance of a rank: what was asked for, or max(m, n) eps where that is negative, below 1. Local. */
double tt_rank_tolerance(const tartan_matrix *A, double asked);

/** TARTAN_ERR_ARG for a tolerance of 1 and more, or NaN. Local. */
tartan_status tt_rank_check(double tolerance);

/** The number of s_i > tolerance s_1 of r descending values. Local. */
int64_t tt_rank_of(int64_t r, const double *s, double tolerance);

/** A warning where the default tolerance, of a very long f32 matrix, has cut off what could be told from zero. Local. */
void tt_rank_warn(const tartan_matrix *A, double asked, int64_t rank);

#endif
