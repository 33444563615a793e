/**
 * @file factor.h
 * Factorizations of distributed matrices. Inputs are not changed; results are created in a layout of the call's choice.
 */
#ifndef TARTAN_FACTOR_H
#define TARTAN_FACTOR_H

#include <tartan/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Largest symmetric eigenproblem that is solved on one rank: for it the bits do not depend on the rank count. */
#define TARTAN_EIGH_ONE_RANK 2000

/**
 * A V = V diag(w): eigenvalues in descending order and orthonormal eigenvectors of a symmetric matrix.
 *
 * Collective. Up to n = TARTAN_EIGH_ONE_RANK by LAPACK's ?syevd on one rank with one thread, the result broadcast;
 * beyond by ScaLAPACK's p?syevd. Signs: in each vector the entry of lowest index with |v| >= (1 - 1e-6) max|v| is
 * positive.
 *
 * @param[in]  A  [n, n]; only the lower triangle is read
 * @param[out] w  [n], on every rank
 * @param[out] V  [n, n]; NULL: values only
 *
 * Source: Cuppen 1981 (divide and conquer), as in LAPACK and ScaLAPACK.
 *
 * @retval TARTAN_ERR_SHAPE     A is not square
 * @retval TARTAN_ERR_INPUT     A has Inf or NaN
 * @retval TARTAN_ERR_NOMEM     workspace beyond the budget
 * @retval TARTAN_ERR_OVERFLOW  a local size beyond ScaLAPACK's 32 bits; the message says how many ranks would do
 * @retval TARTAN_ERR_NUMERIC   no convergence
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_eigh(const tartan_matrix *A, double *w, tartan_matrix **V);

/**
 * A = Q R with r = min(m, n): Q [m, r] has orthonormal columns, R [r, n] is upper triangular with a diagonal >= 0.
 *
 * Collective. ScaLAPACK's p?geqrf and p?orgqr (Householder).
 *
 * @param[out] Q  [m, r]; NULL: R only
 * @param[out] R  [r, n], zero below the diagonal
 *
 * Errors as tartan_eigh() without TARTAN_ERR_SHAPE and TARTAN_ERR_NUMERIC.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_qr(const tartan_matrix *A, tartan_matrix **Q, tartan_matrix **R);

/**
 * A = U diag(s) Vt with r = min(m, n): s in descending order, U [m, r], Vt [r, n].
 *
 * Collective. Tall and wide matrices go through QR first; small ones (min(m, n) <= TARTAN_EIGH_ONE_RANK after it) are
 * solved on one rank by LAPACK's ?gesdd, larger ones by ScaLAPACK's p?gesvd. Signs follow V as in tartan_eigh().
 *
 * @param[out] s      [min(m, n)], on every rank
 * @param[out] U, Vt  may be NULL
 *
 * Errors as tartan_eigh() without TARTAN_ERR_SHAPE.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_svd(const tartan_matrix *A, double *s, tartan_matrix **U,
                                                    tartan_matrix **Vt);

#ifdef __cplusplus
}
#endif
#endif
