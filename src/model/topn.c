/*
 * The best items of each user: the front door, what is masked, and the result. Scores of factors are those of a search by
 * dot product to which the item's bias is added; topn_weights.c has the other kind.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "model/topn_impl.h"

tartan_status tartan_predictor_topn_plan(const tartan_predictor *p, const tartan_profiles *profiles,
                                         const tartan_topn_opts *opts, tartan_cost *plan)
{
  const tartan_topn_opts defaults = TARTAN_TOPN_OPTS_INIT;
  tt_topn_plan           made;
  tartan_status          st = TARTAN_OK, planned;

  memset(plan, 0, sizeof *plan);
  planned = tt_topn_plan_make(p, profiles, opts ? opts : &defaults, &made);
  if (planned != TARTAN_ERR_NOMEM || made.search.memory == 0) TRY(planned);
  tt_topn_plan_cost(p, &made, plan);
  st = planned;
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ tiles */

void tt_topn_find(const tt_topn *t, int64_t step, int owner, tt_tile *tile)
{
  const int64_t *starts = t->plan.items->col.starts, first = starts[owner], share = starts[owner + 1] - first;
  const int64_t  most = tt_ceil_div(share, t->plan.steps); /* at most a slab */

  tile->row = first + tt_min(share, step * most);
  tile->rows = first + tt_min(share, (step + 1) * most) - tile->row;
  tile->count = tile->rows;
  if (!t->opts.allowed) return;
  for (int64_t i = 0; i < tile->rows; i++) tile->count -= t->opts.allowed[tile->row + i] == 0;
}

const int64_t *tt_topn_index(tt_topn *t, const tt_tile *tile)
{
  int64_t n = 0;

  if (!t->index) return NULL;
  for (int64_t i = 0; i < tile->rows; i++)
    if (t->opts.allowed[tile->row + i]) t->index[n++] = tile->row + i;
  return t->index;
}

/* ------------------------------------------------------------------------------------------------ users */

/* Whole rows of a matrix for this rank's users; columns alone, if values are not needed. Collective. */
static tartan_status gather(const tt_topn *t, const tartan_sparse *A, bool values, tt_sparse_rows *rows)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_sparse_rows_gather(A, t->profiles->starts, rows));
  if (values) goto done;
  tt_free(rows->value);
  rows->value = NULL;
done:
  return st;
}

/* What is masked, and of weights what is multiplied; often the same. Collective. */
static tartan_status gather_rows(tt_topn *t)
{
  const tartan_sparse *history = t->plan.weights ? t->profiles->history : NULL;
  tartan_status        st = TARTAN_OK;

  if (history) TRY(gather(t, history, true, &t->history));
  if (t->opts.seen && t->opts.seen != history) TRY(gather(t, t->opts.seen, false, &t->seen));
  if (t->opts.seen) t->search.seen = t->opts.seen == history ? &t->history : &t->seen;
done:
  return st;
}

/* Room for lists, lengths and what is added. Local. */
static tartan_status allocate(tt_topn *t)
{
  const tartan_profiles *users = t->profiles;
  const tt_search_plan  *s = &t->plan.search;
  tt_memory             *mem = &t->p->grid->memory;
  tartan_status          local = TARTAN_OK, made;

  made = tt_lists_make(t->p->grid, users->first, users->own, s->k, s->kept, &t->search.lists);
  t->search.queries.length = tt_alloc_zero(mem, users->own, sizeof(double), "lengths of users", &local);
  if (!t->plan.weights) t->base = tt_alloc(mem, users->own, sizeof *t->base, "biases of users", &local);
  if (t->opts.allowed) t->index = tt_alloc(mem, s->slab, sizeof *t->index, "the items of a tile", &local);
  return made != TARTAN_OK ? made : local;
}

/* The users as rows that are compared; their factors stay where they are. Collective. */
static tartan_status make_queries(tt_topn *t)
{
  const tartan_profiles *users = t->profiles;
  tt_rows               *q = &t->search.queries;
  const int64_t          k = t->p->v.factors;
  int64_t                bad = INT64_MAX;
  tartan_status          st = TARTAN_OK;

  q->row = users->first;
  q->count = users->own;
  if (t->plan.weights) goto done;
  if (users->X) q->data = users->X->data;
  for (int64_t i = 0; i < users->own; i++) {
    if (k > 0)
      q->length[i] = tt_row_length(t->search.shape.dtype, k,
                                   q->data + (size_t)(i * k) * tartan_dtype_size(t->search.shape.dtype));
    t->base[i] = t->p->v.mean + users->bias[i];
    bad = tt_min(bad, tt_min(tt_row_bad(users->first + i, q->length[i]), tt_row_bad(users->first + i, t->base[i])));
  }
  TRY(tt_rows_require_finite(t->p->grid, bad, "user"));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ all of it */

static tartan_status run(tt_topn *t)
{
  tartan_status st = TARTAN_OK;

  TRY(gather_rows(t));
  AGREE(t->p->grid, allocate(t));
  TRY(make_queries(t));
  TRY(t->plan.weights ? tt_topn_weights(t) : tt_topn_factors(t));
  tt_lists_finish(&t->search.lists, 1, t->base);
done:
  tt_free(t->index);
  tt_free(t->base);
  tt_free(t->search.queries.length);
  tt_sparse_rows_free(&t->seen);
  tt_sparse_rows_free(&t->history);
  return st;
}

tartan_status tartan_predictor_topn(const tartan_predictor *p, const tartan_profiles *profiles,
                                    const tartan_topn_opts *opts, tartan_neighbors **result, tartan_cost *cost)
{
  const tartan_topn_opts defaults = TARTAN_TOPN_OPTS_INIT;
  tartan_grid           *grid = p->grid;
  const tt_counters      before = grid->counters;
  const int64_t          used = grid->memory.used, peak = grid->memory.peak;
  const double           start = tt_seconds();
  tt_topn                t = {.p = p, .profiles = profiles, .opts = opts ? *opts : defaults};
  tartan_status          st = TARTAN_OK;

  *result = NULL;
  TRY(tt_topn_plan_make(p, profiles, &t.opts, &t.plan));
  t.search.grid = grid;
  t.search.plan = t.plan.search;
  t.search.shape = (tt_row_shape){.dtype = t.plan.search.dtype, .d = p->v.factors, .biased = p->v.item_bias != NULL};
  grid->memory.peak = used;
  TRY(run(&t));
  if (cost) {
    tt_topn_plan_cost(p, &t.plan, cost);
    TRY(tt_search_measure(grid, &before, used, start, cost));
  }
  *result = t.search.lists.result;
  t.search.lists.result = NULL;
done:
  grid->memory.peak = tt_max(peak, grid->memory.peak);
  tt_lists_end(&t.search.lists);
  return st;
}
