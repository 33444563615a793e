/**
 * @file solve.h
 * Linear systems with a square matrix: Cholesky and LU factorizations, solutions, inverses, determinants.
 *
 * Inputs are not changed; results are created in a layout of the call's choice. All functions are collective and return
 * the same status on every rank. A matrix without rows has the inverse of its shape and determinant 1.
 */
#ifndef TARTAN_SOLVE_H
#define TARTAN_SOLVE_H

#include <tartan/factor.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A = L L' with L lower triangular and a positive diagonal, of a symmetric positive definite matrix.
 *
 * Collective. ScaLAPACK's p?potrf; small matrices on one rank, with the same bits on any number of ranks.
 *
 * @param[in]  A     [n, n]; only the lower triangle is read
 * @param[out] L     [n, n], zero above the diagonal
 * @param[out] info  condition: estimate of the 1-norm condition number of A; may be NULL
 *
 * @retval TARTAN_ERR_SHAPE    A is not square
 * @retval TARTAN_ERR_NUMERIC  A is not positive definite: the message names the order of the first leading minor that is
 *                             not; L is NULL
 * @retval TARTAN_ERR_INPUT    A has Inf or NaN
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_cholesky(const tartan_matrix *A, tartan_matrix **L,
                                                         tartan_factor_info *info);

/**
 * P A = L U with partial pivoting and r = min(m, n): L [m, r] has a unit diagonal, U [r, n] is upper triangular.
 *
 * Collective. ScaLAPACK's p?getrf; small matrices on one rank. A singular matrix is factored too: U then has a zero on
 * its diagonal.
 *
 * @param[in]  A     [m, n]
 * @param[out] L, U  either may be NULL
 * @param[out] perm  [m] on every rank: row i of P A is row perm[i] of A, from zero
 * @param[out] info  condition: estimate of the 1-norm condition number of a square A, Inf if it is singular, else NaN;
 *                   found: pivots that are not zero; may be NULL
 *
 * Errors as tartan_qr().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_lu(const tartan_matrix *A, tartan_matrix **L, tartan_matrix **U,
                                                   int64_t *perm, tartan_factor_info *info);

/** What is known of a square matrix beforehand. */
typedef enum tartan_assume {
  TARTAN_ASSUME_GENERAL, /**< nothing: LU */
  TARTAN_ASSUME_POSITIVE /**< symmetric, probably positive definite, given by its lower triangle: Cholesky, and if that
                              fails LU, which info tells */
} tartan_assume;

typedef struct tartan_solve_opts {
  size_t        size;   /**< of this struct */
  tartan_assume assume; /**< of A */
  tartan_op     op;     /**< op(A) X = B */
  bool          mixed;  /**< factor in f32, refine in f64; falls back to f64 where that does not converge. f64 only */
  int64_t       refine; /**< at most so many steps of iterative refinement; -1: planned (2, mixed: 30); 0: none */
} tartan_solve_opts;

#define TARTAN_SOLVE_OPTS_INIT                                                                                         \
  {                                                                                                                    \
    sizeof(tartan_solve_opts), TARTAN_ASSUME_GENERAL, TARTAN_NO_TRANS, false, -1                                       \
  }

/** What a solution took, and how exact it is. */
typedef struct tartan_solve_info {
  char    method[32];  /**< "LU", "Cholesky", "LU in f32, refined", ... */
  char    reason[160]; /**< why this one */
  double  condition;   /**< estimate of the 1-norm condition number of A */
  double  residual;    /**< largest over columns of |op(A) x - b| / (|A| |x| + |b|) in the infinity norm */
  int64_t steps;       /**< of refinement */
  double  seconds;
} tartan_solve_info;

/**
 * Solves op(A) X = B for any number of right-hand sides.
 *
 * Collective. By LU with partial pivoting or Cholesky, then iterative refinement in the precision of A while a residual
 * is above its gate and steps still reduce it. With info->condition above 1 / u the solution may have no correct digit; it
 * is returned, and the grid holds a warning.
 *
 * @param[in]  A     [n, n]
 * @param[in]  B     [n, k], k >= 0; of A's type
 * @param[out] X     [n, k]; |op(A) x - b| <= 10 n u (|A| |x| + |b|) for each column
 * @param[out] info  may be NULL
 *
 * Source: Higham 2002 (condition estimate, refinement); Langou et al. 2006 (mixed precision).
 *
 * @retval TARTAN_ERR_NUMERIC               A is singular: the message names the pivot that is zero; or X is beyond the range
 *                                          of its type; X is NULL
 * @retval TARTAN_ERR_SHAPE                 A is not square, or B has another number of rows
 * @retval TARTAN_ERR_ARG                   no such option, or `mixed` for f32
 * @retval TARTAN_ERR_INPUT                 A or B has Inf or NaN
 * @retval TARTAN_ERR_DTYPE, TARTAN_ERR_GRID, TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_solve(const tartan_matrix *A, const tartan_matrix *B,
                                                      const tartan_solve_opts *opts, tartan_matrix **X,
                                                      tartan_solve_info *info);

/**
 * The inverse of a square matrix. Where it is only to be multiplied by something, tartan_solve() is faster and more
 * exact.
 *
 * Collective. By p?getri from LU, or p?potri from Cholesky, which gives a symmetric matrix, both triangles.
 *
 * @param[in]  opts  only `assume` is used; NULL: general
 * @param[out] Ainv  [n, n]
 * @param[out] info  residual: |A Ainv - I|_F / (|A|_F |Ainv|_F); may be NULL
 *
 * Errors as tartan_solve(); TARTAN_ERR_NUMERIC also where the inverse is beyond the range of its type.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_inv(const tartan_matrix *A, const tartan_solve_opts *opts,
                                                    tartan_matrix **Ainv, tartan_solve_info *info);

/**
 * Sign and logarithm of the absolute value of a determinant, which neither overflow nor underflow.
 *
 * Collective. From LU, or Cholesky where it is assumed.
 *
 * @param[in]  opts    only `assume` is used; NULL: general
 * @param[out] sign    1, -1, or 0 of a singular matrix
 * @param[out] logabs  natural logarithm; -Inf of a singular matrix
 * @param[out] info    may be NULL
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_INPUT, TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_slogdet(const tartan_matrix *A, const tartan_solve_opts *opts,
                                                        double *sign, double *logabs, tartan_factor_info *info);

/** The determinant: 0 or Inf where it is out of the range of f64; else as tartan_slogdet(). Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_det(const tartan_matrix *A, const tartan_solve_opts *opts,
                                                    double *value, tartan_factor_info *info);

#ifdef __cplusplus
}
#endif
#endif
