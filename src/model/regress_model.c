/* What fitted models are made of, and predictions. */
#include <string.h>

#include <tartan/elementwise.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/regress_impl.h"

tartan_status tt_regress_allocate(tartan_grid *grid, int64_t m, int64_t n, int64_t p, tartan_regression **model)
{
  tartan_regression *r = NULL;
  double            *at;
  tartan_status      local = TARTAN_OK;

  *model = NULL;
  r = tt_alloc_zero(&grid->memory, 1, sizeof *r, "models", &local);
  if (local != TARTAN_OK) return local;
  r->numbers = tt_alloc_zero(&grid->memory, p * (n + 4), sizeof *r->numbers, "the numbers of models", &local);
  r->nonzero = tt_alloc_zero(&grid->memory, p, sizeof *r->nonzero, "the numbers of models", &local);
  if (local != TARTAN_OK) {
    tartan_regress_destroy(&r);
    return local;
  }
  at = r->numbers;
  r->grid = grid;
  r->v = (tartan_regress_values){.samples = m, .features = n, .penalties = p, .coef_ = at, .nonzero = r->nonzero};
  r->v.intercept_ = at + p * n;
  r->v.penalty = r->v.intercept_ + p;
  r->v.mse = r->v.penalty + p;
  r->v.r2 = r->v.mse + p;
  *model = r;
  return local;
}

void tartan_regress_destroy(tartan_regression **model)
{
  tartan_regression *r = model ? *model : NULL;

  if (!r) return;
  tt_free(r->names);
  tt_free(r->nonzero);
  tt_free(r->numbers);
  tt_free(r);
  *model = NULL;
}

void tartan_regress_get_values(const tartan_regression *model, tartan_regress_values *values)
{
  *values = model->v;
}

/* A replicated vector as a matrix [n, 1]. Collective. */
static tartan_status spread(tartan_grid *grid, int64_t n, const double *values, tartan_matrix **X)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_create(grid, TARTAN_F64, n, 1, NULL, X));
  for (int64_t il = 0; il < (*X)->mloc && (*X)->nloc > 0; il++)
    ((double *)(*X)->data)[il] = values[tartan_matrix_global_row(*X, il)];
done:
  return st;
}

tartan_status tartan_regress_predict(const tartan_regression *model, int64_t which, const tartan_operator *A,
                                     tartan_matrix *Y)
{
  const tartan_regress_values *v = &model->v;
  tartan_grid                 *grid = A->grid;
  tartan_matrix               *X = NULL, *f = NULL;
  tartan_status                st = TARTAN_OK;

  REQUIRE(model->grid == grid && Y->grid == grid, TARTAN_ERR_GRID, "model, data and predictions lie on two grids");
  REQUIRE(which >= 0 && which < v->penalties, TARTAN_ERR_ARG, "model %lld of %lld", (long long)which,
          (long long)v->penalties);
  REQUIRE(A->n == v->features, TARTAN_ERR_SHAPE, "the data has %lld feature%s, the models have %lld", (long long)A->n,
          TT_S(A->n), (long long)v->features);
  REQUIRE(Y->row.n == A->m && Y->col.n == 1, TARTAN_ERR_SHAPE, "predictions of %lld samples into %lld x %lld",
          (long long)A->m, (long long)Y->row.n, (long long)Y->col.n);
  TRY(spread(grid, v->features, v->coef_ + which * v->features, &X));
  TRY(tt_matrix_create_raw(grid, TARTAN_F64, A->m, 1, NULL, &f));
  TRY(tartan_operator_apply(A, TARTAN_NO_TRANS, X, f));
  for (int64_t il = 0; il < f->mloc && f->nloc > 0; il++) ((double *)f->data)[il] += v->intercept_[which];
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, f, Y)); /* rounded once */
done:
  tartan_matrix_destroy(&f);
  tartan_matrix_destroy(&X);
  return st;
}
