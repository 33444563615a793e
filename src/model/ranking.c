/*
 * Metrics of ranked lists: test rows come to the lists, each list is walked once for all metrics, and what users come to is
 * added as integers, so that neither ranks nor parts show in a sum.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/ranking_impl.h"

#define RESAMPLES_MAX 1000000
#define WEIGHT_BITS 4 /* a user's number in a resample is at most 12 */

/* ------------------------------------------------------------------------------------------------ begin and end */

static tartan_status check(int count, const tartan_ranking_metric *metrics, const tartan_ranking_opts *o)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(count >= 1, TARTAN_ERR_ARG, "no metric is asked for");
  for (int m = 0; m < count; m++) {
    REQUIRE((int)metrics[m].kind >= 0 && metrics[m].kind <= TARTAN_RANKING_COVERAGE, TARTAN_ERR_ARG,
            "there is no metric %d", (int)metrics[m].kind);
    REQUIRE(metrics[m].cutoff >= 1, TARTAN_ERR_ARG, "a cutoff of %lld: give 1 or more", (long long)metrics[m].cutoff);
  }
  REQUIRE(o->resamples >= 0 && o->resamples <= RESAMPLES_MAX, TARTAN_ERR_ARG, "%lld resamples: give 0 to %d",
          (long long)o->resamples, RESAMPLES_MAX);
  REQUIRE(o->confidence > 0 && o->confidence < 1, TARTAN_ERR_ARG, "a confidence of %g: give a number between 0 and 1",
          o->confidence);
  REQUIRE(!isnan(o->least) && o->catalogue >= 0, TARTAN_ERR_ARG,
          "least relevant value %g, catalogue of %lld items: one is out of range", o->least, (long long)o->catalogue);
done:
  return st;
}

/* The largest that lets all users add up within 62 bits, whatever the resample. */
static int scale_of(int64_t users)
{
  int bits = 1;

  while (users >> bits > 0) bits++;
  return 62 - WEIGHT_BITS - bits;
}

static void tabulate(tt_ranking *r)
{
  r->gain[0] = r->ideal[0] = 0;
  for (int64_t p = 1; p <= r->longest; p++) {
    r->gain[p] = 1 / log2(1 + (double)p);
    r->ideal[p] = r->ideal[p - 1] + r->gain[p];
  }
}

tartan_status tt_ranking_begin(tartan_grid *grid, int64_t users, int64_t catalogue, int count,
                               const tartan_ranking_metric *metrics, const tartan_ranking_opts *opts, tt_ranking *r)
{
  tt_memory    *memory = &grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *r = (tt_ranking){.grid = grid, .opts = TARTAN_RANKING_OPTS_INIT, .count = count, .metrics = metrics, .users = users};
  if (opts) memcpy(&r->opts, opts, opts->size < sizeof r->opts ? opts->size : sizeof r->opts);
  TRY(check(count, metrics, &r->opts));
  if (r->opts.catalogue == 0) r->opts.catalogue = catalogue;
  for (int m = 0; m < count; m++) {
    r->longest = tt_max(r->longest, metrics[m].cutoff);
    r->covers += metrics[m].kind == TARTAN_RANKING_COVERAGE;
  }
  r->scale = scale_of(users);
  r->sets = tt_round_up(r->opts.resamples, TT_RANKING_GROUP) + 1;
  r->words = tt_ceil_div(r->opts.catalogue, 64);
  r->gain = tt_alloc(memory, r->longest + 1, sizeof *r->gain, "gains of ranks", &local);
  r->ideal = tt_alloc(memory, r->longest + 1, sizeof *r->ideal, "gains of ranks", &local);
  r->sum = tt_alloc_zero(memory, (count + 1) * r->sets, sizeof *r->sum, "sums of resamples", &local);
  r->covered = tt_alloc_zero(memory, r->covers * r->words, sizeof *r->covered, "marks of items", &local);
  r->mean = tt_alloc(memory, count * r->opts.resamples, sizeof *r->mean, "means of resamples", &local);
  AGREE(grid, local);
  tabulate(r);
done:
  return st;
}

void tt_ranking_free(tt_ranking *r)
{
  tt_free(r->mean);
  tt_free(r->covered);
  tt_free(r->sum);
  tt_free(r->ideal);
  tt_free(r->gain);
  *r = (tt_ranking){.count = 0};
}

