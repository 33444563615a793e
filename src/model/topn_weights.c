/*
 * Tiles of the columns of B, in panels of TT_PANEL columns whose rows lie one after the other: an entry h_uj adds one short
 * row of each panel to the scores of user u, in registers. Sums are exact in their order, so there is nothing to bound. A
 * panel goes past all users before the next, so that it stays in the cache.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "kernel/dense.h"
#include "kernel/parallel.h"
#include "model/topn_impl.h"

#define USERS 64 /* that one task takes */

/* ------------------------------------------------------------------------------------------------ a tile is read */

static void find(const void *context, int64_t step, int owner, tt_tile *tile)
{
  tt_topn_find(context, step, owner, tile);
}

static int64_t elements(const void *context, int64_t count)
{
  return tt_round_up(count, TT_PANEL) * tt_max(1, ((const tt_topn *)context)->p->v.items);
}

/* One of this rank's columns. */
static const char *column_of(const tartan_matrix *B, int64_t item)
{
  const int64_t at = item - B->col.starts[B->grid->rank];

  return (const char *)B->data + (size_t)(at * B->ld) * tartan_dtype_size(B->dtype);
}

/* Columns that are neighbours, up to the end of a panel, go to it turned. */
static void put_columns(const tartan_matrix *B, const tt_tile *tile, int64_t item, int64_t count, int64_t at)
{
  const int64_t n = B->row.n;
  char *panel = tile->memory + (size_t)(at / TT_PANEL * TT_PANEL * n + at % TT_PANEL) * tartan_dtype_size(B->dtype);

  tt_transpose_local(B->dtype, column_of(B, item), B->ld, panel, TT_PANEL, count, n);
}

static tartan_status read_tile(void *context, int64_t step, const tt_tile *tile, int64_t *bad)
{
  tt_topn             *t = context;
  const tartan_matrix *B = t->p->v.weights;
  const int64_t        end = tile->row + tile->rows;
  const unsigned char *allowed = t->opts.allowed;
  double               since = tt_seconds();
  int64_t              n = 0;

  (void)step;
  for (int64_t item = tile->row; item < end; item++)
    *bad = tt_min(*bad, tt_row_bad(item, tt_row_length(B->dtype, B->row.n, column_of(B, item))));
  if (tile->count % TT_PANEL != 0) /* columns that fill up the last panel are never looked at, but travel */
    memset(tile->memory + (size_t)(tile->count / TT_PANEL * TT_PANEL * B->row.n) * tartan_dtype_size(B->dtype), 0,
           (size_t)(TT_PANEL * B->row.n) * tartan_dtype_size(B->dtype));
  for (int64_t item = tile->row; item < end;) {
    int64_t run = 0;

    while (item + run < end && run < TT_PANEL - n % TT_PANEL && (!allowed || allowed[item + run])) run++;
    if (run > 0) put_columns(B, tile, item, run, n);
    n += run;
    item += tt_max(1, run);
  }
  tt_grid_phase(t->p->grid, TARTAN_PHASE_COMPUTE, &since);
  return TARTAN_OK;
}

/* ------------------------------------------------------------------------------------------------ a tile is compared */

/* One panel, for all threads. */
typedef struct comparison {
  const tt_topn *t;
  const char    *panel;
  tt_rows        items; /* of the panel */
} comparison;

/* Whether a user has seen an item. */
static bool is_seen(const tt_search *s, int64_t user, int64_t item)
{
  const int64_t begin = s->seen ? s->seen->ptr[user] : 0, count = s->seen ? s->seen->ptr[user + 1] - begin : 0;
  const int64_t at = count > 0 ? tt_first_from(s->seen->col + begin, count, item) : 0;

  return at < count && s->seen->col[begin + at] == item;
}

/* One user's scores of a panel's items, offered. */
static void score_user(const comparison *c, int64_t user)
{
  const tt_search      *s = &c->t->search;
  const tt_sparse_rows *h = &c->t->history;
  double                score[TT_PANEL];
  tt_heap               heap = tt_lists_heap(&s->lists, user);

  tt_weigh(s->shape.dtype, h->ptr[user + 1] - h->ptr[user], h->col + h->ptr[user], h->value + h->ptr[user], c->panel,
           score);
  for (int64_t i = 0; i < c->items.count; i++) {
    const double  key = isnan(score[i]) ? -(double)INFINITY : score[i]; /* Inf - Inf of weights beyond all measure */
    const int64_t item = tt_item_at(&c->items, i);

    if (heap.count == heap.room && key < heap.key[0]) continue;
    if (!is_seen(s, user, item)) tt_heap_offer(&heap, key, item);
  }
  s->lists.found[user] = heap.count;
}

/* tt_task: a block of users. */
static void score_block(int64_t block, void *context)
{
  const comparison *c = context;
  const int64_t     end = tt_min(c->t->profiles->own, (block + 1) * USERS);

  for (int64_t user = block * USERS; user < end; user++) score_user(c, user);
}

static void compare(void *context, const tt_tile *tile)
{
  tt_topn       *t = context;
  const int64_t  own = t->profiles->own, entries = own > 0 ? t->history.ptr[own] : 0;
  const int64_t *index = tt_topn_index(t, tile);
  double         since = tt_seconds();

  if (t->search.lists.kept == 0) return;
  for (int64_t i = 0; i < tile->count; i += TT_PANEL) {
    comparison c = {.t = t,
                    .panel = tile->memory + (size_t)(i * t->p->v.items) * tartan_dtype_size(t->search.shape.dtype),
                    .items = {.row = tile->row + i,
                              .count = tt_min(TT_PANEL, tile->count - i),
                              .index = index ? index + i : NULL}};

    tt_parallel_for(t->p->grid->threads, tt_ceil_div(own, USERS), score_block, &c);
  }
  t->p->grid->counters.flops += 2.0 * (double)entries * (double)tile->count;
  tt_grid_phase(t->p->grid, TARTAN_PHASE_COMPUTE, &since);
}

tartan_status tt_topn_weights(tt_topn *t)
{
  const tt_tiles tiles = {.grid = t->p->grid,
                          .steps = t->plan.steps,
                          .most = elements(t, t->plan.search.slab),
                          .width = tartan_dtype_size(t->search.shape.dtype),
                          .phase = "scoring",
                          .context = t,
                          .find = find,
                          .elements = elements,
                          .read = read_tile,
                          .compare = compare};

  return tt_tiles_go(&tiles);
}
