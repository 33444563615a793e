/*
 * tartan regress: ridge, lasso and elastic net of one target on the features of a table, by one pass over its file.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "common/long_run.h"
#include "common/plan.h"
#include "common/result.h"
#include "io/matrix_file.h"
#include "oper/operator.h"
#include "pca.h"

#define ROWS_SHOWN 12
#define COEFS_SHOWN 10
#define PENALTIES_MAX 10000

static struct {
  const char *target, *penalty;
  bool        intercept, scale;
  int         model, samples;
  double      ratio, l1_ratio, tolerance;
  int64_t     penalties, iterations;
} set = {.intercept = true, .ratio = NAN, .l1_ratio = NAN, .tolerance = 1e-6, .iterations = 10000};

static const char *const models[] = {"ridge", "lasso", "elastic-net"};

static const app_option options[] = {
    {"target", 't', APP_OPTION_TEXT, &set.target, "FILE.h5[:/y]", NULL, "the target: one number for each sample"},
    {"model", 0, APP_OPTION_CHOICE, &set.model, "ridge|lasso|elastic-net", "ridge",
     "ridge: |y - A b|^2 + alpha |b|^2, with alpha = 0 least squares; elastic-net: |y - A b|^2 / (2 m) + alpha (r "
     "|b|_1 + "
     "(1 - r) |b|^2 / 2); lasso: r = 1"},
    {"penalty", 0, APP_OPTION_TEXT, &set.penalty, "X[,X...]", "1 for ridge, else a path",
     "penalties alpha, one or several"},
    {"penalties", 0, APP_OPTION_COUNT, &set.penalties, "N", "100",
     "of a path: from the smallest penalty at which all coefficients are 0"},
    {"ratio", 0, APP_OPTION_REAL, &set.ratio, "X", "1e-3", "of the path's last to its first penalty"},
    {"l1-ratio", 0, APP_OPTION_REAL, &set.l1_ratio, "R", "0.5", "r of the elastic net, above 0 and at most 1"},
    {"no-intercept", 0, APP_OPTION_CLEAR, &set.intercept, NULL, "it is fitted", "no intercept: data are not centered"},
    {"scale", 0, APP_OPTION_FLAG, &set.scale, NULL, NULL,
     "penalise the coefficients of features of unit variance (ddof = 0); they are given back in the data's units"},
    {"tol", 0, APP_OPTION_REAL, &set.tolerance, "X", "1e-6",
     "of the duality gap, relative to |y|^2 / m, and of the last changes of the coefficients"},
    {"iterations", 0, APP_OPTION_COUNT, &set.iterations, "N", "10000",
     "sweeps over the coefficients at most, for each penalty; where they do not do, the result is written and marked, "
     "and the exit code is 4"},
    {"samples", 0, APP_OPTION_CHOICE, &set.samples, "auto|rows|columns", "rows; columns where MATLAB wrote the file",
     "what the samples are"},
    APP_LONG_OPTIONS,
    APP_RESULT_OPTIONS("INPUT.regress.h5 beside the input"),
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_pca_input         input;
  app_result            result;
  tt_dataset           *target;
  tartan_matrix        *y;
  double               *penalty; /* [opts.penalties] as typed, or NULL */
  tartan_regress_opts   opts;
  tartan_regression    *model;
  tartan_regress_info   info;
  tartan_regress_values v;
} job;

static void release(void *context)
{
  job *j = context;

  tartan_regress_destroy(&j->model);
  tartan_matrix_destroy(&j->y);
  tt_dataset_close(&j->target);
  tt_free(j->penalty);
  app_pca_input_close(&j->input);
}

