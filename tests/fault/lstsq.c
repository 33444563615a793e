// TEST: np=1,3,4 labels=fault,factor timeout=120
/*
 * The k-th allocation fails on one rank: least squares by triangles and by singular values, with and without a ridge, of
 * tall, wide and deficient matrices; pseudo-inverse, rank, norms, conditions, powers, chains. Outputs are NULL.
 */
#include <string.h>

#include <tartan/blas.h>
#include <tartan/lstsq.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

static int64_t           rows, cols;
static tartan_lstsq_opts opts = TARTAN_LSTSQ_OPTS_INIT;
static bool              deficient;

static tartan_matrix *make(tartan_grid *grid, int64_t m, int64_t n, bool low)
{
  uint64_t seed = 3;

  return matrix_make(grid, TARTAN_F64, m, n, NULL, low ? fill_place : fill_random, &seed);
}

static tartan_status try_lstsq(tartan_grid *grid, fault_run *run)
{
  tartan_matrix    *A = make(grid, rows, cols, deficient), *B = make(grid, rows, 2, false), *X = NULL;
  double            residuals[2];
  tartan_lstsq_info info;
  tartan_status     st;

  memset(&info, 0, sizeof info);
  info.residuals = residuals;
  fault_begin(run);
  st = tartan_lstsq(A, B, &opts, &X, &info);
  fault_end(run);
  CHECK((X == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_pinv(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = make(grid, rows, cols, deficient), *P = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_pinv(A, -1, &P, NULL);
  fault_end(run);
  CHECK((P == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&P);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_rank(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = make(grid, 40, 7, false);
  int64_t        rank;
  tartan_status  st;

  fault_begin(run);
  st = tartan_matrix_rank(A, -1, &rank);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_norm(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = make(grid, 8, 11, false);
  double         value;
  tartan_status  st;

  fault_begin(run);
  st = tartan_norm_schatten(TARTAN_SCHATTEN_NUCLEAR, A, &value);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_cond(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = make(grid, 11, 11, false);
  double         value;
  tartan_status  st;

  fault_begin(run);
  st = tartan_cond(TARTAN_COND_TWO, A, &value);
  if (st == TARTAN_OK) st = tartan_cond(TARTAN_COND_ONE, A, &value);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_power(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = make(grid, 9, 9, false), *B = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_matrix_power(A, -3, &B);
  fault_end(run);
  CHECK((B == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_multi_dot(tartan_grid *grid, fault_run *run)
{
  static const int64_t d[] = {30, 2, 25, 3, 9};
  tartan_matrix       *A[4], *C = NULL;
  tartan_cost          cost;
  tartan_status        st;

  for (int i = 0; i < 4; i++) A[i] = make(grid, d[i], d[i + 1], false);
  fault_begin(run);
  st = tartan_multi_dot(4, (const tartan_matrix *const *)A, &C, &cost);
  fault_end(run);
  CHECK((C == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&C);
  for (int i = 0; i < 4; i++) tartan_matrix_destroy(&A[i]);
  return st;
}

int main(int argc, char **argv)
{
  static const struct {
    int64_t m, n;
    bool    deficient;
    double  ridge;
  } cases[] = {{12, 9, false, 0}, {40, 5, true, 0}, {40, 5, false, 1e-3}, {5, 30, false, 0}, {5, 9, true, 1e-3}};

  check_start(&argc, &argv);
  for (int c = 0; c < 5; c++) {
    rows = cases[c].m;
    cols = cases[c].n;
    deficient = cases[c].deficient;
    opts.ridge = cases[c].ridge;
    fault_sweep(TT_FAULT_ALLOC, "tartan_lstsq", try_lstsq);
    if (c == 1 || c == 3) fault_sweep(TT_FAULT_ALLOC, "tartan_pinv", try_pinv);
  }
  fault_sweep(TT_FAULT_ALLOC, "tartan_matrix_rank", try_rank);
  fault_sweep(TT_FAULT_ALLOC, "tartan_norm_schatten", try_norm);
  fault_sweep(TT_FAULT_ALLOC, "tartan_cond", try_cond);
  fault_sweep(TT_FAULT_ALLOC, "tartan_matrix_power", try_power);
  fault_sweep(TT_FAULT_ALLOC, "tartan_multi_dot", try_multi_dot);
  return check_finish();
}
