/*
 * The dominant eigenpair by power iteration: v is multiplied by A and scaled to length 1 until A v is a multiple of it. A
 * pair of opposite sign or a complex pair makes v turn for ever, which the residual shows.
 */
#include <tartan/sketch.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "sketch/basis.h"
#include "sketch/krylov.h"

#define STEPS 1000
#define PRODUCT "a product with the matrix"

/* x := x / length. Local. */
static void divide(tartan_matrix *x, double length)
{
  for (int64_t i = 0; i < x->mloc && x->nloc > 0; i++) ((double *)x->data)[i] /= length;
}

/* y := A x, its length, the Rayleigh quotient, and |y - lambda x| into y's place in *residual. Collective. */
static tartan_status step(const tartan_operator *A, const tartan_matrix *x, tartan_matrix *y, tartan_matrix *r,
                          double *length, double *lambda, double *residual)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_operator_apply(A, TARTAN_NO_TRANS, x, y));
  TRY(tt_basis_lengths(y, 1, length, PRODUCT));
  TRY(tt_basis_project(x, 1, y, 1, lambda, 1));
  for (int64_t i = 0; i < y->mloc && y->nloc > 0; i++)
    ((double *)r->data)[i] = ((const double *)y->data)[i] - *lambda * ((const double *)x->data)[i];
  TRY(tt_basis_lengths(r, 1, residual, "a residual"));
done:
  return st;
}

/* Iterates x, which is of length 1 in the end. Collective. */
static tartan_status iterate(const tartan_operator *A, const tartan_topk_opts *o, tartan_matrix *x, double *lambda,
                             tartan_topk_info *found)
{
  const int64_t  most = o->steps > 0 ? o->steps : STEPS;
  tartan_matrix *y = NULL, *r = NULL;
  double         length, residual = 0;
  tartan_status  st = TARTAN_OK;

  TRY(tt_basis_create(A->grid, A->n, 1, &y));
  TRY(tt_basis_create(A->grid, A->n, 1, &r));
  TRY(tt_basis_lengths(x, 1, &length, "the first vector"));
  divide(x, length);
  while (!found->converged && found->steps < most) {
    TRY(step(A, x, y, r, &length, lambda, &residual));
    found->steps++;
    found->converged = residual <= o->tolerance * fabs(*lambda);
    if (found->converged || found->steps == most) break;
    TRY(tartan_matrix_copy(TARTAN_NO_TRANS, y, x));
    divide(x, length);
  }
  found->passes = found->steps;
  found->residual = residual > 0 ? residual / fabs(*lambda) : 0;
done:
  tartan_matrix_destroy(&r);
  tartan_matrix_destroy(&y);
  return st;
}

static void tell(const tartan_topk_info *found, double start, tartan_topk_info *info)
{
  double *residuals = info ? info->residuals : NULL;

  if (!info) return;
  *info = *found;
  info->block = 1;
  info->seconds = tt_seconds() - start;
  info->residuals = residuals;
  if (residuals) residuals[0] = found->residual;
}

tartan_status tartan_eig_dominant(const tartan_operator *A, const tartan_topk_opts *opts, double *lambda,
                                  tartan_matrix **v, tartan_topk_info *info)
{
  const double     start = tt_seconds();
  tartan_topk_opts o;
  tartan_topk_info found = {0};
  tartan_matrix   *x = NULL;
  tartan_status    st = TARTAN_OK;

  if (v) *v = NULL;
  *lambda = 0;
  TRY(tt_topk_options(opts, &o));
  REQUIRE(A->m == A->n && A->n >= 1, TARTAN_ERR_SHAPE,
          "%lld x %lld: eigenvalues belong to square matrices that are not empty", (long long)A->m, (long long)A->n);
  TRY(tt_basis_create(A->grid, A->n, 1, &x));
  tartan_matrix_fill_normal(x, o.seed);
  TRY(iterate(A, &o, x, lambda, &found));
  TRY(tt_basis_fix_signs(NULL, x));
  if (v) TRY(tt_matrix_clone(TARTAN_NO_TRANS, x, TARTAN_F64, NULL, v));
  tell(&found, start, info);
done:
  tartan_matrix_destroy(&x);
  return st;
}
