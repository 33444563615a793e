/**
 * @file elementwise.h
 * Element by element: sums, products, scaling, triangles, diagonals, transposes; with rows and columns broadcast.
 *
 * Where an operand has one row or one column and the result has more, it is repeated, as in NumPy: with means from
 * norms.h, geadd(-1, TARTAN_NO_TRANS, mean, 1, X) centers X. Operands may have any layout and element type and be
 * views; sums and products are formed in f64 and rounded to the result's type. As in the BLAS, an operand whose factor
 * is 0 is not read: NaN in it does no harm.
 */
#ifndef TARTAN_ELEMENTWISE_H
#define TARTAN_ELEMENTWISE_H

#include <tartan/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * C := alpha op(A) + beta C. Collective.
 *
 * @param[in]     op, A  op(A) is [m, n], [1, n], [m, 1] or [1, 1]: one row or column is repeated; may be C or a view of
 *                       the same matrix, and is then read before it is changed
 * @param[in,out] C      [m, n]; not read if beta == 0
 *
 * Takes memory for a copy of op(A) where it lies in another layout and C is read; of a row or column that is repeated,
 * each rank takes what belongs to its part of C. An f64 A that goes to an f32 C with beta == 0 is rounded before it is
 * scaled, too.
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID  operands do not fit; C is unchanged
 * @retval TARTAN_ERR_NOMEM                   no workspace on some rank; C is unchanged
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_geadd(double alpha, tartan_op op, const tartan_matrix *A, double beta,
                                                      tartan_matrix *C);

/**
 * C := alpha op(A) .* C, element by element (Hadamard). Collective. Otherwise as tartan_geadd(): a row scales columns,
 * a column scales rows. With alpha == 0 zeros, whatever was there.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_hadamard(double alpha, tartan_op op, const tartan_matrix *A,
                                                         tartan_matrix *C);

/** A := alpha A, alpha rounded to the type of A; with alpha == 0 zeros, whatever was there. Local. */
TARTAN_API void tartan_scale(double alpha, tartan_matrix *A);

/**
 * B := A' as a new matrix. Collective.
 *
 * @param[in]  opts  layout of B; NULL: A's blocks with rows and columns exchanged, on the grid's arrangement, or blocks
 *                   of 64 where A has none
 * @param[out] B     [n, m] for A [m, n]; NULL after a failure
 *
 * Errors as tartan_matrix_copy().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_transpose(const tartan_matrix *A, const tartan_matrix_opts *opts,
                                                          tartan_matrix **B);

/**
 * Sets to zero what lies outside of a triangle. Local.
 *
 * @param[in] uplo  TARTAN_LOWER keeps j - i <= diagonal, TARTAN_UPPER keeps j - i >= diagonal (NumPy's tril, triu)
 */
TARTAN_API void tartan_tri(tartan_uplo uplo, int64_t diagonal, tartan_matrix *A);

/** The identity: ones where i == j, zeros elsewhere; A may be rectangular. Local. */
TARTAN_API void tartan_eye(tartan_matrix *A);

/**
 * d := the diagonal of A. Collective.
 *
 * @param[out] d  [min(m, n), 1], any layout and element type
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID, TARTAN_ERR_NOMEM  d is unchanged
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_diag_get(const tartan_matrix *A, tartan_matrix *d);

/** The diagonal of A := d; nothing else is touched. Otherwise as tartan_diag_get(). Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_diag_set(const tartan_matrix *d, tartan_matrix *A);

#ifdef __cplusplus
}
#endif
#endif
