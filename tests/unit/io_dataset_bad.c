// TEST: np=1,3 labels=unit,io
/* What cannot be read: the status, and a message that names what it is and what helps. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "comm/grid.h"
#include "h5file.h"
#include "io/contents.h"
#include "io/dataset.h"
#include "io_files.h"
#include "world.h"

static void refuse(tartan_grid *grid, const char *source, tartan_status status, const char *part, const char *other)
{
  tt_dataset *d = NULL;

  check_context("%s", source);
  CHECK_STATUS(tt_dataset_open(grid, source, NULL, &d), status);
  CHECK(d == NULL && io_message_has(part) && io_message_has(other));
  CHECK_EQ(tartan_error_rank(), -1);
  tt_dataset_close(&d);
}

static void make_folder(const char *name)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) (void)mkdir(name, 0777);
  MPI_Barrier(MPI_COMM_WORLD);
}

static void test_files(tartan_grid *grid)
{
  refuse(grid, "none.h5", TARTAN_ERR_INPUT, "no file none.h5", "check the name");
  refuse(grid, "none.h5:/X", TARTAN_ERR_INPUT, "no file none.h5", "check the name");
  refuse(grid, "", TARTAN_ERR_INPUT, "empty", "FILE.h5");
  make_folder("folder");
  refuse(grid, "folder", TARTAN_ERR_INPUT, "is a folder", "name a file");
  refuse(grid, "/dev/null", TARTAN_ERR_INPUT, "regular", "");
  make_folder("array.zarr");
  io_bytes_file("array.zarr/.zarray", "{}", 2, false);
  refuse(grid, "array.zarr", TARTAN_ERR_FORMAT, "Zarr", "");
}

static void test_formats(tartan_grid *grid)
{
  static const struct {
    const char *bytes;
    size_t      length;
    bool        gzip;
    const char *part, *other;
  } cases[] = {{"", 0, false, "it is empty", ""},
               {"\223NUMPY\001\0", 8, false, "NumPy .npy", "tartan convert other.bin"},
               {"\223NUMPY\001\0", 8, true, "compressed by gzip", "tartan convert other.bin"},
               {"PK\003\004....", 8, false, "zip", ".npy"},
               {"CDF\001....", 8, false, "netCDF-3", "nccopy"},
               {"PAR1....", 8, false, "Parquet", "CSV"},
               {"\0\0\010\001\0\0\0\001x", 9, false, "IDX", "tartan convert"},
               {"MATLAB 5.0 MAT-file", 19, false, "MATLAB", "-v7.3"},
               {"a,b\n1,2\n", 8, false, "CSV", "tartan convert"},
               {"a\tb\n1\t2\n", 8, true, "TSV", "tartan convert"},
               {"some words\n", 11, false, "text", "--format csv"},
               {"%%MatrixMarket matrix", 21, false, "MatrixMarket", "tartan convert other.bin"},
               {"version https://git-lfs", 23, false, "Git LFS", "git lfs pull"},
               {"<!DOCTYPE html>", 15, false, "HTML", "again"},
               {"\001\002\003\004\005\006\007", 7, false, "not known", "tartan convert"},
               {"\211HDF", 4, false, "truncated", "copy"}};

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    io_bytes_file("other.bin", cases[i].bytes, cases[i].length, cases[i].gzip);
    refuse(grid, "other.bin", TARTAN_ERR_FORMAT, cases[i].part, cases[i].other);
  }
}

static double zero(int64_t i, int64_t j, void *context)
{
  (void)i, (void)j, (void)context;
  return 0;
}

static void test_choice(tartan_grid *grid)
{
  const h5_layout layout = {0}, more = {.type = "<f4", .append = true};
  const int64_t   dims[3] = {2, 3, 4};

  h5_write("many.h5", "U", &layout, 3, 2, zero, NULL);
  refuse(grid, "many.h5:/V", TARTAN_ERR_INPUT, "no dataset /V", "/U (3 x 2, float64)");
  refuse(grid, "many.h5:/", TARTAN_ERR_INPUT, "is a group", "/U (3 x 2, float64)");
  h5_write("many.h5", "V", &more, 4, 5, zero, NULL);
  refuse(grid, "many.h5", TARTAN_ERR_INPUT, "/U (3 x 2, float64), /V (4 x 5, float32)", "many.h5:/");
  h5_write_shape("shape.h5", "v", "<f8", 1, dims, false);
  refuse(grid, "shape.h5", TARTAN_ERR_FORMAT, "shape.h5:/v has 1 dimension;", "reshape");
  h5_write_shape("shape.h5", "t", "<f8", 3, dims, true);
  refuse(grid, "shape.h5:/t", TARTAN_ERR_FORMAT, "3 dimensions", "reshape");
  refuse(grid, "shape.h5", TARTAN_ERR_INPUT, "no numeric 2-D dataset", "/t (2 x 3 x 4, float64), /v (2, float64)");
  h5_write_shape("text.h5", "s", "string", 2, dims, false);
  refuse(grid, "text.h5", TARTAN_ERR_FORMAT, "string elements", "integers or floats");
}

static void test_oddities(tartan_grid *grid)
{
  static const struct {
    io_oddity     oddity;
    tartan_status status;
    const char   *part, *other;
  } cases[] = {{IO_COMPOUND, TARTAN_ERR_FORMAT, "compound elements", "integers or floats"},
               {IO_SCALAR, TARTAN_ERR_FORMAT, "0 dimensions", "reshape"},
               {IO_NULL, TARTAN_ERR_INPUT, "is empty", ""},
               {IO_EMPTY, TARTAN_ERR_INPUT, "is empty", "0 x 5"},
               {IO_UNKNOWN_FILTER, TARTAN_ERR_FORMAT, "zstd (32015)", "h5repack -f GZIP=1 odd.h5 out.h5"},
               {IO_DECLARED_HUGE, TARTAN_ERR_FORMAT, "declares", "not to be trusted"},
               {IO_ANNDATA, TARTAN_ERR_INPUT, "AnnData", "odd.h5:/X"},
               {IO_TENX, TARTAN_ERR_INPUT, "10x", "name a dense dataset"},
               {IO_NETCDF4, TARTAN_ERR_INPUT, "netCDF-4", "name a dense dataset"},
               {IO_MATLAB73, TARTAN_ERR_INPUT, "MATLAB v7.3", "name a dense dataset"}};
  tt_dataset *d = NULL;

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    CHECK(io_odd_file("odd.h5", cases[i].oddity));
    refuse(grid, "odd.h5", cases[i].status, cases[i].part, cases[i].other);
    if (cases[i].oddity < IO_ANNDATA) continue;
    if (cases[i].oddity == IO_ANNDATA) refuse(grid, "odd.h5:/sparse", TARTAN_ERR_INPUT, "csr_matrix", "not a dense");
    CHECK_OK(tt_dataset_open(grid, "odd.h5:/X", NULL, &d));
    CHECK(tt_dataset_get_info(d)->column_major_writer == (cases[i].oddity == IO_MATLAB73));
    tt_dataset_close(&d);
  }
}

static void test_truncated(tartan_grid *grid)
{
  for (long length = 9; length < 2100; length += 190) {
    tt_dataset *d = NULL;

    check_context("cut to %ld bytes", length);
    io_plain_file("cut.h5");
    io_cut_file("cut.h5", length);
    CHECK_STATUS(tt_dataset_open(grid, "cut.h5", NULL, &d), TARTAN_ERR_FORMAT);
    CHECK(d == NULL && io_message_has("cut.h5 is"));
  }
}

static void test_list(tartan_grid *grid)
{
  tt_contents c;

  check_context("listing");
  CHECK(io_odd_file("odd.h5", IO_MATLAB73));
  if (CHECK_OK(tt_list_datasets(grid, "odd.h5", NULL, &c))) {
    CHECK_EQ(c.count, grid->rank == 0);
    if (grid->rank == 0) CHECK(strcmp(c.item[0].path, "/X") == 0 && c.item[0].ndims == 2 && c.item[0].extent[1] == 5);
    if (grid->rank == 0) CHECK(strcmp(c.item[0].attributes, "MATLAB_class = double") == 0);
    tt_contents_free(&c);
  }
  CHECK_STATUS(tt_list_datasets(grid, "none.h5", NULL, &c), TARTAN_ERR_INPUT);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_files(grid);
  test_formats(grid);
  test_choice(grid);
  test_oddities(grid);
  test_truncated(grid);
  test_list(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