static void json_result(app_json *json, const void *context)
{
  const job                   *j = context;
  const tartan_regress_values *v = &j->v;

  app_json_text(json, "data", j->input.text);
  app_json_object(json, "result");
  if (j->model) {
    app_json_text(json, "output", j->result.path);
    app_json_text(json, "model", models[set.model]);
    app_json_count(json, "samples", v->samples);
    app_json_count(json, "features", v->features);
    app_json_numbers(json, "penalties", v->penalty, v->penalties);
    app_json_numbers(json, "intercept", v->intercept_, v->penalties);
    app_json_numbers(json, "mse", v->mse, v->penalties);
    app_json_numbers(json, "r2", v->r2, v->penalties);
    app_json_array(json, "nonzero");
    for (int64_t i = 0; i < v->penalties; i++) app_json_count(json, NULL, v->nonzero[i]);
    app_json_end_array(json);
    app_json_numbers(json, "last_coef", v->coef_ + (v->penalties - 1) * v->features, v->features);
    app_json_text(json, "solved", j->info.plan.reason);
    app_json_flag(json, "converged", j->info.converged);
    app_json_count(json, "sweeps", j->info.sweeps);
    app_json_number(json, "gap", j->info.gap);
    app_json_number(json, "condition", j->info.condition);
    app_json_flag(json, "reproducible", j->info.reproducible);
  }
  app_json_end_object(json);
}

/* ------------------------------------------------------------------------------------------------ options */

/* The next number of "1,0.1,0.01", and the text after it. Local. */
static bool next_penalty(const char **at, double *value)
{
  const size_t length = strcspn(*at, ",");
  char         text[64];

  snprintf(text, sizeof text, "%.*s", (int)tt_min(length, sizeof text - 1), *at);
  *at += length + ((*at)[length] != 0);
  return length < sizeof text && app_parse_real(text, value) && *value >= 0;
}

/* The text of --penalty to j->penalty. Collective. */
static tartan_status read_penalties(app_run *run, job *j)
{
  const char   *at = set.penalty;
  int64_t       count = 1;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (const char *c = at; *c; c++) count += *c == ',';
  REQUIRE(count <= PENALTIES_MAX, TARTAN_ERR_ARG, "--penalty: at most %d of them, not %lld", PENALTIES_MAX,
          (long long)count);
  j->penalty = tt_alloc(&run->grid->memory, count, sizeof *j->penalty, "penalties", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < count; i++)
    REQUIRE(next_penalty(&at, &j->penalty[i]), TARTAN_ERR_ARG,
            "--penalty takes numbers of 0 or more with commas between, not \"%s\"", set.penalty);
  j->opts.penalty = j->penalty;
  j->opts.penalties = count;
done:
  return st;
}

static tartan_status read_options(app_run *run, job *j)
{
  const tartan_regress_opts defaults = TARTAN_REGRESS_OPTS_INIT;
  tartan_regress_opts      *o = &j->opts;
  const bool                path = set.penalties > 0 || !isnan(set.ratio);
  tartan_status             st = TARTAN_OK;

  *o = defaults;
  TRY(app_result_check_options());
  REQUIRE(set.target, TARTAN_ERR_ARG, "what is to be explained? --target FILE.h5:/y");
  REQUIRE(!path || !set.penalty, TARTAN_ERR_ARG, "--penalties and --ratio make a path: they do not go with --penalty");
  REQUIRE(!path || set.model != TARTAN_REGRESS_RIDGE, TARTAN_ERR_ARG,
          "--penalties and --ratio make a path of lasso or elastic-net; for ridge give --penalty X,X,...");
  REQUIRE(isnan(set.l1_ratio) || set.model == TARTAN_REGRESS_ELASTIC_NET, TARTAN_ERR_ARG,
          "--l1-ratio goes with --model elastic-net");
  REQUIRE(set.penalties <= PENALTIES_MAX, TARTAN_ERR_ARG, "--penalties %lld: at most %d", (long long)set.penalties,
          PENALTIES_MAX);
  REQUIRE(set.iterations >= 1, TARTAN_ERR_ARG, "--iterations 0: give 1 or more");
  REQUIRE(set.tolerance >= 0, TARTAN_ERR_ARG, "--tol %g: give 0 or more", set.tolerance);
  if (!isnan(set.ratio)) o->ratio = set.ratio;
  if (!isnan(set.l1_ratio)) o->l1_ratio = set.l1_ratio;
  REQUIRE(o->ratio > 0 && o->ratio <= 1, TARTAN_ERR_ARG, "--ratio %g: give one above 0 and at most 1", o->ratio);
  REQUIRE(o->l1_ratio > 0 && o->l1_ratio <= 1, TARTAN_ERR_ARG,
          "--l1-ratio %g: give one above 0 and at most 1; without the l1 term the model is ridge", o->l1_ratio);
  o->model = (tartan_regress_model)set.model;
  o->penalties = set.penalties;
  o->intercept = set.intercept;
  o->scale = set.scale;
  o->tolerance = set.tolerance;
  o->iterations = set.iterations;
  if (set.penalty) TRY(read_penalties(run, j));
done:
  return st;
}

