/**
 * @file linear_models.h
 * Recommenders without epochs, fitted to the sparse matrix R [users, items] at once. They end in a predictor.
 */
#ifndef TARTAN_LINEAR_MODELS_H
#define TARTAN_LINEAR_MODELS_H

#include <tartan/nmf.h>
#include <tartan/predictor.h>
#include <tartan/sketch.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Memory, words and flops of tartan_ease(). Collective. TARTAN_ERR_NOMEM with the number of ranks that would do. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_ease_plan(const tartan_sparse *R, tartan_dtype dtype,
                                                          tartan_cost *plan);

/**
 * EASE: B = I - P diag(1 / diag P) with P = (R'R + lambda I)^-1, so that the diagonal of B is zero; scores are R B.
 *
 * R'R is formed block-cyclic from the sparse rows, factored and inverted by p?potrf and p?potri in f64.
 *
 * Collective. Memory: about 3 items^2 words of f64 over all ranks.
 *
 * @param[in]  lambda  above 0
 * @param[in]  dtype   of the weights that are kept
 * @param[out] p       NULL after a failure
 * @param[out] cost    measured; may be NULL
 *
 * Source: Steck 2019.
 *
 * @retval TARTAN_ERR_ARG      lambda is not positive
 * @retval TARTAN_ERR_NUMERIC  R'R + lambda I is not positive definite in f64
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW  with the number of ranks that would do
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_ease(const tartan_sparse *R, double lambda, tartan_dtype dtype,
                                                     tartan_predictor **p, tartan_cost *cost);

/**
 * PureSVD: the k largest singular triplets of R, missing entries being zeros; x_u = V'r_u, y_i = row i of V.
 *
 * @param[in]     opts  of the iteration; NULL for defaults
 * @param[out]    s     [k] singular values, on every rank; may be NULL
 * @param[in,out] info  may be NULL
 *
 * Source: Cremonesi, Koren, Turrin 2010.
 * Errors as tartan_operator_svd_topk().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_puresvd(const tartan_sparse *R, int64_t k, const tartan_topk_opts *opts,
                                                        tartan_dtype dtype, double *s, tartan_predictor **p,
                                                        tartan_topk_info *info);

/** A non-negative factorization of R, missing entries being zeros: x_u = row u of W, y_i = column i of H. Errors as tartan_nmf(). */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommend_nmf(const tartan_sparse *R, int64_t k,
                                                              const tartan_nmf_opts *opts, tartan_dtype dtype,
                                                              tartan_predictor **p, tartan_nmf_info *info);

#ifdef __cplusplus
}
#endif
#endif
