/*
 * One tile of items against the queries of a rank. Blocks of queries are tasks for the threads; each multiplies blocks of
 * items with its queries (the BLAS on one thread) and goes through the products: whatever may be among a query's k best is
 * put aside; now and then, when there is no room, what can no longer be among them is dropped. At the end of the tile the
 * rest is scored again in f64, in one order of summation, and offered to the query's heap. So the product decides nothing
 * but what is left out, and what it leaves out is proved to be worse by the bound below.
 *
 * Everything is brought to one comparison, product * factor - shift against a threshold: cosine has factor 1/|x|; Euclidean
 * distance has shift |x|^2 / 2, since |x - y|^2 / 2 = |y|^2 / 2 - (x'y - |x|^2 / 2); a bias is the negative of a shift.
 *
 * If no comparison is wrong by more than e, then an item whose comparison is less than that of another by more than 2 e has
 * the lower score. So of what was put aside beside the heap, the k-th largest comparison less 2 e is a threshold too.
 */
#include <float.h>
#include <math.h>

#include "base/util.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "model/search_impl.h"

/* ------------------------------------------------------------------------------------------------ exact scores */

/* A power of two that brings a length to 1/2 .. 1, or near it; the inverse's exponent. */
static double unit_factor(double length, int *exponent)
{
  *exponent = 0;
  if (length > 0) frexp(length, exponent);
  if (*exponent < -1000) *exponent = -1000;
  if (*exponent > 1022) *exponent = 1022;
  return ldexp(1, -*exponent);
}

/* The score of two rows, and for distances its negative. It depends on the rows alone. */
static double exact_score(const tt_search *s, const char *x, double x_length, const char *y, double y_length)
{
  const tartan_dtype dtype = s->shape.dtype;
  const bool         scaled = dtype == TARTAN_F64; /* products of f32 need no help */
  int                ex = 0, ey = 0;
  double             fx = 1, fy = 1, dot;

  if (s->plan.metric == TARTAN_METRIC_EUCLIDEAN) return -tt_ordered_distance(dtype, x, y, s->shape.d);
  if (x_length == 0 || y_length == 0) return 0;
  if (scaled) fx = unit_factor(x_length, &ex);
  if (scaled) fy = unit_factor(y_length, &ey);
  dot = tt_ordered_dot(dtype, x, fx, y, fy, s->shape.d);
  if (s->plan.metric == TARTAN_METRIC_DOT) return scaled ? ldexp(dot, ex + ey) : dot;
  return fmax(-1, fmin(1, dot / (x_length * fx * (y_length * fy))));
}

static const char *row_of(const tt_search *s, const tt_rows *rows, int64_t i)
{
  return rows->data + (size_t)(i * s->shape.d) * tartan_dtype_size(s->shape.dtype);
}

/* The key of an item of a tile for a query: the score, to which the item's bias is added. */
static double exact_key(const tt_search *s, const tt_rows *tile, int64_t at, int64_t query)
{
  const double score = exact_score(s, row_of(s, tile, at), tile->length[at], row_of(s, &s->queries, query),
                                   s->queries.length[query]);

  return tile->bias ? tile->bias[at] + score : score;
}

/* ------------------------------------------------------------------------------------------------ the bound */

/* What bounds a product: its precision, and the lengths of the items of a tile. */
typedef struct bounds {
  double least, most;       /* products between these in size neither under- nor overflow */
  double gamma;             /* error of a product, relative to the two lengths */
  double longest, shortest; /* items; the shortest of those that are not zero */
  double bias;              /* the largest in size */
} bounds;

/* n u / (1 - n u): what a sum of n products in any order is wrong by, relative to the sum of their sizes. */
static double gamma_of(double n, double u)
{
  return n * u < 0.5 ? n * u / (1 - n * u) : (double)INFINITY;
}

/*
 * By Cauchy and Schwarz a product is wrong by gamma |x| |y| at most, whatever the order of its sum; the exact score, itself
 * rounded, by the same with the roundoff of f64. A few operations more are allowed for factor, shift, lengths and the
 * threshold's own rounding; a bias, rounded to the type of the products and added, is wrong by less than gamma of its size.
 */
