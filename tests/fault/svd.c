// TEST: np=1,3,4 labels=fault,factor timeout=90
/* The k-th allocation fails on one rank: tartan_svd by bidiagonal form, and full. Outputs are NULL. */
#include <tartan/factor.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"

#define N 37

static int64_t         rows, cols; /* of the matrix */
static tartan_svd_opts opts = TARTAN_SVD_OPTS_INIT;
static bool            values; /* no vectors are asked for */

static tartan_status try_svd(tartan_grid *grid, fault_run *run)
{
  uint64_t       seed = 3;
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, rows, cols, NULL, fill_random, &seed), *U = NULL, *Vt = NULL;
  double         s[N];
  tartan_status  st;

  fault_begin(run);
  st = tartan_svd(A, &opts, values ? NULL : &U, s, values ? NULL : &Vt, NULL);
  fault_end(run);
  if (!values) CHECK((U == NULL) == (st != TARTAN_OK) && (Vt == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{N, N}, {N, N + 3}, {2 * N, N}};

  check_start(&argc, &argv);
  for (int s = 0; s < 3; s++) {
    rows = shapes[s][0];
    cols = shapes[s][1];
    opts.method = TARTAN_SVD_BIDIAGONAL;
    for (int ask = 0; ask < 3; ask++) {
      opts.full = ask == 1;
      values = ask == 2;
      fault_sweep(TT_FAULT_ALLOC, "tartan_svd", try_svd);
    }
    opts.full = true;
    values = false;
    opts.method = TARTAN_SVD_ONE_RANK;
    fault_sweep(TT_FAULT_ALLOC, "tartan_svd", try_svd);
  }
  return check_finish();
}
