/**
 * @file dense.h
 * Local dense operations, column-major with leading dimensions, by run-time type.
 */
#ifndef TT_KERNEL_DENSE_H
#define TT_KERNEL_DENSE_H

#include <tartan/types.h>

/** B := A, A and B [m, n], element types may differ. Local. They do not overlap. */
void tt_copy_local(tartan_dtype from, const void *a, int64_t lda, tartan_dtype to, void *b, int64_t ldb, int64_t m,
                   int64_t n);

/** B := A', A [n, m], B [m, n], of one element type, in tiles that fit the cache. Local. */
void tt_transpose_local(tartan_dtype dtype, const void *a, int64_t lda, void *b, int64_t ldb, int64_t m, int64_t n);

/** A(i, j) := value for all i < m, j < n. Local. */
void tt_set_local(tartan_dtype dtype, double value, void *a, int64_t lda, int64_t m, int64_t n);

/** A := alpha A. Local. */
void tt_scale_local(tartan_dtype dtype, double alpha, void *a, int64_t lda, int64_t m, int64_t n);

/** A(i, j), as f64. Local. */
double tt_get_element(tartan_dtype dtype, const void *a, int64_t lda, int64_t i, int64_t j);

/** A(i, j) := value, rounded. Local. */
void tt_put_element(tartan_dtype dtype, double value, void *a, int64_t lda, int64_t i, int64_t j);

/**
 * Sum of squares as scale^2 * ssq without overflow or underflow, continuing from the values given. Local.
 *
 * Source: LAPACK's xLASSQ, a column at a time.
 *
 * @param[in,out] scale, ssq  start with 0 and 1; both NaN once an element is
 */
void tt_sum_squares(tartan_dtype dtype, const void *a, int64_t lda, int64_t m, int64_t n, double *scale, double *ssq);

/** y[i] := y[i] + x[i]. Local. */
void tt_add_f64(int64_t n, const double *x, double *y);

/** y[i] := y[i] + x[i], widening. Local. */
void tt_add_widened(int64_t n, const float *x, double *y);

#endif
