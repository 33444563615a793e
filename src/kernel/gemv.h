/**
 * @file gemv.h
 * Local matrix-vector products in f64, column-major, by CBLAS on the calling thread's BLAS threads. Sizes fit BLAS's
 * 32-bit integers by the callers' layouts.
 */
#ifndef TT_KERNEL_GEMV_H
#define TT_KERNEL_GEMV_H

#include <tartan/types.h>

/**
 * y := alpha op(A) x + beta y for A [m, n]. Local. y is not read if beta == 0.
 *
 * @param[in] step  distance of the elements of x: a row of a matrix can stand for a vector
 */
void tt_gemv_local(tartan_op op, int64_t m, int64_t n, double alpha, const double *a, int64_t lda, const double *x,
                   int64_t step, double beta, double *y);

/**
 * Y := Y + alpha op(A) X for a few vectors, A [m, n] of any type; A is read once, in pieces that stay in the cache for all
 * of them. Local.
 */
void tt_gemv_few_local(tartan_dtype dtype, tartan_op op, int64_t m, int64_t n, double alpha, const void *a, int64_t lda,
                       const void *x, int64_t ldx, void *y, int64_t ldy, int64_t count);

/** y := y + alpha x, n elements each. Local. */
void tt_add_scaled(int64_t n, double alpha, const double *x, double *y);

/**
 * One pass over A [m, n] for two products: y := tau (A'v - y), r := r - y, w := w + A r. Local.
 *
 * Columns are taken in blocks that stay in the cache between the two products, so A is read from memory once.
 *
 * @param[in]     v     [m]
 * @param[in,out] y, r  [n]
 * @param[in,out] w     [m]
 *
 * Source: BLAS 2.5 (Howell, Demmel, Fulton, Hammarling, Marques 2008).
 */
void tt_gemv_twice(int64_t m, int64_t n, const double *a, int64_t lda, const double *v, double tau, double *y,
                   double *r, double *w);

#endif
