// TEST: np=1,2,3,4 labels=numeric,sketch timeout=120
/*
 * tartan_svd_topk and tartan_operator_svd_topk against known singular values, with n the larger side:
 *   |U'U - I|_F, |V'V - I|_F <= 10 n u;   max(|A v - s u|, |A'u - s v|) <= (residual told + 10 n u) s_1, and told <= tolerance;
 *   |s_i - sigma_i| <= (tolerance + 10 n u) s_1; s descending; signs by V.
 * Matrices in memory, files and centered operators; spectra that decay, are flat, clustered, of low rank, zero.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/sketch.h>

#include "check.h"
#include "h5file.h"
#include "matrices.h"

#define SIDE 330

static double larger(const dense *A)
{
  return (double)(A->m > A->n ? A->m : A->n);
}

static double column_length(const dense *A, int64_t j)
{
  double sum = 0;

  for (int64_t i = 0; i < A->m; i++) sum += AT(*A, i, j) * AT(*A, i, j);
  return sqrt(sum);
}

/* Each |op(A) x_i - s_i y_i| into r[i], if it is larger. */
static void add_residuals(const dense *A, tartan_op op, const dense *X, const double *s, const dense *Y, double *r)
{
  dense D = dense_product(op, A, TARTAN_NO_TRANS, X);

  for (int64_t j = 0; j < X->n; j++) {
    for (int64_t i = 0; i < D.m; i++) AT(D, i, j) -= s[j] * AT(*Y, i, j);
    r[j] = fmax(r[j], column_length(&D, j));
  }
  dense_free(&D);
}

/* Columns whose entry of lowest index near the largest is negative. */
static int64_t wrong_signs(const dense *V)
{
  int64_t wrong = 0;

  for (int64_t j = 0; j < V->n; j++) {
    double  largest = 0;
    int64_t i = 0;

    for (int64_t l = 0; l < V->m; l++) largest = fmax(largest, fabs(AT(*V, l, j)));
    while (i < V->m && !(fabs(AT(*V, i, j)) >= (1 - 1e-6) * largest)) i++;
    wrong += i == V->m || AT(*V, i, j) < 0;
  }
  return wrong;
}

/* What a call gave. */
typedef struct triplets {
  int64_t          k;
  double           s[SIDE], residuals[SIDE];
  tartan_topk_info info;
  tartan_matrix   *U, *Vt;
} triplets;

static void judge(const dense *A, tartan_dtype dtype, const double *sigma, double tolerance, const triplets *t)
{
  const double u = unit_roundoff(dtype), slack = 10 * larger(A) * u;
  double       r[SIDE] = {0};
  dense        U = dense_of(t->U), Vt = dense_of(t->Vt), V = dense_transpose(&Vt);

  CHECK(U.m == A->m && U.n == t->k && V.m == A->n && V.n == t->k);
  CHECK_LE(dense_orthogonality(&U), slack);
  CHECK_LE(dense_orthogonality(&V), slack);
  CHECK_EQ(wrong_signs(&V), 0);
  add_residuals(A, TARTAN_NO_TRANS, &V, t->s, &U, r);
  add_residuals(A, TARTAN_TRANS, &U, t->s, &V, r);
  CHECK(t->info.converged);
  CHECK_LE(t->info.residual, tolerance);
  for (int64_t i = 0; i < t->k; i++) {
    CHECK_LE(r[i], (t->residuals[i] + slack) * t->s[0]);
    CHECK_LE(t->residuals[i], t->info.residual);
    CHECK_LE(fabs(t->s[i] - sigma[i]), (tolerance + slack) * sigma[0]);
    CHECK(i == 0 || t->s[i] <= t->s[i - 1]);
  }
  dense_free(&V);
  dense_free(&Vt);
  dense_free(&U);
}

static void triplets_end(triplets *t)
{
  tartan_matrix_destroy(&t->U);
  tartan_matrix_destroy(&t->Vt);
}

