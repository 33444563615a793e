/*
 * R'R from sparse rows. Entries travel once; then each rank goes through the users in tiles that stay in the cache: column j
 * of its part takes, of each user who has j, the multiple of that user's items from j on (Gustavson 1978). Nothing is as
 * large as R is dense, and threads have columns of their own.
 */
#include "kernel/dense.h"
#include "kernel/parallel.h"
#include "kernel/sparse.h"
#include "model/ease_impl.h"

#include "base/util.h"

#define COLUMNS 16               /* of a task */
#define LEAST (INT64_C(1) << 20) /* bytes of an exchange that is cut in batches */
#define PAIR ((int64_t)sizeof(tt_pair))

/* The items of a user from a place on, times the value of the column. */
typedef struct stretch {
  int32_t from, end;
  double  value;
} stretch;

/* The entries of some whole users that concern this rank. */
typedef struct tile {
  int32_t *row;   /* [capacity] of entries whose items are among this rank's rows: the local one */
  double  *value; /* [capacity] */
  stretch *part;  /* [capacity] of entries whose items are among its columns, column by column */
  int64_t *start; /* [columns + 1] where each begins */
  int64_t *place; /* [columns] the next of each; [columns] those of one user */
} tile;

typedef struct work {
  const tartan_sparse *R;
  tartan_matrix       *G;
  int64_t              first;   /* of this rank's entries, among all */
  int64_t              batches; /* in which they travel */
  tt_routes            routes;
  tt_pair             *sent, *received;
  int64_t              capacity;
  tile                 t;
} work;

static int64_t item_of(const tt_pair *pair)
{
  return (int64_t)(pair->key & ((UINT64_C(1) << TT_COL_BITS) - 1));
}

static int64_t user_of(const tt_pair *pair)
{
  return (int64_t)(pair->key >> TT_COL_BITS);
}

/* ------------------------------------------------------------------------------------------------ exchange */

/* Entries that one rank of each place receives: its rows' and its columns', those that are both once. Local. */
static int64_t most_received(const tt_layout *layout, const int64_t *count)
{
  int64_t most = 0;

  for (int pr = 0; pr < layout->row.procs; pr++) {
    for (int pc = 0; pc < layout->col.procs; pc++) {
      int64_t here = 0;

      for (int64_t i = 0; i < layout->row.n; i++)
        if (tt_axis_owner(&layout->row, i) == pr || tt_axis_owner(&layout->col, i) == pc) here += count[i];
      most = tt_max(most, here);
    }
  }
  return most;
}

/* Flops over all users: an item with another, both once. Of a user who is cut, this rank's part of it. Local. */
static double user_flops(const tartan_sparse *R)
{
  double flops = 0;

  for (int64_t i = 0; i < R->rows; i++) {
    const int64_t here = R->ptr[i + 1] - R->ptr[i];

    flops += (double)here * (double)(here + (i == 0 ? R->before : 0) + (i + 1 == R->rows ? R->after : 0));
  }
  return flops;
}

tartan_status tt_ease_gram_count(const tartan_sparse *R, const tt_layout *layout, tt_ease_gram_figures *figures)
{
  const double  P = layout->row.procs * layout->col.procs;
  int64_t      *count = NULL, received, sent = R->ptr[R->rows];
  double        flops = user_flops(R);
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  count = tt_alloc_zero(&R->grid->memory, R->n, sizeof *count, "entries of items", &local);
  AGREE(R->grid, local);
  for (int64_t e = 0; e < sent; e++) count[R->col[e]]++;
  TRY(tt_allreduce_i64(R->grid, count, R->n, TT_SUM));
  TRY(tt_allreduce_i64(R->grid, &sent, 1, TT_MAX));
  TRY(tt_allreduce_f64(R->grid, &flops, 1, TT_SUM));
  received = most_received(layout, count);
  figures->bytes = (double)PAIR * ((double)sent * (layout->row.procs + layout->col.procs - 1) + (double)received) +
                   TT_EASE_TILE_BYTES * (double)tt_min(TT_EASE_TILE, received);
  figures->words = R->grid->size > 1 ? (double)PAIR / 8 * (double)received : 0;
  figures->flops = flops / P;
done:
  tt_free(count);
  return st;
}

/* Batches: all in one go, or so many that no rank sends or receives more than there is room for. */
static tartan_status count_batches(work *w, int64_t room)
{
  const tt_layout      layout = tt_matrix_layout(w->G);
  const double         copies = layout.row.procs + layout.col.procs;
  const int64_t        each = tt_max(LEAST, room - TT_EASE_TILE_BYTES * TT_EASE_TILE);
  tt_ease_gram_figures figures;
  tartan_status        st = TARTAN_OK;

  TRY(tt_ease_gram_count(w->R, &layout, &figures));
  w->batches = tt_max(1, tt_ceil_div(w->R->entries, INT32_MAX / 2));
  if (figures.bytes > (double)room) /* all of a batch may be of one rank */
    w->batches = tt_max(w->batches, 1 + (int64_t)((double)PAIR * copies * (double)w->R->entries / (double)each));
done:
  return st;
}

