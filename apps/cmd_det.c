/*
 * tartan det and slogdet: the determinant of a square matrix, as it is or as sign and logarithm.
 */
#include <tartan/solve.h>

#include "base/util.h"
#include "commands.h"
#include "scalar.h"
#include "solving.h"

static const app_option options[] = {
    APP_SOLVING_ASSUME,
    APP_SCALAR_DTYPE,
    APP_RESULT_OPTIONS("none: the number is only printed"),
    {.name = NULL},
};

static void note(app_notes *notes)
{
  app_note(notes, "assume", "%s", app_solving_assumed());
}

static tartan_status plan(app_run *run, const app_operand *operand)
{
  const bool   positive = app_solving_assume == TARTAN_ASSUME_POSITIVE;
  const double n = (double)operand->n;

  app_plan_elimination(run, positive ? "Cholesky" : "LU", operand->n, operand->n,
                       app_chosen_dtype(app_scalar_dtype, app_operand_dtype(operand)),
                       (positive ? 1 : 2) * n * n * n / 3, n * n);
  return TARTAN_OK;
}

static tartan_status compute_det(const tartan_matrix *A, double *value, tartan_factor_info *info)
{
  const tartan_solve_opts opts = app_solving_opts();

  return tartan_det(A, &opts, value, info);
}

static tartan_status compute_slogdet(const tartan_matrix *A, double *value, tartan_factor_info *info)
{
  const tartan_solve_opts opts = app_solving_opts();

  return tartan_slogdet(A, &opts, &value[0], &value[1], info);
}

static tartan_status run_either(app_run *run, const char *source, app_scalar *s)
{
  s->lower = app_solving_assume == TARTAN_ASSUME_POSITIVE;
  return app_scalar_run(run, source, s);
}

static tartan_status det(app_run *run, const char *const *operands, int count)
{
  static app_scalar s = {.name = "det",
                         .label = {"det"},
                         .square = true,
                         .same_bits = app_solving_one_rank,
                         .note = note,
                         .plan = plan,
                         .compute_whole = compute_det};

  (void)count;
  return run_either(run, operands[0], &s);
}

static tartan_status slogdet(app_run *run, const char *const *operands, int count)
{
  static app_scalar s = {.name = "slogdet",
                         .label = {"sign", "logabsdet"},
                         .dataset = {"/sign", "/logabsdet"},
                         .count = 2,
                         .square = true,
                         .same_bits = app_solving_one_rank,
                         .note = note,
                         .plan = plan,
                         .compute_whole = compute_slogdet};

  (void)count;
  return run_either(run, operands[0], &s);
}

const app_command app_cmd_det = {
    .name = "det",
    .group = "Linear algebra",
    .summary = "the determinant of a square matrix",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Beyond the range of f64 it is 0 or inf: `tartan slogdet` has no such range.\n\n"
             "Example:\n"
             "  mpirun -n 2 tartan det A.h5\n",
    .run = det,
    .plans = true,
};

const app_command app_cmd_slogdet = {
    .name = "slogdet",
    .group = "Linear algebra",
    .summary = "sign and natural logarithm of the absolute value of a determinant",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Of a singular matrix the sign is 0 and the logarithm -inf.\n\n"
             "Example:\n"
             "  mpirun -n 2 tartan slogdet C.h5:/covariance --assume positive --quiet\n",
    .run = slogdet,
    .plans = true,
};
