/**
 * @file gramcheck.h
 * Whether a Gram matrix, or an eigenpair of it, belongs to the data: one more pass over the rows.
 */
#ifndef BENCH_GRAMCHECK_H
#define BENCH_GRAMCHECK_H

#include "oper/gram.h"

/** y := G x for a symmetric matrix of which the lower triangle is set; y [n] on every rank. Collective. */
tartan_status bench_symmetric_apply(const tartan_matrix *G, const double *x, double *y);

/** Sum of the diagonal. Collective. */
tartan_status bench_trace(const tartan_matrix *G, double *trace);

/**
 * ||y - (A'A - m mean mean') x|| / (||A||_F^2 ||x||), the product with A'A by a pass over A. Collective.
 *
 * @param[in]  y      [n] what G x is said to be
 * @param[in]  trace  of G
 * @param[out] limit  2 (4 sqrt(m) + 4 sqrt(n) + 10) u: rounding of G and of the pass, whose entries are sums of m terms
 */
tartan_status bench_gram_residual(const tartan_operator *A, const double *mean, double trace, const double *x,
                                  const double *y, double *residual, double *limit);

#endif
