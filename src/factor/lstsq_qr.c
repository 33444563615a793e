/*
 * Least squares by triangles: S Y = Z for a core of full rank; with a ridge the QR of [S; sqrt(ridge) I] = Q2 T, whose
 * order is that of the core, not of A. A ridge beyond |S|^2 leaves only a small part of Q2 to S, with errors as of the
 * whole: then T'T Y = S'Z, whose condition is at most 2, is the exact way. Whether the rank is full is told by an estimate of the condition: power iteration
 * on the triangle and on its inverse (qr_impl.h), on one rank up to ONE_RANK_MAX columns, else on all. It errs to the
 * small side, so a matrix near the tolerance is left to singular values.
 */
#include <math.h>

#include <tartan/blas.h>
#include <tartan/norms.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/lstsq_impl.h"
#include "factor/qr_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"

#define ONE_RANK_MAX 2000
#define STEPS 10   /* of power iteration */
#define MARGIN 0.1 /* of the largest condition that the tolerance admits: what an estimate may be wrong by */

/* On rank 0, the triangle scaled so that its products stay in range. Collective. */
static tartan_status condition_one_rank(const tartan_matrix *R, double largest, double *condition)
{
  tartan_grid  *grid = R->grid;
  const int64_t n = R->row.n;
  const size_t  w = tartan_dtype_size(R->dtype);
  void         *r = NULL, *work = NULL;
  int           e = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) {
    r = tt_alloc(&grid->memory, n * n, w, "a triangle", &local);
    work = tt_alloc(&grid->memory, 2 * n, w, "vectors of a condition estimate", &local);
  }
  AGREE(grid, local);
  TRY(tartan_matrix_gather(R, 0, r));
  if (grid->rank == 0) {
    (void)frexp(largest, &e);
    for (int half = 0; half < 2; half++) /* the factor itself may be beyond the type */
      tt_scale_local(R->dtype, ldexp(1, half ? e / 2 - e : -(e / 2)), r, n, n, n);
    *condition = tt_qr_condition(R->dtype, n, r, work);
  }
  TRY(tt_bcast(grid, condition, 1, sizeof *condition, 0));
done:
  tt_free(work);
  tt_free(r);
  return st;
}

/* y := op(R) x, or op(R)^-1 x, as a unit vector; its norm before that. Collective. */
static tartan_status step(const tartan_matrix *R, bool inverse, tartan_op op, const tartan_matrix *x, tartan_matrix *y,
                          double *norm)
{
  tartan_status st = TARTAN_OK;

  if (inverse) {
    TRY(tartan_matrix_copy(TARTAN_NO_TRANS, x, y));
    TRY(tartan_trsm(TARTAN_LEFT, TARTAN_UPPER, op, TARTAN_NON_UNIT, 1, R, y));
  } else {
    TRY(tartan_gemv(1, op, R, x, 0, y));
  }
  TRY(tartan_norm_fro(y, norm));
  if (*norm > 0 && isfinite(*norm))
    tt_scale_local(y->dtype, 1 / *norm, y->data, y->ld, y->mloc, y->nloc);
  else
    *norm = inverse ? (double)INFINITY : 0;
done:
  return st;
}

/* Largest singular value of R or of its inverse, from below. Collective. */
static tartan_status largest_value(const tartan_matrix *R, bool inverse, double *value)
{
  tartan_matrix *x = NULL, *y = NULL;
  double         a = 0, b = 0;
  tartan_status  st = TARTAN_OK;

  *value = 0;
  TRY(tartan_matrix_create(R->grid, R->dtype, R->row.n, 1, NULL, &x));
  TRY(tartan_matrix_create(R->grid, R->dtype, R->row.n, 1, NULL, &y));
  tartan_matrix_fill_normal(x, 1);
  for (int s = 0; s < STEPS && isfinite(*value); s++) {
    TRY(step(R, inverse, TARTAN_TRANS, x, y, &a));
    TRY(step(R, inverse, TARTAN_NO_TRANS, y, x, &b));
    *value = s == 0 ? b : fmax(*value, fmax(a, b)); /* the first vector was no unit vector */
  }
done:
  tartan_matrix_destroy(&y);
  tartan_matrix_destroy(&x);
  return st;
}

tartan_status tt_lstsq_condition(const tartan_matrix *R, int64_t one_rank_max, double *condition)
{
  double        largest = 0, top = 0, bottom = 0;
  tartan_status st = TARTAN_OK;

  *condition = (double)INFINITY;
  TRY(tartan_norm(TARTAN_NORM_MAX, R, &largest));
  if (largest == 0) goto done;
  if (R->row.n <= one_rank_max) {
    TRY(condition_one_rank(R, largest, condition));
  } else {
    TRY(largest_value(R, false, &top));
    TRY(largest_value(R, true, &bottom));
    *condition = top > 0 ? top * bottom : (double)INFINITY;
  }
done:
  return st;
}

