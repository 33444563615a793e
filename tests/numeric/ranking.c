// TEST: np=1,2,3,4,7 labels=numeric,model timeout=120
/*
 * Metrics of lists against loops over dense arrays; a list worked out by hand; the same bits on any number of ranks and threads, by
 * whatever parts and cuts; users without relevant items, lists that end early, rows that are cut between ranks, intervals.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/util.h"
#include "check.h"
#include "model/ranking_impl.h"
#include "world.h"

#define METRICS 11

static const tartan_ranking_metric metrics[METRICS] = {{TARTAN_RANKING_RECALL, 5},    {TARTAN_RANKING_RECALL_CAPPED, 5},
                                                       {TARTAN_RANKING_PRECISION, 7}, {TARTAN_RANKING_HIT, 1},
                                                       {TARTAN_RANKING_NDCG, 12},     {TARTAN_RANKING_NDCG, 1},
                                                       {TARTAN_RANKING_MAP, 12},      {TARTAN_RANKING_MRR, 9},
                                                       {TARTAN_RANKING_COVERAGE, 1},  {TARTAN_RANKING_RECALL, 12},
                                                       {TARTAN_RANKING_COVERAGE, 10}};

/* Users, items of the catalogue, columns of the test, length of the lists. */
typedef struct shape {
  int64_t users, items, columns, k;
  double  density;
} shape;

/* Value of a test entry, 0 where there is none. Every fifth user has none. */
static double entry(const shape *s, int64_t user, int64_t item)
{
  const uint64_t seed = check_seed();

  if (user % 5 == 3 || tt_uniform(seed, user, item) > s->density) return 0;
  return 1 + floor(5 * tt_uniform(seed + 1, user, item));
}

/* Item at a place of a list: a walk through the catalogue by a step that has no common factor with its size, with an end. */
static int64_t item_at(const shape *s, int64_t user, int64_t place)
{
  const int64_t start = (user * 7919 + 11) % s->items, end = user % 4 == 1 ? user % (s->k + 1) : s->k;

  return place < end && place < s->items ? (start + place * 17) % s->items : -1;
}

/* Lists of the users of this rank. */
static tartan_neighbors *make_lists(tartan_grid *grid, const shape *s, int64_t offset, int64_t first, int64_t count)
{
  tartan_status     local = TARTAN_OK;
  tartan_neighbors *n = tt_alloc_zero(&grid->memory, 1, sizeof *n, "lists", &local);

  *n = (tartan_neighbors){.first = first, .count = count, .k = s->k};
  n->index = tt_alloc(&grid->memory, count * s->k, sizeof *n->index, "lists", &local);
  n->score = tt_alloc_zero(&grid->memory, count * s->k, sizeof *n->score, "lists", &local);
  CHECK_OK(local);
  for (int64_t i = 0; i < count; i++)
    for (int64_t p = 0; p < s->k; p++) n->index[i * s->k + p] = item_at(s, offset + first + i, p);
  return n;
}

/* Test entries of the users offset .. offset + users - 1. */
static tartan_sparse *make_test(tartan_grid *grid, const shape *s, int64_t offset, int64_t users)
{
  const int64_t  most = users * s->columns + 1;
  int64_t       *row = malloc((size_t)most * sizeof *row), *col = malloc((size_t)most * sizeof *col), n = 0;
  double        *value = malloc((size_t)most * sizeof *value);
  tartan_sparse *A = NULL;

  for (int64_t u = grid->rank; u < users; u += grid->size)
    for (int64_t i = 0; i < s->columns; i++) {
      value[n] = entry(s, offset + u, i);
      row[n] = u;
      col[n] = i;
      n += value[n] > 0;
    }
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F64, users, s->columns, n, row, col, value, NULL, &A));
  free(value);
  free(col);
  free(row);
  return A;
}

/* ------------------------------------------------------------------------------------------------ by loops */

