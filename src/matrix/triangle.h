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

#endif
