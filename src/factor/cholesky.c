/* The Cholesky factor as a matrix of its own: what ScaLAPACK leaves above the diagonal is cleared. */
#include <tartan/elementwise.h>

#include <math.h>

#include "base/error.h"
#include "base/util.h"
#include "factor/info.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"

/* L of scale A becomes L of A: the scale is a power of two, its root one too, or one times the root of two. Local. */
static void unscale(const tt_factored *f, tartan_matrix *L)
{
  if (f->scale != 1) tt_scale_local(L->dtype, 1 / sqrt(f->scale), L->data, L->ld, L->mloc, L->nloc);
}

tartan_status tartan_cholesky(const tartan_matrix *A, tartan_matrix **L, tartan_factor_info *info)
{
  const double  start = tt_seconds();
  tt_factored   f = {0};
  double        largest, condition = NAN;
  char          reason[160];
  tartan_status st = TARTAN_OK;

  *L = NULL;
  TRY(tt_solve_check(A, NULL));
  TRY(tt_solve_largest(A, true, &largest));
  TRY(tt_factored_make(A, A->dtype, true, largest, &f));
  REQUIRE(!f.failed, TARTAN_ERR_NUMERIC,
          "the matrix is not positive definite: its leading minor of order %lld is not; LU needs no such matrix",
          (long long)f.failed);
  if (info) TRY(tt_factored_condition(&f, &condition));
  tt_factored_reason(&f, TARTAN_ASSUME_POSITIVE, 0, reason, sizeof reason);
  tt_operand_end(&f.operand);
  tartan_tri(TARTAN_LOWER, 0, f.F);
  unscale(&f, f.F);
  TRY(tt_solve_hand_out(&f.F, L));
  tt_factor_tell(info, tt_factored_routine(&f), reason, f.n, tt_seconds() - start);
  if (info) info->condition = condition;
done:
  tt_factored_end(&f);
  return st;
}
