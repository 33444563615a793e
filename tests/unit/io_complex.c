// TEST: np=1,2,3,4 labels=unit,io
/* Complex vectors and matrices in outputs: the compound {r, i}, whatever the layouts of the parts. */
#include <hdf5.h>
#include <stdlib.h>
#include <unistd.h>

#include <tartan/io.h>

#include "check.h"
#include "comm/grid.h"
#include "io/matrix_file.h"
#include "matrices.h"
#include "world.h"

typedef struct pair {
  double r, i;
} pair;

static double real_part(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)(100 * i + j) + 0.25;
}

static double imaginary_part(int64_t i, int64_t j, void *context)
{
  (void)context;
  return -(double)(100 * i + j) - 0.5;
}

/* Reads a dataset as HDF5 converts it by the names of the members. */
static bool read_pairs(const char *name, size_t part, pair *values)
{
  const hid_t file = H5Fopen("c.h5", H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof *values), there = H5Dget_type(dataset);
  bool        ok;

  H5Tinsert(type, "r", 0, H5T_NATIVE_DOUBLE);
  H5Tinsert(type, "i", sizeof(double), H5T_NATIVE_DOUBLE);
  ok = H5Tget_size(there) == 2 * part && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
  H5Tclose(there);
  H5Tclose(type);
  H5Dclose(dataset);
  H5Fclose(file);
  return ok;
}

static void check_file(int64_t m, int64_t n, size_t part)
{
  pair   *values = malloc((size_t)(m * n + 2) * sizeof *values);
  int64_t bad = 0;

  if (check_rank() == 0 && CHECK(read_pairs("/w", sizeof(double), values)))
    CHECK(values[0].r == 1 && values[0].i == 2 && values[1].r == 3 && values[1].i == 4);
  if (check_rank() == 0 && CHECK(read_pairs("/group/V", part, values))) {
    for (int64_t i = 0; i < m; i++)
      for (int64_t j = 0; j < n; j++)
        bad += values[i * n + j].r != real_part(i, j, NULL) || values[i * n + j].i != imaginary_part(i, j, NULL);
    CHECK_EQ(bad, 0);
  }
  free(values);
}

static void check_pair(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n)
{
  const tartan_matrix_opts one = layout_random(grid), other = layout_random(grid);
  const double             w[4] = {1, 2, 3, 4};
  tartan_matrix           *re = matrix_make(grid, dtype, m, n, &one, real_part, NULL);
  tartan_matrix           *im = matrix_make(grid, dtype, m, n, &other, imaginary_part, NULL);
  tt_output               *out = NULL;

  check_context("%lld x %lld, %s", (long long)m, (long long)n, tartan_dtype_name(dtype));
  CHECK_OK(tt_output_create(grid, "c.h5", true, &out));
  tt_output_pairs(out, "/w", 2, w);
  tt_output_declare_complex(out, "/group/V", dtype, m, n);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_complex(out, "/group/V", re, im));
  CHECK_OK(tt_output_commit(&out));
  check_file(m, n, tartan_dtype_size(dtype));
  tartan_matrix_destroy(&im);
  tartan_matrix_destroy(&re);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int d = 0; d < 2; d++) {
    check_pair(grid, d ? TARTAN_F32 : TARTAN_F64, 1, 1);
    check_pair(grid, d ? TARTAN_F32 : TARTAN_F64, 37, 23);
    check_pair(grid, d ? TARTAN_F32 : TARTAN_F64, 2, 61);
    check_pair(grid, d ? TARTAN_F32 : TARTAN_F64, 61, 1);
  }
  tartan_grid_destroy(&grid);
  return check_finish();
}
