/*
 * LU with partial pivoting on one row of ranks, each of which has whole columns: the owner of a panel factors it with
 * LAPACK (recursively; p?getrf goes column by column, with a search over ranks for each) and broadcasts it with its
 * pivots. A few panels are gathered before the rest is updated, left-looking within such a group, so that the products
 * have a long inner dimension whatever the block (Golub, Van Loan 2013, 3.2.11; Dongarra et al. 1984).
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack_solve.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/triangular.h"

/* Panels of a group. */
#define GROUP 3

/* The group on its way. */
typedef struct group {
  tartan_matrix *F;
  size_t         size;
  int64_t        m, n, nb;
  int64_t        row;   /* where the group begins */
  int64_t        done;  /* its columns of L that are here */
  char          *w;     /* [m - row, GROUP nb]: those columns, with what stands above them */
  int           *pivot; /* [nb + 1] of a panel, from one at its first row; behind them its first zero pivot */
} group;

/* Element (i, j) of this rank's part of F. */
static char *at(const group *g, int64_t i, int64_t j)
{
  return (char *)g->F->data + (size_t)(i + j * g->F->ld) * g->size;
}

static char *at_w(const group *g, int64_t i, int64_t j)
{
  return g->w + (size_t)(i + j * (g->m - g->row)) * g->size;
}

/* This rank's columns before global column j. */
static int64_t columns_before(const group *g, int64_t j)
{
  return tt_axis_below(&g->F->col, g->F->pcol, tt_min(j, g->n));
}

/* Local columns c .. c + count - 1, whose rows have been exchanged: rows of U and what the group takes from the rest. */
static void update(const group *g, int64_t c, int64_t count)
{
  const tartan_dtype t = g->F->dtype;
  const int64_t      ld = g->m - g->row, below = ld - g->done;

  if (count == 0 || g->done == 0) return;
  tt_trsm_left_unit_local(t, g->done, count, g->w, ld, at(g, g->row, c), g->F->ld);
  if (below > 0)
    tt_gemm_local(t, TARTAN_NO_TRANS, TARTAN_NO_TRANS, below, count, g->done, -1, at_w(g, g->done, 0), ld,
                  at(g, g->row, c), g->F->ld, 1, at(g, g->row + g->done, c), g->F->ld);
}

/* Factors the panel of `width` columns at global column `first`, and packs it. On its owner. */
static void factor_panel(const group *g, int64_t first, int64_t width)
{
  const int64_t c = columns_before(g, first);

  update(g, c, width);
  g->pivot[g->nb] = (int)tt_getrf(g->F->dtype, g->m - first, width, at(g, first, c), g->F->ld, g->pivot);
  tt_copy_local(g->F->dtype, at(g, g->row, c), g->F->ld, g->F->dtype, at_w(g, 0, g->done), g->m - g->row, g->m - g->row,
                tt_min(width, g->m - first));
}

/* Exchanges rows as the panel at `first` says: in all of this rank's columns but the panel's, and in the group's. */
static void exchange(const group *g, int64_t first, int64_t width, bool mine)
{
  const int64_t count = tt_min(width, g->m - first), left = columns_before(g, first);
  const int64_t right = left + (mine ? width : 0);

  tt_laswp(g->F->dtype, left, at(g, first, 0), g->F->ld, count, g->pivot);
  tt_laswp(g->F->dtype, g->F->nloc - right, at(g, first, right), g->F->ld, count, g->pivot);
  tt_laswp(g->F->dtype, g->done, at_w(g, first - g->row, 0), g->m - g->row, count, g->pivot);
}

/* One panel: factored, broadcast, its exchanges done. Collective. */
static tartan_status panel(tt_factored *f, group *g, int64_t first)
{
  tartan_grid  *grid = g->F->grid;
  const int     owner = (int)(first / g->nb % g->F->q);
  const int64_t width = tt_min(g->nb, g->n - first), count = tt_min(width, g->m - first);
  tartan_status st = TARTAN_OK;

  if (g->F->pcol == owner) factor_panel(g, first, width);
  TRY(tt_bcast(grid, g->pivot, g->nb + 1, sizeof *g->pivot, owner));
  TRY(tt_bcast(grid, at_w(g, 0, g->done), (g->m - g->row) * count, g->size, owner));
  exchange(g, first, width, g->F->pcol == owner);
  for (int64_t i = 0; i < count; i++) f->pivot[first + i] = g->pivot[i] + (int)first;
  if (g->pivot[g->nb] && !f->failed) f->failed = first + g->pivot[g->nb];
  g->done += count;
done:
  return st;
}

tartan_status tt_lu_row(tt_factored *f)
{
  tartan_grid  *grid = f->F->grid;
  const int64_t r = tt_min(f->m, f->n);
  group         g = {.F = f->F, .size = tartan_dtype_size(f->F->dtype), .m = f->m, .n = f->n, .nb = f->layout.nb};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  g.w = tt_alloc(&grid->memory, f->m * GROUP * g.nb, g.size, "panels of a factorization", &local);
  g.pivot = tt_alloc_zero(&grid->memory, g.nb + 1, sizeof *g.pivot, "pivots of a panel", &local);
  AGREE(grid, local);
  for (g.row = 0; g.row < r; g.row += GROUP * g.nb) {
    const int64_t end = tt_min(g.row + GROUP * g.nb, r);
    int64_t       rest;

    g.done = 0;
    for (int64_t first = g.row; first < end; first += g.nb) TRY(panel(f, &g, first));
    rest = columns_before(&g, tt_round_up(end, g.nb));
    update(&g, rest, f->F->nloc - rest);
  }
done:
  tt_free(g.pivot);
  tt_free(g.w);
  return st;
}
