/*
 * What all factorizations of files do alike. A matrix is given back as soon as its factors are there, so that writing them
 * has room.
 */
#include "factor.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "common/plan.h"
#include "io/matrix_file.h"
#include "oper/gram.h"

#define DEFAULT_TOLERANCE 1e-8
#define SHOWN 10 /* values of a list, unless --verbose */

app_factor_settings app_factor_set = {.tol = DEFAULT_TOLERANCE};

int64_t app_factor_least(const app_factor *f)
{
  return tt_min(f->A.m, f->A.n);
}

tartan_status app_factor_values(app_factor *f, const char *letter, const char *what, int64_t count, bool complex)
{
  tt_memory    *memory = &f->run->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  f->letter = letter;
  f->what = what;
  f->count = count;
  f->values = tt_alloc_zero(memory, count, sizeof *f->values, what, &local);
  if (complex) f->imag = tt_alloc_zero(memory, count, sizeof *f->imag, what, &local);
  if (f->streamed) f->residuals = tt_alloc_zero(memory, count, sizeof *f->residuals, "residuals", &local);
  AGREE(f->run->grid, local);
  f->topk.residuals = f->residuals;
done:
  return st;
}

void app_factor_add_number(app_factor *f, const char *name, double value)
{
  if (f->numbers < APP_FACTOR_NUMBERS) f->number[f->numbers++] = (app_factor_number){name, value, false};
}

void app_factor_add_count(app_factor *f, const char *name, int64_t value)
{
  if (f->numbers < APP_FACTOR_NUMBERS) f->number[f->numbers++] = (app_factor_number){name, (double)value, true};
}

/* ------------------------------------------------------------------------------------------------ iterations */

tartan_status app_factor_no_iteration(const char *without)
{
  const char *given = app_factor_set.tol != DEFAULT_TOLERANCE ? "tol"
                      : app_factor_set.seed                   ? "seed"
                      : app_factor_set.steps                  ? "steps"
                                                              : NULL;

  return given ? tt_fail(TARTAN_ERR_ARG, "--%s goes with %s", given, without) : TARTAN_OK;
}

tartan_status app_factor_iteration(app_factor *f, tartan_topk_opts *opts)
{
  const tartan_topk_opts defaults = TARTAN_TOPK_OPTS_INIT;
  tartan_status          st = TARTAN_OK;

  *opts = defaults;
  f->tolerance = app_factor_set.tol;
  REQUIRE(f->tolerance > 0 && f->tolerance < 1, TARTAN_ERR_ARG, "--tol %g: give a number between 0 and 1",
          f->tolerance);
  opts->tolerance = f->tolerance;
  opts->seed = (uint64_t)app_factor_set.seed;
  opts->steps = app_factor_set.steps;
done:
  return st;
}

void app_factor_note_iteration(const app_factor *f, app_notes *notes)
{
  app_note(notes, "tol", "%.17g", f->tolerance);
  app_note_count(notes, "seed", app_factor_set.seed);
  app_note_count(notes, "steps", app_factor_set.steps);
}

/* A basis of k vectors and of up to twelve blocks; a step applies A'A to a block in one pass, the end takes three. */
void app_factor_plan_topk(const app_factor *f, int64_t k, tartan_cost *p)
{
  const double m = (double)f->A.m, n = (double)f->A.n, ranks = f->run->size, r = (double)app_factor_least(f);
  const double block = fmin(r, (double)tt_max(8, tt_min(32, tt_round_up(3 * k / 4, 8))));
  const double basis = fmin(r, (double)k + 12 * block), steps = 12;

  snprintf(p->algorithm, sizeof p->algorithm, "block Krylov");
  snprintf(p->reason, sizeof p->reason,
           "%.0f vector%s in a block; as many steps as the residuals need, here %.0f assumed", block, TT_S(block),
           steps);
  p->passes = steps + 3;
  p->flops = (4 * m * n * block + 4 * n * basis * block) * steps / ranks;
  p->words = n * block * steps;
  p->memory = 8 * ((n * (basis + 2 * block + (double)k) + 3 * m * (double)k) / ranks + n * block);
}

