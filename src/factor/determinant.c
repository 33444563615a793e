/*
 * Determinants from the diagonal of a factor, multiplied in order as fraction and exponent: no product leaves the range,
 * and of small integers it is exact.
 */
#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/info.h"
#include "factor/solve_impl.h"

/* fraction 2^exponent, 0.5 <= |fraction| < 1, or 0 and 0. */
typedef struct product {
  double  fraction;
  int64_t exponent;
} product;

/* The determinant from the factors. Collective. */
static tartan_status from_factors(const tt_factored *f, product *p)
{
  double       *diagonal = NULL;
  bool          odd = false;
  int           e, scale;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *p = (product){1, 0};
  diagonal = tt_alloc(&f->F->grid->memory, f->n, sizeof *diagonal, "the diagonal of a factor", &local);
  AGREE(f->F->grid, local);
  TRY(tt_factored_diagonal(f, diagonal));
  if (!f->cholesky) TRY(tt_factored_perm(f, NULL, &odd));
  for (int64_t i = 0; i < f->n; i++)
    for (int twice = 0; twice <= f->cholesky; twice++) {
      const double fraction = p->fraction * frexp(diagonal[i], &e);
      int          more;

      p->fraction = frexp(fraction, &more);
      p->exponent += (int64_t)e + more;
    }
  frexp(f->scale, &scale);
  p->exponent -= f->n * (scale - 1);
  if (odd) p->fraction = -p->fraction;
done:
  tt_free(diagonal);
  return st;
}

static tartan_status determinant(const tartan_matrix *A, const tartan_solve_opts *opts, product *p,
                                 tartan_factor_info *info)
{
  const double        start = tt_seconds();
  const tartan_assume assume = opts ? opts->assume : TARTAN_ASSUME_GENERAL;
  tt_factored         f = {0};
  double              condition = NAN;
  int64_t             minor = 0;
  char                reason[160];
  tartan_status       st = TARTAN_OK;

  TRY(tt_solve_check(A, opts));
  TRY(tt_factored_start(A, assume, &f, &minor));
  if (info) TRY(tt_factored_condition(&f, &condition));
  TRY(from_factors(&f, p));
  tt_factored_reason(&f, assume, minor, reason, sizeof reason);
  tt_factor_tell(info, f.cholesky ? "Cholesky" : "LU", reason, f.n, tt_seconds() - start);
  if (info) info->condition = condition;
done:
  tt_factored_end(&f);
  return st;
}

tartan_status tartan_slogdet(const tartan_matrix *A, const tartan_solve_opts *opts, double *sign, double *logabs,
                             tartan_factor_info *info)
{
  product       p = {0, 0};
  tartan_status st = TARTAN_OK;

  *sign = *logabs = 0;
  TRY(determinant(A, opts, &p, info));
  *sign = p.fraction > 0 ? 1 : p.fraction < 0 ? -1 : 0;
  *logabs = p.fraction == 0 ? -(double)INFINITY : log(fabs(p.fraction)) + (double)p.exponent * log(2);
done:
  return st;
}

tartan_status tartan_det(const tartan_matrix *A, const tartan_solve_opts *opts, double *value, tartan_factor_info *info)
{
  product       p = {0, 0};
  tartan_status st = TARTAN_OK;

  *value = 0;
  TRY(determinant(A, opts, &p, info));
  *value = ldexp(p.fraction, (int)tt_max(-5000, tt_min(5000, p.exponent)));
done:
  return st;
}
