// TEST: np=1,3,4 labels=fault,io timeout=90
/*
 * The k-th allocation, then the k-th file operation, fails on one rank: loading and saving matrices. A failed save leaves
 * nothing behind, a failed replacement leaves the old file as it was.
 */
#include <string.h>
#include <unistd.h>

#include <tartan/io.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "matrices.h"

#define M 23
#define N 7

static const char *source; /* of try_load */
static bool        transpose, force;

static tartan_status try_load(tartan_grid *grid, fault_run *run)
{
  tartan_io_opts opts = TARTAN_IO_OPTS_INIT;
  tartan_matrix *A = (tartan_matrix *)grid;
  tartan_status  st;

  opts.transpose = transpose;
  fault_begin(run);
  st = tartan_matrix_load(grid, source, TARTAN_F64, &opts, &A);
  fault_end(run);
  CHECK((A == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_save(tartan_grid *grid, fault_run *run)
{
  tartan_io_opts opts = TARTAN_IO_OPTS_INIT;
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, M, N, NULL, fill_place, NULL);
  int            before;
  tartan_status  st;

  opts.force = force;
  if (check_rank() == 0 && !force) unlink("saved.h5");
  before = fault_files_here();
  fault_begin(run);
  st = tartan_matrix_save(A, "saved.h5", "/A", &opts);
  fault_end(run);
  CHECK_EQ(fault_files_here(), before + (st == TARTAN_OK && !force));
  if (force && check_rank() == 0) { /* the old or the new one, both whole */
    double values[M * N];

    CHECK(h5_read("saved.h5", "/A", M, N, values) && values[N + 1] == fill_place(1, 1, NULL));
  }
  tartan_matrix_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  static const h5_layout plain = {.type = "<f8"};
  static const h5_layout swapped = {.type = ">i2", .chunk_rows = 4, .chunk_cols = 3, .deflate = true};

  check_start(&argc, &argv);
  h5_write("plain.h5", "/X", &plain, M, N, fill_place, NULL);
  h5_write("swapped.h5", "/X", &swapped, M, N, fill_place, NULL);
  for (int kind = 0; kind < TT_FAULT_COUNT; kind++) {
    for (int s = 0; s < 4; s++) {
      source = s < 2 ? "plain.h5" : "swapped.h5:/X";
      transpose = s % 2;
      fault_sweep((tt_fault)kind, "tartan_matrix_load", try_load);
    }
    force = false;
    fault_sweep((tt_fault)kind, "tartan_matrix_save", try_save);
    force = true;
    fault_sweep((tt_fault)kind, "tartan_matrix_save, replacing", try_save);
  }
  return check_finish();
}
