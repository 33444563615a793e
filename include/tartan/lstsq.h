/**
 * @file lstsq.h
 * Least squares, pseudo-inverse, and numbers that singular values tell of a matrix: rank, condition, norms. Matrix powers.
 *
 * Inputs are not changed; results are created in a layout of the call's choice. All functions are collective and return
 * the same status on every rank. A singular value counts as zero where s_i <= tolerance s_1; the default tolerance is
 * NumPy's, max(m, n) eps with eps = 2^-52 for f64 and 2^-23 for f32, but at most 1/2. Where it is above 1e-3 (f32, more than
 * 8388 rows) and the rank comes out short, the grid holds a warning.
 */
#ifndef TARTAN_LSTSQ_H
#define TARTAN_LSTSQ_H

#include <tartan/solve.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------- least squares */

typedef enum tartan_lstsq_method {
  TARTAN_LSTSQ_PLANNED, /**< QR, and where it shows that the rank is not full: singular values */
  TARTAN_LSTSQ_QR,      /**< full rank only: TARTAN_ERR_NUMERIC otherwise */
  TARTAN_LSTSQ_SVD
} tartan_lstsq_method;

typedef struct tartan_lstsq_opts {
  size_t              size; /**< of this struct */
  tartan_lstsq_method method;
  double              tolerance; /**< of the rank; negative: max(m, n) eps */
  double              ridge;     /**< lambda >= 0: minimises |A x - b|^2 + lambda |x|^2 */
} tartan_lstsq_opts;

#define TARTAN_LSTSQ_OPTS_INIT                                                                                         \
  {                                                                                                                    \
    sizeof(tartan_lstsq_opts), TARTAN_LSTSQ_PLANNED, -1, 0                                                             \
  }

typedef struct tartan_lstsq_info {
  char    method[32];  /**< "QR", "SVD", ... */
  char    reason[160]; /**< why this one */
  int64_t rank;        /**< numerical rank of A */
  double  condition;   /**< s_1 / s_r of the rank r, from the SVD; an estimate from QR */
  double *residuals;   /**< in: [k] memory of the caller, or NULL; out: |A x - b|_2 of each column */
  double  seconds;
} tartan_lstsq_info;

/**
 * The X that minimises |A X - B|_F, and of those the one of smallest norm.
 *
 * Collective. Full rank: QR of A (m >= n) or of A' (m < n, the minimum norm solution); else through the SVD of the
 * triangle. With a ridge the minimiser is unique: QR of [R; sqrt(lambda) I] from the triangle R of A; singular values where
 * even that is singular to the tolerance. One step of correction by the residual follows, but with a ridge. Beside A and B
 * it takes a matrix of A's size for Q, of a wide A also one for A', and the workspace of tartan_qr().
 *
 * @param[in]     A     [m, n], any shape
 * @param[in]     B     [m, k], k >= 0; of A's type
 * @param[in]     opts  NULL for defaults
 * @param[out]    X     [n, k]
 * @param[in,out] info  may be NULL
 *
 * Source: Golub, Van Loan 2013, chapter 5.
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_DTYPE, TARTAN_ERR_GRID  operands do not fit
 * @retval TARTAN_ERR_ARG      no such method, negative ridge, tolerance of 1 and more
 * @retval TARTAN_ERR_NUMERIC  TARTAN_LSTSQ_QR and a matrix without full rank; no convergence of the SVD; X is beyond the
 *                             range of its type
 * @retval TARTAN_ERR_INPUT    A or B has Inf or NaN
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_lstsq(const tartan_matrix *A, const tartan_matrix *B,
                                                      const tartan_lstsq_opts *opts, tartan_matrix **X,
                                                      tartan_lstsq_info *info);

/**
 * The pseudo-inverse (Moore, Penrose) [n, m] of a matrix [m, n], from its singular values above the tolerance.
 *
 * Collective.
 *
 * @param[in]  tolerance  relative to s_1, below 1; negative: max(m, n) eps
 * @param[out] Apinv      [n, m]
 * @param[out] info       rank and condition; may be NULL
 *
 * Errors as tartan_svd(); TARTAN_ERR_NUMERIC also where the pseudo-inverse is beyond the range of its type.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_pinv(const tartan_matrix *A, double tolerance, tartan_matrix **Apinv,
                                                     tartan_lstsq_info *info);

/* ---------------------------------------------------------------------------------------------------- numbers */

/**
 * The numerical rank: the number of singular values above tolerance s_1, 0 of an empty or zero matrix.
 *
 * Collective. @param[in] tolerance  negative: max(m, n) eps. Errors as tartan_svd().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_rank(const tartan_matrix *A, double tolerance, int64_t *rank);

/** Norms by singular values. */
typedef enum tartan_schatten {
  TARTAN_SCHATTEN_LARGEST,  /**< the 2-norm, s_1 */
  TARTAN_SCHATTEN_SMALLEST, /**< NumPy's ord = -2, s_r with r = min(m, n) */
  TARTAN_SCHATTEN_NUCLEAR   /**< the nuclear norm, the sum of all */
} tartan_schatten;

/** A norm by singular values; 0 for an empty matrix. Collective. Errors as tartan_svd(). */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_norm_schatten(tartan_schatten kind, const tartan_matrix *A,
                                                              double *value);

/** Norms that a condition number can be in. */
typedef enum tartan_cond_norm {
  TARTAN_COND_TWO,       /**< s_1 / s_r of any shape, by singular values */
  TARTAN_COND_MINUS_TWO, /**< s_r / s_1 */
  TARTAN_COND_ONE,       /**< |A|_1 |A^-1|_1 of a square matrix, by its inverse */
  TARTAN_COND_INF,
  TARTAN_COND_FRO
} tartan_cond_norm;

/**
 * The condition number, Inf for a singular matrix. Collective.
 *
 * @retval TARTAN_ERR_SHAPE  A is empty, or not square where its inverse is needed
 * @retval TARTAN_ERR_ARG    no such norm
 * and those of tartan_svd() and tartan_inv().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_cond(tartan_cond_norm norm, const tartan_matrix *A, double *value);

/* ---------------------------------------------------------------------------------------------------- powers */

/**
 * A multiplied by itself: A^k, the identity for k = 0, the power of the inverse for k < 0.
 *
 * Collective. By squaring: at most 2 log2 |k| products.
 *
 * @param[in]  A  [n, n]
 * @param[out] B  [n, n]
 *
 * @retval TARTAN_ERR_SHAPE    A is not square
 * @retval TARTAN_ERR_NUMERIC  k < 0 and A is singular; the power is beyond the range of its type
 * and those of tartan_gemm().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_power(const tartan_matrix *A, int64_t k, tartan_matrix **B);

#ifdef __cplusplus
}
#endif
#endif
