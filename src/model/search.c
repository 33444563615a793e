/*
 * The k best items of each query: the front door, the queries of each rank, and the result. See search_tiles.c for how
 * items come by and search_score.c for how they are compared.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
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
  const size_t  w = tartan_dtype_size(s->plan.dtype);
  tt_rows       part;
  int64_t       at;
  tartan_status st = TARTAN_OK;

  tt_pass_slab(pass, step, &part.row, &part.count);
  at = part.row - s->queries.row;
  part.data = s->queries.data + (size_t)(at * s->d) * w;
  part.length = s->queries.length + at;
  TRY(tt_pass_read(pass, step));
  tt_rows_fill(s->plan.dtype, s->d, pass->element, pass->buffer, &part);
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

/* ------------------------------------------------------------------------------------------------ result */

/* Room for queries and results of this rank. Local. */
static tartan_status allocate(tt_search *s, const int64_t *starts, char **memory)
{
  const tt_search_plan *p = &s->plan;
  const int64_t         first = starts[s->grid->rank], count = starts[s->grid->rank + 1] - first;
  tt_memory            *mem = &s->grid->memory;
  const int64_t         results = count * p->k; /* the plan has seen that this fits */
  tartan_neighbors     *r;
  tartan_status         local = TARTAN_OK;

  s->result = r = tt_alloc_zero(mem, 1, sizeof *r, "results", &local);
  if (!r) return local;
  *r = (tartan_neighbors){.first = first, .count = count, .k = p->k};
  r->index = tt_alloc(mem, results, sizeof *r->index, "results", &local);
  r->score = tt_alloc(mem, results, sizeof *r->score, "results", &local);
  s->found = tt_alloc_zero(mem, count, sizeof *s->found, "counts of results", &local);
  *memory = tt_alloc(mem, tt_rows_elements(p->dtype, s->d, count), tartan_dtype_size(p->dtype), "queries", &local);
  if (*memory) tt_rows_place(p->dtype, s->d, *memory, first, count, &s->queries);
  return local;
}

/* Heaps to lists: in order, as scores, and what is left over marked as nothing. Local. */
static void finish(const tt_search *s)
{
  const tartan_neighbors *r = s->result;

  for (int64_t i = 0; i < r->count; i++) {
    tt_heap heap = {.room = s->plan.kept,
                    .count = s->found[i],
                    .key = r->score + i * r->k,
                    .index = r->index + i * r->k};

    tt_heap_sort(&heap);
    for (int64_t j = 0; j < heap.count && s->plan.metric == TARTAN_METRIC_EUCLIDEAN; j++) heap.key[j] = -heap.key[j];
    for (int64_t j = heap.count; j < r->k; j++) {
      heap.key[j] = NAN;
      heap.index[j] = -1;
    }
  }
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
  finish(s);
done:
  tt_free(memory);
  tt_free(s->found);
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
  tt_search         s = {.items = items, .grid = grid, .d = items->n};
  tartan_status     st = TARTAN_OK;

  *result = NULL;
  TRY(tt_search_plan_make(items, queries, k, opts, &s.plan));
  grid->memory.peak = used;
  TRY(run(&s, queries));
  if (cost) {
    tt_search_plan_cost(items, queries, &s.plan, cost);
    TRY(tt_cost_since(grid, &before, used, start, cost));
  }
  *result = s.result;
  s.result = NULL;
done:
  grid->memory.peak = tt_max(peak, grid->memory.peak);
  tartan_neighbors_destroy(&s.result);
  return st;
}

void tartan_neighbors_local(const tartan_neighbors *result, int64_t *first, int64_t *count, int64_t *k,
                            const int64_t **index, const double **score)
{
  if (first) *first = result->first;
  if (count) *count = result->count;
  if (k) *k = result->k;
  if (index) *index = result->index;
  if (score) *score = result->score;
}

void tartan_neighbors_destroy(tartan_neighbors **result)
{
  tartan_neighbors *r = result ? *result : NULL;

  if (!r) return;
  tt_free(r->score);
  tt_free(r->index);
  tt_free(r);
  *result = NULL;
}
