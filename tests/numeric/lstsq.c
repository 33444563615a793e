// TEST: np=1,2,3,4,6 labels=numeric,factor timeout=120
/*
 * tartan_lstsq, with r = b - A x, N = max(m, n), columns taken together (Frobenius norms):
 *   |A'r - ridge x| <= 10 N u (|A| (|A| |x| + |b|) + ridge |x|)             the minimum
 *   |x - A+ b| <= 10 N u (kappa (|x| + |b| / s_1) + kappa^2 |r| / s_1)       the smallest one; kappa = s_1 / s_rank
 *   residuals as told: | |r_j| - told | <= 10 N u (|A| |x| + |b|); rank as constructed; inputs not changed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/lstsq.h>

#include "check.h"
#include "matrices.h"
#include "operand.h"

#define SIDES 70 /* most right-hand sides */

typedef struct result {
  tartan_lstsq_info info;
  double            residuals[SIDES];
  dense             X;
  double            size; /* 10 N u */
} result;

static uint64_t seed = 7;

/* Solves in a drawn layout, and checks what holds of every solution. X.a is NULL after a failure. */
static result solve(tartan_grid *grid, tartan_dtype dtype, const dense *A, const dense *B,
                    const tartan_lstsq_opts *opts)
{
  result         x = {.X = {0, 0, NULL}};
  operand        a, b;
  tartan_matrix *X = NULL;
  const double   ridge = opts ? opts->ridge : 0;

  memset(&x.info, 0, sizeof x.info);
  x.info.residuals = x.residuals;
  x.size = 10 * unit_roundoff(dtype) * (double)(A->m > A->n ? A->m : A->n);
  operand_draw(grid, dtype, A->m, A->n, fill_place, NULL, &a);
  operand_draw(grid, dtype, B->m, B->n, fill_place, NULL, &b);
  matrix_put(a.window, A);
  matrix_put(b.window, B);
  if (CHECK_OK(tartan_lstsq(a.window, b.window, opts, &X, &x.info)) && CHECK(X != NULL)) {
    dense  now = operand_now(&a), b_now = operand_now(&b), AX, gradient;
    double scale = 0;

    CHECK_LE(dense_distance(A, &now), dtype == TARTAN_F64 ? 0 : x.size * dense_norm(A)); /* not changed */
    CHECK_LE(dense_distance(B, &b_now), dtype == TARTAN_F64 ? 0 : x.size * dense_norm(B));
    x.X = dense_of(X);
    CHECK(x.X.m == A->n && x.X.n == B->n);
    AX = dense_product(TARTAN_NO_TRANS, &now, TARTAN_NO_TRANS, &x.X);
    for (int64_t e = 0; e < AX.m * AX.n; e++) AX.a[e] = b_now.a[e] - AX.a[e];
    gradient = dense_product(TARTAN_TRANS, &now, TARTAN_NO_TRANS, &AX);
    for (int64_t e = 0; e < gradient.m * gradient.n; e++) gradient.a[e] -= ridge * x.X.a[e];
    scale = dense_norm(&now) * dense_norm(&x.X) + dense_norm(&b_now);
    CHECK_LE(dense_norm(&gradient), x.size * (dense_norm(&now) * scale + ridge * dense_norm(&x.X)));
    for (int64_t j = 0; j < AX.n; j++) {
      const dense column = {AX.m, 1, &AT(AX, 0, j)};

      CHECK_LE(fabs(dense_norm(&column) - x.residuals[j]), x.size * scale);
    }
    dense_free(&gradient);
    dense_free(&AX);
    dense_free(&b_now);
    dense_free(&now);
  }
  matrix_put(a.window, &a.values);
  matrix_put(b.window, &b.values);
  CHECK_EQ(operand_changed(&a, true) + operand_changed(&b, true), 0); /* nor is what stands around it */
  tartan_matrix_destroy(&X);
  operand_end(&b);
  operand_end(&a);
  return x;
}