static tartan_status open_target(app_run *run, job *j)
{
  tartan_io_opts         io = app_run_io(run);
  const tt_dataset_info *info;
  tartan_status          st = TARTAN_OK;

  TRY(tt_dataset_open_vector(run->grid, set.target, &io, &j->target));
  info = tt_dataset_get_info(j->target);
  REQUIRE(info->cols == 1 || info->rows == 1, TARTAN_ERR_INPUT,
          "--target %s: one number for each sample is needed, this is %lld x %lld", set.target, (long long)info->rows,
          (long long)info->cols);
  REQUIRE(info->rows * info->cols == j->input.m, TARTAN_ERR_INPUT, "--target %s: %lld number%s for %lld sample%s",
          set.target, (long long)(info->rows * info->cols), TT_S(info->rows * info->cols), (long long)j->input.m,
          TT_S(j->input.m));
  app_tell(run, "target  %lld numbers, %s, from %s:%s\n", (long long)j->input.m, info->type_name, info->file,
           info->path);
done:
  return st;
}

static void note_inputs(app_notes *notes, const job *j)
{
  static const char *const target[3] = {"input_target", "input_target_size", "input_target_time"};

  app_note_input(notes, &j->input.info);
  app_note_input_as(notes, target, tt_dataset_get_info(j->target));
}

static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "model", "%s", models[set.model]);
  app_note(&notes, "penalty", "%s", set.penalty ? set.penalty : set.model ? "path" : "1");
  app_note(&notes, "penalties", "%lld", (long long)set.penalties);
  app_note(&notes, "ratio", "%.17g", j->opts.ratio);
  app_note(&notes, "l1-ratio", "%.17g", j->opts.l1_ratio);
  app_note(&notes, "intercept", "%s", set.intercept ? "yes" : "no");
  app_note(&notes, "scale", "%s", set.scale ? "yes" : "no");
  app_note(&notes, "tol", "%.17g", set.tolerance);
  app_note(&notes, "iterations", "%lld", (long long)set.iterations);
  app_note(&notes, "samples", "%s", set.samples == APP_SAMPLES_COLUMNS ? "columns" : set.samples ? "rows" : "auto");
  app_note(&notes, "command", "regress");
  note_inputs(&notes, j);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* What the run would take, the target beside the rest; refused where the memory is too small. */
static tartan_status plan(app_run *run, job *j)
{
  char          what[64];
  tartan_status st = TARTAN_OK, planned;

  planned = tartan_regress_plan(j->input.data, &j->opts, &run->plan);
  if (planned != TARTAN_ERR_NOMEM) TRY(planned);
  run->plan.memory += 8 * (double)(j->input.m / run->size);
  snprintf(what, sizeof what, "a regression on %lld feature%s", (long long)j->input.n, TT_S(j->input.n));
  TRY(app_plan_fits(run, what, run->plan.memory, ", or more ranks on more nodes"));
  TRY(planned);
  TRY(app_plan_seconds(run));
done:
  return st;
}