/* One metric of one user; NaN without a relevant item. */
static double by_loops(const shape *s, const tartan_ranking_metric *m, double least, int64_t user)
{
  double  gain = 0, best = 0, precision = 0, first = 0;
  int64_t relevant = 0, hits = 0;

  for (int64_t i = 0; i < s->columns; i++) relevant += entry(s, user, i) > 0 && entry(s, user, i) >= least;
  if (relevant == 0) return NAN;
  for (int64_t p = 0; p < m->cutoff; p++) {
    const int64_t item = item_at(s, user, p);

    if (p < relevant) best += log(2) / log((double)p + 2);
    if (item < 0 || !(entry(s, user, item) > 0 && entry(s, user, item) >= least)) continue;
    if (hits == 0) first = 1 / ((double)p + 1);
    hits++;
    gain += log(2) / log((double)p + 2);
    precision += (double)hits / ((double)p + 1);
  }
  switch (m->kind) {
  case TARTAN_RANKING_RECALL: return (double)hits / (double)relevant;
  case TARTAN_RANKING_RECALL_CAPPED: return (double)hits / fmin((double)relevant, (double)m->cutoff);
  case TARTAN_RANKING_PRECISION: return (double)hits / (double)m->cutoff;
  case TARTAN_RANKING_HIT: return hits > 0 ? 1 : 0;
  case TARTAN_RANKING_NDCG: return gain / best;
  case TARTAN_RANKING_MAP: return precision / fmin((double)relevant, (double)m->cutoff);
  case TARTAN_RANKING_MRR: return first;
  default: return NAN;
  }
}

static double coverage_by_loops(const shape *s, int64_t cutoff)
{
  char   *seen = calloc((size_t)s->items, 1);
  int64_t count = 0;

  for (int64_t u = 0; u < s->users; u++)
    for (int64_t p = 0; p < cutoff; p++)
      if (item_at(s, u, p) >= 0) seen[item_at(s, u, p)] = 1;
  for (int64_t i = 0; i < s->items; i++) count += seen[i];
  free(seen);
  return (double)count / (double)s->items;
}

static bool near(double a, double b)
{
  return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12;
}

static void check_values(const shape *s, const tartan_ranking_opts *o, const tartan_ranking_value *v, int64_t users)
{
  for (int m = 0; m < METRICS; m++) {
    double  sum = 0;
    int64_t with = 0;

    for (int64_t u = 0; u < s->users; u++) {
      const double x = by_loops(s, &metrics[m], o->least, u);

      if (isnan(x)) continue;
      with++;
      sum += x;
    }
    if (metrics[m].kind == TARTAN_RANKING_COVERAGE) {
      CHECK(isnan(v[m].low) && isnan(v[m].high));
      CHECK(near(v[m].value, s->users > 0 ? coverage_by_loops(s, metrics[m].cutoff) : NAN));
      continue;
    }
    CHECK_EQ(users, with);
    CHECK(near(v[m].value, with > 0 ? sum / (double)with : NAN));
    CHECK(with == 0 || o->resamples == 0 ? isnan(v[m].low) : v[m].low <= v[m].high);
  }
}

static void check_users(const shape *s, double least, const tartan_neighbors *lists, int64_t offset,
                        const double *per_user)
{
  for (int64_t i = 0; i < lists->count; i++)
    for (int m = 0; m < METRICS; m++)
      CHECK(near(per_user[i * METRICS + m], by_loops(s, &metrics[m], least, offset + lists->first + i)));
}

/* ------------------------------------------------------------------------------------------------ shapes and cuts */

/* How users lie on the ranks: evenly, all on one, none on the first. */
static void cut(int kind, int64_t users, int P, int64_t *starts)
{
  for (int r = 0; r <= P; r++) {
    const int64_t even = users * r / P, last = r == P ? users : 0,
                  tail = r == 0 ? 0 : users * (r - 1) / tt_max(1, P - 1);

    starts[r] = kind == 0 ? even : kind == 1 ? last : P == 1 ? even : tail;
  }
}

