// TEST: np=1,2,3 labels=fault,io timeout=60
/*
 * A full disk, a tmpfs of 2 MiB: every way to write ends with TARTAN_ERR_IO on all ranks, leaves nothing, and the
 * process ends in order. Needs the right to mount. io_disk_full_romio.c does the same with the other MPI-IO.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tartan/io.h>

#include "check.h"
#include "comm/grid.h"
#include "h5file.h"
#include "io/output.h"
#include "io/text_export.h"
#include "io/text_import.h"
#include "io_files.h"
#include "world.h"

#define DISK "disk"
#define FILL DISK "/fill"

static bool mount_disk(void)
{
  int ok = 1;

  if (check_rank() == 0) {
    (void)umount2(DISK, MNT_DETACH); /* of a run that was killed */
    (void)mkdir(DISK, 0777);
    ok = mount("tmpfs", DISK, "tmpfs", 0, "size=2m") == 0;
  }
  MPI_Bcast(&ok, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return ok != 0;
}

static void unmount_disk(void)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) CHECK(umount2(DISK, MNT_DETACH) == 0);
}

/* Leaves about so many bytes free. */
static void fill_disk(long leave)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) {
    const int fd = open(FILL, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    CHECK(fd >= 0 && (leave == 2 << 20 || posix_fallocate(fd, 0, (2 << 20) - leave) == 0));
    close(fd);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static void check_nothing_left(const char *name)
{
  char path[64];

  MPI_Barrier(MPI_COMM_WORLD);
  snprintf(path, sizeof path, DISK "/%s", name);
  CHECK(access(path, F_OK) != 0 && errno == ENOENT);
  MPI_Barrier(MPI_COMM_WORLD);
}

/* An output with a small part and a large one, whole. */
static tartan_status write_output(tartan_grid *grid, int64_t small, int64_t large)
{
  tt_output    *out = NULL;
  double       *v = calloc((size_t)(small + large + 1), sizeof *v);
  tartan_status st = tt_output_create(grid, DISK "/out.h5", false, &out);

  if (st == TARTAN_OK) {
    tt_output_array(out, "small", small, 1, v);
    tt_output_declare(out, "large", TARTAN_F64, large, 1);
    st = tt_output_open(out);
  }
  if (st == TARTAN_OK) st = tt_output_rows(out, "large", 0, grid->rank == grid->size - 1 ? large : 0, v);
  if (st == TARTAN_OK) st = tt_output_commit(&out);
  tt_output_discard(&out);
  free(v);
  return st;
}

static void test_output(tartan_grid *grid)
{
  static const struct {
    long    leave;
    int64_t small, large;
    bool    fits;
  } cases[] = {{2 << 20, 10, 1 << 19, false},
               {2 << 20, 1 << 19, 10, false},
               {1 << 19, 10, 66000, false},
               {4096, 1, 1, false},
               {0, 1, 1, false},
               {2 << 20, 1000, 200000, true},
               {131072, 1, 1, true}};

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    check_context("output %zu", i);
    fill_disk(cases[i].leave);
    CHECK_STATUS(write_output(grid, cases[i].small, cases[i].large), cases[i].fits ? TARTAN_OK : TARTAN_ERR_IO);
    if (!cases[i].fits) {
      CHECK(io_message_has("pace left") && io_message_has("make room"));
      check_nothing_left("out.h5");
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (check_rank() == 0) unlink(DISK "/out.h5");
  }
}

static double one(int64_t i, int64_t j, void *context)
{
  (void)i, (void)j, (void)context;
  return 1.0 / 3;
}

static void test_others(tartan_grid *grid)
{
  const h5_layout  layout = {0};
  tartan_matrix   *A = NULL;
  tt_import_result in;
  tt_export_result out;

  check_context("matrix, import, export");
  fill_disk(16384);
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 100, 100, NULL, &A));
  CHECK_STATUS(tartan_matrix_save(A, DISK "/m.h5", "A", NULL), TARTAN_ERR_IO);
  check_nothing_left("m.h5");
  tartan_matrix_destroy(&A);

  h5_write("x.h5", "X", &layout, 100, 100, one, NULL);
  CHECK_STATUS(tt_export(grid, "x.h5", NULL, DISK "/x.csv", NULL, &out), TARTAN_ERR_IO);
  check_nothing_left("x.csv");
  CHECK_STATUS(tt_export(grid, "x.h5", NULL, DISK "/x.npy", NULL, &out), TARTAN_ERR_IO);
  check_nothing_left("x.npy");
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) unlink("x.npy");
  MPI_Barrier(MPI_COMM_WORLD);
  CHECK_OK(tt_export(grid, "x.h5", NULL, "x.npy", NULL, &out));
  CHECK_STATUS(tt_import(grid, "x.npy", DISK "/y.h5", NULL, &in), TARTAN_ERR_IO);
  check_nothing_left("y.h5");
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  tartan_io_setup();
#ifdef IO_MPI
  setenv("OMPI_MCA_io", IO_MPI, 1);
#endif
  check_start(&argc, &argv);
  if (!mount_disk()) return check_skip("a tmpfs cannot be mounted here");
  grid = grid_world();
  test_output(grid);
  test_others(grid);
  tartan_grid_destroy(&grid);
  unmount_disk();
  return check_finish();
}
