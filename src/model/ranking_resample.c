/*
 * The Poisson bootstrap: how often a user is in a resample depends on seed, resample and user alone. Sums are of integers, so
 * who adds what does not matter: threads take groups of resamples, each goes over all users of the rank.
 */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/util.h"
#include "kernel/parallel.h"
#include "model/ranking_impl.h"

#define STREAM UINT64_C(0x626F6F7473747261) /* keeps these numbers apart from others of the same seed */
#define STEPS 12
#define SIGN 0x80000000u /* turned over, unsigned numbers compare as signed ones, which vectors can do */

/* 2^32 P(N <= j) of a Poisson number of mean 1: as many steps as are not above a 32-bit number is such a number */
static const uint32_t step[STEPS] = {1580030169u, 3160060337u, 3950075422u, 4213413783u, 4279248374u, 4292415292u,
                                     4294609778u, 4294923276u, 4294962463u, 4294966817u, 4294967253u, 4294967292u};

/* Numbers of one user in the resamples of a group. */
static void draw(const tt_ranking *r, int64_t user, int64_t group, int64_t weight[TT_RANKING_GROUP])
{
  const uint64_t seed = r->opts.seed ^ STREAM;
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  uint32_t       word[TT_RANKING_GROUP];
  int32_t        turned[TT_RANKING_GROUP], count[TT_RANKING_GROUP] = {0};

  for (int b = 0; b < TT_RANKING_GROUP / 4; b++) {
    const uint64_t block = (uint64_t)group * (TT_RANKING_GROUP / 4) + (uint64_t)b;
    const uint32_t counter[4] = {(uint32_t)user, (uint32_t)((uint64_t)user >> 32), (uint32_t)block,
                                 (uint32_t)(block >> 32)};

    tt_philox(key, counter, word + 4 * b);
  }
  for (int i = 0; i < TT_RANKING_GROUP; i++) turned[i] = (int32_t)(word[i] ^ SIGN);
  for (int j = 0; j < STEPS; j++) {
    const int32_t least = (int32_t)(step[j] ^ SIGN);

    for (int i = 0; i < TT_RANKING_GROUP; i++) count[i] += turned[i] >= least;
  }
  for (int i = 0; i < TT_RANKING_GROUP; i++) weight[i] = count[i];
}

typedef struct job {
  tt_ranking              *r;
  const tt_ranking_values *v;
} job;

static void add_group(int64_t group, void *context)
{
  const job *j = context;
  const int  count = j->r->count;
  int64_t   *sum = j->r->sum + group * TT_RANKING_GROUP, weight[TT_RANKING_GROUP];

  for (int64_t u = 0; u < j->v->count; u++) {
    draw(j->r, j->v->user[u], group, weight);
    for (int m = 0; m <= count; m++) {
      const int64_t value = m < count ? j->v->value[u * count + m] : 1;
      int64_t      *to = sum + m * j->r->sets;

      for (int i = 0; i < TT_RANKING_GROUP; i++) to[i] += weight[i] * value;
    }
  }
}

void tt_ranking_resample(tt_ranking *r, const tt_ranking_values *v)
{
  job           j = {r, v};
  const int64_t last = r->sets - 1;

  for (int64_t u = 0; u < v->count; u++)
    for (int m = 0; m <= r->count; m++) r->sum[m * r->sets + last] += m < r->count ? v->value[u * r->count + m] : 1;
  tt_parallel_for(r->grid->threads, last / TT_RANKING_GROUP, add_group, &j);
}

static int compare(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Between the two values next to the place (count - 1) p. */
static double quantile(const double *value, int64_t count, double p)
{
  const double  at = (double)(count - 1) * p;
  const int64_t i = tt_min((int64_t)at, count - 1), next = tt_min(i + 1, count - 1);

  return value[i] + (at - (double)i) * (value[next] - value[i]);
}

void tt_ranking_interval(double *value, int64_t count, double confidence, double *low, double *high)
{
  int64_t kept = 0;

  for (int64_t i = 0; i < count; i++)
    if (!isnan(value[i])) value[kept++] = value[i];
  *low = *high = NAN;
  if (kept == 0) return;
  qsort(value, (size_t)kept, sizeof *value, compare);
  *low = quantile(value, kept, (1 - confidence) / 2);
  *high = quantile(value, kept, (1 + confidence) / 2);
}
