/*
 * tartan trace: the sum of a matrix's diagonal, of which alone the file is read.
 */
#include "commands.h"
#include "oper/norm.h"
#include "scalar.h"

static const app_option options[] = {
    APP_RESULT_OPTIONS("none: the number is only printed"),
    {.name = NULL},
};

static tartan_status plan(app_run *run, const app_operand *operand)
{
  tt_operator_trace_plan(operand->data, &run->plan);
  return TARTAN_OK;
}

static tartan_status compute(const app_operand *operand, double *value)
{
  return tt_operator_trace(operand->data, value);
}

static tartan_status trace(app_run *run, const char *const *operands, int count)
{
  static app_scalar s = {.name = "trace", .label = {"trace"}, .plan = plan, .compute = compute};

  (void)count;
  return app_scalar_run(run, operands[0], &s);
}

const app_command app_cmd_trace = {
    .name = "trace",
    .group = "Linear algebra",
    .summary = "the sum of a matrix's diagonal",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "The matrix may be rectangular, as in NumPy: the sum of a(i, i) for all i that there are.\n\n"
             "Example:\n"
             "  mpirun -n 2 tartan trace A.h5\n",
    .run = trace,
    .plans = true,
};
