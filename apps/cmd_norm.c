/*
 * tartan norm: a norm of a matrix, by one pass over a file of any size, or by the singular values of one that fits the
 * memory.
 */
#include <tartan/lstsq.h>

#include "commands.h"
#include "oper/norm.h"
#include "scalar.h"
#include "solving.h"

static int kind;

static const char *const labels[] = {"norm fro",   "norm one", "norm inf", "norm max", "norm sum",
                                     "norm count", "norm nuc", "norm 2",   "norm -2"};

#define SINGULAR 6 /* the first of the kinds by singular values */

static const app_option options[] = {
    {"kind", 0, APP_OPTION_CHOICE, &kind, "fro|one|inf|max|sum|count|nuc|2|-2", "fro",
     "fro: root of the sum of squares; one: largest sum of |a| in a column; inf: largest sum of |a| in a row; max: "
     "largest |a|; sum: sum of |a|; count: elements that are not zero; and by singular values, of a matrix that fits "
     "the memory, nuc: their sum; 2: the "
     "largest; -2: the smallest"},
    APP_SCALAR_DTYPE,
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

static tartan_status plan_singular(app_run *run, const app_operand *operand)
{
  app_plan_singular(run, operand->m, operand->n, app_chosen_dtype(app_scalar_dtype, app_operand_dtype(operand)), false);
  return TARTAN_OK;
}

static tartan_status compute_singular(const tartan_matrix *A, double *value, tartan_factor_info *info)
{
  static const tartan_schatten kinds[] = {TARTAN_SCHATTEN_NUCLEAR, TARTAN_SCHATTEN_LARGEST, TARTAN_SCHATTEN_SMALLEST};

  (void)info;
  return tartan_norm_schatten(kinds[kind - SINGULAR], A, value);
}

static tartan_status norm(app_run *run, const char *const *operands, int count)
{
  static app_scalar streamed = {.name = "norm", .plan = plan, .compute = compute};
  static app_scalar whole = {.name = "norm", .plan = plan_singular, .compute_whole = compute_singular};
  app_scalar       *s = kind < SINGULAR ? &streamed : &whole;

  (void)count;
  if (kind < SINGULAR && app_scalar_dtype)
    return tt_fail(TARTAN_ERR_ARG, "--dtype goes with --kind nuc, 2 or -2: the others are summed in f64");
  s->label[0] = labels[kind];
  s->kind = labels[kind] + sizeof "norm";
  return app_scalar_run(run, operands[0], s);
}

const app_command app_cmd_norm = {
    .name = "norm",
    .group = "Linear algebra",
    .summary = "a norm of a matrix: in one pass over its file, or by singular values",
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
