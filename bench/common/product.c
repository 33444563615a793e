#include "common/product.h"

#include <float.h>
#include <math.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/agree.h"
#include "comm/collective.h"
#include "kernel/dense.h"

#define SEED 20220711

double bench_product_bound(double m, double n, double k, double P)
{
  const double large = fmax(m, fmax(n, k)), small = fmin(m, fmin(n, k)), middle = m * n * k / large / small;
  const double own = (large * middle + large * small + middle * small) / P;
  double       D;

  if (P <= large / middle)
    D = (large * middle + large * small) / P + middle * small;
  else if (P <= large * middle / (small * small))
    D = 2 * sqrt(large * middle * small * small / P) + large * middle / P;
  else
    D = 3 * pow(large * middle * small / P, 2.0 / 3);
  return fmax(0, D - own);
}

/* y := A x and ya := |A| xa, vectors whole on every rank; rows of this rank first in long double. Collective. */
static tartan_status apply(const tartan_matrix *A, const double *x, const double *xa, double *y, double *ya)
{
  tartan_grid  *grid = A->grid;
  long double  *sum = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sum = tt_alloc_zero(&grid->memory, 2 * A->mloc, sizeof *sum, "a check", &local);
  AGREE(grid, local);
  for (int64_t jl = 0; jl < A->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);

    for (int64_t il = 0; il < A->mloc; il++) {
      const double a = tt_get_element(A->dtype, A->data, A->ld, il, jl);

      sum[il] += (long double)a * x[j];
      sum[A->mloc + il] += (long double)fabs(a) * xa[j];
    }
  }
  for (int64_t i = 0; i < A->row.n; i++) y[i] = ya[i] = 0;
  for (int64_t il = 0; il < A->mloc; il++) {
    const int64_t i = tartan_matrix_global_row(A, il);

    y[i] = (double)sum[il];
    ya[i] = (double)sum[A->mloc + il];
  }
  TRY(tt_allreduce_f64(grid, y, A->row.n, TT_SUM));
  TRY(tt_allreduce_f64(grid, ya, A->row.n, TT_SUM));
done:
  tt_free(sum);
  return st;
}

tartan_status bench_product_residual(const tartan_matrix *A, const tartan_matrix *B, const tartan_matrix *C,
                                     double *residual, double *limit)
{
  const int64_t m = C->row.n, n = C->col.n, k = A->col.n;
  const double  u = C->dtype == TARTAN_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
  tartan_grid  *grid = C->grid;
  double       *x = NULL, *ones, *bx, *bxa, *abx, *abxa, *cx, *cxa;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  x = tt_alloc(&grid->memory, 2 * n + 2 * k + 4 * m, sizeof *x, "the vectors of a check", &local);
  AGREE(grid, local);
  ones = x + n;
  bx = ones + n;
  bxa = bx + k;
  abx = bxa + k;
  abxa = abx + m;
  cx = abxa + m;
  cxa = cx + m;
  for (int64_t j = 0; j < n; j++) {
    x[j] = tt_uniform(SEED, j, 0) < 0.5 ? -1 : 1;
    ones[j] = 1;
  }
  TRY(apply(B, x, ones, bx, bxa));
  TRY(apply(A, bx, bxa, abx, abxa));
  TRY(apply(C, x, ones, cx, cxa));
  *residual = 0;
  for (int64_t i = 0; i < m; i++) {
    const double r = abxa[i] > 0 || cx[i] != abx[i] ? fabs(cx[i] - abx[i]) / abxa[i] : 0;

    if (!(r <= *residual)) *residual = r;
    if (isnan(r)) break;
  }
  *limit = fmin((double)k + 2, 4 * sqrt((double)k) + 10) * u + (3.0 * grid->size + 8) * (DBL_EPSILON / 2);
done:
  tt_free(x);
  return st;
}
