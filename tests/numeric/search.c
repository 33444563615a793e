// TEST: np=1,2,3,4,6 labels=numeric,model timeout=120
/*
 * The k best items against all pairs scored one by one: the same indices and the same bits of scores for every metric, type,
 * number of ranks and threads, and size of tiles; ties, vectors far from the origin, extreme sizes, zero vectors, and what is
 * empty.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/search.h>

#include "check.h"
#include "comm/grid.h"
#include "kernel/topn.h"
#include "matrices.h"
#include "model/search_impl.h"

/* What rows hold; d is small, so that integers tie often. */
enum { RANDOM, TIES, EQUAL, FAR, LARGE, SMALL, MIXED, KINDS };

static struct {
  int          kind;
  tartan_dtype dtype;
} data;

static double value_at(int64_t i, int64_t j, void *seed)
{
  const double r = fill_random(i, j, seed);

  switch (data.kind) {
  case TIES: return rint(2 * r);
  case EQUAL: return 3 - (double)j;
  case FAR: return 1000 + (double)(float)(1e-3 * r);
  case LARGE: return r * (data.dtype == TARTAN_F32 ? 1e37 : 1e300);
  case SMALL: return r * (data.dtype == TARTAN_F32 ? 1e-30 : 1e-300);
  case MIXED: return i % 5 == 0 ? 0 : r * pow(10, (double)(i % 13 - 6));
  default: return r;
  }
}

/* The shape of a case, and how it is searched. */
typedef struct shape {
  int64_t n, q, d, k;
} shape;

/* Rows as the library gets them. */
typedef struct table {
  char   *rows;
  double *length;
} table;

static table table_make(int64_t m, int64_t d, uint64_t seed)
{
  const size_t w = tartan_dtype_size(data.dtype);
  table        t = {malloc((size_t)(m * d) * w + 1), malloc((size_t)m * sizeof(double) + 1)};

  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < d; j++) {
      const double v = value_at(i, j, &seed);

      if (data.dtype == TARTAN_F32)
        ((float *)t.rows)[i * d + j] = (float)v;
      else
        ((double *)t.rows)[i * d + j] = v;
    }
  for (int64_t i = 0; i < m; i++) t.length[i] = tt_row_length(data.dtype, d, t.rows + (size_t)(i * d) * w);
  return t;
}

static void table_free(table *t)
{
  free(t->rows);
  free(t->length);
}

static double element(const char *row, int64_t j)
{
  return data.dtype == TARTAN_F32 ? (double)((const float *)row)[j] : ((const double *)row)[j];
}

/* A score in long double, and how far one in f64 may be from it. */
static long double true_score(tartan_metric metric, const char *x, const char *y, int64_t d, double *tolerance)
{
  long double dot = 0, xx = 0, yy = 0, distance = 0;

  for (int64_t j = 0; j < d; j++) {
    const long double a = element(x, j), b = element(y, j);

    dot += a * b;
    xx += a * a;
    yy += b * b;
    distance += (a - b) * (a - b);
  }
  *tolerance = 1e-14 * (double)(metric == TARTAN_METRIC_DOT ? sqrtl(xx) * sqrtl(yy) : sqrtl(distance));
  if (metric == TARTAN_METRIC_DOT) return dot;
  if (metric == TARTAN_METRIC_EUCLIDEAN) return sqrtl(distance);
  *tolerance = 1e-14;
  return xx > 0 && yy > 0 ? dot / (sqrtl(xx) * sqrtl(yy)) : 0;
}

static double power_of(double length)
{
  int e = 0;

  if (data.dtype == TARTAN_F64 && length > 0) frexp(length, &e);
  return ldexp(1, e < -1000 ? 1000 : e > 1022 ? -1022 : -e);
}

/* A score as the library defines it, larger is better; nothing is left out by any bound. */
static double key_of(tartan_metric metric, const table *x, int64_t i, const table *y, int64_t j, int64_t d)
{
  const size_t row = (size_t)d * tartan_dtype_size(data.dtype);
  const double fx = power_of(x->length[i]), fy = power_of(y->length[j]);
  const char  *a = x->rows + (size_t)i * row, *b = y->rows + (size_t)j * row;

  if (metric == TARTAN_METRIC_EUCLIDEAN) return -tt_ordered_distance(data.dtype, a, b, d);
  if (x->length[i] == 0 || y->length[j] == 0) return 0;
  if (metric == TARTAN_METRIC_DOT) return tt_ordered_dot(data.dtype, a, fx, b, fy, d) / fx / fy;
  return fmax(-1, fmin(1, tt_ordered_dot(data.dtype, a, fx, b, fy, d) / (x->length[i] * fx * (y->length[j] * fy))));
}

/* One entry of the full list. */
typedef struct entry {
  double  key;
  int64_t index;
} entry;

