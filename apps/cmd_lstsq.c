/*
 * tartan lstsq and pinv: least squares with a matrix of any shape, and its pseudo-inverse.
 */
#include <tartan/lstsq.h>

#include <math.h>

#include "base/util.h"
#include "commands.h"
#include "factor.h"
#include "solving.h"

static struct {
  int    method;
  double tol, ridge;
} set = {.tol = -1};

static const char *const methods[] = {"planned", "qr", "svd"};

#define TOL_OPTION                                                                                                     \
  {                                                                                                                    \
    "tol", 0, APP_OPTION_REAL, &set.tol, "X", "max(m, n) eps",                                                         \
        "singular values up to X times the largest count as zero"                                                      \
  }

static const app_option lstsq_options[] = {
    {"method", 0, APP_OPTION_CHOICE, &set.method, "planned|qr|svd", "planned",
     "planned: QR, and singular values where the rank is not full; qr: full rank only, else code 7"},
    TOL_OPTION,
    {"ridge", 0, APP_OPTION_REAL, &set.ridge, "X", "0", "minimise |A x - b|^2 + X |x|^2"},
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("A.lstsq.h5 beside A"),
    {.name = NULL},
};

static const app_option pinv_options[] = {
    TOL_OPTION,
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.pinv.h5 beside the input"),
    {.name = NULL},
};

static tartan_status check(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  (void)f;
  REQUIRE(set.tol < 1 && (set.tol >= 0 || set.tol == -1), TARTAN_ERR_ARG, "--tol %g: give a number from 0 to below 1",
          set.tol);
  REQUIRE(set.ridge >= 0, TARTAN_ERR_ARG, "--ridge %g: the penalty must not be negative", set.ridge);
done:
  return st;
}

static void note_pinv(const app_factor *f, app_notes *notes)
{
  (void)f;
  app_note(notes, "tol", "%.17g", set.tol);
}

static void note_lstsq(const app_factor *f, app_notes *notes)
{
  note_pinv(f, notes);
  app_note(notes, "method", "%s", methods[set.method]);
  app_note(notes, "ridge", "%.17g", set.ridge);
}

/* QR of A or A' and what follows for each right-hand side; a ridge makes it longer by min(m, n) rows. */
static void plan_lstsq(const app_factor *f, tartan_cost *p)
{
  const double r = (double)app_factor_least(f), k = (double)f->B.n, ranks = f->run->size;
  const double most = (double)tt_max(f->A.m, f->A.n) + (set.ridge > 0 ? r : 0);

  if (set.method == TARTAN_LSTSQ_SVD) {
    app_plan_singular(f->run, f->A.m, f->A.n, f->dtype, true);
  } else {
    snprintf(p->algorithm, sizeof p->algorithm, "QR");
    snprintf(p->reason, sizeof p->reason, "%s",
             set.method ? "asked for" : "singular values where it shows that the rank is not full");
    p->flops = 4 * (most * r * r - r * r * r / 3) / ranks;
    p->words = most >= 4 * r ? r * r * log2(fmax(1, ranks)) : (most + r) * r / sqrt(ranks);
    p->memory = (double)tartan_dtype_size(f->dtype) * (2 * most * r + 2 * r * r) / ranks;
  }
  p->flops += 4 * most * r * k / ranks;
  p->words += r * k;
  p->memory += (double)tartan_dtype_size(f->dtype) * 3 * most * k / ranks;
}

static void plan_pinv(const app_factor *f, tartan_cost *p)
{
  const double m = (double)f->A.m, n = (double)f->A.n;

  app_plan_singular(f->run, f->A.m, f->A.n, f->dtype, true);
  p->flops += 2 * m * n * fmin(m, n) / f->run->size;
  p->memory += (double)tartan_dtype_size(f->dtype) * m * n / f->run->size;
}

/* What the library tells. */
static void take(app_factor *f, const tartan_lstsq_info *told)
{
  snprintf(f->info.method, sizeof f->info.method, "%s", told->method);
  snprintf(f->info.reason, sizeof f->info.reason, "%s", told->reason);
  f->info.condition = told->condition;
  f->info.rank = told->rank;
}

static tartan_status compute_lstsq(app_factor *f)
{
  tartan_lstsq_opts opts = TARTAN_LSTSQ_OPTS_INIT;
  tartan_lstsq_info told = {.rank = -1};
  tartan_status     st = TARTAN_OK, local = TARTAN_OK;

  opts.method = (tartan_lstsq_method)set.method;
  opts.tolerance = set.tol;
  opts.ridge = set.ridge;
  f->count = f->B.n;
  f->residuals = tt_alloc_zero(&f->run->grid->memory, f->count, sizeof *f->residuals, "residuals", &local);
  AGREE(f->run->grid, local);
  told.residuals = f->residuals;
  f->part[0].name = "x";
  TRY(tartan_lstsq(f->a, f->b, &opts, &f->part[0].X, &told));
  take(f, &told);
done:
  return st;
}

static tartan_status compute_pinv(app_factor *f)
{
  tartan_lstsq_info told = {.rank = -1};
  tartan_status     st = TARTAN_OK;

  f->part[0].name = "Apinv";
  TRY(tartan_pinv(f->a, set.tol, &f->part[0].X, &told));
  take(f, &told);
done:
  return st;
}

static tartan_status lstsq(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "lstsq",
                                       .check = check,
                                       .note = note_lstsq,
                                       .plan = plan_lstsq,
                                       .compute = compute_lstsq};
  static app_factor            f = {.kind = &kind};

  (void)count;
  f.rhs = operands[1];
  return app_factor_run(run, operands[0], &f);
}

static tartan_status pinv(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "pinv",
                                       .check = check,
                                       .note = note_pinv,
                                       .plan = plan_pinv,
                                       .compute = compute_pinv};
  static app_factor            f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

const app_command app_cmd_lstsq = {
    .name = "lstsq",
    .group = "Linear algebra",
    .summary = "the least squares solution of A x = b for a matrix of any shape, of smallest norm",
    .operands = "A.h5[:/path] B.h5[:/path]",
    .operands_min = 2,
    .operands_max = 2,
    .options = {lstsq_options, app_run_options},
    .notes = "Each column of B is a right-hand side; a one-dimensional dataset is one column.\n\n"
             "Examples:\n"
             "  mpirun -n 4 tartan lstsq A.h5 B.h5 -o x.h5\n"
             "  mpirun -n 4 tartan lstsq A.h5 B.h5 --ridge 0.1\n",
    .run = lstsq,
    .plans = true,
};

const app_command app_cmd_pinv = {
    .name = "pinv",
    .group = "Linear algebra",
    .summary = "the pseudo-inverse (Moore, Penrose) of a matrix of any shape",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {pinv_options, app_run_options},
    .notes = "Example:\n"
             "  mpirun -n 4 tartan pinv A.h5 --tol 1e-10 -o Apinv.h5\n",
    .run = pinv,
    .plans = true,
};
