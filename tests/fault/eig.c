// TEST: np=1,3,4 labels=fault,factor timeout=120
/*
 * The k-th allocation fails on one rank: general eigenproblems with and without vectors, parts of symmetric ones, and the
 * solvers that work over the ranks. Outputs are NULL.
 */
#include <tartan/factor.h>

#include "check.h"
#include "ext/elpa.h"
#include "factor/eig_impl.h"
#include "faults.h"
#include "matrices.h"

#define SMALL 12
#define LARGE 100 /* enough for every rank of 1 x 3 and 2 x 2 */

static tartan_eigh_opts opts;
static int64_t          size;
static bool             vectors;

static tartan_matrix *input(tartan_grid *grid, int64_t n)
{
  uint64_t seed = 3;

  return matrix_make(grid, TARTAN_F64, n, n, NULL, fill_random, &seed);
}

static tartan_status try_eig(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid, SMALL), *X = NULL, *Y = NULL;
  double         re[SMALL], im[SMALL];
  tartan_status  st;

  fault_begin(run);
  st = tartan_eig(A, re, im, vectors ? &X : NULL, vectors ? &Y : NULL, NULL);
  fault_end(run);
  CHECK((X != NULL) == (vectors && st == TARTAN_OK) && (Y != NULL) == (vectors && st == TARTAN_OK));
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_spread(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid, LARGE);
  double         re[LARGE], im[LARGE];
  tartan_status  st;

  fault_begin(run);
  st = tt_eig_spread(A, 1, re, im);
  fault_end(run);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_eigh(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid, size), *V = NULL;
  double         w[LARGE];
  tartan_status  st;

  fault_begin(run);
  st = tartan_eigh(A, &opts, w, vectors ? &V : NULL, NULL);
  fault_end(run);
  CHECK((V != NULL) == (vectors && st == TARTAN_OK));
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&A);
  return st;
}

static void sweep_eigh(int64_t n, tartan_eigh_method method, tartan_eigh_which which)
{
  opts = (tartan_eigh_opts)TARTAN_EIGH_OPTS_INIT;
  opts.method = method;
  opts.which = which;
  opts.count = n / 2;
  opts.from = -1;
  opts.to = 1;
  size = n;
  fault_sweep(TT_FAULT_ALLOC, "tartan_eigh", try_eigh);
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int v = 0; v < 2; v++) {
    vectors = v == 1;
    fault_sweep(TT_FAULT_ALLOC, "tartan_eig", try_eig);
    for (int which = TARTAN_EIGH_ALL; which <= TARTAN_EIGH_INTERVAL; which++)
      sweep_eigh(SMALL, TARTAN_EIGH_PLANNED, (tartan_eigh_which)which);
    sweep_eigh(LARGE, TARTAN_EIGH_PSYEVD, TARTAN_EIGH_LARGEST);
    sweep_eigh(LARGE, TARTAN_EIGH_PSYEVR, TARTAN_EIGH_ALL);
  }
  vectors = true;
  fault_sweep(TT_FAULT_ALLOC, "values over the ranks", try_spread);
  if (tt_elpa_there()) sweep_eigh(LARGE, TARTAN_EIGH_ELPA1, TARTAN_EIGH_SMALLEST);
  return check_finish();
}
