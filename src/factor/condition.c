/*
 * The 1-norm of an inverse from its factors: one round of the block method of Higham and Tisseur 2000 (algorithm 2.4) with
 * two columns, which is Hager's ascent (Higham 2002, 15.3) from two vectors at once: the mean of all columns and the
 * alternating one that Higham 1988 adds at the end. A lower bound, nearly always within a factor of 3. ScaLAPACK's p?gecon
 * and p?pocon are not used: they are off by 12 already for 2 x 2 matrices of condition 1e8.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"

/* The search; vectors are on every rank. */
typedef struct search {
  const tt_factored *f;
  int64_t            n;
  tartan_matrix     *both; /* [n, 2], where the factors are not in one row */
  double            *x;    /* [n, 2]; behind them the right-hand sides that come along */
} search;

/* x := op(A)^-1 x of two columns, by a matrix. Collective. */
static tartan_status apply_matrix(const search *s, tartan_op op)
{
  tartan_matrix *X = s->both;
  tartan_status  st = TARTAN_OK;

  for (int64_t jl = 0; jl < X->nloc; jl++)
    for (int64_t il = 0; il < X->mloc; il++)
      tt_put_element(X->dtype, s->x[tartan_matrix_global_row(X, il) + s->n * tartan_matrix_global_col(X, jl)], X->data,
                     X->ld, il, jl);
  TRY(tt_factored_solve(s->f, op, X));
  for (int64_t i = 0; i < 2 * s->n; i++) s->x[i] = 0;
  for (int64_t jl = 0; jl < X->nloc; jl++)
    for (int64_t il = 0; il < X->mloc; il++)
      s->x[tartan_matrix_global_row(X, il) + s->n * tartan_matrix_global_col(X, jl)] = tt_get_element(X->dtype, X->data,
                                                                                                      X->ld, il, jl);
  TRY(tt_allreduce_f64(X->grid, s->x, 2 * s->n, TT_SUM));
done:
  return st;
}

/* The same with so many columns behind them. Collective. */
static tartan_status apply(const search *s, tartan_op op, int64_t more)
{
  return s->both ? apply_matrix(s, op) : tt_row_solve(s->f, op, 2 + more, s->x);
}

/* The 1-norm of n numbers, Inf if one is NaN. Local. */
static double sum_of(int64_t n, const double *x)
{
  double sum = 0;

  for (int64_t i = 0; i < n; i++) sum += fabs(x[i]);
  return isfinite(sum) ? sum : (double)INFINITY;
}

/* The larger norm of the two columns. Local. */
static double larger(const search *s)
{
  return fmax(sum_of(s->n, s->x), sum_of(s->n, s->x + s->n));
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

/* The element of largest |x| but one; `but` itself where there is no other. Local. */
static int64_t steepest(int64_t n, const double *x, int64_t but)
{
  int64_t best = but == 0 && n > 1 ? 1 : 0;

  for (int64_t i = best + 1; i < n; i++)
    if (i != but && fabs(x[i]) > fabs(x[best])) best = i;
  return best;
}

/* The unit vectors where the gradients are largest, two different ones. Local. */
static void choose(search *s)
{
  const int64_t first = steepest(s->n, s->x, -1), second = steepest(s->n, s->x + s->n, first);

  for (int64_t i = 0; i < s->n; i++) {
    s->x[i] = i == first;
    s->x[i + s->n] = i == second;
  }
}

/* |(scale A)^-1|_1; X := op(A)^-1 X on the way, if there is one. Collective. */
static tartan_status estimate(search *s, tartan_matrix *X, double *norm)
{
  const int64_t more = X ? X->col.n : 0;
  tartan_status st = TARTAN_OK;

  start(s);
  if (X) TRY(tt_row_gather(X, s->x + 2 * s->n));
  TRY(apply(s, TARTAN_NO_TRANS, more));
  if (X) tt_row_scatter(s->x + 2 * s->n, X);
  *norm = larger(s);
  if (!isfinite(*norm)) goto done;
  for (int64_t i = 0; i < 2 * s->n; i++) s->x[i] = s->x[i] < 0 ? -1 : 1;
  TRY(apply(s, TARTAN_TRANS, 0));
  choose(s);
  TRY(apply(s, TARTAN_NO_TRANS, 0));
  *norm = fmax(*norm, larger(s));
done:
  return st;
}

/* The estimate, with right-hand sides where X is given. Collective. */
static tartan_status run(const tt_factored *f, tartan_matrix *X, double *condition)
{
  tartan_grid  *grid = f->F->grid;
  search        s = {.f = f, .n = f->n};
  double        norm = INFINITY;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *condition = f->n == 0 ? 1 : (double)INFINITY;
  if (f->n == 0 || f->failed) goto done;
  s.x = tt_alloc(&grid->memory, (2 + (X ? X->col.n : 0)) * f->n, sizeof *s.x, "vectors of a condition estimate",
                 &local);
  AGREE(grid, local);
  if (!tt_factored_in_row(f)) TRY(tt_matrix_create_raw(grid, f->F->dtype, f->n, 2, &f->layout, &s.both));
  TRY(estimate(&s, X, &norm));
  *condition = fmax(1, f->norm * norm);
done:
  tartan_matrix_destroy(&s.both);
  tt_free(s.x);
  return st;
}

tartan_status tt_factored_condition(const tt_factored *f, double *condition)
{
  return run(f, NULL, condition);
}

tartan_status tt_factored_condition_solve(const tt_factored *f, tartan_op op, tartan_matrix *X, double *condition)
{
  const bool along = tt_factored_in_row(f) && X->col.n + 2 <= TT_ROW_SOLVE_MOST &&
                     (f->cholesky || op == TARTAN_NO_TRANS);
  tartan_status st = TARTAN_OK;

  TRY(run(f, along ? X : NULL, condition));
  if (!along) TRY(tt_factored_solve(f, op, X));
done:
  return st;
}