static void test_matrix(tartan_grid *grid, tartan_dtype dtype, const dense *A, const double *sigma, int64_t k,
                        const tartan_topk_opts *opts)
{
  const tartan_matrix_opts layout = layout_random(grid);
  tartan_matrix           *a = matrix_of(grid, dtype, A, &layout);
  triplets                 t = {.k = k};

  t.info.residuals = t.residuals;
  if (CHECK_OK(tartan_svd_topk(a, k, opts, &t.U, t.s, &t.Vt, &t.info))) {
    CHECK(tartan_matrix_dtype(t.U) == dtype && tartan_matrix_dtype(t.Vt) == dtype);
    judge(A, dtype, sigma, opts && opts->tolerance > 0 ? opts->tolerance : 1e-8, &t);
  }
  triplets_end(&t);
  tartan_matrix_destroy(&a);
}

static void test_operator(const tartan_operator *op, const dense *A, const double *sigma, int64_t k)
{
  triplets t = {.k = k};

  t.info.residuals = t.residuals;
  if (CHECK_OK(tartan_operator_svd_topk(op, k, NULL, &t.U, t.s, &t.Vt, &t.info))) judge(A, TARTAN_F64, sigma, 1e-8, &t);
  triplets_end(&t);
}

static double value_of(int64_t i, int64_t j, void *A)
{
  return AT(*(const dense *)A, i, j);
}

static void test_file(tartan_grid *grid, dense *A, const double *sigma, int64_t k)
{
  static const h5_layout layout = {.type = "<f8"};
  tartan_operator       *op = NULL;

  h5_write("krylov.h5", "/X", &layout, A->m, A->n, value_of, A);
  if (CHECK_OK(tartan_operator_open(grid, "krylov.h5", NULL, &op))) test_operator(op, A, sigma, k);
  tartan_operator_destroy(&op);
}

/* Singular values of a kind: decaying, flat, clustered, of rank 5, zero, one after a gap of 1e-9. */
static void spectrum(int kind, int64_t r, double *sigma)
{
  for (int64_t i = 0; i < r; i++)
    sigma[i] = kind == 0   ? 1 / (double)(1 + i)
               : kind == 1 ? 2 - 1.5 * (double)i / (double)r
               : kind == 2 ? (i < 40 ? 1 : 0.5)
               : kind == 3 ? (i < 5 ? 7 - (double)i : 0)
               : kind == 4 ? 0
                           : 1e3 * pow(10, -1.5 * (double)i);
}

static void test_spectra(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{260, 215}, {210, 330}, {40, 25}};
  double               sigma[SIDE] = {0};

  for (int kind = 0; kind < 6; kind++)
    for (int s = 0; s < 3; s++) {
      const int64_t m = shapes[s][0], n = shapes[s][1], r = m < n ? m : n, k = s == 2 ? 9 : 10 + kind;
      dense         A;

      check_context("spectrum %d, %lld x %lld", kind, (long long)m, (long long)n);
      spectrum(kind, r, sigma);
      A = dense_with_values(m, n, r, sigma, (uint64_t)(kind * 3 + s));
      test_matrix(grid, TARTAN_F64, &A, sigma, k, NULL);
      check_context("spectrum %d, a file of %lld x %lld", kind, (long long)m, (long long)n);
      if (s == 2 || kind % 2 == s) test_file(grid, &A, sigma, k);
      dense_free(&A);
    }
}

/* f32 data, every k, blocks and tolerances of the caller's choice. */
static void test_options(tartan_grid *grid)
{
  static const int64_t ks[] = {1, 14, 29, 30};
  tartan_topk_opts     opts = TARTAN_TOPK_OPTS_INIT;
  double               sigma[SIDE] = {0};
  dense                A;

  spectrum(0, 210, sigma);
  A = dense_with_values(300, 210, 210, sigma, 5);
  check_context("f32");
  opts.tolerance = 1e-6;
  test_matrix(grid, TARTAN_F32, &A, sigma, 8, &opts);
  for (int b = 1; b < 40; b += 19) {
    check_context("a block of %d, 1e-12", b);
    opts.block = b;
    opts.tolerance = 1e-12;
    opts.seed = (uint64_t)b;
    test_matrix(grid, TARTAN_F64, &A, sigma, 6, &opts);
  }
  dense_free(&A);
  spectrum(1, 30, sigma);
  A = dense_with_values(45, 30, 30, sigma, 6);
  for (int i = 0; i < 4; i++) {
    check_context("k = %lld of 30", (long long)ks[i]);
    test_matrix(grid, TARTAN_F64, &A, sigma, ks[i], NULL);
    test_file(grid, &A, sigma, ks[i]);
  }
  dense_free(&A);
}

