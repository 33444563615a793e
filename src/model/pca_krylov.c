/*
 * The largest eigenpairs of a covariance matrix by block Krylov iteration: n^2 b flops a step instead of the n^3 of a whole
 * decomposition. The matrix has no negative eigenvalues, so its singular triplets are its eigenpairs; the trace gives what
 * the components that are not computed explain together.
 */
#include <tartan/factor.h>
#include <tartan/norms.h>
#include <tartan/sketch.h>

#include "base/util.h"
#include "comm/grid.h"
#include "matrix/triangle.h"
#include "model/pca_impl.h"

#define TOLERANCE 1e-12 /* of a residual, relative to the first variance */
#define STEPS 200

tartan_status tt_pca_eigen_krylov(tartan_matrix *C, int64_t k, tt_pca_spectrum *s)
{
  tartan_topk_opts opts = TARTAN_TOPK_OPTS_INIT;
  tartan_topk_info info = {0};
  tartan_matrix   *Vt = NULL;
  tartan_status    st = TARTAN_OK;

  opts.tolerance = TOLERANCE;
  opts.steps = STEPS;
  TRY(tt_matrix_mirror(TARTAN_LOWER, C));
  TRY(tartan_svd_topk(C, k, &opts, NULL, s->variance, &Vt, &info));
  if (info.converged) {
    TRY(tartan_trace(C, &s->total));
    TRY(tt_matrix_clone(TARTAN_TRANS, Vt, TARTAN_F64, NULL, &s->V));
    s->found = k;
  } else {
    tt_grid_warn(C->grid, "%lld steps did not find %lld components: the whole decomposition was computed",
                 (long long)info.steps, (long long)k);
    TRY(tartan_eigh(C, NULL, s->variance, &s->V, NULL));
  }
done:
  tartan_matrix_destroy(&Vt);
  return st;
}