/* Random matrices of all shapes, all methods, with and without a ridge; k columns. */
static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{0, 0}, {0, 3},   {3, 0},   {1, 1},    {1, 2},    {2, 1},    {5, 5},   {7, 8},
                                      {8, 7}, {65, 64}, {64, 65}, {130, 37}, {37, 130}, {300, 20}, {20, 300}};
  static const int64_t sides[] = {1, 3, 0, SIDES};

  for (int s = 0; s < 15; s++)
    for (int t = 0; t < 2; t++)
      for (int method = (s + t) % 2; method <= TARTAN_LSTSQ_SVD; method += 1 + (s + t + 1) % 2) {
        tartan_lstsq_opts opts = TARTAN_LSTSQ_OPTS_INIT;
        dense             A = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed), B;
        const int64_t     r = A.m < A.n ? A.m : A.n;
        result            x;

        seed++;
        B = dense_make(A.m, sides[(s + method) % 4], fill_random, &seed);
        opts.method = (tartan_lstsq_method)method;
        opts.ridge = (s + t + method) % 3 == 0 ? 0.5 : 0;
        check_context("%lld x %lld, %lld sides, %s, method %d, ridge %g", (long long)A.m, (long long)A.n,
                      (long long)B.n, tartan_dtype_name((tartan_dtype)t), method, opts.ridge);
        x = solve(grid, (tartan_dtype)t, &A, &B, &opts);
        CHECK_EQ(x.info.rank, r);
        CHECK(strcmp(x.info.method, r == 0 ? "none" : method == TARTAN_LSTSQ_SVD ? "SVD" : "QR") == 0);
        CHECK(r == 0 ? isnan(x.info.condition) : x.info.condition >= 0.9);
        dense_free(&x.X);
        dense_free(&B);
        dense_free(&A);
      }
}

/* A+ b, by tartan_pinv. */
static dense by_pinv(tartan_grid *grid, const dense *A, const dense *B, double *condition)
{
  tartan_matrix    *a = matrix_of(grid, TARTAN_F64, A, NULL), *p = NULL;
  dense             P, X = {0, 0, NULL};
  tartan_lstsq_info info;

  memset(&info, 0, sizeof info);
  if (CHECK_OK(tartan_pinv(a, -1, &p, &info))) {
    P = dense_of(p);
    X = dense_product(TARTAN_NO_TRANS, &P, TARTAN_NO_TRANS, B);
    dense_free(&P);
  }
  *condition = info.rank > 0 ? info.condition : 1;
  tartan_matrix_destroy(&p);
  tartan_matrix_destroy(&a);
  return X;
}

/* The solution is the smallest: that of the pseudo-inverse. */
static void judge_smallest(tartan_grid *grid, const dense *A, const dense *B, const result *x)
{
  double kappa, s1 = dense_norm(A), r = 0;
  dense  reference = by_pinv(grid, A, B, &kappa);

  for (int64_t j = 0; j < B->n; j++) r = hypot(r, x->residuals[j]);
  if (s1 > 0)
    CHECK_LE(dense_distance(&x->X, &reference),
             x->size * kappa * (dense_norm(&reference) + (dense_norm(B) + kappa * r) / s1));
  else
    CHECK_LE(dense_norm(&x->X), 0);
  dense_free(&reference);
}

/* Known singular values: conditions from 1 to 1e14, low rank, equal ones, all zero; b in the range and beside it. */
static void test_spectra(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{30, 30}, {30, 40}, {40, 30}, {150, 30}, {30, 150}};
  double               sigma[30] = {0};

  for (int kind = 0; kind < 8; kind++)
    for (int s = 0; s < 5; s++) {
      const int64_t r = 30, larger = shapes[s][0] > shapes[s][1] ? shapes[s][0] : shapes[s][1];
      int64_t       rank = 0;
      dense         A, B, x0;
      result        x;

      check_context("spectrum %d, %lld x %lld", kind, (long long)shapes[s][0], (long long)shapes[s][1]);
      for (int64_t i = 0; i < r; i++) {
        const double t = (double)i / (double)(r - 1);

        sigma[i] = kind < 5 ? pow(10, -3.5 * kind * t) : kind == 5 ? 2 : kind == 6 ? (i < 5 ? 3 : 0) : 0;
        rank += sigma[i] > 0x1p-52 * (double)larger * sigma[0];
      }
      A = dense_with_values(shapes[s][0], shapes[s][1], r, sigma, (uint64_t)(kind * 8 + s));
      seed++;
      if (s % 2 == 0) {
        B = dense_make(A.m, 2, fill_random, &seed);
      } else {
        x0 = dense_make(A.n, 2, fill_random, &seed);
        B = dense_product(TARTAN_NO_TRANS, &A, TARTAN_NO_TRANS, &x0);
        dense_free(&x0);
      }
      x = solve(grid, TARTAN_F64, &A, &B, NULL);
      CHECK_EQ(x.info.rank, rank);
      if (s % 2 != 0) /* b is in the range */
        CHECK_LE(hypot(x.residuals[0], x.residuals[1]), x.size * (dense_norm(&A) * dense_norm(&x.X) + dense_norm(&B)));
      if (kind < 7) CHECK(strcmp(x.info.method, kind < 4 || kind == 5 ? "QR" : "SVD") == 0);
      judge_smallest(grid, &A, &B, &x);
      dense_free(&x.X);
      dense_free(&B);
      dense_free(&A);
    }
}

