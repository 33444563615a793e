#include "common/product.h"

#include <float.h>
#include <math.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/agree.h"
#include "comm/collective.h"
#include "kernel/dense.h"

#define SEED 20220711

/* A vector and a bound of its entries' absolute values, whole on every rank. */
typedef struct pair {
  double *x, *abs;
} pair;

/* This rank's part of y += op(A) x and of the absolute values; sums per entry of y in long double. */
static void apply_local(tartan_op op, const tartan_matrix *A, pair x, long double *sum, long double *sum_abs)
{
  for (int64_t jl = 0; jl < A->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);

    for (int64_t il = 0; il < A->mloc; il++) {
      const double  a = tt_get_element(A->dtype, A->data, A->ld, il, jl);
      const int64_t to = op == TARTAN_TRANS ? jl : il;
      const int64_t from = op == TARTAN_TRANS ? tartan_matrix_global_row(A, il) : j;

      sum[to] += (long double)a * x.x[from];
      sum_abs[to] += (long double)fabs(a) * x.abs[from];
    }
  }
}

/* y := op(A) x. Collective. */
static tartan_status apply(tartan_op op, const tartan_matrix *A, pair x, pair y)
{
  const bool    turned = op == TARTAN_TRANS;
  const int64_t own = turned ? A->nloc : A->mloc, all = turned ? A->col.n : A->row.n;
  tartan_grid  *grid = A->grid;
  long double  *sum = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sum = tt_alloc_zero(&grid->memory, 2 * own, sizeof *sum, "a check", &local);
  AGREE(grid, local);
  apply_local(op, A, x, sum, sum + own);
  for (int64_t i = 0; i < all; i++) y.x[i] = y.abs[i] = 0;
  for (int64_t il = 0; il < own; il++) {
    const int64_t i = turned ? tartan_matrix_global_col(A, il) : tartan_matrix_global_row(A, il);

    y.x[i] = (double)sum[il];
    y.abs[i] = (double)sum[own + il];
  }
  TRY(tt_allreduce_f64(grid, y.x, all, TT_SUM));
  TRY(tt_allreduce_f64(grid, y.abs, all, TT_SUM));
done:
  tt_free(sum);
  return st;
}

/* y := C x for a symmetric C whose lower triangle is set. Collective. */
static tartan_status apply_symmetric(const tartan_matrix *C, const double *x, double *y)
{
  const int64_t n = C->col.n;
  long double  *sum = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sum = tt_alloc_zero(&C->grid->memory, n, sizeof *sum, "a check", &local);
  AGREE(C->grid, local);
  for (int64_t jl = 0; jl < C->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(C, jl);

    for (int64_t il = 0; il < C->mloc; il++) {
      const int64_t i = tartan_matrix_global_row(C, il);
      const double  c = tt_get_element(C->dtype, C->data, C->ld, il, jl);

      if (i >= j) sum[i] += (long double)c * x[j];
      if (i > j) sum[j] += (long double)c * x[i];
    }
  }
  for (int64_t i = 0; i < n; i++) y[i] = (double)sum[i];
  TRY(tt_allreduce_f64(C->grid, y, n, TT_SUM));
done:
  tt_free(sum);
  return st;
}

/* The largest of |cx - abx| / bound; NaN if one is. */
static double largest_ratio(int64_t m, const double *cx, pair abx)
{
  double largest = 0;

  for (int64_t i = 0; i < m; i++) {
    const double r = abx.abs[i] > 0 || cx[i] != abx.x[i] ? fabs(cx[i] - abx.x[i]) / abx.abs[i] : 0;

    if (!(r <= largest)) largest = r;
    if (isnan(r)) break;
  }
  return largest;
}

tartan_status bench_product_residual(const bench_product *p, double *residual, double *limit)
{
  const tartan_matrix *B = p->B ? p->B : p->A;
  const tartan_op      op_b = p->B ? p->op_b : TARTAN_TRANS;
  const int64_t        m = p->C->row.n, n = p->C->col.n, k = p->op_a == TARTAN_TRANS ? p->A->row.n : p->A->col.n;
  const double         u = p->C->dtype == TARTAN_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
  tartan_grid         *grid = p->C->grid;
  double              *work = NULL;
  pair                 x, bx, abx, cx;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  work = tt_alloc(&grid->memory, 2 * n + 2 * k + 4 * m, sizeof *work, "the vectors of a check", &local);
  AGREE(grid, local);
  x = (pair){work, work + n};
  bx = (pair){x.abs + n, x.abs + n + k};
  abx = (pair){bx.abs + k, bx.abs + k + m};
  cx = (pair){abx.abs + m, abx.abs + 2 * m};
  for (int64_t j = 0; j < n; j++) {
    x.x[j] = tt_uniform(SEED, j, 0) < 0.5 ? -1 : 1;
    x.abs[j] = 1;
  }
  TRY(apply(op_b, B, x, bx));
  TRY(apply(p->op_a, p->A, bx, abx));
  if (p->B)
    TRY(apply(TARTAN_NO_TRANS, p->C, x, cx));
  else
    TRY(apply_symmetric(p->C, x.x, cx.x));
  *residual = largest_ratio(m, cx.x, abx);
  *limit = fmin((double)k + 2, 4 * sqrt((double)k) + 10) * u + (3.0 * grid->size + 8) * (DBL_EPSILON / 2);
done:
  tt_free(work);
  return st;
}
