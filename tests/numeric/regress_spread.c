// TEST: np=1,4 labels=numeric,model timeout=240
/*
 * Ridge of more features than one rank solves: the gradient from the data; then fewer samples than features without a
 * penalty, which is singular and goes through the eigenvalues on one rank.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/factor.h>
#include <tartan/regress.h>

#include "check.h"
#include "matrices.h"

#define N (TARTAN_EIGH_ONE_RANK + 3)

static double value(int64_t i, int64_t j, void *seed)
{
  return j == 5 ? 0.1 : fill_random(i, j, seed) * (double)(1 + j % 3); /* one feature does not vary */
}

/* |g - alpha b| over |A|_F |y| of a model, g = Xc'(y - A b - intercept); *square becomes the residual's. */
static double off(const dense *A, const dense *y, const tartan_regress_values *v, double *square)
{
  double *r = malloc((size_t)A->m * sizeof *r), sum = 0, norm = 0, length = 0;

  *square = 0;
  for (int64_t i = 0; i < A->m; i++) {
    r[i] = AT(*y, i, 0) - v->intercept_[0];
    for (int64_t j = 0; j < A->n; j++) r[i] -= AT(*A, i, j) * v->coef_[j];
    *square += r[i] * r[i];
    length += AT(*y, i, 0) * AT(*y, i, 0);
  }
  for (int64_t j = 0; j < A->n; j++) {
    double g = -v->penalty[0] * v->coef_[j];

    for (int64_t i = 0; i < A->m; i++) {
      g += AT(*A, i, j) * r[i];
      norm += AT(*A, i, j) * AT(*A, i, j);
    }
    if (j != 5) sum += g * g;
  }
  free(r);
  return sqrt(sum / (norm * length));
}

static void check(tartan_grid *grid, int64_t m, double alpha, bool singular)
{
  uint64_t              seed = check_seed(), other = seed + 1;
  dense                 A = dense_make(m, N, value, &seed), y = dense_make(m, 1, fill_random, &other);
  tartan_matrix        *a = matrix_of(grid, TARTAN_F64, &A, NULL), *t = matrix_of(grid, TARTAN_F64, &y, NULL);
  tartan_operator      *op = NULL;
  tartan_regress_opts   o = TARTAN_REGRESS_OPTS_INIT;
  tartan_regression    *model = NULL;
  tartan_regress_info   info;
  tartan_regress_values v;
  double                square;

  check_context("%lld samples, penalty %g", (long long)m, alpha);
  o.penalty = &alpha;
  o.penalties = 1;
  CHECK_OK(tartan_operator_from_matrix(a, &op));
  if (CHECK_OK(tartan_regress_fit(op, t, &o, &model, &info))) {
    tartan_regress_get_values(model, &v);
    CHECK_LE(off(&A, &y, &v, &square), 1e-12);
    CHECK_LE(fabs(v.mse[0] - square / (double)m), 1e-11);
    CHECK(v.coef_[5] == 0 && v.nonzero[0] == N - 1);
    CHECK((strstr(info.plan.reason, "singular") != NULL) == singular);
    CHECK(info.condition >= 1 && !info.reproducible);
  }
  tartan_regress_destroy(&model);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&t);
  tartan_matrix_destroy(&a);
  dense_free(&y);
  dense_free(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  check(grid, 300, 2, false);
  check(grid, 30, 0, true);
  tartan_grid_destroy(&grid);
  return check_finish();
}
