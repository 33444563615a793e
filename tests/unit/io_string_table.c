// TEST: np=1,3 labels=unit,io
/* Tables of texts in an output: what rank 0 gave comes back row by row; one of no rows is a dataset too. */
#include <hdf5.h>
#include <string.h>

#include "check.h"
#include "comm/grid.h"
#include "io/output.h"
#include "world.h"

#define ROWS 3
#define COLS 2

/* Reads a table with the serial driver and compares it. */
static void compare(const char *name, int64_t rows, const char *const *texts)
{
  const hid_t file = H5Fopen("table.h5", H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t space = H5Dget_space(set), type = H5Tcopy(H5T_C_S1);
  hsize_t     extent[2] = {7, 7};
  char       *got[ROWS * COLS] = {NULL};

  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  CHECK_EQ(H5Sget_simple_extent_dims(space, extent, NULL), 2);
  CHECK(extent[0] == (hsize_t)rows && extent[1] == COLS);
  if (rows > 0 && CHECK(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0)) {
    for (int64_t i = 0; i < rows * COLS; i++) CHECK(strcmp(got[i], texts[i]) == 0);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, got);
  }
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(set);
  H5Fclose(file);
}

int main(int argc, char **argv)
{
  static const char *const texts[ROWS * COLS] = {"a", "bb", "", "d \303\244", "a", "six"};
  tartan_grid             *grid;
  tt_output               *out = NULL;

  check_start(&argc, &argv);
  grid = grid_world();
  if (CHECK_OK(tt_output_create(grid, "table.h5", true, &out))) {
    tt_output_string_table(out, "/deep/table", ROWS, COLS, texts);
    tt_output_string_table(out, "/none", 0, COLS, texts);
    CHECK_OK(tt_output_open(out));
    CHECK_OK(tt_output_commit(&out));
    if (grid->rank == 0) compare("/deep/table", ROWS, texts);
    if (grid->rank == 0) compare("/none", 0, NULL);
  }
  tartan_grid_destroy(&grid);
  return check_finish();
}
