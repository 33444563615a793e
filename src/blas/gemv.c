/* Products with vectors: those of one column, or of inner dimension one, for which the planner finds its own grid. */
#include <tartan/blas.h>

#include "base/error.h"
#include "matrix/matrix.h"

static tartan_status require_column(const tartan_matrix *x)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(x->col.n == 1, TARTAN_ERR_SHAPE, "a vector is a matrix of one column, not of %lld", (long long)x->col.n);
done:
  return st;
}

tartan_status tartan_gemv(double alpha, tartan_op op, const tartan_matrix *A, const tartan_matrix *x, double beta,
                          tartan_matrix *y)
{
  tartan_status st = TARTAN_OK;

  TRY(require_column(x));
  TRY(require_column(y));
  TRY(tartan_gemm(alpha, op, A, TARTAN_NO_TRANS, x, beta, y, NULL));
done:
  return st;
}

tartan_status tartan_ger(double alpha, const tartan_matrix *x, const tartan_matrix *y, tartan_matrix *A)
{
  tartan_status st = TARTAN_OK;

  TRY(require_column(x));
  TRY(require_column(y));
  TRY(tartan_gemm(alpha, TARTAN_NO_TRANS, x, TARTAN_TRANS, y, 1, A, NULL));
done:
  return st;
}
