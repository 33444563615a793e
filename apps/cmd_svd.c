/*
 * tartan svd, svdvals, lowrank: singular values and vectors, all of a matrix in memory or a few of one that is streamed
 * from its file.
 */
#include <math.h>

#include "base/util.h"
#include "commands.h"
#include "factor.h"

static struct {
  bool    full, center;
  int     method;
  int64_t k;
} set = {.k = -1};

static const char *const methods[] = {"planned", "one-rank", "bidiagonal", "qr-iteration"};

#define METHOD_OPTION                                                                                                  \
  {                                                                                                                    \
    "method", 0, APP_OPTION_CHOICE, &set.method, "planned|one-rank|bidiagonal|qr-iteration", "planned",                \
        "for what is left after the QR of a tall or wide matrix. one-rank: LAPACK; bidiagonal: divide and conquer "    \
        "over the "                                                                                                    \
        "ranks; qr-iteration: ScaLAPACK's p?gesvd, slow"                                                               \
  }

static const app_option svd_options[] = {
    {"k", 'k', APP_OPTION_COUNT, &set.k, "N", "all", "the N largest triplets, by block Krylov iteration over the file"},
    {"center", 0, APP_OPTION_FLAG, &set.center, NULL, NULL,
     "with -k: subtract the means of the columns, which are written as /mean"},
    {"full", 0, APP_OPTION_FLAG, &set.full, NULL, NULL, "U and Vt completed to square orthogonal matrices"},
    METHOD_OPTION,
    APP_FACTOR_ITERATION,
    APP_LONG_OPTIONS,
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.svd.h5 beside the input"),
    {.name = NULL},
};

static const app_option svdvals_options[] = {
    METHOD_OPTION,
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.svdvals.h5 beside the input"),
    {.name = NULL},
};

static const app_option lowrank_options[] = {
    {"k", 'k', APP_OPTION_COUNT, &set.k, "N", NULL, "rank of the approximation"},
    APP_FACTOR_ITERATION,
    APP_LONG_OPTIONS,
    APP_RESULT_OPTIONS("INPUT.lowrank.h5 beside the input"),
    {.name = NULL},
};

static const app_factor_part left = {.name = "U"}, right = {.name = "Vt"};

/* ------------------------------------------------------------------------------------------------ all of them */

static tartan_status check_all(app_factor *f)
{
  (void)f;
  if (app_long_set.checkpoint || app_long_set.resume || app_long_set.limit > 0)
    return tt_fail(TARTAN_ERR_ARG, "--checkpoint, --resume and --time-limit go with -k N");
  if (set.center) return tt_fail(TARTAN_ERR_ARG, "--center goes with -k N");
  return app_factor_no_iteration("-k N");
}

static void note_all(const app_factor *f, app_notes *notes)
{
  (void)f;
  app_note(notes, "full", "%s", set.full ? "yes" : "no");
  app_note(notes, "method", "%s", methods[set.method]);
}

/* The ways of tartan_svd(): QR first from one and a half times as long as wide, then the square that is left. */
static bool goes_through_qr(const app_factor *f)
{
  return !set.full && (double)tt_max(f->A.m, f->A.n) >= 1.5 * (double)app_factor_least(f);
}

static bool on_one_rank(const app_factor *f)
{
  if (set.method) return set.method == TARTAN_SVD_ONE_RANK;
  return (set.full ? tt_max(f->A.m, f->A.n) : app_factor_least(f)) <= TARTAN_SVD_ONE_RANK_MAX;
}

/* Flops of the square or of the whole; flops of QR come to them. */
static void plan_by_shape(const app_factor *f, double flops, bool vectors, tartan_cost *p)
{
  static const char *const core[] = {"", "?gesdd on one rank", "bidiagonal form", "p?gesvd"};
  const double             m = (double)f->A.m, n = (double)f->A.n, r = fmin(m, n), ranks = f->run->size;
  const bool               one = on_one_rank(f), qr = goes_through_qr(f);

  snprintf(p->algorithm, sizeof p->algorithm, "%s",
           core[one          ? TARTAN_SVD_ONE_RANK
                : set.method ? set.method
                             : TARTAN_SVD_BIDIAGONAL]);
  snprintf(p->reason, sizeof p->reason, "%.0f x %.0f%s", m, n, qr ? ", after QR" : "");
  p->flops = (qr ? (vectors ? 4 : 2) * fmax(m, n) * r * r : 0) / ranks + flops / (one ? 1 : ranks);
  p->words = (m + n) * r / sqrt(ranks);
  p->memory = (double)tartan_dtype_size(f->dtype) *
              (m * n / ranks + (vectors ? (m + n) * r / ranks : 0) + (vectors ? 2 : 1) * r * r / (one ? 1 : ranks / 2));
}

static void plan_svd(const app_factor *f, tartan_cost *p)
{
  const double m = (double)f->A.m, n = (double)f->A.n, r = fmin(m, n);

  plan_by_shape(f, goes_through_qr(f) ? 20 * r * r * r : 4 * m * n * r + 16 * r * r * r, true, p);
  if (set.full) p->memory += (double)tartan_dtype_size(f->dtype) * (m * m + n * n) / f->run->size;
}

static void plan_svdvals(const app_factor *f, tartan_cost *p)
{
  const double m = (double)f->A.m, n = (double)f->A.n, r = fmin(m, n);

  plan_by_shape(f, goes_through_qr(f) ? 8 * r * r * r / 3 : 4 * m * n * r - 4 * r * r * r / 3, false, p);
}

