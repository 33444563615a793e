/*
 * Cholesky on one row of ranks, each of which has whole columns: the owner of a panel factors it with LAPACK and sends it
 * to the others. Panels of a group are gathered, left-looking, before the rest is updated; those of the next group are
 * made meanwhile, between the block columns of that update (look-ahead: Golub, Van Loan 2013, 4.2.6 and 4.2.8). Nothing
 * above the blocks on the diagonal is read or computed. The bits depend on no timing: each block column takes the same
 * products in the same order.
 */
#include "base/util.h"
#include "comm/messages.h"
#include "ext/lapack.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/triangular.h"

#define GROUP 2 /* panels of a group */
#define CHUNK 4 /* block columns that are updated in one go */

/* Panels that are made one after the other. */
typedef struct group {
  int64_t     row, end; /* first row and column, and the column behind its panels */
  int64_t     done;     /* columns of L that are here */
  int64_t     ld;       /* rows of w: from `row` on, and before them one that says where a panel failed */
  char       *w;        /* [ld, columns] */
  tt_messages sent, expected;
} group;

typedef struct work {
  tartan_matrix *F;
  size_t         size;
  int64_t        n, nb;
  char          *v;      /* [CHUNK nb, GROUP nb] the rows of a group that stand for the columns of a chunk */
  int64_t        failed; /* the first minor that is not positive definite, from one; 0: none yet */
  group          two[2];
} work;

/* Element (i, j) of this rank's part of F; row i of a group's column j. Local. */
static char *at(const work *c, int64_t i, int64_t j)
{
  return (char *)c->F->data + (size_t)(i + j * c->F->ld) * c->size;
}

static char *at_group(const work *c, const group *g, int64_t i, int64_t j)
{
  return g->w + (size_t)(i - g->row + 1 + j * g->ld) * c->size;
}

/* This rank's columns before global column j. Local. */
static int64_t columns(const work *c, int64_t j)
{
  return tt_axis_below(&c->F->col, c->F->pcol, tt_min(j, c->n));
}

/* Memory. Local: the caller agrees. */
static tartan_status make(const tt_factored *f, work *c)
{
  tartan_grid  *grid = f->F->grid;
  tartan_status local = TARTAN_OK;

  *c = (work){.F = f->F, .size = tartan_dtype_size(f->F->dtype), .n = f->n, .nb = f->layout.nb};
  c->v = tt_alloc(&grid->memory, CHUNK * GROUP * c->nb * c->nb, c->size, "panels of a factorization", &local);
  for (int i = 0; i < 2; i++) {
    group *g = &c->two[i];

    g->w = tt_alloc(&grid->memory, (c->n + 1) * GROUP * c->nb, c->size, "panels of a factorization", &local);
    if (local == TARTAN_OK) local = tt_messages_make(grid, GROUP * grid->size, TT_TAG_PANEL, &g->sent);
    if (local == TARTAN_OK) local = tt_messages_make(grid, 1, TT_TAG_PANEL, &g->expected);
  }
  return local;
}

static void end(work *c)
{
  for (int i = 0; i < 2; i++) {
    tt_messages_free(&c->two[i].expected);
    tt_messages_free(&c->two[i].sent);
    tt_free(c->two[i].w);
  }
  tt_free(c->v);
}

/* Begins a group at a row, in the place of one whose panels have all gone. */
static tartan_status begin(work *c, group *g, int64_t row)
{
  g->row = row;
  g->end = tt_min(row + GROUP * c->nb, c->n);
  g->done = 0;
  g->ld = c->n - row + 1;
  return tt_messages_wait(&g->sent);
}

/*
 * Local columns c0 .. c0 + count - 1 of F, at most CHUNK blocks: what a group takes from them. Rows between two blocks'
 * places on the diagonal concern the blocks so far, those below all of them: one product, which packs the group's rows
 * once. Local.
 */
static void update(const work *c, const group *g, int64_t c0, int64_t count)
{
  const tartan_dtype t = c->F->dtype;

  for (int64_t k = 0; k < count && g->done > 0; k += c->nb)
    tt_copy_local(t, at_group(c, g, tartan_matrix_global_col(c->F, c0 + k), 0), g->ld, t, c->v + (size_t)k * c->size,
                  count, tt_min(c->nb, count - k), g->done);
  for (int64_t k = c->nb; k < count + c->nb && g->done > 0; k += c->nb) {
    const int64_t from = tartan_matrix_global_col(c->F, c0 + k - c->nb);
    const int64_t to = k < count ? tartan_matrix_global_col(c->F, c0 + k) : c->n;

    tt_gemm_local(t, TARTAN_NO_TRANS, TARTAN_TRANS, to - from, tt_min(k, count), g->done, -1, at_group(c, g, from, 0),
                  g->ld, c->v, count, 1, at(c, from, c0), c->F->ld);
  }
}

