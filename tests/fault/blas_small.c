// TEST: np=1,3,4 labels=fault,blas timeout=60
/*
 * The k-th allocation fails on one rank: symm, trsm, gemv, ger, with operands in other layouts than the result, and the
 * Gram matrix. Results are unchanged or NULL.
 */
#include <tartan/blas.h>
#include <tartan/operator.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define N 20

/* The three layouts of a call: rows, columns, and columns dealt to the ranks from the last to the first. */
static tartan_matrix *operand(tartan_grid *grid, int64_t m, int64_t n, int which)
{
  const int          P = tartan_grid_size(grid);
  tartan_matrix_opts opts = which == 0 ? layout_of(2, 3, P, 1, 0, 0) : layout_of(3, 2, 1, P, 0, 0);
  int                ranks[LAYOUT_RANKS_MAX];

  for (int r = 0; r < P; r++) ranks[r] = P - 1 - r;
  if (which == 2) opts.ranks = ranks;
  return matrix_make(grid, TARTAN_F64, m, n, &opts, fill_place, NULL);
}

static tartan_status finish(tartan_status st, tartan_matrix **A, tartan_matrix **B, tartan_matrix **C)
{
  if (st != TARTAN_OK) CHECK_EQ(matrix_count_wrong(*C, fill_place, NULL), 0);
  tartan_matrix_destroy(A);
  tartan_matrix_destroy(B);
  tartan_matrix_destroy(C);
  return st;
}

static tartan_status try_symm(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, N, N, 0), *B = operand(grid, N, 7, 1), *C = operand(grid, N, 7, 1);
  tartan_status  st;

  fault_begin(run);
  st = tartan_symm(TARTAN_LEFT, TARTAN_UPPER, 1, A, B, 0, C);
  fault_end(run);
  return finish(st, &A, &B, &C);
}

static tartan_status try_solve(tartan_grid *grid, fault_run *run, int which_a, int which_b)
{
  tartan_matrix *A = operand(grid, N, N, which_a), *B = NULL, *C = operand(grid, N, 7, which_b);
  tartan_status  st;

  fault_begin(run);
  st = tartan_trsm(TARTAN_LEFT, TARTAN_UPPER, TARTAN_TRANS, TARTAN_UNIT, 1, A, C);
  fault_end(run);
  return finish(st, &A, &B, &C);
}

static tartan_status try_trsm(tartan_grid *grid, fault_run *run)
{
  return try_solve(grid, run, 0, 1);
}

static tartan_status try_trsm_copied(tartan_grid *grid, fault_run *run)
{
  return try_solve(grid, run, 2, 2);
}

static tartan_status try_gemv(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, N, 7, 0), *x = operand(grid, N, 1, 1), *y = operand(grid, 7, 1, 0);
  tartan_status  st;

  fault_begin(run);
  st = tartan_gemv(1, TARTAN_TRANS, A, x, 0, y);
  fault_end(run);
  return finish(st, &A, &x, &y);
}

static tartan_status try_ger(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *x = operand(grid, N, 1, 1), *y = operand(grid, 7, 1, 0), *A = operand(grid, N, 7, 0);
  tartan_status  st;

  fault_begin(run);
  st = tartan_ger(1, x, y, A);
  fault_end(run);
  return finish(st, &x, &y, &A);
}

static tartan_status try_gram(tartan_grid *grid, fault_run *run)
{
  tartan_matrix   *A = operand(grid, 30, N, 0), *G = A;
  tartan_operator *op = NULL;
  double           means[N];
  tartan_status    st;

  if (!CHECK_OK(tartan_operator_from_matrix(A, &op))) return TARTAN_ERR_BUG;
  fault_begin(run);
  st = tartan_gram(op, true, &G, means);
  fault_end(run);
  CHECK((G == NULL) == (st != TARTAN_OK));
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&G);
  return st;
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    fault_try  *attempt;
  } table[] = {
      {"tartan_symm", try_symm}, {"tartan_trsm", try_trsm}, {"tartan_trsm with copies", try_trsm_copied},
      {"tartan_gemv", try_gemv}, {"tartan_ger", try_ger},   {"tartan_gram", try_gram},
  };

  check_start(&argc, &argv);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    fault_sweep(TT_FAULT_ALLOC, table[i].name, table[i].attempt);
  return check_finish();
}
