// TEST: np=1,2,3,4,6 labels=numeric,factor timeout=120
/*
 * tartan_matrix_rank, tartan_norm_schatten, tartan_cond and tartan_matrix_power: known spectra, formulas, NumPy's
 * conventions for singular, zero and empty matrices, the exponents' whole range.
 */
#include <math.h>
#include <string.h>

#include <tartan/lstsq.h>
#include <tartan/norms.h>

#include "check.h"
#include "matrices.h"
#include "operand.h"

/* The four numbers of one matrix with known singular values. */
static void judge(tartan_grid *grid, tartan_dtype dtype, const dense *A, int64_t r, const double *sigma)
{
  const double gate = 10 * unit_roundoff(dtype) * (double)(A->m > A->n ? A->m : A->n) * sigma[0];
  operand      a;
  double       value = -1, sum = 0, kappa = sigma[r - 1] > 0 ? sigma[0] / sigma[r - 1] : INFINITY;
  int64_t      rank = -1, expected = 0;

  for (int64_t i = 0; i < r; i++) {
    sum += sigma[i];
    expected += sigma[i] > 0;
  }
  operand_draw(grid, dtype, A->m, A->n, fill_place, NULL, &a);
  matrix_put(a.window, A);
  CHECK_OK(tartan_matrix_rank(a.window, -1, &rank));
  CHECK_EQ(rank, expected);
  CHECK_OK(tartan_norm_schatten(TARTAN_SCHATTEN_LARGEST, a.window, &value));
  CHECK_LE(fabs(value - sigma[0]), gate);
  CHECK_OK(tartan_norm_schatten(TARTAN_SCHATTEN_SMALLEST, a.window, &value));
  CHECK_LE(fabs(value - sigma[r - 1]), gate);
  CHECK_OK(tartan_norm_schatten(TARTAN_SCHATTEN_NUCLEAR, a.window, &value));
  CHECK_LE(fabs(value - sum), gate * (double)r);
  CHECK_OK(tartan_cond(TARTAN_COND_TWO, a.window, &value));
  if (isfinite(kappa))
    CHECK_LE(fabs(value / kappa - 1), gate / sigma[0] * kappa);
  else
    CHECK(value * gate > sigma[0] || isinf(value));
  CHECK_OK(tartan_cond(TARTAN_COND_MINUS_TWO, a.window, &value));
  if (sigma[0] > 0)
    CHECK_LE(fabs(value - 1 / kappa), gate / sigma[0]);
  else
    CHECK(isinf(value)); /* 0 / 0, which NumPy makes infinite */
  operand_end(&a);
}

static void test_spectra(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 1}, {1, 30}, {30, 1}, {20, 20}, {20, 31}, {31, 20}, {90, 20}, {20, 90}};
  double               sigma[20] = {0};

  for (int kind = 0; kind < 5; kind++)
    for (int s = 0; s < 8; s++)
      for (int t = 0; t < 2; t++) {
        const int64_t r = shapes[s][0] < shapes[s][1] ? shapes[s][0] : shapes[s][1];
        dense         A;

        if (t == 0 && kind == 2) continue;
        for (int64_t i = 0; i < r; i++)
          sigma[i] = kind == 0   ? 1 + (double)(r - i)
                     : kind == 1 ? pow(10, -2.0 * (double)i / 20)
                     : kind == 2 ? pow(10, -13.0 * (double)i / 20)
                     : kind == 3 ? (i < 6 ? 2 : 0)
                                 : 0;
        check_context("spectrum %d, %lld x %lld, %s", kind, (long long)shapes[s][0], (long long)shapes[s][1],
                      tartan_dtype_name((tartan_dtype)t));
        A = dense_with_values(shapes[s][0], shapes[s][1], r, sigma, (uint64_t)(kind * 8 + s));
        judge(grid, (tartan_dtype)t, &A, r, sigma);
        dense_free(&A);
      }
}

/* [[1, 2], [3, 4]]: norms 6, 7, sqrt(30), inverse [[-2, 1], [1.5, -0.5]] with 3.5, 3 and sqrt(7.5). */
static void test_inverse_norms(tartan_grid *grid)
{
  static const double expected[] = {0, 0, 21, 21, 15};
  static const double values[] = {1, 3, 2, 4};
  dense               D = dense_new(2, 2);
  tartan_matrix      *A;
  double              value;

  memcpy(D.a, values, sizeof values);
  for (int t = 0; t < 2; t++) {
    A = matrix_of(grid, (tartan_dtype)t, &D, NULL);
    for (int norm = TARTAN_COND_ONE; norm <= TARTAN_COND_FRO; norm++) {
      check_context("norm %d, %s", norm, tartan_dtype_name((tartan_dtype)t));
      if (CHECK_OK(tartan_cond((tartan_cond_norm)norm, A, &value)))
        CHECK_LE(fabs(value - expected[norm]), 200 * unit_roundoff((tartan_dtype)t) * expected[norm]);
    }
    tartan_matrix_destroy(&A);
  }
  dense_free(&D);
}

