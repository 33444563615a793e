// TEST: np=1,3,4 labels=fault,factor timeout=60
/* The k-th allocation fails on one rank: each rung of tartan_qr, with and without Q, and the pivoted form. */
#include <tartan/factor.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define N 5

static tartan_qr_method method;
static bool             want_q;
static int64_t          rows;

static tartan_matrix *input(tartan_grid *grid)
{
  uint64_t seed = 3;

  return matrix_make(grid, TARTAN_F64, rows, N, NULL, fill_random, &seed);
}

static tartan_status try_qr(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid), *Q = NULL, *R = NULL;
  tartan_qr_opts opts = TARTAN_QR_OPTS_INIT;
  tartan_status  st;

  opts.method = method;
  fault_begin(run);
  st = tartan_qr(A, &opts, want_q ? &Q : NULL, &R, NULL);
  fault_end(run);
  CHECK((Q == NULL) == (st != TARTAN_OK || !want_q) && (R == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&Q);
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_pivoted(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid), *Q = NULL, *R = NULL;
  int64_t        perm[N];
  tartan_status  st;

  fault_begin(run);
  st = tartan_qr_pivoted(A, want_q ? &Q : NULL, &R, perm, NULL);
  fault_end(run);
  CHECK((Q == NULL) == (st != TARTAN_OK || !want_q) && (R == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&Q);
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  static const tartan_qr_method rungs[] = {TARTAN_QR_CHOLESKY2, TARTAN_QR_CHOLESKY3, TARTAN_QR_TSQR,
                                           TARTAN_QR_HOUSEHOLDER};

  check_start(&argc, &argv);
  for (int q = 0; q < 2; q++) {
    want_q = q != 0;
    rows = 44;
    for (int k = 0; k < 4; k++) {
      method = rungs[k];
      fault_sweep(TT_FAULT_ALLOC, "tartan_qr", try_qr);
    }
    rows = 12;
    fault_sweep(TT_FAULT_ALLOC, "tartan_qr_pivoted", try_pivoted);
  }
  return check_finish();
}
