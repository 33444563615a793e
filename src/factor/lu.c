/* L, U and the order of rows from what ScaLAPACK leaves in one matrix. */
#include <tartan/elementwise.h>

#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "factor/info.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"

/* L := the first r columns below a unit diagonal. Collective. */
static tartan_status take_l(const tt_factored *f, int64_t r, tartan_matrix **L)
{
  tartan_matrix *view = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_view(f->F, 0, 0, f->m, r, &view));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, view, f->F->dtype, NULL, L));
  tartan_tri(TARTAN_LOWER, -1, *L);
  for (int64_t i = 0; i < r; i++) {
    const int64_t il = tartan_matrix_local_row(*L, i), jl = tartan_matrix_local_col(*L, i);

    if (il >= 0 && jl >= 0) tt_put_element((*L)->dtype, 1, (*L)->data, (*L)->ld, il, jl);
  }
done:
  tartan_matrix_destroy(&view);
  return st;
}

/* U := the first r rows from the diagonal on. Collective. */
static tartan_status take_u(const tt_factored *f, int64_t r, tartan_matrix **U)
{
  tartan_matrix *view = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_view(f->F, 0, 0, r, f->n, &view));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, view, f->F->dtype, NULL, U));
  tartan_tri(TARTAN_UPPER, 0, *U);
  if (f->scale != 1) tartan_scale(1 / f->scale, *U);
done:
  tartan_matrix_destroy(&view);
  return st;
}

/* Pivots that are not zero. Collective. */
static tartan_status count_pivots(const tt_factored *f, int64_t r, int64_t *found)
{
  double       *diagonal = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *found = 0;
  diagonal = tt_alloc(&f->F->grid->memory, r, sizeof *diagonal, "the diagonal of a factor", &local);
  AGREE(f->F->grid, local);
  TRY(tt_factored_diagonal(f, diagonal));
  for (int64_t i = 0; i < r; i++) *found += diagonal[i] != 0;
done:
  tt_free(diagonal);
  return st;
}

tartan_status tartan_lu(const tartan_matrix *A, tartan_matrix **L, tartan_matrix **U, int64_t *perm,
                        tartan_factor_info *info)
{
  const double   start = tt_seconds();
  const int64_t  r = tt_min(A->row.n, A->col.n);
  tt_factored    f = {0};
  tartan_matrix *new_L = NULL, *new_U = NULL;
  double         condition = NAN;
  int64_t        minor, found;
  bool           odd;
  char           reason[160];
  tartan_status  st = TARTAN_OK;

  if (L) *L = NULL;
  if (U) *U = NULL;
  TRY(tt_factored_start(A, TARTAN_ASSUME_GENERAL, &f, &minor));
  if (info && f.m == f.n) TRY(tt_factored_condition(&f, &condition));
  TRY(count_pivots(&f, r, &found));
  TRY(tt_factored_perm(&f, perm, &odd));
  if (L) TRY(take_l(&f, r, &new_L));
  if (U) TRY(take_u(&f, r, &new_U));
  tt_factored_reason(&f, TARTAN_ASSUME_GENERAL, 0, reason, sizeof reason);
  tt_factor_tell(info, tt_factored_routine(&f), reason, found, tt_seconds() - start);
  if (info) info->condition = condition;
  if (L) *L = new_L;
  if (U) *U = new_U;
  new_L = new_U = NULL;
done:
  tartan_matrix_destroy(&new_U);
  tartan_matrix_destroy(&new_L);
  tt_factored_end(&f);
  return st;
}
