/**
 * @file regress_impl.h
 * Between the parts of regression: what is planned, the problem that rank 0 solves from the Gram matrix, its solvers.
 */
#ifndef TT_MODEL_REGRESS_IMPL_H
#define TT_MODEL_REGRESS_IMPL_H

#include <tartan/regress.h>

#include "matrix/matrix.h"
#include "oper/gram.h"

struct tartan_regression {
  tartan_grid          *grid;
  tartan_regress_values v; /* its pointers lead into what follows */
  double               *numbers;
  int64_t              *nonzero;
  const char          **names; /* [n] of the features, or NULL */
};

/** The options, checked and completed, and the cuts that follow. */
typedef struct tt_regress_setup {
  tartan_regress_opts opts; /**< `penalties` is settled */
  tt_gram_opts        pass;
  tt_gram_plan        gram;
  tartan_cost         plan;
  bool                spread; /**< ridge over the ranks, unless a matrix is singular */
} tt_regress_setup;

/** The normal equations, on rank 0 (spread: all but G on every rank): all columns are centered with an intercept, features scaled where asked for. */
typedef struct tt_regress_problem {
  tt_memory    *memory;
  int64_t       m, n, ld; /**< ld = n + 1 */
  double       *G;        /**< [n + 1, n + 1] symmetric; the last column holds q = X'y and y'y */
  const double *q;        /**< X'y, its last column */
  double        yy;
  double       *scale; /**< [n] what features were divided by; 0: constant, its row and column of G are zero */
} tt_regress_problem;

/** What solving found out; the same on every rank after a broadcast. */
typedef struct tt_regress_outcome {
  double  gap, condition;
  int64_t sweeps, converged;
  int64_t singular, rank; /**< penalties whose matrix was singular, and the rank of the last of them */
} tt_regress_outcome;

/**
 * Checks options against the data and plans the pass. Collective; reads nothing. As tartan_regress_plan().
 *
 * @param[in] exact  the target holds integers at most 255 apart
 */
tartan_status tt_regress_prepare(const tartan_operator *A, const tartan_regress_opts *opts, bool exact,
                                 tt_regress_setup *setup);

/** Room for p models of n features. Local; the status is this rank's own. */
tartan_status tt_regress_allocate(tartan_grid *grid, int64_t m, int64_t n, int64_t p, tartan_regression **model);

/**
 * Ridge, or least squares with alpha = 0: Cholesky of the matrix scaled to unit diagonal; where that is numerically
 * singular the solution of minimum norm through its eigenvalues. Local, with the caller's BLAS threads.
 *
 * @param[out]    b     [n]
 * @param[in]     last  also estimate the condition
 * @param[in,out] outcome
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_NUMERIC
 */
tartan_status tt_regress_ridge(const tt_regress_problem *p, double alpha, bool last, double *b,
                               tt_regress_outcome *outcome);

/**
 * Lasso or elastic net of one penalty above 0 by coordinate descent. Local.
 *
 * @param[in,out] b     [n] the solution of the penalty before it
 * @param[out]    work  [2 n]
 * @param[in,out] outcome
 */
void tt_regress_descend(const tt_regress_problem *p, const tartan_regress_opts *opts, double alpha, double *b,
                        double *work, tt_regress_outcome *outcome);

/**
 * Ridge of one penalty over all ranks, by Cholesky. Collective.
 *
 * @param[in]     G        [n + 1, n + 1] lower triangle as the pass left it
 * @param[in]     q, scale [n] X'y of scaled features, and what they were divided by (0: constant), on every rank
 * @param[out]    b        [n] of scaled features, on every rank
 * @param[out]    square   b'G b of scaled features
 * @param[out]    singular the matrix is; b is not set
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_regress_ridge_spread(tartan_matrix *G, const double *q, const double *scale, double alpha, double *b,
                                      double *square, bool *singular, tt_regress_outcome *outcome);

/** y := G b of the features; [n]. Local. */
void tt_regress_product(const tt_regress_problem *p, const double *b, double *y);

#endif
