// TEST: np=1,3,4 labels=fault,matrix timeout=60
/* The k-th allocation fails on one rank: the functions of tartan/elementwise.h that can fail. Outputs are unchanged. */
#include <tartan/elementwise.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define N 17

static tartan_matrix *operand(tartan_grid *grid, int64_t m, int64_t n, int which)
{
  const int                P = tartan_grid_size(grid), two = P > 1 ? 2 : 1;
  const tartan_matrix_opts first = layout_of(2, 3, P / two, two, 0, 0), second = layout_of(3, 2, two, P / two, 0, 0);

  return matrix_make(grid, TARTAN_F64, m, n, which == 0 ? &first : &second, fill_place, NULL);
}

/* C := op(A) + beta C or op(A) .* C with an A of m x n. */
static tartan_status try_update(tartan_grid *grid, fault_run *run, bool product, int64_t m, int64_t n, double beta)
{
  tartan_matrix *A = operand(grid, m, n, 0), *C = operand(grid, N, N, 1);
  tartan_status  st;

  fault_begin(run);
  if (product)
    st = tartan_hadamard(2, TARTAN_NO_TRANS, A, C);
  else
    st = tartan_geadd(2, TARTAN_TRANS, A, beta, C);
  fault_end(run);
  if (st != TARTAN_OK) CHECK_EQ(matrix_count_wrong(C, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  return st;
}

static tartan_status try_geadd(tartan_grid *grid, fault_run *run)
{
  return try_update(grid, run, false, N, N, 1);
}

static tartan_status try_geadd_copy(tartan_grid *grid, fault_run *run)
{
  return try_update(grid, run, false, N, N, 0);
}

static tartan_status try_geadd_row(tartan_grid *grid, fault_run *run)
{
  return try_update(grid, run, false, N, 1, 1);
}

static tartan_status try_geadd_number(tartan_grid *grid, fault_run *run)
{
  return try_update(grid, run, false, 1, 1, 1);
}

static tartan_status try_hadamard(tartan_grid *grid, fault_run *run)
{
  return try_update(grid, run, true, N, N, 0);
}

static tartan_status try_hadamard_column(tartan_grid *grid, fault_run *run)
{
  return try_update(grid, run, true, N, 1, 0);
}

static tartan_status try_transpose(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, N, 5, 0), *B = A;
  tartan_status  st;

  fault_begin(run);
  st = tartan_transpose(A, NULL, &B);
  fault_end(run);
  CHECK((B == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  return st;
}

static tartan_status try_diagonal(tartan_grid *grid, fault_run *run, bool set)
{
  tartan_matrix *A = operand(grid, N, N + 3, 0), *d = operand(grid, N, 1, 1);
  tartan_status  st;

  fault_begin(run);
  st = set ? tartan_diag_set(d, A) : tartan_diag_get(A, d);
  fault_end(run);
  if (st != TARTAN_OK) CHECK_EQ(matrix_count_wrong(set ? A : d, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&d);
  return st;
}

static tartan_status try_diag_get(tartan_grid *grid, fault_run *run)
{
  return try_diagonal(grid, run, false);
}

static tartan_status try_diag_set(tartan_grid *grid, fault_run *run)
{
  return try_diagonal(grid, run, true);
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    fault_try  *attempt;
  } table[] = {
      {"tartan_geadd", try_geadd},
      {"tartan_geadd, beta 0", try_geadd_copy},
      {"tartan_geadd of a row", try_geadd_row},
      {"tartan_geadd of a number", try_geadd_number},
      {"tartan_hadamard", try_hadamard},
      {"tartan_hadamard with a column", try_hadamard_column},
      {"tartan_transpose", try_transpose},
      {"tartan_diag_get", try_diag_get},
      {"tartan_diag_set", try_diag_set},
  };

  check_start(&argc, &argv);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    fault_sweep(TT_FAULT_ALLOC, table[i].name, table[i].attempt);
  return check_finish();
}
