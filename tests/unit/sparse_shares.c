// TEST: np=0 labels=unit,sparse
/* Shares of a line that is covered by heavy rows, against the best of all choices of cuts; of an even line. */
#include <math.h>

#include "check.h"
#include "sparse/shares.h"

#define CUTS_MAX 64

/* All places where the line may be cut, its ends included. */
static int list_places(const tt_heavy *heavy, int count, double *place)
{
  int n = 0;

  for (int i = 0; i < count; i++)
    for (int s = 0; s == 0 || heavy[i].segment * s < heavy[i].work; s++)
      place[n++] = heavy[i].before + heavy[i].segment * s;
  place[n] = heavy[count - 1].before + heavy[count - 1].work;
  return n;
}

/* The smallest largest of P parts, by the recursion over the last cut. */
static double best_of(const double *place, int n, int P)
{
  double best[CUTS_MAX + 1];

  for (int i = 0; i <= n; i++) best[i] = place[i];
  for (int parts = 2; parts <= P; parts++)
    for (int i = n; i >= 0; i--)
      for (int j = 0; j <= i; j++) best[i] = fmin(best[i], fmax(best[j], place[i] - place[j]));
  return best[n];
}

static void test_round(int round)
{
  const int count = 1 + (int)check_pick(12), P = 1 + (int)check_pick(6);
  tt_heavy  heavy[12];
  double    place[CUTS_MAX + 1], target[8] = {0}, total = 0, largest = 0, best;
  int       n;

  for (int i = 0; i < count; i++) {
    const double work = 1 + (double)check_pick(40);

    heavy[i] = (tt_heavy){total, work, check_pick(2) ? 2 * work : work / (double)(1 + check_pick(4))};
    total += work;
  }
  check_context("round %d: %d rows, %d parts of %g", round, count, P, total);
  n = list_places(heavy, count, place);
  best = best_of(place, n, P);
  tt_shares_find(total, P, heavy, count, target);
  for (int r = 0; r < P; r++) {
    const double from = r == 0 ? 0 : target[r - 1], to = r == P - 1 ? total : target[r];
    bool         allowed = false;

    CHECK(to >= from);
    for (int i = 0; i <= n; i++) allowed |= fabs(place[i] - to) < 1e-9 * total;
    CHECK(allowed);
    largest = fmax(largest, to - from);
  }
  CHECK_LE(largest, best * 1.0011 + 1e-9);
}

static void test_even(void)
{
  double target[15];

  check_context("no heavy row");
  tt_shares_find(1600, 16, NULL, 0, target);
  for (int r = 0; r < 15; r++) CHECK_LE(fabs(target[r] - 100 * (r + 1)), 2);
}

int main(int argc, char **argv)
{
  check_start_plain(argc, argv);
  for (int round = 0; round < 5000; round++) test_round(round);
  test_even();
  return check_finish();
}
