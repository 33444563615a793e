// TEST: np=1,3,4 labels=fault,factor timeout=120
/* The k-th allocation fails on one rank: systems, factors, inverses and determinants, small ones and those over the ranks. */
#include <tartan/solve.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

static int64_t       n;
static tartan_assume assume;
static bool          mixed;

/* Diagonally dominant, or with `assume` and no fault yet: not positive definite, so that both ways are gone. */
static double fill(int64_t i, int64_t j, void *context)
{
  uint64_t seed = *(uint64_t *)context;

  return i == j ? (i == 3 ? -2 : 2) * (double)n : fill_random(i < j ? i : j, i < j ? j : i, &seed);
}

static tartan_matrix *input(tartan_grid *grid)
{
  uint64_t seed = 3;

  return matrix_make(grid, TARTAN_F64, n, n, NULL, fill, &seed);
}

static tartan_solve_opts options(void)
{
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;

  opts.assume = assume;
  opts.mixed = mixed;
  return opts;
}

static tartan_status try_solve(tartan_grid *grid, fault_run *run)
{
  const tartan_solve_opts opts = options();
  tartan_matrix          *A = input(grid), *B = matrix_make(grid, TARTAN_F64, n, 2, NULL, fill_place, NULL), *X = NULL;
  tartan_status           st;

  fault_begin(run);
  st = tartan_solve(A, B, &opts, &X, NULL);
  fault_end(run);
  CHECK((X == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_inv(tartan_grid *grid, fault_run *run)
{
  const tartan_solve_opts opts = options();
  tartan_matrix          *A = input(grid), *X = NULL;
  tartan_solve_info       info;
  tartan_status           st;

  fault_begin(run);
  st = tartan_inv(A, &opts, &X, &info);
  fault_end(run);
  CHECK((X == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_slogdet(tartan_grid *grid, fault_run *run)
{
  const tartan_solve_opts opts = options();
  tartan_matrix          *A = input(grid);
  tartan_factor_info      info;
  double                  sign, logabs;
  tartan_status           st;

  fault_begin(run);
  st = tartan_slogdet(A, &opts, &sign, &logabs, &info);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_det(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid);
  double         value;
  tartan_status  st;

  fault_begin(run);
  st = tartan_det(A, NULL, &value, NULL);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_cholesky(tartan_grid *grid, fault_run *run)
{
  uint64_t           seed = 3;
  tartan_matrix     *A = matrix_make(grid, TARTAN_F64, n, n, NULL, fill_random, &seed), *L = NULL;
  tartan_factor_info info;
  tartan_status      st;

  for (int64_t i = 0; i < n; i++) {
    const int64_t il = tartan_matrix_local_row(A, i), jl = tartan_matrix_local_col(A, i);
    int64_t       ld;
    double       *a = tartan_matrix_local(A, &ld, NULL, NULL);

    if (il >= 0 && jl >= 0) a[il + jl * ld] = (double)n;
  }
  fault_begin(run);
  st = tartan_cholesky(A, &L, &info);
  fault_end(run);
  CHECK((L == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&L);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_lu(tartan_grid *grid, fault_run *run)
{
  tartan_matrix     *A = input(grid), *L = NULL, *U = NULL;
  int64_t            perm[600];
  tartan_factor_info info;
  tartan_status      st;

  fault_begin(run);
  st = tartan_lu(A, &L, &U, perm, &info);
  fault_end(run);
  CHECK((L == NULL) == (st != TARTAN_OK) && (U == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&L);
  tartan_matrix_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  n = 9;
  for (int kind = 0; kind < 3; kind++) {
    assume = kind == 1 ? TARTAN_ASSUME_POSITIVE : TARTAN_ASSUME_GENERAL;
    mixed = kind == 2;
    fault_sweep(TT_FAULT_ALLOC, "tartan_solve", try_solve);
    if (mixed) continue;
    fault_sweep(TT_FAULT_ALLOC, "tartan_inv", try_inv);
    fault_sweep(TT_FAULT_ALLOC, "tartan_slogdet", try_slogdet);
  }
  fault_sweep(TT_FAULT_ALLOC, "tartan_det", try_det);
  for (n = 9; n < 600; n += 495) { /* on one rank; on all */
    assume = TARTAN_ASSUME_GENERAL;
    mixed = false;
    fault_sweep(TT_FAULT_ALLOC, "tartan_cholesky", try_cholesky);
    fault_sweep(TT_FAULT_ALLOC, "tartan_lu", try_lu);
  }
  return check_finish();
}
