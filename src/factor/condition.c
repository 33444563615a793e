/*
 * The 1-norm of an inverse from its factors, by the block estimator of Higham and Tisseur 2000 with two columns: a lower
 * bound, nearly always within a factor of 3. It starts with the mean of all columns and the alternating vector of Higham
 * 1988, so that it depends on no random number. ScaLAPACK's p?gecon and p?pocon are not used: they are off by 12 already
 * for 2 x 2 matrices of condition 1e8.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"

#define COLUMNS 2
#define ROUNDS 3 /* of unit vectors */

/* The search; vectors are on every rank. */
typedef struct search {
  const tt_factored *f;
  int64_t            n;
  tartan_matrix     *X;       /* [n, 2] */
  double            *x;       /* [n, 2] */
  int64_t            unit[2]; /* which columns of the inverse are looked at next */
  int64_t            used[2 * ROUNDS], uses;
} search;

/* x := op(A)^-1 x. Collective. */
static tartan_status apply(search *s, tartan_op op)
{
  tartan_matrix *X = s->X;
  tartan_status  st = TARTAN_OK;

  for (int64_t jl = 0; jl < X->nloc; jl++)
    for (int64_t il = 0; il < X->mloc; il++)
      tt_put_element(X->dtype, s->x[tartan_matrix_global_row(X, il) + s->n * tartan_matrix_global_col(X, jl)], X->data,
                     X->ld, il, jl);
  TRY(tt_factored_solve(s->f, op, X));
  for (int64_t i = 0; i < COLUMNS * s->n; i++) s->x[i] = 0;
  for (int64_t jl = 0; jl < X->nloc; jl++)
    for (int64_t il = 0; il < X->mloc; il++)
      s->x[tartan_matrix_global_row(X, il) + s->n * tartan_matrix_global_col(X, jl)] = tt_get_element(X->dtype, X->data,
                                                                                                      X->ld, il, jl);
  TRY(tt_allreduce_f64(X->grid, s->x, COLUMNS * s->n, TT_SUM));
done:
  return st;
}

/* The larger 1-norm of the columns of x. NaN is Inf. Local. */
static double largest_sum(const search *s)
{
  double largest = 0;

  for (int c = 0; c < COLUMNS; c++) {
    double sum = 0;

    for (int64_t i = 0; i < s->n; i++) sum += fabs(s->x[i + c * s->n]);
    if (!(sum <= largest)) largest = isfinite(sum) ? sum : (double)INFINITY;
  }
  return largest;
}

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

static bool was_used(const search *s, int64_t i)
{
  for (int64_t k = 0; k < s->uses; k++)
    if (s->used[k] == i) return true;
  return false;
}

/* Unit vectors where the gradient is largest, of those not tried yet; false if there is none. Local. */
static bool choose(search *s)
{
  int64_t found = 0;

  for (; found < COLUMNS; found++) {
    double  largest = -1;
    int64_t best = -1;

    for (int64_t i = 0; i < s->n; i++) {
      const double h = fmax(fabs(s->x[i]), fabs(s->x[i + s->n]));

      if (h > largest && !was_used(s, i)) {
        largest = h;
        best = i;
      }
    }
    if (best < 0) break;
    s->unit[found] = s->used[s->uses++] = best;
  }
  for (int64_t i = 0; i < COLUMNS * s->n; i++) s->x[i] = 0;
  for (int64_t c = 0; c < found; c++) s->x[s->unit[c] + c * s->n] = 1;
  return found > 0;
}

/* |(scale A)^-1|_1. Collective. */
static tartan_status estimate(search *s, double *norm)
{
  double        sum;
  tartan_status st = TARTAN_OK;

  start(s);
  TRY(apply(s, TARTAN_NO_TRANS));
  *norm = largest_sum(s);
  for (int round = 0; round < ROUNDS && isfinite(*norm); round++) {
    for (int64_t i = 0; i < COLUMNS * s->n; i++) s->x[i] = s->x[i] < 0 ? -1 : 1;
    TRY(apply(s, TARTAN_TRANS));
    if (!choose(s)) break;
    TRY(apply(s, TARTAN_NO_TRANS));
    sum = largest_sum(s);
    if (round > 0 && !(sum > *norm)) break;
    *norm = fmax(*norm, sum);
  }
done:
  return st;
}

tartan_status tt_factored_condition(const tt_factored *f, double *condition)
{
  tartan_grid  *grid = f->F->grid;
  search        s = {.f = f, .n = f->n};
  double        norm = INFINITY;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *condition = f->n == 0 ? 1 : (double)INFINITY;
  if (f->n == 0 || f->failed) goto done;
  s.x = tt_alloc(&grid->memory, COLUMNS * f->n, sizeof *s.x, "vectors of a condition estimate", &local);
  AGREE(grid, local);
  TRY(tt_matrix_create_raw(grid, f->F->dtype, f->n, COLUMNS, &f->layout, &s.X));
  TRY(estimate(&s, &norm));
  *condition = fmax(1, f->norm * norm);
done:
  tartan_matrix_destroy(&s.X);
  tt_free(s.x);
  return st;
}
