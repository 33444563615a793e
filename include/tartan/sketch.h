/**
 * @file sketch.h
 * A few singular triplets or one eigenpair of what is too large to factor: methods that only apply an operator.
 *
 * They read a file that does not fit in memory once for each step, and know nothing of how an operator is stored.
 */
#ifndef TARTAN_SKETCH_H
#define TARTAN_SKETCH_H

#include <tartan/operator.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tartan_topk_opts {
  size_t   size;      /**< of this struct */
  double   tolerance; /**< of each residual, relative to sigma_1; 0: 1e-8 */
  int64_t  block;     /**< vectors of a block; 0: planned */
  int64_t  steps;     /**< at most so many applications of A'A; 0: planned */
  uint64_t seed;      /**< of the first block */
} tartan_topk_opts;

#define TARTAN_TOPK_OPTS_INIT                                                                                          \
  {                                                                                                                    \
    sizeof(tartan_topk_opts), 0, 0, 0, 0                                                                               \
  }

/** What an iteration did. Not converging is no error: look at `converged`. */
typedef struct tartan_topk_info {
  bool    converged;
  int64_t steps;  /**< applications of A'A */
  int64_t passes; /**< over the operator's rows */
  int64_t block;
  double  residual;  /**< the largest of the residuals below, relative to sigma_1 */
  double *residuals; /**< in: [k] memory of the caller, or NULL; out: max(|A v - s u|, |A'u - s v|) / sigma_1 of each */
  double  seconds;
} tartan_topk_info;

/**
 * The k largest singular triplets of an operator: A V = U diag(s), A'U = V diag(s), by block Krylov iteration with full
 * re-orthogonalisation and thick restart.
 *
 * Collective. Each step applies A'A to a block, reading the operator once. Ritz values never exceed the singular values
 * that they stand for; a residual says that some singular value lies within it, not that no larger one was missed.
 * Signs as tartan_svd(). The result depends on neither rank count nor grid beyond rounding.
 *
 * @param[in]     A     [m, n]
 * @param[in]     k     1 to min(m, n)
 * @param[out]    U     [m, k] f64; may be NULL
 * @param[out]    s     [k] descending, on every rank
 * @param[out]    Vt    [k, n] f64; may be NULL
 * @param[in,out] info  may be NULL
 *
 * Source: Golub, Luk, Overton 1981; Musco, Musco 2015; Wu, Simon 2000 (thick restart).
 *
 * @retval TARTAN_ERR_ARG    k or an option out of range; outputs are NULL
 * @retval TARTAN_ERR_INPUT  A has Inf or NaN
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_operator_svd_topk(const tartan_operator *A, int64_t k,
                                                                  const tartan_topk_opts *opts, tartan_matrix **U,
                                                                  double *s, tartan_matrix **Vt,
                                                                  tartan_topk_info *info);

/** The same of a matrix in memory; U and Vt are of its type. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_svd_topk(const tartan_matrix *A, int64_t k,
                                                         const tartan_topk_opts *opts, tartan_matrix **U, double *s,
                                                         tartan_matrix **Vt, tartan_topk_info *info);

/** How good an approximation of low rank is. */
typedef struct tartan_lowrank_info {
  tartan_topk_info topk;
  double           error_fro;   /**< |A - U S Vt|_F */
  double           error_2;     /**< |A - U S Vt|_2, which is sigma_(k+1); NaN where it was not found */
  double           relative;    /**< error_fro / |A|_F; 0 for a zero matrix */
  double           compression; /**< elements of A over elements of the factors, m n / (k (m + n + 1)) */
} tartan_lowrank_info;

/**
 * The best approximation of rank k in the 2- and Frobenius norm (Eckart, Young 1936): A ~ U diag(s) Vt.
 *
 * Collective. By tartan_operator_svd_topk() for k + 1 triplets; the error is that of the result, from |A|_F and s, or from
 * one more pass over A where that would cancel.
 *
 * Arguments and errors as tartan_operator_svd_topk().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_lowrank(const tartan_operator *A, int64_t k,
                                                        const tartan_topk_opts *opts, tartan_matrix **U, double *s,
                                                        tartan_matrix **Vt, tartan_lowrank_info *info);

/**
 * The eigenvalue of largest absolute value of a square operator and its vector, by power iteration.
 *
 * Collective. Converges if one real eigenvalue is larger than all others in absolute value, by the quotient of the second
 * to it; else info->converged is false.
 *
 * @param[in]     A       [n, n], n >= 1
 * @param[out]    lambda  the Rayleigh quotient
 * @param[out]    v       [n, 1] f64 of 2-norm 1; may be NULL
 * @param[in,out] info    steps, residual |A v - lambda v| / |lambda|; may be NULL
 *
 * @retval TARTAN_ERR_SHAPE  A is not square or empty
 * and those of tartan_operator_svd_topk().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_eig_dominant(const tartan_operator *A, const tartan_topk_opts *opts,
                                                             double *lambda, tartan_matrix **v, tartan_topk_info *info);

#ifdef __cplusplus
}
#endif
#endif
