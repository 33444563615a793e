/**
 * @file qr_householder.h
 * A matrix that ScaLAPACK turns into reflectors: what the plain and the pivoted factorization share.
 */
#ifndef TT_FACTOR_QR_HOUSEHOLDER_H
#define TT_FACTOR_QR_HOUSEHOLDER_H

#include "blas/pblas.h"
#include "factor/qr_impl.h"

typedef struct tt_reflectors {
  tartan_matrix *F;       /**< scale A, then R above and reflectors below */
  tt_operand     operand; /**< F for ScaLAPACK */
  void          *tau;     /**< [nloc + 1] */
  double        *sign;    /**< [r] */
  int64_t        r;       /**< min(m, n) */
} tt_reflectors;

/** A copy to be factored, and its room. Collective; give it to tt_reflectors_end(), after a failure too. */
tartan_status tt_reflectors_make(const tt_qr *x, tt_reflectors *f);
void          tt_reflectors_end(tt_reflectors *f);

/** R and, if it is wanted, Q from the reflectors. Collective. */
tartan_status tt_reflectors_factors(tt_qr *x, tt_reflectors *f);

#endif
