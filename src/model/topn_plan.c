/* What the best items of users take: whether the arguments fit each other, how large a tile may be, and whether that fits. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/topn_impl.h"

#define FACTOR_BYTES ((int64_t)16 << 20) /* of a tile of factor rows, */
#define WEIGHT_BYTES ((int64_t)64 << 20) /* and of weights, whose rows are as long as the catalogue */

/* ------------------------------------------------------------------------------------------------ arguments */

/* Whether a matrix of the model has a range of its columns on each rank, as headers say. */
static tartan_status require_ranges(const tartan_matrix *A, const char *name)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(A->col.starts && A->col.first == 0 && A->col.starts[A->col.procs] == A->col.n && A->row.procs == 1 &&
              A->col.procs == A->grid->size && !A->ranks,
          TARTAN_ERR_ARG, "%s: the columns do not lie in one range on each rank", name);
done:
  return st;
}

/* The matrices that are read, and that biases lie beside their factors. */
static tartan_status check_model(const tartan_predictor *p)
{
  const tartan_predictor_values *v = &p->v;
  const tartan_matrix           *F = v->item_factors, *b = v->item_bias;
  tartan_status                  st = TARTAN_OK;

  if (v->opts.model == TARTAN_RECOMMEND_EASE) return require_ranges(v->weights, "item_weights");
  if (v->factors > 0) TRY(require_ranges(F, "item_factors"));
  if (!b) goto done;
  TRY(require_ranges(b, "item_bias"));
  REQUIRE(b->dtype == TARTAN_F64, TARTAN_ERR_ARG, "item_bias is %s: it has to be f64", tartan_dtype_name(b->dtype));
  if (v->factors > 0)
    REQUIRE(memcmp(F->col.starts, b->col.starts, (size_t)(p->grid->size + 1) * sizeof *b->col.starts) == 0,
            TARTAN_ERR_ARG, "item_bias and item_factors are cut differently between the ranks");
done:
  return st;
}

static tartan_status check(const tartan_predictor *p, const tartan_profiles *profiles, const tartan_topn_opts *o)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(profiles->p == p, TARTAN_ERR_ARG, "the profiles are of another model: make them of this one");
  REQUIRE(o->count >= 1, TARTAN_ERR_ARG, "count = %lld: ask for at least 1 item", (long long)o->count);
  TRY(check_model(p));
  if (p->v.opts.model == TARTAN_RECOMMEND_EASE)
    REQUIRE(profiles->history && profiles->history->m == profiles->count && profiles->history->n == p->v.items,
            TARTAN_ERR_SHAPE, "the profiles have no entries of %lld users and %lld items to multiply weights with",
            (long long)profiles->count, (long long)p->v.items);
  if (!o->seen) goto done;
  REQUIRE(o->seen->grid == p->grid, TARTAN_ERR_GRID, "what was seen is on another grid than the model");
  REQUIRE(o->seen->m == profiles->count && o->seen->n == p->v.items, TARTAN_ERR_SHAPE,
          "what was seen is %lld x %lld, but there are %lld users and %lld items", (long long)o->seen->m,
          (long long)o->seen->n, (long long)profiles->count, (long long)p->v.items);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ memory */

/* Entries of whole rows on the rank that has most, and the most that a rank gives and gets. Collective. */
static tartan_status count_rows(const tartan_sparse *A, const int64_t *starts, double *kept, double *moved)
{
  tartan_grid  *grid = A->grid;
  int64_t      *count = NULL, most[2] = {0, 0}, given = A->rows > 0 ? A->ptr[A->rows] : 0;
  int           to = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  count = tt_alloc_zero(&grid->memory, grid->size, sizeof *count, "counts of entries", &local);
  AGREE(grid, local);
  for (int64_t i = 0; i < A->rows; i++) {
    while (A->first + i >= starts[to + 1]) to++;
    count[to] += A->ptr[i + 1] - A->ptr[i];
  }
  TRY(tt_allreduce_i64(grid, count, grid->size, TT_SUM));
  most[0] = count[grid->rank];
  most[1] = count[grid->rank] + given;
  TRY(tt_allreduce_i64(grid, most, 2, TT_MAX));
  *kept = (double)most[0];
  *moved = (double)most[1];
done:
  tt_free(count);
  return st;
}

/* Bytes of the masks and, of weights, of the entries to be multiplied, when there, and at most on the way. Collective. */
static tartan_status rows_bytes(const tartan_profiles *profiles, const tartan_topn_opts *o, bool weights, double most,
                                double *lasting, double *passing)
{
  const tartan_sparse *rows[2] = {weights ? profiles->history : NULL, o->seen};
  double               kept, moved;
  tartan_status        st = TARTAN_OK;

  *lasting = *passing = 0;
  for (int i = 0; i < 2; i++) {
    if (!rows[i] || (i == 1 && rows[0] == rows[1])) continue;
    TRY(count_rows(rows[i], profiles->starts, &kept, &moved));
    *passing = *lasting + 16 * moved + 12 * kept + 8 * (most + 1) > *passing
                   ? *lasting + 16 * moved + 12 * kept + 8 * (most + 1)
                   : *passing;
    *lasting += (i == 0 ? 12 : 4) * kept + 8 * (most + 1);
  }
  *passing += 64.0 * profiles->p->grid->size + 4096;
done:
  return st;
}

/* Bytes of a tile for each item, */
static double item_bytes(const tartan_predictor *p, const tt_topn_plan *plan)
{
  const double w = (double)tartan_dtype_size(plan->search.dtype);

  if (plan->weights) return (double)p->v.items * w;
  return (double)p->v.factors * w + (p->v.item_bias ? 16 : 8);
}

