/*
 * Random: a counter-based number of each place in the file. Time: the limit is found by halving, first of the time, then of
 * the place in the file among equal times, with a count over the ranks each. Leave-k: observations go to the rank that
 * looks after their user, are sorted there, and the verdicts go back the same way.
 */
#include "model/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/routes.h"

/* ------------------------------------------------------------------------------------------------ time */

/* A number whose order is that of the times. */
static int64_t ordered(double time)
{
  int64_t bits;

  memcpy(&bits, &time, sizeof bits);
  return bits < 0 ? (int64_t)((uint64_t)INT64_MIN - (uint64_t)bits) : bits;
}

/* Whether an observation is later than (time, place). */
static bool later(const tt_observations *seen, int64_t e, int64_t time, int64_t place)
{
  const int64_t t = ordered(seen->time[e]);

  return t > time || (t == time && seen->first + e > place);
}

static tartan_status count_later(tartan_grid *grid, const tt_observations *seen, int64_t time, int64_t place,
                                 int64_t *n)
{
  *n = 0;
  for (int64_t e = 0; e < seen->count; e++) *n += later(seen, e, time, place);
  return tt_allreduce_i64(grid, n, 1, TT_SUM);
}

/* The least value of one bound for which at most `most` observations are later; the other one is given. Collective. */
static tartan_status halve(tartan_grid *grid, const tt_observations *seen, int64_t most, bool of_time, int64_t low,
                           int64_t high, int64_t other, int64_t *bound)
{
  tartan_status st = TARTAN_OK;

  while (low < high) {
    const int64_t middle = (int64_t)(((__int128)low + high) >> 1);
    int64_t       n = 0;

    TRY(count_later(grid, seen, of_time ? middle : other, of_time ? other : middle, &n));
    if (n <= most)
      high = middle;
    else
      low = middle + 1;
  }
  *bound = low;
done:
  return st;
}

static tartan_status mark_latest(tartan_grid *grid, const tt_split *split, const tt_observations *seen, bool *held)
{
  int64_t       total = seen->count, time = 0, place = 0, most;
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_i64(grid, &total, 1, TT_SUM));
  most = (int64_t)floor(split->fraction * (double)total);
  TRY(halve(grid, seen, most, true, INT64_MIN, INT64_MAX, INT64_MAX, &time));
  TRY(halve(grid, seen, most, false, -1, total, time, &place));
  for (int64_t e = 0; e < seen->count; e++) held[e] = later(seen, e, time, place);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ leave-k */

/* An observation on its way, and its verdict on the way back. */
typedef struct traveller {
  int64_t user, place, from; /* from: where it stood in what the rank received */
  double  key;               /* its time, or a random number */
} traveller;

static int compare(const void *a, const void *b)
{
  const traveller *x = a, *y = b;

  if (x->user != y->user) return x->user < y->user ? -1 : 1;
  if (x->key != y->key) return x->key > y->key ? -1 : 1;
  return (x->place < y->place) - (x->place > y->place);
}

/* The first `count` of each user in the order of compare(), but for the last one. */
static void judge(traveller *all, int64_t n, int64_t count, char *verdict)
{
  qsort(all, (size_t)n, sizeof *all, compare);
  for (int64_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && all[end].user == all[i].user;) end++;
    for (int64_t j = i; j < end; j++) verdict[all[j].from] = j - i < tt_min(count, end - i - 1);
  }
}

/* Fills what is sent, grouped by the rank that looks after the user; at[e]: where it stands. */
static void pack(tartan_grid *grid, const tt_split *split, const tt_observations *seen, tt_routes *routes,
                 traveller *out, int64_t *at)
{
  const int64_t P = grid->size;
  int64_t      *next = routes->place; /* free until the routes are told */

  for (int64_t r = 0, sum = 0; r < P; sum += routes->send_count[r++]) next[r] = sum;
  for (int64_t e = 0; e < seen->count; e++) {
    const int64_t place = seen->first + e;

    at[e] = next[seen->user[e] % P]++;
    out[at[e]] = (traveller){seen->user[e], place, 0, seen->time ? seen->time[e] : tt_uniform(split->seed, place, 1)};
  }
}

static tartan_status mark_some(tartan_grid *grid, const tt_split *split, const tt_observations *seen, bool *held)
{
  tt_memory    *memory = &grid->memory;
  tt_routes     routes = {NULL};
  traveller    *out = NULL, *in = NULL;
  int64_t      *at = NULL;
  char         *verdict = NULL, *back = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  tt_routes_make(grid, &routes, &local);
  out = tt_alloc(memory, seen->count, sizeof *out, "observations to be split", &local);
  at = tt_alloc(memory, seen->count, sizeof *at, "observations to be split", &local);
  back = tt_alloc(memory, seen->count, 1, "observations to be split", &local);
  AGREE(grid, local);
  for (int64_t e = 0; e < seen->count; e++) routes.send_count[seen->user[e] % grid->size]++;
  pack(grid, split, seen, &routes, out, at);
  TRY(tt_routes_tell(&routes));
  in = tt_alloc(memory, routes.received, sizeof *in, "observations to be split", &local);
  verdict = tt_alloc(memory, routes.received, 1, "observations to be split", &local);
  AGREE(grid, local);
  TRY(tt_routes_go(&routes, out, sizeof *out, in));
  for (int64_t i = 0; i < routes.received; i++) in[i].from = i;
  judge(in, routes.received, split->count, verdict);
  TRY(tt_routes_return(&routes, verdict, 1, back));
  for (int64_t e = 0; e < seen->count; e++) held[e] = back[at[e]];
done:
  tt_free(verdict);
  tt_free(in);
  tt_free(back);
  tt_free(at);
  tt_free(out);
  tt_routes_free(&routes);
  return st;
}

tartan_status tt_split_mark(tartan_grid *grid, const tt_split *split, const tt_observations *seen, bool *held)
{
  int64_t       untimed = seen->count > 0 && !seen->time;
  tartan_status st = TARTAN_OK;

  switch (split->kind) {
  case TT_SPLIT_NONE: memset(held, 0, (size_t)seen->count * sizeof *held); break;
  case TT_SPLIT_RANDOM:
    for (int64_t e = 0; e < seen->count; e++) held[e] = tt_uniform(split->seed, seen->first + e, 0) < split->fraction;
    break;
  case TT_SPLIT_LEAVE: TRY(mark_some(grid, split, seen, held)); break;
  case TT_SPLIT_TIME:
    TRY(tt_allreduce_i64(grid, &untimed, 1, TT_MAX));
    REQUIRE(!untimed, TARTAN_ERR_ARG, "there are no times to split by");
    TRY(mark_latest(grid, split, seen, held));
    break;
  }
done:
  return st;
}
