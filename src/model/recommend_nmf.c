/* Non-negative factors of ratings, missing ones being zeros, as a predictor. */
#include "base/util.h"
#include "comm/agree.h"
#include "model/linear_impl.h"
#include "model/nmf_impl.h"

tartan_status tt_recommend_nmf_plan(const tartan_sparse *R, int64_t k, const tartan_nmf_opts *opts, tartan_dtype dtype,
                                    tartan_cost *plan)
{
  tartan_operator *op = NULL;
  tartan_status    st = TARTAN_OK;

  TRY(tartan_operator_from_sparse(R, &op));
  TRY(tartan_nmf_plan(op, k, opts, plan));
  plan->memory += (double)k * (double)(R->m + R->n) / R->grid->size * (double)tartan_dtype_size(dtype);
done:
  tartan_operator_destroy(&op);
  return st;
}

tartan_status tartan_recommend_nmf(const tartan_sparse *R, int64_t k, const tartan_nmf_opts *opts, tartan_dtype dtype,
                                   tartan_predictor **p, tartan_nmf_info *info)
{
  tartan_predictor_values v = {.size = sizeof v};
  tartan_operator        *op = NULL;
  tartan_matrix          *W = NULL, *H = NULL;
  bool                    given = false;
  tartan_status           st = TARTAN_OK;

  *p = NULL;
  REQUIRE(dtype == TARTAN_F32 || dtype == TARTAN_F64, TARTAN_ERR_DTYPE, "element type %d is neither f32 nor f64",
          (int)dtype);
  TRY(tartan_operator_from_sparse(R, &op));
  TRY(tt_nmf_factorize(op, k, opts, false, &W, &H, info)); /* of a sweep, whose state is its own */
  TRY(tt_linear_values(R, TARTAN_RECOMMEND_NMF, k, dtype, &v));
  TRY(tt_linear_factors(TARTAN_TRANS, W, dtype, &v.user_factors));
  TRY(tt_linear_factors(TARTAN_NO_TRANS, H, dtype, &v.item_factors));
  given = true; /* the predictor's from here on, also after a failure */
  TRY(tartan_predictor_create(R->grid, &v, true, p));
done:
  if (!given) tartan_matrix_destroy(&v.item_factors);
  if (!given) tartan_matrix_destroy(&v.user_factors);
  tartan_matrix_destroy(&H);
  tartan_matrix_destroy(&W);
  tartan_operator_destroy(&op);
  return st;
}
