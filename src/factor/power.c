/* Matrix powers by repeated squaring: the binary digits of the exponent from the lowest on (Knuth, volume 2, 4.6.3). */
#include "base/error.h"
#include "factor/lstsq_impl.h"

/* *product := *product base, or base if there is none yet. Collective. */
static tartan_status multiply(const tartan_matrix *base, tartan_matrix **product)
{
  tartan_matrix *C = NULL;
  tartan_status  st = TARTAN_OK;

  if (*product)
    TRY(tt_product_new(TARTAN_NO_TRANS, *product, TARTAN_NO_TRANS, base, NULL, &C));
  else
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, base, base->dtype, NULL, &C));
  tartan_matrix_destroy(product);
  *product = C;
done:
  return st;
}

/* *square := base base, in place of what it was. Collective. */
static tartan_status square_of(const tartan_matrix *base, tartan_matrix **square)
{
  tartan_matrix *C = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_product_new(TARTAN_NO_TRANS, base, TARTAN_NO_TRANS, base, NULL, &C));
  tartan_matrix_destroy(square);
  *square = C;
done:
  return st;
}

tartan_status tartan_matrix_power(const tartan_matrix *A, int64_t k, tartan_matrix **B)
{
  uint64_t       e = k < 0 ? 0 - (uint64_t)k : (uint64_t)k; /* -INT64_MIN is no int64 */
  tartan_matrix *square = NULL, *product = NULL;            /* A^(2^i), or the inverse's */
  tartan_status  st = TARTAN_OK;

  *B = NULL;
  REQUIRE(A->row.n == A->col.n, TARTAN_ERR_SHAPE, "a power of a matrix of %lld x %lld, which is not square",
          (long long)A->row.n, (long long)A->col.n);
  if (k < 0) TRY(tartan_inv(A, NULL, &square, NULL));
  if (e == 0) {
    TRY(tartan_matrix_create(A->grid, A->dtype, A->row.n, A->row.n, NULL, &product));
    tartan_matrix_set(product, 0, 1);
  }
  while (e > 0) {
    if (e & 1) TRY(multiply(square ? square : A, &product));
    e >>= 1;
    if (e > 0) TRY(square_of(square ? square : A, &square));
  }
  TRY(tt_matrix_require_range(product, "the power"));
  *B = product;
  product = NULL;
done:
  tartan_matrix_destroy(&product);
  tartan_matrix_destroy(&square);
  return st;
}
