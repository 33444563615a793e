/*
 * Products through ScaLAPACK's PBLAS (Choi, Dongarra, Ostrouchov, Petitet, Walker, Whaley 1996): operands in another
 * arrangement of ranks than C's are copied into it, everything else is the PBLAS's own pattern of panel broadcasts.
 */
#include <tartan/blas.h>

#include <string.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/agree.h"
#include "kernel/dense.h"

/* The checks that a product's operands share: one grid, one type. */
static tartan_status check_operand(const tartan_matrix *A, const tartan_matrix *C)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(A->grid == C->grid, TARTAN_ERR_GRID, "the operands of a product lie on two grids");
  REQUIRE(A->dtype == C->dtype, TARTAN_ERR_DTYPE, "a product of %s and %s operands", tartan_dtype_name(A->dtype),
          tartan_dtype_name(C->dtype));
done:
  return st;
}

static int64_t rows_of(tartan_op op, const tartan_matrix *A)
{
  return op == TARTAN_TRANS ? A->col.n : A->row.n;
}

static int64_t cols_of(tartan_op op, const tartan_matrix *A)
{
  return op == TARTAN_TRANS ? A->row.n : A->col.n;
}

/* NaN in C must not survive beta = 0, whatever the PBLAS does with it. */
static void clear_if_unread(double beta, tartan_matrix *C)
{
  if (beta == 0) tt_set_local(C->dtype, 0, C->data, C->ld, C->mloc, C->nloc);
}

tartan_status tartan_gemm(double alpha, tartan_op op_a, const tartan_matrix *A, tartan_op op_b, const tartan_matrix *B,
                          double beta, tartan_matrix *C)
{
  const int64_t m = C->row.n, n = C->col.n, k = cols_of(op_a, A);
  tt_operand    a = {0}, b = {0}, c = {0};
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK;

  TRY(check_operand(A, C));
  TRY(check_operand(B, C));
  REQUIRE(!C->col.starts, TARTAN_ERR_GRID, "a product cannot be written to a matrix in column ranges");
  REQUIRE(rows_of(op_a, A) == m && rows_of(op_b, B) == k && cols_of(op_b, B) == n, TARTAN_ERR_SHAPE,
          "op(A) is %lld x %lld, op(B) %lld x %lld, C %lld x %lld", (long long)rows_of(op_a, A), (long long)k,
          (long long)rows_of(op_b, B), (long long)cols_of(op_b, B), (long long)m, (long long)n);
  if (m == 0 || n == 0) goto done;
  TRY(tt_operand_make(A, C->p, C->q, &a));
  TRY(tt_operand_make(B, C->p, C->q, &b));
  TRY(tt_operand_make(C, C->p, C->q, &c));
  clear_if_unread(beta, C);
  t = tt_seconds();
  threads = tt_blas_threads_begin(C->grid);
  tt_pgemm(C->dtype, op_a, op_b, m, n, k, alpha, &a.p, &b.p, beta, &c.p);
  tt_blas_threads_end(threads);
  C->grid->counters.flops += 2.0 * (double)C->mloc * (double)C->nloc * (double)k;
  tt_grid_phase(C->grid, TARTAN_PHASE_COMPUTE, &t);
done:
  tt_operand_end(&c);
  tt_operand_end(&b);
  tt_operand_end(&a);
  return st;
}

tartan_status tartan_syrk(tartan_uplo uplo, tartan_op op, double alpha, const tartan_matrix *A, double beta,
                          tartan_matrix *C)
{
  const int64_t n = C->row.n, k = cols_of(op, A);
  tt_operand    a = {0}, c = {0};
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK;

  TRY(check_operand(A, C));
  REQUIRE(!C->col.starts, TARTAN_ERR_GRID, "a product cannot be written to a matrix in column ranges");
  REQUIRE(C->col.n == n && rows_of(op, A) == n, TARTAN_ERR_SHAPE, "op(A) is %lld x %lld, C %lld x %lld",
          (long long)rows_of(op, A), (long long)k, (long long)n, (long long)C->col.n);
  if (n == 0) goto done;
  TRY(tt_operand_make(A, C->p, C->q, &a));
  TRY(tt_operand_make(C, C->p, C->q, &c));
  t = tt_seconds();
  threads = tt_blas_threads_begin(C->grid);
  tt_psyrk(C->dtype, uplo, op, n, k, alpha, &a.p, beta, &c.p);
  tt_blas_threads_end(threads);
  C->grid->counters.flops += (double)C->mloc * (double)C->nloc * (double)k;
  tt_grid_phase(C->grid, TARTAN_PHASE_COMPUTE, &t);
done:
  tt_operand_end(&c);
  tt_operand_end(&a);
  return st;
}
