/**
 * @file symmetric.h
 * A symmetric matrix given by its lower triangle, in any layout: what can be done without the other one.
 */
#ifndef TT_FACTOR_SYMMETRIC_H
#define TT_FACTOR_SYMMETRIC_H

#include "matrix/matrix.h"

/** |A|_1, which is |A|_inf; NaN or Inf if an element of the triangle is. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_symmetric_norm(const tartan_matrix *A, double *norm);

/** R := R - A X, formed in f64 by all ranks, which hold X and A X as f64. X and R [n, k], of one type. Collective. */
tartan_status tt_symmetric_subtract(const tartan_matrix *A, const tartan_matrix *X, tartan_matrix *R);

#endif
