// TEST: np=1,2,3,4 labels=unit,io
/* Outputs: what was given comes back, the file appears only when complete, nothing is left of one that failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/util.h"
#include "check.h"
#include "comm/grid.h"
#include "h5file.h"
#include "io/dataset.h"
#include "io/output.h"
#include "io/small.h"
#include "io_files.h"
#include "world.h"

#define ROWS 29
#define COLS 7

static bool there(const char *path)
{
  return access(path, F_OK) == 0;
}

/* Everything small, and two large datasets. */
static void give(tt_output *out)
{
  static const char *const names[] = {"a", "bb", "", "d \303\244"};
  const int64_t            image[2] = {1, 7};
  const int64_t            counts[3] = {-1, 1234567890123, 2};
  const double             values[6] = {1, 2, 3, 4, 5, 0.1};

  tt_output_text(out, "/", "command", "tartan pca");
  tt_output_integer(out, "/", "seed", 1234567890123);
  tt_output_real(out, "/deep/group", "x", 0.5);
  tt_output_array(out, "matrix", 2, 3, values);
  tt_output_array(out, "/deep/vector", 6, 0, values);
  tt_output_array(out, "scalar", 0, 0, values + 5);
  tt_output_count(out, "count", -7);
  tt_output_vector(out, "reals", 6, values);
  tt_output_vector(out, "nothing", 0, NULL);
  tt_output_counts(out, "/deep/counts", 3, counts);
  tt_output_string(out, "text", "some words");
  tt_output_strings(out, "names", 4, names);
  tt_output_integers(out, "/X", "image_shape", 2, image);
  tt_output_declare(out, "/X", TARTAN_F64, ROWS, COLS);
  tt_output_declare_element(out, "/deep/Y", TT_EL_U8, 3, 2);
}

/* Rows dealt to the ranks, those of the last rank in a call in which the others have none. */
static void write_rows(tartan_grid *grid, tt_output *out)
{
  const int64_t per = tt_ceil_div(ROWS, grid->size), row0 = tt_min(ROWS, per * grid->rank);
  const int64_t n = tt_min(per, ROWS - row0);
  const bool    last = grid->rank == grid->size - 1;
  double        x[ROWS * COLS];
  unsigned char y[6] = {1, 2, 3, 4, 5, 6};

  for (int64_t i = 0; i < n * COLS; i++) x[i] = (double)(row0 * COLS + i);
  CHECK_OK(tt_output_rows(out, "/X", row0, last ? 0 : n, x));
  CHECK_OK(tt_output_rows(out, "/X", row0, last ? n : 0, last ? x : NULL));
  CHECK_OK(tt_output_rows(out, "/deep/Y", 0, last ? 3 : 0, y));
  CHECK_OK(tt_output_rows(out, "/deep/Y", 0, 0, NULL));
}

static void check_array(tt_small *file, const char *name, int64_t rows, int64_t cols, double first, double last)
{
  double *v = NULL;
  int64_t m, n;

  if (!CHECK_OK(tt_small_array(file, name, &v, &m, &n))) return;
  CHECK_EQ(m, rows);
  CHECK_EQ(n, cols);
  CHECK(v[0] == first && v[m * n - 1] == last);
  tt_free(v);
}

