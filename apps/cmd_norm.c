/*
 * tartan norm: a norm of a matrix in a file of any size, by one pass.
 */
#include "commands.h"
#include "oper/norm.h"
#include "scalar.h"

static int kind;

static const char *const labels[] = {"norm fro", "norm one", "norm inf", "norm max", "norm sum", "norm count"};

static const app_option options[] = {
    {"kind", 0, APP_OPTION_CHOICE, &kind, "fro|one|inf|max|sum|count", "fro",
     "fro: root of the sum of squares; one: largest sum of |a| in a column; inf: largest sum of |a| in a row; max: "
     "largest |a|; sum: sum of |a|; count: elements that are not zero"},
    APP_RESULT_OPTIONS("none: the number is only printed"),
    {.name = NULL},
};

/* Of the matrix as it is meant, from the rows as they lie in the file: those of MATLAB are columns. */
static tartan_norm_kind kind_in_file(const app_operand *operand)
{
  if (operand->turned && kind == TARTAN_NORM_ONE) return TARTAN_NORM_INF;
  if (operand->turned && kind == TARTAN_NORM_INF) return TARTAN_NORM_ONE;
  return (tartan_norm_kind)kind;
}

static tartan_status plan(app_run *run, const app_operand *operand)
{
  return tt_operator_norm_plan(operand->data, kind_in_file(operand), &run->plan);
}

static tartan_status compute(const app_operand *operand, double *value)
{
  return tt_operator_norm(operand->data, kind_in_file(operand), value);
}

static tartan_status norm(app_run *run, const char *const *operands, int count)
{
  static app_scalar s = {.name = "norm", .plan = plan, .compute = compute};

  (void)count;
  s.label = labels[kind];
  s.kind = labels[kind] + sizeof "norm";
  return app_scalar_run(run, operands[0], &s);
}

const app_command app_cmd_norm = {
    .name = "norm",
    .group = "Linear algebra",
    .summary = "a norm of a matrix, in one pass over its file",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "The number has 17 digits, enough to read back the same value; with --quiet it stands alone.\n\n"
             "Examples:\n"
             "  mpirun -n 2 tartan norm A.h5\n"
             "  tartan norm A.h5:/X --kind one --quiet\n"
             "  mpirun -n 4 tartan norm A.h5 --kind max -o norm.h5\n",
    .run = norm,
    .plans = true,
};
