// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * What is defined at the edges: singular, indefinite, empty, 1 x 1, entries near overflow and underflow, bad input and
 * options; condition estimates against the true ones; exact determinants; the same bits on any number of ranks.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/solve.h>

#include "check.h"
#include "matrices.h"

static bool message_has(const char *part)
{
  return strstr(tartan_error_message(), part) != NULL;
}

/* Diagonal of ones but for a zero row at `hole`, made dense by a unit lower triangle: pivot `hole` + 1 is zero. */
static dense with_hole(int64_t n, int64_t hole)
{
  dense A = dense_new(n, n);

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j; i < n; i++) AT(A, i, j) = j == hole ? 0 : i == j ? 2 : (double)((i * 7 + j * 3) % 2);
  return A;
}

static void test_singular(tartan_grid *grid)
{
  static const int64_t sizes[] = {1, 5, 40, 510};

  for (int s = 0; s < 4; s++)
    for (int assume = 0; assume < 2; assume++) {
      const int64_t            n = sizes[s], hole = n / 2;
      const tartan_matrix_opts layout = layout_random(grid);
      tartan_solve_opts        opts = TARTAN_SOLVE_OPTS_INIT;
      dense                    values = with_hole(n, hole);
      tartan_matrix *A, *B = matrix_make(grid, TARTAN_F64, n, 2, NULL, fill_place, NULL), *X = B, *L = NULL, *U = NULL;
      int64_t       *perm = malloc((size_t)n * sizeof *perm);
      double         sign = 7, logabs = 7, det = 7;
      char           word[32];
      tartan_factor_info info;

      for (int64_t i = 0; i < n; i++) AT(values, hole, i) = AT(values, i, hole) = 0;
      A = matrix_of(grid, TARTAN_F64, &values, &layout);
      opts.assume = (tartan_assume)assume;
      snprintf(word, sizeof word, assume ? "pivot" : "pivot %lld", (long long)hole + 1);
      check_context("singular, n=%lld, assume %d", (long long)n, assume);
      CHECK_STATUS(tartan_solve(A, B, &opts, &X, NULL), TARTAN_ERR_NUMERIC);
      CHECK(X == NULL && message_has(word));
      X = B;
      CHECK_STATUS(tartan_inv(A, &opts, &X, NULL), TARTAN_ERR_NUMERIC);
      CHECK(X == NULL && message_has(word));
      opts.mixed = true;
      CHECK_STATUS(tartan_solve(A, B, &opts, &X, NULL), TARTAN_ERR_NUMERIC);
      CHECK_OK(tartan_slogdet(A, &opts, &sign, &logabs, NULL));
      CHECK(sign == 0 && logabs == -INFINITY);
      CHECK_OK(tartan_det(A, &opts, &det, NULL));
      CHECK(det == 0);
      L = B;
      CHECK_STATUS(tartan_cholesky(A, &L, NULL), TARTAN_ERR_NUMERIC);
      CHECK(L == NULL && message_has("minor of order"));
      if (CHECK_OK(tartan_lu(A, &L, &U, perm, &info))) CHECK(info.found == n - 1 && info.condition == INFINITY);
      tartan_matrix_destroy(&U);
      tartan_matrix_destroy(&L);
      tartan_matrix_destroy(&B);
      tartan_matrix_destroy(&A);
      dense_free(&values);
      free(perm);
    }
}

