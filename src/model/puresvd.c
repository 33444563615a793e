/*
 * PureSVD: right singular vectors of the ratings by block Krylov iteration on their entries, and users as their products with
 * them, which is what a user folded in later gets.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "model/linear_impl.h"
#include "oper/operator.h"
#include "sketch/krylov.h"

/* X := R V, users in rows. Collective. */
static tartan_status project(const tartan_operator *op, const tartan_matrix *Vt, tartan_matrix **X)
{
  tartan_matrix *V = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_TRANS, Vt, TARTAN_F64, NULL, &V));
  TRY(tartan_matrix_create(op->grid, TARTAN_F64, op->m, V->col.n, NULL, X));
  TRY(tartan_operator_apply(op, TARTAN_NO_TRANS, V, *X));
done:
  tartan_matrix_destroy(&V);
  return st;
}

/* The factors of both sides. Collective. */
static tartan_status fit(const tartan_operator *op, int64_t k, const tartan_topk_opts *opts, tartan_dtype dtype,
                         double *s, tartan_predictor_values *v, tartan_topk_info *info)
{
  tartan_matrix *Vt = NULL, *X = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_operator_svd_topk(op, k, opts, NULL, s, &Vt, info));
  TRY(project(op, Vt, &X));
  TRY(tt_linear_factors(TARTAN_TRANS, X, dtype, &v->user_factors));
  TRY(tt_linear_factors(TARTAN_NO_TRANS, Vt, dtype, &v->item_factors));
done:
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&Vt);
  return st;
}

tartan_status tartan_puresvd(const tartan_sparse *R, int64_t k, const tartan_topk_opts *opts, tartan_dtype dtype,
                             double *s, tartan_predictor **p, tartan_topk_info *info)
{
  tartan_predictor_values v = {.size = sizeof v};
  tartan_operator        *op = NULL;
  double                 *values = NULL;
  bool                    given = false;
  tartan_status           st = TARTAN_OK, local = TARTAN_OK;

  *p = NULL;
  REQUIRE(dtype == TARTAN_F32 || dtype == TARTAN_F64, TARTAN_ERR_DTYPE, "element type %d is neither f32 nor f64",
          (int)dtype);
  REQUIRE(k >= 1 && k <= tt_min(R->m, R->n), TARTAN_ERR_ARG, "%lld factors of %lld users x %lld items: give 1 to %lld",
          (long long)k, (long long)R->m, (long long)R->n, (long long)tt_min(R->m, R->n));
  values = tt_alloc(&R->grid->memory, k, sizeof *values, "singular values", &local);
  AGREE(R->grid, local);
  TRY(tt_linear_values(R, TARTAN_RECOMMEND_PURESVD, k, dtype, &v));
  TRY(tartan_operator_from_sparse(R, &op));
  TRY(fit(op, k, opts, dtype, values, &v, info));
  given = true; /* the predictor's from here on, also after a failure */
  TRY(tartan_predictor_create(R->grid, &v, true, p));
  if (s) memcpy(s, values, (size_t)k * sizeof *s);
done:
  if (!given) tartan_matrix_destroy(&v.item_factors);
  if (!given) tartan_matrix_destroy(&v.user_factors);
  tartan_operator_destroy(&op);
  tt_free(values);
  return st;
}

/* ------------------------------------------------------------------------------------------------ the plan */

/* Bytes for each entry while A' is made and lists are sorted: pairs, twice, on their way. */
#define SORTED 80.0

/* Distinct rows of `rows` that so many entries, spread evenly, touch. */
static double distinct(double rows, double entries)
{
  return rows > 0 ? rows * -expm1(-entries / rows) : 0;
}

tartan_status tt_puresvd_plan(const tartan_sparse *R, int64_t k, const tartan_topk_opts *opts, tartan_dtype dtype,
                              tartan_cost *plan)
{
  const double   P = R->grid->size, m = (double)R->m, n = (double)R->n, e = (double)R->entries / P;
  const double   needed[2] = {distinct(m, e), distinct(n, e)}, away = 1 - 1 / P;
  tt_krylov_plan krylov = {0};
  double         b, most, kept, step, end;
  tartan_status  st = TARTAN_OK;

  *plan = (tartan_cost){.grid = {R->grid->size, 1, 1}, .passes = 1};
  TRY(tt_topk_plan(R->m, R->n, k, opts, &krylov));
  b = (double)krylov.block;
  most = fmin((double)krylov.most, n);
  kept = e * (4 + 8 + 2 * 4 + (R->dtype == TARTAN_F64 ? 0 : 16)) + 16 * (needed[0] + needed[1] + (m + n) / P);
  step = 8 * (n / P * (most + 4 * b) + 9 * most * most + b * (m / P + 2 * n / P + 2 * fmax(needed[0], needed[1])));
  end = 8 * ((double)k + b) * (5 * m / P + 3 * n / P + needed[1]) +
        (double)k * (m + n) / P * (double)tartan_dtype_size(dtype);
  plan->memory = kept + fmax(SORTED * e, fmax(step, end));
  plan->flops = 4 * e * b + 4 * n / P * b * most;
  plan->words = (needed[0] + needed[1] + 2 * n / P) * away * b;
  snprintf(plan->algorithm, sizeof plan->algorithm, "puresvd");
  snprintf(plan->reason, sizeof plan->reason,
           "%lld singular triplets by block Krylov iteration, %lld vectors a step; figures of one step", (long long)k,
           (long long)krylov.block);
done:
  return st;
}
