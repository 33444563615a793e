/*
 * A whole matrix on one rank and back: the root's array is wrapped as a matrix of one block on a 1 x P arrangement whose
 * only column range belongs to the root, and copied like any other.
 */
#include "base/util.h"
#include "comm/collective.h"
#include "kernel/convert.h"
#include "matrix/matrix.h"

/* A matrix [m, n] that lies wholly in `data` of one rank. Collective. */
static tartan_status wrap_at_root(const tartan_matrix *A, int root, void *data, tartan_matrix **whole)
{
  const int     P = A->grid->size;
  int64_t      *starts = NULL;
  void         *mine = A->grid->rank == root && A->row.n * A->col.n > 0 ? data : NULL;
  char          nothing;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(root >= 0 && root < P, TARTAN_ERR_ARG, "rank %d is not one of %d", root, P);
  starts = tt_alloc(&A->grid->memory, P + 1, sizeof *starts, "the ranges of a gather", &local);
  AGREE(A->grid, local);
  for (int r = 0; r <= P; r++) starts[r] = r <= root ? 0 : A->col.n;
  TRY(tt_matrix_create_ranges(A->grid, A->dtype, A->row.n, A->col.n, starts, mine ? mine : &nothing, whole));
done:
  tt_free(starts);
  return st;
}

tartan_status tartan_matrix_gather(const tartan_matrix *A, int root, void *data)
{
  tartan_matrix *whole = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(wrap_at_root(A, root, data, &whole));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, A, whole));
done:
  tartan_matrix_destroy(&whole);
  return st;
}

tartan_status tartan_matrix_scatter(const void *data, int root, tartan_matrix *A)
{
  tartan_matrix *whole = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(wrap_at_root(A, root, (void *)(uintptr_t)data, &whole)); /* it is only read */
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, whole, A));
done:
  tartan_matrix_destroy(&whole);
  return st;
}

/* Fails with `status` where an element is NaN or Inf; `remark` ends the message. Collective. */
static tartan_status require(const tartan_matrix *A, const char *name, tartan_status status, const char *remark)
{
  const int64_t w = (int64_t)tartan_dtype_size(A->dtype);
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (int64_t jl = 0; jl < A->nloc && local == TARTAN_OK; jl++) {
    bool          is_nan = false;
    const int64_t il = tt_find_nonfinite(tt_element_of(A->dtype), (const char *)A->data + jl * A->ld * w, A->mloc,
                                         &is_nan);

    if (il >= 0)
      local = tt_fail(status, "%s has %s at (%lld, %lld)%s", name, is_nan ? "NaN" : "Inf",
                      (long long)tartan_matrix_global_row(A, il), (long long)tartan_matrix_global_col(A, jl), remark);
  }
  AGREE(A->grid, local);
done:
  return st;
}

tartan_status tt_matrix_require_finite(const tartan_matrix *A, const char *name)
{
  return require(A, name, TARTAN_ERR_INPUT, "");
}

tartan_status tt_matrix_require_range(const tartan_matrix *A, const char *name)
{
  return require(A, name, TARTAN_ERR_NUMERIC,
                 A->dtype == TARTAN_F32 ? ": it is beyond the range of f32" : ": it is beyond the range of f64");
}