static bounds bounds_of(const tt_search *s, const tt_rows *tile)
{
  const bool   narrow = s->shape.dtype == TARTAN_F32;
  const double d = (double)s->shape.d;
  bounds       b = {.least = narrow ? FLT_MIN : DBL_MIN,
                    .most = (narrow ? FLT_MAX : DBL_MAX) / 16,
                    .gamma = 1.01 * gamma_of(d + 8, narrow ? 0x1p-24 : 0x1p-53) + gamma_of(2 * d + 32, 0x1p-53),
                    .shortest = INFINITY};

  for (int64_t i = 0; i < tile->count; i++) {
    const double length = tile->length[i];

    b.longest = length > b.longest ? length : b.longest;
    b.shortest = length > 0 && length < b.shortest ? length : b.shortest;
    if (tile->bias) b.bias = fmax(b.bias, fabs(tile->bias[i]));
  }
  return b;
}

/* Whether products with a query of this length stay in the range of their precision, with factors and shifts. */
static bool is_in_range(tartan_metric metric, const bounds *b, double y_length)
{
  const double x = b->longest, both = x + y_length;

  switch (metric) {
  case TARTAN_METRIC_DOT: return x * y_length + b->bias <= b->most;
  case TARTAN_METRIC_EUCLIDEAN: return both * both <= b->most;
  case TARTAN_METRIC_COSINE: return x * y_length <= b->most && x * b->least * 16 <= 1 && b->shortest >= 16 * b->least;
  }
  return false;
}

/*
 * How far product * factor - shift of an item of the tile may be from what its key stands for; for distances also from a key
 * of such size. Infinite where nothing is known.
 */
static double slack_of(const tt_search *s, const bounds *b, double y_length, double key)
{
  const double both = b->longest + y_length, floor = ((double)s->shape.d + 8) * b->least;
  double       e = INFINITY;

  if (!isfinite(b->gamma) || !is_in_range(s->plan.metric, b, y_length)) return e;
  switch (s->plan.metric) {
  case TARTAN_METRIC_DOT: e = b->gamma * (b->longest * y_length + b->bias) + floor; break;
  case TARTAN_METRIC_COSINE: e = b->gamma * y_length + floor / b->shortest + floor; break;
  case TARTAN_METRIC_EUCLIDEAN: e = b->gamma * (both * both + key * key) + floor; break;
  }
  return isnan(e) ? (double)INFINITY : e;
}

/* What product * factor - shift would be without any error, of an item with this key. */
static double stands_for(tartan_metric metric, double key, double y_length)
{
  switch (metric) {
  case TARTAN_METRIC_DOT: return key;
  case TARTAN_METRIC_COSINE: return key * y_length;
  case TARTAN_METRIC_EUCLIDEAN: return (y_length * y_length - key * key) / 2;
  }
  return -INFINITY;
}

/* A threshold below which no item of the tile has a key of at least `key`. */
static double threshold_of(const tt_search *s, const bounds *b, double key, double y_length)
{
  const double t = stands_for(s->plan.metric, key, y_length) - slack_of(s, b, y_length, key);

  return isfinite(key) && !isnan(t) ? t : -(double)INFINITY;
}

/* ------------------------------------------------------------------------------------------------ candidates */

/* What all threads need: the tile, and the search. */
typedef struct comparison {
  tt_search     *search;
  const tt_rows *tile;
  bounds         bounds;
} comparison;

/* The row that is the query itself and no result, or -1. */
static int64_t self_of(const tt_search *s, int64_t query)
{
  return s->plan.without_self ? s->queries.row + query : -1;
}

/*
 * Takes out what cannot be a result of the query: what it has seen, and itself. Places ascend, as do the seen. For products
 * of any size; else mask() is cheaper.
 */
static void drop_known(const comparison *c, int64_t query, tt_pool *pool)
{
  const tt_search *s = c->search;
  const int64_t    self = self_of(s, query), end = s->seen ? s->seen->ptr[query + 1] : 0;
  int64_t          e = s->seen ? s->seen->ptr[query] : 0, left = 0;

  for (int64_t i = 0; i < pool->count; i++) {
    const int64_t item = tt_item_at(c->tile, pool->at[i]);

    while (e < end && s->seen->col[e] < item) e++;
    if (item == self || (e < end && s->seen->col[e] == item)) continue;
    pool->at[left] = pool->at[i];
    pool->value[left++] = pool->value[i];
  }
  pool->count = left;
}

