// TEST: np=1,2,3,4,6 labels=unit,io
/* Matrices to files and back, for layouts, types, transposes, shapes, and more ranks than rows. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tartan/io.h>

#include "check.h"
#include "comm/grid.h"
#include "h5file.h"
#include "io_files.h"
#include "matrices.h"
#include "world.h"

static double number(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)(i * 1000 + j) + 0.25;
}

static int64_t differences(const dense *A, bool transposed)
{
  int64_t bad = 0;

  for (int64_t i = 0; i < A->m; i++)
    for (int64_t j = 0; j < A->n; j++) bad += AT(*A, i, j) != (transposed ? number(j, i, NULL) : number(i, j, NULL));
  return bad;
}

static void check_file(int64_t rows, int64_t cols, bool transposed)
{
  double *values = malloc((size_t)(rows * cols) * sizeof *values);
  int64_t bad = 0;

  if (check_rank() == 0 && CHECK(h5_read("m.h5", "/group/A", rows, cols, values))) {
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < cols; j++)
        bad += values[i * cols + j] != (transposed ? number(j, i, NULL) : number(i, j, NULL));
    CHECK_EQ(bad, 0);
  }
  free(values);
}

static void check_load(tartan_grid *grid, const char *source, tartan_dtype dtype, bool transpose,
                       bool expect_transposed)
{
  tartan_io_opts o = TARTAN_IO_OPTS_INIT;
  tartan_matrix *B = NULL;
  dense          d;

  o.transpose = transpose;
  o.layout = layout_random(grid);
  if (!CHECK_OK(tartan_matrix_load(grid, source, dtype, &o, &B))) return;
  CHECK(tartan_matrix_dtype(B) == dtype);
  d = dense_of(B);
  CHECK_EQ(differences(&d, expect_transposed), 0);
  dense_free(&d);
  tartan_matrix_destroy(&B);
}

static void test_there_and_back(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 1}, {1, 9}, {9, 1}, {5, 3}, {64, 64}, {65, 31}, {130, 67}};

  for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
    for (int k = 0; k < 4; k++) {
      const int64_t      m = shapes[s][0], n = shapes[s][1];
      const tartan_dtype dtype = k & 1 ? TARTAN_F64 : TARTAN_F32;
      tartan_matrix_opts layout = layout_random(grid);
      tartan_io_opts     o = TARTAN_IO_OPTS_INIT;
      tartan_matrix     *A = NULL;

      check_context("%lld x %lld, case %d", (long long)m, (long long)n, k);
      o.force = true;
      o.transpose = k & 2;
      A = matrix_make(grid, dtype, m, n, &layout, number, NULL);
      CHECK_OK(tartan_matrix_save(A, "m.h5", "/group/A", &o));
      tartan_matrix_destroy(&A);
      check_file(o.transpose ? n : m, o.transpose ? m : n, o.transpose);
      check_load(grid, "m.h5", dtype, o.transpose, false);
      check_load(grid, "m.h5:/group/A", TARTAN_F64, !o.transpose, true);
    }
  }
}

static double small(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)(i * 1000 + j);
}

/* Integers in compressed chunks that do not fit the slabs. */
static void test_chunked(tartan_grid *grid)
{
  const h5_layout layout = {.type = ">i4", .chunk_rows = 7, .chunk_cols = 5, .deflate = true};
  tartan_matrix  *A = NULL;
  dense           d;
  int64_t         bad = 0;

  check_context("chunks of integers");
  h5_write("m.h5", "A", &layout, 101, 13, small, NULL);
  if (!CHECK_OK(tartan_matrix_load(grid, "m.h5", TARTAN_F32, NULL, &A))) return;
  d = dense_of(A);
  CHECK_EQ(d.m, 101);
  for (int64_t i = 0; i < d.m; i++)
    for (int64_t j = 0; j < d.n; j++) bad += AT(d, i, j) != small(i, j, NULL);
  CHECK_EQ(bad, 0);
  dense_free(&d);
  tartan_matrix_destroy(&A);
}

static void test_refused(tartan_grid *grid)
{
  tartan_io_opts o = TARTAN_IO_OPTS_INIT;
  tartan_matrix *A = NULL, *B = NULL;

  check_context("refusals");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 3, 2, NULL, &A));
  CHECK_STATUS(tartan_matrix_load(grid, "none.h5", TARTAN_F64, NULL, &B), TARTAN_ERR_INPUT);
  CHECK_STATUS(tartan_matrix_load(grid, "m.h5", (tartan_dtype)7, NULL, &B), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_matrix_save(A, "m.h5", "A", NULL), TARTAN_ERR_EXISTS);
  CHECK_STATUS(tartan_matrix_save(A, "no/folder/m.h5", "A", NULL), TARTAN_ERR_IO);
  o.layout.mb = -1;
  CHECK_STATUS(tartan_matrix_load(grid, "m.h5", TARTAN_F64, &o, &B), TARTAN_ERR_ARG);
  CHECK(B == NULL);
  tartan_matrix_destroy(&A);

  check_context("no elements");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 0, 4, NULL, &A));
  o.force = true;
  CHECK_OK(tartan_matrix_save(A, "m.h5", "A", &o));
  tartan_matrix_destroy(&A);
  CHECK_STATUS(tartan_matrix_load(grid, "m.h5", TARTAN_F64, NULL, &B), TARTAN_ERR_INPUT);
  CHECK_EQ(io_count_files(".part"), 0);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_there_and_back(grid);
  test_chunked(grid);
  test_refused(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
