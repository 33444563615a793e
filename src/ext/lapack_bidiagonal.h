/**
 * @file lapack_bidiagonal.h
 * LAPACK's pieces of divide and conquer for the singular values of an upper bidiagonal matrix, in f64.
 */
#ifndef TT_EXT_LAPACK_BIDIAGONAL_H
#define TT_EXT_LAPACK_BIDIAGONAL_H

#include "base/memory.h"

/** Largest n + extra of tt_lasd0(): its workspace is counted in 32 bits. */
#define TT_LASD0_MAX 26700

/**
 * B = U diag(d) Vt for an upper bidiagonal B [n, n + extra], extra 0 or 1, by ?lasd0. Local.
 *
 * @param[in,out] d   [n] diagonal; becomes the singular values, in no order; about 1, none smaller than 1e-16
 * @param[in,out] e   [n + extra - 1] above it; destroyed
 * @param[out]    u   [n, n] without gaps
 * @param[out]    vt  [n + extra, n + extra] without gaps; with extra the last row is the null vector
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW, TARTAN_ERR_NUMERIC
 */
tartan_status tt_lasd0(tt_memory *mem, int64_t n, int extra, double *d, double *e, double *u, double *vt);

/**
 * Root i of 1 + rho sum of z[j]^2 / (d[j]^2 - x^2), by ?lasd4. Local.
 *
 * @param[in]  n            at least 2
 * @param[in]  d            [n] ascending, not negative
 * @param[in]  z            [n] of 2-norm 1
 * @param[out] delta, work  [n] d[j] - x and d[j] + x, each to full relative accuracy
 * @retval TARTAN_ERR_NUMERIC
 */
tartan_status tt_lasd4(int64_t n, int64_t i, const double *d, const double *z, double *delta, double rho, double *work);

/**
 * Singular values of a square upper bidiagonal matrix, descending, in d; e is destroyed. Local.
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_NUMERIC
 */
tartan_status tt_bidiagonal_values_local(tt_memory *mem, int64_t n, double *d, double *e);

#endif
