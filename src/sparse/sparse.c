/* What a sparse matrix tells of itself, its end, and the same entries in another order: its transpose, or rows
 * that are balanced by another work. */
#include "sparse/sparse.h"

#include <math.h>

#include "kernel/dense.h"
#include "sparse/build.h"

void tartan_sparse_destroy(tartan_sparse **A)
{
  tartan_sparse *a = A ? *A : NULL;

  if (!a) return;
  tt_free(a->value);
  tt_free(a->col);
  tt_free(a->ptr);
  tt_free(a->owner);
  tt_free(a);
  *A = NULL;
}

void tartan_sparse_shape(const tartan_sparse *A, int64_t *m, int64_t *n, int64_t *entries)
{
  if (m) *m = A->m;
  if (n) *n = A->n;
  if (entries) *entries = A->entries;
}

tartan_dtype tartan_sparse_dtype(const tartan_sparse *A)
{
  return A->dtype;
}

tartan_grid *tartan_sparse_grid(const tartan_sparse *A)
{
  return A->grid;
}

void tartan_sparse_local(const tartan_sparse *A, tartan_sparse_part *part)
{
  *part = (tartan_sparse_part){A->first, A->rows, A->ptr, A->col, A->value, A->before, A->after};
}

int tt_sparse_owner(const tartan_sparse *A, int64_t row)
{
  int low = 0, high = A->grid->size - 1; /* the last rank that begins at the row or before, and has rows */

  while (low < high) {
    const int middle = low + (high - low + 1) / 2;

    if (A->owner[middle] <= row)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

/* The entries of a matrix, or of its transpose, made anew. */
static tartan_status remake(tartan_op op, const tartan_sparse *A, const tt_build_opts *opts, tartan_sparse **B)
{
  const int64_t count = A->ptr[A->rows];
  const bool    turn = op == TARTAN_TRANS;
  tt_pair      *pair = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *B = NULL;
  REQUIRE(!turn || A->m < INT64_C(1) << TT_COL_BITS, TARTAN_ERR_SHAPE,
          "%lld rows are too many for columns of a sparse matrix: at most 2^31 - 1", (long long)A->m);
  REQUIRE(opts->row_work >= 0 && isfinite(opts->row_work), TARTAN_ERR_ARG, "the work of a row, %g, must be 0 or more",
          opts->row_work);
  pair = tt_alloc(&A->grid->memory, count, sizeof *pair, "entries to be moved", &local);
  AGREE(A->grid, local);
  for (int64_t i = 0; i < A->rows; i++)
    for (int64_t e = A->ptr[i]; e < A->ptr[i + 1]; e++) {
      const uint64_t row = (uint64_t)(A->first + i), col = (uint64_t)A->col[e];

      pair[e].key = turn ? col << TT_COL_BITS | row : row << TT_COL_BITS | col;
      pair[e].value = tt_get_element(A->dtype, A->value, 1, e, 0);
    }
  st = tt_sparse_build(A->grid, A->dtype, turn ? A->n : A->m, turn ? A->m : A->n, opts, pair, count, B);
  pair = NULL;
done:
  tt_free(pair);
  return st;
}

tartan_status tartan_sparse_transpose(const tartan_sparse *A, double row_work, tartan_sparse **At)
{
  const tt_build_opts opts = {.duplicates = TARTAN_DUPLICATES_ERROR, .row_work = row_work};

  return remake(TARTAN_TRANS, A, &opts, At);
}

tartan_status tt_sparse_arrange(tartan_op op, const tartan_sparse *A, tt_work *work, void *context, tartan_sparse **B)
{
  const tt_build_opts opts = {TARTAN_DUPLICATES_ERROR, 1, work, context};

  return remake(op, A, &opts, B);
}
