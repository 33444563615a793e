#include "common/gemr2d.h"

#include <dlfcn.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "ext/blacs.h"
#include "tt_config.h"

/* The same handle that the library has: ScaLAPACK is loaded by now. */
static tartan_status look_up(tartan_dtype dtype, bench_gemr2d *x)
{
  const char   *name = dtype == TARTAN_F32 ? "psgemr2d_" : "pdgemr2d_";
  void         *handle = dlopen(TT_SCALAPACK_LIBRARY, RTLD_NOW | RTLD_LOCAL), *address = NULL;
  tartan_status st = TARTAN_OK;

  if (!handle) handle = dlopen(TT_SCALAPACK_PATH, RTLD_NOW | RTLD_LOCAL);
  if (handle) address = dlsym(handle, name);
  REQUIRE(address, TARTAN_ERR_BACKEND, "%s has no %s", TT_SCALAPACK_LIBRARY, name);
  memcpy(&x->call, &address, sizeof address);
done:
  return st;
}

tartan_status bench_gemr2d_make(const tartan_matrix *A, tartan_matrix *B, bench_gemr2d *x)
{
  tartan_grid  *grid = A->grid;
  tartan_status st = TARTAN_OK;

  TRY(tt_operand_make(A, A->p, A->q, &x->from));
  TRY(tt_operand_make(B, B->p, B->q, &x->to));
  REQUIRE(!x->from.copy && !x->to.copy, TARTAN_ERR_GRID, "p?gemr2d cannot use these layouts");
  x->m = (int)A->row.n;
  x->n = (int)A->col.n;
  AGREE(grid, look_up(A->dtype, x));
  x->context = tt_blacs_context(grid->blacs, grid->all, 1, grid->size);
done:
  return st;
}

static void describe(const tt_pmatrix *A, int desc[9])
{
  const int d[9] = {1,       A->context,           (int)A->m, (int)A->n, (int)A->mb, (int)A->nb, A->rsrc,
                    A->csrc, (int)tt_max(1, A->ld)};

  memcpy(desc, d, sizeof d);
}

void bench_gemr2d_run(const bench_gemr2d *x)
{
  const int one = 1;
  int       from[9], to[9];

  describe(&x->from.p, from);
  describe(&x->to.p, to);
  x->call(&x->m, &x->n, x->from.p.data, &one, &one, from, x->to.p.data, &one, &one, to, &x->context);
}

void bench_gemr2d_end(bench_gemr2d *x)
{
  tt_operand_end(&x->to);
  tt_operand_end(&x->from);
}