/* Columns of falling size, rows of falling size, and elements near the ends of the range. */
static void test_graded(tartan_grid *grid)
{
  for (int kind = 0; kind < 5; kind++)
    for (int s = 0; s < 3; s++)
      for (int t = 0; t < 2; t++) {
        const tartan_dtype dtype = (tartan_dtype)t;
        dense              A = dense_make(s == 0 ? 120 : 24, s == 2 ? 120 : 24, fill_random, &seed), B;
        double             far = dtype == TARTAN_F64 ? 1e140 : 1e14;
        result             x;

        seed++;
        B = dense_make(A.m, 2, fill_random, &seed);
        for (int64_t j = 0; j < A.n; j++)
          for (int64_t i = 0; i < A.m; i++)
            AT(A, i, j) *= kind == 0   ? pow(10, -3.0 * (double)j / (double)A.n)
                           : kind == 1 ? pow(10, -3.0 * (double)i / (double)A.m)
                           : kind == 2 ? pow(10, 6.0 * (double)i / (double)A.m)
                           : kind == 3 ? far
                                       : 1 / far;
        check_context("graded %d, %lld x %lld, %s", kind, (long long)A.m, (long long)A.n, tartan_dtype_name(dtype));
        x = solve(grid, dtype, &A, &B, NULL);
        if (dtype == TARTAN_F64) CHECK_EQ(x.info.rank, 24);
        dense_free(&x.X);
        dense_free(&B);
        dense_free(&A);
      }
}

/* [C C] x = b: of all minimisers the smallest has two equal halves, each half of C's own solution. */
static void test_twins(tartan_grid *grid)
{
  for (int t = 0; t < 2; t++)
    for (int tall = 0; tall < 2; tall++) {
      dense  C = dense_make(tall ? 200 : 20, 15, fill_random, &seed), A = dense_new(C.m, 30), B;
      result x, y;

      seed++;
      B = dense_make(C.m, 1, fill_random, &seed);
      memcpy(A.a, C.a, (size_t)(C.m * 15) * sizeof *A.a);
      memcpy(A.a + C.m * 15, C.a, (size_t)(C.m * 15) * sizeof *A.a);
      check_context("twins, %lld rows, %s", (long long)C.m, tartan_dtype_name((tartan_dtype)t));
      x = solve(grid, (tartan_dtype)t, &A, &B, NULL);
      y = solve(grid, (tartan_dtype)t, &C, &B, NULL);
      CHECK_EQ(x.info.rank, 15);
      for (int64_t i = 0; i < 15 && x.X.a && y.X.a; i++) {
        CHECK_LE(fabs(x.X.a[i] - x.X.a[15 + i]), 100 * x.size * dense_norm(&x.X));
        CHECK_LE(fabs(2 * x.X.a[i] - y.X.a[i]), 100 * x.size * dense_norm(&x.X));
      }
      dense_free(&y.X);
      dense_free(&x.X);
      dense_free(&B);
      dense_free(&A);
      dense_free(&C);
    }
}

/* Ridges from nothing to overwhelming, of full and of low rank, by each method that can. */
static void test_ridges(tartan_grid *grid)
{
  static const double ridges[] = {1e-40, 1e-12, 1e-3, 1, 1e12};
  double              sigma[12] = {0};

  for (int g = 0; g < 5; g++)
    for (int s = 0; s < 3; s++)
      for (int low = 0; low < 2; low++)
        for (int method = TARTAN_LSTSQ_PLANNED; method <= TARTAN_LSTSQ_SVD; method++) {
          tartan_lstsq_opts opts = TARTAN_LSTSQ_OPTS_INIT;
          dense             A, B;
          result            x;

          if ((g + s + low) % 2 == 0 && method != TARTAN_LSTSQ_PLANNED) continue;
          if (low && g == 0 && method == TARTAN_LSTSQ_QR) continue; /* refused: see below */
          for (int64_t i = 0; i < 12; i++) sigma[i] = low && i > 6 ? 0 : 1 / (1.0 + (double)i);
          A = dense_with_values(s == 0 ? 60 : 12, s == 1 ? 60 : 12, 12, sigma, (uint64_t)(900 + g));
          seed++;
          B = dense_make(A.m, 2, fill_random, &seed);
          opts.ridge = ridges[g];
          opts.method = (tartan_lstsq_method)method;
          check_context("ridge %g, %lld x %lld, rank %d, method %d", opts.ridge, (long long)A.m, (long long)A.n,
                        low ? 7 : 12, method);
          x = solve(grid, TARTAN_F64, &A, &B, &opts);
          CHECK_EQ(x.info.rank, low ? 7 : 12);
          CHECK_LE(fabs(x.info.condition - (low ? 7 : 12)), low ? 1e-9 : 3); /* an estimate, if the rank is full */
          dense_free(&x.X);
          dense_free(&B);
          dense_free(&A);
        }
}