/* The identity of any size has condition 1, or n in the Frobenius norm; a matrix with a zero column is singular. */
static void test_identity(tartan_grid *grid)
{
  static const int64_t sizes[] = {1, 7, 65};

  for (int s = 0; s < 3; s++)
    for (int norm = TARTAN_COND_TWO; norm <= TARTAN_COND_FRO; norm++) {
      const int64_t  n = sizes[s];
      tartan_matrix *I = NULL, *column = NULL;
      double         value;

      check_context("identity of %lld, norm %d", (long long)n, norm);
      CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, n, n, NULL, &I));
      tartan_matrix_set(I, 0, 1);
      CHECK_OK(tartan_cond((tartan_cond_norm)norm, I, &value));
      CHECK_LE(fabs(value - (norm == TARTAN_COND_FRO ? (double)n : 1)), 1e-13 * (double)n);
      CHECK_OK(tartan_matrix_view(I, 0, n / 2, n, 1, &column));
      tartan_matrix_set(column, 0, 0);
      CHECK_OK(tartan_cond((tartan_cond_norm)norm, I, &value));
      if (norm == TARTAN_COND_MINUS_TWO && n > 1)
        CHECK_LE(value, 0);
      else
        CHECK(isinf(value) && value > 0);
      CHECK(tartan_error_message()[0] == '\0'); /* it is no failure */
      tartan_matrix_destroy(&column);
      tartan_matrix_destroy(&I);
    }
}

/* Tolerances, empty matrices, what is refused. */
static void test_edges(tartan_grid *grid)
{
  static const int64_t empty[][2] = {{0, 0}, {0, 4}, {4, 0}};
  dense                D = dense_new(5, 3);
  tartan_matrix       *A;
  double               value;
  int64_t              rank;

  check_context("edges");
  for (int s = 0; s < 3; s++) {
    A = matrix_make(grid, TARTAN_F32, empty[s][0], empty[s][1], NULL, fill_place, NULL);
    rank = -1;
    CHECK_OK(tartan_matrix_rank(A, -1, &rank));
    CHECK_EQ(rank, 0);
    for (int kind = TARTAN_SCHATTEN_LARGEST; kind <= TARTAN_SCHATTEN_NUCLEAR; kind++) {
      value = -1;
      CHECK_OK(tartan_norm_schatten((tartan_schatten)kind, A, &value));
      CHECK_LE(fabs(value), 0);
    }
    CHECK_STATUS(tartan_cond(TARTAN_COND_TWO, A, &value), TARTAN_ERR_SHAPE);
    CHECK_STATUS(tartan_cond(TARTAN_COND_ONE, A, &value), TARTAN_ERR_SHAPE);
    tartan_matrix_destroy(&A);
  }
  for (int64_t j = 0; j < 3; j++) AT(D, j, j) = pow(8, -(double)j);
  A = matrix_of(grid, TARTAN_F64, &D, NULL);
  for (int64_t e = 0; e < 4; e++) { /* 0, 1/64, 1/8, 1/2 */
    CHECK_OK(tartan_matrix_rank(A, e == 0 ? 0 : pow(4, (double)e - 1) / 64 * (e == 2 ? 2 : 1), &rank));
    CHECK_EQ(rank, e == 0 ? 3 : e == 1 ? 2 : 1);
  }
  CHECK_STATUS(tartan_matrix_rank(A, 1, &rank), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_matrix_rank(A, NAN, &rank), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_norm_schatten((tartan_schatten)3, A, &value), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_cond((tartan_cond_norm)5, A, &value), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_cond((tartan_cond_norm)-1, A, &value), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_cond(TARTAN_COND_FRO, A, &value), TARTAN_ERR_SHAPE);
  AT(D, 4, 2) = NAN;
  matrix_put(A, &D);
  CHECK_STATUS(tartan_matrix_rank(A, -1, &rank), TARTAN_ERR_INPUT);
  CHECK_STATUS(tartan_norm_schatten(TARTAN_SCHATTEN_NUCLEAR, A, &value), TARTAN_ERR_INPUT);
  CHECK_STATUS(tartan_cond(TARTAN_COND_TWO, A, &value), TARTAN_ERR_INPUT);
  tartan_matrix_destroy(&A);
  A = matrix_make(grid, TARTAN_F64, 4, 4, NULL, fill_nan, NULL);
  CHECK_STATUS(tartan_cond(TARTAN_COND_ONE, A, &value), TARTAN_ERR_INPUT);
  tartan_matrix_destroy(&A);
  dense_free(&D);
}