double tt_ranking_memory(const tt_ranking *r, int64_t users_here)
{
  return 8.0 * ((double)(2 * (r->longest + 1) + (r->count + 1) * r->sets + r->covers * r->words) +
                (double)r->count * (double)r->opts.resamples + (double)users_here * (r->count + 1));
}

static double mean_of(const tt_ranking *r, int metric, int64_t set)
{
  const int64_t weight = r->sum[r->count * r->sets + set];

  return weight > 0 ? ldexp((double)r->sum[metric * r->sets + set] / (double)weight, -r->scale) : NAN;
}

/* The share of the catalogue in the c-th bitmap, which is that of all ranks. */
static double share(const tt_ranking *r, int c)
{
  int64_t items = 0;

  for (int64_t w = 0; w < r->words; w++) items += __builtin_popcountll(r->covered[c * r->words + w]);
  return (double)items / (double)r->opts.catalogue;
}

tartan_status tt_ranking_end(tt_ranking *r, tartan_ranking_value *values, int64_t *users)
{
  const int64_t n = r->opts.resamples;
  double       *sorted = NULL;
  int           c = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  sorted = tt_alloc(&r->grid->memory, n, sizeof *sorted, "means in order", &local);
  AGREE(r->grid, local);
  TRY(tt_allreduce_i64(r->grid, r->sum, (r->count + 1) * r->sets, TT_SUM));
  TRY(tt_allreduce_i64(r->grid, (int64_t *)r->covered, r->covers * r->words, TT_OR));
  if (users) *users = r->sum[(r->count + 1) * r->sets - 1];
  for (int m = 0; m < r->count; m++) {
    const bool coverage = r->metrics[m].kind == TARTAN_RANKING_COVERAGE;

    for (int64_t i = 0; i < n; i++) r->mean[m * n + i] = coverage ? NAN : mean_of(r, m, i);
    if (n > 0) memcpy(sorted, r->mean + m * n, (size_t)n * sizeof *sorted);
    values[m].value = coverage ? share(r, c++) : mean_of(r, m, r->sets - 1);
    if (coverage && r->users == 0) values[m].value = NAN;
    tt_ranking_interval(sorted, n, r->opts.confidence, &values[m].low, &values[m].high);
  }
done:
  tt_free(sorted);
  return st;
}

/* ------------------------------------------------------------------------------------------------ lists */

/* Lists of this rank, their test rows, and scratch memory. */
typedef struct part {
  const tartan_neighbors *lists;
  tt_sparse_rows          test;
  tt_ranking_values       values;
  int64_t                *rank;  /* [longest] of one user's hits */
  double                 *value; /* [count] of one user */
} part;

/* Whether an item is among the relevant ones, columns ascending. */
static bool holds(const int32_t *col, int64_t count, int64_t item)
{
  int64_t low = 0, high = count;

  while (low < high) {
    const int64_t middle = low + (high - low) / 2;

    if (col[middle] < item)
      low = middle + 1;
    else
      high = middle;
  }
  return low < count && col[low] == item;
}

/* Takes out of a row what is not relevant. Returns what is left. */
static int64_t keep_relevant(const tt_ranking *r, tt_sparse_rows *test, int64_t i)
{
  int64_t kept = test->ptr[i];

  for (int64_t e = test->ptr[i]; e < test->ptr[i + 1]; e++)
    if (test->value[e] >= r->opts.least) test->col[kept++] = test->col[e];
  return kept - test->ptr[i];
}

/* Marks what is within the cutoffs of coverage. */
static void cover(tt_ranking *r, const int64_t *list)
{
  uint64_t *marks = r->covered;

  for (int m = 0; m < r->count; m++) {
    if (r->metrics[m].kind != TARTAN_RANKING_COVERAGE) continue;
    for (int64_t p = 0; p < r->metrics[m].cutoff && list[p] >= 0; p++)
      marks[list[p] / 64] |= UINT64_C(1) << (list[p] % 64);
    marks += r->words;
  }
}

/* One user: hits, values, and the values as integers if there are any. */
static void judge(tt_ranking *r, part *p, int64_t i, int64_t number, double *per_user)
{
  const int64_t  *list = p->lists->index + i * p->lists->k;
  tt_ranking_user u = {.relevant = keep_relevant(r, &p->test, i), .rank = p->rank};
  int64_t        *to = p->values.value + p->values.count * r->count;

  if (r->covers > 0) cover(r, list);
  for (int m = 0; m < r->count && per_user; m++) per_user[m] = NAN;
  if (u.relevant == 0) return;
  for (int64_t at = 0; at < r->longest && list[at] >= 0; at++)
    if (holds(p->test.col + p->test.ptr[i], u.relevant, list[at])) u.rank[u.hits++] = at + 1;
  tt_ranking_value(r, &u, p->value);
  for (int m = 0; m < r->count; m++) to[m] = isnan(p->value[m]) ? 0 : llrint(ldexp(p->value[m], r->scale));
  if (per_user) memcpy(per_user, p->value, (size_t)r->count * sizeof *per_user);
  p->values.user[p->values.count++] = number;
}