/* Refusals: nothing is made, and every rank knows. */
static void test_refused(tartan_grid *grid)
{
  static const double  bad[] = {NAN, INFINITY, -INFINITY};
  static const int64_t shapes[][2] = {{20, 20}, {40, 5}, {5, 40}, {1, 2}};
  tartan_lstsq_opts    opts = TARTAN_LSTSQ_OPTS_INIT;
  tartan_matrix       *A, *B, *C, *X;

  for (int b = 0; b < 3; b++)
    for (int s = 0; s < 4; s++)
      for (int side = 0; side < 2; side++) {
        dense a = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed),
              v = dense_make(a.m, 2, fill_random, &seed);

        check_context("%g in %s of %lld x %lld", bad[b], side ? "B" : "A", (long long)a.m, (long long)a.n);
        if (side)
          AT(v, v.m - 1, 1) = bad[b];
        else
          AT(a, a.m - 1, a.n - 1) = bad[b];
        A = X = matrix_of(grid, TARTAN_F64, &a, NULL);
        B = matrix_of(grid, TARTAN_F64, &v, NULL);
        CHECK_STATUS(tartan_lstsq(A, B, NULL, &X, NULL), TARTAN_ERR_INPUT);
        CHECK(X == NULL);
        tartan_matrix_destroy(&B);
        tartan_matrix_destroy(&A);
        dense_free(&v);
        dense_free(&a);
      }
  check_context("refusals");
  A = matrix_make(grid, TARTAN_F64, 9, 4, NULL, fill_place, NULL); /* rank 2 */
  B = matrix_make(grid, TARTAN_F64, 8, 1, NULL, fill_place, NULL);
  C = matrix_make(grid, TARTAN_F32, 9, 1, NULL, fill_place, NULL);
  CHECK_STATUS(tartan_lstsq(A, B, NULL, &X, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_lstsq(A, C, NULL, &X, NULL), TARTAN_ERR_DTYPE);
  tartan_matrix_destroy(&C);
  C = matrix_make(grid, TARTAN_F64, 9, 1, NULL, fill_place, NULL);
  opts.method = TARTAN_LSTSQ_QR;
  CHECK_STATUS(tartan_lstsq(A, C, &opts, &X, NULL), TARTAN_ERR_NUMERIC);
  opts.ridge = 1e-300;
  CHECK_STATUS(tartan_lstsq(A, C, &opts, &X, NULL), TARTAN_ERR_NUMERIC);
  opts.ridge = -1;
  CHECK_STATUS(tartan_lstsq(A, C, &opts, &X, NULL), TARTAN_ERR_ARG);
  opts.ridge = NAN;
  CHECK_STATUS(tartan_lstsq(A, C, &opts, &X, NULL), TARTAN_ERR_ARG);
  opts.ridge = 0;
  opts.tolerance = 1;
  CHECK_STATUS(tartan_lstsq(A, C, &opts, &X, NULL), TARTAN_ERR_ARG);
  opts.tolerance = NAN;
  CHECK_STATUS(tartan_lstsq(A, C, &opts, &X, NULL), TARTAN_ERR_ARG);
  opts.tolerance = -1;
  opts.method = (tartan_lstsq_method)3;
  CHECK_STATUS(tartan_lstsq(A, C, &opts, &X, NULL), TARTAN_ERR_ARG);
  CHECK(X == NULL);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&A);
}

/* A tolerance of one's own: a direction below it is left out, and the fit is that of the others. */
static void test_tolerance(tartan_grid *grid)
{
  tartan_lstsq_opts opts = TARTAN_LSTSQ_OPTS_INIT;
  dense             A = dense_new(40, 4), B = dense_new(40, 1);
  tartan_matrix    *a, *b, *X = NULL;
  tartan_lstsq_info info;

  memset(&info, 0, sizeof info);
  for (int64_t j = 0; j < 4; j++) AT(A, 3 * j, j) = pow(10, -(double)j);
  for (int64_t i = 0; i < 40; i++) AT(B, i, 0) = 1;
  a = matrix_of(grid, TARTAN_F64, &A, NULL);
  b = matrix_of(grid, TARTAN_F64, &B, NULL);
  opts.tolerance = 0.05;
  if (CHECK_OK(tartan_lstsq(a, b, &opts, &X, &info))) {
    dense x = dense_of(X);

    CHECK_EQ(info.rank, 2);
    CHECK_LE(fabs(info.condition - 10), 1e-12);
    CHECK_LE(fabs(x.a[0] - 1) + fabs(x.a[1] - 10) + fabs(x.a[2]) + fabs(x.a[3]), 1e-12);
    dense_free(&x);
  }
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&b);
  tartan_matrix_destroy(&a);
  dense_free(&B);
  dense_free(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_spectra(grid);
  test_graded(grid);
  test_twins(grid);
  test_ridges(grid);
  test_tolerance(grid);
  test_refused(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
