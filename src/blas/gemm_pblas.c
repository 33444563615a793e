/*
 * Products through ScaLAPACK's PBLAS (Choi, Dongarra, Ostrouchov, Petitet, Walker, Whaley 1996): the reference. Operands
 * that it cannot address, or in another arrangement of ranks than C's, are copied into one first.
 */
#include "base/util.h"
#include "blas/gemm_impl.h"
#include "blas/pblas.h"
#include "kernel/dense.h"

/* NaN in C must not survive beta = 0, whatever the PBLAS does with it. */
static void clear_if_unread(double beta, tartan_matrix *C)
{
  if (beta == 0) tt_set_local(C->dtype, 0, C->data, C->ld, C->mloc, C->nloc);
}

tartan_status tt_gemm_pblas(const tt_product *x)
{
  tartan_matrix *C = x->C;
  const int64_t  k = x->op_a == TARTAN_TRANS ? x->A->row.n : x->A->col.n;
  tt_operand     a = {0}, b = {0}, c = {0};
  double         t;
  int            threads;
  tartan_status  st = TARTAN_OK;

  TRY(tt_operand_make(C, C->p, C->q, &c));
  TRY(tt_operand_make(x->A, C->p, C->q, &a));
  TRY(tt_operand_make(x->B, C->p, C->q, &b));
  clear_if_unread(x->beta, c.copy ? c.copy : C);
  t = tt_seconds();
  threads = tt_blas_threads_begin(C->grid);
  tt_pgemm(C->dtype, x->op_a, x->op_b, C->row.n, C->col.n, k, x->alpha, &a.p, &b.p, x->beta, &c.p);
  tt_blas_threads_end(threads);
  C->grid->counters.flops += 2.0 * (double)C->mloc * (double)C->nloc * (double)k;
  tt_grid_phase(C->grid, TARTAN_PHASE_COMPUTE, &t);
  if (c.copy) TRY(tartan_matrix_copy(TARTAN_NO_TRANS, c.copy, C));
done:
  tt_operand_end(&b);
  tt_operand_end(&a);
  tt_operand_end(&c);
  return st;
}

tartan_status tt_syrk_pblas(tartan_uplo uplo, tartan_op op, double alpha, const tartan_matrix *A, double beta,
                            tartan_matrix *C)
{
  const int64_t n = C->row.n, k = op == TARTAN_TRANS ? A->row.n : A->col.n;
  tt_operand    a = {0}, c = {0};
  double        t;
  int           threads;
  tartan_status st = TARTAN_OK;

  TRY(tt_operand_make(C, C->p, C->q, &c));
  TRY(tt_operand_make(A, C->p, C->q, &a));
  if (beta == 0) tt_scale_triangle(uplo, 0, c.copy ? c.copy : C);
  t = tt_seconds();
  threads = tt_blas_threads_begin(C->grid);
  tt_psyrk(C->dtype, uplo, op, n, k, alpha, &a.p, beta, &c.p);
  tt_blas_threads_end(threads);
  C->grid->counters.flops += (double)C->mloc * (double)C->nloc * (double)k;
  tt_grid_phase(C->grid, TARTAN_PHASE_COMPUTE, &t);
  if (c.copy) TRY(tartan_matrix_copy(TARTAN_NO_TRANS, c.copy, C));
done:
  tt_operand_end(&a);
  tt_operand_end(&c);
  return st;
}
