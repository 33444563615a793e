/*
 * tartan matrix-power: a square matrix multiplied by itself, or by its inverse, by squaring.
 */
#include <tartan/lstsq.h>

#include <math.h>

#include "base/util.h"
#include "commands.h"
#include "factor.h"

static int64_t power = INT64_MIN;

static const app_option options[] = {
    {"power", 'k', APP_OPTION_INTEGER, &power, "N", NULL,
     "the exponent; 0 gives the identity, a negative one the power of the inverse"},
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("INPUT.matrix-power.h5 beside the input"),
    {.name = NULL},
};

static tartan_status check(app_factor *f)
{
  (void)f;
  if (power == INT64_MIN) return tt_fail(TARTAN_ERR_ARG, "matrix-power needs -k N: the exponent");
  return TARTAN_OK;
}

static void note(const app_factor *f, app_notes *notes)
{
  (void)f;
  app_note_count(notes, "power", power);
}

/* Products by squaring: one for each bit after the first, and one for each of these that is set. */
static int products(int64_t k)
{
  int count = 0;

  for (k = k < 0 ? -k : k; k > 1; k /= 2) count += 1 + (int)(k % 2);
  return count;
}

static void plan(const app_factor *f, tartan_cost *p)
{
  const double n = (double)f->A.n, ranks = f->run->size;
  const int    count = products(power);

  snprintf(p->algorithm, sizeof p->algorithm, "%s", power < 0 ? "LU and squaring" : "squaring");
  snprintf(p->reason, sizeof p->reason, "%d product%s%s", count, TT_S(count), power < 0 ? " of the inverse" : "");
  p->flops = (count + (power < 0)) * 2 * n * n * n / ranks;
  p->words = (count + (power < 0)) * 2 * n * n / sqrt(ranks);
  p->memory = (double)tartan_dtype_size(f->dtype) * 4 * n * n / ranks;
}

static tartan_status compute(app_factor *f)
{
  f->part[0].name = "C";
  return tartan_matrix_power(f->a, power, &f->part[0].X);
}

static tartan_status matrix_power(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind =
      {.name = "matrix-power", .square = true, .check = check, .note = note, .plan = plan, .compute = compute};
  static app_factor f = {.kind = &kind};

  (void)count;
  return app_factor_run(run, operands[0], &f);
}

const app_command app_cmd_matrix_power = {
    .name = "matrix-power",
    .group = "Linear algebra",
    .summary = "a square matrix raised to a power, which may be negative",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 4 tartan matrix-power links.h5 -k 64 -o C.h5\n"
             "  mpirun -n 2 tartan matrix-power A.h5 --power -2\n",
    .run = matrix_power,
    .plans = true,
};
