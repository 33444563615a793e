// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * The rungs of tartan_qr, asked for and chosen: conditions from 1 to 1e15, graded and clustered values, zero columns, sizes
 * near the ends of the range, blocks from 1 to 64, both precisions. Whatever the rung the gates of qr_gates.h hold; and
 * info says the right one.
 */
#include <math.h>
#include <string.h>

#include <tartan/factor.h>

#include "check.h"
#include "qr_gates.h"

static const tartan_qr_method methods[] = {TARTAN_QR_PLANNED, TARTAN_QR_CHOLESKY2, TARTAN_QR_CHOLESKY3, TARTAN_QR_TSQR,
                                           TARTAN_QR_HOUSEHOLDER};

/* Factors A by one method, in a random layout; info of what was done. */
static void test_method(tartan_grid *grid, tartan_dtype dtype, const dense *A, tartan_qr_method method,
                        tartan_factor_info *info)
{
  const tartan_matrix_opts layout = layout_random(grid);
  tartan_qr_opts           opts = TARTAN_QR_OPTS_INIT;
  tartan_matrix           *a = matrix_of(grid, dtype, A, &layout), *Q = NULL, *R = NULL, *only = NULL;
  tartan_factor_info       second;

  opts.method = method;
  memset(info, 0, sizeof *info);
  if (CHECK_OK(tartan_qr(a, &opts, &Q, &R, info))) {
    qr_judge_matrices(A, NULL, Q, R);
    CHECK(info->method[0] && info->reason[0] && info->seconds >= 0);
    CHECK_EQ(info->found, A->m < A->n ? A->m : A->n);
  }
  if (CHECK_OK(tartan_qr(a, &opts, NULL, &only, &second))) {
    dense  R1 = dense_of(R), R2 = dense_of(only);
    double scale = 0;

    for (int64_t e = 0; e < A->m * A->n; e++) scale = fmax(scale, fabs(A->a[e]));
    for (int64_t e = 0; e < R1.m * R1.n && scale > 0; e++) R1.a[e] /= scale, R2.a[e] /= scale;
    CHECK_LE(dense_distance(&R1, &R2),
             10 * unit_roundoff(dtype) * sqrt((double)A->m * (double)A->n) * (scale > 0 ? dense_norm(&R1) : 0));
    dense_free(&R2);
    dense_free(&R1);
  }
  tartan_matrix_destroy(&only);
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&Q);
  tartan_matrix_destroy(&a);
}

static void test_all_methods(tartan_grid *grid, tartan_dtype dtype, const dense *A, const char *what)
{
  tartan_factor_info info;

  for (int k = 0; k < 5; k++) {
    check_context("%s, %lld x %lld, %s, method %d", what, (long long)A->m, (long long)A->n, tartan_dtype_name(dtype),
                  k);
    test_method(grid, dtype, A, methods[k], &info);
  }
}

static bool says(const tartan_factor_info *info, const char *method)
{
  return strcmp(info->method, method) == 0;
}

/* What is chosen for a condition, and that the condition is found. */
static void test_conditions(tartan_grid *grid)
{
  const int64_t      m = 120, n = 24;
  double             sigma[24];
  tartan_factor_info info;

  for (int e = 0; e <= 15; e++)
    for (int t = 0; t < 2; t++) {
      dense A;

      qr_log_spaced(n, pow(10, e), sigma);
      A = dense_with_values(m, n, n, sigma, (uint64_t)e);
      if (t == TARTAN_F32) dense_round(&A);
      test_all_methods(grid, (tartan_dtype)t, &A, "log-spaced");
      check_context("the rung for condition 1e%d, %s", e, t ? "f64" : "f32");
      test_method(grid, (tartan_dtype)t, &A, TARTAN_QR_PLANNED, &info);
      if (e <= 6 && (t == TARTAN_F64 || e >= 4)) CHECK(says(&info, "CholeskyQR2"));
      if (e <= 2 && t == TARTAN_F32) CHECK(says(&info, "CholeskyQR in f64"));
      if (t == TARTAN_F64 && e >= 9 && e <= 12) CHECK(says(&info, "shifted CholeskyQR3"));
      if (t == TARTAN_F64 && e == 15) CHECK(says(&info, "TSQR"));
      if (e <= (t ? 13 : 6)) CHECK_LE(fabs(log10(info.condition) - e), 0.3);
      test_method(grid, (tartan_dtype)t, &A, TARTAN_QR_CHOLESKY2, &info);
      if (e <= 6) CHECK(says(&info, "CholeskyQR2"));
      test_method(grid, (tartan_dtype)t, &A, TARTAN_QR_CHOLESKY3, &info);
      if (e <= 6) CHECK(says(&info, "shifted CholeskyQR3"));
      dense_free(&A);
    }
}

