// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * tartan_qr_pivoted: the gates of qr_gates.h for A P = Q R, P a permutation, |R(i, i)| never rising by more than rounding,
 * and the rank of matrices whose rank is known.
 */
#include <math.h>

#include <tartan/factor.h>

#include "check.h"
#include "qr_gates.h"

#define COLUMNS_MAX 140

static void check_permutation(const int64_t *perm, int64_t n)
{
  bool seen[COLUMNS_MAX] = {false};

  for (int64_t j = 0; j < n; j++) {
    if (!CHECK(perm[j] >= 0 && perm[j] < n) || !CHECK(!seen[perm[j]])) return;
    seen[perm[j]] = true;
  }
}

static void check_diagonal(const tartan_matrix *R, double u)
{
  dense   r = dense_of(R);
  int64_t rising = 0;

  for (int64_t i = 1; i < r.m; i++) rising += AT(r, i, i) > AT(r, i - 1, i - 1) * (1 + 1e4 * u) + 100 * u * AT(r, 0, 0);
  CHECK_EQ(rising, 0);
  dense_free(&r);
}

static void test_matrix(tartan_grid *grid, tartan_dtype dtype, const dense *A, int64_t rank)
{
  const tartan_matrix_opts layout = layout_random(grid);
  tartan_matrix           *a = matrix_of(grid, dtype, A, &layout), *Q = NULL, *R = NULL, *only = NULL;
  int64_t                  perm[COLUMNS_MAX], other[COLUMNS_MAX];
  tartan_factor_info       info;
  dense                    after;

  if (CHECK_OK(tartan_qr_pivoted(a, &Q, &R, perm, &info))) {
    check_permutation(perm, A->n);
    qr_judge_matrices(A, perm, Q, R);
    check_diagonal(R, unit_roundoff(dtype));
    if (rank >= 0) CHECK_EQ(info.rank, rank);
    CHECK(info.method[0] && info.reason[0]);
  }
  if (CHECK_OK(tartan_qr_pivoted(a, NULL, &only, other, NULL)))
    for (int64_t j = 0; j < A->n; j++) CHECK_EQ(other[j], perm[j]);
  after = dense_of(a);
  CHECK(dense_same_bits(A, &after)); /* the input is not changed */
  dense_free(&after);
  tartan_matrix_destroy(&only);
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&Q);
  tartan_matrix_destroy(&a);
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{0, 0}, {0, 3},   {3, 0},   {1, 1},  {1, 2},  {2, 1},    {2, 2},     {7, 7},
                                      {8, 3}, {63, 64}, {65, 64}, {64, 1}, {7, 71}, {150, 37}, {130, 110}, {70, 140}};
  uint64_t             seed = check_seed();

  for (int s = 0; s < 16; s++)
    for (int t = 0; t < 2; t++) {
      dense A = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed);

      check_context("%lld x %lld, %s", (long long)A.m, (long long)A.n, tartan_dtype_name((tartan_dtype)t));
      test_matrix(grid, (tartan_dtype)t, &A, A.m < A.n ? A.m : A.n);
      dense_free(&A);
    }
}

static void test_ranks(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{30, 30}, {90, 30}, {30, 45}};
  double               sigma[30];

  for (int s = 0; s < 3; s++)
    for (int64_t rank = 0; rank <= 30; rank += 10) {
      dense A;

      check_context("%lld x %lld of rank %lld", (long long)shapes[s][0], (long long)shapes[s][1], (long long)rank);
      for (int64_t i = 0; i < 30; i++) sigma[i] = i < rank ? pow(10, -(double)i / 10) : 0;
      A = dense_with_values(shapes[s][0], shapes[s][1], 30, sigma, (uint64_t)(s + rank));
      test_matrix(grid, TARTAN_F64, &A, rank);
      for (int64_t e = 0; e < A.m * A.n; e++) A.a[e] *= 1e300;
      test_matrix(grid, TARTAN_F64, &A, rank);
      for (int64_t i = 0; i < A.m; i++) AT(A, i, 0) = AT(A, i, A.n - 1) = 0;
      test_matrix(grid, TARTAN_F64, &A, -1);
      dense_free(&A);
    }
}

static void test_bad_input(tartan_grid *grid)
{
  dense          values = dense_make(20, 9, fill_place, NULL);
  tartan_matrix *A, *Q, *R;
  int64_t        perm[9];

  check_context("NaN in the matrix");
  AT(values, 19, 8) = NAN;
  A = Q = R = matrix_of(grid, TARTAN_F64, &values, NULL);
  CHECK_STATUS(tartan_qr_pivoted(A, &Q, &R, perm, NULL), TARTAN_ERR_INPUT);
  CHECK(Q == NULL && R == NULL);
  tartan_matrix_destroy(&A);
  dense_free(&values);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_ranks(grid);
  test_bad_input(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
