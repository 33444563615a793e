/*
 * The smallest part that is enough, by bisection: with parts of at most L, cutting as late as possible from the left is
 * best, so one walk tells whether P parts do (the chains-on-chains problem; Pinar, Aykanat 2004).
 */
#include "sparse/shares.h"

#include <math.h>

#define STEPS 50

/* The last heavy row that begins at a place or before; -1: none. */
static int64_t find_heavy(const tt_heavy *heavy, int64_t count, double place)
{
  int64_t low = 0, high = count;

  while (low < high) {
    const int64_t middle = low + (high - low) / 2;

    if (heavy[middle].before <= place)
      low = middle + 1;
    else
      high = middle;
  }
  return low - 1;
}

/* The last place up to `place` where the line may be cut. */
static double cut_before(const tt_heavy *heavy, int64_t count, double place)
{
  const int64_t   i = find_heavy(heavy, count, place);
  const tt_heavy *h;

  if (i < 0) return place;
  h = &heavy[i];
  if (place >= h->before + h->work) return place;
  return h->before + h->segment * floor((place - h->before) / h->segment);
}

/* Whether P parts of at most `most` cover the line. */
static int walk(double total, int P, const tt_heavy *heavy, int64_t count, double most, double *target)
{
  double at = 0;

  for (int r = 1; r < P; r++) {
    at = at + most >= total ? total : cut_before(heavy, count, at + most);
    target[r - 1] = at;
  }
  return total - at <= most;
}

void tt_shares_find(double total, int P, const tt_heavy *heavy, int64_t count, double *target)
{
  double low = total / P, high = total;

  for (int step = 0; step < STEPS && high - low > 1e-3 * low; step++) {
    const double middle = (low + high) / 2;

    if (walk(total, P, heavy, count, middle, target))
      high = middle;
    else
      low = middle;
  }
  (void)walk(total, P, heavy, count, high, target);
}
