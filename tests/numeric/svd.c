// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * tartan_svd, with r = min(m, n) and n the larger of the two sizes:
 *   |A - U S V'|_F <= 10 n u |A|_F,  |U'U - I|_F, |V'V - I|_F <= 10 n u,  |s - s_ref| <= 10 n u s_1,  s descending,
 *   signs by V; for square shapes up to the one-rank limit the same bits on any number of ranks.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/factor.h>

#include "check.h"
#include "matrices.h"

#define RANK_MAX 130

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

/* Rows of Vt whose entry of lowest index near the largest is negative. */
static int64_t wrong_signs(const dense *Vt)
{
  int64_t wrong = 0;

  for (int64_t i = 0; i < Vt->m; i++) {
    double  largest = 0;
    int64_t j = 0;

    for (int64_t l = 0; l < Vt->n; l++) largest = fmax(largest, fabs(AT(*Vt, i, l)));
    while (j < Vt->n && !(fabs(AT(*Vt, i, j)) >= (1 - 1e-6) * largest)) j++;
    wrong += j == Vt->n || AT(*Vt, i, j) < 0;
  }
  return wrong;
}

static void judge(const dense *A, tartan_dtype dtype, const double *s, const dense *U, const dense *Vt)
{
  const double  size = 10 * unit_roundoff(dtype) * (double)larger(A->m, A->n);
  const int64_t r = Vt->m;
  dense         US = dense_make(U->m, U->n, fill_place, NULL), V = dense_transpose(Vt), B;
  int64_t       rising = 0;

  for (int64_t j = 0; j < r; j++) {
    for (int64_t i = 0; i < U->m; i++) AT(US, i, j) = AT(*U, i, j) * s[j];
    rising += (j > 0 && s[j] > s[j - 1]) || !(s[j] >= 0);
  }
  B = dense_product(TARTAN_NO_TRANS, &US, TARTAN_NO_TRANS, Vt);
  CHECK_LE(dense_distance(A, &B), size * dense_norm(A));
  CHECK_LE(dense_orthogonality(U), size);
  CHECK_LE(dense_orthogonality(&V), size);
  CHECK_EQ(rising, 0);
  CHECK_EQ(wrong_signs(Vt), 0);
  dense_free(&US);
  dense_free(&V);
  dense_free(&B);
}

/* Each of the four ways to ask: with and without U and Vt. */
static void test_parts(const tartan_matrix *A, tartan_dtype dtype, const double *s, int64_t r, int64_t size)
{
  for (int ask = 0; ask < 3; ask++) {
    tartan_matrix *U = NULL, *Vt = NULL;
    double         other[RANK_MAX] = {0};

    if (!CHECK_OK(tartan_svd(A, NULL, ask == 1 ? &U : NULL, other, ask == 2 ? &Vt : NULL, NULL))) continue;
    CHECK((U != NULL) == (ask == 1) && (Vt != NULL) == (ask == 2));
    for (int64_t i = 0; i < r; i++) CHECK_LE(fabs(other[i] - s[i]), 10 * (double)size * unit_roundoff(dtype) * s[0]);
    tartan_matrix_destroy(&U);
    tartan_matrix_destroy(&Vt);
  }
}

static void test_matrix(tartan_grid *grid, tartan_dtype dtype, const dense *A, const double *known)
{
  const tartan_matrix_opts opts = layout_random(grid);
  const int64_t            m = A->m, n = A->n, r = m < n ? m : n, i0 = check_pick(4), j0 = check_pick(4);
  dense                    whole = dense_make(m + i0 + 1, n + j0 + 2, fill_place, NULL), after;
  double                   s[RANK_MAX] = {0};
  tartan_matrix           *a = NULL, *view = NULL, *u = NULL, *vt = NULL;
  int64_t                  rows, cols;

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) AT(whole, i0 + i, j0 + j) = AT(*A, i, j);
  a = matrix_of(grid, dtype, &whole, &opts);
  CHECK_OK(tartan_matrix_view(a, i0, j0, m, n, &view));
  if (CHECK_OK(tartan_svd(view, NULL, &u, s, &vt, NULL)) && CHECK(u && vt)) {
    dense U = dense_of(u), Vt = dense_of(vt);

    tartan_matrix_shape(u, &rows, &cols);
    CHECK(rows == m && cols == r);
    tartan_matrix_shape(vt, &rows, &cols);
    CHECK(rows == r && cols == n);
    judge(A, dtype, s, &U, &Vt);
    for (int64_t i = 0; i < r && known; i++)
      CHECK_LE(fabs(s[i] - known[i]), 10 * (double)larger(m, n) * unit_roundoff(dtype) * known[0]);
    dense_free(&U);
    dense_free(&Vt);
    test_parts(view, dtype, s, r, larger(m, n));
  }
  after = dense_of(a);
  CHECK(dense_same_bits(&whole, &after)); /* the input is not changed */
  dense_free(&after);
  dense_free(&whole);
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&a);
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{0, 0}, {0, 3}, {3, 0}, {1, 1},   {1, 2},   {2, 1},   {2, 2},   {1, 70},  {70, 1},
                                      {7, 7}, {8, 7}, {7, 8}, {63, 64}, {65, 64}, {101, 7}, {7, 101}, {130, 37}};
  uint64_t             seed = check_seed();

  for (int s = 0; s < 17; s++)
    for (int t = 0; t < 2; t++) {
      dense A = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed);

      check_context("%lld x %lld, %s", (long long)A.m, (long long)A.n, tartan_dtype_name((tartan_dtype)t));
      test_matrix(grid, (tartan_dtype)t, &A, NULL);
      dense_free(&A);
    }
}

