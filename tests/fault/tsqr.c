// TEST: np=1,3 labels=fault,model timeout=180
/* The k-th allocation, then the k-th file operation, fails on one rank: PCA by the streamed factor, from a file and from memory. */
#include <tartan/pca.h>

#include "check.h"
#include "faults.h"
#include "h5file.h"
#include "matrices.h"

#define M 1200 /* two segments and more, so that a factor travels */
#define N 5

static bool           from_file;
static tartan_pca_nan missing;
static uint64_t       seed = 4;

static tartan_status try_fit(tartan_grid *grid, fault_run *run)
{
  tartan_pca_opts  opts = TARTAN_PCA_OPTS_INIT;
  tartan_matrix   *A = NULL;
  tartan_operator *op = NULL;
  tartan_pca      *model = NULL;
  tartan_pca_info  info;
  tartan_status    st;

  opts.solver = TARTAN_PCA_TSQR;
  opts.components = 3;
  opts.scale = true;
  opts.nan = missing;
  if (from_file) {
    CHECK_OK(tartan_operator_open(grid, "data.h5", NULL, &op));
  } else {
    A = matrix_make(grid, TARTAN_F64, M, N, NULL, fill_random, &seed);
    CHECK_OK(tartan_operator_from_matrix(A, &op));
  }
  fault_begin(run);
  st = tartan_pca_fit(op, &opts, &model, &info);
  fault_end(run);
  run->survivable = run->k == 0 || tartan_grid_warning(grid, 0); /* a residual left out */
  CHECK((model == NULL) == (st != TARTAN_OK));
  tartan_pca_destroy(&model);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
  return st;
}

int main(int argc, char **argv)
{
  static const h5_layout layout = {.type = "<f8"};

  check_start(&argc, &argv);
  h5_write("data.h5", "/X", &layout, M, N, fill_random, &seed);
  for (int kind = 0; kind < TT_FAULT_COUNT; kind++)
    for (int variant = 0; variant < 3; variant++) {
      from_file = variant > 0;
      missing = variant == 2 ? TARTAN_PCA_NAN_MEAN : TARTAN_PCA_NAN_ERROR;
      fault_sweep((tt_fault)kind, "tartan_pca_fit, tsqr", try_fit);
    }
  return check_finish();
}