/* All entries of one size: x = A^-1 b is still in range, and right. */
static void test_extreme(tartan_grid *grid)
{
  static const double sizes[][2] = {{1e300, 1e300},   {1e-300, 1e-300}, {1e300, 1}, {1e-300, 1e-10},
                                    {1e-310, 1e-310}, {1e307, 1e307},   {1, 1e300}, {1, 1e-300}};

  for (int s = 0; s < 8; s++)
    for (int kind = 0; kind < 3; kind++) {
      const int64_t     n = s % 3 == 2 ? 505 : 7;
      tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
      uint64_t          seed = 4;
      dense             base = dense_make(n, n, fill_random, &seed), a = dense_new(n, n), b = dense_new(n, 1);
      tartan_matrix    *A, *B, *X = NULL;
      tartan_solve_info info;

      check_context("entries of %g and %g, kind %d", sizes[s][0], sizes[s][1], kind);
      for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++)
          AT(a, i, j) = sizes[s][0] * (i == j ? 8 : AT(base, i > j ? i : j, i > j ? j : i) / (double)n);
      for (int64_t i = 0; i < n; i++) AT(b, i, 0) = sizes[s][1] * (double)(i % 3 + 1);
      opts.assume = kind == 1 ? TARTAN_ASSUME_POSITIVE : TARTAN_ASSUME_GENERAL;
      opts.mixed = kind == 2;
      A = matrix_of(grid, TARTAN_F64, &a, NULL);
      B = matrix_of(grid, TARTAN_F64, &b, NULL);
      if (CHECK_OK(tartan_solve(A, B, &opts, &X, &info))) {
        dense  x = dense_of(X);
        double worst = 0;

        for (int64_t i = 0; i < n; i++) { /* no intermediate value leaves the range: |a| x is about |b| */
          long double sum = AT(b, i, 0);

          for (int64_t j = 0; j < n; j++) sum -= (long double)AT(a, i, j) * (long double)AT(x, j, 0);
          worst = fmax(worst, (double)(fabsl(sum) / sizes[s][1]));
        }
        CHECK_LE(worst, sizes[s][0] < 1e-305 ? 1e-6 : 1e-12);
        CHECK(info.condition >= 1 && info.condition < 100 && info.residual < 1e-13);
        CHECK(kind != 2 || strcmp(info.method, "LU in f32, refined") == 0);
        dense_free(&x);
      }
      tartan_matrix_destroy(&X);
      if (n < 100) {
        double sign, logabs;

        CHECK_OK(tartan_slogdet(A, &opts, &sign, &logabs, NULL));
        CHECK(sign == 1 && fabs(logabs - (double)n * log(8 * sizes[s][0])) < 0.5);
        CHECK_OK(tartan_inv(A, &opts, &X, NULL));
        tartan_matrix_destroy(&X);
      }
      tartan_matrix_destroy(&B);
      tartan_matrix_destroy(&A);
      dense_free(&b);
      dense_free(&a);
      dense_free(&base);
    }
}

/* The true |A|_1 |A^-1|_1 through the inverse. */
static void test_condition(tartan_grid *grid)
{
  static const int64_t sizes[] = {2, 30, 100, 503};

  for (int s = 0; s < 4; s++)
    for (int e = 0; e <= 12; e += 4)
      for (int assume = 0; assume < 2; assume++) {
        const int64_t     n = sizes[s];
        double           *sigma = malloc((size_t)n * sizeof *sigma), norms[2] = {0, 0}, truth;
        tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
        tartan_matrix    *A, *X = NULL, *B = matrix_make(grid, TARTAN_F64, n, 1, NULL, fill_place, NULL);
        tartan_solve_info info;
        uint64_t          seed = 8;
        dense             Q, T, a, x;

        if (n > 200 && (e != 8 || assume)) {
          free(sigma);
          tartan_matrix_destroy(&B);
          continue;
        }
        for (int64_t i = 0; i < n; i++) sigma[i] = pow(10, -(double)e * (double)i / (double)(n - 1));
        Q = n > 200 ? dense_make(n, n, fill_random, &seed) : dense_with_values(n, n, n, sigma, (uint64_t)(s + e));
        T = assume ? dense_product(TARTAN_TRANS, &Q, TARTAN_NO_TRANS, &Q) : dense_transpose(&Q);
        for (int64_t i = 0; assume && i < n; i++) AT(T, i, i) += pow(10, -e);
        opts.assume = (tartan_assume)assume;
        A = matrix_of(grid, TARTAN_F64, &T, NULL);
        check_context("condition 1e%d, n=%lld, assume %d", e, (long long)n, assume);
        if (CHECK_OK(tartan_inv(A, &opts, &X, NULL))) {
          a = dense_of(A);
          x = dense_of(X);
          for (int64_t j = 0; j < n; j++) {
            double sums[2] = {0, 0};

            for (int64_t i = 0; i < n; i++) {
              sums[0] += fabs(AT(a, i, j));
              sums[1] += fabs(AT(x, i, j));
            }
            for (int k = 0; k < 2; k++) norms[k] = fmax(norms[k], sums[k]);
          }
          truth = norms[0] * norms[1];
          tartan_matrix_destroy(&X);
          if (CHECK_OK(tartan_solve(A, B, &opts, &X, &info))) {
            CHECK_LE(info.condition, truth * 1.01 + 1e-6 * truth * truth * 1e-10);
            CHECK_LE(truth / 10, info.condition);
          }
          dense_free(&a);
          dense_free(&x);
        }
        tartan_matrix_destroy(&X);
        tartan_matrix_destroy(&B);
        tartan_matrix_destroy(&A);
        dense_free(&T);
        dense_free(&Q);
        free(sigma);
      }
}

