/*
 * Householder QR by ScaLAPACK: p?geqrf leaves R in the upper triangle and reflectors below, p?orgqr multiplies them out.
 * Rows of R and columns of Q are then given the signs that make R's diagonal non-negative, which fixes the
 * factorization.
 */
#include <tartan/factor.h>

#include "base/util.h"
#include "blas/pblas.h"
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

/* Factors F in place and, if Q is wanted, multiplies its first r columns out after R was taken. Collective. */
static tartan_status factor(tartan_matrix *F, bool want_q, tartan_matrix **R)
{
  tartan_grid   *grid = F->grid;
  const tt_pcall call = tt_pcall_of(grid);
  const int64_t  m = F->row.n, n = F->col.n, r = tt_min(m, n);
  tt_operand     f = {0};
  void          *tau = NULL;
  double         t = 0;
  int            threads;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_operand_make(F, F->p, F->q, &f));
  tau = tt_alloc_zero(&grid->memory, F->nloc + 1, tartan_dtype_size(F->dtype), "reflector factors", &local);
  AGREE(grid, local);
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  local = tt_pgeqrf(&call, F->dtype, m, n, &f.p, tau);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  grid->counters.flops += (want_q ? 2 : 1) * 2.0 * (double)r * (double)r * ((double)tt_max(m, n) - (double)r / 3) /
                          (F->p * F->q);
  AGREE(grid, local);
  TRY(extract_r(F, r, R));
  if (want_q) {
    t = tt_seconds();
    threads = tt_blas_threads_begin(grid);
    local = tt_porgqr(&call, F->dtype, m, r, &f.p, tau);
    tt_blas_threads_end(threads);
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
    AGREE(grid, local);
  }
done:
  tt_free(tau);
  tt_operand_end(&f);
  return st;
}

tartan_status tartan_qr(const tartan_matrix *A, const tartan_qr_opts *opts, tartan_matrix **Q, tartan_matrix **R,
                        tartan_factor_info *info)
{
  const int64_t      m = A->row.n, n = A->col.n, r = tt_min(m, n);
  tartan_matrix_opts layout = TARTAN_MATRIX_OPTS_INIT;
  tartan_matrix     *F = NULL, *view = NULL, *q = NULL, *rr = NULL;
  double            *sign = NULL;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  (void)opts, (void)info;
  if (Q) *Q = NULL;
  *R = NULL;
  TRY(tt_matrix_require_finite(A, "the matrix of a QR factorization"));
  sign = tt_alloc(&A->grid->memory, r, sizeof *sign, "signs", &local);
  AGREE(A->grid, local);
  if (r == 0) {
    TRY(tartan_matrix_create(A->grid, A->dtype, r, n, NULL, &rr));
    if (Q) TRY(tartan_matrix_create(A->grid, A->dtype, m, r, NULL, &q));
  } else {
    layout.p = m >= TALL * n ? A->grid->size : 0; /* one column of ranks, else few of them would hold a tall matrix */
    layout.q = m >= TALL * n ? 1 : 0;
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, &layout, &F));
    TRY(factor(F, Q != NULL, &rr));
    TRY(diagonal_signs(rr, sign));
    tt_signs_apply(rr, true, sign);
    if (Q) {
      TRY(tartan_matrix_view(F, 0, 0, m, r, &view));
      TRY(tt_matrix_clone(TARTAN_NO_TRANS, view, A->dtype, &layout, &q));
      tt_signs_apply(q, false, sign);
    }
  }
  *R = rr;
  if (Q) *Q = q;
  rr = q = NULL;
done:
  tt_free(sign);
  tartan_matrix_destroy(&q);
  tartan_matrix_destroy(&rr);
  tartan_matrix_destroy(&view);
  tartan_matrix_destroy(&F);
  return st;
}
