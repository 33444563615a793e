/* Windows become ScaLAPACK's (descriptor, ia, ja); what it cannot address is copied first. */
#include "blas/pblas.h"

#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "ext/blacs.h"
#include "ext/vendor.h"

tartan_status tt_operand_make(const tartan_matrix *A, int p, int q, tt_operand *operand)
{
  tartan_grid         *grid = A->grid;
  const tartan_matrix *a = A;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  memset(operand, 0, sizeof *operand);
  if (A->p != p || A->q != q || A->row.starts || A->col.starts || A->ranks) {
    const tartan_matrix_opts opts = {.size = sizeof opts, .p = p, .q = q};

    TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, &opts, &operand->copy));
    a = operand->copy;
  }
  operand->p = (tt_pmatrix){.data = a->storage->data,
                            .m = a->storage->m,
                            .n = a->storage->n,
                            .mb = a->row.nb,
                            .nb = a->col.nb,
                            .ld = a->storage->ld,
                            .rsrc = a->row.src,
                            .csrc = a->col.src,
                            .i0 = a->row.first,
                            .j0 = a->col.first};
  local = tt_blacs_prepare(&grid->blacs);
  if (local == TARTAN_OK && a->prow >= 0)
    local = tt_pmatrix_check(&operand->p, a->storage->ld, tt_axis_below(&a->col, a->pcol, a->storage->n), p * q);
  AGREE(grid, local);
  operand->p.context = tt_blacs_context(grid->blacs, grid->all, p, q);
done:
  if (st != TARTAN_OK) tt_operand_end(operand);
  return st;
}

void tt_operand_end(tt_operand *operand)
{
  tartan_matrix_destroy(&operand->copy);
}

static tartan_status agree_on_grid(void *grid, tartan_status local)
{
  return tt_agree(grid, local);
}

tt_pcall tt_pcall_of(tartan_grid *grid)
{
  const tt_pcall call = {.mem = &grid->memory, .agree = agree_on_grid, .context = grid};

  return call;
}

int tt_blas_threads_begin(const tartan_grid *grid)
{
  return tt_blas_set_threads(grid->threads);
}

void tt_blas_threads_end(int before)
{
  if (before > 0) tt_blas_set_threads(before);
}
