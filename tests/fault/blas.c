// TEST: np=1,3,4 labels=fault,blas timeout=30
/* The k-th allocation fails on one rank: products, with operands in C's arrangement and in others. C is unchanged. */
#include <tartan/blas.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define N 20

static bool other_layout;

static tartan_matrix *operand(tartan_grid *grid, int which)
{
  const int                P = tartan_grid_size(grid);
  const tartan_matrix_opts rows = layout_of(2, 3, P, 1, 0, 0), cols = layout_of(3, 2, 1, P, 0, 0);

  return matrix_make(grid, TARTAN_F64, N, N, which == 0 && other_layout ? &rows : &cols, fill_place, NULL);
}

static tartan_status try_gemm(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, 0), *B = operand(grid, 1), *C = operand(grid, 2);
  tartan_status  st;

  fault_begin(run);
  st = tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_TRANS, B, 0, C);
  fault_end(run);
  if (st != TARTAN_OK) CHECK_EQ(matrix_count_wrong(C, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  return st;
}

static tartan_status try_syrk(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, 0), *C = operand(grid, 2);
  tartan_status  st;

  fault_begin(run);
  st = tartan_syrk(TARTAN_LOWER, TARTAN_TRANS, 1, A, 0, C);
  fault_end(run);
  if (st != TARTAN_OK) CHECK_EQ(matrix_count_wrong(C, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  return st;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int other = 0; other < 2; other++) {
    other_layout = other;
    fault_sweep(TT_FAULT_ALLOC, "tartan_gemm", try_gemm);
    fault_sweep(TT_FAULT_ALLOC, "tartan_syrk", try_syrk);
  }
  return check_finish();
}
