/*
 * The front door of QR: checks, the first rung, and the way down. A tall matrix climbs down from CholeskyQR2 (two passes
 * of products and triangular systems, as fast as the BLAS) over shifted CholeskyQR3 to TSQR; each rung tests itself, so
 * that what it hands over is right whatever was estimated.
 */
#include <tartan/factor.h>
#include <tartan/norms.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/info.h"
#include "factor/qr_impl.h"
#include "kernel/dense.h"

/*
 * Rows per column from which the ladder is used. Triangles of more than SMALL columns are too much work for one rank unless
 * every rank has as many rows for each column.
 */
#define TALL 4
#define SMALL 512

/*
 * Exponents of 2 that the largest element may have before the matrix is scaled, since sums of squares must stay in range;
 * and the largest scale that the type holds.
 */
#define EXPONENT_F32 40
#define EXPONENT_F64 300
#define SCALE_F32 120
#define SCALE_F64 1000

/* The power of two that brings the largest element of A near 1, where it is far from it. Collective. */
static tartan_status find_scale(const tartan_matrix *A, double *scale)
{
  const bool    narrow = A->dtype == TARTAN_F32;
  const int     free_range = narrow ? EXPONENT_F32 : EXPONENT_F64, most = narrow ? SCALE_F32 : SCALE_F64;
  double        largest = 0;
  int           e = 0;
  tartan_status st = TARTAN_OK;

  TRY(tartan_norm(TARTAN_NORM_MAX, A, &largest));
  if (largest > 0) (void)frexp(largest, &e);
  *scale = e > free_range || e < -free_range ? ldexp(1, (int)tt_min(most, tt_max(-most, -e))) : 1;
done:
  return st;
}

/* Gives R the size of A again. Local. */
static void scale_back(tt_qr *x)
{
  if (x->scale != 1 && x->R) tt_scale_local(x->R->dtype, 1 / x->scale, x->R->data, x->R->ld, x->R->mloc, x->R->nloc);
}

/* What is tried first, and why. Local. */
static tartan_qr_method first_rung(const tt_qr *x, tartan_qr_method asked, char *why)
{
  const int64_t m = x->A->row.n, n = x->A->col.n;
  const bool    tall = m / TALL >= n, shared = n <= SMALL || m / TALL / x->A->grid->size >= n;

  if (asked != TARTAN_QR_PLANNED && (m >= n || asked == TARTAN_QR_HOUSEHOLDER)) {
    snprintf(why, TT_QR_REASON, "asked for");
    return asked;
  }
  if (asked != TARTAN_QR_PLANNED)
    snprintf(why, TT_QR_REASON, "the rungs of the ladder need at least as many rows as columns");
  else if (!tall)
    snprintf(why, TT_QR_REASON, "fewer than %d rows for each column", TALL);
  else if (!shared)
    snprintf(why, TT_QR_REASON, "more than %d columns, and fewer than %d rows of a rank for each", SMALL, TALL);
  else
    snprintf(why, TT_QR_REASON, "tall");
  return asked == TARTAN_QR_PLANNED && tall && shared ? TARTAN_QR_CHOLESKY2 : TARTAN_QR_HOUSEHOLDER;
}

/* From the first rung down to one that can do it. Collective. */
static tartan_status descend(tt_qr *x, tartan_qr_method asked)
{
  const tartan_qr_method first = first_rung(x, asked, x->reason);
  bool                   done = false;
  tartan_status          st = TARTAN_OK;

  if (first == TARTAN_QR_HOUSEHOLDER) {
    TRY(tt_qr_householder(x));
    goto done;
  }
  x->one_pass = asked == TARTAN_QR_PLANNED && x->A->dtype == TARTAN_F32;
  if (first != TARTAN_QR_TSQR) TRY(tt_qr_cholesky(x, first == TARTAN_QR_CHOLESKY3, &done));
  if (!done) TRY(tt_qr_tsqr(x));
done:
  return st;
}

/* Factors without entries. Collective. */
static tartan_status empty(tt_qr *x)
{
  tartan_status st = TARTAN_OK;

  snprintf(x->method, sizeof x->method, "none");
  snprintf(x->reason, sizeof x->reason, "nothing to factor");
  TRY(tartan_matrix_create(x->A->grid, x->A->dtype, 0, x->A->col.n, NULL, &x->R));
  if (x->want_q) TRY(tartan_matrix_create(x->A->grid, x->A->dtype, x->A->row.n, 0, NULL, &x->Q));
done:
  return st;
}

/* Tells what was done. Local. */
static void report(const tt_qr *x, double since, tartan_factor_info *info)
{
  if (!info) return;
  tt_factor_tell(info, x->method, x->reason, x->want_q ? tt_min(x->A->row.n, x->A->col.n) : 0, tt_seconds() - since);
  info->condition = x->condition;
  info->rank = x->rank;
}

/* Gives the factors to the caller, or back after a failure. Local. */
static void hand_over(tartan_status st, tt_qr *x, tartan_matrix **Q, tartan_matrix **R)
{
  if (st == TARTAN_OK) {
    *R = x->R;
    if (Q) *Q = x->Q;
    return;
  }
  tartan_matrix_destroy(&x->R);
  tartan_matrix_destroy(&x->Q);
}

tartan_status tartan_qr(const tartan_matrix *A, const tartan_qr_opts *opts, tartan_matrix **Q, tartan_matrix **R,
                        tartan_factor_info *info)
{
  const double   since = tt_seconds();
  tartan_qr_opts o = TARTAN_QR_OPTS_INIT;
  tt_qr          x = {.A = A, .want_q = Q != NULL, .scale = 1, .condition = (double)NAN, .rank = -1};
  tartan_status  st = TARTAN_OK;

  if (Q) *Q = NULL;
  *R = NULL;
  if (opts) memcpy(&o, opts, opts->size < sizeof o ? opts->size : sizeof o);
  REQUIRE((int)o.method >= TARTAN_QR_PLANNED && o.method <= TARTAN_QR_HOUSEHOLDER, TARTAN_ERR_ARG,
          "there is no QR method %d", (int)o.method);
  TRY(tt_matrix_require_finite(A, "the matrix of a QR factorization"));
  if (A->row.n == 0 || A->col.n == 0) {
    TRY(empty(&x));
  } else {
    TRY(find_scale(A, &x.scale));
    TRY(descend(&x, o.method));
    scale_back(&x);
  }
  report(&x, since, info);
done:
  hand_over(st, &x, Q, R);
  return st;
}

tartan_status tartan_qr_pivoted(const tartan_matrix *A, tartan_matrix **Q, tartan_matrix **R, int64_t *perm,
                                tartan_factor_info *info)
{
  const double  since = tt_seconds();
  tt_qr         x = {.A = A, .want_q = Q != NULL, .scale = 1, .condition = (double)NAN, .rank = -1};
  tartan_status st = TARTAN_OK;

  if (Q) *Q = NULL;
  *R = NULL;
  TRY(tt_matrix_require_finite(A, "the matrix of a QR factorization"));
  if (A->row.n == 0 || A->col.n == 0) {
    for (int64_t j = 0; j < A->col.n; j++) perm[j] = j;
    x.rank = 0;
    TRY(empty(&x));
  } else {
    TRY(find_scale(A, &x.scale));
    TRY(tt_qr_pivoted(&x, perm));
    scale_back(&x);
  }
  report(&x, since, info);
done:
  hand_over(st, &x, Q, R);
  return st;
}
