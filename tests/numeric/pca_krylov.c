// TEST: np=1,2,3,4 labels=numeric,model,sketch timeout=120
/*
 * The krylov solver of tartan_pca_fit against the Gram solver: variances to 1e-12 of the first, components to the same over
 * the gap, the total variance, scaling, names of plans, and what is refused.
 */
#include <math.h>
#include <string.h>

#include <tartan/pca.h>

#include "check.h"
#include "matrices.h"

static tartan_pca *fit(const tartan_operator *op, tartan_pca_solver solver, bool scale, int64_t k,
                       tartan_pca_info *info)
{
  tartan_pca_opts opts = TARTAN_PCA_OPTS_INIT;
  tartan_pca     *model = NULL;

  opts.solver = solver;
  opts.scale = scale;
  opts.components = k;
  CHECK_OK(tartan_pca_fit(op, &opts, &model, info));
  return model;
}

static void compare(const tartan_pca *a, const tartan_pca *b)
{
  tartan_pca_values x, y;

  tartan_pca_get_values(a, &x);
  tartan_pca_get_values(b, &y);
  CHECK(x.components == y.components && x.features == y.features);
  CHECK_LE(fabs(x.total_variance_ - y.total_variance_), 1e-13 * y.total_variance_);
  CHECK_LE(fabs(x.noise_variance_ - y.noise_variance_), 1e-12 * y.explained_variance_[0]);
  for (int64_t i = 0; i < y.components; i++) {
    CHECK_LE(fabs(x.explained_variance_[i] - y.explained_variance_[i]), 1e-12 * y.explained_variance_[0]);
    CHECK_LE(fabs(x.explained_variance_ratio_[i] - y.explained_variance_ratio_[i]), 1e-12);
    for (int64_t j = 0; j < y.features; j++)
      CHECK_LE(fabs(x.components_[i * y.features + j] - y.components_[i * y.features + j]), 1e-8);
  }
}

static void test_data(tartan_grid *grid, int64_t m, int64_t n, int64_t k, bool scale)
{
  double           sigma[330];
  dense            A;
  tartan_matrix   *a;
  tartan_operator *op = NULL;
  tartan_pca      *krylov = NULL, *gram = NULL;
  tartan_pca_info  info = {.residual = -1};

  check_context("%lld x %lld, k = %lld, %s", (long long)m, (long long)n, (long long)k, scale ? "scaled" : "as it is");
  for (int64_t j = 0; j < n; j++) sigma[j] = pow(0.9, (double)j);
  A = dense_with_values(m, n, n, sigma, 7);
  a = matrix_of(grid, TARTAN_F64, &A, NULL);
  if (CHECK_OK(tartan_operator_from_matrix(a, &op))) {
    krylov = fit(op, TARTAN_PCA_KRYLOV, scale, k, &info);
    gram = fit(op, TARTAN_PCA_GRAM, scale, k, NULL);
    if (krylov && gram) compare(krylov, gram);
    CHECK(strcmp(info.plan.algorithm, "krylov") == 0 && !info.reproducible);
    CHECK_LE(info.residual, 1e-11);
  }
  tartan_pca_destroy(&krylov);
  tartan_pca_destroy(&gram);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&a);
  dense_free(&A);
}

/* Auto takes it where few of many are wanted, and never up to 2000 features. */
static void test_choice(tartan_grid *grid)
{
  static const struct {
    int64_t     n, k;
    const char *solver;
  } cases[] = {{2000, 5, "gram"}, {2001, 5, "krylov"}, {2001, 200, "gram"}, {2001, 0, "gram"}};

  for (int i = 0; i < 4; i++) {
    tartan_pca_opts  opts = TARTAN_PCA_OPTS_INIT;
    tartan_matrix   *a = matrix_make(grid, TARTAN_F32, cases[i].n + 1, cases[i].n, NULL, fill_place, NULL);
    tartan_operator *op = NULL;
    tartan_cost      plan = {0};

    check_context("%lld features, k = %lld", (long long)cases[i].n, (long long)cases[i].k);
    opts.components = cases[i].k;
    CHECK_OK(tartan_operator_from_matrix(a, &op));
    CHECK_OK(tartan_pca_plan(op, &opts, &plan));
    CHECK(strcmp(plan.algorithm, cases[i].solver) == 0);
    opts.components = 0;
    opts.solver = TARTAN_PCA_KRYLOV;
    CHECK_STATUS(tartan_pca_plan(op, &opts, &plan), TARTAN_ERR_ARG);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&a);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_data(grid, 40, 12, 3, false);
  test_data(grid, 350, 260, 6, false);
  test_data(grid, 350, 260, 6, true);
  test_choice(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
