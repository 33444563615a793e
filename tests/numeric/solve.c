// TEST: np=1,2,3,4,6,9 labels=numeric,factor
/*
 * tartan_solve in any layout and in windows, for general and symmetric positive definite matrices, both operations, any
 * number of right-hand sides: |op(A) x - b| <= 10 n u (|A| |x| + |b|) in the infinity norm, for conditions up to 1e14,
 * graded and badly scaled matrices; the residual that is told is the true one.
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/solve.h>

#include "check.h"
#include "matrices.h"

/* op(A)(i, j). */
static double element(const dense *A, tartan_op op, int64_t i, int64_t j)
{
  return op == TARTAN_TRANS ? AT(*A, j, i) : AT(*A, i, j);
}

/* The largest backward error of a column. */
static double backward(const dense *A, tartan_op op, const dense *X, const dense *B)
{
  double norm = 0, worst = 0;

  for (int64_t i = 0; i < A->m; i++) {
    double sum = 0;

    for (int64_t j = 0; j < A->n; j++) sum += fabs(element(A, op, i, j));
    norm = fmax(norm, sum);
  }
  for (int64_t c = 0; c < B->n; c++) {
    double r = 0, x = 0, b = 0;

    for (int64_t i = 0; i < A->m; i++) {
      long double sum = AT(*B, i, c);

      for (int64_t j = 0; j < A->n; j++) sum -= (long double)element(A, op, i, j) * (long double)AT(*X, j, c);
      r = fmax(r, fabs((double)sum));
      x = fmax(x, fabs(AT(*X, i, c)));
      b = fmax(b, fabs(AT(*B, i, c)));
    }
    if (r != 0) worst = r / (norm * x + b) > worst || isnan(r) ? r / (norm * x + b) : worst;
  }
  return worst;
}

static void test_system(tartan_grid *grid, tartan_dtype dtype, const dense *A, int64_t k, tartan_solve_opts opts)
{
  const bool        lower = opts.assume == TARTAN_ASSUME_POSITIVE;
  uint64_t          seed = check_seed() + 5;
  dense             B = dense_make(A->m, k, fill_random, &seed);
  tartan_matrix    *a, *b, *va = NULL, *vb = NULL, *x = NULL;
  tartan_solve_info info;
  int64_t           m, n;

  a = matrix_window_of(grid, dtype, A, lower, &va);
  b = matrix_window_of(grid, dtype, &B, false, &vb);
  if (CHECK_OK(tartan_solve(va, vb, &opts, &x, &info)) && CHECK(x != NULL)) {
    const double limit = 10 * fmax(1, (double)A->m) * unit_roundoff(dtype);
    dense        X = dense_of(x);
    double       error = backward(A, opts.op, &X, &B);

    tartan_matrix_shape(x, &m, &n);
    CHECK(m == A->m && n == k && tartan_matrix_dtype(x) == dtype);
    CHECK_LE(error, limit);
    CHECK_LE(fabs(error - info.residual), 0.1 * limit);
    CHECK(info.condition >= 1 && info.method[0] && info.reason[0] && info.steps >= 0);
    dense_free(&X);
  }
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&vb);
  tartan_matrix_destroy(&b);
  tartan_matrix_destroy(&va);
  tartan_matrix_destroy(&a);
  dense_free(&B);
}

/* A' A + I of a random A. */
static dense positive(int64_t n, uint64_t seed)
{
  dense A = dense_make(n, n, fill_random, &seed), S = dense_product(TARTAN_TRANS, &A, TARTAN_NO_TRANS, &A);

  for (int64_t i = 0; i < n; i++) AT(S, i, i) += 1;
  dense_round(&S);
  dense_free(&A);
  return S;
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t sizes[] = {0, 1, 2, 3, 7, 8, 37, 64, 65, 130}, sides[] = {0, 1, 2, 5, 70};
  uint64_t             seed = check_seed();

  for (int s = 0; s < 10; s++)
    for (int t = 0; t < 2; t++)
      for (int assume = 0; assume < 2; assume++) {
        const int64_t     n = sizes[s], k = sides[(s + t + assume) % 5];
        tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
        dense             A = assume ? positive(n, seed + 1) : dense_make(n, n, fill_random, &seed);

        opts.assume = (tartan_assume)assume;
        opts.op = (tartan_op)((s + t) % 2);
        check_context("n=%lld, k=%lld, %s, assume %d", (long long)n, (long long)k, tartan_dtype_name((tartan_dtype)t),
                      assume);
        test_system(grid, (tartan_dtype)t, &A, k, opts);
        dense_free(&A);
      }
}

/* Larger than what one rank does. */
static void test_spread(tartan_grid *grid)
{
  uint64_t seed = check_seed();

  for (int assume = 0; assume < 2; assume++) {
    tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
    dense             A = assume ? positive(521, seed + 1) : dense_make(521, 521, fill_random, &seed);

    opts.assume = (tartan_assume)assume;
    check_context("n=521, assume %d", assume);
    for (int t = 0; t < 2; t++) {
      test_system(grid, (tartan_dtype)t, &A, 3, opts);
      opts.op = TARTAN_TRANS;
    }
    dense_free(&A);
  }
}

/* Conditions to 1e14, graded rows and columns, Hilbert, indefinite: always the gate; f32 factors where they can do. */
static void test_hard(tartan_grid *grid)
{
  static const char *const kinds[] = {"condition 1e4", "condition 1e8",  "condition 1e14",
                                      "graded rows",   "graded columns", "graded both",
                                      "Hilbert",       "indefinite",     "growth"};
  const int64_t            n = 60;

  for (int kind = 0; kind < 9; kind++)
    for (int mixed = 0; mixed < 2; mixed++) {
      static const double exponents[] = {4, 8, 14};
      tartan_solve_opts   opts = TARTAN_SOLVE_OPTS_INIT;
      uint64_t            seed = check_seed() + 9;
      double              sigma[60];
      dense               A;

      for (int64_t i = 0; i < n; i++)
        sigma[i] = kind < 3 ? pow(10, -exponents[kind] * (double)i / (double)(n - 1)) : i % 2 ? 1 : 2;
      A = dense_with_values(n, n, n, sigma, seed);
      for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++) {
          if (kind == 3 || kind == 5) AT(A, i, j) *= pow(10, -12 * (double)i / (double)n);
          if (kind == 4 || kind == 5) AT(A, i, j) *= pow(10, 12 * (double)j / (double)n);
          if (kind == 6) AT(A, i, j) = 1 / (double)(i + j + 1);
          if (kind == 7) AT(A, i, j) = i >= j ? AT(A, i, j) : AT(A, j, i);
          if (kind == 8) AT(A, i, j) = i == j || j == n - 1 ? 1 : i > j ? -0.9 : 0;
        }
      for (int64_t j = 0; kind == 7 && j < n; j++)
        for (int64_t i = 0; i < j; i++) AT(A, i, j) = AT(A, j, i);
      opts.mixed = mixed;
      opts.op = (tartan_op)(kind % 2);
      opts.assume = kind == 6 || kind == 7 ? TARTAN_ASSUME_POSITIVE : TARTAN_ASSUME_GENERAL;
      check_context("%s, mixed %d", kinds[kind], mixed);
      test_system(grid, TARTAN_F64, &A, 3, opts);
      if (!mixed && kind < 3) {
        dense_round(&A);
        test_system(grid, TARTAN_F32, &A, 2, opts);
      }
      dense_free(&A);
    }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_spread(grid);
  test_hard(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