void app_factor_iterated(app_factor *f)
{
  f->wrong = !f->topk.converged;
  snprintf(f->shortfall, sizeof f->shortfall, "%.3g after %lld steps, the tolerance %.3g", f->topk.residual,
           (long long)f->topk.steps, f->tolerance);
  if (!*f->info.reason)
    snprintf(f->info.reason, sizeof f->info.reason, "%lld vector%s in a block, %lld step%s", (long long)f->topk.block,
             TT_S(f->topk.block), (long long)f->topk.steps, TT_S(f->topk.steps));
  app_factor_add_number(f, "residual", f->topk.residual);
  app_factor_add_count(f, "steps", f->topk.steps);
  app_factor_add_count(f, "passes", f->topk.passes);
  app_run_check(f->run, "residual", f->topk.residual, f->tolerance, f->topk.converged);
}

void app_factor_check(app_factor *f, double residual, double limit)
{
  f->wrong = !(residual <= limit);
  snprintf(f->shortfall, sizeof f->shortfall, "%.3g, its limit %.3g", residual, limit);
  app_factor_add_number(f, "residual", residual);
  app_run_check(f->run, "residual", residual, limit, !f->wrong);
}

/* ------------------------------------------------------------------------------------------------ before the work */

static void release(void *context)
{
  app_factor *f = context;

  for (int i = 0; i < APP_FACTOR_PARTS; i++) {
    tartan_matrix_destroy(&f->part[i].X);
    tartan_matrix_destroy(&f->part[i].imag);
  }
  tartan_matrix_destroy(&f->b);
  tartan_matrix_destroy(&f->a);
  tt_free(f->values);
  tt_free(f->imag);
  tt_free(f->residuals);
  tt_free(f->perm);
  tartan_operator_destroy(&f->centered);
  tartan_operator_destroy(&f->turned);
  tt_free(f->mean);
  app_operand_close(&f->B);
  app_operand_close(&f->A);
}

/* Paths, sizes and times of the inputs. */
static void note_inputs(const app_factor *f, app_notes *notes)
{
  static const char *const names[3] = {"input_b", "input_b_size", "input_b_time"};

  app_note_input(notes, f->A.info);
  if (f->rhs) app_note_input_as(notes, names, f->B.info);
}

static tartan_status look(app_factor *f, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "dtype", "%s", tartan_dtype_name(f->dtype));
  f->kind->note(f, &notes);
  app_note(&notes, "command", "%s", f->kind->name);
  note_inputs(f, &notes);
  return app_result_look(f->run, &notes, app_result_set.force, &f->result, done);
}

static double matrix_bytes(const app_factor *f)
{
  if (f->streamed) return 0;
  return app_operand_bytes(f->run, &f->A, f->dtype) + (f->rhs ? app_operand_bytes(f->run, &f->B, f->dtype) : 0);
}

static tartan_status plan(app_factor *f)
{
  const app_operand *const inputs[] = {&f->A, &f->B};
  char                     what[96];
  tartan_status            st = TARTAN_OK;

  f->run->plan.passes = 1;
  f->kind->plan(f, &f->run->plan);
  app_operand_plan(f->run, inputs, f->rhs ? 2 : 1, f->streamed);
  TRY(app_plan_seconds(f->run));
  if (app_result_set.plan) goto done;
  snprintf(what, sizeof what, "%s of %lld x %lld", f->kind->name, (long long)f->A.m, (long long)f->A.n);
  TRY(app_plan_fits(f->run, what, matrix_bytes(f) + f->run->plan.memory, ", or use more ranks"));
done:
  return st;
}

/* The type to work in: f32 where all inputs are. */
static void choose_dtype(app_factor *f)
{
  const bool f32 = app_operand_dtype(&f->A) == TARTAN_F32 && (!f->rhs || app_operand_dtype(&f->B) == TARTAN_F32);

  f->dtype = app_chosen_dtype(app_factor_set.dtype, f32 ? TARTAN_F32 : TARTAN_F64);
}

