/*
 * The tiles go round: in each step every rank reads a tile of its share of the items, and the tiles travel from neighbour
 * to neighbour until each rank has seen all of them (a systolic ring: two tiles of memory on any number of ranks). The
 * next tile arrives while one is compared. Ranks agree once a step, so that a failure ends the round early.
 */
#include "model/tiles.h"

#include "base/util.h"
#include "comm/collective.h"
#include "comm/messages.h"
#include "model/search_impl.h"

/* What is needed to circulate. */
typedef struct carousel {
  const tt_tiles *tiles;
  char           *memory[2];
  tt_messages     messages;
  int64_t         bad; /* first item that is not finite, as tt_rows_bad() */
} carousel;

static tartan_status allocate(carousel *c)
{
  const tt_tiles *t = c->tiles;
  tartan_status   local = TARTAN_OK, made;

  c->memory[0] = tt_alloc(&t->grid->memory, t->most, t->width, "a tile of items", &local);
  c->memory[1] = tt_alloc(&t->grid->memory, t->grid->size > 1 ? t->most : 0, t->width, "a tile of items", &local);
  made = tt_messages_make(t->grid, (int)(2 * (t->most * (int64_t)t->width / TT_MESSAGE_MAX + 1)), TT_TAG_RING,
                          &c->messages);
  return local != TARTAN_OK ? local : made;
}

static void end(carousel *c)
{
  tt_messages_free(&c->messages);
  tt_free(c->memory[1]);
  tt_free(c->memory[0]);
}

/* The tile of a rank in a step, in such memory. Local. */
static tt_tile find(const carousel *c, int64_t step, int owner, char *memory)
{
  tt_tile tile = {.memory = memory};

  c->tiles->find(c->tiles->context, step, owner, &tile);
  return tile;
}

/* Starts to send or to receive a tile, in messages of at most TT_MESSAGE_MAX. */
static tartan_status start(carousel *c, const tt_tile *tile, bool sends, int rank)
{
  const tt_tiles *t = c->tiles;
  const int64_t   count = tile->count > 0 ? t->elements(t->context, tile->count) : 0;
  const int64_t   most = TT_MESSAGE_MAX / (int64_t)t->width;
  tartan_status   st = TARTAN_OK;

  for (int64_t at = 0; at < count; at += most) {
    char         *here = tile->memory + (size_t)at * t->width;
    const int64_t part = tt_min(most, count - at);

    TRY(sends ? tt_messages_send(&c->messages, here, part, t->width, rank)
              : tt_messages_recv(&c->messages, here, part, t->width, rank));
  }
done:
  return st;
}

/* One step: tiles are read and go once round. Collective. */
static tartan_status step_round(carousel *c, int64_t step)
{
  const tt_tiles *t = c->tiles;
  const int       P = t->grid->size, me = t->grid->rank;
  char           *now = c->memory[0], *next = c->memory[1];
  tartan_status   st = TARTAN_OK;

  for (int hop = 0; hop < P; hop++) {
    const tt_tile tile = find(c, step, (me - hop + P) % P, now);
    char         *other;

    if (hop + 1 < P) {
      const tt_tile coming = find(c, step, (me - hop - 1 + P) % P, next);

      TRY(start(c, &coming, false, (me - 1 + P) % P));
      TRY(start(c, &tile, true, (me + 1) % P));
    }
    t->compare(t->context, &tile);
    TRY(tt_messages_wait(&c->messages));
    other = now;
    now = next;
    next = other;
  }
done:
  return st;
}

tartan_status tt_tiles_go(const tt_tiles *tiles)
{
  tartan_grid  *grid = tiles->grid;
  carousel      c = {.tiles = tiles, .bad = INT64_MAX};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  AGREE(grid, allocate(&c));
  for (int64_t step = 0; step < tiles->steps; step++) {
    const tt_tile own = find(&c, step, grid->rank, c.memory[0]);
    int64_t       bad;

    local = tiles->read(tiles->context, step, &own, &c.bad);
    bad = local == TARTAN_OK ? c.bad : -1;
    TRY(tt_agree_least(grid, &bad)); /* both verdicts in one */
    if (bad < 0) AGREE(grid, local);
    if (bad == INT64_MAX) TRY(step_round(&c, step)); /* else only the first bad item is looked for */
    tt_grid_progress(grid, tiles->phase, (double)(step + 1) / (double)tiles->steps);
  }
  TRY(tt_rows_require_finite(grid, c.bad, "item"));
done:
  end(&c);
  return st;
}
