/*
 * The user at place p = 0, 1, ... of the order of activity has about C (p + shift + 1/2)^(-s) ratings: the difference of a
 * rounded cumulative count in closed form, so that the total is exact and nobody needs the others. Items are drawn with
 * chances proportional to (place + 1/2)^(-s), by the inverse of the cumulative chance, again until the user does not have
 * the item. Places are spread over the indices by affine permutations.
 *
 * Ratings are 3.5 + x'y / sqrt(rank) + noise z; factors and z are standard normal. Implicit counts: an item is taken with
 * the chance 1 / (1 + exp(-3 x'y / sqrt(rank))), and counts 1 + floor(E exp(x'y / sqrt(rank) + noise z)), E exponential.
 */
#include "common/planted.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/random.h"
#include "base/util.h"

#define TABLE_BYTES (INT64_C(256) << 20) /* item factors that are kept */
#define TRIES 64                         /* of implicit items for each that is wanted, before taste is left aside */
#define BEGIN 1000000000                 /* timestamps: five years from 2001-09-09 */
#define SPAN 157680000

/* Streams of random numbers, by offsets of the seed. */
enum {
  STREAM_USER_PLACE = 11,
  STREAM_ITEM_PLACE,
  STREAM_USER = 101,
  STREAM_ITEM,
  STREAM_DRAW,
  STREAM_TASTE,
  STREAM_NOISE,
  STREAM_COUNT,
  STREAM_TIME
};

static uint64_t stream(const app_planted *p, int which)
{
  return p->seed * 1024 + (uint64_t)which;
}

/* Share of the ratings that users at places below have. */
static double share_below(const app_planted *p, int64_t place)
{
  const double power = 1 - p->exponent, low = pow(p->shift, power);

  return (pow((double)place + p->shift, power) - low) / (pow((double)p->users + p->shift, power) - low);
}

static int64_t count_at(const app_planted *p, int64_t place)
{
  const double  total = (double)p->ratings;
  const int64_t to = place + 1 == p->users ? p->ratings : (int64_t)(share_below(p, place + 1) * total + 0.5);

  return to - (int64_t)(share_below(p, place) * total + 0.5);
}

static double excess(const app_planted *p, double most)
{
  return share_below(p, 1) * (double)p->ratings - most;
}

/* The smallest shift that leaves the most active user with half of the items. */
static void choose_shift(app_planted *p)
{
  const int64_t half = p->items - p->items / 2;
  const double  most = (double)half;
  double        low = 0, high = 1;

  p->shift = 0;
  if (excess(p, most) <= 0) return;
  for (p->shift = high; excess(p, most) > 0 && high < 1e18; p->shift = high) high *= 4;
  for (int step = 0; step < 100; step++) {
    p->shift = (low + high) / 2;
    if (excess(p, most) > 0)
      low = p->shift;
    else
      high = p->shift;
  }
  p->shift = high;
}

int64_t app_planted_most(const app_planted *p)
{
  return tt_min(p->items, (int64_t)(share_below(p, 1) * (double)p->ratings) + 2);
}

int64_t app_planted_count(const app_planted *p, int64_t user)
{
  return tt_min(p->items, count_at(p, app_permute(&p->user_place, user)));
}

void app_planted_user_factors(const app_planted *p, int64_t user, double *x)
{
  for (int64_t j = 0; j < p->rank; j++) x[j] = tt_normal(stream(p, STREAM_USER), user, j);
}

void app_planted_item_factors(const app_planted *p, int64_t item, double *y)
{
  for (int64_t j = 0; j < p->rank; j++) y[j] = tt_normal(stream(p, STREAM_ITEM), item, j);
}

tartan_status app_planted_begin(tt_memory *mem, app_planted *p)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  int64_t       half, elements;

  (void)tt_mul(p->users, p->items - p->items / 2, &half);
  REQUIRE(p->ratings <= half, TARTAN_ERR_ARG,
          "%lld ratings are more than half of all pairs of %lld users and %lld items: at most %lld",
          (long long)p->ratings, (long long)p->users, (long long)p->items, (long long)half);
  REQUIRE(p->exponent >= 0 && p->exponent <= 0.95, TARTAN_ERR_ARG, "--exponent %g: it may be from 0 to 0.95",
          p->exponent);
  p->user_place = app_permutation_make(p->seed, STREAM_USER_PLACE, p->users);
  p->item_place = app_permutation_make(p->seed, STREAM_ITEM_PLACE, p->items);
  choose_shift(p);
  if (tt_mul(p->items, p->rank, &elements) && elements <= TABLE_BYTES / 8) {
    p->item_factors = tt_alloc(mem, elements, sizeof *p->item_factors, "planted factors of items", &local);
    for (int64_t i = 0; p->item_factors && i < p->items; i++)
      app_planted_item_factors(p, i, p->item_factors + i * p->rank);
  }
  st = local;
