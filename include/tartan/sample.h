/**
 * @file sample.h
 * Random matrices that are more than independent numbers: multivariate normal samples and random orthogonal matrices. The
 * same on any number of ranks.
 */
#ifndef TARTAN_SAMPLE_H
#define TARTAN_SAMPLE_H

#include <tartan/factor.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Samples of the normal distribution N(mean, Sigma): each row of X is mean + z L' with Sigma = L L' and independent
 * standard normal z, the same numbers as tartan_matrix_fill_normal() with that seed.
 *
 * Collective. L is the Cholesky factor; of a singular covariance the symmetric square root, from eigenvalues. Up to n =
 * TARTAN_EIGH_ONE_RANK the bits do not depend on the number of ranks, and fewer samples are the first of more; beyond it
 * samples agree to rounding. Each rank takes memory for L up to there.
 *
 * @param[in]  Sigma  [n, n]; only the lower triangle is read
 * @param[in]  mean   [n], the same on every rank; NULL: zeros
 * @param[in]  count  rows of X, 0 or more
 * @param[out] X      [count, n], of Sigma's type
 * @param[out] info   method: "Cholesky" or "eigenvalues"; may be NULL
 *
 * @retval TARTAN_ERR_SHAPE    Sigma is not square, count is negative
 * @retval TARTAN_ERR_NUMERIC  Sigma has an eigenvalue below -n eps |Sigma|: the message says how large
 * @retval TARTAN_ERR_INPUT    Inf or NaN in Sigma or mean
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_sample_normal(const tartan_matrix *Sigma, const double *mean,
                                                              int64_t count, uint64_t seed, tartan_matrix **X,
                                                              tartan_factor_info *info);

/**
 * A random matrix with orthonormal columns (m >= n) or rows (m < n), uniform in the sense of Haar's measure: the Q of a
 * Gaussian matrix whose R has a positive diagonal.
 *
 * Collective. Up to min(m, n) = TARTAN_EIGH_ONE_RANK by TSQR, with the same bits on any number of ranks; with fewer than
 * four rows for each column one rank does that work, 14/3 n^3 flops for a square matrix. Beyond, by the planned tartan_qr()
 * over all ranks, the same to rounding.
 *
 * @param[out] Q  [m, n]
 *
 * Source: Stewart 1980; Mezzadri 2007.
 *
 * @retval TARTAN_ERR_SHAPE  m or n is negative
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_random_orthogonal(tartan_grid *grid, tartan_dtype dtype, int64_t m,
                                                                  int64_t n, uint64_t seed, tartan_matrix **Q);

#ifdef __cplusplus
}
#endif
#endif
