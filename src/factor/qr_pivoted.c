/*
 * QR with column pivoting by ScaLAPACK's p?geqpf: in each step the column that is left with the largest norm. Its
 * permutation comes in parts, each rank's for its own columns.
 */
#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/qr_householder.h"
#include "kernel/dense.h"

/* The permutation on every rank, from what each knows of its columns. Collective. */
static tartan_status join_permutation(const tartan_matrix *F, const int64_t *from, int64_t *perm)
{
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < F->col.n; j++) perm[j] = -1;
  for (int64_t jl = 0; jl < F->nloc && F->prow == 0; jl++) perm[tartan_matrix_global_col(F, jl)] = from[jl];
  TRY(tt_allreduce_i64(F->grid, perm, F->col.n, TT_MAX));
done:
  return st;
}

/* Rank and condition from the diagonal of R, which gets room for it. Collective. */
static tartan_status judge_diagonal(tt_qr *x, double *diagonal)
{
  const tartan_matrix *R = x->R;
  const double         u = R->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53;
  const double         size = (double)tt_max(x->A->row.n, x->A->col.n);
  tartan_status        st = TARTAN_OK;

  for (int64_t i = 0; i < R->row.n; i++) {
    const int64_t il = tartan_matrix_local_row(R, i), jl = tartan_matrix_local_col(R, i);

    diagonal[i] = il >= 0 && jl >= 0 ? fabs(tt_get_element(R->dtype, R->data, R->ld, il, jl)) : 0;
  }
  TRY(tt_allreduce_f64(R->grid, diagonal, R->row.n, TT_MAX));
  x->rank = 0;
  for (int64_t i = 0; i < R->row.n; i++) x->rank += diagonal[i] > size * u * diagonal[0];
done:
  return st;
}

tartan_status tt_qr_pivoted(tt_qr *x, int64_t *perm)
{
  tartan_grid   *grid = x->A->grid;
  const tt_pcall call = tt_pcall_of(grid);
  tt_reflectors  f = {0};
  int64_t       *from = NULL;
  double         t;
  int            threads;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  snprintf(x->method, sizeof x->method, "%s", x->want_q ? "p?geqpf, p?orgqr" : "p?geqpf");
  snprintf(x->reason, sizeof x->reason, "the only one with column pivoting");
  TRY(tt_reflectors_make(x, &f));
  from = tt_alloc(&grid->memory, f.F->nloc, sizeof *from, "a permutation", &local);
  AGREE(grid, local);
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  local = tt_pgeqpf(&call, x->A->dtype, x->A->row.n, x->A->col.n, f.F->mloc, f.F->nloc, &f.operand.p, from, f.tau);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  TRY(join_permutation(f.F, from, perm));
  TRY(tt_reflectors_factors(x, &f));
  TRY(judge_diagonal(x, f.sign));
done:
  tt_free(from);
  tt_reflectors_end(&f);
  return st;
}
