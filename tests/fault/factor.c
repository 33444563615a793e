// TEST: np=1,3,4 labels=fault,factor timeout=40
/* The k-th allocation fails on one rank: factorizations of square, tall and wide matrices. Outputs are NULL. */
#include <tartan/factor.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define N 12

static int64_t rows, cols; /* of the matrix that is factored */

static tartan_matrix *input(tartan_grid *grid)
{
  uint64_t seed = 3;

  return matrix_make(grid, TARTAN_F64, rows, cols, NULL, fill_random, &seed);
}

static tartan_status try_eigh(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid), *V = NULL;
  double         w[N];
  tartan_status  st;

  fault_begin(run);
  st = tartan_eigh(A, NULL, w, &V, NULL);
  fault_end(run);
  CHECK((V == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_qr(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid), *Q = NULL, *R = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_qr(A, NULL, &Q, &R, NULL);
  fault_end(run);
  CHECK((Q == NULL) == (st != TARTAN_OK) && (R == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&Q);
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&A);
  return st;
}

static tartan_status try_svd(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *A = input(grid), *U = NULL, *Vt = NULL;
  double         s[N];
  tartan_status  st;

  fault_begin(run);
  st = tartan_svd(A, NULL, &U, s, &Vt, NULL);
  fault_end(run);
  CHECK((U == NULL) == (st != TARTAN_OK) && (Vt == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{N, N}, {3 * N, N}, {N, 3 * N}};

  check_start(&argc, &argv);
  for (int s = 0; s < 3; s++) {
    rows = shapes[s][0];
    cols = shapes[s][1];
    if (rows == cols) fault_sweep(TT_FAULT_ALLOC, "tartan_eigh", try_eigh);
    fault_sweep(TT_FAULT_ALLOC, "tartan_qr", try_qr);
    fault_sweep(TT_FAULT_ALLOC, "tartan_svd", try_svd);
  }
  return check_finish();
}
