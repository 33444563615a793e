/* What a search takes: how the queries are divided, how large a tile of items may be, and whether that fits. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/messages.h"
#include "model/search_impl.h"

#define TILE_BYTES ((int64_t)64 << 20)

/* Whether every value of an element type is exact in f32. */
static bool is_exact_in_f32(tt_element element)
{
  return element == TT_EL_F32 || element == TT_EL_I8 || element == TT_EL_U8 || element == TT_EL_I16 ||
         element == TT_EL_U16;
}

/* Bytes of this rank's rows of a matrix in memory, which a pass copies. */
static double copied_bytes(const tartan_operator *op)
{
  return op->matrix ? (double)tt_ceil_div(op->m, op->grid->size) * (double)op->n * (double)tt_element_size(op->stored)
                    : 0;
}

#define ROOM_LEAST 64
#define ROOM_MOST 2048

int64_t tt_search_room(int64_t kept)
{
  return tt_max(ROOM_LEAST, tt_min(ROOM_MOST, 2 * kept));
}

int64_t tt_search_work(int64_t kept)
{
  return tt_max(TT_SEARCH_ITEMS, kept + tt_search_room(kept));
}

double tt_search_bytes(const tartan_grid *grid, const tt_search_plan *p)
{
  const double room = (double)tt_search_room(p->kept), w = (double)tartan_dtype_size(p->dtype);
  const double query = TT_SEARCH_ITEMS * w + (double)sizeof(tt_contender) + room * 12;

  return grid->threads * ((double)p->block * query + (double)tt_search_work(p->kept) * 8);
}

/* Bytes that stay the same however large a tile is. */
static double fixed_bytes(const tartan_operator *items, const tt_search_plan *p)
{
  const double query = (double)items->n * (double)tartan_dtype_size(p->dtype) + sizeof(double);

  return (double)p->most * query + tt_lists_bytes(p->most, p->k) + tt_search_bytes(items->grid, p) +
         16.0 * (items->grid->size + 1) + 4096;
}

/* Bytes for each item of a tile, beside what the pass takes: it is held twice, with its length, factor and shift. */
static int64_t item_bytes(const tartan_operator *items, const tt_search_plan *p)
{
  const int64_t w = (int64_t)tartan_dtype_size(p->dtype);

  return 2 * (items->n * w + 8) + 2 * w;
}

/* The slab of a pass within what other things leave; more than all memory can hold is as good as all. Collective. */
static tartan_status fit(const tartan_operator *op, double reserve, int64_t extra, int64_t *slab)
{
  return tt_pass_slab_fit(op, (int64_t)(reserve < 1e18 ? reserve : 1e18), extra, false, slab);
}

/*
 * A slab of long rows has few of them, too few for fast products: some slabs make a tile then, up to TILE_BYTES and half of
 * what is left. Collective.
 */
static tartan_status lengthen(const tartan_operator *items, double reserve, int64_t extra, int64_t *slab)
{
  const tt_memory *mem = &items->grid->memory;
  const int64_t    row = tt_max(1, tt_pass_row_bytes(items, false));
  const double     left = mem->limit > 0 ? (double)(mem->limit - mem->used) - reserve : TILE_BYTES * 4.0;
  int64_t          rows = left > 0 ? (int64_t)(left / 2 / (double)(row + extra)) : 0;
  tartan_status    st = TARTAN_OK;

  rows = tt_min(tt_min(rows, TILE_BYTES / row), tt_min(TT_SEARCH_ITEMS, items->m));
  TRY(tt_agree_least(items->grid, &rows));
  *slab = tt_max(*slab, rows / *slab * *slab); /* whole chunk rows, if a slab has them */
done:
  return st;
}

/* Tiles, and the memory that the two parts of the search take: reading the queries, then comparing. Collective. */
static tartan_status size_tiles(const tartan_operator *items, const tartan_operator *queries, tt_search_plan *p)
{
  const double  fixed = fixed_bytes(items, p), reserve = fixed + copied_bytes(items);
  int64_t       first = 0;
  double        reading, comparing;
  tartan_status st = TARTAN_OK;

  TRY(fit(queries, fixed + copied_bytes(queries), 0, &first));
  TRY(fit(items, reserve, item_bytes(items, p), &p->slab));
  TRY(lengthen(items, reserve, item_bytes(items, p), &p->slab));
  reading = fixed + copied_bytes(queries) + (double)first * (double)tt_pass_row_bytes(queries, false);
  comparing = reserve + (double)p->slab * (double)(tt_pass_row_bytes(items, false) + item_bytes(items, p));
  reading = reading > comparing ? reading : comparing;
  p->memory = (int64_t)(reading < 9e18 ? reading : 9e18);
done:
  return st;
}