/* All users at once. */
static void whole(tartan_grid *grid, const shape *s, const tartan_ranking_opts *o, int kind, tartan_ranking_value *v)
{
  int64_t           starts[16], users = -1;
  tartan_sparse    *test = make_test(grid, s, 0, s->users);
  tartan_neighbors *lists;
  double           *per_user;

  cut(kind, s->users, grid->size, starts);
  lists = make_lists(grid, s, 0, starts[grid->rank], starts[grid->rank + 1] - starts[grid->rank]);
  per_user = malloc((size_t)(lists->count * METRICS + 1) * sizeof *per_user);
  if (CHECK_OK(tartan_ranking(lists, test, METRICS, metrics, o, v, &users, per_user))) {
    check_values(s, o, v, users);
    check_users(s, o->least, lists, 0, per_user);
  }
  free(per_user);
  tartan_neighbors_destroy(&lists);
  tartan_sparse_destroy(&test);
}

/* The same in three parts, the last first. */
static void parts(tartan_grid *grid, const shape *s, const tartan_ranking_opts *o, tartan_ranking_value *v)
{
  tt_ranking r;

  CHECK_OK(tt_ranking_begin(grid, s->users, s->items, METRICS, metrics, o, &r));
  for (int p = 2; p >= 0; p--) {
    const int64_t     offset = s->users * p / 3, users = s->users * (p + 1) / 3 - offset;
    int64_t           starts[16];
    tartan_sparse    *test = make_test(grid, s, offset, users);
    tartan_neighbors *lists;

    cut(p, users, grid->size, starts);
    lists = make_lists(grid, s, offset, starts[grid->rank], starts[grid->rank + 1] - starts[grid->rank]);
    CHECK_OK(tt_ranking_add(&r, lists, test, offset, NULL));
    tartan_neighbors_destroy(&lists);
    tartan_sparse_destroy(&test);
  }
  CHECK_OK(tt_ranking_end(&r, v, NULL));
  tt_ranking_free(&r);
}

/* One shape on all numbers of ranks: against loops, and the same bits. */
static void test_shape(const shape *s, double least, int64_t resamples)
{
  tartan_ranking_value first[METRICS], v[METRICS];
  tartan_ranking_opts  o = TARTAN_RANKING_OPTS_INIT;
  bool                 has = false;

  o.least = least;
  o.resamples = resamples;
  o.seed = 5;
  o.catalogue = s->items;
  for (int size = 1; size <= check_size(); size++)
    for (int way = 0; way < 4; way++) {
      tartan_grid *grid = grid_of_first(size, way == 0 ? 1 : 3);

      if (!grid) continue;
      check_context("%lld users, %lld items, lists of %lld, least %g, %d ranks, way %d", (long long)s->users,
                    (long long)s->items, (long long)s->k, least, size, way);
      memset(v, 0, sizeof v);
      if (way < 3)
        whole(grid, s, &o, way, v);
      else
        parts(grid, s, &o, v);
      if (!has) memcpy(first, v, sizeof v);
      CHECK(memcmp(first, v, sizeof v) == 0);
      has = true;
      tartan_grid_destroy(&grid);
    }
}

static void test_shapes(void)
{
  static const shape shapes[] = {{60, 37, 37, 12, 0.2}, {60, 37, 45, 12, 0.2}, {61, 11, 11, 15, 0.9},
                                 {4, 23, 23, 12, 0.02}, {1, 13, 13, 12, 0.5},  {0, 13, 13, 12, 0.5}};

  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    test_shape(&shapes[i], -INFINITY, 200);
    test_shape(&shapes[i], 4, 0);
  }
  test_shape(&shapes[0], 9, 10); /* nothing is relevant */
}

/* ------------------------------------------------------------------------------------------------ by hand */

