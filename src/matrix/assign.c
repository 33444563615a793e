/* Which rank takes which place of a layout, so that most elements stay where they are. */
#include <string.h>

#include "base/util.h"
#include "matrix/layout.h"

#define EXACT 64 /* ranks: beyond, the cubic effort is not worth it */

/* The potentials and matches of the shortest augmenting paths; index 0 stands for "none". */
typedef struct matching {
  int64_t *u, *v;   /* potentials of places and ranks */
  int64_t *least;   /* smallest reduced cost of a rank so far */
  int64_t *matched; /* place of each rank, 0: none */
} matching;

static int64_t cost(const int64_t *weight, int P, int place, int rank)
{
  return -weight[(int64_t)(place - 1) * P + rank - 1];
}

/* One augmenting path that gives place `place` a rank. */
static void augment(int place, int P, const int64_t *weight, matching *x)
{
  int  way[EXACT + 1];
  bool used[EXACT + 1];
  int  at = 0;

  x->matched[0] = place;
  for (int r = 0; r <= P; r++) {
    x->least[r] = INT64_MAX;
    used[r] = false;
    way[r] = 0;
  }
  do {
    const int i = (int)x->matched[at];
    int64_t   delta = INT64_MAX;
    int       next = 0;

    used[at] = true;
    for (int r = 1; r <= P; r++) {
      const int64_t reduced = used[r] ? 0 : cost(weight, P, i, r) - x->u[i] - x->v[r];

      if (used[r]) continue;
      if (reduced < x->least[r]) {
        x->least[r] = reduced;
        way[r] = at;
      }
      if (x->least[r] < delta) {
        delta = x->least[r];
        next = r;
      }
    }
    for (int r = 0; r <= P; r++) {
      if (used[r]) {
        x->u[x->matched[r]] += delta;
        x->v[r] -= delta;
      } else if (x->least[r] != INT64_MAX) {
        x->least[r] -= delta;
      }
    }
    at = next;
  } while (x->matched[at] != 0);
  for (; at != 0; at = way[at]) x->matched[at] = x->matched[way[at]];
}

/* Each place in turn takes its best of the ranks that are left. */
static void take_in_turn(int Q, int P, const int64_t *weight, int *rank, int64_t *taken)
{
  memset(taken, 0, (size_t)P * sizeof *taken);
  for (int q = 0; q < Q; q++) {
    int best = -1;

    for (int r = 0; r < P; r++)
      if (!taken[r] && (best < 0 || weight[(int64_t)q * P + r] > weight[(int64_t)q * P + best])) best = r;
    rank[q] = best;
    taken[best] = 1;
  }
}

void tt_assign_ranks(int Q, int P, const int64_t *weight, int *rank, int64_t *work)
{
  matching x = {work, work + P + 1, work + 2 * (P + 1), work + 3 * (P + 1)};

  if (P > EXACT) {
    take_in_turn(Q, P, weight, rank, work);
    return;
  }
  memset(work, 0, (size_t)(4 * (P + 1)) * sizeof *work);
  for (int q = 1; q <= Q; q++) augment(q, P, weight, &x);
  for (int r = 1; r <= P; r++)
    if (x.matched[r] > 0) rank[x.matched[r] - 1] = r - 1;
}
