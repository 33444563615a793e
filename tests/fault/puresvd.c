// TEST: np=1,3 labels=fault,model timeout=120
/* The k-th allocation fails on one rank: factors of singular vectors. */
#include <tartan/linear_models.h>

#include "check.h"
#include "faults.h"
#include "model/linear_impl.h"
#include "ratings.h"

static tartan_status try_puresvd(tartan_grid *grid, fault_run *run)
{
  ratings           x = ratings_make(20, 12, 0.4, false, 3);
  tartan_sparse    *R = ratings_sparse(grid, &x, TARTAN_F64);
  tartan_predictor *p = NULL;
  tartan_cost       plan;
  tartan_status     st;

  fault_begin(run);
  st = tt_puresvd_plan(R, 3, NULL, TARTAN_F32, &plan);
  if (st == TARTAN_OK) st = tartan_puresvd(R, 3, NULL, TARTAN_F32, NULL, &p, NULL);
  fault_end(run);
  CHECK((p == NULL) == (st != TARTAN_OK));
  tartan_predictor_destroy(&p);
  tartan_sparse_destroy(&R);
  ratings_free(&x);
  return st;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  fault_sweep(TT_FAULT_ALLOC, "tartan_puresvd", try_puresvd);
  return check_finish();
}
