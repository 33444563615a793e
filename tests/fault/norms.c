// TEST: np=1,3,4 labels=fault,matrix timeout=60
/* The k-th allocation fails on one rank: every function of tartan/norms.h. Results are unchanged. */
#include <tartan/norms.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define M 13
#define N 17

/* On rows of ranks of two where there are so many: then numbers of several ranks are joined. */
static tartan_matrix *operand(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, int which)
{
  const int                P = tartan_grid_size(grid), two = P > 1 ? 2 : 1;
  const tartan_matrix_opts first = layout_of(2, 3, P / two, two, 0, 0), second = layout_of(3, 2, two, P / two, 0, 0);

  return matrix_make(grid, dtype, m, n, which == 0 ? &first : &second, fill_place, NULL);
}

static tartan_status try_norm_fro(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, TARTAN_F64, M, N, 0);
  double         value;
  tartan_status  st;

  fault_begin(run);
  st = tartan_norm_fro(A, &value);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_norm(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, TARTAN_F64, M, N, run->k % 2 == 0);
  double         value;
  tartan_status  st;

  fault_begin(run);
  st = tartan_norm(TARTAN_NORM_ONE, A, &value);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_trace(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, TARTAN_F64, M, N, 0);
  double         value;
  tartan_status  st;

  fault_begin(run);
  st = tartan_trace(A, &value);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_dot(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, TARTAN_F64, M, N, 0), *B = operand(grid, TARTAN_F32, M, N, 1);
  double         value;
  tartan_status  st;

  fault_begin(run);
  st = tartan_dot(A, B, &value);
  fault_end(run);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  return st;
}

typedef enum action { SUMS, MEANS, NORMS } action;

/* Rows or columns by turns: with another layout the sweep would meet other allocations only. */
static tartan_status try_lines(tartan_grid *grid, fault_run *run, action what, tartan_axis axis)
{
  const bool     rows = axis == TARTAN_ROWS;
  tartan_matrix *A = operand(grid, TARTAN_F64, M, N, 0);
  tartan_matrix *x = operand(grid, TARTAN_F32, rows ? M : 1, rows ? 1 : N, 1);
  tartan_status  st = TARTAN_OK;

  fault_begin(run);
  switch (what) {
  case SUMS: st = tartan_sums(axis, A, x); break;
  case MEANS: st = tartan_means(axis, A, x); break;
  case NORMS: st = tartan_norms(TARTAN_NORM_FRO, axis, A, x); break;
  }
  fault_end(run);
  if (st != TARTAN_OK) CHECK_EQ(matrix_count_wrong(x, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&x);
  return st;
}

static tartan_status try_sums(tartan_grid *grid, fault_run *run)
{
  return try_lines(grid, run, SUMS, TARTAN_ROWS);
}

static tartan_status try_sums_of_columns(tartan_grid *grid, fault_run *run)
{
  return try_lines(grid, run, SUMS, TARTAN_COLUMNS);
}

static tartan_status try_means(tartan_grid *grid, fault_run *run)
{
  return try_lines(grid, run, MEANS, TARTAN_COLUMNS);
}

static tartan_status try_norms(tartan_grid *grid, fault_run *run)
{
  return try_lines(grid, run, NORMS, TARTAN_ROWS);
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    fault_try  *attempt;
  } table[] = {
      {"tartan_norm_fro", try_norm_fro}, {"tartan_norm", try_norm},   {"tartan_trace", try_trace},
      {"tartan_dot", try_dot},           {"tartan_sums", try_sums},   {"tartan_sums of columns", try_sums_of_columns},
      {"tartan_means", try_means},       {"tartan_norms", try_norms},
  };

  check_start(&argc, &argv);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    fault_sweep(TT_FAULT_ALLOC, table[i].name, table[i].attempt);
  return check_finish();
}
