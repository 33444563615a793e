/* The values of one user, from the ranks of the relevant items in the list. */
#include <math.h>

#include "base/util.h"
#include "model/ranking_impl.h"

/* Hits within the cutoff, and what is summed over them. */
typedef struct counted {
  int64_t hits;
  double  gain, precision; /* sums of 1 / log2(1 + p_j), and of j / p_j */
} counted;

static counted count_hits(const tt_ranking *r, const tt_ranking_user *u, int64_t cutoff)
{
  counted c = {.hits = 0};

  for (; c.hits < u->hits && u->rank[c.hits] <= cutoff; c.hits++) {
    c.gain += r->gain[u->rank[c.hits]];
    c.precision += (double)(c.hits + 1) / (double)u->rank[c.hits];
  }
  return c;
}

static double value_of(const tt_ranking *r, const tt_ranking_user *u, const tartan_ranking_metric *m)
{
  const counted c = count_hits(r, u, m->cutoff);
  const int64_t most = tt_min(m->cutoff, u->relevant);

  switch (m->kind) {
  case TARTAN_RANKING_RECALL: return (double)c.hits / (double)u->relevant;
  case TARTAN_RANKING_RECALL_CAPPED: return (double)c.hits / (double)most;
  case TARTAN_RANKING_PRECISION: return (double)c.hits / (double)m->cutoff;
  case TARTAN_RANKING_HIT: return c.hits > 0;
  case TARTAN_RANKING_NDCG: return c.gain / r->ideal[most];
  case TARTAN_RANKING_MAP: return c.precision / (double)most;
  case TARTAN_RANKING_MRR: return c.hits > 0 ? 1 / (double)u->rank[0] : 0;
  default: return NAN;
  }
}

void tt_ranking_value(const tt_ranking *r, const tt_ranking_user *u, double *value)
{
  for (int m = 0; m < r->count; m++) value[m] = value_of(r, u, &r->metrics[m]);
}
