/* Memory, addresses and the broadcast of a group of panels. */
#include "factor/row_group.h"

#include "base/util.h"
#include "comm/collective.h"

tartan_status tt_row_group_make(const tt_factored *f, tt_row_group *g)
{
  tt_memory    *mem = &f->F->grid->memory;
  tartan_status local = TARTAN_OK;

  *g = (tt_row_group){.F = f->F, .size = tartan_dtype_size(f->F->dtype), .m = f->m, .n = f->n, .nb = f->layout.nb};
  g->w = tt_alloc(mem, f->m * TT_ROW_GROUP * g->nb, g->size, "panels of a factorization", &local);
  g->pivot = tt_alloc_zero(mem, g->nb + 1, sizeof *g->pivot, "pivots of a panel", &local);
  return local;
}

void tt_row_group_end(tt_row_group *g)
{
  tt_free(g->pivot);
  tt_free(g->w);
}

char *tt_row_at(const tt_row_group *g, int64_t i, int64_t j)
{
  return (char *)g->F->data + (size_t)(i + j * g->F->ld) * g->size;
}

char *tt_row_at_group(const tt_row_group *g, int64_t i, int64_t j)
{
  return g->w + (size_t)(i + j * (g->m - g->row)) * g->size;
}

int64_t tt_row_columns(const tt_row_group *g, int64_t j)
{
  return tt_axis_below(&g->F->col, g->F->pcol, tt_min(j, g->n));
}

tartan_status tt_row_spread(tt_row_group *g, int64_t first, int64_t count)
{
  const int     owner = (int)(first / g->nb % g->F->q);
  tartan_status st = TARTAN_OK;

  TRY(tt_bcast(g->F->grid, g->pivot, g->nb + 1, sizeof *g->pivot, owner));
  TRY(tt_bcast(g->F->grid, tt_row_at_group(g, 0, g->done), (g->m - g->row) * count, g->size, owner));
done:
  return st;
}