static int better(const void *a, const void *b)
{
  const entry *x = a, *y = b;

  if (x->key != y->key) return x->key > y->key ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

/* Checks one query's list. */
static void check_list(const shape *s, const tartan_search_opts *o, const table *x, const table *y, int64_t query,
                       const int64_t *index, const double *score)
{
  const size_t row = (size_t)s->d * tartan_dtype_size(data.dtype);
  entry       *all = malloc((size_t)(s->n + 1) * sizeof *all);
  int64_t      count = 0, wrong = 0;
  double       tolerance = 0;

  for (int64_t i = 0; i < s->n; i++)
    if (!o->without_self || i != query) all[count++] = (entry){key_of(o->metric, x, i, y, query, s->d), i};
  qsort(all, (size_t)count, sizeof *all, better);
  for (int64_t r = 0; r < s->k; r++) {
    const double want = r < count ? o->metric == TARTAN_METRIC_EUCLIDEAN ? -all[r].key : all[r].key : NAN;

    wrong += index[r] != (r < count ? all[r].index : -1);
    wrong += r < count ? score[r] != want : !isnan(score[r]);
    if (r < count && r < 3) {
      const long double t = true_score(o->metric, x->rows + (size_t)all[r].index * row, y->rows + (size_t)query * row,
                                       s->d, &tolerance);

      CHECK(isinf(score[r]) || fabsl((long double)score[r] - t) <= (long double)tolerance + DBL_MIN);
    }
  }
  CHECK_EQ(wrong, 0);
  free(all);
}

static void check_result(const shape *s, const tartan_search_opts *o, const tartan_neighbors *result)
{
  const uint64_t seed = check_seed();
  table          x = table_make(s->n, s->d, seed), y = table_make(s->q, s->d, o->without_self ? seed : seed + 1);
  const int64_t *index = NULL;
  const double  *score = NULL;
  int64_t        first = 0, count = 0, k = 0;

  tartan_neighbors_local(result, &first, &count, &k, &index, &score);
  CHECK_EQ(k, s->k);
  for (int64_t j = 0; j < count; j++) check_list(s, o, &x, &y, first + j, index + j * k, score + j * k);
  table_free(&x);
  table_free(&y);
}

static tartan_operator *operator_make(tartan_grid *grid, int64_t m, int64_t d, uint64_t seed, tartan_matrix **A)
{
  tartan_operator *op = NULL;

  *A = matrix_make(grid, data.dtype, m, d, NULL, value_at, &seed);
  CHECK_OK(tartan_operator_from_matrix(*A, &op));
  return op;
}

/* One search on one grid; with `least`, in the least memory that its plan asks for. */
static void search(tartan_grid *grid, const shape *s, const tartan_search_opts *o, bool least)
{
  const uint64_t    seed = check_seed();
  tartan_matrix    *A = NULL, *B = NULL;
  tartan_operator  *items = operator_make(grid, s->n, s->d, seed, &A);
  tartan_operator  *queries = o->without_self ? items : operator_make(grid, s->q, s->d, seed + 1, &B);
  tartan_neighbors *result = NULL;
  tartan_cost       plan, cost;

  if (least) {
    grid->memory.limit = grid->memory.used + 1;
    CHECK_STATUS(tartan_search(items, queries, s->k, o, &result, NULL), TARTAN_ERR_NOMEM);
    CHECK(result == NULL);
    CHECK_STATUS(tartan_search_plan(items, queries, s->k, o, &plan), TARTAN_ERR_NOMEM);
    grid->memory.limit = grid->memory.used + (int64_t)plan.memory;
  }
  CHECK_OK(tartan_search_plan(items, queries, s->k, o, &plan));
  if (CHECK_OK(tartan_search(items, queries, s->k, o, &result, &cost))) {
    check_result(s, o, result);
    CHECK_LE(cost.words, plan.words * 1.5 + 4 * (double)(s->d + 2) * 4);
    if (least) CHECK_LE(cost.memory, plan.memory); /* else copies of matrices take larger steps */
  }
  tartan_neighbors_destroy(&result);
  if (queries != items) tartan_operator_destroy(&queries);
  tartan_operator_destroy(&items);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&A);
}

/* All metrics of one shape, on grids of several sizes. */
static void test_shape(const shape *s, int size, int threads, bool least)
{
  tartan_grid *grid = grid_of_first(size, threads);

  for (int metric = 0; metric < 3 && grid; metric++)
    for (int self = 0; self < 2; self++) {
      tartan_search_opts o = TARTAN_SEARCH_OPTS_INIT;

      o.metric = (tartan_metric)metric;
      o.without_self = self == 1;
      if (self && s->n != s->q) continue;
      check_context("%d ranks x %d, kind %d %s, n %lld q %lld d %lld k %lld, metric %d, self %d, least %d", size,
                    threads, data.kind, tartan_dtype_name(data.dtype), (long long)s->n, (long long)s->q,
                    (long long)s->d, (long long)s->k, metric, self, least);
      grid->memory.limit = 0;
      search(grid, s, &o, least);
    }
  tartan_grid_destroy(&grid);
}

static void test_shapes(void)
{
  static const shape shapes[] = {{0, 3, 4, 2}, {5, 0, 3, 2}, {7, 3, 0, 3}, {1, 1, 1, 1},
                                 {3, 2, 5, 6}, {9, 9, 3, 4}, {1, 1, 2, 3}, {34, 34, 33, 70}};

  data.kind = RANDOM;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (int least = 0; least < 2; least++) test_shape(&shapes[i], check_size(), 1, least);
}

static void test_kinds(void)
{
  static const shape one = {701, 37, 11, 10}, few = {1501, 2, 70, 5}, small = {83, 13, 11, 10};

  for (data.kind = 0; data.kind < KINDS; data.kind++) {
    test_shape(&one, check_size(), 2, false);
    if (data.kind == RANDOM || data.kind == TIES) test_shape(&small, check_size(), 1, true);
    test_shape(&few, 1, 1, false);
  }
}

/* Items of several tiles and blocks, and rows so long that few of them make a slab of a file. */
static void test_many(void)
{
  static const shape many = {4500, 90, 8, 12}, long_rows = {530, 3, 2100, 4};

  data.kind = RANDOM;
  test_shape(&many, check_size(), 2, false);
  test_shape(&long_rows, check_size(), 1, false);
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int t = 0; t < 2; t++) {
    data.dtype = t ? TARTAN_F64 : TARTAN_F32;
    test_shapes();
    test_kinds();
    test_many();
  }
  return check_finish();
}
