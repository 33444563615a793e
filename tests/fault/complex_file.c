// TEST: np=1,3 labels=fault,io timeout=90
/* The k-th allocation, then the k-th file operation, fails on one rank: a complex matrix and vectors in a result. */
#include <unistd.h>

#include "check.h"
#include "comm/grid.h"
#include "faults.h"
#include "io/matrix_file.h"
#include "matrices.h"

static tartan_status write_pairs(tartan_grid *grid, const tartan_matrix *re, const tartan_matrix *im)
{
  static const double  w[4] = {1, 2, 3, 4};
  static const int64_t perm[2] = {1, 0};
  tt_output           *out = NULL;
  tartan_status        st = TARTAN_OK;

  TRY(tt_output_create(grid, "saved.h5", false, &out));
  tt_output_pairs(out, "/w", 2, w);
  tt_output_counts(out, "/perm", 2, perm);
  tt_output_vector(out, "/s", 0, NULL);
  tt_output_declare_complex(out, "/V", TARTAN_F64, 23, 7);
  TRY(tt_output_open(out));
  TRY(tt_output_complex(out, "/V", re, im));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

static tartan_status try_save(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *re = matrix_make(grid, TARTAN_F64, 23, 7, NULL, fill_place, NULL);
  tartan_matrix *im = matrix_make(grid, TARTAN_F64, 23, 7, NULL, fill_place, NULL);
  int            before;
  tartan_status  st;

  if (check_rank() == 0) unlink("saved.h5");
  before = fault_files_here();
  fault_begin(run);
  st = write_pairs(grid, re, im);
  fault_end(run);
  CHECK_EQ(fault_files_here(), before + (st == TARTAN_OK));
  tartan_matrix_destroy(&im);
  tartan_matrix_destroy(&re);
  return st;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int kind = 0; kind < TT_FAULT_COUNT; kind++) fault_sweep((tt_fault)kind, "tt_output_complex", try_save);
  return check_finish();
}
