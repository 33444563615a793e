/*
 * The estimate of Hager 1984 with the safeguards of Higham 1988 (LAPACK's ?lacn2), by solutions with the factors.
 * ScaLAPACK's p?gecon is not used: that of 2.2 is too small by a factor of 100 for random matrices, p?pocon is right.
 */
#include "factor/condition.h"

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"

#define STEPS 5

/* A vector to start from: all 1 / n, a column of the identity, or one of alternating signs. */
typedef struct start {
  int64_t n, unit; /* unit >= 0: that column; -1: all alike; -2: alternating */
} start;

static double start_value(int64_t i, int64_t j, void *context)
{
  const start *s = context;

  (void)j;
  if (s->unit >= 0) return i == s->unit;
  if (s->unit == -1) return 1 / (double)s->n;
  return (i % 2 ? -1 : 1) * (1 + (double)i / (double)tt_max(1, s->n - 1));
}

/* The sum and the largest of |x|, and where that is first. Collective. */
static tartan_status measure(const tartan_matrix *x, double *sum, int64_t *where)
{
  double        most = -1, all = 0;
  int64_t       first = x->row.n;
  tartan_status st = TARTAN_OK;

  for (int64_t il = 0; x->nloc > 0 && il < x->mloc; il++) {
    const double v = fabs(tt_get_element(x->dtype, x->data, x->ld, il, 0));

    all += v;
    most = fmax(most, v);
  }
  TRY(tt_allreduce_f64(x->grid, &all, 1, TT_SUM));
  TRY(tt_allreduce_f64(x->grid, &most, 1, TT_MAX));
  for (int64_t il = x->mloc - 1; x->nloc > 0 && il >= 0; il--)
    if (fabs(tt_get_element(x->dtype, x->data, x->ld, il, 0)) >= most) first = tartan_matrix_global_row(x, il);
  TRY(tt_allreduce_i64(x->grid, &first, 1, TT_MIN));
  *sum = isnan(all) ? (double)INFINITY : all;
  *where = first;
done:
  return st;
}

/* x := its signs, zero counting as positive. Local. */
static void take_signs(tartan_matrix *x)
{
  for (int64_t il = 0; x->nloc > 0 && il < x->mloc; il++) {
    const double sign = tt_get_element(x->dtype, x->data, x->ld, il, 0) < 0 ? -1 : 1;

    tt_put_element(x->dtype, sign, x->data, x->ld, il, 0);
  }
}

tartan_status tt_inverse_norm(const tt_factored *f, double *norm)
{
  tartan_matrix *x = NULL;
  start          s = {f->n, -1};
  double         sum;
  int64_t        where, last = -1;
  tartan_status  st = TARTAN_OK;

  *norm = 0;
  TRY(tartan_matrix_create(f->F->grid, f->F->dtype, f->n, 1, &f->layout, &x));
  for (int step = 0; step < STEPS; step++) {
    tartan_matrix_fill(x, start_value, &s);
    TRY(tt_factored_solve(f, TARTAN_NO_TRANS, x));
    TRY(measure(x, &sum, &where));
    if (!(sum > *norm)) break;
    *norm = sum;
    take_signs(x);
    TRY(tt_factored_solve(f, TARTAN_TRANS, x));
    TRY(measure(x, &sum, &where));
    if (where == last || where >= f->n) break;
    s.unit = last = where;
  }
  s.unit = -2;
  tartan_matrix_fill(x, start_value, &s);
  TRY(tt_factored_solve(f, TARTAN_NO_TRANS, x));
  TRY(measure(x, &sum, &where));
  *norm = fmax(*norm, 2 * sum / (3 * (double)f->n));
done:
  tartan_matrix_destroy(&x);
  return st;
}
