// TEST: np=1,2,3,4,6 labels=numeric,factor timeout=120
/*
 * tartan_sample_normal. Z are the numbers of tartan_matrix_fill_normal(), L the root that X and Z tell:
 *   Cholesky: |X - 1 mean' - Z L'|_F <= 10 n u (cond |Z|_F |L|_F + |X|_F) with L from a reference
 *   any root: |L L' - Sigma|_F <= 30 n u |Sigma|_F with L' = Z^+ (X - 1 mean'), singular covariances too
 *   mean and covariance of many samples within five standard errors; the same bits on any number of ranks and threads
 * Both ways to a sample, on each rank alone and over all of them, are asked the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/sample.h>

#include "check.h"
#include "factor/sample_impl.h"
#include "io_files.h"
#include "matrices.h"
#include "spectra.h"

#define MOST 300

static double mean_of(int64_t j)
{
  return (double)(3 * (j % 5) - 4);
}

/* X from the function, or with `spread` from what it does for large n. Sigma's upper triangle is not to be read. */
static tartan_matrix *sample(tartan_grid *grid, tartan_dtype dtype, const dense *Sigma, const double *mean,
                             int64_t count, bool spread, const char **method)
{
  const bool               some = tartan_grid_size(grid) < check_size(); /* then the others draw nothing */
  const tartan_matrix_opts opts = some ? layout_of(7, 5, 1, tartan_grid_size(grid), 0, 0) : layout_random(grid);
  tartan_factor_info       info;
  tartan_matrix           *S, *X = NULL, *root = NULL;
  dense                    lower = dense_new(Sigma->n, Sigma->n);

  for (int64_t j = 0; j < Sigma->n; j++)
    for (int64_t i = 0; i < Sigma->n; i++) AT(lower, i, j) = i < j ? (double)NAN : AT(*Sigma, i, j);
  S = matrix_of(grid, dtype, &lower, &opts);
  if (spread) {
    tt_sample s = {.Sigma = S, .mean = mean, .n = Sigma->n, .count = count, .seed = check_seed()};

    if (CHECK_OK(tt_sample_root_spread(&s, &root))) CHECK_OK(tt_sample_spread(&s, root, &X));
    *method = s.triangular ? "Cholesky" : "eigenvalues";
    tartan_matrix_destroy(&root);
  } else if (CHECK_OK(tartan_sample_normal(S, mean, count, check_seed(), &X, &info))) {
    *method = strcmp(info.method, "Cholesky") == 0 ? "Cholesky" : "eigenvalues";
    CHECK(strcmp(info.method, *method) == 0);
  }
  tartan_matrix_destroy(&S);
  dense_free(&lower);
  return X;
}

static dense normal_numbers(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n)
{
  tartan_matrix *Z = NULL;
  dense          z = {0, 0, NULL};

  if (!CHECK_OK(tartan_matrix_create(grid, dtype, m, n, NULL, &Z))) return z;
  tartan_matrix_fill_normal(Z, check_seed());
  z = dense_of(Z);
  tartan_matrix_destroy(&Z);
  return z;
}

/* Cholesky's factor, by the definition, in long double. */
static dense cholesky_of(const dense *A)
{
  dense L = dense_new(A->n, A->n);

  for (int64_t j = 0; j < A->n; j++)
    for (int64_t i = j; i < A->n; i++) {
      long double sum = AT(*A, i, j);

      for (int64_t k = 0; k < j; k++) sum -= (long double)AT(L, i, k) * AT(L, j, k);
      AT(L, i, j) = i == j ? (double)sqrtl(sum) : (double)(sum / AT(L, j, j));
    }
  return L;
}

