/*
 * Which dense rows travel. The distinct columns of a rank's entries, ascending, fall into one stretch for each owner; each
 * owner is told its stretch once. An exchange then packs the rows in that order and lands them in their places: each
 * distinct row comes once to each rank that needs it.
 */
#include <string.h>

#include "base/util.h"
#include "sparse/pairs.h"
#include "sparse/sparse.h"

/* Numbers the distinct columns of the entries; pair is scratch, [entries] twice. */
static void number_columns(const tartan_sparse *A, tt_pair *pair, tt_needed *needed)
{
  const int64_t count = A->ptr[A->rows];

  for (int64_t e = 0; e < count; e++) pair[e] = (tt_pair){.key = (uint64_t)A->col[e], .index = e};
  tt_pairs_sort(pair, pair + count, count);
  needed->needed = 0;
  for (int64_t e = 0; e < count; e++) {
    if (e == 0 || pair[e].key != pair[e - 1].key) needed->needed++;
    needed->local[pair[e].index] = (int32_t)(needed->needed - 1);
  }
}

static void list_columns(const tt_pair *pair, int64_t count, int64_t *global)
{
  int64_t n = 0;

  for (int64_t e = 0; e < count; e++)
    if (e == 0 || pair[e].key != pair[e - 1].key) global[n++] = (int64_t)pair[e].key;
}

/* How many of the ascending columns each rank owns. */
static void count_owners(const tt_needed *needed, const int64_t *starts, int P, int64_t *count)
{
  int64_t at = 0;

  for (int r = 0; r < P; r++) {
    const int64_t from = at;

    while (at < needed->needed && needed->global[at] < starts[r + 1]) at++;
    count[r] = at - from;
  }
}

/* Tells the owners, and turns the routes round: rows go the other way. */
static tartan_status ask(tt_needed *needed, const int64_t *starts)
{
  tartan_grid  *grid = needed->grid;
  tt_routes     wish = {.grid = grid};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  tt_routes_make(grid, &wish, &local);
  tt_routes_make(grid, &needed->routes, &local);
  AGREE(grid, local);
  count_owners(needed, starts, grid->size, wish.send_count);
  TRY(tt_routes_tell(&wish));
  needed->send = tt_alloc(&grid->memory, wish.received, sizeof *needed->send, "rows to be sent", &local);
  AGREE(grid, local);
  TRY(tt_routes_go(&wish, needed->global, sizeof *needed->global, needed->send));
  for (int64_t s = 0; s < wish.received; s++) needed->send[s] -= needed->own_first;
  memcpy(needed->routes.send_count, wish.recv_count, (size_t)grid->size * sizeof *wish.recv_count);
  TRY(tt_routes_tell(&needed->routes));
done:
  tt_routes_free(&wish);
  return st;
}

tartan_status tt_needed_make(const tartan_sparse *A, const int64_t *starts, tt_needed *needed)
{
  tartan_grid  *grid = A->grid;
  const int64_t count = A->ptr[A->rows];
  tt_pair      *pair;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *needed = (tt_needed){.grid = grid, .routes = {.grid = grid}};
  needed->own_first = starts[grid->rank];
  needed->own = starts[grid->rank + 1] - starts[grid->rank];
  pair = tt_alloc(&grid->memory, 2 * count, sizeof *pair, "columns to be numbered", &local);
  needed->local = tt_alloc(&grid->memory, count, sizeof *needed->local, "numbers of columns", &local);
  if (local == TARTAN_OK) number_columns(A, pair, needed);
  needed->global = tt_alloc(&grid->memory, needed->needed, sizeof *needed->global, "rows that are needed", &local);
  AGREE(grid, local);
  list_columns(pair, count, needed->global);
  tt_free(pair);
  pair = NULL;
  TRY(ask(needed, starts));
done:
  tt_free(pair);
  return st;
}

void tt_needed_end(tt_needed *needed)
{
  tt_routes_free(&needed->routes);
  tt_free(needed->send);
  tt_free(needed->local);
  tt_free(needed->global);
  *needed = (tt_needed){.grid = needed->grid};
}

double tt_needed_words(const tt_needed *needed, int64_t k, double *sent)
{
  const int me = needed->grid->rank;

  if (sent) *sent = (double)(needed->routes.sent - needed->routes.send_count[me]) * (double)k;
  return (double)(needed->routes.received - needed->routes.recv_count[me]) * (double)k;
}

/* Rows from .. to - 1 of those that are sent. */
static void pack(const tt_needed *needed, int64_t from, int64_t to, const char *own, size_t bytes, char *rows)
{
  for (int64_t s = from; s < to; s++, rows += bytes) memcpy(rows, own + (size_t)needed->send[s] * bytes, bytes);
}

/* Rows that stay here go to their places at once, those that travel are packed without a gap. */
static void pack_all(const tt_needed *needed, const char *own, size_t bytes, char *packed, char *rows)
{
  const tt_routes *r = &needed->routes;
  const int        me = needed->grid->rank;
  const int64_t    from = r->send_at[me], to = from + r->send_count[me];

  pack(needed, 0, from, own, bytes, packed);
  pack(needed, to, r->sent, own, bytes, packed + (size_t)from * bytes);
  pack(needed, from, to, own, bytes, rows + (size_t)r->recv_at[me] * bytes);
}

tartan_status tt_needed_exchange(tt_needed *needed, const void *own, int64_t k, size_t size, void *rows)
{
  tartan_grid  *grid = needed->grid;
  const int     me = grid->rank;
  const int64_t stay = needed->routes.send_count[me];
  tt_routes     routes = {.grid = grid};
  char         *packed;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  packed = tt_alloc(&grid->memory, needed->routes.sent - stay, (size_t)k * size, "rows to be sent", &local);
  tt_routes_make(grid, &routes, &local);
  AGREE(grid, local);
  pack_all(needed, own, (size_t)k * size, packed, rows);
  tt_routes_widen(&needed->routes, k, &routes); /* elements are what counts as words */
  for (int r = me + 1; r < grid->size; r++) routes.send_at[r] -= stay * k;
  routes.send_count[me] = routes.recv_count[me] = 0;
  TRY(tt_routes_go(&routes, packed, size, rows));
done:
  tt_routes_free(&routes);
  tt_free(packed);
  return st;
}
