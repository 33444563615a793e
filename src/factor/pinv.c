/*
 * The pseudo-inverse V f U' from A = U diag(s) Vt, f = 1 / s above the tolerance (Golub, Van Loan 2013, section 5.5). Only
 * the vectors that count are multiplied.
 */
#include <math.h>
#include <stdio.h>

#include <tartan/blas.h>
#include <tartan/elementwise.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/lstsq_impl.h"

static double fill_inverse(int64_t i, int64_t j, void *values)
{
  return 1 / ((const double *)values)[i + j];
}

/* The layout of the longer factor, turned where that is U: the product then leaves it where it is. Local. */
static tartan_matrix_opts layout_of(const tartan_matrix *U, const tartan_matrix *Vt)
{
  const bool               tall = U->row.n > Vt->col.n;
  const tartan_matrix     *F = tall ? U : Vt;
  const tartan_matrix_opts o = {.size = sizeof o,
                                .mb = tall ? 0 : F->col.nb,
                                .nb = tall ? F->row.nb : 0,
                                .p = F->q,
                                .q = F->p,
                                .rsrc = tall ? 0 : F->col.src,
                                .csrc = tall ? F->row.src : 0};

  return o;
}

/* V f U' from the first `rank` vectors. Collective. */
static tartan_status assemble(tartan_matrix *U, double *s, tartan_matrix *Vt, int64_t rank, tartan_matrix **Apinv)
{
  const tartan_matrix_opts layout = layout_of(U, Vt);
  const bool               tall = U->row.n > Vt->col.n;
  tartan_matrix           *u = NULL, *vt = NULL, *f = NULL;
  tartan_status            st = TARTAN_OK;

  TRY(tartan_matrix_view(U, 0, 0, U->row.n, rank, &u));
  TRY(tartan_matrix_view(Vt, 0, 0, rank, Vt->col.n, &vt));
  TRY(tartan_matrix_create(U->grid, TARTAN_F64, tall ? rank : 1, tall ? 1 : rank, NULL, &f));
  tartan_matrix_fill(f, fill_inverse, s);
  TRY(tartan_hadamard(1, TARTAN_NO_TRANS, f, tall ? vt : u)); /* the shorter one */
  TRY(tt_product_new(TARTAN_TRANS, vt, TARTAN_TRANS, u, &layout, Apinv));
done:
  tartan_matrix_destroy(&f);
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  return st;
}

tartan_status tartan_pinv(const tartan_matrix *A, double tolerance, tartan_matrix **Apinv, tartan_lstsq_info *info)
{
  const double       since = tt_seconds();
  const int64_t      r = tt_min(A->row.n, A->col.n);
  int64_t            rank = 0;
  tartan_matrix     *U = NULL, *Vt = NULL;
  double            *s = NULL;
  tartan_factor_info how;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  *Apinv = NULL;
  TRY(tt_rank_check(tolerance));
  s = tt_alloc(&A->grid->memory, r, sizeof *s, "singular values", &local);
  AGREE(A->grid, local);
  TRY(tartan_svd(A, NULL, &U, s, &Vt, &how));
  rank = tt_rank_of(r, s, tt_rank_tolerance(A, tolerance));
  tt_rank_warn(A, tolerance, rank);
  TRY(assemble(U, s, Vt, rank, Apinv));
  TRY(tt_matrix_require_range(*Apinv, "the pseudo-inverse"));
  if (!info) goto done;
  snprintf(info->method, sizeof info->method, "SVD");
  snprintf(info->reason, sizeof info->reason, "%s, %.110s", how.method, how.reason);
  info->rank = rank;
  info->condition = rank > 0 ? s[0] / s[rank - 1] : (double)NAN;
  info->seconds = tt_seconds() - since;
done:
  if (st != TARTAN_OK) tartan_matrix_destroy(Apinv);
  tt_free(s);
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&U);
  return st;
}
