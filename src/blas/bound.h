/**
 * @file bound.h
 * Words that no algorithm can do without.
 */
#ifndef TT_BLAS_BOUND_H
#define TT_BLAS_BOUND_H

/**
 * Words that some of P ranks must receive in a product of m x k by k x n, nothing replicated at the start. Local.
 *
 * Source: Al Daas, Ballard, Grigori, Kumar, Rouse 2022.
 */
double tt_product_bound(double m, double n, double k, double P);

/** The same of the triangle of a product A A', A n x k. Local. Source: Al Daas, Ballard, Grigori, Kumar, Rouse 2023. */
double tt_syrk_bound(double n, double k, double P);

#endif