/* Everything that can be found out before the data is read. */
static tartan_status prepare(app_run *run, job *j, const char *source, bool *done)
{
  const char *const inputs[] = {source, set.target};
  tartan_status     st = TARTAN_OK;

  *done = false;
  TRY(read_options(run, j));
  TRY(app_result_begin(run, app_result_set.output, "regress.h5", inputs, 2, &j->result));
  TRY(app_pca_input_open(run, source, set.samples, &j->input));
  TRY(open_target(run, j));
  if (!app_result_set.plan) TRY(look(run, j, done));
  if (*done) goto done;
  TRY(plan(run, j));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the work */

static tartan_status fit(app_run *run, job *j)
{
  tartan_matrix_opts slabs = TARTAN_MATRIX_OPTS_INIT;
  tartan_status      st = TARTAN_OK;

  slabs.p = run->size;
  slabs.q = 1;
  TRY(tartan_matrix_create(run->grid, TARTAN_F64, j->input.m, 1, &slabs, &j->y));
  TRY(tt_matrix_load_into(j->target, tt_dataset_get_info(j->target)->cols != 1, j->y));
  TRY(tartan_regress_fit(j->input.data, j->y, &j->opts, &j->model, &j->info));
  tartan_regress_get_values(j->model, &j->v);
done:
  return st;
}

static tartan_status save(app_run *run, job *j)
{
  const tartan_regress_values *v = &j->v;
  app_notes                    notes = {.count = 0};
  tt_output                   *out = NULL;
  tartan_status                st = TARTAN_OK;

  note_inputs(&notes, j);
  app_note(&notes, "model", "%s", models[set.model]);
  app_note(&notes, "solved", "%s", j->info.plan.reason);
  app_note_count(&notes, "converged", j->info.converged);
  app_note_count(&notes, "sweeps", j->info.sweeps);
  app_note_count(&notes, "reproducible", j->info.reproducible);
  app_note(&notes, "short_of_tolerance", "%s", j->info.converged ? "no" : "yes");
  TRY(app_result_create(run, &j->result, "tartan-regress", &notes, &out));
  tt_output_real(out, "/", "gap", j->info.gap);
  if (set.model == TARTAN_REGRESS_RIDGE) tt_output_real(out, "/", "condition", j->info.condition);
  if (set.model == TARTAN_REGRESS_ELASTIC_NET) tt_output_real(out, "/", "l1_ratio", j->opts.l1_ratio);
  tt_output_array(out, "/coef", v->penalties, v->features, v->coef_);
  tt_output_vector(out, "/intercept", v->penalties, v->intercept_);
  tt_output_vector(out, "/penalties", v->penalties, v->penalty);
  tt_output_vector(out, "/mse", v->penalties, v->mse);
  tt_output_vector(out, "/r2", v->penalties, v->r2);
  tt_output_counts(out, "/nonzero", v->penalties, v->nonzero);
  tt_output_count(out, "/n_samples", v->samples);
  if (v->feature_names_in_) tt_output_strings(out, "/feature_names_in_", v->features, v->feature_names_in_);
  TRY(tt_output_open(out));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

/* ------------------------------------------------------------------------------------------------ what is said */

/* The path, at most ROWS_SHOWN lines of it: its ends, and evenly between. */
static void print_path(const app_run *run, const tartan_regress_values *v)
{
  const int64_t rows = app_set.verbose ? v->penalties : tt_min(v->penalties, ROWS_SHOWN);

  app_say(run, "\n       penalty   nonzero             mse        r2\n");
  for (int64_t k = 0; k < rows; k++) {
    const int64_t i = rows > 1 ? k * (v->penalties - 1) / (rows - 1) : 0;

    app_say(run, "%14.6g %9lld %15.8g %9.6f\n", v->penalty[i], (long long)v->nonzero[i], v->mse[i], v->r2[i]);
  }
  if (rows < v->penalties)
    app_say(run, "%lld of %lld penalties (--verbose shows all)\n", (long long)rows, (long long)v->penalties);
}

/* The largest coefficients of the only penalty, in order, without sorting all; those of 0 are left out. */
static void print_coefficients(const app_run *run, const tartan_regress_values *v)
{
  const int64_t most = v->nonzero[0], rows = app_set.verbose ? most : tt_min(most, COEFS_SHOWN);
  double        above = INFINITY;
  int64_t       last = -1;

  app_say(run, "\n   coefficient  feature\n%14.8g  (intercept)\n", v->intercept_[0]);
  for (int64_t k = 0; k < rows; k++) {
    int64_t best = -1;

    for (int64_t i = 0; i < v->features; i++) { /* the next below (size, index) of the last one */
      const double size = fabs(v->coef_[i]);
      const bool   left = size < above || (size == above && i > last);

      if (left && (best < 0 || size > fabs(v->coef_[best]))) best = i;
    }
    above = fabs(v->coef_[best]);
    last = best;
    if (v->feature_names_in_)
      app_say(run, "%14.8g  %s\n", v->coef_[best], v->feature_names_in_[best]);
    else
      app_say(run, "%14.8g  %lld\n", v->coef_[best], (long long)best);
  }
  if (rows < most) app_say(run, "the %lld largest of %lld (--verbose shows all)\n", (long long)rows, (long long)most);
}

static void print_summary(const app_run *run, const job *j)
{
  app_say(run, "%s: %s\n", models[set.model], j->info.plan.reason);
  print_path(run, &j->v);
  if (j->v.penalties == 1) print_coefficients(run, &j->v);
  if (set.model == TARTAN_REGRESS_RIDGE)
    app_say(run, "condition of the normal equations, about %.2g\n", j->info.condition);
  else
    app_say(run, "duality gap at most %.2g of |y|^2 / m, %lld sweeps\n", j->info.gap, (long long)j->info.sweeps);
}

static void print_plan(const app_run *run)
{
  const tartan_cost *p = &run->plan;
  char               read[24];

  app_say(run, "method   %s: %s\n", p->algorithm, p->reason);
  app_say(run, "passes   %.0f over the file; %s read per rank\n", p->passes, tt_bytes_text(p->bytes_read, read));
  app_plan_print(run, 0);
  if (app_result_set.sbatch) app_plan_print_sbatch(run, 0);
}

static tartan_status regress(app_run *run, const char *const *operands, int count)
{
  static job    j;
  tartan_status st = TARTAN_OK;
  bool          done = false;

  (void)count;
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, operands[0], &done));
  if (done) goto done;
  if (app_result_set.plan) {
    print_plan(run);
    goto done;
  }
  TRY(app_long_begin(run, &j.result));
  TRY(fit(run, &j));
  TRY(save(run, &j));
  app_long_end(run);
  app_run_progress_end(run);
  print_summary(run, &j);
  TRY(app_result_end(run, &j.result, "/coef"));
  REQUIRE(
      j.info.converged, TARTAN_ERR_TOLERANCE,
      "a penalty has a duality gap of %.3g after %lld sweeps, --tol is %.3g: the result is written to %s and marked; "
      "--iterations N allows more",
      j.info.gap, (long long)set.iterations, set.tolerance, j.result.path);
done:
  return st;
}

const app_command app_cmd_regress = {
    .name = "regress",
    .group = "Models",
    .summary = "ridge, lasso and elastic net of a target on the features of a table, in one pass over its file",
    .operands = "DATA.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 2 tartan regress table.h5:/X --target table.h5:/y --penalty 0.1\n"
             "  mpirun -n 4 tartan regress table.h5:/X --target table.h5:/y --model lasso --penalties 50 --scale\n"
             "  tartan regress table.h5:/X --target table.h5:/y --penalty 0 --plan\n",
    .run = regress,
    .plans = true,
};
