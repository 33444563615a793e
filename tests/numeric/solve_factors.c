// TEST: np=1,2,3,4,6,9 labels=numeric,factor
/*
 * The factors themselves, in any layout and in windows: L L' = A with a positive diagonal; P A = L U with a permutation,
 * |L| <= 1, of square, wide, tall and singular matrices; A A^-1 = I; determinants against those of the factors and the
 * identities det(AB) = det(A) det(B), det(A') = det(A), det(sA) = s^n det(A).
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/solve.h>

#include "check.h"
#include "matrices.h"

/* P A = L U. */
static void test_lu(tartan_grid *grid, tartan_dtype dtype, const dense *A)
{
  const int64_t      r = A->m < A->n ? A->m : A->n;
  tartan_matrix     *view = NULL, *a = matrix_window_of(grid, dtype, A, false, &view), *l = NULL, *u = NULL;
  int64_t           *perm = malloc((size_t)(A->m + 1) * sizeof *perm), *seen = calloc((size_t)A->m + 1, sizeof *seen);
  tartan_factor_info info;

  if (CHECK_OK(tartan_lu(view, &l, &u, perm, &info)) && CHECK(l && u)) {
    dense   L = dense_of(l), U = dense_of(u), LU = dense_product(TARTAN_NO_TRANS, &L, TARTAN_NO_TRANS, &U);
    dense   PA = dense_new(A->m, A->n);
    int64_t bad = 0, pivots = 0;

    CHECK(L.m == A->m && L.n == r && U.m == r && U.n == A->n);
    for (int64_t i = 0; i < A->m; i++) bad += perm[i] < 0 || perm[i] >= A->m || seen[perm[i]]++;
    CHECK_EQ(bad, 0);
    for (int64_t j = 0; j < A->n && !bad; j++)
      for (int64_t i = 0; i < A->m; i++) AT(PA, i, j) = AT(*A, perm[i], j);
    for (int64_t j = 0; j < r; j++) {
      for (int64_t i = 0; i < A->m; i++)
        bad += i < j ? AT(L, i, j) != 0 : i == j ? AT(L, i, j) != 1 : !(fabs(AT(L, i, j)) <= 1);
      for (int64_t i = j + 1; i < r; i++) bad += AT(U, i, j) != 0;
      pivots += AT(U, j, j) != 0;
    }
    CHECK_EQ(bad, 0);
    CHECK_EQ(info.found, pivots);
    CHECK(A->m != A->n ? isnan(info.condition) : info.condition >= 1);
    CHECK_LE(dense_distance(&PA, &LU), 10 * fmax(1, (double)r) * unit_roundoff(dtype) * dense_norm(A));
    dense_free(&PA);
    dense_free(&LU);
    dense_free(&U);
    dense_free(&L);
  }
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&l);
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&a);
  free(seen);
  free(perm);
}

static void test_cholesky(tartan_grid *grid, tartan_dtype dtype, const dense *A)
{
  tartan_matrix     *view = NULL, *a = matrix_window_of(grid, dtype, A, true, &view), *l = NULL;
  tartan_factor_info info;

  if (CHECK_OK(tartan_cholesky(view, &l, &info)) && CHECK(l != NULL)) {
    dense   L = dense_of(l), LL = dense_product(TARTAN_NO_TRANS, &L, TARTAN_TRANS, &L);
    int64_t bad = 0;

    for (int64_t j = 0; j < A->n; j++) {
      for (int64_t i = 0; i < j; i++) bad += AT(L, i, j) != 0;
      bad += !(AT(L, j, j) > 0);
    }
    CHECK_EQ(bad, 0);
    CHECK(info.condition >= 1 && info.found == A->n);
    CHECK_LE(dense_distance(A, &LL), 10 * fmax(1, (double)A->n) * unit_roundoff(dtype) * dense_norm(A));
    dense_free(&LL);
    dense_free(&L);
  }
  tartan_matrix_destroy(&l);
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&a);
}

