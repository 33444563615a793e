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

#endif
