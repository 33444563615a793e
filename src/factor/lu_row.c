/*
 * LU with partial pivoting on one row of ranks: the owner of a panel factors it with LAPACK (recursively; p?getrf goes
 * column by column, with a search over ranks for each) and broadcasts it with its pivots (Golub, Van Loan 2013, 3.2.11).
 */
#include "base/util.h"
#include "comm/agree.h"
#include "ext/lapack_solve.h"
#include "factor/row_group.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/triangular.h"

/* Local columns c .. c + count - 1, whose rows have been exchanged: rows of U and what the group takes from the rest. */
static void update(const tt_row_group *g, int64_t c, int64_t count)
{
  const tartan_dtype t = g->F->dtype;
  const int64_t      ld = g->m - g->row, below = ld - g->done;

  if (count == 0 || g->done == 0) return;
  tt_trsm_left_unit_local(t, g->done, count, g->w, ld, tt_row_at(g, g->row, c), g->F->ld);
  if (below > 0)
    tt_gemm_local(t, TARTAN_NO_TRANS, TARTAN_NO_TRANS, below, count, g->done, -1, tt_row_at_group(g, g->done, 0), ld,
                  tt_row_at(g, g->row, c), g->F->ld, 1, tt_row_at(g, g->row + g->done, c), g->F->ld);
}

/* Factors the panel of `width` columns at global column `first`, and packs it. On its owner. */
static void factor_panel(const tt_row_group *g, int64_t first, int64_t width)
{
  const int64_t c = tt_row_columns(g, first);

  update(g, c, width);
  g->pivot[g->nb] = (int)tt_getrf(g->F->dtype, g->m - first, width, tt_row_at(g, first, c), g->F->ld, g->pivot);
  tt_copy_local(g->F->dtype, tt_row_at(g, g->row, c), g->F->ld, g->F->dtype, tt_row_at_group(g, 0, g->done),
                g->m - g->row, g->m - g->row, tt_min(width, g->m - first));
}

/*
 * Exchanges rows as a panel says in what the next panels need: the group's columns of L, and this rank's columns of the
 * group that are still to come. Those beyond the group are done once for all its panels, those of L at the very end.
 */
static void exchange(const tt_factored *f, const tt_row_group *g, int64_t first, int64_t width)
{
  const int64_t count = tt_min(width, g->m - first);
  const int64_t from = tt_row_columns(g, first + width), to = tt_row_columns(g, g->end);

  tt_laswp(g->F->dtype, g->done, tt_row_at_group(g, first - g->row, 0), g->m - g->row, 0, count, g->pivot);
  tt_laswp(g->F->dtype, to - from, tt_row_at(g, 0, from), g->F->ld, first, first + count, f->pivot);
}

/* One panel: factored, broadcast, its exchanges done. Collective. */
static tartan_status panel(tt_factored *f, tt_row_group *g, int64_t first)
{
  const int     owner = (int)(first / g->nb % g->F->q);
  const int64_t width = tt_min(g->nb, g->n - first), count = tt_min(width, g->m - first);
  tartan_status st = TARTAN_OK;

  if (g->F->pcol == owner) factor_panel(g, first, width);
  TRY(tt_row_spread(g, first, count));
  for (int64_t i = 0; i < count; i++) f->pivot[first + i] = g->pivot[i] + (int)first;
  if (g->pivot[g->nb] && !f->failed) f->failed = first + g->pivot[g->nb];
  exchange(f, g, first, width);
  g->done += count;
done:
  return st;
}

/* Exchanges in the columns of L: those of later panels. Local. */
static void exchange_left(const tt_factored *f, const tt_row_group *g, int64_t r)
{
  for (int64_t first = 0; first < r; first += g->nb) {
    const int64_t from = tt_row_columns(g, first), to = tt_row_columns(g, first + g->nb);

    tt_laswp(g->F->dtype, to - from, tt_row_at(g, 0, from), g->F->ld, first + g->nb, r, f->pivot);
  }
}

tartan_status tt_lu_row(tt_factored *f)
{
  tartan_grid  *grid = f->F->grid;
  const int64_t r = tt_min(f->m, f->n);
  tt_row_group  g;
  tartan_status st = TARTAN_OK;

  AGREE(grid, tt_row_group_make(f, &g));
  for (g.row = 0; g.row < r; g.row += TT_ROW_GROUP * g.nb) {
    const int64_t end = tt_min(g.row + TT_ROW_GROUP * g.nb, r);
    int64_t       rest;

    g.done = 0;
    g.end = tt_round_up(end, g.nb);
    for (int64_t first = g.row; first < end; first += g.nb) TRY(panel(f, &g, first));
    rest = tt_row_columns(&g, g.end);
    tt_laswp(f->F->dtype, f->F->nloc - rest, tt_row_at(&g, 0, rest), f->F->ld, g.row, end, f->pivot);
    update(&g, rest, f->F->nloc - rest);
  }
  exchange_left(f, &g, r);
done:
  tt_row_group_end(&g);
  return st;
}
