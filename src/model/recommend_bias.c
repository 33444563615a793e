/*
 * Mean and biases: b_i = sum of (r - mu - b_u) / (count + damping) for the items, then the users likewise, in turn. A row's
 * sum is formed by segments and added in order, so nothing depends on where rows are cut; the mean is a sum in two words.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "model/recommend_impl.h"

#define SWEEPS 50

void tt_add_twofold(double sum[2], double value)
{
  /* Knuth's exact sum of two numbers; the rest of all of them in a second word */
  const double s = sum[0] + value, part = s - sum[0];

  sum[1] += (sum[0] - (s - part)) + (value - part);
  sum[0] = s;
}

tartan_status tt_sum_twofold(tartan_grid *grid, const double part[2], double *sum)
{
  double       *all = NULL, total[2] = {0, 0};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *sum = 0;
  all = tt_alloc(&grid->memory, 2 * (int64_t)grid->size, sizeof *all, "sums of ranks", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, part, 2, sizeof *part, all));
  for (int r = 0; r < grid->size; r++) {
    tt_add_twofold(total, all[2 * r]);
    total[1] += all[2 * r + 1];
  }
  *sum = total[0] + total[1];
done:
  tt_free(all);
  return st;
}

/* mu, and the least and largest entry. Collective. */
static tartan_status look(tartan_recommender *m)
{
  const tt_side *users = &m->side[TT_USERS];
  const int64_t  here = users->part.rows > 0 ? users->part.ptr[users->part.rows] : 0;
  double         sum[2] = {0, 0}, ends[2] = {-INFINITY, -INFINITY}, total = 0;
  tartan_status  st = TARTAN_OK;

  for (int64_t e = 0; e < here; e++) {
    const double r = tt_get_element(users->R->dtype, users->part.value, 1, e, 0);

    tt_add_twofold(sum, r);
    ends[0] = fmax(ends[0], r);
    ends[1] = fmax(ends[1], -r);
  }
  TRY(tt_sum_twofold(m->grid, sum, &total));
  TRY(tt_allreduce_f64(m->grid, ends, 2, TT_MAX));
  m->high = ends[0];
  m->low = -ends[1];
  m->mean = total / (double)users->R->entries;
done:
  return st;
}

/* What one sweep over a side works with. */
typedef struct sweep {
  double *near;   /* [needed] biases of the other side */
  double *mine;   /* [lead] */
  double *others; /* [follow] */
} sweep;

static tartan_status begin(const tt_side *side, sweep *w)
{
  tartan_grid  *grid = side->R->grid;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  w->near = tt_alloc(&grid->memory, side->needed.needed, sizeof *w->near, "biases", &local);
  w->mine = tt_alloc(&grid->memory, side->cut.lead, sizeof *w->mine, "biases", &local);
  w->others = tt_alloc(&grid->memory, side->cut.follow, sizeof *w->others, "biases", &local);
  AGREE(grid, local);
done:
  return st;
}

static void end(sweep *w)
{
  tt_free(w->others);
  tt_free(w->mine);
  tt_free(w->near);
}

/* Sum of r - mu - b of the other side over entries from .. to - 1. */
static double sum_segment(const tartan_recommender *m, const tt_side *side, const sweep *w, int64_t from, int64_t to)
{
  double sum = 0;

  for (int64_t e = from; e < to; e++)
    sum += tt_get_element(side->R->dtype, side->part.value, 1, e, 0) - m->mean - w->near[side->needed.local[e]];
  return sum;
}

static double sum_row(const tartan_recommender *m, const tt_side *side, const sweep *w, int64_t il, double *segments)
{
  double sum = 0;

  for (int64_t e = side->part.ptr[il], g = 0; e < side->part.ptr[il + 1]; e += TARTAN_SPARSE_SEGMENT, g++) {
    const double part = sum_segment(m, side, w, e, tt_min(side->part.ptr[il + 1], e + TARTAN_SPARSE_SEGMENT));

    if (segments) segments[g] = part;
    sum += part;
  }
  return sum;
}

/* The biases of one side from those of the other. Collective. */
static tartan_status update(tartan_recommender *m, tt_side *side, const tt_side *other, sweep *w)
{
  const int64_t rows = tt_min(side->part.rows, side->shift + side->count);
  tartan_status st = TARTAN_OK;

  TRY(tt_needed_exchange(&side->needed, other->bias, 1, sizeof *w->near, w->near));
  if (side->cut.lead > 0) sum_row(m, side, w, 0, w->mine);
  TRY(tt_cut_exchange(m->grid, &side->cut, w->mine, 1, sizeof *w->mine, w->others));
  for (int64_t il = side->shift; il < rows; il++) {
    double sum = sum_row(m, side, w, il, NULL);

    for (int64_t g = 0; il == side->part.rows - 1 && g < side->cut.follow; g++) sum += w->others[g];
    side->bias[il - side->shift] = side->entries[il - side->shift] > 0
                                       ? sum / ((double)side->entries[il - side->shift] + m->opts.damping)
                                       : 0;
  }
done:
  return st;
}

static void count_popularity(tartan_recommender *m)
{
  tt_side *items = &m->side[TT_ITEMS];

  for (int64_t i = 0; i < items->count; i++) items->bias[i] = (double)items->entries[i];
}

tartan_status tt_fit_biases(tartan_recommender *m)
{
  tt_side      *users = &m->side[TT_USERS], *items = &m->side[TT_ITEMS];
  sweep         of_users = {NULL}, of_items = {NULL};
  tartan_status st = TARTAN_OK;

  TRY(look(m));
  if (m->opts.model == TARTAN_RECOMMEND_POPULARITY) count_popularity(m);
  if (m->opts.model == TARTAN_RECOMMEND_POPULARITY || m->opts.model == TARTAN_RECOMMEND_IALS || !m->opts.bias) {
    m->mean = 0;
    goto done;
  }
  TRY(begin(users, &of_users));
  TRY(begin(items, &of_items));
  for (int i = 0; i < SWEEPS; i++) {
    TRY(update(m, items, users, &of_items));
    TRY(update(m, users, items, &of_users));
  }
done:
  end(&of_items);
  end(&of_users);
  return st;
}

tartan_status tt_fit_user_biases(tartan_recommender *m)
{
  sweep         w = {NULL};
  tartan_status st = TARTAN_OK;

  TRY(begin(&m->side[TT_USERS], &w));
  TRY(update(m, &m->side[TT_USERS], &m->side[TT_ITEMS], &w));
done:
  end(&w);
  return st;
}
