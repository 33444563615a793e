// TEST: np=1,3,4 labels=fault,sketch timeout=240
/*
 * The k-th allocation, then the k-th file operation, fails on one rank: largest singular triplets of a small matrix (decomposed
 * whole), of a larger one (two-sided iteration) and of a file (one-sided), low rank, dominant eigenpairs, centering.
 */
#include <tartan/sketch.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "matrices.h"

#define SMALL 7
#define LARGE 201 /* just beyond what is decomposed whole */

static tartan_topk_opts short_run(void)
{
  tartan_topk_opts opts = TARTAN_TOPK_OPTS_INIT;

  opts.block = 2;
  opts.steps = 1;
  return opts;
}

static tartan_status try_topk(tartan_grid *grid, fault_run *run, tartan_dtype dtype, int64_t n)
{
  const tartan_topk_opts opts = short_run();
  uint64_t               seed = 1;
  tartan_matrix         *A = matrix_make(grid, dtype, n + 1, n, NULL, fill_random, &seed), *U = A, *Vt = A;
  double                 s[2];
  tartan_status          st;

  fault_begin(run);
  st = tartan_svd_topk(A, 2, &opts, &U, s, &Vt, NULL);
  fault_end(run);
  CHECK((U == NULL) == (st != TARTAN_OK) && (Vt == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_small(tartan_grid *grid, fault_run *run)
{
  return try_topk(grid, run, TARTAN_F32, SMALL);
}

static tartan_status try_large(tartan_grid *grid, fault_run *run)
{
  return try_topk(grid, run, TARTAN_F64, LARGE);
}

/* An operator of the file, made before the fault is armed. */
static tartan_operator *open_file(tartan_grid *grid)
{
  tartan_operator *op = NULL;

  CHECK_OK(tartan_operator_open(grid, "sketch.h5", NULL, &op));
  return op;
}

static tartan_status try_stream(tartan_grid *grid, fault_run *run)
{
  const tartan_topk_opts opts = short_run();
  tartan_operator       *op = open_file(grid);
  tartan_matrix         *U = NULL, *Vt = NULL;
  double                 s[2];
  tartan_status          st;

  fault_begin(run);
  st = tartan_operator_svd_topk(op, 2, &opts, &U, s, &Vt, NULL);
  fault_end(run);
  CHECK((U == NULL) == (st != TARTAN_OK) && (Vt == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&Vt);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_lowrank(tartan_grid *grid, fault_run *run)
{
  const tartan_topk_opts opts = short_run();
  tartan_operator       *op = open_file(grid);
  tartan_matrix         *U = NULL, *Vt = NULL;
  double                 s[SMALL];
  tartan_status          st;

  fault_begin(run);
  st = tartan_lowrank(op, SMALL, &opts, &U, s, &Vt, NULL); /* of full rank: one more pass for the error */
  fault_end(run);
  CHECK((U == NULL) == (st != TARTAN_OK) && (Vt == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&Vt);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_dominant(tartan_grid *grid, fault_run *run)
{
  const tartan_topk_opts opts = short_run();
  tartan_operator       *op = open_file(grid);
  tartan_matrix         *v = NULL;
  double                 lambda;
  tartan_status          st;

  fault_begin(run);
  st = tartan_eig_dominant(op, &opts, &lambda, &v, NULL);
  fault_end(run);
  CHECK((v == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&v);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status try_center(tartan_grid *grid, fault_run *run)
{
  const double     mean[SMALL] = {1, 2, 3};
  tartan_operator *op = open_file(grid), *centered = NULL;
  tartan_status    st;

  fault_begin(run);
  st = tartan_operator_center(op, mean, NULL, &centered);
  fault_end(run);
  CHECK((centered == NULL) == (st != TARTAN_OK));
  tartan_operator_destroy(&centered);
  tartan_operator_destroy(&op);
  return st;
}

/* Centered operators: of a file, and of a matrix, whose products take memory of their own. */
static tartan_status try_apply(tartan_grid *grid, fault_run *run, bool file, tartan_op trans)
{
  const double     mean[SMALL] = {1, 2, 3};
  uint64_t         seed = 1;
  tartan_matrix   *A = matrix_make(grid, TARTAN_F64, SMALL, SMALL, NULL, fill_random, &seed);
  tartan_matrix   *X = matrix_make(grid, TARTAN_F64, SMALL, 2, NULL, fill_place, NULL);
  tartan_matrix   *Y = matrix_make(grid, TARTAN_F64, SMALL, 2, NULL, fill_place, NULL);
  tartan_operator *op = NULL, *centered = NULL;
  tartan_status    st;

  if (file)
    op = open_file(grid);
  else
    CHECK_OK(tartan_operator_from_matrix(A, &op));
  CHECK_OK(tartan_operator_center(op, mean, NULL, &centered));
  fault_begin(run);
  st = tartan_operator_apply(centered, trans, X, Y);
  fault_end(run);
  tartan_operator_destroy(&centered);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_apply_file(tartan_grid *grid, fault_run *run)
{
  return try_apply(grid, run, true, TARTAN_NO_TRANS);
}

static tartan_status try_apply_matrix(tartan_grid *grid, fault_run *run)
{
  return try_apply(grid, run, false, TARTAN_NO_TRANS);
}

static tartan_status try_adjoint_matrix(tartan_grid *grid, fault_run *run)
{
  return try_apply(grid, run, false, TARTAN_TRANS);
}

int main(int argc, char **argv)
{
  static const h5_layout layout = {.type = "<f4"};
  uint64_t               seed = 1;

  check_start(&argc, &argv);
  h5_write("sketch.h5", "/X", &layout, SMALL, SMALL, fill_random, &seed);
  fault_sweep(TT_FAULT_ALLOC, "tartan_operator_center", try_center);
  fault_sweep(TT_FAULT_ALLOC, "tartan_operator_apply, centered file", try_apply_file);
  fault_sweep(TT_FAULT_FILE, "tartan_operator_apply, centered file", try_apply_file);
  fault_sweep(TT_FAULT_ALLOC, "tartan_operator_apply, centered matrix", try_apply_matrix);
  fault_sweep(TT_FAULT_ALLOC, "tartan_operator_apply, centered matrix, transposed", try_adjoint_matrix);
  fault_sweep(TT_FAULT_ALLOC, "tartan_svd_topk, whole", try_small);
  fault_sweep(TT_FAULT_ALLOC, "tartan_svd_topk, iterated", try_large);
  fault_sweep(TT_FAULT_ALLOC, "tartan_operator_svd_topk", try_stream);
  fault_sweep(TT_FAULT_FILE, "tartan_operator_svd_topk", try_stream);
  fault_sweep(TT_FAULT_ALLOC, "tartan_lowrank", try_lowrank);
  fault_sweep(TT_FAULT_FILE, "tartan_lowrank", try_lowrank);
  fault_sweep(TT_FAULT_ALLOC, "tartan_eig_dominant", try_dominant);
  fault_sweep(TT_FAULT_FILE, "tartan_eig_dominant", try_dominant);
  return check_finish();
}
