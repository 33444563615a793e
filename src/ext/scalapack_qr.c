/* QR with column pivoting. Which column went where comes with the columns, as 32-bit integers counted from one. */
#include "base/error.h"
#include "base/util.h"
#include "ext/scalapack.h"
#include "ext/table.h"

tartan_status tt_pgeqpf(const tt_pcall *call, tartan_dtype dtype, int64_t m, int64_t n, int64_t mloc, int64_t nloc,
                        tt_pmatrix *A, int64_t *from, void *tau)
{
  const int     desc[9] = {1,       A->context,           (int)A->m, (int)A->n, (int)A->mb, (int)A->nb, A->rsrc,
                           A->csrc, (int)tt_max(1, A->ld)};
  const int     M = (int)m, N = (int)n, ia = (int)A->i0 + 1, ja = (int)A->j0 + 1;
  const int64_t least = tt_max(3, mloc + A->mb + nloc + A->nb) + 2 * (nloc + A->nb); /* as documented */
  const int     lwork = (int)tt_min(least, INT32_MAX);
  const tt_scalapack_table *table = NULL;
  void                     *work = NULL;
  int                      *pivot = NULL, info = 0;
  tartan_status             st = TARTAN_OK, local = TARTAN_OK;

  if (A->context < 0) return call->agree(call->context, TARTAN_OK);
  local = tt_scalapack_get(&table); /* cannot fail: a context exists */
  if (least > INT32_MAX)
    local = tt_fail(TARTAN_ERR_OVERFLOW, "p?geqpf wants a workspace beyond its 32-bit integers; use more ranks");
  work = tt_alloc(call->mem, lwork, tartan_dtype_size(dtype), "the workspace of p?geqpf", &local);
  pivot = tt_alloc_zero(call->mem, nloc + A->nb, sizeof *pivot, "pivots", &local);
  TRY(call->agree(call->context, local));
  table->typed[dtype].geqpf(&M, &N, A->data, &ia, &ja, desc, pivot, tau, work, &lwork, &info);
  if (info != 0) st = tt_fail(TARTAN_ERR_BUG, "p?geqpf refused its argument %d", -info);
  for (int64_t j = 0; j < nloc; j++) from[j] = pivot[j] - 1;
done:
  tt_free(pivot);
  tt_free(work);
  return st;
}
