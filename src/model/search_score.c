/*
 * One tile of items against the queries of a rank. Blocks of queries are tasks for the threads; each multiplies blocks of
 * items with its queries (the BLAS on one thread) and goes through the products: whatever may be among a query's k best is
 * scored again in f64, in one order of summation, and offered to the query's heap. So the product decides nothing but what is
 * left out, and what it leaves out is proved to be worse by the bound below.
 *
 * Everything is brought to one comparison, product * factor - shift against a threshold: cosine has factor 1/|x|; Euclidean
 * distance has shift |x|^2 / 2, since |x - y|^2 / 2 = |y|^2 / 2 - (x'y - |x|^2 / 2).
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

/* The key of an item for a query: the score, and for distances its negative. It depends on the two rows alone. */
static double exact_key(const tt_search *s, const char *x, double x_length, const char *y, double y_length)
{
  const tt_search_plan *p = &s->plan;
  const bool            scaled = p->dtype == TARTAN_F64; /* products of f32 need no help */
  int                   ex = 0, ey = 0;
  double                fx = 1, fy = 1, dot;

  if (p->metric == TARTAN_METRIC_EUCLIDEAN) return -tt_ordered_distance(p->dtype, x, y, s->d);
  if (x_length == 0 || y_length == 0) return 0;
  if (scaled) fx = unit_factor(x_length, &ex);
  if (scaled) fy = unit_factor(y_length, &ey);
  dot = tt_ordered_dot(p->dtype, x, fx, y, fy, s->d);
  if (p->metric == TARTAN_METRIC_DOT) return ldexp(dot, ex + ey);
  return fmax(-1, fmin(1, dot / (x_length * fx * (y_length * fy))));
}

/* ------------------------------------------------------------------------------------------------ the bound */

/* What bounds a product: its precision, and the lengths of the items of a block. */
typedef struct bounds {
  double least, most;       /* products between these in size neither under- nor overflow */
  double gamma;             /* error of a product, relative to the two lengths */
  double longest, shortest; /* items; the shortest of those that are not zero */
} bounds;

/* n u / (1 - n u): what a sum of n products in any order is wrong by, relative to the sum of their sizes. */
static double gamma_of(double n, double u)
{
  return n * u < 0.5 ? n * u / (1 - n * u) : (double)INFINITY;
}

/*
 * By Cauchy and Schwarz a product is wrong by gamma |x| |y| at most, whatever the order of its sum; the exact score, itself
 * rounded, by the same with the roundoff of f64. A few operations more are allowed for factor, shift, lengths and the
 * threshold's own rounding.
 */
static bounds bounds_of(const tt_search *s, const double *length, int64_t count)
{
  const bool   narrow = s->plan.dtype == TARTAN_F32;
  const double d = (double)s->d;
  bounds       b = {.least = narrow ? FLT_MIN : DBL_MIN,
                    .most = (narrow ? FLT_MAX : DBL_MAX) / 16,
                    .gamma = 1.01 * gamma_of(d + 8, narrow ? 0x1p-24 : 0x1p-53) + gamma_of(2 * d + 32, 0x1p-53),
                    .shortest = INFINITY};

  for (int64_t i = 0; i < count; i++) {
    b.longest = length[i] > b.longest ? length[i] : b.longest;
    b.shortest = length[i] > 0 && length[i] < b.shortest ? length[i] : b.shortest;
  }
  return b;
}

/* Whether products with a query of this length stay in the range of their precision, with factors and shifts. */
static bool is_in_range(tartan_metric metric, const bounds *b, double y_length)
{
  const double x = b->longest, both = x + y_length;

  switch (metric) {
  case TARTAN_METRIC_DOT: return x * y_length <= b->most;
  case TARTAN_METRIC_EUCLIDEAN: return both * both <= b->most;
  case TARTAN_METRIC_COSINE: return x * y_length <= b->most && x * b->least * 16 <= 1 && b->shortest >= 16 * b->least;
  }
  return false;
}

/* A threshold for product * factor - shift below which no item of the block has a key of at least `key`. */
static double threshold_of(const tt_search *s, const bounds *b, double key, double y_length)
{
  const double x = b->longest, both = x + y_length, floor = ((double)s->d + 8) * b->least;
  double       t = -INFINITY;

  if (!isfinite(key) || !isfinite(b->gamma) || !is_in_range(s->plan.metric, b, y_length)) return t;
  switch (s->plan.metric) {
  case TARTAN_METRIC_DOT: t = key - b->gamma * x * y_length - floor; break;
  case TARTAN_METRIC_COSINE: t = key * y_length - b->gamma * y_length - floor / b->shortest - floor; break;
  case TARTAN_METRIC_EUCLIDEAN:
    t = (y_length * y_length - key * key) / 2 - b->gamma * (both * both + key * key) - floor;
    break;
  }
  return isnan(t) ? -(double)INFINITY : t;
}

