// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * tartan_qr as users call it, without options: the gates of qr_gates.h in any layout and in windows, whatever the shape and
 * the condition; the input is not changed. The rungs one by one are in qr_ladder.c.
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/factor.h>

#include "check.h"
#include "qr_gates.h"

/* In a random layout, in a window of a larger matrix. */
static void test_matrix(tartan_grid *grid, tartan_dtype dtype, const dense *A)
{
  const tartan_matrix_opts opts = layout_random(grid);
  const int64_t            m = A->m, n = A->n, r = m < n ? m : n, i0 = check_pick(4), j0 = check_pick(4);
  dense                    whole = dense_make(m + i0 + 1, n + j0 + 2, fill_place, NULL), after;
  tartan_matrix           *a = NULL, *view = NULL, *q = NULL, *rr = NULL, *only = NULL;
  int64_t                  rows, cols;

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) AT(whole, i0 + i, j0 + j) = AT(*A, i, j);
  a = matrix_of(grid, dtype, &whole, &opts);
  CHECK_OK(tartan_matrix_view(a, i0, j0, m, n, &view));
  if (CHECK_OK(tartan_qr(view, NULL, &q, &rr, NULL)) && CHECK(q && rr)) {
    dense Q = dense_of(q), R = dense_of(rr), R2;

    tartan_matrix_shape(q, &rows, &cols);
    CHECK(rows == m && cols == r);
    tartan_matrix_shape(rr, &rows, &cols);
    CHECK(rows == r && cols == n);
    qr_judge(A, dtype, NULL, &Q, &R);
    if (CHECK_OK(tartan_qr(view, NULL, NULL, &only, NULL))) {
      R2 = dense_of(only);
      CHECK_LE(dense_distance(&R, &R2), 10 * unit_roundoff(dtype) * sqrt((double)m * (double)n) * dense_norm(A));
      dense_free(&R2);
    }
    dense_free(&Q);
    dense_free(&R);
  }
  after = dense_of(a);
  CHECK(dense_same_bits(&whole, &after)); /* the input is not changed */
  dense_free(&after);
  dense_free(&whole);
  tartan_matrix_destroy(&only);
  tartan_matrix_destroy(&rr);
  tartan_matrix_destroy(&q);
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&a);
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{0, 0}, {0, 3}, {3, 0},   {1, 1},  {1, 2},   {2, 1},   {2, 2},   {7, 7},
                                      {8, 3}, {3, 8}, {63, 64}, {64, 1}, {65, 64}, {101, 7}, {7, 101}, {130, 37}};
  uint64_t             seed = check_seed();

  for (int s = 0; s < 16; s++)
    for (int t = 0; t < 2; t++) {
      dense A = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed);

      check_context("%lld x %lld, %s", (long long)A.m, (long long)A.n, tartan_dtype_name((tartan_dtype)t));
      test_matrix(grid, (tartan_dtype)t, &A);
      dense_free(&A);
    }
}

/* Condition numbers from 1 to 1e15, rank deficiency, the zero matrix. */
static void test_conditions(tartan_grid *grid)
{
  const int64_t m = 90, n = 24;
  double        sigma[24];

  for (int e = 0; e <= 15; e += 3) {
    const tartan_dtype dtype = e > 6 ? TARTAN_F64 : (tartan_dtype)(e / 3 % 2);
    dense              A;

    check_context("condition 1e%d, %s", e, tartan_dtype_name(dtype));
    for (int64_t i = 0; i < n; i++) sigma[i] = pow(10, -(double)e * (double)i / (double)(n - 1));
    A = dense_with_values(m, n, n, sigma, (uint64_t)e);
    dense_round(&A);
    test_matrix(grid, dtype, &A);
    dense_free(&A);
  }
  for (int64_t r = 0; r < 8; r += 7) {
    dense A = dense_with_values(m, n, r, sigma, 99);

    check_context("rank %lld of %lld", (long long)r, (long long)n);
    dense_round(&A);
    test_matrix(grid, TARTAN_F64, &A);
    dense_free(&A);
  }
}

static void test_bad_input(tartan_grid *grid)
{
  static const double bad[] = {NAN, INFINITY, -INFINITY};

  for (int b = 0; b < 3; b++) {
    dense                    values = dense_make(20, 9, fill_place, NULL);
    const tartan_matrix_opts opts = layout_of(3, 3, check_size(), 1, 0, 0);
    tartan_matrix           *A, *Q, *R;

    check_context("%g in the matrix", bad[b]);
    AT(values, 19, 8) = bad[b];
    A = Q = R = matrix_of(grid, TARTAN_F64, &values, &opts);
    CHECK_STATUS(tartan_qr(A, NULL, &Q, &R, NULL), TARTAN_ERR_INPUT);
    CHECK(Q == NULL && R == NULL);
    tartan_matrix_destroy(&A);
    dense_free(&values);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_conditions(grid);
  test_bad_input(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
