/**
 * @file signs.h
 * The rule that fixes the signs of singular and eigenvectors.
 */
#ifndef TT_FACTOR_SIGNS_H
#define TT_FACTOR_SIGNS_H

#include "matrix/matrix.h"

/**
 * The sign of each column of V: +1 or -1 such that, times it, the entry of lowest index with
 * |v| >= (1 - 1e-6) max|v| is positive. Collective.
 *
 * @param[in]  rows  true: the rows of V are the vectors
 * @param[out] sign  one for each vector, on every rank
 */
tartan_status tt_signs_of(const tartan_matrix *V, bool rows, double *sign);

/** Multiplies the columns (or rows) of A by signs. Local. */
void tt_signs_apply(tartan_matrix *A, bool rows, const double *sign);

#endif