/* T = {1, 3}, listed 3, 0, 1: hits at the ranks 1 and 3. */
static void test_by_hand(void)
{
  static const tartan_ranking_metric m[] = {{TARTAN_RANKING_RECALL, 1},        {TARTAN_RANKING_RECALL, 3},
                                            {TARTAN_RANKING_RECALL_CAPPED, 1}, {TARTAN_RANKING_PRECISION, 3},
                                            {TARTAN_RANKING_HIT, 2},           {TARTAN_RANKING_NDCG, 3},
                                            {TARTAN_RANKING_MAP, 3},           {TARTAN_RANKING_MRR, 3},
                                            {TARTAN_RANKING_COVERAGE, 3},      {TARTAN_RANKING_COVERAGE, 1}};
  static const int64_t               row[] = {0, 0}, col[] = {1, 3}, list[] = {3, 0, 1};
  const double         want[] = {0.5, 1, 1, 2.0 / 3, 1, 1.5 / (1 + 1 / log2(3)), (1 + 2.0 / 3) / 2, 1, 0.6, 0.2};
  const shape          s = {1, 5, 5, 3, 0};
  tartan_grid         *grid = grid_world();
  const bool           mine = grid->rank == grid->size - 1;
  tartan_sparse       *test = NULL;
  tartan_neighbors    *lists = make_lists(grid, &s, 0, 0, mine);
  tartan_ranking_value v[10];

  check_context("by hand");
  if (mine) memcpy(lists->index, list, sizeof list);
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F64, 1, 5, mine ? 2 : 0, row, col, NULL, NULL, &test));
  if (CHECK_OK(tartan_ranking(lists, test, 10, m, NULL, v, NULL, NULL)))
    for (int i = 0; i < 10; i++) CHECK_LE(fabs(v[i].value - want[i]), 1e-15);
  for (int i = 0; i < 8; i++)
    CHECK_LE(fabs(v[i].low - v[i].value) + fabs(v[i].high - v[i].value), 1e-15); /* one user: always the same */
  tartan_neighbors_destroy(&lists);
  tartan_sparse_destroy(&test);
  tartan_grid_destroy(&grid);
}

/* A row that several ranks hold parts of. */
static void test_long_row(void)
{
  static const tartan_ranking_metric m[] = {{TARTAN_RANKING_RECALL, 60}, {TARTAN_RANKING_PRECISION, 60}};
  const shape                        s = {2, 60000, 60000, 60, 0};
  const int64_t                      many = 30000;
  tartan_grid                       *grid = grid_world();
  const bool                         mine = grid->rank == 0;
  int64_t             *row = calloc((size_t)many, sizeof *row), *col = malloc((size_t)many * sizeof *col), hits = 0;
  tartan_sparse       *test = NULL;
  tartan_neighbors    *lists = make_lists(grid, &s, 0, mine ? 0 : 2, mine ? 2 : 0);
  tartan_ranking_value v[2];

  check_context("a long row");
  for (int64_t i = 0; i < many; i++) col[i] = 2 * i;
  for (int64_t p = 0; p < 60; p++) hits += item_at(&s, 0, p) >= 0 && item_at(&s, 0, p) % 2 == 0;
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F64, 2, s.columns, mine ? many : 0, row, col, NULL, NULL, &test));
  if (CHECK_OK(tartan_ranking(lists, test, 2, m, NULL, v, NULL, NULL))) {
    CHECK(hits > 0);
    CHECK_LE(fabs(v[0].value - (double)hits / (double)many), 1e-15);
    CHECK_LE(fabs(v[1].value - (double)hits / 60), 1e-15);
  }
  free(col);
  free(row);
  tartan_neighbors_destroy(&lists);
  tartan_sparse_destroy(&test);
  tartan_grid_destroy(&grid);
}

/* ------------------------------------------------------------------------------------------------ intervals */

