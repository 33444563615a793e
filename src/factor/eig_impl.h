/**
 * @file eig_impl.h
 * A general eigenproblem: tartan_eig() in eig.c; values over the ranks in eig_spread.c; order and vectors in eig_order.c.
 */
#ifndef TT_FACTOR_EIG_IMPL_H
#define TT_FACTOR_EIG_IMPL_H

#include <tartan/factor.h>

#include "matrix/matrix.h"

/** Largest problem whose values are found on one rank, for then that is no slower and the bits depend on no rank count. */
#define TT_EIG_VALUES_ONE_RANK 1000

/** One real value, or a conjugate pair by the one with the positive imaginary part; and where the solver had it. */
typedef struct tt_eig_unit {
  double  size, re, im;
  int64_t source;
} tt_eig_unit;

/**
 * Values in the order of tartan_eig(): descending absolute value, then real part, then imaginary part. Local.
 *
 * @param[in,out] re, im  [n]; each pair must be exact, wherever its two values stand
 * @param[out]    unit    [n] room; unit[j].source is the old place of the j-th value, of a pair's both values that of the
 *                        positive one
 * @retval TARTAN_ERR_NUMERIC  a value without its conjugate
 */
tartan_status tt_eig_order(int64_t n, double *re, double *im, tt_eig_unit *unit);

/**
 * Complex vectors from ?geev's columns, in order, of norm 1, the largest component real and positive. Local.
 *
 * @param[in]  unit    from tt_eig_order()
 * @param[in]  im      [n] the ordered imaginary parts
 * @param[in]  v       [n, n] ?geev's
 * @param[out] v_re, v_im  [n, n]
 */
void tt_eig_vectors(tartan_dtype dtype, int64_t n, const tt_eig_unit *unit, const double *im, const void *v, void *v_re,
                    void *v_im);

/** All values, in the solver's order, reduced over the ranks of the grid; the same on every rank. Collective. */
tartan_status tt_eig_spread(const tartan_matrix *A, double scale, double *re, double *im);

#endif
