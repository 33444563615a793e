/**
 * @file reduce.h
 * One number from many, local: sums, largest values and lengths of the rows or columns of a column-major array, in f64
 * for both element types. Of nothing, each measure is 0; of what holds NaN, NaN (but NONZEROS, which counts it).
 */
#ifndef TT_KERNEL_REDUCE_H
#define TT_KERNEL_REDUCE_H

#include <tartan/types.h>

typedef enum tt_measure {
  TT_TOTAL,    /**< sum of a */
  TT_ABSOLUTE, /**< sum of |a| */
  TT_NONZEROS, /**< number of elements that are not zero */
  TT_LARGEST,  /**< largest |a| */
  TT_LENGTH    /**< root of the sum of squares, without overflow or underflow on the way */
} tt_measure;

/** out[i] := measure of row i of A [m, n]. Local. */
void tt_measure_rows(tt_measure what, tartan_dtype dtype, const void *a, int64_t lda, int64_t m, int64_t n,
                     double *out);

/** out[j] := measure of column j of A [m, n]. Local. */
void tt_measure_columns(tt_measure what, tartan_dtype dtype, const void *a, int64_t lda, int64_t m, int64_t n,
                        double *out);

/** y[i] := the measure of two parts that have measures y[i] and x[i]. Local. */
void tt_measure_join(tt_measure what, int64_t n, const double *x, double *y);

/** Sum of a(i, j) b(i, j), A and B [m, n] of any element types, in f64. Local. */
double tt_dot_local(tartan_dtype type_a, const void *a, int64_t lda, tartan_dtype type_b, const void *b, int64_t ldb,
                    int64_t m, int64_t n);

#endif
