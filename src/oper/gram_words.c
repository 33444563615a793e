/*
 * What a Gram pass moves, rank by rank: its nodes' tiles to their owners, the column sums through rank 0, the shift from the
 * holder of the first rows, and the few words by which ranks agree. Counted, not estimated: tests hold it against what was
 * measured.
 */
#include <math.h>

#include "base/util.h"
#include "oper/gram_impl.h"

#define AGREED 2 /* words that tt_nonfinite_agree() reduces on every rank */

/* Words of the tiles that the rank at (prow, pcol) of a p x q arrangement owns. */
static double words_owned(const tt_gram_plan *plan, int64_t n, int p, int q, int prow, int pcol)
{
  const int64_t T = tt_ceil_div(n, plan->tile);
  double        words = 0;

  for (int64_t I = prow; I < T; I += p)
    for (int64_t J = pcol; J <= I; J += q) {
      const double h = (double)tt_tile_rows(plan, n, I), w = (double)tt_tile_rows(plan, n, J);

      words += I == J ? h * (h + 1) / 2 : h * w;
    }
  return words;
}

double tt_gram_words(const tt_gram_plan *plan, const tt_gram_opts *opts, int64_t n, const tt_gram_ranks *ranks)
{
  const int     P = ranks->size;
  const double  triangle = 0.5 * (double)n * (double)(n + 1), sums = (double)n;
  const double  shift = opts->center ? (double)(n - opts->joined) : 0, agreed = AGREED + (opts->joined && opts->center);
  tt_node_stack stack;
  double        most = 0;
  int           total = 0, first_own = 0, root = -1;

  if (P == 1) return 0;
  for (int r = 0; r < P; r++) {
    tt_segments_frontier(&plan->segments, P, r, &stack, NULL);
    total += stack.count;
    if (r == 0) first_own = stack.count;
    if (root < 0 && stack.count > 0) root = r;
  }
  for (int r = 0; r < P; r++) {
    const bool   inside = r < ranks->p * ranks->q;
    const double owned = inside ? words_owned(plan, n, ranks->p, ranks->q, r / ranks->q, r % ranks->q) : 0;
    double       sent, received;

    tt_segments_frontier(&plan->segments, P, r, &stack, NULL);
    sent = stack.count * (triangle - owned) + (r == 0 ? sums : stack.count * sums) + (r == root ? shift : 0) + agreed;
    received = (total - stack.count) * owned + (r == 0 ? (total - first_own) * sums : sums) + (r == root ? 0 : shift) +
               agreed;
    most = fmax(most, fmax(sent, received));
  }
  return most;
}
