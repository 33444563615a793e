// TEST: np=1,3,4 labels=fault,model timeout=180
/* The k-th allocation fails on one rank: the plan and the weights of items, few of them and over the ranks, and an inverse. */
#include <tartan/linear_models.h>
#include <tartan/solve.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"
#include "ratings.h"

static int64_t items;

static tartan_status try_ease(tartan_grid *grid, fault_run *run)
{
  ratings           x = ratings_make(20, items, 0.2, false, 3);
  tartan_sparse    *R = ratings_sparse(grid, &x, TARTAN_F64);
  tartan_predictor *p = NULL;
  tartan_cost       cost;
  tartan_status     st;

  fault_begin(run);
  st = tartan_ease(R, 2, TARTAN_F32, &p, &cost);
  fault_end(run);
  CHECK((p == NULL) == (st != TARTAN_OK));
  tartan_predictor_destroy(&p);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
  return st;
}

static tartan_status try_plan(tartan_grid *grid, fault_run *run)
{
  ratings        x = ratings_make(20, items, 0.2, false, 3);
  tartan_sparse *R = ratings_sparse(grid, &x, TARTAN_F64);
  tartan_cost    plan;
  tartan_status  st;

  fault_begin(run);
  st = tartan_ease_plan(R, TARTAN_F32, &plan);
  fault_end(run);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
  return st;
}

/* Diagonally dominant, over the ranks. */
static double fill(int64_t i, int64_t j, void *context)
{
  (void)context;
  return i == j ? 10 : 1 / (1 + (double)(i > j ? i - j : j - i));
}

static tartan_status try_inv(tartan_grid *grid, fault_run *run)
{
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_matrix    *A = matrix_make(grid, TARTAN_F64, 550, 550, NULL, fill, NULL), *X = NULL;
  tartan_status     st;

  opts.assume = TARTAN_ASSUME_POSITIVE;
  fault_begin(run);
  st = tartan_inv(A, &opts, &X, NULL);
  fault_end(run);
  CHECK((X == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (items = 9; items < 600; items += 501) {
    fault_sweep(TT_FAULT_ALLOC, "tartan_ease_plan", try_plan);
    fault_sweep(TT_FAULT_ALLOC, "tartan_ease", try_ease);
  }
  fault_sweep(TT_FAULT_ALLOC, "tartan_inv", try_inv);
  return check_finish();
}