static tartan_status check_shape(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(!f->kind->square || f->A.m == f->A.n, TARTAN_ERR_SHAPE, "%s needs a square matrix, %s:%s is %lld x %lld",
          f->kind->name, f->A.info->file, f->A.info->path, (long long)f->A.m, (long long)f->A.n);
  REQUIRE(!f->rhs || f->A.m == f->B.m, TARTAN_ERR_SHAPE,
          "%s: A is %lld x %lld, B is %lld x %lld: B needs a row for each row of A", f->kind->name, (long long)f->A.m,
          (long long)f->A.n, (long long)f->B.m, (long long)f->B.n);
  choose_dtype(f);
  TRY(f->kind->check(f));
  if (!f->streamed) goto done;
  f->dtype = app_chosen_dtype(app_factor_set.dtype, TARTAN_F64);
  REQUIRE(f->dtype == TARTAN_F64, TARTAN_ERR_ARG, "--dtype f32: triplets of a streamed matrix are found in f64");
done:
  return st;
}

static tartan_status prepare(app_factor *f, const char *source, bool *done)
{
  const char *const inputs[] = {source, f->rhs};
  char              suffix[32];
  tartan_status     st = TARTAN_OK;

  *done = false;
  f->lower = f->kind->lower;
  snprintf(suffix, sizeof suffix, "%s.h5", f->kind->name);
  f->info = (tartan_factor_info){.condition = NAN, .rank = -1, .found = -1};
  TRY(app_result_check_options());
  TRY(app_result_begin(f->run, app_result_set.output, suffix, inputs, 2, &f->result));
  TRY(app_operand_open(f->run, f->rhs ? "A" : "", source, "", &f->A));
  if (f->rhs) TRY(app_operand_open_columns(f->run, "B", f->rhs, &f->B));
  TRY(check_shape(f));
  if (!app_result_set.plan) TRY(look(f, done));
  if (!*done) TRY(plan(f));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the work */

/* Takes the means of the columns away, in one more pass. */
static tartan_status center(app_factor *f)
{
  int64_t       missing = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  f->mean = tt_alloc(&f->run->grid->memory, f->A.n, sizeof *f->mean, "means", &local);
  AGREE(f->run->grid, local);
  TRY(tt_column_means(f->op, f->mean, &missing));
  REQUIRE(missing == 0, TARTAN_ERR_INPUT, "%s:%s has %lld NaN", f->A.info->file, f->A.info->path, (long long)missing);
  for (int64_t j = 0; j < f->A.n; j++)
    REQUIRE(isfinite(f->mean[j]), TARTAN_ERR_INPUT, "column %lld of %s:%s has Inf, or too large values for a mean",
            (long long)j, f->A.info->file, f->A.info->path);
  TRY(tartan_operator_center(f->op, f->mean, NULL, &f->centered));
  f->op = f->centered;
done:
  return st;
}

/* The operator of a matrix that stays in its file, with its rows where they belong. */
static tartan_status stream(app_factor *f, const char *source)
{
  tartan_io_opts io = app_run_io(f->run);
  tartan_status  st = TARTAN_OK;

  io.transpose = true;
  if (f->A.turned) TRY(tartan_operator_open(f->run->grid, source, &io, &f->turned));
  f->op = f->A.turned ? f->turned : f->A.data;
  if (f->center) TRY(center(f));
done:
  return st;
}

static tartan_status load(app_factor *f, const char *source)
{
  tartan_status st = TARTAN_OK;

  if (f->streamed) return stream(f, source);
  TRY(app_operand_load(f->run, &f->A, f->dtype, f->lower, &f->a));
  if (f->rhs) TRY(app_operand_load(f->run, &f->B, f->dtype, false, &f->b));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the result */

static tartan_status put_values(app_factor *f, tt_output *out)
{
  char          name[16];
  double       *pairs = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (!f->values) goto done;
  snprintf(name, sizeof name, "/%s", f->letter);
  if (!f->imag) {
    tt_output_vector(out, name, f->count, f->values);
    goto done;
  }
  pairs = tt_alloc(&f->run->grid->memory, 2 * f->count, sizeof *pairs, f->what, &local);
  AGREE(f->run->grid, local);
  for (int64_t i = 0; i < f->count; i++) {
    pairs[2 * i] = f->values[i];
    pairs[2 * i + 1] = f->imag[i];
  }
  tt_output_pairs(out, name, f->count, pairs);
done:
  tt_free(pairs);
  return st;
}

static void put_numbers(const app_factor *f, tt_output *out)
{
  if (!isnan(f->info.condition)) tt_output_real(out, "/", "condition", f->info.condition);
  if (f->info.rank >= 0) tt_output_integer(out, "/", "rank", f->info.rank);
  if (f->streamed) tt_output_integer(out, "/", "seed", app_factor_set.seed);
  for (int i = 0; i < f->numbers; i++) {
    const app_factor_number *number = &f->number[i];

    if (number->whole)
      tt_output_integer(out, "/", number->name, (int64_t)number->value);
    else
      tt_output_real(out, "/", number->name, number->value);
  }
}

/* All but the matrices themselves. */
static tartan_status declare(app_factor *f, tt_output *out)
{
  tartan_status st = TARTAN_OK;

  TRY(put_values(f, out));
  if (f->residuals) tt_output_vector(out, "/residuals", f->count, f->residuals);
  if (f->mean) tt_output_vector(out, "/mean", f->A.n, f->mean);
  if (f->perm) tt_output_counts(out, "/perm", f->perm_count, f->perm);
  put_numbers(f, out);
  for (int i = 0; i < APP_FACTOR_PARTS && f->part[i].X; i++) {
    const app_factor_part *part = &f->part[i];
    int64_t                m, n;

    tartan_matrix_shape(part->X, &m, &n);
    if (part->imag)
      tt_output_declare_complex(out, part->name, tartan_matrix_dtype(part->X), m, n);
    else
      tt_output_declare(out, part->name, tartan_matrix_dtype(part->X), m, n);
  }
done:
  return st;
}

static tartan_status save(app_factor *f)
{
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  char          format[32];
  tartan_status st = TARTAN_OK;

  snprintf(format, sizeof format, "tartan-%s", f->kind->name);
  note_inputs(f, &notes);
  app_note(&notes, "method", "%s", f->info.method);
  app_note(&notes, "reason", "%s", f->info.reason);
  app_note(&notes, "short_of_tolerance", "%s", f->wrong ? "yes" : "no");
  app_note(&notes, "failed_checks", "%s", f->wrong ? "residual" : "");
  app_note_count(&notes, "reproducible", f->same_bits);
  TRY(app_result_create(f->run, &f->result, format, &notes, &out));
  TRY(declare(f, out));
  TRY(tt_output_open(out));
  for (int i = 0; i < APP_FACTOR_PARTS && f->part[i].X; i++) {
    const app_factor_part *part = &f->part[i];

    TRY(part->imag ? tt_output_complex(out, part->name, part->X, part->imag)
                   : tt_output_matrix(out, part->name, part->X, false));
  }
  TRY(tt_output_commit(&out));
  f->done = true;
done:
  tt_output_discard(&out);
  return st;
}

static double size_of_value(const app_factor *f, int64_t i)
{
  return f->imag ? hypot(f->values[i], f->imag[i]) : f->values[i];
}

/* With --quiet all of them and nothing else, to be read by programs. */
static void print_bare(const app_factor *f)
{
  if (!f->values) return;
  for (int64_t i = 0; i < f->count; i++) {
    app_say(f->run, "%.17g", f->values[i]);
    if (f->imag) app_say(f->run, " %.17g", f->imag[i]);
    app_say(f->run, "\n");
  }
}

/* The first of them and the last; all with --verbose. */
static void print_values(const app_factor *f)
{
  const int64_t shown = app_set.verbose || f->count <= SHOWN ? f->count : SHOWN - 1;

  app_say(f->run, "%-9s %lld %s\n", f->letter, (long long)f->count, f->what);
  for (int64_t i = 0; i < f->count; i++) {
    if (i == shown && i < f->count - 1) {
      app_say(f->run, "%9s\n", "...");
      i = f->count - 1;
    }
    app_say(f->run, "%9lld  %.15g", (long long)i, f->values[i]);
    if (f->imag) app_say(f->run, " %+.15gi", f->imag[i]);
    if (f->residuals) app_say(f->run, "  residual %.1e", f->residuals[i]);
    app_say(f->run, "\n");
  }
}

/* Residuals of right-hand sides: a few of them, or all with --verbose. */
static void print_residuals(const app_factor *f)
{
  const int64_t shown = app_set.verbose ? f->count : tt_min(f->count, SHOWN);

  app_say(f->run, "residuals %lld, |A x - b| of each column\n", (long long)f->count);
  for (int64_t i = 0; i < shown; i++) app_say(f->run, "%9lld  %.10g\n", (long long)i, f->residuals[i]);
  if (shown < f->count) app_say(f->run, "%9s\n", "...");
}

static void print_summary(const app_factor *f)
{
  app_say(f->run, "method    %s: %s\n", f->info.method, f->info.reason);
  for (int i = 0; i < APP_FACTOR_PARTS && f->part[i].X; i++) {
    int64_t m, n;

    tartan_matrix_shape(f->part[i].X, &m, &n);
    app_say(f->run, "%-9s %lld x %lld, %s%s\n", f->part[i].name, (long long)m, (long long)n,
            f->part[i].imag ? "complex " : "", tartan_dtype_name(tartan_matrix_dtype(f->part[i].X)));
  }
  if (f->values) print_values(f);
  if (!f->values && f->residuals) print_residuals(f);
  if (!isnan(f->info.condition)) app_say(f->run, "condition %.6g\n", f->info.condition);
  if (f->info.rank >= 0)
    app_say(f->run, "rank      %lld of %lld\n", (long long)f->info.rank, (long long)app_factor_least(f));
  for (int i = 0; i < f->numbers; i++) app_say(f->run, "%-14s %.10g\n", f->number[i].name, f->number[i].value);
}

static void json_values(app_json *json, const app_factor *f)
{
  app_json_object(json, "values");
  app_json_text(json, "name", f->letter);
  app_json_count(json, "count", f->count);
  if (f->count > 0) {
    app_json_number(json, "first", size_of_value(f, 0));
    app_json_number(json, "last", size_of_value(f, f->count - 1));
  }
  app_json_end_object(json);
}

static void json_result(app_json *json, const void *context)
{
  const app_factor *f = context;

  app_json_object(json, "result");
  if (f->done) {
    app_json_text(json, "output", f->result.path);
    app_json_count(json, "rows", f->A.m);
    app_json_count(json, "columns", f->A.n);
    if (f->rhs) app_json_count(json, "right_hand_sides", f->B.n);
    app_json_text(json, "dtype", tartan_dtype_name(f->dtype));
    app_json_text(json, "method", f->info.method);
    app_json_text(json, "reason", f->info.reason);
    if (f->values) json_values(json, f);
    if (!isnan(f->info.condition)) app_json_number(json, "condition", f->info.condition);
    if (f->info.rank >= 0) app_json_count(json, "rank", f->info.rank);
    for (int i = 0; i < f->numbers; i++) app_json_number(json, f->number[i].name, f->number[i].value);
  }
  app_json_end_object(json);
}

/* The work, and what it says of itself; where it says nothing the plan does. */
static tartan_status compute(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  TRY(f->kind->compute(f));
  if (!*f->info.method) snprintf(f->info.method, sizeof f->info.method, "%s", f->run->plan.algorithm);
  if (!*f->info.reason) snprintf(f->info.reason, sizeof f->info.reason, "%s", f->run->plan.reason);
  tartan_matrix_destroy(&f->b);
  tartan_matrix_destroy(&f->a);
done:
  return st;
}

tartan_status app_factor_run(app_run *run, const char *source, app_factor *f)
{
  tartan_status st = TARTAN_OK;
  bool          done = false;

  f->run = run;
  run->job = f;
  run->json = json_result;
  run->release = release;
  TRY(prepare(f, source, &done));
  if (done) goto done;
  if (app_result_set.plan) {
    TRY(app_result_print_plan(run, matrix_bytes(f)));
    goto done;
  }
  TRY(load(f, source));
  if (f->kind->long_run) TRY(app_long_begin(run, &f->result));
  TRY(compute(f));
  TRY(save(f));
  if (f->kind->long_run) app_long_end(run);
  app_run_progress_end(run);
  if (app_set.quiet)
    print_bare(f);
  else
    print_summary(f);
  TRY(app_result_end(run, &f->result, NULL));
  REQUIRE(!f->wrong, TARTAN_ERR_TOLERANCE, "the residual is %s: the result is written to %s and marked%s", f->shortfall,
          f->result.path, f->streamed ? "; --steps N allows more" : "");
done:
  return st;
}
