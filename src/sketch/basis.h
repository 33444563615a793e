/**
 * @file basis.h
 * Orthonormal bases of a few columns, grown block by block, and the small problems that come with them.
 *
 * A basis is a matrix of f64 in one column of ranks, one slab of rows each, so that everything about it is a local product
 * and a sum over the ranks. Coefficients are small, column-major and on every rank. Source of the growth: block classical
 * Gram-Schmidt done twice (Barlow, Smoktunowicz 2013), each time with a QR of the block.
 */
#ifndef TT_SKETCH_BASIS_H
#define TT_SKETCH_BASIS_H

#include "matrix/matrix.h"

/** Room for `capacity` columns of `rows` entries, zero. Collective. Errors as tartan_matrix_create(). */
tartan_status tt_basis_create(tartan_grid *grid, int64_t rows, int64_t capacity, tartan_matrix **Q);

/** H [d, w] := Q(:, 0 .. d - 1)' X(:, 0 .. w - 1), with leading dimension ld. Collective. */
tartan_status tt_basis_project(const tartan_matrix *Q, int64_t d, const tartan_matrix *X, int64_t w, double *H,
                               int64_t ld);

/**
 * Q(:, d .. d + w - 1) := orthonormal columns, orthogonal to those before, that together span X where X leads out of
 * them. Collective.
 *
 * Where it does not (dependent columns, zeros, an exhausted Krylov space) the new columns are random: noise of the size of
 * rounding errors is mixed into X, so that there is always a direction to go on.
 *
 * @param[in] X     [rows, at least w], a slab as Q
 * @param[in] seed  of the noise; another one for each call
 * @param[in] what  for the message: "A X of the iteration"
 * @retval TARTAN_ERR_INPUT  X has Inf or NaN
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_basis_extend(tartan_matrix *Q, int64_t d, const tartan_matrix *X, int64_t w, uint64_t seed,
                              const char *what);

/** Q(:, 0 .. l - 1) := Q(:, 0 .. d - 1) P, P [d, l] with leading dimension ld. Collective (memory). */
tartan_status tt_basis_rotate(tartan_matrix *Q, int64_t d, const double *P, int64_t ld, int64_t l);

/** Lengths of the first w columns of X, without overflow, on every rank. Collective. Errors as tt_basis_extend(). */
tartan_status tt_basis_lengths(const tartan_matrix *X, int64_t w, double *length, const char *what);

/** Columns from .. from + k - 1 as a matrix of their own. Collective. */
tartan_status tt_basis_take(const tartan_matrix *Q, int64_t from, int64_t k, tartan_matrix **result);

/** Q(:, to .. to + w - 1) := Q(:, from ...), to <= from. Local. */
void tt_basis_move(tartan_matrix *Q, int64_t from, int64_t to, int64_t w);

/**
 * The singular value decomposition of a small square matrix that every rank has, B = P diag(s) Zt. Collective.
 *
 * @param[in]  B  [d, d] with leading dimension ld; rank 0's counts
 * @param[out] P, Zt  [d, d], on every rank
 * Errors as tartan_svd().
 */
tartan_status tt_small_svd(tartan_grid *grid, int64_t d, const double *B, int64_t ld, double *P, double *s, double *Zt);

/** The signs of pairs of columns (U may be NULL) by the rule for V. Collective. */
tartan_status tt_basis_fix_signs(tartan_matrix *U, tartan_matrix *V);

#endif
