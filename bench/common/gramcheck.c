#include "common/gramcheck.h"

#include <float.h>
#include <math.h>

#include "comm/agree.h"
#include "comm/collective.h"

tartan_status bench_symmetric_apply(const tartan_matrix *G, const double *x, double *y)
{
  for (int64_t j = 0; j < G->col.n; j++) y[j] = 0;
  for (int64_t jl = 0; jl < G->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(G, jl);

    for (int64_t il = 0; il < G->mloc; il++) {
      const int64_t i = tartan_matrix_global_row(G, il);
      const double  g = ((const double *)G->data)[il + jl * G->ld];

      if (i >= j) y[i] += g * x[j];
      if (i > j) y[j] += g * x[i];
    }
  }
  return tt_allreduce_f64(G->grid, y, G->col.n, TT_SUM);
}

tartan_status bench_trace(const tartan_matrix *G, double *trace)
{
  *trace = 0;
  for (int64_t j = 0; j < G->col.n; j++) {
    const int64_t il = tartan_matrix_local_row(G, j), jl = tartan_matrix_local_col(G, j);

    if (il >= 0 && jl >= 0) *trace += ((const double *)G->data)[il + jl * G->ld];
  }
  return tt_allreduce_f64(G->grid, trace, 1, TT_SUM);
}

static double element(int64_t i, int64_t j, void *context)
{
  (void)j;
  return ((const double *)context)[i];
}

/* The one column of Y, whole on every rank. Collective. */
static tartan_status spread(const tartan_matrix *Y, double *y)
{
  for (int64_t i = 0; i < Y->row.n; i++) {
    const int64_t il = tartan_matrix_local_row(Y, i);

    y[i] = il >= 0 && Y->nloc > 0 ? ((const double *)Y->data)[il] : 0;
  }
  return tt_allreduce_f64(Y->grid, y, Y->row.n, TT_SUM);
}

tartan_status bench_gram_residual(const tartan_operator *A, const double *mean, double trace, const double *x,
                                  const double *y, double *residual, double *limit)
{
  const int64_t  n = A->n;
  const double   m = (double)A->m;
  tartan_matrix *X = NULL, *Y = NULL;
  double        *z = NULL, dot = 0, mean2 = 0, x2 = 0, r2 = 0;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tartan_matrix_create(A->grid, TARTAN_F64, n, 1, NULL, &X));
  TRY(tartan_matrix_create(A->grid, TARTAN_F64, n, 1, NULL, &Y));
  z = tt_alloc(&A->grid->memory, n, sizeof *z, "a check", &local);
  AGREE(A->grid, local);
  tartan_matrix_fill(X, element, (void *)x);
  TRY(tartan_operator_normal(A, X, Y));
  TRY(spread(Y, z));
  for (int64_t j = 0; j < n; j++) {
    dot += mean[j] * x[j];
    mean2 += mean[j] * mean[j];
    x2 += x[j] * x[j];
  }
  for (int64_t j = 0; j < n; j++) {
    const double d = y[j] - (z[j] - m * mean[j] * dot);

    r2 += d * d;
  }
  *residual = sqrt(r2 / x2) / (trace + m * mean2);
  *limit = 2 * (4 * sqrt(m) + 4 * sqrt((double)n) + 10) * (DBL_EPSILON / 2);
done:
  tt_free(z);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
  return st;
}
