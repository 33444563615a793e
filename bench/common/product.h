/**
 * @file product.h
 * What a product is measured by: the words that have to move, and whether it is right.
 */
#ifndef BENCH_PRODUCT_H
#define BENCH_PRODUCT_H

#include "matrix/matrix.h"

/**
 * Words that some of P ranks must receive in a product of m x k by k x n, nothing replicated at the start. Local.
 *
 * Source: Al Daas, Ballard, Grigori, Kumar, Rouse 2022.
 */
double bench_product_bound(double m, double n, double k, double P);

/**
 * How wrong C = A B is: Freivalds' test, max_i |C x - A (B x)|_i / (|A| |B| |x|)_i for one random x of +-1. Collective.
 *
 * @param[out] limit  what rounding explains: C's own part min(k + 2, 4 sqrt(k) + 10) u, and the test's, whose sums are
 *                    in long double on a rank and in f64 between ranks
 */
tartan_status bench_product_residual(const tartan_matrix *A, const tartan_matrix *B, const tartan_matrix *C,
                                     double *residual, double *limit);

#endif