static tartan_status check(const tartan_operator *items, const tartan_operator *queries, int64_t k,
                           const tt_search_plan *p)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(items->grid == queries->grid, TARTAN_ERR_GRID, "items and queries are on different grids");
  REQUIRE(items->n == queries->n, TARTAN_ERR_SHAPE, "items have %lld features, queries %lld", (long long)items->n,
          (long long)queries->n);
  REQUIRE(k >= 1, TARTAN_ERR_ARG, "k = %lld: ask for at least 1 result", (long long)k);
  REQUIRE(p->metric >= TARTAN_METRIC_COSINE && p->metric <= TARTAN_METRIC_EUCLIDEAN, TARTAN_ERR_ARG,
          "there is no metric %d", (int)p->metric);
  REQUIRE(!p->without_self || items->m == queries->m, TARTAN_ERR_SHAPE,
          "without_self: %lld items and %lld queries are not the same", (long long)items->m, (long long)queries->m);
done:
  return st;
}

/* Refuses a plan that does not fit the rank with the least room. Collective. */
static tartan_status require_room(const tartan_operator *items, const tt_search_plan *p)
{
  const tt_memory *mem = &items->grid->memory;
  int64_t          room = mem->limit > 0 ? tt_max(0, mem->limit - mem->used) : INT64_MAX;
  char             need[24], have[24];
  tartan_status    st = TARTAN_OK;

  TRY(tt_agree_least(items->grid, &room));
  REQUIRE(p->memory <= room, TARTAN_ERR_NOMEM,
          "a search with %lld queries per rank and %lld results for each needs %s per rank, the budget leaves %s; give "
          "it more memory, or more ranks",
          (long long)p->most, (long long)p->k, tt_bytes_text((double)p->memory, need),
          tt_bytes_text((double)room, have));
done:
  return st;
}

tartan_status tt_search_plan_make(const tartan_operator *items, const tartan_operator *queries, int64_t k,
                                  const tartan_search_opts *opts, tt_search_plan *plan)
{
  const tartan_search_opts defaults = TARTAN_SEARCH_OPTS_INIT;
  tt_search_plan          *p = plan;
  int64_t                  results = 0;
  tartan_status            st = TARTAN_OK;

  if (!opts) opts = &defaults;
  *p = (tt_search_plan){.metric = opts->metric, .without_self = opts->without_self, .k = k};
  TRY(check(items, queries, k, p));
  p->dtype = is_exact_in_f32(items->element) && is_exact_in_f32(queries->element) ? TARTAN_F32 : TARTAN_F64;
  p->kept = tt_max(0, tt_min(k, items->m - p->without_self));
  p->most = tt_ceil_div(queries->m, items->grid->size);
  REQUIRE(tt_mul(p->most, k, &results) && results <= INT64_MAX / 64, TARTAN_ERR_OVERFLOW,
          "%lld results for each of %lld queries are beyond 64 bits", (long long)k, (long long)p->most);
  p->block = tt_max(1, tt_min(TT_SEARCH_QUERIES, tt_ceil_div(p->most, items->grid->threads)));
  TRY(size_tiles(items, queries, p));
  TRY(require_room(items, p));
done:
  return st;
}

void tt_search_plan_cost(const tartan_operator *items, const tartan_operator *queries, const tt_search_plan *plan,
                         tartan_cost *cost)
{
  const double  P = items->grid->size, n = (double)items->m, q = (double)queries->m, d = (double)items->n;
  const double  each = plan->dtype == TARTAN_F32 ? 2 : 1; /* words of a length */
  const int64_t share = tt_ceil_div(items->m, items->grid->size), steps = tt_ceil_div(share, plan->slab);
  const double  item = d * (double)tt_element_size(items->stored), query = d * (double)tt_element_size(queries->stored);

  memset(cost, 0, sizeof *cost);
  snprintf(cost->algorithm, sizeof cost->algorithm, "tiles");
  snprintf(cost->reason, sizeof cost->reason,
           "up to %lld queries a rank stay, tiles of %lld items go round; products in %s, scores in f64",
           (long long)plan->most, (long long)tt_min(plan->slab, share), tartan_dtype_name(plan->dtype));
  cost->flops = 2 * n * d * (double)plan->most;
  cost->words = n * (d + each) * (1 - 1 / P);
  cost->words_redistributed = ((items->matrix ? n * d : 0) + (queries->matrix ? q * d : 0)) / P * (1 - 1 / P);
  cost->messages = (double)steps * (P - 1);
  cost->bytes_moved = cost->words * 8 / each;
  cost->bytes_read = ((items->dataset ? n * item : 0) + (queries->dataset ? q * query : 0)) / P;
  cost->passes = 1;
  cost->memory = (double)plan->memory;
  cost->grid[0] = items->grid->size;
  cost->grid[1] = cost->grid[2] = 1;
}
