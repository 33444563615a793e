/*
 * What an epoch takes, by the shape of R alone: of each row its mean number of entries is assumed.
 */
#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/recommend_impl.h"

/* Flops of one side of an epoch. */
static double side_flops(const tartan_recommend_opts *o, double rows, double entries)
{
  const double  k = (double)o->factors;
  const int64_t each = (int64_t)ceil(entries / fmax(rows, 1));
  const bool    turn = o->solver == TARTAN_RECOMMEND_EXACT && !o->nonnegative;

  if (o->solver == TARTAN_RECOMMEND_CG) return 4 * (double)tt_recommend_steps(o) * (entries * k + rows * k * k);
  if (o->solver == TARTAN_RECOMMEND_BLOCK) return rows * tt_als_block_flops(o->factors, each, tt_recommend_steps(o));
  return rows * tt_als_flops(o->factors, each, turn && each < tt_als_heavy_from(o->factors)) +
         (o->model == TARTAN_RECOMMEND_IALS ? 3 : 0) * rows * k * k;
}

/* Distinct of `rows` that so many draws would meet: an upper bound of what a rank needs. */
static double distinct(double rows, double draws)
{
  return rows > 0 ? rows * -expm1(-draws / rows) : 0;
}

double tt_recommend_memory(const tartan_sparse *R, const tartan_recommend_opts *o, tt_recommend_parts *parts)
{
  const double P = R->grid->size, m = (double)R->m, n = (double)R->n, entries = (double)R->entries / P;
  const double size = (double)tartan_dtype_size(o->dtype);
  const bool   factors = o->model == TARTAN_RECOMMEND_ALS || o->model == TARTAN_RECOMMEND_IALS;

  parts->row = factors ? size * (double)o->factors : 0;
  parts->own = (m + n) / P;
  parts->users = distinct(m, entries);
  parts->items = distinct(n, entries);
  parts->entries = entries;
  parts->entry = 2 * 4 + 2 * (double)tartan_dtype_size(R->dtype) + 4 * size + 8;
  parts->squares = !factors ? 0 : o->model == TARTAN_RECOMMEND_ALS ? 2 : 3 + TT_GRAM_LEVELS + 6 * R->grid->threads;
  return 8 * (double)(o->factors * o->factors) * parts->squares +
         parts->row * (parts->own + fmax(parts->users, parts->items)) + parts->entry * entries +
         TT_RECOMMEND_ROW_BYTES * parts->own;
}

tartan_status tartan_recommend_plan(const tartan_sparse *R, const tartan_recommend_opts *opts, tartan_cost *plan)
{
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;
  const double          P = R->grid->size, m = (double)R->m, n = (double)R->n, entries = (double)R->entries;
  tt_recommend_parts    parts;

  if (opts) o = *opts;
  *plan = (tartan_cost){.grid = {R->grid->size, 1, 1}, .passes = 1};
  snprintf(plan->algorithm, sizeof plan->algorithm, "%s",
           o.model == TARTAN_RECOMMEND_ALS    ? "als"
           : o.model == TARTAN_RECOMMEND_IALS ? "ials"
           : o.model == TARTAN_RECOMMEND_BIAS ? "bias"
                                              : "popularity");
  plan->memory = tt_recommend_memory(R, &o, &parts);
  if (o.model != TARTAN_RECOMMEND_ALS && o.model != TARTAN_RECOMMEND_IALS) {
    snprintf(plan->reason, sizeof plan->reason, "no factors");
    return TARTAN_OK;
  }
  snprintf(plan->reason, sizeof plan->reason, "%lld factors, %s; figures of one epoch", (long long)o.factors,
           o.solver == TARTAN_RECOMMEND_CG      ? "a few steps of conjugate gradients a row"
           : o.solver == TARTAN_RECOMMEND_BLOCK ? "each row by blocks of coordinates"
           : o.nonnegative                      ? "each row solved exactly over factors that are not negative"
                                                : "each row solved exactly");
  plan->flops = (side_flops(&o, m, entries) + side_flops(&o, n, entries)) / P;
  plan->words = P > 1 ? (parts.users + parts.items) * (1 - 1 / P) * (double)o.factors : 0;
  return TARTAN_OK;
}
