/**
 * @file sparse.h
 * Products of a stretch of a sparse row with dense rows, and its multiples.
 */
#ifndef TT_KERNEL_SPARSE_H
#define TT_KERNEL_SPARSE_H

#include <tartan/types.h>

/**
 * y := sum over e < count of value[e] X(col[e], :), in the order of e, in the type's precision. Local.
 *
 * @param[in]  value  from its element `from` on
 * @param[in]  X      [*, b] row-major
 * @param[out] y      [b]
 */
void tt_sparse_dot(tartan_dtype dtype, int64_t count, const int32_t *col, const void *value, int64_t from,
                   const void *X, int64_t b, void *y);

/** y[i] := y[i] + x[i] for i < n, in the type's precision. Local. */
void tt_sparse_add(tartan_dtype dtype, int64_t n, const void *x, void *y);

/** y[row[e]] := y[row[e]] + alpha value[e] for e < count, in their order, in f64. Local. */
void tt_sparse_scatter(int64_t count, const int32_t *row, const double *value, double alpha, double *y);

#endif
