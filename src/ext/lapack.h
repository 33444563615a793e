/**
 * @file lapack.h
 * LAPACK on one rank, workspace handled inside. Run with one BLAS thread: the bits of these depend on the thread count.
 */
#ifndef TT_EXT_LAPACK_H
#define TT_EXT_LAPACK_H

#include "base/memory.h"

/**
 * Eigenvalues (ascending, f64) and vectors of a symmetric matrix. Local.
 *
 * @param[in,out] a  [n, n] column-major, lower triangle; becomes the eigenvectors if vectors, else is destroyed
 * @param[out]    w  [n]
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW, TARTAN_ERR_NUMERIC
 */
tartan_status tt_syevd(tt_memory *mem, tartan_dtype dtype, int64_t n, void *a, double *w, bool vectors);

/**
 * Reduced SVD by divide and conquer, with r = min(m, n). Local.
 *
 * @param[in,out] a   [m, n] column-major with leading dimension max(1, m); destroyed
 * @param[out]    s   [r], descending, f64
 * @param[out]    u   [m, r]; not touched without vectors
 * @param[out]    vt  [r, n]; not touched without vectors
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW, TARTAN_ERR_NUMERIC
 */
tartan_status tt_gesdd(tt_memory *mem, tartan_dtype dtype, int64_t m, int64_t n, void *a, double *s, void *u, void *vt,
                       bool vectors);

/** The same with all vectors: u [m, m], vt [n, n]. Local. */
tartan_status tt_gesdd_full(tt_memory *mem, tartan_dtype dtype, int64_t m, int64_t n, void *a, double *s, void *u,
                            void *vt);

/**
 * Householder QR in place: R in the upper triangle, reflectors below. Local.
 *
 * @param[in,out] a    [m, n] with leading dimension ld >= max(1, m)
 * @param[out]    tau  [min(m, n)] of dtype
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW
 */
tartan_status tt_geqrf(tt_memory *mem, tartan_dtype dtype, int64_t m, int64_t n, void *a, int64_t ld, void *tau);

/** The first n columns of Q from k reflectors of tt_geqrf(), in place: a is [m, n], k <= n <= m. Local. */
tartan_status tt_orgqr(tt_memory *mem, tartan_dtype dtype, int64_t m, int64_t n, int64_t k, void *a, int64_t ld,
                       const void *tau);

/**
 * Cholesky factor of a symmetric positive definite matrix, in place, in one triangle. Local.
 *
 * @param[in,out] a  [n, n], n below 2^31
 * @return 0, or the order of the first leading minor that is not positive definite (the factorization then stopped)
 */
int64_t tt_potrf(tartan_dtype dtype, tartan_uplo uplo, int64_t n, void *a, int64_t ld);

#endif
