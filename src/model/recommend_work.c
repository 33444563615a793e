/*
 * What rows cost, counted in flops: a row of n entries the cheaper of its two forms (kernel/als.h) or some steps of conjugate
 * gradients or blocks of coordinates, its share of the Gram matrix and of the rotation, and the way of its entries' factor rows through memory. The ranges
 * of both sides are cut by it.
 */
#include "base/util.h"
#include "comm/collective.h"
#include "model/recommend_impl.h"

#define ENTRY 6 /* flops in the time of which one element of an entry's factor row is fetched */

void tt_recommend_price(tartan_recommender *m, const tartan_recommend_opts *opts)
{
  *m = (tartan_recommender){.opts = *opts, .heavy_from = tt_als_heavy_from(tt_max(1, opts->factors))};
  m->opts.steps = tt_recommend_steps(opts);
}

bool tt_recommend_turns(const tartan_recommend_opts *opts)
{
  return opts->solver == TARTAN_RECOMMEND_EXACT && !opts->nonnegative;
}

bool tt_recommend_is_short(const tartan_recommender *m, int64_t entries)
{
  return tt_recommend_turns(&m->opts) && m->form != TT_ALS_HEAVY && entries < m->heavy_from;
}

double tt_recommend_row_flops(const tartan_recommender *m, int64_t entries)
{
  const int64_t k = m->opts.factors;

  if (m->opts.solver == TARTAN_RECOMMEND_CG && entries <= TARTAN_SPARSE_SEGMENT)
    return (double)(m->opts.steps + 1) * (4 * (double)entries + 2 * (double)k) * (double)k;
  if (m->opts.solver == TARTAN_RECOMMEND_BLOCK && entries <= TARTAN_SPARSE_SEGMENT)
    return tt_als_block_flops(k, entries, m->opts.steps);
  return tt_als_flops(k, entries, tt_recommend_is_short(m, entries));
}

double tt_recommend_row_work(int64_t entries, void *context)
{
  const tartan_recommender *m = context;
  const double              k = (double)m->opts.factors;
  const double              shared = m->opts.model != TARTAN_RECOMMEND_IALS     ? 0
                                     : m->opts.solver == TARTAN_RECOMMEND_EXACT ? 3 * k * k
                                                                                : k * k;

  if (!tt_has_factors(m)) return (double)entries + 1;
  return tt_recommend_row_flops(m, entries) + shared + ENTRY * k * (double)entries;
}

double tt_side_flops(const tartan_recommender *m, const tt_side *side)
{
  const tartan_sparse_part *part = &side->part;
  const double              k = (double)m->opts.factors;
  double                    flops = 0;

  for (int64_t il = 0; il < part->rows; il++) {
    const int64_t here = part->ptr[il + 1] - part->ptr[il];
    const int64_t all = here + (il == 0 ? part->before : 0) + (il == part->rows - 1 ? part->after : 0);

    if (all <= TARTAN_SPARSE_SEGMENT)
      flops += tt_recommend_row_flops(m, here);
    else
      flops += (double)here * k * (k + 1) + (il < side->shift ? 0 : k * k * k / 3 + 2 * k * k);
  }
  return flops;
}

/* This rank's work with R as it lies. Local. */
static double work_of(const tartan_recommender *m, const tartan_sparse *R)
{
  double work = 0;

  for (int64_t il = 0; il < R->rows; il++) {
    const int64_t here = R->ptr[il + 1] - R->ptr[il];
    const int64_t all = here + (il == 0 ? R->before : 0) + (il == R->rows - 1 ? R->after : 0);

    work += tt_recommend_row_work(all, (void *)(uintptr_t)m) * (all > 0 ? (double)here / (double)all : 1);
  }
  return work;
}

tartan_status tt_sides_arrange(tartan_recommender *m, const tartan_sparse *R)
{
  tartan_grid  *grid = m->grid;
  tt_side      *users = &m->side[TT_USERS], *items = &m->side[TT_ITEMS];
  double        sum, most;
  tartan_status st = TARTAN_OK;

  m->heavy_from = tt_als_heavy_from(m->opts.factors);
  sum = most = work_of(m, R);
  TRY(tt_allreduce_f64(grid, &sum, 1, TT_SUM));
  TRY(tt_allreduce_f64(grid, &most, 1, TT_MAX));
  users->R = R;
  if (most * grid->size > TT_BALANCED * sum) {
    TRY(tt_sparse_arrange(TARTAN_NO_TRANS, R, tt_recommend_row_work, m, &users->own));
    users->R = users->own;
  }
  TRY(tt_sparse_arrange(TARTAN_TRANS, R, tt_recommend_row_work, m, &items->own));
  items->R = items->own;
done:
  return st;
}
