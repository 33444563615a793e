// TEST: np=1,2,3,4 labels=unit,io
/* Reading: every type, byte order and layout, slabs and rectangles, ranks without rows, what the info says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/util.h"
#include "check.h"
#include "comm/grid.h"
#include "h5file.h"
#include "io/dataset.h"
#include "io_files.h"
#include "world.h"

#define ROWS 37
#define COLS 11

static double value(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)((i * COLS + j) % 120);
}

static double element(const tt_dataset_info *info, const char *buf, int64_t at)
{
  double x;

  tt_convert(info->element, buf + at * (int64_t)tt_element_size(info->element), 1, TARTAN_F64, &x);
  return x;
}

/* Reads a rectangle and compares it. */
static void check_rectangle(tt_dataset *d, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols)
{
  const tt_dataset_info *info = tt_dataset_get_info(d);
  const int64_t          cols = info->cols;
  char                  *buf = malloc((size_t)(nrows * ncols) * 8 + 1);
  int64_t                bad = 0;

  tt_dataset_prefetch(d, row0, nrows);
  if (CHECK_OK(tt_dataset_read(d, row0, nrows, col0, ncols, buf))) {
    for (int64_t i = 0; i < nrows; i++)
      for (int64_t j = 0; j < ncols; j++)
        bad += element(info, buf, i * ncols + j) != (double)(((row0 + i) * cols + col0 + j) % 120);
    CHECK_EQ(bad, 0);
  }
  free(buf);
}

static void check_source(tartan_grid *grid, const char *source, int64_t rows, int64_t cols)
{
  tt_dataset   *d = NULL;
  const int64_t per = tt_ceil_div(rows, grid->size), row0 = tt_min(rows, per * grid->rank),
                n = tt_min(per, rows - row0);

  if (!CHECK_OK(tt_dataset_open(grid, source, NULL, &d))) return;
  CHECK_EQ(tt_dataset_get_info(d)->rows, rows);
  CHECK_EQ(tt_dataset_get_info(d)->cols, cols);
  check_rectangle(d, 0, rows, 0, cols);
  check_rectangle(d, row0, n, 0, cols);
  check_rectangle(d, row0, n, 1, cols - 2);
  check_rectangle(d, grid->rank, grid->rank == 1 ? 0 : 2, cols - 1, 1);
  tt_dataset_close(&d);
  CHECK(d == NULL);
}

static void test_types(tartan_grid *grid)
{
  static const char *const types[] = {"i1",  "u1",  "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4",
                                      ">u4", "<i8", ">i8", "<u8", ">u8", "<f4", ">f4", "<f8", ">f8"};
  static const h5_layout   layouts[] = {{0},
                                        {.chunk_rows = 5, .chunk_cols = COLS},
                                        {.chunk_rows = 8, .chunk_cols = 3},
                                        {.chunk_rows = 40, .chunk_cols = 4, .deflate = true, .shuffle = true}};

  for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
    for (size_t l = 0; l < sizeof layouts / sizeof layouts[0]; l++) {
      h5_layout layout = layouts[l];

      layout.type = types[t];
      if (layout.chunk_rows > ROWS) layout.chunk_rows = ROWS;
      check_context("%s, layout %zu", types[t], l);
      h5_write("types.h5", "X", &layout, ROWS, COLS, value, NULL);
      check_source(grid, "types.h5", ROWS, COLS);
    }
  }
}

static void test_oddities(tartan_grid *grid)
{
  for (io_oddity o = 0; o < IO_COMPOUND; o++) {
    tt_dataset *d = NULL;
    double      x[30];
    int64_t     bad = 0;

    check_context("oddity %d", (int)o);
    if (!io_odd_file("odd.h5", o)) {
      CHECK(o == IO_SZIP);
      continue;
    }
    if (o != IO_NEVER_WRITTEN) {
      check_source(grid, "odd.h5:/X", 6, 5);
      check_source(grid, "odd.h5", 6, 5);
      continue;
    }
    if (!CHECK_OK(tt_dataset_open(grid, "odd.h5:X", NULL, &d))) continue;
    CHECK_OK(tt_dataset_read(d, 0, 6, 0, 5, x));
    for (int i = 0; i < 30; i++) bad += x[i] != 0;
    CHECK_EQ(bad, 0);
    tt_dataset_close(&d);
  }
  check_context("a soft link");
  CHECK(io_odd_file("odd.h5", IO_SOFT_LINK));
  check_source(grid, "odd.h5:/link", 6, 5);
}

/* Data in other files, when they are allowed. */
static void test_external(tartan_grid *grid)
{
  static const struct {
    io_oddity   oddity;
    const char *source;
  } cases[] = {{IO_EXTERNAL_DATA, "ext.h5"}, {IO_EXTERNAL_LINK, "ext.h5:/link"}, {IO_VIRTUAL, "ext.h5"}};
  tartan_io_opts opts = TARTAN_IO_OPTS_INIT;

  opts.allow_external = true;
  io_plain_file("plain.h5");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    tt_dataset *d = NULL;

    check_context("external, %s", cases[i].source);
    CHECK(io_odd_file("ext.h5", cases[i].oddity));
    CHECK_STATUS(tt_dataset_open(grid, cases[i].source, NULL, &d), TARTAN_ERR_INPUT);
    CHECK(d == NULL && io_message_has("--allow-external"));
    if (!CHECK_OK(tt_dataset_open(grid, cases[i].source, &opts, &d))) continue;
    check_rectangle(d, 0, 6, 0, 5);
    tt_dataset_close(&d);
  }
}