/* A long f32 matrix: NumPy's tolerance is coarse there, and where it cuts something off a warning says so. */
static void test_warning(tartan_grid *grid)
{
  const int64_t  m = 9000;
  tartan_matrix *A = NULL, *second = NULL;
  int64_t        rank;

  check_context("warning");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F32, m, 2, NULL, &A));
  tartan_matrix_set(A, 0, 1);
  CHECK_OK(tartan_matrix_rank(A, -1, &rank));
  CHECK_EQ(rank, 2);
  CHECK(tartan_grid_warning(grid, 0) == NULL);
  CHECK_OK(tartan_matrix_view(A, 1, 1, 1, 1, &second));
  tartan_matrix_set(second, 1e-4, 1e-4);
  CHECK_OK(tartan_matrix_rank(A, 1e-6, &rank));
  CHECK_EQ(rank, 2);
  CHECK(tartan_grid_warning(grid, 0) == NULL);
  CHECK_OK(tartan_matrix_rank(A, -1, &rank));
  CHECK_EQ(rank, 1);
  CHECK(tartan_grid_warning(grid, 0) != NULL);
  tartan_matrix_destroy(&second);
  tartan_matrix_destroy(&A);
}

/* ------------------------------------------------------------------------------------------------ powers */

/* The cyclic shift of n: its k-th power shifts by k. */
static double fill_shift(int64_t i, int64_t j, void *by)
{
  const int64_t *x = by; /* n, k */

  return ((j - i - x[1]) % x[0] + x[0]) % x[0] == 0;
}

/* Local elements that are not those of the shift; zeros of an inverse may be negative ones. */
static int64_t wrong_here(const tartan_matrix *B, int64_t *by)
{
  int64_t mloc, nloc, wrong = 0;

  (void)tartan_matrix_local(B, NULL, &mloc, &nloc);
  for (int64_t jl = 0; jl < nloc; jl++)
    for (int64_t il = 0; il < mloc; il++)
      wrong += matrix_local_get(B, il, jl) !=
               fill_shift(tartan_matrix_global_row(B, il), tartan_matrix_global_col(B, jl), by);
  return wrong;
}

static void test_shift(tartan_grid *grid)
{
  static const int64_t sizes[] = {1, 2, 5, 67};
  static const int64_t powers[] = {0, 1, 2, 3, 7, 64, 1000003, -1, -2, -77, INT64_MAX, INT64_MIN};

  for (int s = 0; s < 4; s++)
    for (int t = 0; t < 2; t++)
      for (int k = 0; k < 12; k++) {
        int64_t        by[2] = {sizes[s], 1};
        operand        a;
        tartan_matrix *B = NULL;

        operand_draw(grid, (tartan_dtype)t, sizes[s], sizes[s], fill_place, NULL, &a);
        matrix_fill(a.window, fill_shift, by);
        by[1] = powers[k] % sizes[s];
        check_context("shift of %lld to the power %lld, %s", (long long)sizes[s], (long long)powers[k],
                      tartan_dtype_name((tartan_dtype)t));
        if (CHECK_OK(tartan_matrix_power(a.window, powers[k], &B))) CHECK_EQ(wrong_here(B, by), 0);
        tartan_matrix_destroy(&B);
        operand_end(&a);
      }
}

/* [[1, 1], [0, 1]]^k = [[1, k], [0, 1]]; what is refused; nothing to the power of anything. */
static void test_powers(tartan_grid *grid)
{
  static const int64_t powers[] = {5, -5, 1 << 20};
  static const double  values[] = {1, 0, 1, 1};
  dense                D = dense_new(2, 2), P;
  tartan_matrix       *A, *B = NULL;

  memcpy(D.a, values, sizeof values);
  A = matrix_of(grid, TARTAN_F64, &D, NULL);
  for (int k = 0; k < 3; k++) {
    check_context("power %lld", (long long)powers[k]);
    if (!CHECK_OK(tartan_matrix_power(A, powers[k], &B))) continue;
    P = dense_of(B);
    CHECK_LE(fabs(AT(P, 0, 1) - (double)powers[k]), 1e-14 * fabs((double)powers[k]));
    CHECK_LE(fabs(AT(P, 0, 0) - 1) + fabs(AT(P, 1, 0)) + fabs(AT(P, 1, 1) - 1), 1e-14);
    dense_free(&P);
    tartan_matrix_destroy(&B);
  }
  tartan_matrix_set(A, 1, 1); /* singular */
  CHECK_STATUS(tartan_matrix_power(A, -3, &B), TARTAN_ERR_NUMERIC);
  CHECK(B == NULL);
  tartan_matrix_destroy(&A);
  A = matrix_make(grid, TARTAN_F64, 3, 4, NULL, fill_place, NULL);
  CHECK_STATUS(tartan_matrix_power(A, 2, &B), TARTAN_ERR_SHAPE);
  tartan_matrix_destroy(&A);
  for (int64_t k = -2; k <= 2; k++) {
    A = matrix_make(grid, TARTAN_F64, 0, 0, NULL, fill_place, NULL);
    CHECK_OK(tartan_matrix_power(A, k, &B));
    tartan_matrix_destroy(&B);
    tartan_matrix_destroy(&A);
  }
  dense_free(&D);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_spectra(grid);
  test_inverse_norms(grid);
  test_identity(grid);
  test_edges(grid);
  test_warning(grid);
  test_shift(grid);
  test_powers(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
