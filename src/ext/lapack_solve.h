/**
 * @file lapack_solve.h
 * LU by LAPACK on one rank; see lapack.h.
 */
#ifndef TT_EXT_LAPACK_SOLVE_H
#define TT_EXT_LAPACK_SOLVE_H

#include <tartan/types.h>

/**
 * L and U with partial pivoting in the place of a [m, n], m and n below 2^31. Local.
 *
 * @param[out] pivot  [min(m, n)] row that each row changed places with, from one
 * @return the first pivot that is exactly zero, from one; 0 if there is none
 */
int64_t tt_getrf(tartan_dtype dtype, int64_t m, int64_t n, void *a, int64_t ld, int *pivot);

/** Row i of a changes places with row pivot[i] - 1, for i = first, .. end - 1. Local. */
void tt_laswp(tartan_dtype dtype, int64_t n, void *a, int64_t ld, int64_t first, int64_t end, const int *pivot);

#endif
