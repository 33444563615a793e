/**
 * @file update.h
 * C changed element by element with an operand that may be repeated along rows or columns. Formed in f64, rounded once.
 */
#ifndef TT_KERNEL_UPDATE_H
#define TT_KERNEL_UPDATE_H

#include <tartan/types.h>

/** An operand whose element (i, j) is at[i * row + j * col]. */
typedef struct tt_source {
  tartan_dtype dtype;
  const void  *at;
  int64_t      row, col; /**< row is 1, or 0: one value for a whole column */
} tt_source;

/** C := alpha A + beta C, C [m, n]. Local. C is not read if beta == 0; A may be C itself. */
void tt_add_local(double alpha, const tt_source *a, double beta, tartan_dtype dtype, void *c, int64_t ldc, int64_t m,
                  int64_t n);

/** C := alpha A .* C, C [m, n]. Local. A may be C itself. */
void tt_multiply_local(double alpha, const tt_source *a, tartan_dtype dtype, void *c, int64_t ldc, int64_t m,
                       int64_t n);

#endif
