/*
 * The objective, exactly. What all pairs contribute to the loss of implicit data is the trace of a product of two k x k Gram
 * matrices; what is left is a sum over entries, taken on the item side right after its half-step, when the user rows that it
 * needs are there.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/parallel.h"
#include "kernel/topn.h"
#include "model/recommend_impl.h"

#define GROUP 64 /* rows of a task */

/* Sums over groups of rows, which threads take. */
typedef struct job {
  const tartan_recommender *m;
  const tt_side            *side;
  const char               *F; /* factor rows of the local rows */
  double (*sum)[2];            /* per group */
} job;

static double dot(const tartan_recommender *m, const void *x, const void *y)
{
  return tt_ordered_dot(m->opts.dtype, x, 1, y, 1, m->opts.factors);
}

/* What an entry adds beside what all pairs do. */
static double entry_loss(const tartan_recommender *m, const tt_side *side, int64_t e, double score)
{
  const double t = tt_get_element(m->opts.dtype, side->target, 1, e, 0);
  double       w, p;

  if (m->opts.model == TARTAN_RECOMMEND_ALS) return (t - score) * (t - score);
  w = tt_get_element(m->opts.dtype, side->weight, 1, e, 0);
  p = tt_get_element(side->R->dtype, side->part.value, 1, e, 0) > 0;
  if (m->opts.replaced) /* c (p - s)^2 less alpha0 s^2, which is among all pairs */
    return (w + m->opts.unobserved) * (p - score) * (p - score) - m->opts.unobserved * score * score;
  return w * (p - score) * (p - score);
}

static void sum_group(int64_t g, void *context)
{
  const job    *j = context;
  const size_t  row = (size_t)j->m->opts.factors * tartan_dtype_size(j->m->opts.dtype);
  const int64_t last = tt_min(j->side->part.rows, (g + 1) * GROUP);

  j->sum[g][0] = j->sum[g][1] = 0;
  for (int64_t il = g * GROUP; il < last; il++) {
    const char *x = j->F + (size_t)il * row;

    for (int64_t e = j->side->part.ptr[il]; e < j->side->part.ptr[il + 1]; e++) {
      const char *y = (const char *)j->m->near + (size_t)j->side->needed.local[e] * row;

      tt_add_twofold(j->sum[g], entry_loss(j->m, j->side, e, dot(j->m, x, y)));
    }
  }
}

/* Adds the penalties of a side's owned rows. */
static void add_penalties(const tartan_recommender *m, const tt_side *side, double sum[2])
{
  const size_t row = (size_t)m->opts.factors * tartan_dtype_size(m->opts.dtype);

  for (int64_t i = 0; i < side->count; i++) {
    const char *x = (const char *)side->F->data + (size_t)i * row;

    tt_add_twofold(sum, tt_get_element(m->opts.dtype, side->lambda, 1, i, 0) * dot(m, x, x));
  }
}

/* alpha0 times the sum over all pairs of squared scores: trace of the product of the Gram matrices. Collective. */
static tartan_status all_pairs(tartan_recommender *m, double *value)
{
  const int64_t k = m->opts.factors;
  tartan_status st = TARTAN_OK;

  *value = 0;
  if (m->opts.model != TARTAN_RECOMMEND_IALS) goto done;
  TRY(tt_factor_gram(m, TT_USERS));
  TRY(tt_factor_gram(m, TT_ITEMS));
  for (int64_t i = 0; i < k * k; i++) *value += m->gram[TT_USERS][i] * m->gram[TT_ITEMS][i];
  *value *= m->opts.unobserved;
done:
  return st;
}

tartan_status tt_recommend_loss(tartan_recommender *m, double *loss)
{
  tartan_grid  *grid = m->grid;
  tt_side      *items = &m->side[TT_ITEMS];
  const int64_t k = m->opts.factors, groups = tt_ceil_div(items->part.rows, GROUP);
  double        sum[2] = {0, 0}, entries = 0, pairs = 0, t;
  char         *F = NULL;
  job           j = {.m = m, .side = items};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  F = tt_alloc(&grid->memory, items->part.rows * k, tartan_dtype_size(m->opts.dtype), "factor rows", &local);
  j.sum = tt_alloc(&grid->memory, groups, sizeof *j.sum, "sums of the loss", &local);
  AGREE(grid, local);
  TRY(tt_factor_rows(items->F, items->part.first, items->part.rows, F));
  t = tt_seconds();
  j.F = F;
  tt_parallel_for(grid->threads, groups, sum_group, &j);
  for (int64_t g = 0; g < groups; g++) {
    tt_add_twofold(sum, j.sum[g][0]);
    sum[1] += j.sum[g][1];
  }
  add_penalties(m, &m->side[TT_USERS], sum);
  add_penalties(m, items, sum);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  TRY(tt_sum_twofold(grid, sum, &entries));
  TRY(all_pairs(m, &pairs));
  *loss = entries + pairs;
done:
  tt_free(j.sum);
  tt_free(F);
  return st;
}
