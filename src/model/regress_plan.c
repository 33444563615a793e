/*
 * Options of a regression against its data, and what it takes: the Gram pass with the target as one more column, then the
 * problem of n features on one rank with one thread, whose bits depend on no rank count. Ridge of more features than
 * eigenproblems are solved so is spread over the ranks.
 */
#include <tartan/factor.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "model/regress_impl.h"

#define PATH_LENGTH 100
#define SWEEPS 10       /* of a penalty, assumed */
#define SPREAD_COPIES 5 /* of the Gram matrix over the ranks: itself, to be solved, and what tartan_solve() takes */

/* The list of penalties, or how many there will be. */
static tartan_status check_penalties(tartan_regress_opts *o)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(o->penalties >= 0 && (!o->penalty || o->penalties > 0), TARTAN_ERR_ARG, "%lld penalties: give 1 or more",
          (long long)o->penalties);
  for (int64_t i = 0; i < o->penalties && o->penalty; i++)
    REQUIRE(o->penalty[i] >= 0 && isfinite(o->penalty[i]), TARTAN_ERR_ARG,
            "a penalty of %g: give finite values of 0 or more", o->penalty[i]);
  REQUIRE(o->penalty || o->model != TARTAN_REGRESS_RIDGE || o->penalties <= 1, TARTAN_ERR_ARG,
          "ridge has no largest penalty to begin a path with: give the penalties themselves");
  if (o->penalties == 0) o->penalties = o->model == TARTAN_REGRESS_RIDGE ? 1 : PATH_LENGTH;
done:
  return st;
}

/* Options against each other and the data. */
static tartan_status check_options(const tartan_operator *A, const tartan_regress_opts *opts, tartan_regress_opts *o)
{
  const tartan_regress_opts defaults = TARTAN_REGRESS_OPTS_INIT;
  tartan_status             st = TARTAN_OK;

  *o = defaults;
  if (opts) memcpy(o, opts, opts->size < sizeof *o ? opts->size : sizeof *o);
  REQUIRE(A->m >= 1 && A->n >= 1, TARTAN_ERR_SHAPE, "a regression on %lld samples x %lld features: give at least one",
          (long long)A->m, (long long)A->n);
  REQUIRE(o->model >= TARTAN_REGRESS_RIDGE && o->model <= TARTAN_REGRESS_ELASTIC_NET, TARTAN_ERR_ARG, "no such model");
  REQUIRE(o->ratio > 0 && o->ratio <= 1, TARTAN_ERR_ARG, "a path down to %g of its first penalty: give one in (0, 1]",
          o->ratio);
  REQUIRE(o->l1_ratio > 0 && o->l1_ratio <= 1, TARTAN_ERR_ARG,
          "an l1 ratio of %g: give one in (0, 1]; without the l1 term it is ridge", o->l1_ratio);
  REQUIRE(o->tolerance >= 0 && isfinite(o->tolerance), TARTAN_ERR_ARG, "a tolerance of %g: give 0 or more",
          o->tolerance);
  REQUIRE(o->iterations >= 1, TARTAN_ERR_ARG, "%lld iterations: give 1 or more", (long long)o->iterations);
  TRY(check_penalties(o));
done:
  return st;
}

/* Whether some penalty is solved as least squares, or ridge. */
static bool solves(const tartan_regress_opts *o, bool least_squares)
{
  bool zero = false;

  for (int64_t i = 0; i < o->penalties && o->penalty; i++) zero |= o->penalty[i] == 0;
  return zero || (!least_squares && o->model == TARTAN_REGRESS_RIDGE);
}

/*
 * Bytes of rank 0 after the pass: first its part of G beside the whole, then that with a copy for Cholesky, and the
 * workspace of eigenvalues where there may be a matrix that needs them.
 */
static double solve_bytes(const tartan_operator *A, const tt_regress_setup *setup)
{
  const tartan_regress_opts *o = &setup->opts;
  const double               n = (double)A->n, whole = 8 * (n + 1) * (n + 1);
  const double               squares = solves(o, true) ? 4 : solves(o, false) ? 1 : 0;

  if (setup->spread) return SPREAD_COPIES * whole / A->grid->size + 8 * (double)(o->penalties + 16) * (n + 4);
  return fmax(whole + 2 * whole / A->grid->size, whole + 8 * squares * n * n) +
         8 * (double)(o->penalties + 16) * (n + 4);
}

static double solve_flops(const tartan_operator *A, const tt_regress_setup *setup)
{
  const tartan_regress_opts *o = &setup->opts;
  const double               n = (double)A->n, p = (double)o->penalties;

  return solves(o, false) ? p * n * n * n / 3 / (setup->spread ? A->grid->size : 1) : p * SWEEPS * 2 * n * n;
}

static void describe(const tartan_operator *A, tt_regress_setup *setup)
{
  static const char *const names[] = {"ridge", "lasso", "elastic-net"};
  const bool               direct = setup->opts.model == TARTAN_REGRESS_RIDGE;
  tartan_cost             *c = &setup->plan;

  snprintf(c->algorithm, sizeof c->algorithm, "%s", names[setup->opts.model]);
  snprintf(c->reason, sizeof c->reason, "one pass for the Gram matrix of features and target, then %s %s",
           direct ? "Cholesky" : "coordinate descent", setup->spread ? "over the ranks" : "on one rank");
  c->flops = setup->gram.flops + solve_flops(A, setup);
  c->words = setup->gram.words + (double)(setup->opts.penalties * A->n);
  c->passes = 1;
  c->bytes_read = (double)A->m * (double)A->n * (double)tt_element_size(A->element) / A->grid->size;
  c->grid[0] = A->grid->p;
  c->grid[1] = A->grid->q;
  c->grid[2] = 1;
}

tartan_status tt_regress_prepare(const tartan_operator *A, const tartan_regress_opts *opts, bool exact,
                                 tt_regress_setup *setup)
{
  tartan_grid  *grid = A->grid;
  int64_t       room = grid->memory.limit > 0 ? tt_max(1, grid->memory.limit - grid->memory.used) : INT64_MAX;
  bool          fits;
  char          a[24], b[24];
  tartan_status st = TARTAN_OK;

  memset(setup, 0, sizeof *setup);
  TRY(check_options(A, opts, &setup->opts));
  setup->spread = setup->opts.model == TARTAN_REGRESS_RIDGE && A->n > TARTAN_EIGH_ONE_RANK && grid->size > 1;
  setup->pass = (tt_gram_opts){.center = setup->opts.intercept, .joined = 1, .target_exact = exact};
  TRY(tt_agree_least(grid, &room)); /* the cuts must be the same on every rank */
  if (room == INT64_MAX) room = 0;
  fits = tt_gram_plan_make(A, &setup->pass, grid->size, grid->threads, room, &setup->gram) == TARTAN_OK;
  describe(A, setup);
  setup->plan.memory = fmax((double)setup->gram.memory, solve_bytes(A, setup));
  REQUIRE(fits && (room == 0 || setup->plan.memory <= (double)room), TARTAN_ERR_NOMEM,
          "a regression on %lld feature%s needs %s per rank, the budget leaves %s: give more memory", (long long)A->n,
          TT_S(A->n), tt_bytes_text(setup->plan.memory, a), tt_bytes_text((double)room, b));
done:
  return st;
}

tartan_status tartan_regress_plan(const tartan_operator *A, const tartan_regress_opts *opts, tartan_cost *plan)
{
  tt_regress_setup    setup;
  const tartan_status st = tt_regress_prepare(A, opts, false, &setup);

  *plan = setup.plan;
  return st;
}
