/*
 * tartan rank and cond: numbers that the singular values of a matrix tell, or its inverse.
 */
#include <tartan/lstsq.h>

#include "base/util.h"
#include "commands.h"
#include "scalar.h"
#include "solving.h"

static struct {
  double tol;
  int    kind;
} set = {.tol = -1};

static const char *const labels[] = {"cond 2", "cond -2", "cond 1", "cond inf", "cond fro"};

static const app_option rank_options[] = {
    {"tol", 0, APP_OPTION_REAL, &set.tol, "X", "max(m, n) eps",
     "singular values up to X times the largest count as zero"},
    APP_SCALAR_DTYPE,
    APP_RESULT_OPTIONS("none: the number is only printed"),
    {.name = NULL},
};

static const app_option cond_options[] = {
    {"kind", 0, APP_OPTION_CHOICE, &set.kind, "2|-2|1|inf|fro", "2",
     "2: the largest singular value over the smallest; -2: the other way round; 1, inf, fro: the norm of a square "
     "matrix times that of its inverse"},
    APP_SCALAR_DTYPE,
    APP_RESULT_OPTIONS("none: the number is only printed"),
    {.name = NULL},
};

static tartan_dtype dtype_of(const app_operand *operand)
{
  return app_chosen_dtype(app_scalar_dtype, app_operand_dtype(operand));
}

static bool by_inverse(void)
{
  return set.kind >= TARTAN_COND_ONE;
}

static void note_rank(app_notes *notes)
{
  app_note(notes, "tol", "%.17g", set.tol);
}

static tartan_status plan(app_run *run, const app_operand *operand)
{
  const double n = (double)operand->n;

  if (by_inverse())
    app_plan_elimination(run, "inverse", operand->n, operand->n, dtype_of(operand), 2 * n * n * n, 2 * n * n);
  else
    app_plan_singular(run, operand->m, operand->n, dtype_of(operand), false);
  return TARTAN_OK;
}

static tartan_status compute_rank(const tartan_matrix *A, double *value, tartan_factor_info *info)
{
  int64_t       rank = 0;
  tartan_status st = TARTAN_OK;

  (void)info;
  TRY(tartan_matrix_rank(A, set.tol, &rank));
  *value = (double)rank;
done:
  return st;
}

static tartan_status compute_cond(const tartan_matrix *A, double *value, tartan_factor_info *info)
{
  (void)info;
  return tartan_cond((tartan_cond_norm)set.kind, A, value);
}

static tartan_status rank(app_run *run, const char *const *operands, int count)
{
  static app_scalar s = {.name = "rank",
                         .label = {"rank"},
                         .whole = true,
                         .note = note_rank,
                         .plan = plan,
                         .compute_whole = compute_rank};
  tartan_status     st = TARTAN_OK;

  (void)count;
  REQUIRE(set.tol < 1 && (set.tol >= 0 || set.tol == -1), TARTAN_ERR_ARG, "--tol %g: give a number from 0 to below 1",
          set.tol);
  TRY(app_scalar_run(run, operands[0], &s));
done:
  return st;
}

static tartan_status cond(app_run *run, const char *const *operands, int count)
{
  static app_scalar s = {.name = "cond", .plan = plan, .compute_whole = compute_cond};

  (void)count;
  s.square = by_inverse();
  s.label[0] = labels[set.kind];
  s.kind = labels[set.kind] + sizeof "cond";
  return app_scalar_run(run, operands[0], &s);
}

const app_command app_cmd_rank = {
    .name = "rank",
    .group = "Linear algebra",
    .summary = "the numerical rank of a matrix",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {rank_options, app_run_options},
    .notes = "eps is 2^-52 in f64 and 2^-23 in f32, as in NumPy's matrix_rank.\n\n"
             "Examples:\n"
             "  mpirun -n 2 tartan rank A.h5\n"
             "  tartan rank A.h5:/X --tol 1e-6 --quiet\n",
    .run = rank,
    .plans = true,
};

const app_command app_cmd_cond = {
    .name = "cond",
    .group = "Linear algebra",
    .summary = "the condition number of a matrix",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {cond_options, app_run_options},
    .notes = "Of a singular matrix it is inf.\n\n"
             "Examples:\n"
             "  mpirun -n 2 tartan cond A.h5\n"
             "  tartan cond A.h5:/X --kind 1 --quiet\n",
    .run = cond,
    .plans = true,
};