/* ------------------------------------------------------------------------------------------------ a tile */

/* What all threads need: the tile, and the search. */
typedef struct comparison {
  tt_search     *search;
  const tt_rows *tile;
} comparison;

static const char *row_of(const tt_search *s, const tt_rows *rows, int64_t i)
{
  return rows->data + (size_t)(i * s->d) * tartan_dtype_size(s->plan.dtype);
}

/* The heap of a query, in the memory of the result. */
static tt_heap heap_of(const tt_search *s, int64_t query)
{
  return (tt_heap){.room = s->plan.kept,
                   .count = s->found[query],
                   .key = s->result->score + query * s->plan.k,
                   .index = s->result->index + query * s->plan.k};
}

/* Goes through the products of one query with the items from .. from + count - 1 of the tile. */
static void go_through(const comparison *c, const bounds *b, int64_t query, int64_t from, int64_t count,
                       const char *scores)
{
  tt_search    *s = c->search;
  const size_t  w = tartan_dtype_size(s->plan.dtype);
  const double  length = s->queries.length[query];
  const int64_t self = s->plan.without_self ? s->queries.row + query : -1;
  const char   *y = row_of(s, &s->queries, query), *factor = (const char *)s->factor + (size_t)from * w;
  const char   *shift = (const char *)s->shift + (size_t)from * w;
  tt_heap       heap = heap_of(s, query);
  double        t = heap.count < heap.room ? -(double)INFINITY : threshold_of(s, b, heap.key[0], length);

  for (int64_t i = 0; (i = tt_next_candidate(s->plan.dtype, scores, factor, shift, t, i, count)) < count; i++) {
    const int64_t at = from + i;

    if (c->tile->row + at == self) continue;
    if (tt_heap_offer(&heap, exact_key(s, row_of(s, c->tile, at), c->tile->length[at], y, length), c->tile->row + at) &&
        heap.count == heap.room)
      t = threshold_of(s, b, heap.key[0], length);
  }
  s->found[query] = heap.count;
}

/* tt_task: one block of queries against the tile. */
static void compare_block(int64_t block, void *context)
{
  const comparison *c = context;
  const tt_search  *s = c->search;
  const size_t      w = tartan_dtype_size(s->plan.dtype);
  const int64_t     first = block * s->plan.block, queries = tt_min(s->plan.block, s->queries.count - first);
  const int64_t     ld = tt_max(1, s->d);
  char             *scores = s->scores + (size_t)(tt_thread_index() * s->plan.block * TT_SEARCH_ITEMS) * w;

  for (int64_t i = 0; i < c->tile->count; i += TT_SEARCH_ITEMS) {
    const int64_t items = tt_min(TT_SEARCH_ITEMS, c->tile->count - i);
    const bounds  b = bounds_of(s, c->tile->length + i, items);

    tt_gemm_local(s->plan.dtype, TARTAN_TRANS, TARTAN_NO_TRANS, items, queries, s->d, 1, row_of(s, c->tile, i), ld,
                  row_of(s, &s->queries, first), ld, 0, scores, TT_SEARCH_ITEMS);
    for (int64_t j = 0; j < queries; j++)
      go_through(c, &b, first + j, i, items, scores + (size_t)(j * TT_SEARCH_ITEMS) * w);
  }
}

/* Factors and shifts of a tile. */
static void prepare(tt_search *s, const tt_rows *tile)
{
  const tartan_metric metric = s->plan.metric;

  for (int64_t i = 0; i < tile->count; i++) {
    const double x = tile->length[i];

    tt_put_element(s->plan.dtype, metric != TARTAN_METRIC_COSINE ? 1 : x > 0 ? 1 / x : 0, s->factor, 1, i, 0);
    tt_put_element(s->plan.dtype, metric == TARTAN_METRIC_EUCLIDEAN ? x * x / 2 : 0, s->shift, 1, i, 0);
  }
}

void tt_search_compare(tt_search *s, const tt_rows *tile)
{
  comparison c = {.search = s, .tile = tile};
  double     since = tt_seconds();

  if (s->plan.kept == 0 || tile->count == 0 || s->queries.count == 0) return;
  prepare(s, tile);
  tt_parallel_for(s->grid->threads, tt_ceil_div(s->queries.count, s->plan.block), compare_block, &c);
  s->grid->counters.flops += 2.0 * (double)tile->count * (double)s->d * (double)s->queries.count;
  tt_grid_phase(s->grid, TARTAN_PHASE_COMPUTE, &since);
}