static void test_product(tartan_grid *grid, tartan_dtype dtype, int64_t n, int64_t count, bool spread)
{
  double         w[MOST], mean[MOST];
  const char    *method = "";
  dense          Sigma, L, Z, ref, got;
  tartan_matrix *X;
  int64_t        rows = -1, cols = -1;

  check_context("n = %lld, %lld samples, %s%s", (long long)n, (long long)count, tartan_dtype_name(dtype),
                spread ? ", spread" : "");
  spectrum_draw(0, n, w); /* from 3 to 1/2 */
  Sigma = symmetric_with_values(n, w, check_seed());
  if (dtype == TARTAN_F32) dense_round(&Sigma);
  for (int64_t j = 0; j < n; j++) mean[j] = mean_of(j);
  X = sample(grid, dtype, &Sigma, mean, count, spread, &method);
  if (X) {
    CHECK(strcmp(method, "Cholesky") == 0);
    tartan_matrix_shape(X, &rows, &cols);
    CHECK(rows == count && cols == n && tartan_matrix_dtype(X) == dtype);
    L = cholesky_of(&Sigma);
    Z = normal_numbers(grid, dtype, count, n);
    ref = dense_product(TARTAN_NO_TRANS, &Z, TARTAN_TRANS, &L);
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < count; i++) AT(ref, i, j) += mean[j];
    got = dense_of(X);
    CHECK_LE(dense_distance(&got, &ref),
             10 * (double)n * unit_roundoff(dtype) * (6 * dense_norm(&Z) * dense_norm(&L) + dense_norm(&ref)));
    dense_free(&got);
    dense_free(&ref);
    dense_free(&Z);
    dense_free(&L);
  }
  tartan_matrix_destroy(&X);
  dense_free(&Sigma);
}

/* L' of X = Z L', by Gram and Schmidt. */
static dense root_of(const dense *Z, const dense *X)
{
  dense Q = dense_new(Z->m, Z->n), R, T;

  memcpy(Q.a, Z->a, (size_t)(Z->m * Z->n) * sizeof *Z->a);
  dense_orthonormalize(&Q);
  R = dense_product(TARTAN_TRANS, &Q, TARTAN_NO_TRANS, Z);
  T = dense_product(TARTAN_TRANS, &Q, TARTAN_NO_TRANS, X);
  for (int64_t j = 0; j < T.n; j++)
    for (int64_t i = T.m - 1; i >= 0; i--) {
      for (int64_t k = i + 1; k < T.m; k++) AT(T, i, j) -= AT(R, i, k) * AT(T, k, j);
      AT(T, i, j) /= AT(R, i, i);
    }
  dense_free(&R);
  dense_free(&Q);
  return T;
}

static void test_root(tartan_grid *grid, tartan_dtype dtype, int kind, int64_t n, bool spread)
{
  const int64_t  count = 3 * n + 5;
  double         w[MOST];
  const char    *method = "";
  dense          Sigma, Z, x, Lt, S;
  tartan_matrix *X;

  check_context("spectrum %d, n = %lld, %s%s", kind, (long long)n, tartan_dtype_name(dtype), spread ? ", spread" : "");
  spectrum_draw(kind, n, w);
  if (kind == 6) w[n - 1] = 0;
  for (int64_t i = 0; i < n; i++) w[i] = fmax(w[i], 0);
  Sigma = symmetric_with_values(n, w, check_seed());
  if (dtype == TARTAN_F32) dense_round(&Sigma);
  X = sample(grid, dtype, &Sigma, NULL, count, spread, &method);
  if (X) {
    Z = normal_numbers(grid, dtype, count, n);
    x = dense_of(X);
    Lt = root_of(&Z, &x);
    S = dense_product(TARTAN_TRANS, &Lt, TARTAN_NO_TRANS, &Lt);
    CHECK_LE(dense_distance(&S, &Sigma), 30 * (double)n * unit_roundoff(dtype) * dense_norm(&Sigma));
    if (kind == 1) CHECK(dense_norm(&x) == 0);
    if (kind == 2) CHECK(strcmp(method, "Cholesky") == 0);
    dense_free(&S);
    dense_free(&Lt);
    dense_free(&x);
    dense_free(&Z);
  }
  tartan_matrix_destroy(&X);
  dense_free(&Sigma);
}