/* and of everything that grows with it: two tiles on several ranks, factors, shifts, indices. */
static double all_item_bytes(const tartan_predictor *p, const tt_topn_plan *plan)
{
  return (p->grid->size > 1 ? 2 : 1) * item_bytes(p, plan) + 24;
}

/* Bytes that stay the same however large a tile is. */
static double fixed_bytes(const tartan_grid *grid, const tt_search_plan *s, bool weights)
{
  return tt_lists_bytes(s->most, s->k) + 16.0 * (double)s->most + 4096 + (weights ? 0 : tt_search_bytes(grid, s));
}

/* The largest tile that there is room for, and what all takes. Collective. */
static tartan_status size_tiles(const tartan_predictor *p, const tartan_profiles *profiles, const tartan_topn_opts *o,
                                tt_topn_plan *plan)
{
  const tt_memory *mem = &p->grid->memory;
  const double     item = all_item_bytes(p, plan), fixed = fixed_bytes(p->grid, &plan->search, plan->weights);
  const int64_t    unit = plan->weights ? TT_PANEL : 1, share = tt_axis_largest(&plan->items->col);
  const int64_t    wanted = plan->weights ? WEIGHT_BYTES : FACTOR_BYTES;
  int64_t          room = mem->limit > 0 ? tt_max(0, mem->limit - mem->used) : INT64_MAX / 2, rows;
  double           lasting, passing, all;
  tartan_status    st = TARTAN_OK;

  TRY(rows_bytes(profiles, o, plan->weights, (double)plan->search.most, &lasting, &passing));
  TRY(tt_agree_least(p->grid, &room));
  rows = (double)room > fixed + lasting ? (int64_t)(((double)room - fixed - lasting) / item) : 0;
  rows = tt_min(rows, (int64_t)((double)wanted / item_bytes(p, plan)));
  rows = tt_min(rows / unit * unit, tt_round_up(share, unit));
  plan->search.slab = tt_max(rows, unit);
  plan->steps = tt_ceil_div(share, plan->search.slab);
  all = lasting + fixed + (double)plan->search.slab * item;
  all = all > passing ? all : passing;
  plan->search.memory = (int64_t)(all < 9e18 ? all : 9e18);
  if (plan->search.memory > room) {
    char need[24], have[24];

    REQUIRE(
        false, TARTAN_ERR_NOMEM,
        "%lld items for each of %lld users per rank take %s per rank, the budget leaves %s; give it more memory, or "
        "more ranks",
        (long long)plan->search.k, (long long)plan->search.most, tt_bytes_text(all, need),
        tt_bytes_text((double)room, have));
  }
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the plan */

static int64_t count_allowed(const tartan_topn_opts *o, int64_t items)
{
  int64_t n = 0;

  if (!o->allowed) return items;
  for (int64_t i = 0; i < items; i++) n += o->allowed[i] != 0;
  return n;
}

tartan_status tt_topn_plan_make(const tartan_predictor *p, const tartan_profiles *profiles,
                                const tartan_topn_opts *opts, tt_topn_plan *plan)
{
  const tartan_predictor_values *v = &p->v;
  tt_search_plan                *s = &plan->search;
  int64_t                        results = 0;
  tartan_status                  st = TARTAN_OK;

  memset(plan, 0, sizeof *plan);
  TRY(check(p, profiles, opts));
  plan->weights = v->opts.model == TARTAN_RECOMMEND_EASE;
  plan->items = plan->weights ? v->weights : v->factors > 0 ? v->item_factors : v->item_bias;
  s->metric = TARTAN_METRIC_DOT;
  s->dtype = plan->items->dtype;
  s->k = opts->count;
  s->kept = tt_min(s->k, count_allowed(opts, v->items));
  s->most = tt_ceil_div(profiles->count, p->grid->size);
  REQUIRE(tt_mul(s->most, s->k, &results) && results <= INT64_MAX / 64, TARTAN_ERR_OVERFLOW,
          "%lld items for each of %lld users are beyond 64 bits", (long long)s->k, (long long)s->most);
  s->block = tt_max(1, tt_min(TT_SEARCH_QUERIES, tt_ceil_div(s->most, p->grid->threads)));
  TRY(size_tiles(p, profiles, opts, plan));
done:
  return st;
}

void tt_topn_plan_cost(const tartan_predictor *p, const tt_topn_plan *plan, tartan_cost *cost)
{
  const tt_search_plan *s = &plan->search;
  const double          P = p->grid->size, n = (double)p->v.items, w = (double)tartan_dtype_size(s->dtype);
  const double          item = item_bytes(p, plan) / w;
  int64_t               least = p->v.items;

  memset(cost, 0, sizeof *cost);
  snprintf(cost->algorithm, sizeof cost->algorithm, "%s", plan->weights ? "weights" : "tiles");
  snprintf(cost->reason, sizeof cost->reason,
           "up to %lld users a rank stay, tiles of %lld items go round; %s in %s, scores in f64", (long long)s->most,
           (long long)tt_min(s->slab, tt_axis_largest(&plan->items->col)), plan->weights ? "weights" : "products",
           tartan_dtype_name(s->dtype));
  cost->flops = plan->weights ? 0 : 2 * n * (double)p->v.factors * (double)s->most;
  for (int r = 0; r < p->grid->size; r++) least = tt_min(least, tt_axis_count(&plan->items->col, r));
  cost->words = (n - (double)least) * item;
  cost->messages = (double)plan->steps * (P - 1);
  cost->bytes_moved = cost->words * w;
  cost->passes = 1;
  cost->memory = (double)s->memory;
  cost->grid[0] = p->grid->size;
  cost->grid[1] = cost->grid[2] = 1;
}
