// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * The condition estimate behind the rank decision of least squares, on one rank and on all: for a triangle of known
 * condition never above it, never below a third; infinite for a zero on the diagonal.
 */
#include <math.h>

#include <tartan/factor.h>

#include "check.h"
#include "factor/lstsq_impl.h"
#include "matrices.h"
#include "qr_gates.h"

#define N_MAX 130

static void judge(const tartan_matrix *R, double kappa, double slack)
{
  for (int spread = 0; spread < 2; spread++) {
    double condition = 0;

    if (!CHECK_OK(tt_lstsq_condition(R, spread ? 0 : N_MAX, &condition))) continue;
    CHECK_LE(condition, kappa * (1 + slack));
    CHECK_LE(kappa / 3, condition);
  }
}

static void test_known(tartan_grid *grid)
{
  static const int64_t sizes[] = {1, 7, N_MAX};
  double               sigma[N_MAX];

  for (int s = 0; s < 3; s++)
    for (int e = 0; e <= 12; e += 3)
      for (int t = e > 3; t < 2; t++) {
        const int64_t  n = sizes[s];
        const double   kappa = n > 1 ? pow(10, e) : 1, u = unit_roundoff((tartan_dtype)t);
        dense          A;
        tartan_matrix *a, *R = NULL;

        qr_log_spaced(n, kappa, sigma);
        A = dense_with_values(n, n, n, sigma, (uint64_t)(s * 20 + e));
        check_context("n = %lld, condition %g, %s", (long long)n, kappa, tartan_dtype_name((tartan_dtype)t));
        a = matrix_of(grid, (tartan_dtype)t, &A, NULL);
        if (CHECK_OK(tartan_qr(a, NULL, NULL, &R, NULL))) judge(R, kappa, 20 * u * (double)n * kappa);
        tartan_matrix_destroy(&R);
        tartan_matrix_destroy(&a);
        dense_free(&A);
      }
}

static void test_singular(tartan_grid *grid)
{
  dense          D = dense_new(9, 9);
  tartan_matrix *R;

  for (int64_t j = 0; j < 9; j++)
    for (int64_t i = 0; i <= j; i++) AT(D, i, j) = 1 + (double)(i * j % 5);
  for (int64_t k = 0; k < 10; k += 3)
    for (int spread = 0; spread < 2; spread++) {
      double condition = 0;

      check_context("zero at %lld, spread %d", (long long)k, spread);
      if (k < 9) AT(D, k, k) = 0;
      R = matrix_make(grid, TARTAN_F64, 9, 9, NULL, fill_place, NULL);
      if (k < 9)
        matrix_put(R, &D);
      else
        tartan_matrix_set(R, 0, 0);
      CHECK_OK(tt_lstsq_condition(R, spread ? 0 : N_MAX, &condition));
      CHECK(isinf(condition) && condition > 0);
      tartan_matrix_destroy(&R);
      if (k < 9) AT(D, k, k) = 3;
    }
  dense_free(&D);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_known(grid);
  test_singular(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
