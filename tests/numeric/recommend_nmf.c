// TEST: np=1,2,3,4,7 labels=numeric,model timeout=120
/*
 * tartan_recommend_nmf: a predictor that holds the factors of tartan_nmf, options as all have them; its plan; refusals.
 */
#include <math.h>

#include <tartan/linear_models.h>

#include "check.h"
#include "comm/grid.h"
#include "matrices.h"
#include "model/linear_impl.h"
#include "ratings.h"

#define K 4

static tartan_nmf_opts options(void)
{
  tartan_nmf_opts opts = TARTAN_NMF_OPTS_INIT;

  opts.init = TARTAN_NMF_RANDOM;
  opts.seed = 3;
  opts.iterations = 20;
  return opts;
}

/* Against the factors of the same entries. */
static void check_factors(const tartan_sparse *R, tartan_dtype dtype, const tartan_predictor *p,
                          const tartan_nmf_info *info)
{
  const tartan_nmf_opts   opts = options();
  tartan_operator        *op = NULL;
  tartan_matrix          *w, *h;
  tartan_predictor_values v;
  tartan_nmf_info         again;

  tartan_predictor_get(p, &v);
  CHECK(v.opts.model == TARTAN_RECOMMEND_NMF && v.opts.factors == K && v.factors == K && v.opts.dtype == dtype);
  CHECK(v.mean == 0 && !v.user_bias && !v.item_bias && !v.weights);
  CHECK(tartan_matrix_dtype(v.user_factors) == dtype && tartan_matrix_dtype(v.item_factors) == dtype);
  CHECK_OK(tartan_operator_from_sparse(R, &op));
  if (CHECK_OK(tartan_nmf(op, K, &opts, &w, &h, &again))) {
    dense W = dense_of(w), H = dense_of(h), X = dense_of(v.user_factors), Y = dense_of(v.item_factors);
    dense Wt = dense_transpose(&W);

    if (dtype == TARTAN_F32) dense_round(&Wt);
    if (dtype == TARTAN_F32) dense_round(&H);
    CHECK(dense_same_bits(&X, &Wt) && dense_same_bits(&Y, &H));
    CHECK(again.loss == info->loss && again.iterations == info->iterations);
    dense_free(&Wt);
    dense_free(&Y);
    dense_free(&X);
    dense_free(&H);
    dense_free(&W);
  }
  tartan_matrix_destroy(&h);
  tartan_matrix_destroy(&w);
  tartan_operator_destroy(&op);
}

static void test_ratings(tartan_grid *grid, int64_t users, int64_t items, tartan_dtype dtype)
{
  const tartan_nmf_opts opts = options();
  ratings               x = ratings_make(users, items, 0.2, false, 9);
  tartan_sparse        *R = ratings_sparse(grid, &x, dtype);
  tartan_predictor     *p = NULL;
  tartan_nmf_info       info;
  tartan_cost           plan;
  int64_t               before;

  check_context("%lld x %lld, %s", (long long)users, (long long)items, tartan_dtype_name(dtype));
  CHECK_OK(tt_recommend_nmf_plan(R, K, &opts, dtype, &plan));
  before = grid->memory.peak = grid->memory.used;
  if (CHECK_OK(tartan_recommend_nmf(R, K, &opts, dtype, &p, &info))) {
    CHECK_LE((double)(grid->memory.peak - before), plan.memory);
    check_factors(R, dtype, p, &info);
  }
  tartan_predictor_destroy(&p);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

static void test_bad(tartan_grid *grid)
{
  ratings           x = ratings_make(12, 9, 0.5, false, 3);
  tartan_sparse    *R;
  tartan_predictor *p;

  check_context("bad input");
  R = ratings_sparse(grid, &x, TARTAN_F64);
  CHECK_STATUS(tartan_recommend_nmf(R, 10, NULL, TARTAN_F64, &p, NULL), TARTAN_ERR_ARG);
  CHECK(p == NULL);
  CHECK_STATUS(tartan_recommend_nmf(R, 2, NULL, (tartan_dtype)9, &p, NULL), TARTAN_ERR_DTYPE);
  tartan_sparse_destroy(&R);
  for (int64_t i = 0; i < x.users * x.items; i++) x.value[i] = -fabs(x.value[i]) - 1; /* NaN stays missing */
  R = ratings_sparse(grid, &x, TARTAN_F64);
  CHECK_STATUS(tartan_recommend_nmf(R, 2, NULL, TARTAN_F64, &p, NULL), TARTAN_ERR_INPUT);
  CHECK(p == NULL);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_ratings(grid, 60, 41, TARTAN_F64);
  test_ratings(grid, 31, 90, TARTAN_F32);
  test_ratings(grid, 900, 300, TARTAN_F64);
  test_bad(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
