/**
 * @file matvec.h
 * Products of a stretch of a column with a vector, in f64 whatever the type: value and absolute value beside each other.
 */
#ifndef TT_KERNEL_MATVEC_H
#define TT_KERNEL_MATVEC_H

#include <tartan/types.h>

/** y[i] += x column[i], ya[i] += xa |column[i]| for n elements of the column from its element `from` on. Local. */
void tt_add_column(tartan_dtype dtype, int64_t n, const void *column, int64_t from, double x, double xa, double *y,
                   double *ya);

/** *y += sum of column[i] x[i], *ya += sum of |column[i]| xa[i]. Local. */
void tt_dot_column(tartan_dtype dtype, int64_t n, const void *column, int64_t from, const double *x, const double *xa,
                   double *y, double *ya);

#endif
