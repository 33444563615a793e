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

tartan_status tartan_recommend_plan(const tartan_sparse *R, const tartan_recommend_opts *opts, tartan_cost *plan)
{
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;
  const double          P = R->grid->size, m = (double)R->m, n = (double)R->n, entries = (double)R->entries;
  double                k, size, users, items;

  if (opts) o = *opts;
  k = (double)o.factors;
  size = (double)tartan_dtype_size(o.dtype);
  users = distinct(m, entries / P);
  items = distinct(n, entries / P);
  *plan = (tartan_cost){.grid = {R->grid->size, 1, 1}, .passes = 1};
  snprintf(plan->algorithm, sizeof plan->algorithm, "%s",
           o.model == TARTAN_RECOMMEND_ALS    ? "als"
           : o.model == TARTAN_RECOMMEND_IALS ? "ials"
           : o.model == TARTAN_RECOMMEND_BIAS ? "bias"
                                              : "popularity");
  snprintf(plan->reason, sizeof plan->reason, "%lld factors, %s; figures of one epoch", (long long)o.factors,
           o.solver == TARTAN_RECOMMEND_CG      ? "a few steps of conjugate gradients a row"
           : o.solver == TARTAN_RECOMMEND_BLOCK ? "each row by blocks of coordinates"
           : o.nonnegative                      ? "each row solved exactly over factors that are not negative"
                                                : "each row solved exactly");
  if (o.model == TARTAN_RECOMMEND_ALS || o.model == TARTAN_RECOMMEND_IALS) {
    plan->flops = (side_flops(&o, m, entries) + side_flops(&o, n, entries)) / P;
    plan->words = P > 1 ? (users + items) * (1 - 1 / P) * k : 0;
    plan->memory = size * k * ((m + n) / P + fmax(users, items));
  }
  plan->memory += entries / P * (2 * 4 + 2 * (double)tartan_dtype_size(R->dtype) + 4 * size + 8) + 40 * (m + n) / P;
  return TARTAN_OK;
}
