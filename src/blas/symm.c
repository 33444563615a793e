/* A symmetric matrix is made whole, then multiplied like any other. */
#include <tartan/blas.h>

#include "base/error.h"
#include "matrix/triangle.h"

tartan_status tartan_symm(tartan_side side, tartan_uplo uplo, double alpha, const tartan_matrix *A,
                          const tartan_matrix *B, double beta, tartan_matrix *C)
{
  const bool     left = side == TARTAN_LEFT;
  const int64_t  order = left ? C->row.n : C->col.n;
  tartan_matrix *S = NULL;
  tartan_status  st = TARTAN_OK;

  REQUIRE(A->grid == C->grid && B->grid == C->grid, TARTAN_ERR_GRID, "the operands of a product lie on two grids");
  REQUIRE(A->dtype == C->dtype && B->dtype == C->dtype, TARTAN_ERR_DTYPE, "a product of %s and %s operands into %s",
          tartan_dtype_name(A->dtype), tartan_dtype_name(B->dtype), tartan_dtype_name(C->dtype));
  REQUIRE(A->row.n == order && A->col.n == order && B->row.n == C->row.n && B->col.n == C->col.n, TARTAN_ERR_SHAPE,
          "the symmetric A is %lld x %lld, B %lld x %lld, C %lld x %lld", (long long)A->row.n, (long long)A->col.n,
          (long long)B->row.n, (long long)B->col.n, (long long)C->row.n, (long long)C->col.n);
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, NULL, &S));
  TRY(tt_matrix_mirror(uplo, S));
  if (left)
    TRY(tartan_gemm(alpha, TARTAN_NO_TRANS, S, TARTAN_NO_TRANS, B, beta, C, NULL));
  else
    TRY(tartan_gemm(alpha, TARTAN_NO_TRANS, B, TARTAN_NO_TRANS, S, beta, C, NULL));
done:
  tartan_matrix_destroy(&S);
  return st;
}