/* The product of the item at a place becomes less than any threshold; factors are positive. */
static void mask_one(tartan_dtype dtype, char *scores, int64_t at)
{
  if (dtype == TARTAN_F32)
    ((float *)(void *)scores)[at] = -INFINITY;
  else
    ((double *)(void *)scores)[at] = -INFINITY;
}

/* The least item behind another that is no result of the query. */
static int64_t next_known(const comparison *c, int64_t query, int64_t after, const tt_contender *now)
{
  const tt_search *s = c->search;
  const int64_t    self = self_of(s, query), next = self > after ? self : INT64_MAX;

  return s->seen && now->seen < s->seen->ptr[query + 1] ? tt_min(next, s->seen->col[now->seen]) : next;
}

/* Masks what cannot be a result among the products with items from .. from + count - 1 of the tile. */
static void mask(const comparison *c, int64_t query, int64_t from, int64_t count, char *scores, tt_contender *now)
{
  const tt_search *s = c->search;
  const tt_rows   *tile = c->tile;
  const int64_t    last = tt_item_at(tile, from + count - 1), self = self_of(s, query);
  const int64_t    end = s->seen ? s->seen->ptr[query + 1] : 0;

  if (self >= tile->row + from && self < tile->row + from + count) /* a search has all items of a range */
    mask_one(s->shape.dtype, scores, self - tile->row - from);
  for (int64_t at = 0; now->seen < end && s->seen->col[now->seen] <= last; now->seen++) {
    const int64_t item = s->seen->col[now->seen];

    if (!tile->index) at = item - tile->row - from;
    while (tile->index && tile->index[from + at] < item) at++; /* the last of them is not below */
    if (!tile->index || tile->index[from + at] == item) mask_one(s->shape.dtype, scores, at);
  }
  now->next = next_known(c, query, last, now);
}

/* Drops what is not among the best of what was put aside and of the heap, as far as comparisons can tell. */
static void drop_worse(const comparison *c, int64_t query, tt_contender *now, double *work)
{
  const tt_search *s = c->search;
  const tt_heap    heap = tt_lists_heap(&s->lists, query);
  tt_pool         *pool = &now->pool;
  int64_t          left = 0;
  double           t;

  if (isinf(now->slack) || heap.count + pool->count < heap.room) return;
  for (int64_t i = 0; i < heap.count; i++) work[i] = stands_for(s->plan.metric, heap.key[i], s->queries.length[query]);
  for (int64_t i = 0; i < pool->count; i++) work[heap.count + i] = pool->value[i];
  t = tt_cutoff(work, heap.count + pool->count, heap.room) - 2 * now->slack;
  if (!(t > now->threshold)) return;
  now->threshold = t;
  for (int64_t i = 0; i < pool->count; i++) {
    pool->at[left] = pool->at[i];
    pool->value[left] = pool->value[i];
    left += !(pool->value[i] < t);
  }
  pool->count = left;
}

#define AHEAD 6 /* candidates whose rows are fetched from memory before their turn */

/* What is needed to score an item. */
static void fetch(const comparison *c, int64_t at)
{
  const tt_row_shape *shape = &c->search->shape;

  tt_prefetch(row_of(c->search, c->tile, at), (size_t)shape->d * tartan_dtype_size(shape->dtype));
  tt_prefetch(c->tile->length + at, sizeof(double));
  if (c->tile->bias) tt_prefetch(c->tile->bias + at, sizeof(double));
}

/* The keys of what was put aside. */
static void exact_keys(const comparison *c, int64_t query, const tt_pool *pool, double *key)
{
  const tt_search *s = c->search;
  const tt_rows   *tile = c->tile;

  if (s->plan.metric == TARTAN_METRIC_DOT && s->shape.dtype == TARTAN_F32) {
    tt_ordered_dots(TARTAN_F32, tile->data, pool->at, pool->count, row_of(s, &s->queries, query), s->shape.d, key);
    for (int64_t i = 0; i < pool->count && tile->bias; i++) key[i] += tile->bias[pool->at[i]];
    return;
  }
  for (int64_t i = 0; i < pool->count; i++) {
    if (i + AHEAD < pool->count) fetch(c, pool->at[i + AHEAD]);
    key[i] = exact_key(s, tile, pool->at[i], query);
  }
}

