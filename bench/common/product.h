/**
 * @file product.h
 * Whether a product is right: Freivalds' test against the operands.
 */
#ifndef BENCH_PRODUCT_H
#define BENCH_PRODUCT_H

#include "matrix/matrix.h"

/** What is to be tested: C = op_a(A) op_b(B), or, with B NULL, the lower triangle of C = A A'. */
typedef struct bench_product {
  tartan_op            op_a, op_b;
  const tartan_matrix *A, *B, *C;
} bench_product;

/**
 * How wrong a product is: max_i |C x - A (B x)|_i / (|A| |B| |x|)_i for one random x of +-1. Collective.
 *
 * @param[out] limit  what rounding explains: C's own part min(k + 2, 4 sqrt(k) + 10) u, and the test's, whose sums are
 *                    in long double on a rank and in f64 between ranks
 */
tartan_status bench_product_residual(const bench_product *product, double *residual, double *limit);

#endif