/* Items of the lists that are not in the catalogue. Local. */
static tartan_status check_items(const tt_ranking *r, const tartan_neighbors *lists)
{
  for (int64_t i = 0; i < lists->count; i++)
    for (int64_t p = 0; p < r->longest; p++) {
      const int64_t user = lists->first + i, item = lists->index[i * lists->k + p];

      if (item >= r->opts.catalogue)
        return tt_fail(TARTAN_ERR_SHAPE, "the list of user %lld has item %lld, but the catalogue has %lld",
                       (long long)user, (long long)item, (long long)r->opts.catalogue);
    }
  return TARTAN_OK;
}

/* Where the lists of each rank begin. Collective. */
static tartan_status find_starts(const tt_ranking *r, const tartan_neighbors *lists, int64_t users, int64_t *starts)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_allgather(r->grid, &lists->count, 1, sizeof *starts, starts + 1));
  starts[0] = 0;
  for (int rank = 0; rank < r->grid->size; rank++) starts[rank + 1] += starts[rank];
  REQUIRE(starts[r->grid->size] == users, TARTAN_ERR_SHAPE, "lists of %lld users, but %lld users in the test",
          (long long)starts[r->grid->size], (long long)users);
done:
  return st;
}

static tartan_status make_part(const tt_ranking *r, const tartan_sparse *test, const int64_t *starts, part *p)
{
  tt_memory    *memory = &r->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_sparse_rows_gather(test, starts, &p->test));
  p->values.user = tt_alloc(memory, p->lists->count, sizeof *p->values.user, "numbers of users", &local);
  p->values.value = tt_alloc(memory, p->lists->count * r->count, sizeof *p->values.value, "values of users", &local);
  p->rank = tt_alloc(memory, r->longest, sizeof *p->rank, "ranks of hits", &local);
  p->value = tt_alloc(memory, r->count, sizeof *p->value, "values of a user", &local);
  AGREE(r->grid, local);
done:
  return st;
}

tartan_status tt_ranking_add(tt_ranking *r, const tartan_neighbors *lists, const tartan_sparse *test, int64_t offset,
                             double *per_user)
{
  part          p = {.lists = lists};
  int64_t      *starts = NULL;
  double        time;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(r->longest <= lists->k, TARTAN_ERR_ARG, "a cutoff of %lld, but lists of %lld items", (long long)r->longest,
          (long long)lists->k);
  starts = tt_alloc(&r->grid->memory, r->grid->size + 1, sizeof *starts, "the ranges of lists", &local);
  AGREE(r->grid, local);
  TRY(find_starts(r, lists, test->m, starts));
  AGREE(r->grid, check_items(r, lists));
  TRY(make_part(r, test, starts, &p));
  time = tt_seconds();
  for (int64_t i = 0; i < lists->count; i++)
    judge(r, &p, i, offset + starts[r->grid->rank] + i, per_user ? per_user + i * r->count : NULL);
  tt_ranking_resample(r, &p.values);
  tt_grid_phase(r->grid, TARTAN_PHASE_COMPUTE, &time);
done:
  tt_free(p.value);
  tt_free(p.rank);
  tt_free(p.values.value);
  tt_free(p.values.user);
  tt_sparse_rows_free(&p.test);
  tt_free(starts);
  return st;
}

tartan_status tartan_ranking(const tartan_neighbors *lists, const tartan_sparse *test, int count,
                             const tartan_ranking_metric *metrics, const tartan_ranking_opts *opts,
                             tartan_ranking_value *values, int64_t *users, double *per_user)
{
  tt_ranking    r = {.count = 0};
  tartan_status st = TARTAN_OK;

  TRY(tt_ranking_begin(test->grid, test->m, test->n, count, metrics, opts, &r));
  TRY(tt_ranking_add(&r, lists, test, 0, per_user));
  TRY(tt_ranking_end(&r, values, users));
done:
  tt_ranking_free(&r);
  return st;
}
