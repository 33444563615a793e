/**
 * @file triangle.h
 * A symmetric matrix from one triangle.
 */
#ifndef TT_MATRIX_TRIANGLE_H
#define TT_MATRIX_TRIANGLE_H

#include "matrix/matrix.h"

/**
 * The other triangle of A [n, n] := the transpose of triangle uplo; nothing of it is read. Collective.
 *
 * @retval TARTAN_ERR_NOMEM  no room for a transpose beside A; A is unchanged
 */
tartan_status tt_matrix_mirror(tartan_uplo uplo, tartan_matrix *A);

/**
 * Bytes of a rank while an f64 matrix [n, n] in square blocks on the grid's arrangement is mirrored, at most: the matrix,
 * its transpose, and the pieces on their way. Less than those pieces would take is enough. Local, the same on every rank.
 */
double tt_matrix_mirror_bytes(const tartan_grid *grid, int64_t n, int64_t block);

#endif
