// TEST: np=1,2,3,4,6 labels=unit,matrix
/* A whole matrix to one rank and back; the Frobenius norm. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "comm/grid.h"
#include "matrices.h"

static double element(tartan_dtype dtype, const void *data, int64_t at)
{
  return dtype == TARTAN_F32 ? (double)((const float *)data)[at] : ((const double *)data)[at];
}

static void test_gather(tartan_grid *grid, int round)
{
  static const int64_t     sizes[] = {0, 1, 2, 7, 8, 9, 31, 64, 65};
  const tartan_matrix_opts opts = layout_random(grid);
  const tartan_dtype       dtype = (tartan_dtype)check_pick(2);
  const int64_t            m = sizes[check_pick(9)], n = sizes[check_pick(9)];
  const int64_t            i0 = check_pick(m + 1), j0 = check_pick(n + 1), vm = m - i0, vn = n - j0;
  const int                root = (int)check_pick(check_size());
  const bool               here = check_rank() == root;
  uint64_t                 seed = check_seed();
  tartan_matrix           *A = matrix_make(grid, dtype, m, n, &opts, fill_random, &seed), *view = NULL;
  void                    *data = calloc((size_t)(m * n + 1), 8);
  int64_t                  wrong = 0;

  check_context("round %d: %s %lld x %lld from (%lld, %lld) to rank %d", round, tartan_dtype_name(dtype), (long long)m,
                (long long)n, (long long)i0, (long long)j0, root);
  CHECK_OK(tartan_matrix_view(A, i0, j0, vm, vn, &view));
  CHECK_OK(tartan_matrix_gather(view, root, here ? data : NULL));
  for (int64_t e = 0; e < vm * vn && here; e++)
    wrong += element(dtype, data, e) != fill_random(i0 + e % vm, j0 + e / vm, &seed);
  CHECK_EQ(wrong, 0);

  CHECK_OK(tartan_matrix_gather(A, root, here ? data : NULL));
  tartan_matrix_set(A, 0, 0);
  CHECK_OK(tartan_matrix_scatter(here ? data : NULL, root, A));
  CHECK_EQ(matrix_count_wrong(A, fill_random, &seed), 0);
  CHECK_STATUS(tartan_matrix_gather(A, check_size(), data), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_matrix_scatter(data, -1, A), TARTAN_ERR_ARG);
  CHECK_EQ(matrix_count_wrong(A, fill_random, &seed), 0);
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&A);
  free(data);
}

static double scaled_random(int64_t i, int64_t j, void *factor)
{
  uint64_t seed = 5;

  return fill_random(i, j, &seed) * *(double *)factor;
}

/* The norm of a window, against long double, for values whose squares over- or underflow. */
static void test_norm(tartan_grid *grid, tartan_dtype dtype, double factor)
{
  const tartan_matrix_opts opts = layout_random(grid);
  const int64_t            m = 1 + check_pick(50), n = 1 + check_pick(50), i0 = check_pick(m), j0 = check_pick(n);
  tartan_matrix           *A = matrix_make(grid, dtype, m, n, &opts, scaled_random, &factor), *view = NULL;
  long double              sum = 0;
  double                   norm = -1, all[2], expected;

  check_context("norm, %s, factor %g, %lld x %lld from (%lld, %lld)", tartan_dtype_name(dtype), factor, (long long)m,
                (long long)n, (long long)i0, (long long)j0);
  CHECK_OK(tartan_matrix_view(A, i0, j0, m - i0, n - j0, &view));
  CHECK_OK(tartan_norm_fro(view, &norm));
  for (int64_t j = j0; j < n; j++)
    for (int64_t i = i0; i < m; i++) {
      const double v = scaled_random(i, j, &factor), x = dtype == TARTAN_F32 ? (double)(float)v : v;

      sum += (long double)x * x;
    }
  expected = (double)sqrtl(sum);
  CHECK_LE(fabs(norm - expected), 1e-13 * expected);
  all[0] = norm;
  all[1] = -norm;
  MPI_Allreduce(MPI_IN_PLACE, all, 2, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  CHECK(all[0] == norm && all[1] == -norm); /* the same bits everywhere */
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&A);
}

static double one_special(int64_t i, int64_t j, void *special)
{
  return i == 11 && j == 3 ? *(double *)special : 1;
}

static void test_norm_special(tartan_grid *grid)
{
  double         special[] = {NAN, INFINITY, -INFINITY, 0, DBL_MAX, DBL_TRUE_MIN}, norm;
  tartan_matrix *A;

  for (int s = 0; s < 6; s++) {
    const tartan_matrix_opts opts = layout_of(2, 2, 1, check_size(), 0, 0);

    check_context("norm with one %g", special[s]);
    A = matrix_make(grid, TARTAN_F64, 13, 5, &opts, one_special, &special[s]);
    CHECK_OK(tartan_norm_fro(A, &norm));
    if (s == 0)
      CHECK(isnan(norm));
    else if (s < 3)
      CHECK(isinf(norm) && norm > 0);
    else if (s == 4)
      CHECK_LE(fabs(norm / DBL_MAX - 1), 1e-15);
    else
      CHECK_LE(fabs(norm - 8), 1e-14);
    tartan_matrix_destroy(&A);
  }
  check_context("norm of nothing and of zeros");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 0, 5, NULL, &A));
  CHECK_OK(tartan_norm_fro(A, &norm));
  CHECK(norm == 0);
  tartan_matrix_destroy(&A);
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F32, 70, 5, NULL, &A));
  CHECK_OK(tartan_norm_fro(A, &norm));
  CHECK(norm == 0);
  tartan_matrix_destroy(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int round = 0; round < 120; round++) test_gather(grid, round);
  for (int round = 0; round < 10; round++) {
    test_norm(grid, TARTAN_F64, 1);
    test_norm(grid, TARTAN_F32, 1);
    test_norm(grid, TARTAN_F64, 1e300);
    test_norm(grid, TARTAN_F64, 1e-300);
    test_norm(grid, TARTAN_F32, 1e30);
    test_norm(grid, TARTAN_F32, 1e-30);
  }
  test_norm_special(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
