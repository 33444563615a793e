/**
 * @file condition.h
 * The 1-norm of the inverse of a factored matrix, estimated.
 */
#ifndef TT_FACTOR_CONDITION_H
#define TT_FACTOR_CONDITION_H

#include "factor/solve_impl.h"

/** *norm := a lower bound of |(scale A)^-1|_1, mostly within a factor of 3. Collective. n > 0, no zero pivot. */
tartan_status tt_inverse_norm(const tt_factored *f, double *norm);

#endif
