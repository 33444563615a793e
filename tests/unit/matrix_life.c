// TEST: np=1,2,3,4,6 labels=unit,matrix
/* Matrices, wrapped memory and views: shapes, bad arguments, destruction in any order, the memory budget. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "check.h"
#include "comm/grid.h"
#include "matrices.h"

static void test_shapes(tartan_grid *grid)
{
  static const int64_t block[] = {1, 3, 8, 64};
  int64_t              list[8];
  int                  arrangement[8][2];
  const int            grids = grid_list(grid, arrangement);
  uint64_t             seed = check_seed();
  char                 text[96];

  for (int b = 0; b < 4; b++)
    for (int g = 0; g < grids; g++) {
      const int shapes = shape_list(block[b], list);

      for (int s = 0; s < shapes * shapes; s++) {
        const int64_t            m = list[s / shapes], n = list[s % shapes];
        const int                p = arrangement[g][0], q = arrangement[g][1];
        const tartan_matrix_opts opts = layout_of(block[b], block[b], p, q, (int)check_pick(p), (int)check_pick(q));
        const tartan_dtype       dtype = (tartan_dtype)check_pick(2);
        tartan_matrix           *A = NULL;
        dense                    values;
        int64_t                  gm, gn, ld, mloc;

        check_context("%lld x %lld, %s", (long long)m, (long long)n, layout_text(&opts, text));
        A = matrix_make(grid, dtype, m, n, &opts, fill_random, &seed);
        if (!A) continue;
        tartan_matrix_shape(A, &gm, &gn);
        CHECK(gm == m && gn == n);
        tartan_matrix_shape(A, NULL, NULL);
        CHECK_EQ(tartan_matrix_dtype(A), dtype);
        CHECK(tartan_matrix_grid(A) == grid);
        tartan_matrix_local(A, &ld, &mloc, NULL);
        CHECK(ld >= 1 && ld >= mloc);
        values = dense_of(A);
        for (int64_t e = 0; e < m * n; e++) CHECK(values.a[e] == fill_random(e % m, e / m, &seed));
        dense_free(&values);
        tartan_matrix_destroy(&A);
        CHECK(A == NULL);
      }
    }
}

static void test_zeros_and_defaults(tartan_grid *grid)
{
  tartan_matrix     *A = NULL;
  tartan_matrix_opts same;
  int                p, q;
  int64_t            mloc, nloc, wrong = 0;

  check_context("defaults");
  if (!CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 300, 200, NULL, &A))) return;
  tartan_grid_shape(grid, &p, &q, NULL, NULL);
  same = layout_of(64, 64, p, q, 0, 0);
  tartan_matrix_local(A, NULL, &mloc, &nloc);
  for (int64_t j = 0; j < nloc; j++)
    for (int64_t i = 0; i < mloc; i++) {
      const int owner = layout_owner(&same, tartan_matrix_global_row(A, i), tartan_matrix_global_col(A, j));

      wrong += matrix_local_get(A, i, j) != 0 || owner != check_rank();
    }
  CHECK_EQ(wrong, 0);
  tartan_matrix_destroy(&A);
}

static void expect_refused(tartan_grid *grid, int64_t m, int64_t n, const tartan_matrix_opts *opts,
                           tartan_status expected)
{
  tartan_matrix *A = (tartan_matrix *)&grid;
  double         x;

  CHECK_STATUS(tartan_matrix_create(grid, TARTAN_F64, m, n, opts, &A), expected);
  CHECK(A == NULL);
  A = (tartan_matrix *)&grid;
  CHECK_STATUS(tartan_matrix_wrap(grid, TARTAN_F64, m, n, opts, &x, 1, &A), expected);
  CHECK(A == NULL);
  CHECK(strlen(tartan_error_message()) > 0);
}

static void test_bad_arguments(tartan_grid *grid)
{
  const int                P = check_size();
  const tartan_matrix_opts bad[] = {layout_of(-1, 1, 0, 0, 0, 0),       layout_of(1, -1, 0, 0, 0, 0),
                                    layout_of(0, 0, P + 1, 1, 0, 0),    layout_of(0, 0, 1, P + 1, 0, 0),
                                    layout_of(0, 0, P, 2, 0, 0),        layout_of(0, 0, 1, 0, 0, 0),
                                    layout_of(0, 0, 0, 1, 0, 0),        layout_of(0, 0, -1, -1, 0, 0),
                                    layout_of(0, 0, 1, P, 1, 0),        layout_of(0, 0, 1, P, 0, P),
                                    layout_of(0, 0, 1, P, -1, 0),       layout_of(0, 0, 1, P, 0, -1),
                                    layout_of(0, 0, 65536, 65536, 0, 0)};

  check_context("negative sizes");
  expect_refused(grid, -1, 3, NULL, TARTAN_ERR_SHAPE);
  expect_refused(grid, 3, -1, NULL, TARTAN_ERR_SHAPE);
  expect_refused(grid, INT64_MIN, INT64_MIN, NULL, TARTAN_ERR_SHAPE);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    check_context("bad layout %zu", i);
    expect_refused(grid, 3, 3, &bad[i], TARTAN_ERR_ARG);
  }
}

static void test_too_large(tartan_grid *grid)
{
  tartan_matrix_opts opts = layout_of(64, 64, 1, 1, 0, 0);
  tartan_matrix     *A = NULL;

  check_context("beyond 64 bits on rank 0");
  CHECK_STATUS(tartan_matrix_create(grid, TARTAN_F64, (int64_t)1 << 40, (int64_t)1 << 40, &opts, &A),
               TARTAN_ERR_OVERFLOW);
  CHECK(A == NULL);
  CHECK_STATUS(tartan_matrix_create(grid, TARTAN_F64, INT64_MAX, 1, &opts, &A), TARTAN_ERR_OVERFLOW);
  check_context("more than the system has, on rank 0");
  CHECK_STATUS(tartan_matrix_create(grid, TARTAN_F64, (int64_t)1 << 28, (int64_t)1 << 28, &opts, &A), TARTAN_ERR_NOMEM);
  CHECK(A == NULL);
  CHECK_EQ(tartan_error_rank(), 0);
}

static void test_budget(void)
{
  const int        last = check_size() - 1;
  tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;
  tartan_grid     *grid = NULL;
  tartan_matrix   *A = NULL, *B = NULL;
  int64_t          used, peak, limit, empty;

  check_context("a budget on the last rank");
  opts.memory_limit = check_rank() == last ? 100000 : 0;
  if (!CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid))) return;
  tartan_grid_memory(grid, &empty, NULL, &limit);
  CHECK_EQ(limit, opts.memory_limit);
  const tartan_matrix_opts columns = layout_of(1, 1, 1, check_size(), 0, 0);

  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 1000, check_size() * (int64_t)10, &columns, &A));
  tartan_grid_memory(grid, &used, &peak, NULL);
  CHECK_LE(80000, (double)(used - empty));
  CHECK_LE((double)(used - empty), 82000);
  CHECK_EQ(peak, used);
  CHECK_STATUS(tartan_matrix_create(grid, TARTAN_F64, 1000, check_size() * (int64_t)10, &columns, &B),
               TARTAN_ERR_NOMEM);
  CHECK(B == NULL);
  CHECK_EQ(tartan_error_rank(), last);
  CHECK(strstr(tartan_error_message(), "78.1 KiB") != NULL); /* needed */
  CHECK(strstr(tartan_error_message(), "97.7 KiB") != NULL); /* the budget */
  tartan_matrix_destroy(&A);
  tartan_grid_memory(grid, &used, &peak, NULL);
  CHECK_EQ(used, empty);
  CHECK_LE(80000, (double)peak);
  tartan_grid_destroy(&grid);
}

