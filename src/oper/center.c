/* Centered operators: rows of a pass, and products with a matrix in memory, which are corrected by a term of rank one. */
#include <tartan/blas.h>

#include "comm/collective.h"
#include "kernel/convert.h"
#include "kernel/dense.h"
#include "oper/operator.h"

void tt_center_rows(const tartan_operator *op, const void *from, int64_t rows, double *to)
{
  const int64_t n = op->n;

  tt_convert(op->stored, from, rows * n, TARTAN_F64, to);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < n; j++) to[i * n + j] = (to[i * n + j] - op->mean[j]) / op->scale[j];
}

/* Divides the rows of a matrix by the scales. Local. */
static void unscale(const tartan_operator *op, tartan_matrix *X)
{
  for (int64_t jl = 0; jl < X->nloc; jl++)
    for (int64_t il = 0; il < X->mloc; il++)
      ((double *)X->data)[il + jl * X->ld] /= op->scale[tartan_matrix_global_row(X, il)];
}

/* t [b] := weight' X, weight NULL: ones. Collective. */
static tartan_status weigh(const double *weight, const tartan_matrix *X, double *t)
{
  for (int64_t j = 0; j < X->col.n; j++) t[j] = 0;
  for (int64_t jl = 0; jl < X->nloc; jl++) {
    double sum = 0;

    for (int64_t il = 0; il < X->mloc; il++)
      sum += (weight ? weight[tartan_matrix_global_row(X, il)] : 1) * ((const double *)X->data)[il + jl * X->ld];
    t[tartan_matrix_global_col(X, jl)] += sum;
  }
  return tt_allreduce_f64(X->grid, t, X->col.n, TT_SUM);
}

/* Y := Y - weight t', weight NULL: ones. Local. */
static void subtract(const double *weight, const double *t, tartan_matrix *Y)
{
  for (int64_t jl = 0; jl < Y->nloc; jl++) {
    const double by = t[tartan_matrix_global_col(Y, jl)];

    for (int64_t il = 0; il < Y->mloc; il++)
      ((double *)Y->data)[il + jl * Y->ld] -= (weight ? weight[tartan_matrix_global_row(Y, il)] : 1) * by;
  }
}

/* Y := op(A) X of the data behind. Collective. */
static tartan_status multiply(const tartan_operator *op, tartan_op trans, const tartan_matrix *X, tartan_matrix *Y)
{
  if (op->sparse) return tt_operator_sparse_apply(op, trans, X, Y);
  return tartan_gemm(1, trans, op->matrix, TARTAN_NO_TRANS, X, 0, Y, NULL);
}

tartan_status tt_center_apply(const tartan_operator *op, tartan_op trans, const tartan_matrix *X, tartan_matrix *Y)
{
  tartan_matrix *x = NULL;
  double        *t = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  t = tt_alloc(&op->grid->memory, X->col.n, sizeof *t, "a correction", &local);
  AGREE(op->grid, local);
  if (trans == TARTAN_TRANS) {
    TRY(weigh(NULL, X, t));
    TRY(multiply(op, TARTAN_TRANS, X, Y));
    subtract(op->mean, t, Y);
    unscale(op, Y);
  } else {
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, X, TARTAN_F64, NULL, &x));
    unscale(op, x);
    TRY(weigh(op->mean, x, t));
    TRY(multiply(op, TARTAN_NO_TRANS, x, Y));
    subtract(NULL, t, Y);
  }
done:
  tartan_matrix_destroy(&x);
  tt_free(t);
  return st;
}