/* Spectra that are not log-spaced: graded rows and columns, clusters, low rank, zero columns, all zero. */
static void test_shapes_of_spectra(tartan_grid *grid)
{
  const int64_t m = 100, n = 20;
  double        sigma[20];
  uint64_t      seed = check_seed();

  for (int t = 0; t < 2; t++) {
    dense A = dense_make(m, n, fill_random, &seed);

    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < m; i++) AT(A, i, j) *= pow(2, -2 * (double)j);
    test_all_methods(grid, (tartan_dtype)t, &A, "graded columns");
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < m; i++) AT(A, i, j) *= pow(2, 2 * (double)j - (double)(i / 4));
    test_all_methods(grid, (tartan_dtype)t, &A, "graded rows");
    for (int64_t i = 0; i < m; i++) AT(A, i, 3) = AT(A, i, n - 1) = 0;
    test_all_methods(grid, (tartan_dtype)t, &A, "zero columns");
    for (int64_t e = 0; e < m * n; e++) A.a[e] = 0;
    test_all_methods(grid, (tartan_dtype)t, &A, "zero");
    for (int64_t j = 0; j < n; j++) AT(A, m - 1 - 3 * j, j) = 1;
    test_all_methods(grid, (tartan_dtype)t, &A, "columns of an identity");
    dense_free(&A);
    for (int64_t i = 0; i < n; i++) sigma[i] = i < n / 2 ? 1 : 1e-10;
    A = dense_with_values(m, n, n, sigma, 7);
    dense_round(&A);
    test_all_methods(grid, (tartan_dtype)t, &A, "two clusters");
    dense_free(&A);
    for (int64_t i = 0; i < n; i++) sigma[i] = i < 5;
    A = dense_with_values(m, n, n, sigma, 8);
    dense_round(&A);
    test_all_methods(grid, (tartan_dtype)t, &A, "rank 5");
    dense_free(&A);
  }
}

/* Near overflow and underflow. */
static void test_ends_of_range(tartan_grid *grid)
{
  static const double scales[2][4] = {{1e37, 1e30, 1e-30, 1e-37}, {1e306, 1e300, 1e-300, 1e-305}};
  double              sigma[12];

  for (int t = 0; t < 2; t++)
    for (int s = 0; s < 4; s++)
      for (int e = 0; e < 2; e++) {
        char  text[40] = "near the ends of the range, 0";
        dense A;

        qr_log_spaced(12, pow(10, e * (t ? 12 : 5)), sigma);
        A = dense_with_values(70, 12, 12, sigma, (uint64_t)s);
        for (int64_t k = 0; k < 70 * 12; k++) A.a[k] *= scales[t][s];
        if (t == TARTAN_F32) dense_round(&A);
        text[strlen(text) - 1] = (char)('0' + s);
        test_all_methods(grid, (tartan_dtype)t, &A, text);
        dense_free(&A);
      }
}

/* Shapes beside the ladder: the reason says why a rung that was asked for does not do. */
static void test_other_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 1}, {5, 1}, {900, 2}, {40, 40}, {50, 40}, {40, 50}, {1, 9}, {161, 40}};
  uint64_t             seed = check_seed();
  tartan_factor_info   info;

  for (int s = 0; s < 8; s++)
    for (int t = 0; t < 2; t++) {
      dense A = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed);

      test_all_methods(grid, (tartan_dtype)t, &A, "shapes");
      test_method(grid, (tartan_dtype)t, &A, TARTAN_QR_TSQR, &info);
      CHECK(A.m >= A.n ? says(&info, "TSQR") : strstr(info.method, "p?geqrf") && strstr(info.reason, "rows"));
      dense_free(&A);
    }
}

static void test_bad_method(tartan_grid *grid)
{
  tartan_qr_opts opts = TARTAN_QR_OPTS_INIT;
  uint64_t       seed = 1;
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 5, 5, NULL, fill_random, &seed), *Q = A, *R = A;

  check_context("a method that is not there");
  opts.method = (tartan_qr_method)17;
  CHECK_STATUS(tartan_qr(A, &opts, &Q, &R, NULL), TARTAN_ERR_ARG);
  CHECK(Q == NULL && R == NULL);
  tartan_matrix_destroy(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_conditions(grid);
  test_shapes_of_spectra(grid);
  test_ends_of_range(grid);
  test_other_shapes(grid);
  test_bad_method(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
