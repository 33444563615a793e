// TEST: np=1,3,4 labels=fault,blas timeout=120
/*
 * The k-th allocation fails on one rank: products and their plans, on grids with p3 > 1, overlapped, checked, in small
 * panels and through the PBLAS, with operands in C's arrangement and in others. C is unchanged.
 */
#include <tartan/blas.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define N 20

/* How the products of a sweep are done. */
static struct {
  bool             other_layout;
  tartan_gemm_opts opts;
} how;

static tartan_matrix *operand(tartan_grid *grid, int which)
{
  const int                P = tartan_grid_size(grid);
  const tartan_matrix_opts rows = layout_of(2, 3, P, 1, 0, 0), cols = layout_of(3, 2, 1, P, 0, 0);

  return matrix_make(grid, TARTAN_F64, N, N, which == 0 && how.other_layout ? &rows : &cols, fill_place, NULL);
}

/* A failed product leaves C as it was; one that went through has changed it. */
static void check_result(tartan_status st, const tartan_matrix *C)
{
  int64_t wrong = matrix_count_wrong(C, fill_place, NULL);

  if (st != TARTAN_OK) CHECK_EQ(wrong, 0);
  MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  if (st == TARTAN_OK) CHECK(wrong > 0);
}

static tartan_status try_gemm(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, 0), *B = operand(grid, 1), *C = operand(grid, 2);
  tartan_status  st;

  fault_begin(run);
  st = tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_TRANS, B, run->k % 2 ? 0.5 : 0, C, &how.opts);
  fault_end(run);
  check_result(st, C);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  return st;
}

static tartan_status try_syrk(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, 0), *C = operand(grid, 2);
  tartan_status  st;

  run->survivable = true; /* the other way to a triangle is taken where one gets no memory */
  fault_begin(run);
  st = tartan_syrk(TARTAN_LOWER, TARTAN_TRANS, 1, A, run->k % 2 ? 0.5 : 0, C, &how.opts);
  fault_end(run);
  check_result(st, C);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  return st;
}

static tartan_status try_gemm_plan(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, 0), *B = operand(grid, 1), *C = operand(grid, 2);
  tartan_cost    plan;
  tartan_status  st;

  run->survivable = true; /* the speed of the BLAS is not measured then */
  fault_begin(run);
  st = tartan_gemm_plan(TARTAN_NO_TRANS, A, TARTAN_TRANS, B, C, &how.opts, &plan);
  fault_end(run);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  return st;
}

static tartan_status try_syrk_plan(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = operand(grid, 0), *C = operand(grid, 2);
  tartan_cost    plan;
  tartan_status  st;

  run->survivable = true;
  fault_begin(run);
  st = tartan_syrk_plan(TARTAN_UPPER, TARTAN_NO_TRANS, A, C, &how.opts, &plan);
  fault_end(run);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  return st;
}

static tartan_status try_gemm_predict(tartan_grid *grid, fault_run *run)
{
  tartan_cost   plan;
  tartan_status st;

  run->survivable = true;
  fault_begin(run);
  st = tartan_gemm_predict(grid, TARTAN_F32, 50, 60, 70, &how.opts, &plan);
  fault_end(run);
  return st;
}

static tartan_status try_gemm_operands(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = NULL, *B = NULL, *C = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_gemm_operands(grid, TARTAN_F64, 30, 20, 40, &how.opts, &A, &B, &C);
  fault_end(run);
  CHECK((A == NULL) == (st != TARTAN_OK));
  CHECK((B == NULL) == (st != TARTAN_OK));
  CHECK((C == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  return st;
}

/* The ways of a product that take memory differently. */
enum { PLANNED, DEEP, OVERLAPPED, CHECKED, ALL_OF_IT, PBLAS, PBLAS_CHECKED, WAYS };

static tartan_gemm_opts way(int which)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

  if (which == DEEP || which == ALL_OF_IT) {
    opts.p1 = opts.p2 = 1;
    opts.p3 = check_size();
    if (check_size() == 4) opts.p1 = opts.p3 = 2;
  }
  if (which == OVERLAPPED || which == ALL_OF_IT) {
    opts.overlap = TARTAN_ON;
    opts.panel = 3;
  }
  if (which == PBLAS || which == PBLAS_CHECKED) opts.algorithm = TARTAN_GEMM_PBLAS;
  opts.check = which == CHECKED || which == ALL_OF_IT || which == PBLAS_CHECKED;
  return opts;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int other = 0; other < 2; other++)
    for (int w = 0; w < WAYS; w++) {
      how.other_layout = other;
      how.opts = way(w);
      fault_sweep(TT_FAULT_ALLOC, "tartan_gemm", try_gemm);
      fault_sweep(TT_FAULT_ALLOC, "tartan_gemm_plan", try_gemm_plan);
      if (w == PLANNED || w == OVERLAPPED || w == PBLAS) {
        fault_sweep(TT_FAULT_ALLOC, "tartan_syrk", try_syrk);
        fault_sweep(TT_FAULT_ALLOC, "tartan_syrk_plan", try_syrk_plan);
      }
      if (other) continue; /* no operands yet */
      fault_sweep(TT_FAULT_ALLOC, "tartan_gemm_predict", try_gemm_predict);
      fault_sweep(TT_FAULT_ALLOC, "tartan_gemm_operands", try_gemm_operands);
    }
  return check_finish();
}