done:
  return st;
}

void app_planted_end(app_planted *p)
{
  tt_free(p->item_factors);
  p->item_factors = NULL;
}

tartan_status app_planted_work_make(tt_memory *mem, const app_planted *p, app_planted_work *work)
{
  tartan_status local = TARTAN_OK;

  *work = (app_planted_work){.slots = 16};
  while (work->slots < 2 * app_planted_most(p)) work->slots *= 2;
  work->slot = tt_alloc(mem, work->slots, sizeof *work->slot, "items of a user", &local);
  work->x = tt_alloc(mem, 2 * p->rank, sizeof *work->x, "planted factors", &local);
  work->y = work->x ? work->x + p->rank : NULL;
  return local;
}

void app_planted_work_free(app_planted_work *work)
{
  tt_free(work->slot);
  tt_free(work->x);
}

/* x'y / sqrt(rank). */
static double affinity(const app_planted *p, const app_planted_work *work, int64_t item)
{
  const double *y = p->item_factors ? p->item_factors + item * p->rank : work->y;
  double        sum = 0;

  if (p->rank == 0) return 0;
  if (!p->item_factors) app_planted_item_factors(p, item, work->y);
  for (int64_t j = 0; j < p->rank; j++) sum += work->x[j] * y[j];
  return sum / sqrt((double)p->rank);
}

/* Takes an item that the user does not have yet. */
static bool take(int64_t *slot, int64_t slots, int64_t item)
{
  int64_t at = (int64_t)((uint64_t)item * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (slots - 1);

  for (; slot[at] >= 0; at = (at + 1) & (slots - 1))
    if (slot[at] == item) return false;
  slot[at] = item;
  return true;
}

static int64_t draw_item(const app_planted *p, int64_t user, int64_t t)
{
  const double  v = tt_uniform(stream(p, STREAM_DRAW), user, t);
  const int64_t place = (int64_t)((double)p->items * pow(v, 1 / (1 - p->exponent)));

  return app_permute(&p->item_place, tt_min(place, p->items - 1));
}

static bool likes(const app_planted *p, const app_planted_work *work, int64_t user, int64_t item)
{
  return tt_uniform(stream(p, STREAM_TASTE), user, item) * (1 + exp(-3 * affinity(p, work, item))) < 1;
}

/* The items of a user, in the order in which they are drawn; those that are hard to come by, in the order of places. */
static void choose_items(const app_planted *p, int64_t user, int64_t count, app_planted_work *work,
                         app_observation *out)
{
  int64_t slots = 16, n = 0;

  while (slots < 2 * count) slots *= 2;
  for (int64_t s = 0; s < slots; s++) work->slot[s] = -1;
  for (int64_t t = 0; n < count && t < 4 * TRIES * (count + 4); t++) {
    const int64_t item = draw_item(p, user, t);

    if (p->implicit && t < TRIES * (count + 4) && !likes(p, work, user, item)) continue;
    if (take(work->slot, slots, item)) out[n++].item = item;
  }
  for (int64_t place = 0; n < count; place++) {
    const int64_t item = app_permute(&p->item_place, place);

    if (take(work->slot, slots, item)) out[n++].item = item;
  }
}

static int by_item(const void *a, const void *b)
{
  const int64_t i = ((const app_observation *)a)->item, j = ((const app_observation *)b)->item;

  return (i > j) - (i < j);
}

static float value_of(const app_planted *p, const app_planted_work *work, int64_t user, int64_t item)
{
  const double z = p->noise > 0 ? p->noise * tt_normal(stream(p, STREAM_NOISE), user, item) : 0;
  const double s = affinity(p, work, item) + z;

  if (!p->implicit) return (float)(3.5 + s);
  return (float)fmin(1e6, 1 + floor(-log(tt_uniform(stream(p, STREAM_COUNT), user, item)) * exp(s)));
}

void app_planted_user(const app_planted *p, int64_t user, app_planted_work *work, app_observation *out)
{
  const int64_t count = app_planted_count(p, user);

  app_planted_user_factors(p, user, work->x);
  choose_items(p, user, count, work, out);
  if (count > 1) qsort(out, (size_t)count, sizeof *out, by_item);
  for (int64_t e = 0; e < count; e++) {
    out[e].value = value_of(p, work, user, out[e].item);
    out[e].timestamp = BEGIN + (int64_t)(tt_uniform(stream(p, STREAM_TIME), user, out[e].item) * SPAN);
  }
}
