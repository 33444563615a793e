// TEST: np=1,3,4 labels=fault,factor
/* The k-th allocation fails on one rank: samples of a definite and of a singular covariance, on each rank alone and over
 * all of them, and random orthogonal matrices. Outputs are NULL. */
#include <tartan/sample.h>

#include "check.h"
#include "factor/sample_impl.h"
#include "faults.h"
#include "matrices.h"

#define N 9

static bool    singular;
static int64_t rows, cols;

static double covariance(int64_t i, int64_t j, void *context)
{
  (void)context;
  return 1 + (!singular && i == j ? 1 : 0);
}

static tartan_status try_sample(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *S = matrix_make(grid, TARTAN_F64, N, N, NULL, covariance, NULL), *X = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_sample_normal(S, NULL, 300, 1, &X, NULL);
  fault_end(run);
  CHECK((X == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&S);
  return st;
}

static tartan_status try_spread(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *S = matrix_make(grid, TARTAN_F64, N, N, NULL, covariance, NULL), *X = NULL, *root = NULL;
  tt_sample      s = {.Sigma = S, .n = N, .count = 30};
  tartan_status  st;

  run->survivable = singular; /* the square of the root: syrk takes another way where one gets no memory */
  fault_begin(run);
  st = tt_sample_root_spread(&s, &root);
  if (st == TARTAN_OK) st = tt_sample_spread(&s, root, &X);
  fault_end(run);
  CHECK((X == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&root);
  tartan_matrix_destroy(&S);
  return st;
}

static tartan_status try_orthogonal(tartan_grid *grid, fault_run *run)
{
  tartan_matrix *Q = NULL;
  tartan_status  st;

  fault_begin(run);
  st = tartan_random_orthogonal(grid, TARTAN_F64, rows, cols, 1, &Q);
  fault_end(run);
  CHECK((Q == NULL) == (st != TARTAN_OK));
  tartan_matrix_destroy(&Q);
  return st;
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{30, 5}, {5, 30}, {8, 8}};

  check_start(&argc, &argv);
  for (int k = 0; k < 2; k++) {
    singular = k == 1;
    fault_sweep(TT_FAULT_ALLOC, "tartan_sample_normal", try_sample);
    fault_sweep(TT_FAULT_ALLOC, "tartan_sample_normal over all ranks", try_spread);
  }
  for (int s = 0; s < 3; s++) {
    rows = shapes[s][0];
    cols = shapes[s][1];
    fault_sweep(TT_FAULT_ALLOC, "tartan_random_orthogonal", try_orthogonal);
  }
  return check_finish();
}