/* The panel at global column `first` of a group, on its owner: factored, copied to the group, sent. */
static tartan_status factor_panel(const work *c, group *g, int64_t first, int64_t count)
{
  const tartan_dtype t = c->F->dtype;
  const int64_t      c0 = columns(c, first), ld = c->F->ld;
  int64_t            minor;
  tartan_status      st = TARTAN_OK;

  update(c, g, c0, count);
  minor = tt_potrf(t, TARTAN_LOWER, count, at(c, first, c0), ld);
  if (minor == 0)
    tt_trsm_right_lower_local(t, c->n - first - count, count, at(c, first, c0), ld, at(c, first + count, c0), ld);
  tt_copy_local(t, at(c, first, c0), ld, t, at_group(c, g, first, g->done), g->ld, c->n - first, count);
  tt_put_element(t, (double)minor, at_group(c, g, g->row - 1, g->done), 1, 0, 0);
  for (int r = 0; r < c->F->grid->size; r++)
    if (r != c->F->grid->rank)
      TRY(tt_messages_send(&g->sent, at_group(c, g, g->row - 1, g->done), g->ld * count, c->size, r));
done:
  return st;
}

/* The next panel of a group, where it is this rank's or has come or `wait` is set. */
static tartan_status next_panel(work *c, group *g, bool wait, bool *came)
{
  const int64_t first = g->row + g->done, count = tt_min(c->nb, c->n - first);
  const int     owner = (int)(first / c->nb % c->F->q);
  double        minor;
  tartan_status st = TARTAN_OK;

  *came = true;
  if (c->F->pcol == owner) {
    TRY(factor_panel(c, g, first, count));
  } else {
    if (g->expected.count == 0)
      TRY(tt_messages_recv(&g->expected, at_group(c, g, g->row - 1, g->done), g->ld * count, c->size, owner));
    if (wait)
      TRY(tt_messages_wait(&g->expected));
    else
      TRY(tt_messages_test(&g->expected, came));
    if (!*came) goto done;
  }
  minor = tt_get_element(c->F->dtype, at_group(c, g, g->row - 1, g->done), 1, 0, 0);
  if (minor > 0) c->failed = first + (int64_t)minor;
  g->done += count;
done:
  return st;
}

/* As many panels of a group as there are without waiting; with `wait` all of them. */
static tartan_status advance(work *c, group *g, bool wait)
{
  bool          came = true;
  tartan_status st = TARTAN_OK;

  while (came && !c->failed && g->row + g->done < g->end) TRY(next_panel(c, g, wait, &came));
done:
  return st;
}

/* Everything behind a group is updated; the next one is made on the way. Collective. */
static tartan_status update_rest(work *c, const group *g, group *next)
{
  const int64_t from = columns(c, g->end), soon = columns(c, next->end);
  tartan_status st = TARTAN_OK;

  update(c, g, from, soon - from);
  for (int64_t c0 = soon; c0 < c->F->nloc; c0 += CHUNK * c->nb) {
    TRY(advance(c, next, false));
    update(c, g, c0, tt_min(CHUNK * c->nb, c->F->nloc - c0));
  }
  TRY(advance(c, next, true));
done:
  return st;
}

tartan_status tt_cholesky_row(tt_factored *f)
{
  work          c;
  tartan_status st = TARTAN_OK;

  AGREE(f->F->grid, make(f, &c));
  TRY(begin(&c, &c.two[0], 0));
  TRY(advance(&c, &c.two[0], true));
  for (int i = 0; !c.failed && c.two[i].end < c.n; i = !i) {
    TRY(begin(&c, &c.two[!i], c.two[i].end));
    TRY(update_rest(&c, &c.two[i], &c.two[!i]));
  }
  f->failed = c.failed;
  for (int i = 0; i < 2; i++) TRY(tt_messages_wait(&c.two[i].sent));
done:
  end(&c);
  return st;
}