static void test_moments(tartan_grid *grid)
{
  enum { N = 4 };
  const int64_t  count = 20000;
  const double   w[N] = {9, 4, 1, 0.25};
  double         mean[N], found[N] = {0};
  const char    *method = "";
  dense          Sigma = symmetric_with_values(N, w, check_seed()), x;
  tartan_matrix *X;

  check_context("moments");
  for (int j = 0; j < N; j++) mean[j] = mean_of(j);
  X = sample(grid, TARTAN_F64, &Sigma, mean, count, false, &method);
  x = dense_of(X);
  for (int j = 0; j < N; j++) {
    for (int64_t i = 0; i < count; i++) found[j] += AT(x, i, j) / (double)count;
    CHECK_LE(fabs(found[j] - mean[j]), 5 * sqrt(AT(Sigma, j, j) / (double)count));
  }
  for (int j = 0; j < N; j++)
    for (int k = 0; k < N; k++) {
      double sum = 0;

      for (int64_t i = 0; i < count; i++) sum += (AT(x, i, j) - found[j]) * (AT(x, i, k) - found[k]);
      CHECK_LE(fabs(sum / (double)(count - 1) - AT(Sigma, j, k)),
               5 * sqrt((AT(Sigma, j, j) * AT(Sigma, k, k) + pow(AT(Sigma, j, k), 2)) / (double)count));
    }
  dense_free(&x);
  tartan_matrix_destroy(&X);
  dense_free(&Sigma);
}

/* Rank 0's numbers from the first `size` ranks. */
static dense bits_of(int size, int threads, tartan_dtype dtype, const dense *Sigma, int64_t count)
{
  tartan_grid   *grid = grid_of_first(size, threads);
  double         mean[MOST];
  const char    *method = "";
  dense          x = {0, 0, NULL};
  tartan_matrix *X;

  if (!grid) return x;
  for (int64_t j = 0; j < Sigma->n; j++) mean[j] = mean_of(j) / 3;
  X = sample(grid, dtype, Sigma, mean, count, false, &method);
  if (X) x = dense_of(X);
  tartan_matrix_destroy(&X);
  tartan_grid_destroy(&grid);
  return x;
}

static void test_bits(tartan_dtype dtype, int kind, int64_t n, int64_t count)
{
  double w[MOST];
  dense  Sigma, first, other;

  spectrum_draw(kind, n, w);
  Sigma = symmetric_with_values(n, w, check_seed());
  first = bits_of(1, 1, dtype, &Sigma, count);
  for (int size = 1; size <= check_size(); size++)
    for (int threads = 1; threads <= 2; threads++) {
      check_context("bits of spectrum %d, %s, %d ranks, %d threads", kind, tartan_dtype_name(dtype), size, threads);
      other = bits_of(size, threads, dtype, &Sigma, count - (size > 1 ? 100 : 0)); /* fewer samples: the first ones */
      for (int64_t j = 0; j < n && check_rank() == 0; j++)
        CHECK(other.a && memcmp(&AT(first, 0, j), &AT(other, 0, j), (size_t)other.m * sizeof(double)) == 0);
      if (check_rank() < size) dense_free(&other);
    }
  dense_free(&first);
  dense_free(&Sigma);
}

/* One by one, zero, nothing. */
static void test_small(tartan_grid *grid)
{
  const double four = 4, nothing = 0, mean[1] = {10};
  const char  *method = "";
  dense one = symmetric_with_values(1, &four, 1), zero = symmetric_with_values(1, &nothing, 1), none = dense_new(0, 0),
        Z = normal_numbers(grid, TARTAN_F64, 9, 1), x;
  tartan_matrix *X;
  int64_t        rows = -1, cols = -1;

  check_context("small");
  X = sample(grid, TARTAN_F64, &one, mean, 9, false, &method);
  x = dense_of(X);
  for (int64_t i = 0; i < 9; i++) CHECK(AT(x, i, 0) == 10 + 2 * AT(Z, i, 0));
  tartan_matrix_destroy(&X);
  dense_free(&x);
  X = sample(grid, TARTAN_F64, &zero, mean, 9, false, &method);
  x = dense_of(X);
  for (int64_t i = 0; i < 9; i++) CHECK(AT(x, i, 0) == 10);
  CHECK(strcmp(method, "eigenvalues") == 0);
  tartan_matrix_destroy(&X);
  dense_free(&x);
  for (int64_t count = 0; count < 4; count += 3) {
    X = sample(grid, TARTAN_F32, &none, NULL, count, false, &method);
    if (CHECK(X != NULL)) tartan_matrix_shape(X, &rows, &cols);
    CHECK(rows == count && cols == 0);
    tartan_matrix_destroy(&X);
  }
  dense_free(&Z);
  dense_free(&none);
  dense_free(&zero);
  dense_free(&one);
}

