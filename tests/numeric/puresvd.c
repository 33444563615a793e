// TEST: np=1,2,3,4,7 labels=numeric,model timeout=180
/*
 * tartan_puresvd against the singular values of the dense matrix: s to 1e-10 s_1, V orthonormal, x_u = V'r_u, options of the
 * predictor; refusals; the memory of the plan against what is taken.
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/linear_models.h>
#include <tartan/sketch.h>

#include "check.h"
#include "matrices.h"
#include "model/linear_impl.h"
#include "ratings.h"

static dense dense_ratings(const ratings *x)
{
  dense A = dense_new(x->users, x->items);

  for (int64_t i = 0; i < x->users; i++)
    for (int64_t j = 0; j < x->items; j++)
      AT(A, i, j) = isnan(x->value[i * x->items + j]) ? 0 : x->value[i * x->items + j];
  return A;
}

static void check_factors(const tartan_predictor *p, const dense *A, int64_t k, tartan_dtype dtype)
{
  const double            u = dtype == TARTAN_F32 ? 1e-6 : 1e-12;
  tartan_predictor_values v;
  dense                   X, Y, V, ref;

  tartan_predictor_get(p, &v);
  CHECK(v.opts.model == TARTAN_RECOMMEND_PURESVD && v.users == A->m && v.items == A->n && v.factors == k);
  CHECK(v.mean == 0 && !v.user_bias && !v.item_bias && !v.weights);
  CHECK(tartan_matrix_dtype(v.user_factors) == dtype && tartan_matrix_dtype(v.item_factors) == dtype);
  X = dense_of(v.user_factors);
  Y = dense_of(v.item_factors);
  V = dense_transpose(&Y);
  ref = dense_product(TARTAN_TRANS, &V, TARTAN_TRANS, A);
  CHECK_LE(dense_orthogonality(&V), 10 * u);
  CHECK_LE(dense_distance(&X, &ref), 10 * u * dense_norm(&ref));
  dense_free(&ref);
  dense_free(&V);
  dense_free(&Y);
  dense_free(&X);
}

static void test_ratings(tartan_grid *grid, int64_t users, int64_t items, int64_t k, tartan_dtype dtype)
{
  ratings           x = ratings_make(users, items, 0.2, dtype == TARTAN_F64, 9);
  tartan_sparse    *R = ratings_sparse(grid, &x, dtype);
  dense             A = dense_ratings(&x);
  tartan_matrix    *D = matrix_of(grid, TARTAN_F64, &A, NULL);
  tartan_predictor *p = NULL;
  double           *s = calloc((size_t)k + 1, sizeof *s), *t = calloc((size_t)k + 1, sizeof *t);
  tartan_topk_info  info = {0};
  tartan_topk_opts  opts = TARTAN_TOPK_OPTS_INIT;

  opts.seed = 4;
  check_context("%lld x %lld, k = %lld, %s", (long long)users, (long long)items, (long long)k,
                tartan_dtype_name(dtype));
  if (CHECK_OK(tartan_puresvd(R, k, &opts, dtype, s, &p, &info)) &&
      CHECK_OK(tartan_svd_topk(D, k, NULL, NULL, t, NULL, NULL))) {
    CHECK(info.converged);
    for (int64_t i = 0; i < k; i++) CHECK_LE(fabs(s[i] - t[i]), 1e-10 * t[0]);
    check_factors(p, &A, k, dtype);
  }
  tartan_predictor_destroy(&p);
  CHECK_OK(tartan_puresvd(R, k, NULL, dtype, NULL, &p, NULL));
  tartan_predictor_destroy(&p);
  free(t);
  free(s);
  tartan_matrix_destroy(&D);
  dense_free(&A);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

static void test_bad(tartan_grid *grid)
{
  static const int64_t bad[] = {0, -1, 13};
  ratings              x = ratings_make(20, 12, 0.4, false, 3);
  tartan_sparse       *R = ratings_sparse(grid, &x, TARTAN_F64);
  tartan_topk_opts     opts = TARTAN_TOPK_OPTS_INIT;

  for (int i = 0; i < 4; i++) {
    tartan_predictor *p = (tartan_predictor *)R;

    check_context("bad %d", i);
    opts.tolerance = i == 3 ? -1 : 0;
    CHECK_STATUS(tartan_puresvd(R, i == 3 ? 2 : bad[i], &opts, TARTAN_F64, NULL, &p, NULL), TARTAN_ERR_ARG);
    CHECK(p == NULL);
  }
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

/* The plan is not below what is taken, and not far above. */
static void test_plan(tartan_grid *grid)
{
  ratings           x = ratings_make(3000, 800, 0.05, false, 5);
  tartan_sparse    *R = ratings_sparse(grid, &x, TARTAN_F64);
  tartan_predictor *p = NULL;
  tartan_cost       plan, cost;
  int64_t           used = 0;

  check_context("plan");
  tartan_grid_memory(grid, &used, NULL, NULL);
  CHECK_OK(tt_puresvd_plan(R, 20, NULL, TARTAN_F32, &plan));
  tartan_grid_cost_reset(grid);
  if (CHECK_OK(tartan_puresvd(R, 20, NULL, TARTAN_F32, NULL, &p, NULL)) && CHECK_OK(tartan_grid_cost(grid, &cost))) {
    CHECK_LE(cost.memory - (double)used, plan.memory);
    CHECK_LE(plan.memory, 2.5 * (cost.memory - (double)used));
  }
  tartan_predictor_destroy(&p);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int dtype = 0; dtype < 2; dtype++) {
    test_ratings(grid, 20, 12, 1, (tartan_dtype)dtype);
    test_ratings(grid, 20, 12, 12, (tartan_dtype)dtype);
    test_ratings(grid, 12, 30, 5, (tartan_dtype)dtype);
    test_ratings(grid, 300, 210, 10, (tartan_dtype)dtype);
    test_ratings(grid, 120, 400, 6, (tartan_dtype)dtype);
    test_ratings(grid, 1, 1, 1, (tartan_dtype)dtype);
  }
  test_bad(grid);
  test_plan(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
