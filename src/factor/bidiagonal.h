/**
 * @file bidiagonal.h
 * The three steps of a large singular value decomposition: to bidiagonal form, the singular vectors of that, and back.
 *
 * All of it works in f64 on matrices whose columns are dealt to all ranks in blocks (tt_bidiagonal_layout()): then the
 * product of a row vector with the matrix needs no sum over ranks.
 */
#ifndef TT_FACTOR_BIDIAGONAL_H
#define TT_FACTOR_BIDIAGONAL_H

#include "matrix/matrix.h"

/** B = Q'A P is upper bidiagonal, A [m, n], m >= n; on every rank. */
typedef struct tt_bidiagonal {
  int64_t n;
  double *d, *e;       /**< [n] diagonal, [n - 1] above it */
  double *tauq, *taup; /**< [n] scalar factors of the reflectors */
} tt_bidiagonal;

/** Columns in blocks on all ranks, every row on each. Local. */
tartan_matrix_opts tt_bidiagonal_layout(const tartan_grid *grid);

/** Room for a form of order n. Local. TARTAN_ERR_NOMEM. */
tartan_status tt_bidiagonal_make(tartan_grid *grid, int64_t n, tt_bidiagonal *b);
void          tt_bidiagonal_free(tt_bidiagonal *b);

/**
 * Reduces F in place. Collective.
 *
 * @param[in,out] F  [m, n], m >= n > 0, f64, in tt_bidiagonal_layout(); becomes the reflectors: those of Q below the
 *                   diagonal, those of P to the right of the first superdiagonal, leading ones not stored
 */
tartan_status tt_bidiagonal_reduce(tartan_matrix *F, tt_bidiagonal *b);

/**
 * C := H_0 H_1 ... H_(count - 1) C, where reflector j stands in column j of F: 1 in row j + first, below it what F holds.
 * Collective.
 *
 * @param[in]     F  [m, any], f64, in tt_bidiagonal_layout()
 * @param[in,out] C  [m, any], f64, in tt_bidiagonal_layout()
 */
tartan_status tt_bidiagonal_apply(const tartan_matrix *F, int64_t first, int64_t count, const double *tau,
                                  tartan_matrix *C);

/**
 * B = U diag(s) V' by divide and conquer over the ranks. Collective.
 *
 * @param[in,out] b     d and e are destroyed
 * @param[out]    s     [n] descending, on every rank
 * @param[out]    U, V  [n, n], f64, in slabs of rows
 * @retval TARTAN_ERR_NUMERIC  no convergence
 */
tartan_status tt_bidiagonal_solve(tartan_grid *grid, tt_bidiagonal *b, double *s, tartan_matrix **U, tartan_matrix **V);

/** The singular values alone. Collective. */
tartan_status tt_bidiagonal_values(tartan_grid *grid, tt_bidiagonal *b, double *s);

#endif
