/* Copying between any two layouts: one transfer, in steps that bound its workspace. */
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "kernel/dense.h"
#include "matrix/transfer.h"

#define STEP_BYTES ((int64_t)64 << 20)

/* Bytes for a transfer: no more than half of what the tightest budget leaves. Collective. */
static tartan_status step_bytes(tartan_grid *grid, int64_t *bytes)
{
  const tt_memory *mem = &grid->memory;
  tartan_status    st = TARTAN_OK;

  *bytes = mem->limit > 0 ? tt_min(STEP_BYTES, (mem->limit - mem->used) / 2) : STEP_BYTES;
  TRY(tt_agree_least(grid, bytes));
done:
  return st;
}

tartan_status tartan_matrix_copy(tartan_op op, const tartan_matrix *A, tartan_matrix *B)
{
  const int64_t   m = op == TARTAN_TRANS ? A->col.n : A->row.n, n = op == TARTAN_TRANS ? A->row.n : A->col.n;
  const tt_layout own = tt_matrix_layout(A), from = op == TARTAN_TRANS ? tt_layout_turn(&own) : own,
                  to = tt_matrix_layout(B);
  tt_transfer   t;
  tt_step       step;
  int64_t       bytes = 0;
  tartan_status st = TARTAN_OK;

  memset(&t, 0, sizeof t);
  REQUIRE(A->grid == B->grid, TARTAN_ERR_GRID, "a copy between matrices of two grids");
  REQUIRE(m == B->row.n && n == B->col.n, TARTAN_ERR_SHAPE, "a copy of %lld x %lld into %lld x %lld", (long long)m,
          (long long)n, (long long)B->row.n, (long long)B->col.n);
  if (op == TARTAN_NO_TRANS && tt_layout_same(&from, &to)) { /* nothing moves between ranks */
    tt_copy_local(A->dtype, A->data, A->ld, B->dtype, B->data, B->ld, B->mloc, B->nloc);
    goto done;
  }
  TRY(step_bytes(B->grid, &bytes));
  step = tt_transfer_plan(&from, &to, tartan_dtype_size(A->dtype), (tt_step){INT64_MAX, INT64_MAX}, bytes);
  AGREE(B->grid, tt_transfer_make(op, A, &to, step, &t)); /* all memory is taken here: B changes wholly or not at all */
  TRY(tt_transfer_all(&t, step, 0, B));
done:
  tt_transfer_free(&t);
  return st;
}

tartan_status tt_matrix_clone(tartan_op op, const tartan_matrix *A, tartan_dtype dtype, const tartan_matrix_opts *opts,
                              tartan_matrix **B)
{
  const bool    swap = op == TARTAN_TRANS;
  tartan_status st = TARTAN_OK;

  TRY(tt_matrix_create_raw(A->grid, dtype, swap ? A->col.n : A->row.n, swap ? A->row.n : A->col.n, opts, B));
  st = tartan_matrix_copy(op, A, *B);
  if (st != TARTAN_OK) tartan_matrix_destroy(B);
done:
  return st;
}