/* The local rows of a batch: a user belongs where the first of its entries does. Local. */
static void rows_of(const work *w, int64_t batch, int64_t *from, int64_t *end)
{
  const tartan_sparse *R = w->R;
  int64_t              bound[2];

  for (int i = 0; i < 2; i++) {
    const double  at = (double)R->entries * ((double)(batch + i) / (double)w->batches);
    const int64_t position = batch + i == w->batches ? INT64_MAX : (int64_t)at;

    for (bound[i] = 0; bound[i] < R->rows; bound[i]++)
      if (w->first + R->ptr[bound[i]] - (bound[i] == 0 ? R->before : 0) >= position) break;
  }
  *from = bound[0];
  *end = bound[1];
}

/* Whether the rank of a place wants an item, by the item's owners. Local. */
static bool wants(const tartan_matrix *G, int rank, int pr, int pc)
{
  return rank / G->q == pr || rank % G->q == pc;
}

/* The entries of local rows from .. end - 1: counted for each rank, and put behind what was put for it before. Local. */
static void pack(work *w, int64_t from, int64_t end, int64_t *count, int64_t *at)
{
  const tartan_sparse *R = w->R;
  const tartan_matrix *G = w->G;

  for (int64_t u = from; u < end; u++) {
    for (int64_t e = R->ptr[u]; e < R->ptr[u + 1]; e++) {
      const int pr = tt_axis_owner(&G->row, R->col[e]), pc = tt_axis_owner(&G->col, R->col[e]);
      tt_pair   pair = {.key = (uint64_t)(R->first + u) << TT_COL_BITS | (uint64_t)R->col[e]};

      pair.value = tt_get_element(R->dtype, R->value, 1, e, 0);
      for (int r = 0; r < G->p * G->q; r++) {
        if (!wants(G, r, pr, pc)) continue;
        if (at) w->sent[at[r]++] = pair;
        if (count) count[r]++;
      }
    }
  }
}

/* The entries of a batch to those who want them. Collective. */
static tartan_status exchange(work *w, int64_t batch)
{
  tartan_grid  *grid = w->R->grid;
  tt_memory    *memory = &grid->memory;
  tt_routes     wide = {.grid = grid};
  int64_t       from, end;
  int64_t      *at = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  rows_of(w, batch, &from, &end);
  for (int r = 0; r < grid->size; r++) w->routes.send_count[r] = 0;
  pack(w, from, end, w->routes.send_count, NULL);
  TRY(tt_routes_tell(&w->routes));
  tt_routes_make(grid, &wide, &local);
  at = tt_alloc(memory, grid->size, sizeof *at, "places of entries", &local);
  w->sent = tt_alloc(memory, w->routes.sent, sizeof *w->sent, "entries to be sent", &local);
  w->received = tt_alloc(memory, w->routes.received, sizeof *w->received, "entries to be received", &local);
  AGREE(grid, local);
  for (int r = 0; r < grid->size; r++) at[r] = w->routes.send_at[r];
  pack(w, from, end, NULL, at);
  tt_routes_widen(&w->routes, PAIR / (int64_t)sizeof(double), &wide); /* keys and values count as words */
  TRY(tt_routes_go(&wide, w->sent, sizeof(double), w->received));
done:
  tt_free(w->sent);
  w->sent = NULL;
  tt_free(at);
  tt_routes_free(&wide);
  return st;
}

/* ------------------------------------------------------------------------------------------------ products */

/* The end of a tile that begins at a received entry: a user's last. Local. */
static int64_t tile_end(const work *w, int64_t from)
{
  const int64_t all = w->routes.received;
  int64_t       end = tt_min(from + TT_EASE_TILE, all);

  while (end < all && user_of(&w->received[end]) == user_of(&w->received[end - 1])) end++;
  return end;
}

/* Room for the largest tile. Local: the caller agrees. */
static tartan_status make_tile(work *w)
{
  tt_memory    *memory = &w->R->grid->memory;
  const char   *name = "items of some users";
  int64_t       most = 0;
  tartan_status local = TARTAN_OK;

  for (int64_t from = 0, end; from < w->routes.received; from = end) {
    end = tile_end(w, from);
    most = tt_max(most, end - from);
  }
  w->t.row = tt_alloc(memory, most, sizeof *w->t.row, name, &local);
  w->t.value = tt_alloc(memory, most, sizeof *w->t.value, name, &local);
  w->t.part = tt_alloc(memory, most, sizeof *w->t.part, name, &local);
  w->t.start = tt_alloc(memory, w->G->nloc + 1, sizeof *w->t.start, name, &local);
  w->t.place = tt_alloc(memory, 2 * w->G->nloc, sizeof *w->t.place, name, &local);
  return local;
}

