/*
 * An epoch's words. Three sums of factor Gram matrices (implicit data), two rotations or none, two exchanges of factor rows and of
 * the sums of rows that are cut, the loss, and the few numbers by which ranks agree. Each line below is one exchange of the
 * half-step (recommend_step.c), the Gram matrix (recommend_gram.c) or the loss (recommend_loss.c).
 */
#include "model/recommend_words.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"

/* Sent and received. */
typedef struct moved {
  double out, in;
} moved;

static void add(moved *m, double out, double in)
{
  m->out += out;
  m->in += in;
}

static void add_allgather(moved *m, int P, double count)
{
  add(m, count * (P - 1), count * (P - 1));
}

static void add_bcast(moved *m, int rank, double count)
{
  add(m, rank == 0 ? count : 0, rank == 0 ? 0 : count);
}

/* Rows of a rank's last segment that others own, and rows that it gives to the segments of lower ranks. */
static void add_overlap(moved *m, const int64_t *starts, int P, int rank, double k)
{
  double out = 0;

  add_allgather(m, P, 2);
  for (int r = 0; r < rank; r++) {
    const int64_t end = tt_factor_segments_end(starts, P, r);

    out += (double)tt_max(0, tt_min(end, starts[rank + 1]) - tt_max(starts[r + 1], starts[rank]));
  }
  add(m, k * out, k * (double)tt_max(0, tt_factor_segments_end(starts, P, rank) - starts[rank + 1]));
}

/* The Gram matrix of a side's factors: subtrees to those who merge them, by elements, and the result to all. */
static void add_gram(moved *m, const int64_t *starts, int P, int rank, int64_t k)
{
  const int64_t size = k * (k + 1) / 2;
  const double  slice = (double)tt_factor_slice(size, P, rank), rest = (double)size - slice;
  double        others = 0;

  add_overlap(m, starts, P, rank, (double)k);
  for (int r = 0; r < P; r++) others += r == rank ? 0 : tt_factor_subtrees(starts, r);
  add(m, tt_factor_subtrees(starts, rank) * rest, others * slice);
  add(m, slice * (P - 1), rest);
}

double tt_epoch_words(const tartan_recommend_opts *o, int P, int rank, bool first, const tt_side_moves side[2])
{
  const int64_t k = o->factors;
  const bool    implicit = o->model == TARTAN_RECOMMEND_IALS;
  const bool    turns = implicit && tt_recommend_turns(o);
  const double  width = (double)(k * (k + 1) / 2 + k);
  moved         m = {0, 0};

  if (P == 1) return 0;
  for (int s = 0; s < 2; s++) {
    if (turns) add_bcast(&m, rank, (double)(k * k + k));
    add(&m, (double)k * side[s].rows_out, (double)k * side[s].rows_in);
    add(&m, width * side[s].cut_out, width * side[s].cut_in);
    add(&m, 1, 1); /* rows that failed */
  }
  if (implicit && first) add_gram(&m, side[TT_ITEMS].starts, P, rank, k);
  /* of items: known from the last loss; of users: formed anew, and turned again for the loss */
  if (implicit) add_gram(&m, side[TT_USERS].starts, P, rank, k);
  if (turns) add_gram(&m, side[TT_USERS].starts, P, rank, k);
  if (implicit) add_gram(&m, side[TT_ITEMS].starts, P, rank, k);
  add(&m, 2, 2);           /* the balance */
  add_allgather(&m, P, 2); /* which factor rows the loss needs */
  add(&m, (double)k * side[TT_ITEMS].lead_out, (double)k * side[TT_ITEMS].lead_in);
  add_allgather(&m, P, 2); /* the loss */
  return fmax(m.out, m.in);
}

/* ------------------------------------------------------------------------------------------------ a model in training */

static tt_side_moves moves_of(const tt_side *side)
{
  const int     P = side->R->grid->size, me = side->R->grid->rank;
  const int64_t rest = side->needed.routes.send_count[me];
  tt_side_moves v = {.starts = side->R->owner,
                     .rows_in = (double)(side->needed.routes.received - side->needed.routes.recv_count[me]),
                     .rows_out = (double)(side->needed.routes.sent - rest),
                     .cut_out = (double)side->cut.lead,
                     .cut_in = (double)side->cut.follow,
                     .lead_in = (double)side->shift};

  for (int r = 0; r < P; r++) v.lead_out += side->cut.recv_count[r] > 0;
  return v;
}

tartan_status tt_recommend_epoch_words(const tartan_recommender *m, bool first, double *words)
{
  const tt_side_moves side[2] = {moves_of(&m->side[TT_USERS]), moves_of(&m->side[TT_ITEMS])};

  *words = tt_has_factors(m) ? tt_epoch_words(&m->opts, m->grid->size, m->grid->rank, first, side) : 0;
  return tt_allreduce_f64(m->grid, words, 1, TT_MAX);
}
