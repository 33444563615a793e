/**
 * @file gemm_check.h
 * Whether a product is right, by three products with a vector.
 */
#ifndef TT_BLAS_GEMM_CHECK_H
#define TT_BLAS_GEMM_CHECK_H

#include "blas/gemm_impl.h"

/** Vectors of a check, whole on every rank: each holds values, then the same of absolute values. */
typedef struct tt_check {
  int64_t k;
  double *before, *after, *wanted; /**< [2 m] C x before and after, op(A) op(B) x */
  double *signs, *middle;          /**< [2 n] x, [2 k] op(B) x */
} tt_check;

/** Before the product: memory, and what C was. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_check_begin(const tt_product *x, tt_check *check);

/** After it. Collective. TARTAN_ERR_TOLERANCE, with the residual. */
tartan_status tt_check_finish(const tt_product *x, tt_check *check);

void tt_check_end(tt_check *check);

#endif