/* Scores what was put aside and offers it. */
static void settle(const comparison *c, int64_t query, tt_contender *now, double *work)
{
  const tt_search *s = c->search;
  const tt_pool   *pool = &now->pool;
  const double     length = s->queries.length[query];
  tt_heap          heap = tt_lists_heap(&s->lists, query);

  exact_keys(c, query, pool, work);
  for (int64_t i = 0; i < pool->count; i++) tt_heap_offer(&heap, work[i], tt_item_at(c->tile, pool->at[i]));
  if (heap.count == heap.room) now->threshold = fmax(now->threshold, threshold_of(s, &c->bounds, heap.key[0], length));
  now->pool.count = 0;
  s->lists.found[query] = heap.count;
}

/* Makes room. */
static void thin_out(const comparison *c, int64_t query, tt_contender *now, double *work)
{
  if (isinf(now->slack)) drop_known(c, query, &now->pool);
  drop_worse(c, query, now, work);
  if (now->pool.count > now->pool.room * 3 / 4) settle(c, query, now, work);
}

/* The first threshold of a query: the best of the first products cannot be worse than the best of all. */
static void look_ahead(const comparison *c, const char *scores, const char *factor, const char *shift, int64_t count,
                       tt_contender *now, double *work)
{
  const tt_search *s = c->search;
  const int64_t    n = tt_widen_scores(s->shape.dtype, scores, factor, shift, now->threshold, count, work);

  if (n > s->plan.kept) now->threshold = fmax(now->threshold, tt_cutoff(work, n, s->plan.kept) - 2 * now->slack);
}

/* Puts aside what counts among the products of one query with the items from .. from + count - 1 of the tile. */
static void go_through(const comparison *c, int64_t query, int64_t from, int64_t count, char *scores, tt_contender *now,
                       double *work)
{
  const tt_search *s = c->search;
  const size_t     at = (size_t)from * tartan_dtype_size(s->shape.dtype);
  const bool       plain = s->plan.metric == TARTAN_METRIC_DOT && !c->tile->bias;
  const char      *factor = plain ? NULL : (const char *)s->factor + at, *shift = (const char *)s->shift + at;
  int64_t          i = 0;

  if (!isinf(now->slack) && now->next <= tt_item_at(c->tile, from + count - 1))
    mask(c, query, from, count, scores, now);
  if (!isinf(now->slack) && from == 0 && s->lists.found[query] == 0)
    look_ahead(c, scores, factor, shift, count, now, work);
  for (;;) {
    i = tt_pool_collect(s->shape.dtype, scores, factor, shift, now->threshold, i, count, from, &now->pool);
    if (i == count) return;
    thin_out(c, query, now, work);
  }
}

/* ------------------------------------------------------------------------------------------------ a tile */

/* Nothing is put aside yet; the heap tells what need not be. What is masked is always below the threshold. */
static void start(const comparison *c, int64_t query, tt_contender *now)
{
  const tt_search *s = c->search;
  const tt_heap    heap = tt_lists_heap(&s->lists, query);
  const double     length = s->queries.length[query];
  const int64_t    first = tt_item_at(c->tile, 0);

  now->pool.count = 0;
  now->seen = 0;
  now->slack = slack_of(s, &c->bounds, length, c->bounds.longest + length);
  now->threshold = heap.count < heap.room ? -(double)INFINITY : threshold_of(s, &c->bounds, heap.key[0], length);
  if (!isinf(now->slack)) now->threshold = fmax(now->threshold, s->shape.dtype == TARTAN_F32 ? -FLT_MAX : -DBL_MAX);
  if (s->seen)
    now->seen = s->seen->ptr[query] +
                tt_first_from(s->seen->col + s->seen->ptr[query], s->seen->ptr[query + 1] - s->seen->ptr[query], first);
  now->next = next_known(c, query, first - 1, now);
}

