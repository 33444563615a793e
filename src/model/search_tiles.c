/*
 * The tiles go round: in each step every rank reads a tile of its share of the items, and the tiles travel from neighbour
 * to neighbour until each rank has seen all of them (a systolic ring: two tiles of memory on any number of ranks). The
 * next tile arrives while one is compared. Ranks agree once a step, so that a failure ends the search early.
 */
#include "base/util.h"
#include "comm/collective.h"
#include "comm/messages.h"
#include "model/search_impl.h"
#include "oper/segments.h"

/* What is needed to circulate. */
typedef struct carousel {
  tt_search  *search;
  tt_pass     pass;
  int64_t    *starts; /* [P + 1] items of each rank */
  char       *tile[2];
  tt_messages messages;
  int64_t     bad; /* first item that is not finite, as tt_rows_bad() */
} carousel;

static tartan_status allocate(carousel *c)
{
  tt_search            *s = c->search;
  const tt_search_plan *p = &s->plan;
  tt_memory            *mem = &s->grid->memory;
  const size_t          w = tartan_dtype_size(p->dtype);
  const int64_t         count = tt_rows_elements(p->dtype, s->d, p->slab);
  tartan_status         local = TARTAN_OK, made;

  c->tile[0] = tt_alloc(mem, count, w, "a tile of items", &local);
  c->tile[1] = tt_alloc(mem, s->grid->size > 1 ? count : 0, w, "a tile of items", &local);
  s->factor = tt_alloc(mem, p->slab, w, "factors of items", &local);
  s->shift = tt_alloc(mem, p->slab, w, "shifts of items", &local);
  s->scores = tt_alloc(mem, s->grid->threads * p->block * TT_SEARCH_ITEMS, w, "a tile of scores", &local);
  made = tt_messages_make(s->grid, (int)(2 * (count * (int64_t)w / TT_MESSAGE_MAX + 1)), TT_TAG_RING, &c->messages);
  return local != TARTAN_OK ? local : made;
}

static void end(carousel *c)
{
  tt_messages_free(&c->messages);
  tt_free(c->search->scores);
  tt_free(c->search->shift);
  tt_free(c->search->factor);
  tt_free(c->tile[1]);
  tt_free(c->tile[0]);
  tt_pass_end(&c->pass);
  tt_free(c->starts);
}

/* The tile of a rank in a step, in such memory. Local. */
static void find_tile(const carousel *c, int64_t step, int owner, char *memory, tt_rows *tile)
{
  const tt_pass theirs = {.begin = c->starts[owner], .end = c->starts[owner + 1], .slab = c->pass.slab};
  int64_t       row, rows;

  tt_pass_slab(&theirs, step, &row, &rows);
  tt_rows_place(c->search->plan.dtype, c->search->d, memory, row, rows, tile);
}

/* Starts to send or to receive a tile, in messages of at most TT_MESSAGE_MAX. */
static tartan_status start(carousel *c, const tt_rows *tile, bool sends, int rank)
{
  const tt_search *s = c->search;
  const size_t     w = tartan_dtype_size(s->plan.dtype);
  const int64_t    count = tile->count > 0 ? tt_rows_elements(s->plan.dtype, s->d, tile->count) : 0;
  const int64_t    most = TT_MESSAGE_MAX / (int64_t)w;
  tartan_status    st = TARTAN_OK;

  for (int64_t at = 0; at < count; at += most) {
    char         *here = tile->data + (size_t)at * w;
    const int64_t part = tt_min(most, count - at);

    TRY(sends ? tt_messages_send(&c->messages, here, part, w, rank)
              : tt_messages_recv(&c->messages, here, part, w, rank));
  }
done:
  return st;
}

/* Reads this rank's tile of a step. Local. */
static tartan_status read_tile(carousel *c, int64_t step)
{
  tt_search    *s = c->search;
  tt_rows       tile;
  double        since;
  tartan_status st = TARTAN_OK;

  find_tile(c, step, s->grid->rank, c->tile[0], &tile);
  TRY(tt_pass_read(&c->pass, step));
  since = tt_seconds();
  tt_rows_fill(s->plan.dtype, s->d, c->pass.element, c->pass.buffer, &tile);
  c->bad = tt_min(c->bad, tt_rows_bad(&tile));
  tt_grid_phase(s->grid, TARTAN_PHASE_COMPUTE, &since);
done:
  return st;
}

/* One step: tiles are read and go once round. Collective. */
static tartan_status step_round(carousel *c, int64_t step)
{
  tt_search    *s = c->search;
  const int     P = s->grid->size, me = s->grid->rank;
  char         *now = c->tile[0], *next = c->tile[1];
  tartan_status st = TARTAN_OK;

  for (int hop = 0; hop < P; hop++) {
    tt_rows tile, coming;
    char   *t;

    find_tile(c, step, (me - hop + P) % P, now, &tile);
    if (hop + 1 < P) {
      find_tile(c, step, (me - hop - 1 + P) % P, next, &coming);
      TRY(start(c, &coming, false, (me - 1 + P) % P));
      TRY(start(c, &tile, true, (me + 1) % P));
    }
    tt_search_compare(s, &tile);
    TRY(tt_messages_wait(&c->messages));
    t = now;
    now = next;
    next = t;
  }
done:
  return st;
}

tartan_status tt_search_tiles(tt_search *s)
{
  carousel      c = {.search = s, .bad = INT64_MAX};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  c.starts = tt_alloc(&s->grid->memory, s->grid->size + 1, sizeof *c.starts, "the ranges of a pass", &local);
  AGREE(s->grid, local);
  tt_rows_partition(s->items->m, 1, s->grid->size, c.starts);
  TRY(tt_pass_begin(s->items, c.starts, s->plan.slab, NULL, &c.pass));
  AGREE(s->grid, allocate(&c));
  for (int64_t step = 0; step < c.pass.steps; step++) {
    int64_t bad;

    local = read_tile(&c, step);
    bad = local == TARTAN_OK ? c.bad : -1;
    TRY(tt_agree_least(s->grid, &bad)); /* both verdicts in one */
    if (bad < 0) AGREE(s->grid, local);
    if (bad == INT64_MAX) TRY(step_round(&c, step)); /* else only the first bad item is looked for */
    tt_grid_progress(s->grid, "searching", (double)(step + 1) / (double)c.pass.steps);
  }
  TRY(tt_rows_require_finite(s->grid, c.bad, "item"));
done:
  end(&c);
  return st;
}
