/*
 * tartan lu and cholesky: the triangular factors of a matrix in a file.
 */
#include <tartan/solve.h>

#include <math.h>

#include "base/util.h"
#include "commands.h"
#include "factor.h"
#include "solving.h"

static const app_option lu_options[] = {
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.lu.h5 beside the input"),
    {.name = NULL},
};

static const app_option cholesky_options[] = {
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.cholesky.h5 beside the input"),
    {.name = NULL},
};

static tartan_status check(app_factor *f)
{
  f->same_bits = app_solving_one_rank(f->A.m, f->A.n);
  return TARTAN_OK;
}

static void note(const app_factor *f, app_notes *notes)
{
  (void)f;
  (void)notes;
}

/* The factors in place of a copy, then each on its own. */
static void plan_lu(const app_factor *f, tartan_cost *p)
{
  const double m = (double)f->A.m, n = (double)f->A.n, r = fmin(m, n);

  (void)p;
  app_plan_elimination(f->run, "LU", f->A.m, f->A.n, f->dtype, 2 * (m * n * r - (m + n) * r * r / 2 + r * r * r / 3),
                       m * n + m * r + r * n);
}

static void plan_cholesky(const app_factor *f, tartan_cost *p)
{
  const double n = (double)f->A.n;

  (void)p;
  app_plan_elimination(f->run, "Cholesky", f->A.n, f->A.n, f->dtype, n * n * n / 3, 2 * n * n);
}

static tartan_status compute_lu(app_factor *f)
{
  app_factor_part *L = &f->part[0], *U = &f->part[1];
  tartan_status    st = TARTAN_OK, local = TARTAN_OK;

  L->name = "L";
  U->name = "U";
  f->perm = tt_alloc_zero(&f->run->grid->memory, f->A.m, sizeof *f->perm, "a permutation", &local);
  f->perm_count = f->A.m;
  AGREE(f->run->grid, local);
  TRY(tartan_lu(f->a, &L->X, &U->X, f->perm, &f->info));
  app_factor_add_count(f, "nonzero_pivots", f->info.found);
  app_warn_condition(f->run, f->dtype, f->info.condition);
done:
  return st;
}

static tartan_status compute_cholesky(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  f->part[0].name = "L";
  TRY(tartan_cholesky(f->a, &f->part[0].X, &f->info));
  app_warn_condition(f->run, f->dtype, f->info.condition);
done:
  return st;
}

static tartan_status lu(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "lu",
                                       .check = check,
                                       .note = note,
                                       .plan = plan_lu,
                                       .compute = compute_lu};
  static app_factor            f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

static tartan_status cholesky(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind = {.name = "cholesky",
                                       .square = true,
                                       .lower = true,
                                       .check = check,
                                       .note = note,
                                       .plan = plan_cholesky,
                                       .compute = compute_cholesky};
  static app_factor            f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

const app_command app_cmd_lu = {
    .name = "lu",
    .group = "Linear algebra",
    .summary = "the LU factorization of a matrix with partial pivoting: A[perm] = L U",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {lu_options, app_run_options},
    .notes = "A singular matrix is factored too; U then has a zero on its diagonal.\n\n"
             "Examples:\n"
             "  mpirun -n 4 tartan lu A.h5 -o lu.h5\n"
             "  tartan lu A.h5:/X --plan\n",
    .run = lu,
    .plans = true,
};

const app_command app_cmd_cholesky = {
    .name = "cholesky",
    .group = "Linear algebra",
    .summary = "the Cholesky factor of a symmetric positive definite matrix: A = L L'",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {cholesky_options, app_run_options},
    .notes = "Only the lower triangle is read. A matrix that is not positive definite ends with code 7.\n\n"
             "Example:\n"
             "  mpirun -n 4 tartan cholesky C.h5:/covariance -o L.h5\n",
    .run = cholesky,
    .plans = true,
};