/* Matrix, views and views of views go in a random order; what is left stays readable. */
static void test_destroy_order(tartan_grid *grid)
{
  const int64_t live = tt_memory_live();

  for (int round = 0; round < 30; round++) {
    tartan_matrix_opts opts = layout_random(grid);
    tartan_matrix     *object[6] = {NULL};
    int64_t            i0[6] = {0}, j0[6] = {0}, m[6] = {40}, n[6] = {30};

    check_context("destruction, round %d", round);
    object[0] = matrix_make(grid, TARTAN_F64, 40, 30, &opts, fill_place, NULL);
    for (int v = 1; v < 6; v++) {
      const int     parent = (int)check_pick(v);
      const int64_t i = check_pick(m[parent] + 1), j = check_pick(n[parent] + 1);

      m[v] = check_pick(m[parent] - i + 1);
      n[v] = check_pick(n[parent] - j + 1);
      i0[v] = i0[parent] + i;
      j0[v] = j0[parent] + j;
      CHECK_OK(tartan_matrix_view(object[parent], i, j, m[v], n[v], &object[v]));
    }
    for (int left = 6; left > 0; left--) {
      int chosen = (int)check_pick(left);

      for (int v = 0; v < 6; v++) {
        if (!object[v]) continue;
        if (chosen-- == 0) {
          tartan_matrix_destroy(&object[v]);
          CHECK(object[v] == NULL);
        } else {
          dense   values = dense_of(object[v]);
          int64_t wrong = values.m != m[v] || values.n != n[v];

          for (int64_t e = 0; e < m[v] * n[v]; e++)
            wrong += values.a[e] != fill_place(i0[v] + e % m[v], j0[v] + e / m[v], NULL);
          CHECK_EQ(wrong, 0);
          dense_free(&values);
        }
      }
    }
    CHECK_EQ(tt_memory_live(), live);
  }
  tartan_matrix_destroy(NULL);
}