/* U and Vt stay NULL where only values are wanted. */
static tartan_status singular(app_factor *f, tartan_matrix **U, tartan_matrix **Vt)
{
  tartan_svd_opts opts = TARTAN_SVD_OPTS_INIT;
  tartan_status   st = TARTAN_OK;

  opts.method = (tartan_svd_method)set.method;
  opts.full = set.full;
  TRY(app_factor_values(f, "S", "singular values", app_factor_least(f), false));
  TRY(tartan_svd(f->a, &opts, U, f->values, Vt, &f->info));
done:
  return st;
}

static tartan_status compute_svd(app_factor *f)
{
  f->part[0] = left;
  f->part[1] = right;
  return singular(f, &f->part[0].X, &f->part[1].X);
}

static tartan_status compute_svdvals(app_factor *f)
{
  return singular(f, NULL, NULL);
}

/* ------------------------------------------------------------------------------------------------ a few */

static tartan_topk_opts topk;

static tartan_status check_few(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(set.k >= 1 && set.k <= app_factor_least(f), TARTAN_ERR_ARG,
          "-k %lld: a matrix of %lld x %lld has %lld singular value%s", (long long)set.k, (long long)f->A.m,
          (long long)f->A.n, (long long)app_factor_least(f), TT_S(app_factor_least(f)));
  REQUIRE(!set.full && !set.method, TARTAN_ERR_ARG, "%s does not go with -k N", set.full ? "--full" : "--method");
  f->streamed = true;
  f->center = set.center;
  TRY(app_factor_iteration(f, &topk));
done:
  return st;
}

static void note_few(const app_factor *f, app_notes *notes)
{
  app_note_count(notes, "k", set.k);
  app_note(notes, "center", "%s", set.center ? "yes" : "no");
  app_factor_note_iteration(f, notes);
}

static void plan_few(const app_factor *f, tartan_cost *p)
{
  app_factor_plan_topk(f, set.k, p);
}

static tartan_status compute_few(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  f->part[0] = left;
  f->part[1] = right;
  TRY(app_factor_values(f, "S", "largest singular values", set.k, false));
  TRY(tartan_operator_svd_topk(f->op, set.k, &topk, &f->part[0].X, f->values, &f->part[1].X, &f->topk));
  app_factor_iterated(f);
done:
  return st;
}

static tartan_status compute_lowrank(app_factor *f)
{
  tartan_lowrank_info info = {.error_2 = NAN};
  tartan_status       st = TARTAN_OK;

  f->part[0] = left;
  f->part[1] = right;
  TRY(app_factor_values(f, "S", "singular values of the approximation", set.k, false));
  info.topk.residuals = f->residuals;
  TRY(tartan_lowrank(f->op, set.k, &topk, &f->part[0].X, f->values, &f->part[1].X, &info));
  f->topk = info.topk;
  app_factor_iterated(f);
  app_factor_add_number(f, "error_fro", info.error_fro);
  app_factor_add_number(f, "error_2", info.error_2);
  app_factor_add_number(f, "relative_error", info.relative);
  app_factor_add_number(f, "compression", info.compression);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ commands */

static tartan_status svd(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind all = {.name = "svd",
                                      .check = check_all,
                                      .note = note_all,
                                      .plan = plan_svd,
                                      .compute = compute_svd};
  static const app_factor_kind few =
      {.name = "svd", .long_run = true, .check = check_few, .note = note_few, .plan = plan_few, .compute = compute_few};
  static app_factor f;

  (void)count;
  f.kind = set.k >= 0 ? &few : &all;
  return app_factor_run(run, operands[0], &f);
}

static tartan_status svdvals(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "svdvals",
                                       .check = check_all,
                                       .note = note_all,
                                       .plan = plan_svdvals,
                                       .compute = compute_svdvals};
  static app_factor            f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

static tartan_status lowrank(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "lowrank",
                                       .long_run = true,
                                       .check = check_few,
                                       .note = note_few,
                                       .plan = plan_few,
                                       .compute = compute_lowrank};
  static app_factor            f = {.kind = &kind};

  (void)count;
  if (set.k < 0) return tt_fail(TARTAN_ERR_ARG, "lowrank needs -k N: the rank of the approximation");
  return app_factor_run(run, operands[0], &f);
}

const app_command app_cmd_svd = {
    .name = "svd",
    .group = "Linear algebra",
    .summary = "singular values and vectors of a matrix, or the largest few of one larger than the memory",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {svd_options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 4 tartan svd A.h5 -o svd.h5\n"
             "  mpirun -n 4 tartan svd A.h5:/X -k 20 --tol 1e-10\n"
             "  tartan svd A.h5 --plan\n",
    .run = svd,
    .plans = true,
};

const app_command app_cmd_svdvals = {
    .name = "svdvals",
    .group = "Linear algebra",
    .summary = "the singular values of a matrix",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {svdvals_options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 4 tartan svdvals A.h5\n"
             "  tartan svdvals A.h5:/X --quiet --verbose\n",
    .run = svdvals,
    .plans = true,
};

const app_command app_cmd_lowrank = {
    .name = "lowrank",
    .group = "Linear algebra",
    .summary = "the best approximation of a given rank, of a matrix larger than the memory too, and its error",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {lowrank_options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 4 tartan lowrank A.h5 -k 20 -o A20.h5\n"
             "  mpirun -n 4 tartan lowrank A.h5:/X -k 5 --tol 1e-4 --plan\n",
    .run = lowrank,
    .plans = true,
};
