/**
 * @file lapack_eig.h
 * Eigenproblems of which a part is wanted, and general ones, by LAPACK on one rank; see lapack.h.
 */
#ifndef TT_EXT_LAPACK_EIG_H
#define TT_EXT_LAPACK_EIG_H

#include "base/memory.h"

/**
 * All eigenvalues of a symmetric matrix, and the eigenvectors of its tridiagonal form by divide and conquer. Local.
 *
 * @param[in,out] a    [n, n] column-major, lower triangle; becomes the reflectors for tt_ormtr()
 * @param[out]    w    [n] ascending, f64
 * @param[out]    z    [n, n]
 * @param[out]    tau  [n] of dtype
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW, TARTAN_ERR_NUMERIC
 */
tartan_status tt_sytrd_stedc(tt_memory *mem, tartan_dtype dtype, int64_t n, void *a, double *w, void *z, void *tau);

/** z [n, k] := eigenvectors of the matrix, from k of its tridiagonal form. Local. Errors as tt_sytrd_stedc(). */
tartan_status tt_ormtr(tt_memory *mem, tartan_dtype dtype, int64_t n, int64_t k, void *a, const void *tau, void *z);

/**
 * Eigenvalues and right eigenvectors of a general matrix, balanced first. Local.
 *
 * @param[in,out] a       [n, n] column-major; destroyed
 * @param[out]    wr, wi  [n] f64; conjugate pairs stand together, the positive imaginary part first
 * @param[out]    v       [n, n] of norm 1; of a pair the columns are real and imaginary part; NULL: values only
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW, TARTAN_ERR_NUMERIC
 */
tartan_status tt_geev(tt_memory *mem, tartan_dtype dtype, int64_t n, void *a, double *wr, double *wi, void *v);

/** Eigenvalues of an upper Hessenberg matrix h [n, n], which is destroyed; as tt_geev(). Local. */
tartan_status tt_hseqr(tt_memory *mem, tartan_dtype dtype, int64_t n, void *h, double *wr, double *wi);

#endif
