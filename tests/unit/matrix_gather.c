// TEST: np=1,2,3,4,6 labels=unit,matrix
/* A whole matrix to one rank and back. */
#include <stdlib.h>

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

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int round = 0; round < 120; round++) test_gather(grid, round);
  tartan_grid_destroy(&grid);
  return check_finish();
}
