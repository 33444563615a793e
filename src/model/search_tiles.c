/* The tiles of a search: each step every rank reads a slab of its share of the items. */
#include "base/util.h"
#include "model/search_impl.h"
#include "model/tiles.h"
#include "oper/segments.h"

/* What is read, and for whom. */
typedef struct reader {
  tt_search *search;
  tt_pass    pass;
  int64_t   *starts; /* [P + 1] items of each rank */
} reader;

static void find(const void *context, int64_t step, int owner, tt_tile *tile)
{
  const reader *r = context;
  const tt_pass theirs = {.begin = r->starts[owner], .end = r->starts[owner + 1], .slab = r->pass.slab};

  tt_pass_slab(&theirs, step, &tile->row, &tile->rows);
  tile->count = tile->rows;
}

static int64_t elements(const void *context, int64_t count)
{
  return tt_rows_elements(&((const reader *)context)->search->shape, count);
}

static tartan_status read_tile(void *context, int64_t step, const tt_tile *tile, int64_t *bad)
{
  reader       *r = context;
  tt_search    *s = r->search;
  tt_rows       rows;
  double        since;
  tartan_status st = TARTAN_OK;

  TRY(tt_pass_read(&r->pass, step));
  since = tt_seconds();
  tt_rows_place(&s->shape, tile->memory, tile->row, tile->count, &rows);
  tt_rows_fill(&s->shape, r->pass.element, r->pass.buffer, &rows);
  *bad = tt_min(*bad, tt_rows_bad(&rows));
  tt_grid_phase(s->grid, TARTAN_PHASE_COMPUTE, &since);
done:
  return st;
}

static void compare(void *context, const tt_tile *tile)
{
  tt_search *s = ((reader *)context)->search;
  tt_rows    rows;

  tt_rows_place(&s->shape, tile->memory, tile->row, tile->count, &rows);
  tt_search_compare(s, &rows);
}

tartan_status tt_search_tiles(tt_search *s)
{
  const int64_t most = tt_rows_elements(&s->shape, s->plan.slab);
  reader        r = {.search = s};
  tt_tiles      tiles = {.grid = s->grid,
                         .most = most,
                         .width = tartan_dtype_size(s->shape.dtype),
                         .phase = "searching",
                         .context = &r,
                         .find = find,
                         .elements = elements,
                         .read = read_tile,
                         .compare = compare};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  r.starts = tt_alloc(&s->grid->memory, s->grid->size + 1, sizeof *r.starts, "the ranges of a pass", &local);
  AGREE(s->grid, local);
  tt_rows_partition(s->items->m, 1, s->grid->size, r.starts);
  TRY(tt_pass_begin(s->items, r.starts, s->plan.slab, NULL, &r.pass));
  tiles.steps = r.pass.steps;
  AGREE(s->grid, tt_search_begin(s));
  TRY(tt_tiles_go(&tiles));
done:
  tt_search_end(s);
  tt_pass_end(&r.pass);
  tt_free(r.starts);
  return st;
}
