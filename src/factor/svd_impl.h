/**
 * @file svd_impl.h
 * The solvers behind tartan_svd(), for matrices with entries. All are collective.
 */
#ifndef TT_FACTOR_SVD_IMPL_H
#define TT_FACTOR_SVD_IMPL_H

#include <tartan/factor.h>

#include "matrix/matrix.h"

/**
 * By ?gesdd on one rank with one BLAS thread.
 *
 * @param[out] U, Vt  new matrices, the reduced factors or, if full, the square ones; both NULL: values only
 */
tartan_status tt_svd_one_rank(const tartan_matrix *A, bool full, tartan_matrix **U, double *s, tartan_matrix **Vt);

/** Through bidiagonal form; A [m, n] with m >= n, its largest element about 1. Otherwise as tt_svd_one_rank(). */
tartan_status tt_svd_bidiagonal(const tartan_matrix *A, bool full, tartan_matrix **U, double *s, tartan_matrix **Vt);

/** By ScaLAPACK's p?gesvd: reduced factors, always both. Otherwise as tt_svd_one_rank(). */
tartan_status tt_svd_scalapack(const tartan_matrix *A, tartan_matrix **U, double *s, tartan_matrix **Vt);

/** A solver for what is left of a tall matrix: one of the above. */
typedef tartan_status tt_svd_core(const tartan_matrix *A, tartan_matrix **U, double *s, tartan_matrix **Vt);

/** Through QR and a solver for R; A [m, n] with m >= n. */
tartan_status tt_svd_tall(const tartan_matrix *A, tt_svd_core *core, tartan_matrix **U, double *s, tartan_matrix **Vt);

#endif