static void test_bad_views(tartan_grid *grid)
{
  static const int64_t bad[][4] = {{-1, 0, 1, 1}, {0, -1, 1, 1},        {0, 0, 11, 1},       {0, 0, 1, 8},
                                   {10, 0, 1, 1}, {0, 7, 1, 1},         {11, 0, 0, 0},       {0, 0, -1, 1},
                                   {0, 0, 1, -1}, {5, 5, INT64_MAX, 1}, {INT64_MAX, 0, 1, 1}};
  static const int64_t good[][4] = {{10, 7, 0, 0}, {0, 0, 10, 7}, {9, 6, 1, 1}, {3, 7, 7, 0}};
  tartan_matrix       *A = matrix_make(grid, TARTAN_F32, 10, 7, NULL, fill_place, NULL), *view = NULL;

  for (int i = 0; i < 11; i++) {
    check_context("bad view %d", i);
    view = A;
    CHECK_STATUS(tartan_matrix_view(A, bad[i][0], bad[i][1], bad[i][2], bad[i][3], &view), TARTAN_ERR_SHAPE);
    CHECK(view == NULL);
  }
  for (int i = 0; i < 4; i++) {
    check_context("good view %d", i);
    CHECK_OK(tartan_matrix_view(A, good[i][0], good[i][1], good[i][2], good[i][3], &view));
    tartan_matrix_destroy(&view);
  }
  tartan_matrix_destroy(&A);
}

/* Foreign memory with a larger leading dimension: read and written in place, padding untouched, not freed. */
static void test_wrap(tartan_grid *grid)
{
  for (int round = 0; round < 20; round++) {
    const tartan_matrix_opts opts = layout_random(grid);
    tartan_matrix           *shape = NULL, *A = NULL;
    int64_t                  mloc, nloc, ld, got, wrong = 0;
    float                   *data;

    check_context("wrap, round %d", round);
    if (!CHECK_OK(tartan_matrix_create(grid, TARTAN_F32, 23, 19, &opts, &shape))) return;
    tartan_matrix_local(shape, NULL, &mloc, &nloc);
    tartan_matrix_destroy(&shape);
    ld = mloc + 3;
    data = malloc((size_t)(ld * nloc + 1) * sizeof *data);
    for (int64_t e = 0; e < ld * nloc; e++) data[e] = -77;
    CHECK_OK(tartan_matrix_wrap(grid, TARTAN_F32, 23, 19, &opts, mloc * nloc > 0 ? data : NULL, ld, &A));
    if (mloc * nloc > 0) CHECK(tartan_matrix_local(A, &got, NULL, NULL) == data && got == ld);
    tartan_matrix_fill(A, fill_place, NULL);
    CHECK_EQ(matrix_count_wrong(A, fill_place, NULL), 0);
    for (int64_t j = 0; j < nloc; j++)
      for (int64_t i = 0; i < ld; i++) wrong += (data[i + j * ld] == -77) != (i >= mloc);
    CHECK_EQ(wrong, 0);
    tartan_matrix_destroy(&A);
    free(data); /* still ours */
  }
}

/* A leading dimension that is too small, or no memory, on one rank only: all ranks fail. */
static void test_bad_wrap(tartan_grid *grid)
{
  const tartan_matrix_opts opts = layout_of(2, 2, 1, check_size(), 0, 0);
  double                   data[64];

  for (int bad = 0; bad < check_size(); bad++) {
    tartan_matrix *A = NULL;
    const bool     here = check_rank() == bad;

    check_context("bad foreign memory on rank %d", bad);
    CHECK_STATUS(tartan_matrix_wrap(grid, TARTAN_F64, 5, 2 * check_size(), &opts, data, here ? 4 : 5, &A),
                 TARTAN_ERR_ARG);
    CHECK(A == NULL);
    CHECK_EQ(tartan_error_rank(), bad);
    CHECK_STATUS(tartan_matrix_wrap(grid, TARTAN_F64, 5, 2 * check_size(), &opts, here ? NULL : data, 5, &A),
                 TARTAN_ERR_ARG);
    CHECK(A == NULL);
  }
}

static void test_dead_grid(void)
{
  tartan_grid   *grid = grid_world();
  tartan_matrix *A = NULL;

  check_context("a dead grid");
  grid->dead = true;
  CHECK_STATUS(tartan_matrix_create(grid, TARTAN_F64, 3, 3, NULL, &A), TARTAN_ERR_MPI);
  CHECK(A == NULL);
  grid->dead = false;
  tartan_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_zeros_and_defaults(grid);
  test_bad_arguments(grid);
  test_too_large(grid);
  test_destroy_order(grid);
  test_bad_views(grid);
  test_wrap(grid);
  test_bad_wrap(grid);
  tartan_grid_destroy(&grid);
  test_budget();
  test_dead_grid();
  return check_finish();
}