/* Small whole numbers. */
static void test_exact(tartan_grid *grid)
{
  static const double a[9] = {2, 0, 1, 1, 3, 0, 0, 1, 4}; /* columns */
  dense               values = dense_new(3, 3);
  tartan_matrix      *A;
  double              sign, logabs, det;

  check_context("exact");
  memcpy(values.a, a, sizeof a);
  A = matrix_of(grid, TARTAN_F64, &values, NULL);
  CHECK_OK(tartan_det(A, NULL, &det, NULL));
  CHECK_LE(fabs(det - 25), 1e-14);
  CHECK_OK(tartan_slogdet(A, NULL, &sign, &logabs, NULL));
  CHECK(sign == 1 && fabs(logabs - log(25)) < 1e-15);
  tartan_matrix_destroy(&A);
  A = matrix_make(grid, TARTAN_F32, 0, 0, NULL, fill_place, NULL);
  CHECK_OK(tartan_det(A, NULL, &det, NULL));
  CHECK_OK(tartan_slogdet(A, NULL, &sign, &logabs, NULL));
  CHECK(det == 1 && sign == 1 && logabs == 0);
  tartan_matrix_destroy(&A);
  dense_free(&values);
}

static void test_refused(tartan_grid *grid)
{
  tartan_matrix    *A = matrix_make(grid, TARTAN_F64, 5, 4, NULL, fill_place, NULL);
  tartan_matrix    *S = matrix_make(grid, TARTAN_F64, 4, 4, NULL, fill_place, NULL);
  tartan_matrix    *F = matrix_make(grid, TARTAN_F32, 4, 4, NULL, fill_place, NULL), *X = A, *Y = A;
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  double            v, w;

  check_context("refused");
  CHECK_STATUS(tartan_solve(A, S, NULL, &X, NULL), TARTAN_ERR_SHAPE);
  CHECK(X == NULL);
  CHECK_STATUS(tartan_solve(S, A, NULL, &X, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_solve(S, F, NULL, &X, NULL), TARTAN_ERR_DTYPE);
  CHECK_STATUS(tartan_cholesky(A, &X, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_inv(A, NULL, &X, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_det(A, NULL, &v, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_slogdet(A, NULL, &v, &w, NULL), TARTAN_ERR_SHAPE);
  opts.mixed = true;
  CHECK_STATUS(tartan_solve(F, F, &opts, &X, NULL), TARTAN_ERR_ARG);
  opts.mixed = false;
  opts.refine = -2;
  CHECK_STATUS(tartan_solve(S, S, &opts, &X, NULL), TARTAN_ERR_ARG);
  opts.refine = -1;
  opts.assume = (tartan_assume)9;
  CHECK_STATUS(tartan_solve(S, S, &opts, &X, NULL), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_inv(S, &opts, &X, NULL), TARTAN_ERR_ARG);
  for (int b = 0; b < 2; b++) {
    const double   bad = b ? (double)NAN : (double)INFINITY;
    dense          values = dense_make(4, 4, fill_place, NULL);
    tartan_matrix *N;
    int64_t        perm[4];

    AT(values, 3, 1) = bad;
    N = matrix_of(grid, TARTAN_F64, &values, NULL);
    X = Y = A;
    CHECK_STATUS(tartan_solve(N, S, NULL, &X, NULL), TARTAN_ERR_INPUT);
    CHECK_STATUS(tartan_solve(S, N, NULL, &X, NULL), TARTAN_ERR_INPUT);
    CHECK_STATUS(tartan_inv(N, NULL, &X, NULL), TARTAN_ERR_INPUT);
    CHECK_STATUS(tartan_cholesky(N, &X, NULL), TARTAN_ERR_INPUT);
    CHECK_STATUS(tartan_lu(N, &X, &Y, perm, NULL), TARTAN_ERR_INPUT);
    CHECK_STATUS(tartan_det(N, NULL, &v, NULL), TARTAN_ERR_INPUT);
    CHECK(X == NULL && Y == NULL);
    tartan_matrix_destroy(&N);
    dense_free(&values);
  }
  tartan_matrix_destroy(&F);
  tartan_matrix_destroy(&S);
  tartan_matrix_destroy(&A);
}

/* x, L, U and A^-1 on the first `size` ranks; only rank 0 has them. */
static void bits_of(int size, int threads, const dense *A, const dense *B, bool mixed, dense out[3])
{
  tartan_grid      *grid = grid_of_first(size, threads);
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_matrix    *a, *b, *x = NULL, *y = NULL, *u = NULL;
  int64_t           perm[150];

  if (!grid) return;
  opts.mixed = mixed;
  a = matrix_of(grid, TARTAN_F64, A, NULL);
  b = matrix_of(grid, TARTAN_F64, B, NULL);
  if (CHECK_OK(tartan_solve(a, b, &opts, &x, NULL))) out[0] = dense_of(x);
  if (CHECK_OK(tartan_inv(a, NULL, &y, NULL))) out[1] = dense_of(y);
  if (CHECK_OK(tartan_lu(a, NULL, &u, perm, NULL))) out[2] = dense_of(u);
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&y);
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&b);
  tartan_matrix_destroy(&a);
  tartan_grid_destroy(&grid);
}

static void test_bits(void)
{
  uint64_t seed = 12;
  dense    A = dense_make(150, 150, fill_random, &seed), B = dense_make(150, 3, fill_random, &seed);

  for (int mixed = 0; mixed < 2; mixed++) {
    dense first[3] = {{0, 0, NULL}, {0, 0, NULL}, {0, 0, NULL}};

    bits_of(1, 1, &A, &B, mixed, first);
    for (int size = 1; size <= check_size(); size++) {
      dense again[3] = {{0, 0, NULL}, {0, 0, NULL}, {0, 0, NULL}};

      check_context("bits on %d ranks, mixed %d", size, mixed);
      bits_of(size, 1 + size % 2, &A, &B, mixed, again);
      for (int i = 0; i < 3; i++) {
        if (check_rank() == 0) CHECK(dense_same_bits(&first[i], &again[i]));
        dense_free(&again[i]);
      }
    }
    for (int i = 0; i < 3; i++) dense_free(&first[i]);
  }
  dense_free(&A);
  dense_free(&B);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_singular(grid);
  test_extreme(grid);
  test_condition(grid);
  test_exact(grid);
  test_refused(grid);
  tartan_grid_destroy(&grid);
  test_bits();
  return check_finish();
}