static void test_info(tartan_grid *grid)
{
  const h5_layout        layout = {.type = ">i4", .chunk_rows = 7, .chunk_cols = 2, .deflate = true, .shuffle = true};
  const int64_t          five = 5;
  const tt_dataset_info *info;
  tt_dataset            *d = NULL;

  check_context("info");
  h5_write("info.h5", "deep", &layout, ROWS, COLS, value, NULL);
  CHECK_OK(tt_dataset_open(grid, "info.h5", NULL, &d));
  info = tt_dataset_get_info(d);
  CHECK(strcmp(info->file, "info.h5") == 0 && strcmp(info->path, "/deep") == 0 && strcmp(info->type_name, ">i4") == 0);
  CHECK(strcmp(info->filters, "shuffle+deflate") == 0 && info->element == TT_EL_I32);
  CHECK_EQ(info->chunk_rows, 7);
  CHECK_EQ(info->chunk_cols, 2);
  CHECK(info->stored_bytes > 0 && info->file_bytes > info->stored_bytes && info->file_mtime > 0);
  tt_dataset_close(&d);

  check_context("vectors");
  h5_write_shape("vector.h5", "v", "<f4", 1, &five, false);
  CHECK_STATUS(tt_dataset_open(grid, "vector.h5", NULL, &d), TARTAN_ERR_FORMAT);
  CHECK_OK(tt_dataset_open_vector(grid, "vector.h5", NULL, &d));
  CHECK_EQ(tt_dataset_get_info(d)->rows, 5);
  check_rectangle(d, 1, 3, 0, 1);
  tt_dataset_close(&d);
}

static double long_value(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)((i * 20000 + j) % 120);
}

/* Rows so long that a rectangle is read piece by piece, and long chunks. */
static void test_long_rows(tartan_grid *grid)
{
  const h5_layout layouts[] = {{.type = ">f8"}, {.type = "<f4", .chunk_rows = 1, .chunk_cols = 7000, .deflate = true}};

  for (int l = 0; l < 2; l++) {
    check_context("long rows, layout %d", l);
    h5_write("long.h5", "X", &layouts[l], 5, 20000, long_value, NULL);
    check_source(grid, "long.h5", 5, 20000);
  }
}

/* A chunk whose checksum is wrong is found by the rank that reads it, and no rank waits for it. */
static void test_damaged(tartan_grid *grid)
{
  tt_dataset *d = NULL;
  double      x[30];

  check_context("a damaged chunk");
  CHECK(io_odd_file("damaged.h5", IO_FLETCHER));
  if (grid->rank == 0) {
    FILE *f = fopen("damaged.h5", "r+b");

    CHECK(f && fseek(f, -8, SEEK_END) == 0 && fwrite("garbage!", 1, 8, f) == 8 && fclose(f) == 0);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  CHECK_OK(tt_dataset_open(grid, "damaged.h5", NULL, &d));
  CHECK_STATUS(tt_dataset_read(d, 0, grid->rank == grid->size - 1 ? 6 : 0, 0, 5, x), TARTAN_ERR_FORMAT);
  CHECK(io_message_has("damaged.h5 is damaged: HDF5 says:"));
  CHECK_EQ(tartan_error_rank(), grid->size - 1);
  CHECK_OK(tt_dataset_read(d, 0, 0, 0, 5, x));
  tt_dataset_close(&d);
}

/* A rectangle outside is refused on all ranks, although only one asked for it; counters count. */
static void test_reading(tartan_grid *grid)
{
  tt_dataset *d = NULL;
  double      x[30];

  check_context("reading");
  io_plain_file("plain.h5");
  tartan_grid_cost_reset(grid);
  CHECK_OK(tt_dataset_open(grid, "plain.h5", NULL, &d));
  CHECK_STATUS(tt_dataset_read(d, grid->rank == 0 ? 5 : 0, 2, 0, 5, x), TARTAN_ERR_BUG);
  CHECK_EQ(grid->counters.bytes_read, grid->rank == 0 ? 0 : 80);
  CHECK_OK(tt_dataset_read(d, 0, 2, 0, 5, x));
  tartan_grid_cost_reset(grid);
  CHECK_OK(tt_dataset_read(d, 2, 1, 1, 2, x)); /* of one row just what is wanted, of two all of both */
  CHECK_EQ(grid->counters.bytes_read, 16);
  CHECK_OK(tt_dataset_read(d, 2, 2, 1, 2, x));
  CHECK_EQ(grid->counters.bytes_read, 16 + 80);
  CHECK(grid->counters.seconds[TARTAN_PHASE_READ] > 0);
  tt_dataset_prefetch(d, 5, 100);
  tt_dataset_prefetch(d, 100, 1);
  tt_dataset_prefetch(d, -1, 1);
  io_cut_file("plain.h5", -10);
  CHECK_STATUS(tt_dataset_read(d, 0, grid->rank == grid->size - 1 ? 6 : 1, 0, 5, x), TARTAN_ERR_IO);
  CHECK(io_message_has("too early"));
  tt_dataset_close(&d);
  tt_dataset_close(&d);
  tt_dataset_close(NULL);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_types(grid);
  test_oddities(grid);
  test_external(grid);
  test_info(grid);
  test_reading(grid);
  test_long_rows(grid);
  test_damaged(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