static tartan_status ask(tartan_grid *grid, tartan_dtype dtype, const dense *Sigma, const double *mean, int64_t count,
                         tartan_matrix **X)
{
  tartan_matrix *S = matrix_of(grid, dtype, Sigma, NULL);
  tartan_status  st;

  *X = S; /* must become NULL */
  st = tartan_sample_normal(S, mean, count, 1, X, NULL);
  tartan_matrix_destroy(&S);
  return st;
}

static void test_refused(tartan_grid *grid)
{
  double         w[20], mean[20] = {0};
  dense          good, bad, wide = dense_new(3, 4);
  tartan_matrix *X = NULL;

  check_context("refused");
  spectrum_draw(0, 20, w);
  good = symmetric_with_values(20, w, 1);
  spectrum_draw(5, 20, w);
  bad = symmetric_with_values(20, w, 1);
  CHECK_STATUS(ask(grid, TARTAN_F64, &bad, NULL, 5, &X), TARTAN_ERR_NUMERIC);
  CHECK(!X && io_message_has("not positive semidefinite: its smallest eigenvalue is -1"));
  CHECK_STATUS(ask(grid, TARTAN_F32, &bad, NULL, 0, &X), TARTAN_ERR_NUMERIC);
  CHECK_STATUS(ask(grid, TARTAN_F64, &wide, NULL, 5, &X), TARTAN_ERR_SHAPE);
  CHECK_STATUS(ask(grid, TARTAN_F64, &good, NULL, -1, &X), TARTAN_ERR_SHAPE);
  mean[7] = (double)INFINITY;
  CHECK_STATUS(ask(grid, TARTAN_F64, &good, mean, 5, &X), TARTAN_ERR_INPUT);
  CHECK(io_message_has("variable 7"));
  mean[7] = 1e39;
  CHECK_STATUS(ask(grid, TARTAN_F32, &good, mean, 5, &X), TARTAN_ERR_INPUT);
  AT(good, 9, 3) = (double)NAN;
  CHECK_STATUS(ask(grid, TARTAN_F64, &good, NULL, 5, &X), TARTAN_ERR_INPUT);
  CHECK(!X && io_message_has("NaN at (9, 3)"));
  dense_free(&wide);
  dense_free(&bad);
  dense_free(&good);
}

int main(int argc, char **argv)
{
  static const int64_t sizes[][2] = {{1, 1}, {2, 5}, {7, 300}, {64, 257}, {65, 0}, {130, 20}, {257, 30}};
  tartan_grid         *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int t = 0; t < 2; t++)
    for (int spread = 0; spread < 2; spread++) {
      for (int s = 0; s < 7; s++) test_product(grid, (tartan_dtype)t, sizes[s][0], sizes[s][1], spread);
      for (int kind = 0; kind < SPECTRA; kind++)
        if (kind != 5) test_root(grid, (tartan_dtype)t, kind, 40, spread);
    }
  test_moments(grid);
  test_small(grid);
  test_refused(grid);
  for (int t = 0; t < 2; t++) {
    test_bits((tartan_dtype)t, 0, 290, 700);
    test_bits((tartan_dtype)t, 3, 50, 700);
  }
  tartan_grid_destroy(&grid);
  return check_finish();
}