static void check_small(tartan_grid *grid)
{
  tt_small    *file = NULL;
  double      *v = NULL;
  const char **texts = NULL;
  char         text[16];
  int64_t      m, n;
  bool         exists;

  if (!CHECK_OK(tt_small_open(grid, "out.h5", &file))) return;
  check_array(file, "/matrix", 2, 3, 1, 0.1);
  check_array(file, "deep/vector", 6, 1, 1, 0.1);
  check_array(file, "scalar", 1, 1, 0.1, 0.1);
  check_array(file, "count", 1, 1, -7, -7);
  check_array(file, "reals", 6, 1, 1, 0.1);
  check_array(file, "/deep/counts", 3, 1, -1, 2);
  if (CHECK_OK(tt_small_array(file, "nothing", &v, &m, &n))) CHECK(m == 0 && n == 1);
  tt_free(v);
  check_array(file, "/X", ROWS, COLS, 0, ROWS * COLS - 1);
  check_array(file, "/deep/Y", 3, 2, 1, 6);
  CHECK_STATUS(tt_small_array(file, "none", &v, &m, &n), TARTAN_ERR_INPUT);
  CHECK_STATUS(tt_small_array(file, "deep", &v, &m, &n), TARTAN_ERR_FORMAT);
  CHECK_STATUS(tt_small_array(file, "names", &v, &m, &n), TARTAN_ERR_FORMAT);
  CHECK_OK(tt_small_exists(file, "/deep/vector", &exists));
  CHECK(exists);
  CHECK_OK(tt_small_exists(file, "/deep/none/at/all", &exists));
  CHECK(!exists);
  CHECK_OK(tt_small_text(file, "/", "command", text, sizeof text));
  CHECK(strcmp(text, "tartan pca") == 0);
  CHECK_OK(tt_small_text(file, "/", "command", text, 4));
  CHECK(strcmp(text, "tar") == 0);
  CHECK_OK(tt_small_text(file, "/", "none", text, sizeof text));
  CHECK(strcmp(text, "") == 0);
  if (CHECK_OK(tt_small_strings(file, "names", true, &texts, &m))) {
    CHECK_EQ(m, 4);
    CHECK(strcmp(texts[0], "a") == 0 && strcmp(texts[1], "bb") == 0 && strcmp(texts[3], "d \303\244") == 0);
    tt_free(texts);
  }
  CHECK_STATUS(tt_small_strings(file, "matrix", true, &texts, &m), TARTAN_ERR_FORMAT);
  CHECK_OK(tt_small_strings(file, "none", true, &texts, &m));
  CHECK(m == 0 && texts == NULL);
  if (CHECK_OK(tt_small_strings(file, "names", false, &texts, &m))) CHECK(m == 4 && !texts == (check_rank() != 0));
  tt_free(texts);
  tt_small_close(&file);
  tt_small_close(&file);
}

static void test_whole(tartan_grid *grid)
{
  tt_output  *out = NULL;
  tt_dataset *d = NULL;

  check_context("a whole output");
  CHECK_OK(tt_output_create(grid, "out.h5", false, &out));
  tt_output_hint(out, "romio_cb_write=enable,striping_factor=2");
  give(out);
  CHECK(!there("out.h5"));
  CHECK_OK(tt_output_open(out));
  write_rows(grid, out);
  CHECK(!there("out.h5"));
  CHECK(strcmp(tt_output_path(out), "out.h5") == 0);
  CHECK(grid->counters.bytes_written > 0 || grid->rank > 0);
  CHECK_OK(tt_output_commit(&out));
  CHECK(out == NULL && there("out.h5"));
  CHECK_EQ(io_count_files(".part"), 0);
  check_small(grid);
  CHECK_OK(tt_dataset_open(grid, "out.h5:/X", NULL, &d));
  CHECK_EQ(tt_dataset_get_info(d)->image_width, 7);
  CHECK_EQ(tt_dataset_get_info(d)->chunk_rows, 0);
  tt_dataset_close(&d);
}

/* Names that are in use, or cannot be. */
static void test_refused(tartan_grid *grid)
{
  tt_output *out = NULL;

  check_context("refusals");
  CHECK_STATUS(tt_output_create(grid, "out.h5", false, &out), TARTAN_ERR_EXISTS);
  CHECK(out == NULL && io_message_has("out.h5 exists"));
  CHECK_STATUS(tt_output_create(grid, "no/such/folder/x.h5", false, &out), TARTAN_ERR_IO);
  CHECK(out == NULL && io_message_has("make the folder"));
  CHECK_STATUS(tt_output_create(grid, ".", true, &out), TARTAN_ERR_IO);
  CHECK_STATUS(tt_output_create(grid, "", true, &out), TARTAN_ERR_IO);
  tt_output_discard(&out);
  tt_output_discard(NULL);

  CHECK_OK(tt_output_create(grid, "hint.h5", false, &out));
  tt_output_hint(out, "nonsense");
  tt_output_declare(out, "X", TARTAN_F32, 2, 2);
  CHECK_STATUS(tt_output_open(out), TARTAN_ERR_ARG);
  CHECK(io_message_has("key=value"));
  tt_output_discard(&out);
  CHECK_OK(tt_output_create(grid, "large.h5", false, &out));
  tt_output_declare(out, "X", TARTAN_F32, INT64_MAX / 2, 100);
  CHECK_STATUS(tt_output_open(out), TARTAN_ERR_OVERFLOW);
  tt_output_discard(&out);
}

