#include "solving.h"

#include <math.h>

#include "base/util.h"
#include "factor/solve_impl.h"

int app_solving_assume;

const char *app_solving_assumed(void)
{
  return app_solving_assume == TARTAN_ASSUME_POSITIVE ? "positive" : "general";
}

tartan_solve_opts app_solving_opts(void)
{
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;

  opts.assume = (tartan_assume)app_solving_assume;
  return opts;
}

bool app_solving_one_rank(int64_t m, int64_t n)
{
  return tt_max(m, n) <= TT_SOLVE_ONE_RANK;
}

void app_plan_elimination(app_run *run, const char *what, int64_t m, int64_t n, tartan_dtype dtype, double flops,
                          double words)
{
  const double ranks = run->size, size = (double)m * (double)n;
  const bool   one = app_solving_one_rank(m, n);
  tartan_cost *p = &run->plan;

  snprintf(p->algorithm, sizeof p->algorithm, "%s", what);
  if (one)
    snprintf(p->reason, sizeof p->reason, "%lld x %lld, at most %d: on one rank", (long long)m, (long long)n,
             TT_SOLVE_ONE_RANK);
  else
    snprintf(p->reason, sizeof p->reason, "%lld x %lld, over %d rank%s", (long long)m, (long long)n, run->size,
             TT_S(run->size));
  p->flops = flops / (one ? 1 : ranks);
  p->words = one ? size : size * 2 / sqrt(ranks);
  p->memory = (double)tartan_dtype_size(dtype) * words / (one ? 1 : ranks);
}

/* Tall and wide matrices go through QR, as in tartan_svd(). */
void app_plan_singular(app_run *run, int64_t m, int64_t n, tartan_dtype dtype, bool vectors)
{
  const double most = (double)tt_max(m, n), r = (double)tt_min(m, n), ranks = run->size;
  const bool   one = r <= TARTAN_SVD_ONE_RANK_MAX, qr = most >= 1.5 * r;
  const double square = vectors ? 20 * r * r * r : 8 * r * r * r / 3;
  tartan_cost *p = &run->plan;

  snprintf(p->algorithm, sizeof p->algorithm, "singular values");
  snprintf(p->reason, sizeof p->reason, "%lld x %lld%s, %s", (long long)m, (long long)n, qr ? ", after QR" : "",
           one ? "on one rank" : "by bidiagonal form");
  p->flops = ((qr ? (vectors ? 4 : 2) : 4) * most * r * r) / ranks + square / (one ? 1 : ranks);
  p->words = (most + r) * r / sqrt(ranks);
  p->memory = (double)tartan_dtype_size(dtype) *
              ((vectors ? 3 : 1) * most * r / ranks + (vectors ? 3 : 1) * r * r / (one ? 1 : ranks));
}

void app_warn_condition(app_run *run, tartan_dtype dtype, double condition)
{
  if (isinf(condition))
    tt_grid_warn(run->grid, "the matrix is singular: a pivot of its factorization is zero");
  else if (condition * (dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53) >= 1)
    tt_grid_warn(run->grid, "the matrix is singular to working precision (condition %.1e): no digit may be right",
                 condition);
}
