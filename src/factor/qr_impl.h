/**
 * @file qr_impl.h
 * The rungs of the QR ladder behind tartan_qr(): each takes the job and leaves Q and R in it, or says why it cannot.
 *
 * All functions that return a status are collective. The diagonal of R is not negative after each of them.
 */
#ifndef TT_FACTOR_QR_IMPL_H
#define TT_FACTOR_QR_IMPL_H

#include <tartan/factor.h>

#include "matrix/matrix.h"

/** Longest reason, as tartan_factor_info has it. */
#define TT_QR_REASON 160

typedef struct tt_qr {
  const tartan_matrix *A; /**< [m, n], neither of them 0 */
  bool                 want_q;
  bool   one_pass; /**< CholeskyQR may end after one pass: f32 data, reckoned in f64, and nobody asked for two */
  double scale;    /**< a power of two: it is scale A that is factored, so that squares neither over- nor underflow */
  tartan_matrix *Q, *R;     /**< results: R that of scale A */
  double         condition; /**< of R where it was found, else NaN */
  int64_t        rank;      /**< numerical rank where it was found, else -1 */
  char           method[32], reason[TT_QR_REASON];
} tt_qr;

/**
 * CholeskyQR2, or shifted CholeskyQR3 where that is asked for or one Gram matrix is found not to be enough.
 *
 * @param[in]  shifted  begin with the shift
 * @param[out] done     false: the matrix is beyond both rungs, Q and R are NULL, x->reason says why
 */
tartan_status tt_qr_cholesky(tt_qr *x, bool shifted, bool *done);

/** TSQR, for m >= n. */
tartan_status tt_qr_tsqr(tt_qr *x);

/** p?geqrf and p?orgqr. */
tartan_status tt_qr_householder(tt_qr *x);

/** p?geqpf and p?orgqr. @param[out] perm  [n] on every rank; finds x->rank */
tartan_status tt_qr_pivoted(tt_qr *x, int64_t *perm);

/** One column of all ranks in blocks of so many rows: its options, and the layout of op(A)'s shape. Local. */
tartan_matrix_opts tt_qr_rows(const tartan_matrix *A, int64_t block);
tt_layout          tt_qr_layout(const tartan_matrix *A, const tartan_matrix_opts *opts);

/** x->R := the triangle [n, n] that rank 0 holds, zeros below the diagonal. */
tartan_status tt_qr_put_r(tt_qr *x, const void *r);

/** Words that travel, in place: the upper triangle of r [n, n] without gaps, and back with zeros below. Local. */
void tt_qr_pack(tartan_dtype dtype, int64_t n, void *r);
void tt_qr_unpack(tartan_dtype dtype, int64_t n, void *r);

/**
 * Condition in the 2-norm of an upper triangular matrix, zero below the diagonal: a lower bound that is seldom off by
 * more than a few per cent; infinite for a singular one. Local.
 *
 * @param[in] work  [2 n] of dtype
 */
double tt_qr_condition(tartan_dtype dtype, int64_t n, const void *r, void *work);

#endif
