/*
 * Cholesky on one row of ranks, right-looking by groups of panels (Golub, Van Loan 2013, 4.2.9): the owner of a panel
 * factors its square with LAPACK and solves for what stands below it. Nothing above the diagonal blocks is touched, and what
 * stands in their upper triangles is never read.
 */
#include "base/util.h"
#include "comm/agree.h"
#include "ext/lapack.h"
#include "factor/row_group.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/triangular.h"

/* Takes the group's part from `width` local columns at c, from the row of their diagonal on. Local. */
static void update(const tt_row_group *g, int64_t first, int64_t c, int64_t width)
{
  const int64_t ld = g->m - g->row, below = g->m - first;

  if (g->done == 0 || below == 0) return;
  tt_gemm_local(g->F->dtype, TARTAN_NO_TRANS, TARTAN_TRANS, below, width, g->done, -1,
                tt_row_at_group(g, first - g->row, 0), ld, tt_row_at_group(g, first - g->row, 0), ld, 1,
                tt_row_at(g, first, c), g->F->ld);
}

/* Factors the panel of `width` columns at global column `first`, and packs it. On its owner. */
static void factor_panel(const tt_row_group *g, int64_t first, int64_t width)
{
  const int64_t c = tt_row_columns(g, first), below = g->n - first - width;

  update(g, first, c, width);
  g->pivot[g->nb] = (int)tt_potrf(g->F->dtype, TARTAN_LOWER, width, tt_row_at(g, first, c), g->F->ld);
  if (g->pivot[g->nb] == 0)
    tt_trsm_right_lower_local(g->F->dtype, below, width, tt_row_at(g, first, c), g->F->ld,
                              tt_row_at(g, first + width, c), g->F->ld);
  tt_copy_local(g->F->dtype, tt_row_at(g, g->row, c), g->F->ld, g->F->dtype, tt_row_at_group(g, 0, g->done),
                g->m - g->row, g->m - g->row, width);
}

/* All of this rank's columns behind the group, block by block. Local. */
static void update_rest(const tt_row_group *g)
{
  for (int64_t c = tt_row_columns(g, g->end); c < g->F->nloc; c += g->nb)
    update(g, tartan_matrix_global_col(g->F, c), c, tt_min(g->nb, g->F->nloc - c));
}

tartan_status tt_cholesky_row(tt_factored *f)
{
  const int64_t n = f->n;
  tt_row_group  g;
  tartan_status st = TARTAN_OK;

  AGREE(f->F->grid, tt_row_group_make(f, &g));
  for (g.row = 0; g.row < n && !f->failed; g.row += TT_ROW_GROUP * g.nb) {
    g.done = 0;
    g.end = tt_min(n, g.row + TT_ROW_GROUP * g.nb);
    for (int64_t first = g.row; first < g.end && !f->failed; first += g.nb) {
      const int64_t width = tt_min(g.nb, n - first);

      if (f->F->pcol == (int)(first / g.nb % f->F->q)) factor_panel(&g, first, width);
      TRY(tt_row_spread(&g, first, width));
      if (g.pivot[g.nb]) f->failed = first + g.pivot[g.nb];
      g.done += width;
    }
    if (!f->failed) update_rest(&g);
  }
done:
  tt_row_group_end(&g);
  return st;
}
