/*
 * Least squares by the singular values of the triangle, R = U diag(s) Vt: Y = V f U'Z with f = 1 / s above the tolerance
 * and 0 below, so that of all minimisers Y is the smallest; with a ridge f = s / (s^2 + ridge). Of a wide A the core is
 * R', and the vectors change sides.
 */
#include <math.h>

#include <tartan/blas.h>
#include <tartan/elementwise.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/lstsq_impl.h"

/* What stands for 1 / s: nothing where [S; sqrt(ridge) I] has a singular value within the tolerance of zero. */
static double inverse_of(const tt_lstsq *x, double s, double largest)
{
  if (s == 0 || !(hypot(s, sqrt(x->ridge)) > x->tolerance * largest)) return 0;
  return x->ridge > 0 ? 1 / (s + x->ridge / s) : 1 / s;
}

static double fill_inverse(int64_t i, int64_t j, void *values)
{
  (void)j;
  return ((const double *)values)[i];
}

tartan_status tt_lstsq_svd_make(tt_lstsq *x)
{
  tartan_grid  *grid = x->R->grid;
  double       *s = NULL, largest;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  s = tt_alloc(&grid->memory, x->r, sizeof *s, "singular values", &local);
  AGREE(grid, local);
  TRY(tartan_svd(x->R, NULL, &x->U, s, &x->Vt, NULL));
  TRY(tartan_matrix_create(grid, TARTAN_F64, x->r, 1, NULL, &x->inverse));
  largest = s[0];
  x->rank = tt_rank_of(x->r, s, x->tolerance);
  x->condition = x->rank > 0 ? largest / s[x->rank - 1] : (double)NAN;
  for (int64_t i = 0; i < x->r; i++) s[i] = inverse_of(x, s[i], largest);
  tartan_matrix_fill(x->inverse, fill_inverse, s);
done:
  tt_free(s);
  return st;
}

tartan_status tt_lstsq_svd_solve(const tt_lstsq *x, const tartan_matrix *Z, tartan_matrix **Y)
{
  const tartan_matrix *left = x->wide ? x->Vt : x->U, *right = x->wide ? x->U : x->Vt;
  tartan_matrix       *W = NULL;
  tartan_status        st = TARTAN_OK;

  TRY(tt_product_new(x->wide ? TARTAN_NO_TRANS : TARTAN_TRANS, left, TARTAN_NO_TRANS, Z, NULL, &W));
  TRY(tartan_hadamard(1, TARTAN_NO_TRANS, x->inverse, W));
  TRY(tt_product_new(x->wide ? TARTAN_NO_TRANS : TARTAN_TRANS, right, TARTAN_NO_TRANS, W, NULL, Y));
done:
  tartan_matrix_destroy(&W);
  return st;
}