/* Known singular values: conditions from 1 to 1e15, equal ones, low rank, all zero; square, tall and wide. */
static void test_spectra(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{30, 30}, {30, 40}, {90, 30}, {30, 90}};
  double               sigma[RANK_MAX] = {0};

  for (int kind = 0; kind < 7; kind++)
    for (int s = 0; s < 4; s++) {
      const int64_t r = 30;
      dense         A;

      check_context("spectrum %d, %lld x %lld", kind, (long long)shapes[s][0], (long long)shapes[s][1]);
      for (int64_t i = 0; i < r; i++) {
        const double t = (double)i / (double)(r - 1);

        sigma[i] = kind < 4 ? pow(10, -5 * kind * t) : kind == 4 ? 2 : kind == 5 ? (i < 5 ? 3 : 0) : 0;
      }
      A = dense_with_values(shapes[s][0], shapes[s][1], r, sigma, (uint64_t)(kind * 4 + s));
      test_matrix(grid, TARTAN_F64, &A, sigma);
      dense_free(&A);
    }
}

static void test_bad_input(tartan_grid *grid)
{
  static const double  bad[] = {NAN, INFINITY, -INFINITY};
  static const int64_t shapes[][2] = {{20, 20}, {40, 5}, {5, 40}, {1, 2}};

  for (int b = 0; b < 3; b++)
    for (int s = 0; s < 4; s++) {
      dense                    values = dense_make(shapes[s][0], shapes[s][1], fill_place, NULL);
      const tartan_matrix_opts opts = layout_of(3, 3, check_size(), 1, 0, 0);
      tartan_matrix           *A, *U, *Vt;
      double                   s_values[20];

      check_context("%g in %lld x %lld", bad[b], (long long)values.m, (long long)values.n);
      AT(values, values.m - 1, values.n - 1) = bad[b];
      A = U = Vt = matrix_of(grid, TARTAN_F64, &values, &opts);
      CHECK_STATUS(tartan_svd(A, NULL, &U, s_values, &Vt, NULL), TARTAN_ERR_INPUT);
      CHECK(U == NULL && Vt == NULL);
      tartan_matrix_destroy(&A);
      dense_free(&values);
    }
}

/* The factors from the first `size` ranks, [U | V] side by side, on rank 0. */
static dense bits_of(int size, int threads, const dense *A, double *s)
{
  tartan_grid   *grid = grid_of_first(size, threads);
  tartan_matrix *a, *u = NULL, *vt = NULL;
  dense          both = {0, 0, NULL};

  if (!grid) return both;
  a = matrix_of(grid, TARTAN_F64, A, NULL);
  if (CHECK_OK(tartan_svd(a, NULL, &u, s, &vt, NULL))) {
    dense U = dense_of(u), Vt = dense_of(vt);

    both = dense_new(U.m * U.n + Vt.m * Vt.n, 1);
    memcpy(both.a, U.a, (size_t)(U.m * U.n) * sizeof *U.a);
    memcpy(both.a + U.m * U.n, Vt.a, (size_t)(Vt.m * Vt.n) * sizeof *Vt.a);
    dense_free(&U);
    dense_free(&Vt);
  }
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&a);
  tartan_grid_destroy(&grid);
  return both;
}

static void test_bits(void)
{
  uint64_t seed = check_seed();
  dense    A = dense_make(120, 110, fill_random, &seed), first, other;
  double   s[RANK_MAX] = {0}, t[RANK_MAX] = {0};

  first = bits_of(1, 1, &A, s);
  for (int size = 1; size <= check_size(); size++)
    for (int threads = 1; threads <= 2; threads++) {
      check_context("bits on %d ranks with %d threads", size, threads);
      other = bits_of(size, threads, &A, t);
      if (check_rank() == 0) CHECK(dense_same_bits(&first, &other) && memcmp(s, t, sizeof s) == 0);
      if (check_rank() < size) dense_free(&other);
    }
  dense_free(&first);
  dense_free(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_spectra(grid);
  test_bad_input(grid);
  tartan_grid_destroy(&grid);
  test_bits();
  return check_finish();
}
