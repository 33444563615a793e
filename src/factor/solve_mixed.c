/*
 * A system factored in f32 and refined in f64 (Langou et al. 2006): half the words and twice the speed of the
 * factorization. Residuals are brought to about 1 before they are rounded, column by column and by powers of two, so
 * nothing leaves the range of f32. Where the residuals stop to halve, the caller falls back to f64.
 */
#include <tartan/elementwise.h>

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/util.h"
#include "factor/solve_system.h"

/* 1 / condition from which on a factorization in f32 has no correct digit. */
#define F32_ROUNDOFF 0x1p-24

/* The f32 factors and their condition; *usable: worth a try. Collective. */
static tartan_status factor(tt_system *s, bool *usable)
{
  const bool    cholesky = s->opts.assume == TARTAN_ASSUME_POSITIVE;
  tartan_status st = TARTAN_OK;

  *usable = false;
  TRY(tt_factored_make(s->A, TARTAN_F32, cholesky, s->largest, &s->f));
  if (s->f.failed) {
    snprintf(s->reason, sizeof s->reason, "f32 did not do: %s %lld failed; factored in f64",
             cholesky ? "minor" : "pivot", (long long)s->f.failed);
    goto done;
  }
  TRY(tt_factored_condition(&s->f, &s->condition));
  *usable = s->condition * F32_ROUNDOFF < 1;
  if (!*usable)
    snprintf(s->reason, sizeof s->reason, "f32 would not do: condition %.1e; factored in f64", s->condition);
done:
  return st;
}

/* X := X + A^-1 R by the f32 factors; R is lost. Collective. */
static tartan_status correct(tt_system *s)
{
  const double   scale = s->f.scale / s->scale;
  tartan_matrix *low = NULL;
  tartan_status  st = TARTAN_OK;

  for (int64_t j = 0; j < s->R->col.n; j++) {
    int exponent = 0;

    if (s->r[j] > 0) frexp(s->r[j], &exponent);
    s->factor[j] = ldexp(1, -(int)tt_max(-1000, tt_min(1000, exponent)));
  }
  tt_system_scale_columns(s->R, s->factor, 1);
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, s->R, TARTAN_F32, &s->f.layout, &low));
  TRY(tt_factored_solve(&s->f, s->opts.op, low));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, low, s->R));
  for (int64_t j = 0; j < s->R->col.n; j++) s->factor[j] = 1 / s->factor[j];
  tt_system_scale_columns(s->R, s->factor, scale);
  TRY(tartan_geadd(1, TARTAN_NO_TRANS, s->R, 1, s->X));
done:
  tartan_matrix_destroy(&low);
  return st;
}

tartan_status tt_system_mixed(tt_system *s, bool *solved)
{
  const int64_t most = s->opts.refine < 0 ? 30 : s->opts.refine;
  const double  gate = tt_system_gate(s);
  double        before = INFINITY;
  tartan_status st = TARTAN_OK;

  *solved = false;
  TRY(factor(s, solved));
  if (!*solved) goto done;
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, s->B, s->B->dtype, &s->f.layout, &s->X));
  tartan_matrix_set(s->X, 0, 0);
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, s->B, s->B->dtype, &s->f.layout, &s->R));
  for (int64_t j = 0; j < s->B->col.n; j++) s->r[j] = s->b[j];
  for (s->steps = 0;; s->steps++) {
    TRY(correct(s));
    TRY(tt_system_residual(s));
    if (s->residual <= gate || s->steps == most || !(s->residual < before / 2)) break;
    before = s->residual;
  }
  *solved = s->residual <= gate;
  if (*solved)
    tt_factored_reason(&s->f, s->opts.assume, 0, s->reason, sizeof s->reason);
  else
    snprintf(s->reason, sizeof s->reason, "f32 did not do: residual %.1e after %lld step%s; factored in f64",
             s->residual, (long long)s->steps, TT_S(s->steps));
done:
  return st;
}
