/*
 * Operators of sparse matrices: products by lists of needed rows that are made once and kept, with A' beside A from the first
 * product with it; norms and traces from the entries; rows of a pass made dense slab by slab.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/convert.h"
#include "kernel/dense.h"
#include "oper/operator.h"

#define BATCH 512 /* entries centered at once */

tartan_status tt_operator_products_make(const tartan_sparse *A, tt_operator_products **products)
{
  tartan_grid  *grid = A->grid;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *products = tt_alloc_zero(&grid->memory, 1, sizeof **products, "products with a sparse matrix", &local);
  AGREE(grid, local);
done:
  if (st != TARTAN_OK) {
    tt_free(*products);
    *products = NULL;
  }
  return st;
}

void tt_operator_products_end(tt_operator_products **products)
{
  tt_operator_products *p = *products;

  if (!p) return;
  for (int i = 0; i < 2; i++) tt_sparse_product_end(&p->of[i]);
  tartan_sparse_destroy(&p->At);
  tt_free(p);
  *products = NULL;
}

/* The product with A or A', made at its first use. The ranges that A' takes are those that A gives. Collective. */
static tartan_status product(const tartan_operator *op, tartan_op trans, tt_sparse_product **of)
{
  tt_operator_products *p = op->products;
  const bool            turn = trans == TARTAN_TRANS;
  tartan_status         st = TARTAN_OK;

  *of = &p->of[turn];
  if ((*of)->A) return TARTAN_OK;
  if (turn && !p->At) TRY(tartan_sparse_transpose(op->sparse, 1, &p->At));
  TRY(tt_sparse_product_make(turn ? p->At : op->sparse, TARTAN_F64, turn ? op->sparse->owner : NULL, *of));
done:
  if (st != TARTAN_OK) tt_sparse_product_end(*of);
  return st;
}

tartan_status tt_operator_sparse_apply(const tartan_operator *op, tartan_op trans, const tartan_matrix *X,
                                       tartan_matrix *Y)
{
  tt_sparse_product *of = NULL;
  tartan_status      st = TARTAN_OK;

  TRY(product(op, trans, &of));
  TRY(tt_sparse_product_run(of, X, Y));
done:
  return st;
}

tartan_status tt_operator_sparse_normal(const tartan_operator *op, const tartan_matrix *X, tartan_matrix *Y)
{
  const tartan_sparse *A = op->sparse;
  const int64_t        b = X->col.n;
  tt_sparse_product   *by_A = NULL, *by_At = NULL;
  tartan_matrix       *x = NULL, *z = NULL;
  tartan_status        st = TARTAN_OK;

  TRY(product(op, TARTAN_NO_TRANS, &by_A));
  TRY(product(op, TARTAN_TRANS, &by_At));
  TRY(tt_matrix_create_ranges(op->grid, TARTAN_F64, b, op->n, by_A->starts, NULL, &x));
  TRY(tartan_matrix_copy(TARTAN_TRANS, X, x));
  TRY(tt_matrix_create_ranges(op->grid, TARTAN_F64, b, op->m, A->owner, NULL, &z));
  TRY(tt_sparse_product_ranges(by_A, x, z));
  tartan_matrix_destroy(&x);
  TRY(tt_matrix_create_ranges(op->grid, TARTAN_F64, b, op->n, by_At->A->owner, NULL, &x));
  TRY(tt_sparse_product_ranges(by_At, z, x));
  TRY(tartan_matrix_copy(TARTAN_TRANS, x, Y));
done:
  tartan_matrix_destroy(&z);
  tartan_matrix_destroy(&x);
  return st;
}

/* ------------------------------------------------------------------------------------------------ norms and traces */

/* The places without an entry, which a centered operator has as -mean / scale: all of a column as one value. Collective. */
static tartan_status add_empty(const tartan_operator *op, double *scale, double *ssq)
{
  const tartan_sparse *A = op->sparse;
  double              *value;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  value = tt_alloc_zero(&op->grid->memory, op->n, sizeof *value, "entries of columns", &local);
  AGREE(op->grid, local);
  for (int64_t e = 0; e < A->ptr[A->rows]; e++) value[A->col[e]] += 1;
  TRY(tt_allreduce_f64(op->grid, value, op->n, TT_SUM));
  for (int64_t j = 0; j < op->n; j++) value[j] = sqrt((double)op->m - value[j]) * (op->mean[j] / op->scale[j]);
  if (op->grid->rank == 0) tt_sum_squares(TARTAN_F64, value, tt_max(1, op->n), op->n, 1, scale, ssq);
done:
  tt_free(value);
  return st;
}

/* Local. */
static void add_centered(const tartan_operator *op, double *scale, double *ssq)
{
  const tartan_sparse *A = op->sparse;
  const int64_t        entries = A->ptr[A->rows];
  double               value[BATCH];

  for (int64_t e = 0; e < entries; e += BATCH) {
    const int64_t count = tt_min(BATCH, entries - e);

    tt_convert(op->stored, (const char *)A->value + e * (int64_t)tt_element_size(op->stored), count, TARTAN_F64, value);
    for (int64_t i = 0; i < count; i++) {
      const int32_t j = A->col[e + i];

      value[i] = (value[i] - op->mean[j]) / op->scale[j];
    }
    tt_sum_squares(TARTAN_F64, value, BATCH, count, 1, scale, ssq);
  }
}

tartan_status tt_operator_sparse_squares(const tartan_operator *op, double *scale, double *ssq)
{
  const tartan_sparse *A = op->sparse;
  const int64_t        entries = A->ptr[A->rows];
  tartan_status        st = TARTAN_OK;

  if (op->centered) {
    TRY(add_empty(op, scale, ssq));
    add_centered(op, scale, ssq);
  } else {
    tt_sum_squares(A->dtype, A->value, tt_max(1, entries), entries, 1, scale, ssq);
  }
done:
  return st;
}

tartan_status tt_operator_sparse_trace(const tartan_operator *op, double *value)
{
  const tartan_sparse *A = op->sparse;
  const int64_t        length = tt_min(op->m, op->n);
  double              *diagonal;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  *value = 0;
  diagonal = tt_alloc_zero(&op->grid->memory, length, sizeof *diagonal, "a diagonal", &local);
  AGREE(op->grid, local);
  for (int64_t i = 0; i < A->rows && A->first + i < length; i++)
    for (int64_t e = A->ptr[i]; e < A->ptr[i + 1]; e++)
      if (A->col[e] == A->first + i) diagonal[A->col[e]] = tt_get_element(A->dtype, A->value, 1, e, 0);
  TRY(tt_allreduce_f64(op->grid, diagonal, length, TT_SUM)); /* all but one of the terms are zero: no rounding */
  for (int64_t i = 0; i < length; i++) *value += diagonal[i];
done:
  tt_free(diagonal);
  return st;
}

/* ------------------------------------------------------------------------------------------------ rows of a pass */

void tt_operator_sparse_rows(const tartan_operator *op, const tt_sparse_rows *from, int64_t row0, int64_t rows,
                             void *to)
{
  const size_t size = tt_element_size(op->stored);

  memset(to, 0, (size_t)(rows * op->n) * size);
  for (int64_t i = 0; i < rows; i++) {
    const int64_t local = row0 + i - from->first;

    for (int64_t e = from->ptr[local]; e < from->ptr[local + 1]; e++)
      tt_put_element(op->sparse->dtype, from->value[e], to, 1, 0, i * op->n + from->col[e]);
  }
}
