/**
 * @file covariance.h
 * Covariance and correlation of the features of an operator, from one pass.
 */
#ifndef TT_MODEL_COVARIANCE_H
#define TT_MODEL_COVARIANCE_H

#include "oper/gram.h"

typedef struct tt_covariance_opts {
  double ddof;        /**< sums are divided by m - ddof */
  bool   correlation; /**< divided by the standard deviations too */
  bool   fill;        /**< NaN is replaced by the mean of the feature's other values, in one more pass */
} tt_covariance_opts;

typedef struct tt_covariance_result {
  tartan_matrix *C;            /**< [n, n] f64, both triangles; tartan_matrix_destroy() */
  double        *mean, *scale; /**< [n] means and, for correlations, standard deviations; tt_free() */
  double         total;        /**< sum of the variances */
  int64_t        nan_replaced;
  int64_t        constant, first_constant; /**< for correlations: features that do not vary */
} tt_covariance_result;

/**
 * What tt_covariance() would do within so many bytes per rank. Local, the same on every rank.
 *
 * @param[in]  bytes  0: no limit
 * @param[out] gram   the pass, to be given to tt_covariance()
 * @param[out] cost   flops, words, passes, bytes read, memory; reason
 * @retval TARTAN_ERR_ARG    too few samples
 * @retval TARTAN_ERR_NOMEM  not enough; cost->memory says what would be. Without a message
 */
tartan_status tt_covariance_plan(const tartan_operator *A, const tt_covariance_opts *opts, int64_t bytes,
                                 tt_gram_plan *gram, tartan_cost *cost);

/**
 * C = (A - mean)' (A - mean) / (m - ddof), or the correlations. Collective; the same bits on any number of ranks and
 * threads.
 *
 * Correlations are cut to [-1, 1], the diagonal is 1. A feature that does not vary has none: 0 with all others.
 *
 * @param[out] result  empty after a failure
 * @retval TARTAN_ERR_INPUT    an element is Inf, or NaN without opts->fill; the first is named
 * @retval TARTAN_ERR_NUMERIC  squares overflow
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO, TARTAN_ERR_FORMAT
 */
tartan_status tt_covariance(const tartan_operator *A, const tt_covariance_opts *opts, const tt_gram_plan *gram,
                            tt_covariance_result *result);

/** Frees what a result holds. Local. */
void tt_covariance_free(tt_covariance_result *result);

#endif
