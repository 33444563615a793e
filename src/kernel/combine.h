/**
 * @file combine.h
 * Sums of local rectangles, column-major with leading dimensions: what gathers partial products.
 */
#ifndef TT_KERNEL_COMBINE_H
#define TT_KERNEL_COMBINE_H

#include <tartan/types.h>

/** Y := X + beta Y, X and Y [m, n] of one type; Y is not read if beta == 0. Local. They do not overlap. */
void tt_combine_local(tartan_dtype dtype, const void *x, int64_t ldx, double beta, void *y, int64_t ldy, int64_t m,
                      int64_t n);

#endif
