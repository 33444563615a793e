// TEST: np=1,2,3,4,6 labels=unit,matrix
/* Index maps against the definition of the layout, and fills that no layout can be told from. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "check.h"
#include "matrices.h"

/* Every global index has one home; local order is global order; the maps are inverses. */
static int64_t wrong_maps(const tartan_matrix *A, const tartan_matrix_opts *opts, int64_t i0, int64_t j0)
{
  int64_t m, n, mloc, nloc, wrong = 0, rows = 0, cols = 0;

  tartan_matrix_shape(A, &m, &n);
  tartan_matrix_local(A, NULL, &mloc, &nloc);
  for (int64_t i = 0; i < m; i++) {
    const bool mine = check_rank() < opts->p * opts->q &&
                      layout_owner(opts, i0 + i, j0) / opts->q == check_rank() / opts->q;
    const int64_t il = tartan_matrix_local_row(A, i);

    wrong += il != (mine ? rows : -1);
    if (mine) wrong += tartan_matrix_global_row(A, rows++) != i;
  }
  for (int64_t j = 0; j < n; j++) {
    const bool mine = check_rank() < opts->p * opts->q &&
                      layout_owner(opts, i0, j0 + j) % opts->q == check_rank() % opts->q;
    const int64_t jl = tartan_matrix_local_col(A, j);

    wrong += jl != (mine ? cols : -1);
    if (mine) wrong += tartan_matrix_global_col(A, cols++) != j;
  }
  return wrong + (mloc != rows) + (nloc != cols);
}

static double uniform_at(int64_t i, int64_t j, void *seed)
{
  return tt_uniform(*(uint64_t *)seed, i, j);
}

static double normal_at(int64_t i, int64_t j, void *seed)
{
  return tt_normal(*(uint64_t *)seed, i, j);
}

static double set_at(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return i == j ? 2.5 : -0.1;
}

static void test_layout(tartan_grid *grid, int round)
{
  const tartan_matrix_opts opts = layout_random(grid);
  const int64_t            m = check_pick(90), n = check_pick(90), i0 = check_pick(m + 1), j0 = check_pick(n + 1);
  const int64_t            vm = check_pick(m - i0 + 1), vn = check_pick(n - j0 + 1);
  const tartan_dtype       dtype = (tartan_dtype)check_pick(2);
  tartan_matrix           *A = NULL, *view = NULL;
  uint64_t                 seed = check_seed() + (uint64_t)round;
  char                     text[96];

  check_context("round %d: %s %lld x %lld, %s; view %lld x %lld at (%lld, %lld)", round, tartan_dtype_name(dtype),
                (long long)m, (long long)n, layout_text(&opts, text), (long long)vm, (long long)vn, (long long)i0,
                (long long)j0);
  if (!CHECK_OK(tartan_matrix_create(grid, dtype, m, n, &opts, &A))) return;
  CHECK_EQ(wrong_maps(A, &opts, 0, 0), 0);
  tartan_matrix_fill(A, fill_place, NULL);
  CHECK_EQ(matrix_count_wrong(A, fill_place, NULL), 0);
  tartan_matrix_fill_uniform(A, seed);
  CHECK_EQ(matrix_count_wrong(A, uniform_at, &seed), 0);
  tartan_matrix_fill_normal(A, seed);
  CHECK_EQ(matrix_count_wrong(A, normal_at, &seed), 0);
  tartan_matrix_set(A, -0.1, 2.5);
  CHECK_EQ(matrix_count_wrong(A, set_at, NULL), 0);

  if (!CHECK_OK(tartan_matrix_view(A, i0, j0, vm, vn, &view))) return;
  CHECK_EQ(wrong_maps(view, &opts, i0, j0), 0);
  tartan_matrix_set(A, 0, 0);
  tartan_matrix_fill_uniform(view, seed); /* by the index in the view */
  CHECK_EQ(matrix_count_wrong(view, uniform_at, &seed), 0);
  {
    dense   all = dense_of(A);
    int64_t wrong = 0;

    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < m; i++) {
        const bool inside = i >= i0 && i < i0 + vm && j >= j0 && j < j0 + vn;

        wrong += inside ? AT(all, i, j) <= 0 : AT(all, i, j) != 0;
      }
    CHECK_EQ(wrong, 0);
    dense_free(&all);
  }
  tartan_matrix_destroy(&A);
  CHECK_EQ(matrix_count_wrong(view, uniform_at, &seed), 0);
  tartan_matrix_destroy(&view);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int round = 0; round < 300; round++) test_layout(grid, round);
  tartan_grid_destroy(&grid);
  return check_finish();
}
