/*
 * Triangular systems through ScaLAPACK's p?trsm, which has no rule for blocks and offsets: any block-cyclic window will
 * do. Its processes are in order, so an operand whose ranks are not, or that lies in ranges, is copied first.
 */
#include <tartan/blas.h>

#include "base/error.h"
#include "base/util.h"
#include "blas/pblas.h"

/* B := the solution, on B's arrangement of ranks. Collective. */
static tartan_status solve(tartan_side side, tartan_uplo uplo, tartan_op op, tartan_diag diag, double alpha,
                           const tartan_matrix *A, tartan_matrix *B)
{
  tt_operand    a = {0}, b = {0};
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK;

  TRY(tt_operand_make(A, B->p, B->q, &a));
  TRY(tt_operand_make(B, B->p, B->q, &b));
  t = tt_seconds();
  threads = tt_blas_threads_begin(B->grid);
  tt_ptrsm(B->dtype, side == TARTAN_LEFT, uplo, op, diag == TARTAN_UNIT, B->row.n, B->col.n, alpha, &a.p, &b.p);
  tt_blas_threads_end(threads);
  B->grid->counters.flops += (double)B->mloc * (double)B->nloc * (double)A->row.n;
  tt_grid_phase(B->grid, TARTAN_PHASE_COMPUTE, &t);
  if (b.copy) TRY(tartan_matrix_copy(TARTAN_NO_TRANS, b.copy, B));
done:
  tt_operand_end(&b);
  tt_operand_end(&a);
  return st;
}

tartan_status tartan_trsm(tartan_side side, tartan_uplo uplo, tartan_op op, tartan_diag diag, double alpha,
                          const tartan_matrix *A, tartan_matrix *B)
{
  const int64_t order = side == TARTAN_LEFT ? B->row.n : B->col.n;
  tartan_status st = TARTAN_OK;

  REQUIRE(A->grid == B->grid, TARTAN_ERR_GRID, "the operands of a triangular system lie on two grids");
  REQUIRE(A->dtype == B->dtype, TARTAN_ERR_DTYPE, "a triangular system of %s and %s operands",
          tartan_dtype_name(A->dtype), tartan_dtype_name(B->dtype));
  REQUIRE(A->row.n == order && A->col.n == order, TARTAN_ERR_SHAPE, "the triangle is %lld x %lld, B %lld x %lld",
          (long long)A->row.n, (long long)A->col.n, (long long)B->row.n, (long long)B->col.n);
  if (B->row.n == 0 || B->col.n == 0) goto done;
  TRY(solve(side, uplo, op, diag, alpha, A, B));
done:
  return st;
}