static void free_tile(tile *t)
{
  tt_free(t->place);
  tt_free(t->start);
  tt_free(t->part);
  tt_free(t->value);
  tt_free(t->row);
  *t = (tile){NULL};
}

/* Counts the entries of each column, and finds where they begin. Local. */
static void find_columns(const work *w, int64_t from, int64_t end)
{
  const tartan_matrix *G = w->G;
  const tile          *t = &w->t;

  for (int64_t j = 0; j <= G->nloc; j++) t->start[j] = 0;
  for (int64_t e = from; e < end; e++)
    if (tt_axis_owner(&G->col, item_of(&w->received[e])) == G->pcol)
      t->start[tt_axis_local(&G->col, item_of(&w->received[e])) + 1]++;
  for (int64_t j = 0; j < G->nloc; j++) {
    t->start[j + 1] += t->start[j];
    t->place[j] = t->start[j];
  }
}

/* The received entries from .. end - 1 by rows and by columns. Local. */
static void fill_tile(const work *w, int64_t from, int64_t end)
{
  const tartan_matrix *G = w->G;
  const tile          *t = &w->t;
  int64_t             *mine = t->place + G->nloc, count = 0;
  int32_t              rows = 0;

  find_columns(w, from, end);
  for (int64_t e = from; e < end; e++) {
    const int64_t item = item_of(&w->received[e]);

    if (tt_axis_owner(&G->col, item) == G->pcol) {
      const int64_t at = t->place[tt_axis_local(&G->col, item)]++;

      t->part[at] = (stretch){.from = rows, .value = w->received[e].value};
      mine[count++] = at;
    }
    if (tt_axis_owner(&G->row, item) == G->prow) {
      t->row[rows] = (int32_t)tt_axis_local(&G->row, item);
      t->value[rows++] = w->received[e].value;
    }
    if (e + 1 == end || user_of(&w->received[e + 1]) != user_of(&w->received[e])) {
      while (count > 0) t->part[mine[--count]].end = rows;
    }
  }
}

/* Some columns of this rank's part. Local. */
static void add_columns(int64_t i, void *context)
{
  const work          *w = context;
  const tartan_matrix *G = w->G;
  const tile          *t = &w->t;

  for (int64_t j = i * COLUMNS; j < tt_min((i + 1) * COLUMNS, G->nloc); j++) {
    double *g = (double *)G->data + j * G->ld;

    for (int64_t s = t->start[j]; s < t->start[j + 1]; s++) {
      const stretch *p = &t->part[s];

      tt_sparse_scatter(p->end - p->from, t->row + p->from, t->value + p->from, p->value, g);
    }
  }
}

/* What has been received. Local, after an agreement on memory. */
static void add_received(work *w)
{
  tartan_grid *grid = w->R->grid;

  for (int64_t from = 0, end; from < w->routes.received; from = end) {
    end = tile_end(w, from);
    fill_tile(w, from, end);
    tt_parallel_for(grid->threads, tt_ceil_div(w->G->nloc, COLUMNS), add_columns, w);
    for (int64_t s = 0; s < w->t.start[w->G->nloc]; s++)
      grid->counters.flops += 2.0 * (w->t.part[s].end - w->t.part[s].from);
  }
}

/* The first of this rank's entries among all. Collective. */
static tartan_status find_first(work *w)
{
  tartan_grid  *grid = w->R->grid;
  int64_t      *count = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  count = tt_alloc(&grid->memory, grid->size, sizeof *count, "entries of the ranks", &local);
  tt_routes_make(grid, &w->routes, &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &w->R->ptr[w->R->rows], 1, sizeof *count, count));
  for (int r = 0; r < grid->rank; r++) w->first += count[r];
done:
  tt_free(count);
  return st;
}

tartan_status tt_ease_gram(const tartan_sparse *R, int64_t room, tartan_matrix *G)
{
  work          w = {.R = R, .G = G, .routes = {.grid = R->grid}};
  double        t;
  tartan_status st = TARTAN_OK;

  TRY(find_first(&w));
  TRY(count_batches(&w, room));
  for (int64_t b = 0; b < w.batches; b++) {
    TRY(exchange(&w, b));
    AGREE(R->grid, make_tile(&w));
    t = tt_seconds();
    add_received(&w);
    tt_grid_phase(R->grid, TARTAN_PHASE_COMPUTE, &t);
    free_tile(&w.t);
    tt_free(w.received);
    w.received = NULL;
    tt_grid_progress(R->grid, "Gram matrix", (double)(b + 1) / (double)w.batches);
  }
done:
  free_tile(&w.t);
  tt_free(w.received);
  tt_routes_free(&w.routes);
  return st;
}
