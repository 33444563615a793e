/**
 * @file linear_impl.h
 * What recommenders without epochs have in common: where their predictors begin and end.
 */
#ifndef TT_MODEL_LINEAR_IMPL_H
#define TT_MODEL_LINEAR_IMPL_H

#include <tartan/linear_models.h>

#include "matrix/matrix.h"
#include "sparse/sparse.h"

/** The values of a predictor of R: its shape, options, least and largest entry; no matrix yet. Collective. */
tartan_status tt_linear_values(const tartan_sparse *R, tartan_recommend_model model, int64_t k, tartan_dtype dtype,
                               tartan_predictor_values *values);

/**
 * Factors as a predictor has them: an even range of columns on each rank. Collective.
 *
 * @param[in]  op  TARTAN_TRANS: of X [rows, k]; TARTAN_NO_TRANS: of X [k, rows]
 * @param[out] F   [k, rows] of dtype; NULL after a failure
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_linear_factors(tartan_op op, const tartan_matrix *X, tartan_dtype dtype, tartan_matrix **F);

/** Memory and words of tartan_puresvd(); words and flops are those of one step. Collective. */
tartan_status tt_puresvd_plan(const tartan_sparse *R, int64_t k, const tartan_topk_opts *opts, tartan_dtype dtype,
                              tartan_cost *plan);

/** Memory and words of tartan_recommend_nmf(), with all its iterations. Collective. Errors as tartan_nmf_plan(). */
tartan_status tt_recommend_nmf_plan(const tartan_sparse *R, int64_t k, const tartan_nmf_opts *opts, tartan_dtype dtype,
                                    tartan_cost *plan);

#endif