/* |A X - I| <= 10 n u |A| |X|, and of a positive definite matrix the inverse is symmetric. */
static void test_inverse(tartan_grid *grid, tartan_dtype dtype, const dense *A, tartan_assume assume)
{
  const bool        lower = assume == TARTAN_ASSUME_POSITIVE;
  tartan_matrix    *view = NULL, *a = matrix_window_of(grid, dtype, A, lower, &view), *x = NULL;
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_solve_info info;

  opts.assume = assume;
  if (CHECK_OK(tartan_inv(view, &opts, &x, &info)) && CHECK(x != NULL)) {
    dense   X = dense_of(x), AX = dense_product(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, &X);
    int64_t bad = 0;

    for (int64_t i = 0; i < A->n; i++) AT(AX, i, i) -= 1;
    CHECK_LE(dense_norm(&AX), 10 * fmax(1, (double)A->n) * unit_roundoff(dtype) * dense_norm(A) * dense_norm(&X));
    CHECK_LE(info.residual, 10 * fmax(1, (double)A->n) * unit_roundoff(dtype));
    for (int64_t j = 0; lower && j < A->n; j++)
      for (int64_t i = 0; i < j; i++) bad += AT(X, i, j) != AT(X, j, i);
    CHECK_EQ(bad, 0);
    dense_free(&AX);
    dense_free(&X);
  }
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&a);
}

static double slogdet(tartan_grid *grid, tartan_dtype dtype, const dense *A, tartan_assume assume, double *sign)
{
  tartan_matrix     *view = NULL, *a = matrix_window_of(grid, dtype, A, assume == TARTAN_ASSUME_POSITIVE, &view);
  tartan_solve_opts  opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_factor_info info;
  double             logabs = NAN, value = NAN;

  opts.assume = assume;
  CHECK_OK(tartan_slogdet(view, &opts, sign, &logabs, &info));
  CHECK_OK(tartan_det(view, &opts, &value, NULL));
  if (logabs < 600) CHECK_LE(fabs(value - *sign * exp(logabs)), 1e-10 * fabs(value));
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&a);
  return logabs;
}

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
  static const int64_t shapes[][2] = {{0, 0},   {0, 3},   {3, 0},     {1, 1},    {1, 4},    {4, 1},
                                      {2, 2},   {7, 9},   {64, 64},   {9, 7},    {65, 63},  {63, 65},
                                      {130, 5}, {5, 130}, {100, 100}, {510, 30}, {30, 510}, {505, 505}};
  uint64_t             seed = check_seed();

  for (int s = check_size() > 8 ? 17 : 0; s < 18; s++) /* many ranks: what ScaLAPACK does there */
    for (int t = 0; t < (s < 15 ? 2 : 1); t++) {
      const int64_t m = shapes[s][0], n = shapes[s][1];
      dense         A = dense_make(m, n, fill_random, &seed), S = positive(n, seed + 2);

      check_context("%lld x %lld, %s", (long long)m, (long long)n, tartan_dtype_name((tartan_dtype)t));
      test_lu(grid, (tartan_dtype)t, &A);
      if (m == n) {
        test_inverse(grid, (tartan_dtype)t, &A, TARTAN_ASSUME_GENERAL);
        test_inverse(grid, (tartan_dtype)t, &S, TARTAN_ASSUME_POSITIVE);
        test_cholesky(grid, (tartan_dtype)t, &S);
      }
      dense_free(&S);
      dense_free(&A);
    }
}

static void test_determinants(tartan_grid *grid)
{
  static const int64_t sizes[] = {0, 1, 2, 5, 40, 503};
  uint64_t             seed = check_seed();

  for (int s = 0; s < (check_size() > 8 ? 5 : 6); s++) {
    const int64_t n = sizes[s];
    const double  tolerance = 1e-9;
    dense         A = dense_make(n, n, fill_random, &seed), B = positive(n, seed), T = dense_transpose(&A);
    dense         AB = dense_product(TARTAN_NO_TRANS, &A, TARTAN_NO_TRANS, &B);
    double        sa, sb, sab, st, ss, la, lb, lab, lt, ls;

    check_context("determinants, n=%lld", (long long)n);
    la = slogdet(grid, TARTAN_F64, &A, TARTAN_ASSUME_GENERAL, &sa);
    lb = slogdet(grid, TARTAN_F64, &B, TARTAN_ASSUME_POSITIVE, &sb);
    lab = slogdet(grid, TARTAN_F64, &AB, TARTAN_ASSUME_GENERAL, &sab);
    lt = slogdet(grid, TARTAN_F64, &T, TARTAN_ASSUME_GENERAL, &st);
    for (int64_t e = 0; e < n * n; e++) T.a[e] *= -2;
    ls = slogdet(grid, TARTAN_F64, &T, TARTAN_ASSUME_GENERAL, &ss);
    CHECK(sa * sa == 1 && sb == 1 && sab == sa && st == sa && ss == (n % 2 ? -sa : sa));
    CHECK_LE(fabs(lab - la - lb), tolerance);
    CHECK_LE(fabs(lt - la), tolerance);
    CHECK_LE(fabs(ls - la - (double)n * log(2)), tolerance);
    dense_free(&AB);
    dense_free(&T);
    dense_free(&B);
    dense_free(&A);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_determinants(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