/* A file that stands in the way is replaced only when complete; outputs that were given up leave nothing. */
static void test_given_up(tartan_grid *grid)
{
  tt_output *out = NULL;
  double     x[4] = {1, 2, 3, 4}, y[4] = {0};

  check_context("given up");
  CHECK_OK(tt_output_create(grid, "out.h5", true, &out));
  tt_output_discard(&out);
  CHECK_OK(tt_output_create(grid, "out.h5", true, &out));
  give(out);
  CHECK_OK(tt_output_open(out));
  CHECK_STATUS(tt_output_rows(out, "/none", 0, 0, x), TARTAN_ERR_BUG);
  CHECK_STATUS(tt_output_rows(out, "/X", grid->rank == 0 ? ROWS : 0, grid->rank == 0, x), TARTAN_ERR_BUG);
  tt_output_discard(&out);
  CHECK(out == NULL);
  check_small(grid); /* the old one */

  CHECK_OK(tt_output_create(grid, "out.h5", true, &out));
  tt_output_declare(out, "Z", TARTAN_F64, 2, 2);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_rows(out, "Z", 0, grid->rank == 0 ? 2 : 0, x));
  CHECK_OK(tt_output_commit(&out));
  if (grid->rank == 0) CHECK(h5_read("out.h5", "Z", 2, 2, y) && y[3] == 4);
  CHECK_EQ(io_count_files(".h5"), 1);
  CHECK_EQ(io_count_files(".part"), 0);
}

/* Only small things: no rank but the first comes near the file. Datasets without elements are datasets. */
static void test_small_only(tartan_grid *grid)
{
  tt_output *out = NULL;

  check_context("small only");
  CHECK_OK(tt_output_create(grid, "small.h5", false, &out));
  tt_output_count(out, "n", 5);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_commit(&out));
  CHECK_OK(tt_output_create(grid, "none.h5", false, &out));
  tt_output_declare(out, "E", TARTAN_F32, 0, 5);
  tt_output_declare(out, "F", TARTAN_F32, 5, 0);
  CHECK_OK(tt_output_open(out));
  CHECK_OK(tt_output_rows(out, "E", 0, 0, NULL));
  CHECK_OK(tt_output_rows(out, "F", 0, grid->rank == 0 ? 5 : 0, NULL));
  CHECK_OK(tt_output_commit(&out));
  CHECK_EQ(io_count_files(".h5"), 3);
  for (int i = 0; tartan_grid_warning(grid, i); i++)
    CHECK(strstr(tartan_grid_warning(grid, i), "independently") == NULL);
}

/* A process that is no more. */
static long gone(void)
{
  const pid_t child = fork();

  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
  return child;
}

/* What killed processes of this host left of the same output is removed; of anything else, nothing is. */
static void test_stale(tartan_grid *grid)
{
  char       host[32] = "", name[6][128];
  tt_output *out = NULL;
  long       pid;

  check_context("left by a process that was killed");
  gethostname(host, sizeof host - 1);
  if (check_rank() == 0) {
    pid = gone();
    snprintf(name[0], sizeof name[0], "small.h5.part-%s-%ld", host, pid);
    snprintf(name[1], sizeof name[1], "small.h5.part-%s-%ld", host, (long)getppid());
    snprintf(name[2], sizeof name[2], "small.h5.part-elsewhere-%ld", pid);
    snprintf(name[3], sizeof name[3], "other.h5.part-%s-%ld", host, pid);
    snprintf(name[4], sizeof name[4], "small.h5.part-%s-%ld.h5", host, pid);
    snprintf(name[5], sizeof name[5], "small.h5.part-%s-", host);
    for (int i = 0; i < 6; i++) fclose(fopen(name[i], "w"));
  }
  CHECK_OK(tt_output_create(grid, "small.h5", true, &out));
  tt_output_discard(&out);
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) {
    for (int i = 0; i < 6; i++) CHECK_EQ(there(name[i]), i > 0);
    for (int i = 0; i < 6; i++) unlink(name[i]);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static void clean(void)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) unlink("out.h5"), unlink("small.h5"), unlink("none.h5");
  MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  clean();
  grid = grid_world();
  test_whole(grid);
  test_refused(grid);
  test_given_up(grid);
  test_small_only(grid);
  test_stale(grid);
  tartan_grid_destroy(&grid);
  clean();
  return check_finish();
}
