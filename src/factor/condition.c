/*
 * The 1-norm of an inverse from its factors, by Hager's ascent in the form of Higham 1988 (Higham 2002, algorithm 15.4): a
 * lower bound, nearly always within a factor of 3. It starts from two vectors at once, the mean of all columns and the
 * alternating one that Higham adds at the end, and goes on from the better. ScaLAPACK's p?gecon and p?pocon are not used:
 * they are off by 12 already for 2 x 2 matrices of condition 1e8.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"

#define ROUNDS 2 /* of unit vectors */

/* The search; vectors are on every rank. */
typedef struct search {
  const tt_factored *f;
  int64_t            n;
  tartan_matrix     *both, *first; /* [n, 2] and its first column */
  double            *x;            /* [n, 2] */
  int64_t            used;         /* the last unit vector, -1: none */
} search;

/* x := op(A)^-1 x of as many columns as X has. Collective. */
static tartan_status apply(search *s, tartan_op op, tartan_matrix *X)
{
  const int64_t count = X->col.n * s->n;
  tartan_status st = TARTAN_OK;

  if (tt_factored_in_row(s->f)) return tt_row_solve(s->f, op, X->col.n, s->x);
  for (int64_t jl = 0; jl < X->nloc; jl++)
    for (int64_t il = 0; il < X->mloc; il++)
      tt_put_element(X->dtype, s->x[tartan_matrix_global_row(X, il) + s->n * tartan_matrix_global_col(X, jl)], X->data,
                     X->ld, il, jl);
  TRY(tt_factored_solve(s->f, op, X));
  for (int64_t i = 0; i < count; i++) s->x[i] = 0;
  for (int64_t jl = 0; jl < X->nloc; jl++)
    for (int64_t il = 0; il < X->mloc; il++)
      s->x[tartan_matrix_global_row(X, il) + s->n * tartan_matrix_global_col(X, jl)] = tt_get_element(X->dtype, X->data,
                                                                                                      X->ld, il, jl);
  TRY(tt_allreduce_f64(X->grid, s->x, count, TT_SUM));
done:
  return st;
}

/* The 1-norm of n numbers, Inf if one is NaN. Local. */
static double sum_of(int64_t n, const double *x)
{
  double sum = 0;

  for (int64_t i = 0; i < n; i++) sum += fabs(x[i]);
  return isfinite(sum) ? sum : (double)INFINITY;
}

/* Both starting vectors, of 1-norm 1. Local. */
static void start(search *s)
{
  const double n = (double)s->n;
  double       sum = 0;

  for (int64_t i = 0; i < s->n; i++) sum += 1 + (double)i / n;
  for (int64_t i = 0; i < s->n; i++) {
    s->x[i] = 1 / n;
    s->x[i + s->n] = (i % 2 ? -1 : 1) * (1 + (double)i / n) / sum;
  }
}

/* The better of the two columns becomes the first; its norm. Local. */
static double better(search *s)
{
  const double a = sum_of(s->n, s->x), b = sum_of(s->n, s->x + s->n);

  if (b > a)
    for (int64_t i = 0; i < s->n; i++) s->x[i] = s->x[i + s->n];
  return fmax(a, b);
}

/* The unit vector where the gradient is largest; false if that is where we are. Local. */
static bool choose(search *s)
{
  int64_t best = 0;

  for (int64_t i = 1; i < s->n; i++)
    if (fabs(s->x[i]) > fabs(s->x[best])) best = i;
  for (int64_t i = 0; i < s->n; i++) s->x[i] = i == best;
  if (best == s->used) return false;
  s->used = best;
  return true;
}

/* |(scale A)^-1|_1. Collective. */
static tartan_status estimate(search *s, double *norm)
{
  double        sum = 0;
  tartan_status st = TARTAN_OK;

  start(s);
  TRY(apply(s, TARTAN_NO_TRANS, s->both));
  *norm = better(s);
  for (int round = 0; round < ROUNDS && isfinite(*norm); round++) {
    for (int64_t i = 0; i < s->n; i++) s->x[i] = s->x[i] < 0 ? -1 : 1;
    TRY(apply(s, TARTAN_TRANS, s->first));
    if (!choose(s)) break;
    TRY(apply(s, TARTAN_NO_TRANS, s->first));
    sum = sum_of(s->n, s->x);
    if (round > 0 && !(sum > *norm)) break;
    *norm = fmax(*norm, sum);
  }
done:
  return st;
}

tartan_status tt_factored_condition(const tt_factored *f, double *condition)
{
  tartan_grid  *grid = f->F->grid;
  search        s = {.f = f, .n = f->n, .used = -1};
  double        norm = INFINITY;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *condition = f->n == 0 ? 1 : (double)INFINITY;
  if (f->n == 0 || f->failed) goto done;
  s.x = tt_alloc(&grid->memory, 2 * f->n, sizeof *s.x, "vectors of a condition estimate", &local);
  AGREE(grid, local);
  TRY(tt_matrix_create_raw(grid, f->F->dtype, f->n, 2, &f->layout, &s.both));
  TRY(tartan_matrix_view(s.both, 0, 0, f->n, 1, &s.first));
  TRY(estimate(&s, &norm));
  *condition = fmax(1, f->norm * norm);
done:
  tartan_matrix_destroy(&s.first);
  tartan_matrix_destroy(&s.both);
  tt_free(s.x);
  return st;
}
