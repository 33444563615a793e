/*
 * Householder QR by ScaLAPACK: p?geqrf leaves R in the upper triangle and reflectors below, p?orgqr multiplies them out.
 * Rows of R and columns of Q are then given the signs that make R's diagonal non-negative, which fixes the
 * factorization. The pivoted factorization shares all but the first step.
 */
#include "factor/qr_householder.h"

#include <stdio.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/signs.h"
#include "kernel/dense.h"

/* Rows per column from which a matrix is factored on one column of ranks. */
#define TALL 4

/* R := upper triangle of the first r rows of the factored matrix. Collective. */
static tartan_status extract_r(tartan_matrix *F, int64_t r, tartan_matrix **R)
{
  tartan_matrix *top = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_view(F, 0, 0, r, F->col.n, &top));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, top, F->dtype, NULL, R));
  for (int64_t jl = 0; jl < (*R)->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(*R, jl);

    for (int64_t il = 0; il < (*R)->mloc; il++)
      if (tartan_matrix_global_row(*R, il) > j) tt_put_element(F->dtype, 0, (*R)->data, (*R)->ld, il, jl);
  }
done:
  tartan_matrix_destroy(&top);
  return st;
}

/* sign[i] := -1 where R(i, i) < 0, else 1, on every rank. Collective. */
static tartan_status diagonal_signs(const tartan_matrix *R, double *sign)
{
  tartan_status st = TARTAN_OK;

  for (int64_t i = 0; i < R->row.n; i++) {
    const int64_t il = tartan_matrix_local_row(R, i), jl = tartan_matrix_local_col(R, i);

    sign[i] = il >= 0 && jl >= 0 && tt_get_element(R->dtype, R->data, R->ld, il, jl) < 0 ? -1 : 1;
  }
  TRY(tt_allreduce_f64(R->grid, sign, R->row.n, TT_MIN));
done:
  return st;
}

tartan_status tt_reflectors_make(const tt_qr *x, tt_reflectors *f)
{
  const tartan_matrix *A = x->A;
  const int64_t        m = A->row.n, n = A->col.n;
  tartan_matrix_opts   layout = TARTAN_MATRIX_OPTS_INIT;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  *f = (tt_reflectors){.r = tt_min(m, n)};
  if (m >= TALL * n)
    layout = tt_qr_rows(A, TT_BLOCK); /* in the grid's arrangement few ranks would hold a tall matrix */
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, &layout, &f->F));
  if (x->scale != 1) tt_scale_local(A->dtype, x->scale, f->F->data, f->F->ld, f->F->mloc, f->F->nloc);
  TRY(tt_operand_make(f->F, f->F->p, f->F->q, &f->operand));
  f->tau = tt_alloc_zero(&A->grid->memory, f->F->nloc + 1, tartan_dtype_size(A->dtype), "reflector factors", &local);
  f->sign = tt_alloc(&A->grid->memory, f->r, sizeof *f->sign, "signs", &local);
  AGREE(A->grid, local);
done:
  return st;
}

void tt_reflectors_end(tt_reflectors *f)
{
  tt_free(f->sign);
  tt_free(f->tau);
  tt_operand_end(&f->operand);
  tartan_matrix_destroy(&f->F);
}

/* The first r columns of Q in a matrix of their own. Collective. */
static tartan_status multiply_out(tt_qr *x, tt_reflectors *f)
{
  tartan_grid             *grid = x->A->grid;
  const tt_pcall           call = tt_pcall_of(grid);
  const tartan_matrix_opts layout = {.size = sizeof layout,
                                     .mb = f->F->row.nb,
                                     .nb = f->F->col.nb,
                                     .p = f->F->p,
                                     .q = f->F->q};
  tartan_matrix           *view = NULL;
  double                   t = tt_seconds();
  const int                threads = tt_blas_threads_begin(grid);
  tartan_status st = TARTAN_OK, local = tt_porgqr(&call, x->A->dtype, f->F->row.n, f->r, &f->operand.p, f->tau);

  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  if (f->r == f->F->col.n) { /* F itself serves */
    x->Q = f->F;
    f->F = NULL;
  } else {
    TRY(tartan_matrix_view(f->F, 0, 0, f->F->row.n, f->r, &view));
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, view, x->A->dtype, &layout, &x->Q));
  }
  tt_signs_apply(x->Q, false, f->sign);
done:
  tartan_matrix_destroy(&view);
  return st;
}

tartan_status tt_reflectors_factors(tt_qr *x, tt_reflectors *f)
{
  tartan_grid  *grid = x->A->grid;
  const double  r = (double)f->r, longer = (double)tt_max(x->A->row.n, x->A->col.n);
  tartan_status st = TARTAN_OK;

  grid->counters.flops += (x->want_q ? 2 : 1) * 2.0 * r * r * (longer - r / 3) / (f->F->p * f->F->q);
  TRY(extract_r(f->F, f->r, &x->R));
  TRY(diagonal_signs(x->R, f->sign));
  tt_signs_apply(x->R, true, f->sign);
  if (x->want_q) TRY(multiply_out(x, f));
done:
  return st;
}

tartan_status tt_qr_householder(tt_qr *x)
{
  tartan_grid   *grid = x->A->grid;
  const tt_pcall call = tt_pcall_of(grid);
  tt_reflectors  f = {0};
  double         t;
  int            threads;
  tartan_status  st = TARTAN_OK, local;

  snprintf(x->method, sizeof x->method, "%s", x->want_q ? "p?geqrf, p?orgqr" : "p?geqrf");
  TRY(tt_reflectors_make(x, &f));
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  local = tt_pgeqrf(&call, x->A->dtype, x->A->row.n, x->A->col.n, &f.operand.p, f.tau);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  TRY(tt_reflectors_factors(x, &f));
done:
  tt_reflectors_end(&f);
  return st;
}
