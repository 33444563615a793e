/**
 * @file sparse_product.h
 * A product with a sparse matrix that is made ready once and used many times.
 */
#ifndef TT_BLAS_SPARSE_PRODUCT_H
#define TT_BLAS_SPARSE_PRODUCT_H

#include "matrix/matrix.h"
#include "sparse/sparse.h"

/** What does not depend on the dense operand: which of its rows travel. */
typedef struct tt_sparse_product {
  const tartan_sparse *A;
  tartan_dtype         dtype;  /**< of X and Y */
  const void          *value;  /**< [entries here] of dtype */
  double              *wide;   /**< the values of an f32 matrix as f64, or NULL */
  int64_t             *starts; /**< [P + 1] rows of X in ranges */
  tt_needed            needed;
  tt_routes            routes; /**< of sums of segments of rows that are cut: to the row's owner */
} tt_sparse_product;

/**
 * Makes a product ready. Collective.
 *
 * @param[in]  A        must outlive it
 * @param[in]  dtype    A's, or f64
 * @param[in]  starts   [P + 1] ranges of A's columns, which are rows of X; copied; NULL: even
 * @param[out] product  to be given to tt_sparse_product_end(), after a failure too
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_sparse_product_make(const tartan_sparse *A, tartan_dtype dtype, const int64_t *starts,
                                     tt_sparse_product *product);
void          tt_sparse_product_end(tt_sparse_product *product);

/**
 * Y := A X, both as their transposes in ranges. Collective.
 *
 * Moves the distinct remote rows of X that each rank needs, once, and nothing else unless a row of A is cut.
 *
 * @param[in]  X  [b, n] in the ranges of `starts`
 * @param[out] Y  [b, m] in the ranges of A's owners
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_sparse_product_ranges(tt_sparse_product *product, const tartan_matrix *X, tartan_matrix *Y);

/** Y := A X. Collective. @param[in] X  [n, b] of dtype, any layout @param[out] Y  [m, b] of dtype, any layout */
tartan_status tt_sparse_product_run(tt_sparse_product *product, const tartan_matrix *X, tartan_matrix *Y);

#endif
