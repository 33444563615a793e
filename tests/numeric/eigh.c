// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * tartan_eigh. With V computed and L = diag(w):
 *   |A V - V L|_F <= 10 n u |A|_F,  |V'V - I|_F <= 10 n u,  w descending, trace(A) = sum(w),
 *   signs by the entry of lowest index near the largest, the same bits on any number of ranks.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/factor.h>

#include "check.h"
#include "matrices.h"
#include "spectra.h"

/* The gates of all pairs, and the trace. */
static void judge(const dense *A, tartan_dtype dtype, const double *w, const tartan_matrix *v)
{
  double trace = 0, sum = 0;

  eigh_judge(A, dtype, A->n, w, v);
  for (int64_t j = 0; j < A->n; j++) {
    trace += AT(*A, j, j);
    sum += w[j];
  }
  CHECK_LE(fabs(trace - sum), 10 * (double)A->n * unit_roundoff(dtype) * dense_norm(A));
}

/* A matrix with a known spectrum, in a random layout, in the window of a larger one whose upper triangle is NaN. */
static void test_matrix(tartan_grid *grid, tartan_dtype dtype, const dense *A, const double *known)
{
  const tartan_matrix_opts opts = layout_random(grid);
  const int64_t            n = A->n, i0 = check_pick(4), j0 = check_pick(4);
  dense                    whole = dense_new(n + i0 + 2, n + j0 + 1), V;
  double                  *w = calloc((size_t)n + 1, sizeof *w), *values = calloc((size_t)n + 1, sizeof *w);
  tartan_matrix           *a = NULL, *view = NULL, *v = NULL;

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < n; i++) AT(whole, i0 + i, j0 + j) = i >= j ? AT(*A, i, j) : NAN;
  a = matrix_of(grid, dtype, &whole, &opts);
  CHECK_OK(tartan_matrix_view(a, i0, j0, n, n, &view));
  if (CHECK_OK(tartan_eigh(view, NULL, w, &v, NULL)) && CHECK(v != NULL)) {
    int64_t vm, vn, wrong = 0;

    tartan_matrix_shape(v, &vm, &vn);
    CHECK(vm == n && vn == n);
    CHECK(tartan_matrix_dtype(v) == dtype);
    judge(A, dtype, w, v);
    for (int64_t i = 0; i < n && known; i++)
      wrong += !(fabs(w[i] - known[i]) <= 20 * (double)n * unit_roundoff(dtype) * dense_norm(A));
    CHECK_EQ(wrong, 0);
    tartan_matrix_destroy(&v);
  }
  CHECK_OK(tartan_eigh(view, NULL, values, NULL, NULL));
  for (int64_t i = 0; i < n; i++)
    CHECK_LE(fabs(values[i] - w[i]), 10 * (double)n * unit_roundoff(dtype) * dense_norm(A));
  V = dense_of(a); /* the input is not changed */
  for (int64_t e = 0; e < V.m * V.n; e++) CHECK(V.a[e] == whole.a[e] || (isnan(V.a[e]) && isnan(whole.a[e])));
  dense_free(&V);
  dense_free(&whole);
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&a);
  free(w);
  free(values);
}

static void test_spectra(tartan_grid *grid)
{
  static const int64_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 37, 65};
  double               w[65];

  for (int s = 0; s < 9; s++)
    for (int kind = 0; kind < SPECTRA; kind++) {
      const tartan_dtype dtype = (tartan_dtype)((s + kind) % 2);
      dense              A;

      check_context("n=%lld, spectrum %d, %s", (long long)sizes[s], kind, tartan_dtype_name(dtype));
      spectrum_draw(kind, sizes[s], w);
      A = symmetric_with_values(sizes[s], w, check_seed());
      if (dtype == TARTAN_F32) dense_round(&A);
      test_matrix(grid, dtype, &A, w);
      dense_free(&A);
    }
}

static void test_bad_input(tartan_grid *grid)
{
  static const double bad[] = {NAN, INFINITY, -INFINITY};
  tartan_matrix      *A, *V = NULL;
  double              w[20];

  for (int b = 0; b < 3; b++)
    for (int place = 0; place < 3; place++) {
      dense                    values = dense_make(20, 20, fill_place, NULL);
      const tartan_matrix_opts opts = layout_of(3, 3, 1, check_size(), 0, 0);

      check_context("%g at place %d", bad[b], place);
      AT(values, place == 0 ? 0 : 19, place == 2 ? 19 : 0) = bad[b];
      A = matrix_of(grid, TARTAN_F64, &values, &opts);
      V = A;
      CHECK_STATUS(tartan_eigh(A, NULL, w, &V, NULL), TARTAN_ERR_INPUT);
      CHECK(V == NULL);
      CHECK_STATUS(tartan_eigh(A, NULL, w, NULL, NULL), TARTAN_ERR_INPUT);
      tartan_matrix_destroy(&A);
      dense_free(&values);
    }
  check_context("not square");
  A = matrix_make(grid, TARTAN_F64, 4, 5, NULL, fill_place, NULL);
  V = A;
  CHECK_STATUS(tartan_eigh(A, NULL, w, &V, NULL), TARTAN_ERR_SHAPE);
  CHECK(V == NULL);
  tartan_matrix_destroy(&A);
}

/* The bits of w and V from the first `size` ranks with so many threads; only rank 0 has them. */
static dense bits_of(int size, int threads, const dense *A, tartan_dtype dtype, double *w)
{
  tartan_grid   *grid = grid_of_first(size, threads);
  tartan_matrix *a, *v = NULL;
  dense          V = {0, 0, NULL};

  if (!grid) return V;
  a = matrix_of(grid, dtype, A, NULL);
  if (CHECK_OK(tartan_eigh(a, NULL, w, &v, NULL))) V = dense_of(v);
  tartan_matrix_destroy(&v);
  tartan_matrix_destroy(&a);
  tartan_grid_destroy(&grid);
  return V;
}

static void test_bits(void)
{
  const int64_t n = 150;
  double        w[150], first[150] = {0}, other[150] = {0};

  spectrum_draw(0, n, w);
  for (int t = 0; t < 2; t++) {
    dense A = symmetric_with_values(n, w, 77), V, again;

    V = bits_of(1, 1, &A, (tartan_dtype)t, first);
    for (int size = 1; size <= check_size(); size++)
      for (int threads = 1; threads <= 2; threads++) {
        check_context("bits on %d ranks with %d threads", size, threads);
        again = bits_of(size, threads, &A, (tartan_dtype)t, other);
        if (check_rank() == 0) CHECK(dense_same_bits(&V, &again) && memcmp(first, other, sizeof first) == 0);
        if (check_rank() < size) dense_free(&again);
      }
    dense_free(&A);
    dense_free(&V);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_spectra(grid);
  test_bad_input(grid);
  tartan_grid_destroy(&grid);
  test_bits();
  return check_finish();
}