/* Centered and scaled data against the same done by hand. */
static void test_centered(tartan_grid *grid)
{
  const int64_t    m = 320, n = 230, k = 7;
  uint64_t         seed = check_seed();
  double           sigma[SIDE], mean[SIDE], scale[SIDE];
  dense            C, A = dense_new(m, n);
  tartan_matrix   *a, *c;
  tartan_operator *plain = NULL, *op = NULL;

  (void)seed;
  check_context("centered");
  for (int64_t j = 0; j < n; j++) {
    sigma[j] = pow(0.8, (double)j);
    mean[j] = 5 + (double)(j % 7);
    scale[j] = j % 2 ? 2 : 0.5;
  }
  C = dense_with_values(m, n, n, sigma, 3);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) {
      AT(A, i, j) = AT(C, i, j) * scale[j] + mean[j];
      AT(C, i, j) = (AT(A, i, j) - mean[j]) / scale[j]; /* with the roundings of the sum */
    }
  a = matrix_of(grid, TARTAN_F64, &A, NULL);
  c = matrix_of(grid, TARTAN_F64, &C, NULL);
  if (CHECK_OK(tartan_operator_from_matrix(a, &plain)) && CHECK_OK(tartan_operator_center(plain, mean, scale, &op)))
    test_operator(op, &C, sigma, k);
  tartan_operator_destroy(&op);
  tartan_operator_destroy(&plain);
  tartan_matrix_destroy(&c);
  tartan_matrix_destroy(&a);
  dense_free(&A);
  dense_free(&C);
}

static void test_bad(tartan_grid *grid)
{
  static const double bad[] = {NAN, INFINITY};
  tartan_topk_opts    opts = TARTAN_TOPK_OPTS_INIT;
  double              s[SIDE];

  for (int b = 0; b < 2; b++)
    for (int size = 20; size <= 220; size += 200) {
      tartan_matrix *a, *U, *Vt;
      dense          A = dense_make(size + 5, size, fill_place, NULL);

      check_context("%g in a matrix with %d columns", bad[b], size);
      AT(A, size, size - 1) = bad[b];
      a = U = Vt = matrix_of(grid, TARTAN_F64, &A, NULL);
      CHECK_STATUS(tartan_svd_topk(a, 3, NULL, &U, s, &Vt, NULL), TARTAN_ERR_INPUT);
      CHECK(U == NULL && Vt == NULL);
      U = a;
      CHECK_STATUS(tartan_svd_topk(a, 0, NULL, &U, s, NULL, NULL), TARTAN_ERR_ARG);
      CHECK(U == NULL);
      CHECK_STATUS(tartan_svd_topk(a, size + 1, NULL, NULL, s, NULL, NULL), TARTAN_ERR_ARG);
      opts.tolerance = -1;
      CHECK_STATUS(tartan_svd_topk(a, 1, &opts, NULL, s, NULL, NULL), TARTAN_ERR_ARG);
      tartan_matrix_destroy(&a);
      dense_free(&A);
    }
}

/* Too few steps: no error, but said so. */
static void test_unfinished(tartan_grid *grid)
{
  tartan_topk_opts opts = TARTAN_TOPK_OPTS_INIT;
  tartan_topk_info info = {0};
  uint64_t         seed = check_seed();
  tartan_matrix   *a = matrix_make(grid, TARTAN_F64, 300, 260, NULL, fill_random, &seed);
  double           s[5];

  check_context("two steps");
  opts.steps = 2;
  CHECK_OK(tartan_svd_topk(a, 5, &opts, NULL, s, NULL, &info));
  CHECK(!info.converged && info.residual > 1e-8 && info.steps == 2 && info.passes >= 2);
  tartan_matrix_destroy(&a);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_spectra(grid);
  test_options(grid);
  test_centered(grid);
  test_bad(grid);
  test_unfinished(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
