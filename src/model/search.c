/*
 * The k best items of each query: the front door and the queries of each rank. See search_tiles.c for how items
 * come by and search_score.c for how they are compared.
 */
#include <string.h>

#include "base/util.h"
#include "model/search_impl.h"
#include "oper/segments.h"

tartan_status tartan_search_plan(const tartan_operator *items, const tartan_operator *queries, int64_t k,
                                 const tartan_search_opts *opts, tartan_cost *plan)
{
  tt_search_plan p;
  tartan_status  st = TARTAN_OK, planned;

  memset(plan, 0, sizeof *plan);
  planned = tt_search_plan_make(items, queries, k, opts, &p);
  if (planned != TARTAN_ERR_NOMEM) TRY(planned);
  tt_search_plan_cost(items, queries, &p, plan);
  st = planned;
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ queries */

/* The queries of this rank, from the slabs of a pass. Local. */
static tartan_status read_slab(tt_search *s, tt_pass *pass, int64_t step, int64_t *bad)
{
  const size_t  w = tartan_dtype_size(s->shape.dtype);
  tt_rows       part = {.row = 0};
  int64_t       at;
  tartan_status st = TARTAN_OK;

  tt_pass_slab(pass, step, &part.row, &part.count);
  at = part.row - s->queries.row;
  part.data = s->queries.data + (size_t)(at * s->shape.d) * w;
  part.length = s->queries.length + at;
  TRY(tt_pass_read(pass, step));
  tt_rows_fill(&s->shape, pass->element, pass->buffer, &part);
  *bad = tt_min(*bad, tt_rows_bad(&part));
done:
  return st;
}

static tartan_status read_queries(tt_search *s, const tartan_operator *queries, const int64_t *starts)
{
  tt_pass       pass;
  int64_t       slab = 0, bad = INT64_MAX;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(&pass, 0, sizeof pass);
  TRY(tt_pass_slab_fit(queries, 0, 0, false, &slab));
  TRY(tt_pass_begin(queries, starts, slab, NULL, &pass));
  for (int64_t step = 0; step < pass.steps && local == TARTAN_OK; step++) local = read_slab(s, &pass, step, &bad);
  AGREE(s->grid, local);
  TRY(tt_rows_require_finite(s->grid, bad, "query"));
done:
  tt_pass_end(&pass);
  return st;
}

/* Room for queries and results of this rank. Local. */
static tartan_status allocate(tt_search *s, const int64_t *starts, char **memory)
{
  const tt_search_plan *p = &s->plan;
  const int64_t         first = starts[s->grid->rank], count = starts[s->grid->rank + 1] - first;
  tartan_status         local = TARTAN_OK, made = tt_lists_make(s->grid, first, count, p->k, p->kept, &s->lists);

  *memory = tt_alloc(&s->grid->memory, tt_rows_elements(&s->shape, count), tartan_dtype_size(p->dtype), "queries",
                     &local);
  if (*memory) tt_rows_place(&s->shape, *memory, first, count, &s->queries);
  return made != TARTAN_OK ? made : local;
}

/* ------------------------------------------------------------------------------------------------ the search */

static tartan_status run(tt_search *s, const tartan_operator *queries)
{
  int64_t      *starts = NULL;
  char         *memory = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  starts = tt_alloc(&s->grid->memory, s->grid->size + 1, sizeof *starts, "the ranges of queries", &local);
  AGREE(s->grid, local);
  tt_rows_partition(queries->m, 1, s->grid->size, starts);
  AGREE(s->grid, allocate(s, starts, &memory));
  TRY(read_queries(s, queries, starts));
  TRY(tt_search_tiles(s));
  tt_lists_finish(&s->lists, s->plan.metric == TARTAN_METRIC_EUCLIDEAN ? -1 : 1, NULL);
done:
  tt_free(memory);
  tt_free(starts);
  return st;
}

tartan_status tartan_search(const tartan_operator *items, const tartan_operator *queries, int64_t k,
                            const tartan_search_opts *opts, tartan_neighbors **result, tartan_cost *cost)
{
  tartan_grid      *grid = items->grid;
  const tt_counters before = grid->counters;
  const int64_t     used = grid->memory.used, peak = grid->memory.peak;
  const double      start = tt_seconds();
  tt_search         s = {.items = items, .grid = grid};
  tartan_status     st = TARTAN_OK;

  *result = NULL;
  TRY(tt_search_plan_make(items, queries, k, opts, &s.plan));
  s.shape = (tt_row_shape){.dtype = s.plan.dtype, .d = items->n};
  grid->memory.peak = used;
  TRY(run(&s, queries));
  if (cost) {
    tt_search_plan_cost(items, queries, &s.plan, cost);
    TRY(tt_search_measure(grid, &before, used, start, cost));
  }
  *result = s.lists.result;
  s.lists.result = NULL;
done:
  grid->memory.peak = tt_max(peak, grid->memory.peak);
  tt_lists_end(&s.lists);
  return st;
}