/* tt_task: one block of queries against the tile. */
static void compare_block(int64_t block, void *context)
{
  const comparison *c = context;
  const tt_search  *s = c->search;
  const size_t      w = tartan_dtype_size(s->shape.dtype);
  const int64_t     first = block * s->plan.block, queries = tt_min(s->plan.block, s->queries.count - first);
  const int64_t     d = s->shape.d, ld = tt_max(1, d), thread = tt_thread_index();
  char             *scores = s->scores + (size_t)(thread * s->plan.block * TT_SEARCH_ITEMS) * w;
  tt_contender     *now = s->contender + thread * s->plan.block;
  double           *work = s->cut + thread * tt_search_work(s->plan.kept);

  for (int64_t j = 0; j < queries; j++) start(c, first + j, &now[j]);
  for (int64_t i = 0; i < c->tile->count; i += TT_SEARCH_ITEMS) {
    const int64_t items = tt_min(TT_SEARCH_ITEMS, c->tile->count - i);

    tt_gemm_local(s->shape.dtype, TARTAN_TRANS, TARTAN_NO_TRANS, items, queries, d, 1, row_of(s, c->tile, i), ld,
                  row_of(s, &s->queries, first), ld, 0, scores, TT_SEARCH_ITEMS);
    for (int64_t j = 0; j < queries; j++)
      go_through(c, first + j, i, items, scores + (size_t)(j * TT_SEARCH_ITEMS) * w, &now[j], work);
  }
  for (int64_t j = 0; j < queries; j++) {
    if (isinf(now[j].slack)) drop_known(c, first + j, &now[j].pool);
    drop_worse(c, first + j, &now[j], work);
    settle(c, first + j, &now[j], work);
  }
}

/* Factors and shifts of a tile. */
static void prepare(tt_search *s, const tt_rows *tile)
{
  const tartan_metric metric = s->plan.metric;

  for (int64_t i = 0; i < tile->count; i++) {
    const double x = tile->length[i], shift = metric == TARTAN_METRIC_EUCLIDEAN ? x * x / 2 : 0;

    tt_put_element(s->shape.dtype, metric == TARTAN_METRIC_COSINE && x > 0 ? 1 / x : 1, s->factor, 1, i, 0);
    tt_put_element(s->shape.dtype, tile->bias ? -tile->bias[i] : shift, s->shift, 1, i, 0);
  }
}

void tt_search_compare(tt_search *s, const tt_rows *tile)
{
  comparison c = {.search = s, .tile = tile};
  double     since = tt_seconds();

  if (s->plan.kept == 0 || tile->count == 0 || s->queries.count == 0) return;
  prepare(s, tile);
  c.bounds = bounds_of(s, tile);
  tt_parallel_for(s->grid->threads, tt_ceil_div(s->queries.count, s->plan.block), compare_block, &c);
  s->grid->counters.flops += 2.0 * (double)tile->count * (double)s->shape.d * (double)s->queries.count;
  tt_grid_phase(s->grid, TARTAN_PHASE_COMPUTE, &since);
}

tartan_status tt_search_begin(tt_search *s)
{
  const tt_search_plan *p = &s->plan;
  const size_t          w = tartan_dtype_size(s->shape.dtype);
  const int64_t         room = tt_search_room(p->kept), each = s->grid->threads * p->block;
  tt_memory            *mem = &s->grid->memory;
  tartan_status         local = TARTAN_OK;

  s->factor = tt_alloc(mem, p->slab, w, "factors of items", &local);
  s->shift = tt_alloc(mem, p->slab, w, "shifts of items", &local);
  s->scores = tt_alloc(mem, each * TT_SEARCH_ITEMS, w, "a tile of scores", &local);
  s->value = tt_alloc(mem, each * room, sizeof *s->value, "candidates", &local);
  s->at = tt_alloc(mem, each * room, sizeof *s->at, "candidates", &local);
  s->cut = tt_alloc(mem, s->grid->threads * tt_search_work(p->kept), sizeof *s->cut, "candidates", &local);
  s->contender = tt_alloc(mem, each, sizeof *s->contender, "candidates", &local);
  for (int64_t i = 0; i < each && local == TARTAN_OK; i++)
    s->contender[i].pool = (tt_pool){.room = room, .value = s->value + i * room, .at = s->at + i * room};
  return local;
}

void tt_search_end(tt_search *s)
{
  tt_free(s->contender);
  tt_free(s->cut);
  tt_free(s->at);
  tt_free(s->value);
  tt_free(s->scores);
  tt_free(s->shift);
  tt_free(s->factor);
}