/* [S; sqrt(ridge) I] = Q2 T, and an estimate of the condition of T. Collective. */
static tartan_status stack(tt_lstsq *x, double *condition)
{
  const tartan_matrix *R = x->R;
  tartan_matrix       *stacked = NULL, *part = NULL, *Q2 = NULL;
  tartan_factor_info   info;
  double               size = 0;
  tartan_status        st = TARTAN_OK;

  TRY(tartan_norm_fro(R, &size));
  x->heavy = sqrt(x->ridge) >= size;
  TRY(tartan_matrix_create(R->grid, R->dtype, 2 * x->r, x->r, NULL, &stacked));
  TRY(tartan_matrix_view(stacked, 0, 0, x->r, x->r, &part));
  TRY(tartan_matrix_copy(x->wide ? TARTAN_TRANS : TARTAN_NO_TRANS, R, part));
  tartan_matrix_destroy(&part);
  TRY(tartan_matrix_view(stacked, x->r, 0, x->r, x->r, &part));
  tartan_matrix_set(part, 0, sqrt(x->ridge));
  TRY(tartan_qr(stacked, NULL, &Q2, &x->triangle, &info));
  TRY(tartan_matrix_view(Q2, 0, 0, x->r, x->r, &x->top));
  *condition = info.condition;
  if (isnan(*condition)) TRY(tt_lstsq_condition(x->triangle, ONE_RANK_MAX, condition));
done:
  tartan_matrix_destroy(&Q2);
  tartan_matrix_destroy(&part);
  tartan_matrix_destroy(&stacked);
  return st;
}

/* Rank and condition of a triangle that is not of full rank, which a ridge hides from the solution. Collective. */
static tartan_status find_rank(tt_lstsq *x)
{
  double       *s = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  s = tt_alloc(&x->R->grid->memory, x->r, sizeof *s, "singular values", &local);
  AGREE(x->R->grid, local);
  TRY(tartan_svd(x->R, NULL, NULL, s, NULL, NULL));
  x->rank = tt_rank_of(x->r, s, x->tolerance);
  x->condition = x->rank > 0 ? s[0] / s[x->rank - 1] : (double)NAN;
done:
  tt_free(s);
  return st;
}

tartan_status tt_lstsq_qr_make(tt_lstsq *x, bool *full)
{
  const double  margin = x->method == TARTAN_LSTSQ_QR ? 1 : MARGIN;
  double        condition;
  tartan_status st = TARTAN_OK;

  if (isnan(x->estimate)) TRY(tt_lstsq_condition(x->R, ONE_RANK_MAX, &x->estimate));
  condition = x->estimate;
  if (x->ridge > 0) TRY(stack(x, &condition));
  *full = isfinite(condition) && condition * x->tolerance < margin;
  if (!*full) {
    tartan_matrix_destroy(&x->top);
    tartan_matrix_destroy(&x->triangle);
    goto done;
  }
  x->rank = x->r;
  x->condition = x->estimate;
  if (x->want_rank && !(x->estimate * x->tolerance < MARGIN)) TRY(find_rank(x));
done:
  return st;
}

tartan_status tt_lstsq_qr_solve(const tt_lstsq *x, const tartan_matrix *Z, tartan_matrix **Y)
{
  const tartan_matrix *T = x->triangle ? x->triangle : x->R;
  const tartan_op      turn = x->wide ? TARTAN_NO_TRANS : TARTAN_TRANS,
                  op = x->wide && !x->triangle ? TARTAN_TRANS : TARTAN_NO_TRANS;
  tartan_status st = TARTAN_OK;

  if (x->triangle && x->heavy)
    TRY(tt_product_new(turn, x->R, TARTAN_NO_TRANS, Z, NULL, Y));
  else if (x->triangle)
    TRY(tt_product_new(TARTAN_TRANS, x->top, TARTAN_NO_TRANS, Z, NULL, Y));
  else
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, Z, Z->dtype, NULL, Y));
  if (x->triangle && x->heavy) st = tartan_trsm(TARTAN_LEFT, TARTAN_UPPER, TARTAN_TRANS, TARTAN_NON_UNIT, 1, T, *Y);
  if (st == TARTAN_OK) st = tartan_trsm(TARTAN_LEFT, TARTAN_UPPER, op, TARTAN_NON_UNIT, 1, T, *Y);
  if (st != TARTAN_OK) tartan_matrix_destroy(Y);
done:
  return st;
}
