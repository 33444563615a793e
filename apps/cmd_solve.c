/*
 * tartan solve and inv: systems with a square matrix in a file, for right-hand sides in another; and its inverse.
 */
#include <tartan/solve.h>

#include <math.h>

#include "base/util.h"
#include "commands.h"
#include "factor.h"
#include "solving.h"

static struct {
  bool    trans, mixed;
  int64_t refine;
} set = {.refine = -1};

static const app_option solve_options[] = {
    APP_SOLVING_ASSUME,
    {"trans", 0, APP_OPTION_FLAG, &set.trans, NULL, NULL, "solve A' x = b"},
    {"mixed", 0, APP_OPTION_FLAG, &set.mixed, NULL, NULL,
     "factor in f32 and refine in f64: faster; falls back to f64 where that does not converge"},
    {"refine", 0, APP_OPTION_COUNT, &set.refine, "N", "planned: 2, with --mixed 30",
     "steps of iterative refinement at most; 0: none"},
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("A.solve.h5 beside A"),
    {.name = NULL},
};

static const app_option inv_options[] = {
    APP_SOLVING_ASSUME,
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.inv.h5 beside the input"),
    {.name = NULL},
};

/* The limit of residuals, by docs/numerics.md. */
static double gate(const app_factor *f)
{
  return 10 * (double)f->A.n * (f->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53);
}

static const char *algorithm(void)
{
  return app_solving_assume == TARTAN_ASSUME_POSITIVE ? "Cholesky" : "LU";
}

static tartan_status check(app_factor *f)
{
  f->lower = app_solving_assume == TARTAN_ASSUME_POSITIVE;
  f->same_bits = app_solving_one_rank(f->A.m, f->A.n);
  if (set.mixed && f->dtype == TARTAN_F32)
    return tt_fail(TARTAN_ERR_ARG, "--mixed factors in f32 what is f64; this system is f32: leave it out, or give "
                                   "--dtype f64");
  return TARTAN_OK;
}

static void note_inv(const app_factor *f, app_notes *notes)
{
  (void)f;
  app_note(notes, "assume", "%s", app_solving_assumed());
}

static void note_solve(const app_factor *f, app_notes *notes)
{
  note_inv(f, notes);
  app_note(notes, "trans", "%s", set.trans ? "yes" : "no");
  app_note(notes, "mixed", "%s", set.mixed ? "yes" : "no");
  app_note_count(notes, "refine", set.refine);
}

/* Factors, a copy for residuals, right-hand sides, solution and residual; a step of refinement assumed. */
static void plan_solve(const app_factor *f, tartan_cost *p)
{
  const double n = (double)f->A.n, k = (double)f->B.n;
  const double flops = (app_solving_assume == TARTAN_ASSUME_POSITIVE ? 1 : 2) * n * n * n / 3;

  app_plan_elimination(f->run, algorithm(), f->A.n, f->A.n, f->dtype, flops / (set.mixed ? 2 : 1) + 8 * n * n * k,
                       (set.mixed ? 1.5 : 2) * n * n + 4 * n * k);
  if (set.mixed) snprintf(p->algorithm, sizeof p->algorithm, "%s in f32, refined", algorithm());
}

/* The inverse in place of the factors, the matrix and the identity for the residual. */
static void plan_inv(const app_factor *f, tartan_cost *p)
{
  const double n = (double)f->A.n;

  (void)p;
  app_plan_elimination(f->run, algorithm(), f->A.n, f->A.n, f->dtype,
                       (app_solving_assume == TARTAN_ASSUME_POSITIVE ? 1 : 2) * n * n * n + 2 * n * n * n, 4 * n * n);
}

/* What the library tells of a solution. */
static void take(app_factor *f, const tartan_solve_info *told)
{
  snprintf(f->info.method, sizeof f->info.method, "%s", told->method);
  snprintf(f->info.reason, sizeof f->info.reason, "%s", told->reason);
  f->info.condition = told->condition;
  app_factor_check(f, told->residual, gate(f));
}

static tartan_status compute_solve(app_factor *f)
{
  tartan_solve_opts opts = app_solving_opts();
  tartan_solve_info told = {.steps = 0};
  tartan_status     st = TARTAN_OK;

  opts.op = set.trans ? TARTAN_TRANS : TARTAN_NO_TRANS;
  opts.mixed = set.mixed;
  opts.refine = set.refine;
  f->part[0].name = "x";
  TRY(tartan_solve(f->a, f->b, &opts, &f->part[0].X, &told));
  take(f, &told);
  app_factor_add_count(f, "steps", told.steps);
done:
  return st;
}

static tartan_status compute_inv(app_factor *f)
{
  const tartan_solve_opts opts = app_solving_opts();
  tartan_solve_info       told = {.steps = 0};
  tartan_status           st = TARTAN_OK;

  f->part[0].name = "Ainv";
  TRY(tartan_inv(f->a, &opts, &f->part[0].X, &told));
  take(f, &told);
  app_warn_condition(f->run, f->dtype, told.condition);
done:
  return st;
}

static tartan_status solve(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "solve",
                                       .square = true,
                                       .check = check,
                                       .note = note_solve,
                                       .plan = plan_solve,
                                       .compute = compute_solve};
  static app_factor            f = {.kind = &kind};

  (void)count;
  f.rhs = operands[1];
  return app_factor_run(run, operands[0], &f);
}

static tartan_status inv(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind =
      {.name = "inv", .square = true, .check = check, .note = note_inv, .plan = plan_inv, .compute = compute_inv};
  static app_factor f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

const app_command app_cmd_solve = {
    .name = "solve",
    .group = "Linear algebra",
    .summary = "the solution of A x = b for a square matrix and any number of right-hand sides",
    .operands = "A.h5[:/path] B.h5[:/path]",
    .operands_min = 2,
    .operands_max = 2,
    .options = {solve_options, app_run_options},
    .notes = "Each column of B is a right-hand side; a one-dimensional dataset is one column. A singular matrix ends "
             "with code 7.\n\n"
             "Examples:\n"
             "  mpirun -n 4 tartan solve A.h5 B.h5 -o x.h5\n"
             "  mpirun -n 4 tartan solve A.h5:/X A.h5:/b --assume positive\n"
             "  mpirun -n 4 tartan solve A.h5 B.h5 --mixed\n",
    .run = solve,
    .plans = true,
};

const app_command app_cmd_inv = {
    .name = "inv",
    .group = "Linear algebra",
    .summary = "the inverse of a square matrix",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {inv_options, app_run_options},
    .notes = "Where the inverse is only to be multiplied by something, `tartan solve` is faster and more exact.\n\n"
             "Examples:\n"
             "  mpirun -n 4 tartan inv A.h5 -o Ainv.h5\n"
             "  mpirun -n 2 tartan inv C.h5:/covariance --assume positive\n",
    .run = inv,
    .plans = true,
};