/* Width and place of an interval of a mean, as the normal distribution has it; the widths of two confidences. */
static void test_interval(void)
{
  const shape          s = {3000, 101, 101, 12, 0.1};
  tartan_grid         *grid = grid_world();
  tartan_ranking_opts  o = TARTAN_RANKING_OPTS_INIT;
  tartan_sparse       *test = make_test(grid, &s, 0, s.users);
  tartan_neighbors    *lists;
  tartan_ranking_value v[METRICS], w[METRICS];
  int64_t              starts[16];

  cut(0, s.users, grid->size, starts);
  lists = make_lists(grid, &s, 0, starts[grid->rank], starts[grid->rank + 1] - starts[grid->rank]);
  o.resamples = 4000;
  CHECK_OK(tartan_ranking(lists, test, METRICS, metrics, &o, v, NULL, NULL));
  o.confidence = 0.5;
  o.seed = 9;
  CHECK_OK(tartan_ranking(lists, test, METRICS, metrics, &o, w, NULL, NULL));
  for (int m = 0; m < METRICS; m++) {
    double sum = 0, square = 0, n = 0, error;

    if (metrics[m].kind == TARTAN_RANKING_COVERAGE) continue;
    check_context("interval of metric %d", m);
    for (int64_t u = 0; u < s.users; u++) {
      const double x = by_loops(&s, &metrics[m], -INFINITY, u);

      if (isnan(x)) continue;
      sum += x;
      square += x * x;
      n++;
    }
    error = sqrt((square / n - sum / n * (sum / n)) / n);
    CHECK_LE(fabs((v[m].high - v[m].low) / (2 * 1.96 * error) - 1), 0.08);
    CHECK_LE(fabs((w[m].high - w[m].low) / (2 * 0.6745 * error) - 1), 0.08);
    CHECK_LE(fabs((v[m].high + v[m].low) / 2 - sum / n), 0.2 * error);
  }
  tartan_neighbors_destroy(&lists);
  tartan_sparse_destroy(&test);
  tartan_grid_destroy(&grid);
}

/* ------------------------------------------------------------------------------------------------ bad input */

static void test_bad(void)
{
  const shape                 s = {9, 13, 13, 12, 0.5}, other = {8, 13, 13, 12, 0.5}, narrow = {9, 13, 9, 12, 0.5};
  const tartan_ranking_metric none = {TARTAN_RANKING_NDCG, 0}, far = {TARTAN_RANKING_NDCG, 13},
                              strange = {(tartan_ranking_kind)8, 3}, good = {TARTAN_RANKING_NDCG, 12};
  tartan_grid         *grid = grid_world();
  tartan_sparse       *test = make_test(grid, &s, 0, 9), *fewer = make_test(grid, &other, 0, 8);
  tartan_sparse       *columns = make_test(grid, &narrow, 0, 9);
  tartan_neighbors    *lists = make_lists(grid, &s, 0, grid->rank ? 9 : 0, grid->rank ? 0 : 9);
  tartan_ranking_value v;

  check_context("bad input");
  CHECK_STATUS(tartan_ranking(lists, test, 0, &good, NULL, &v, NULL, NULL), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_ranking(lists, test, 1, &none, NULL, &v, NULL, NULL), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_ranking(lists, test, 1, &far, NULL, &v, NULL, NULL), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_ranking(lists, test, 1, &strange, NULL, &v, NULL, NULL), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_ranking(lists, fewer, 1, &good, NULL, &v, NULL, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_ranking(lists, columns, 1, &good, NULL, &v, NULL, NULL), TARTAN_ERR_SHAPE);
  for (int i = 0; i < 5; i++) {
    tartan_ranking_opts o = TARTAN_RANKING_OPTS_INIT;

    if (i == 0) o.resamples = -1;
    if (i == 1) o.confidence = 1;
    if (i == 2) o.confidence = NAN;
    if (i == 3) o.least = NAN;
    if (i == 4) o.catalogue = -1;
    CHECK_STATUS(tartan_ranking(lists, test, 1, &good, &o, &v, NULL, NULL), TARTAN_ERR_ARG);
  }
  tartan_neighbors_destroy(&lists);
  tartan_sparse_destroy(&columns);
  tartan_sparse_destroy(&fewer);
  tartan_sparse_destroy(&test);
  tartan_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  test_shapes();
  test_by_hand();
  test_long_row();
  test_interval();
  test_bad();
  return check_finish();
}
