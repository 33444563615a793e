/*
 * tartan covariance: covariances or correlations of the features of a table, by one pass over its file.
 */
#include "base/util.h"
#include "commands.h"
#include "common/long_run.h"
#include "common/plan.h"
#include "common/result.h"
#include "io/matrix_file.h"
#include "model/covariance.h"
#include "pca.h"

static struct {
  bool   correlation;
  double ddof;
  int    nan, samples;
} set = {.ddof = 1};

static const app_option options[] = {
    {"correlation", 0, APP_OPTION_FLAG, &set.correlation, NULL, NULL,
     "correlations: covariances divided by the standard deviations of both features; a feature that does not vary has "
     "0 "
     "with all others"},
    {"ddof", 0, APP_OPTION_REAL, &set.ddof, "X", "1", "sums are divided by (samples - X)"},
    {"nan", 0, APP_OPTION_CHOICE, &set.nan, "error|mean", "error",
     "NaN in the data: refuse, or replace by the mean of the feature's other values, in one more pass"},
    {"samples", 0, APP_OPTION_CHOICE, &set.samples, "auto|rows|columns", "rows; columns where MATLAB wrote the file",
     "what the samples are"},
    APP_LONG_OPTIONS,
    APP_RESULT_OPTIONS("INPUT.covariance.h5 beside the input"),
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_pca_input        input;
  app_result           result;
  tt_covariance_opts   opts;
  tt_gram_plan         gram;
  tt_covariance_result C;
} job;

static const char *dataset_name(void)
{
  return set.correlation ? "/correlation" : "/covariance";
}

static void release(void *context)
{
  job *j = context;

  tt_covariance_free(&j->C);
  app_pca_input_close(&j->input);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_text(json, "data", j->input.text);
  app_json_object(json, "result");
  if (j->C.C) {
    app_json_text(json, "output", j->result.path);
    app_json_text(json, "dataset", dataset_name());
    app_json_count(json, "samples", j->input.m);
    app_json_count(json, "features", j->input.n);
    app_json_number(json, "total_variance", j->C.total);
    app_json_count(json, "nan_replaced", j->C.nan_replaced);
    if (set.correlation) app_json_count(json, "constant_features", j->C.constant);
  }
  app_json_end_object(json);
}

static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "correlation", "%s", set.correlation ? "yes" : "no");
  app_note(&notes, "ddof", "%.17g", set.ddof);
  app_note(&notes, "nan", "%s", set.nan ? "mean" : "error");
  app_note(&notes, "samples", "%s", set.samples == APP_SAMPLES_COLUMNS ? "columns" : set.samples ? "rows" : "auto");
  app_note(&notes, "command", "covariance");
  app_note_input(&notes, &j->input.info);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* What the run would take, within the memory; refused where that is too small. */
static tartan_status plan(app_run *run, job *j)
{
  int64_t       room = 0;
  char          what[64];
  tartan_status st = TARTAN_OK, planned;

  j->opts = (tt_covariance_opts){.ddof = set.ddof, .correlation = set.correlation, .fill = set.nan == 1};
  REQUIRE(set.ddof >= 0, TARTAN_ERR_ARG, "--ddof %g: give 0 or more", set.ddof);
  TRY(app_plan_room(run, &room));
  planned = tt_covariance_plan(j->input.data, &j->opts, room, &j->gram, &run->plan);
  if (planned != TARTAN_ERR_NOMEM) TRY(planned);
  snprintf(what, sizeof what, "a covariance of %lld feature%s", (long long)j->input.n, TT_S(j->input.n));
  TRY(app_plan_fits(run, what, run->plan.memory, ", or more ranks on more nodes"));
  TRY(tt_gram_predict(j->input.data, &j->gram, &run->plan.seconds));
done:
  return st;
}

static void print_plan(const app_run *run)
{
  const tartan_cost *p = &run->plan;
  char               read[24];

  app_say(run, "method   %s: %s\n", p->algorithm, p->reason);
  app_say(run, "passes   %.0f over the file; %s read per rank in each\n", p->passes,
          tt_bytes_text(p->bytes_read / p->passes, read));
  app_plan_print(run, 0);
  if (app_result_set.sbatch) app_plan_print_sbatch(run, 0);
}

/* Everything that can be found out before the data is read. */
static tartan_status prepare(app_run *run, job *j, const char *source, bool *done)
{
  tartan_status st = TARTAN_OK;

  *done = false;
  TRY(app_result_check_options());
  TRY(app_result_begin(run, app_result_set.output, "covariance.h5", &source, 1, &j->result));
  TRY(app_pca_input_open(run, source, set.samples, &j->input));
  if (!app_result_set.plan) TRY(look(run, j, done));
  if (!*done) TRY(plan(run, j));
done:
  return st;
}

static tartan_status save(app_run *run, job *j)
{
  const int64_t n = j->input.n;
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  tartan_status st = TARTAN_OK;

  app_note_input(&notes, &j->input.info);
  app_note_count(&notes, "nan_replaced", j->C.nan_replaced);
  if (set.correlation) app_note_count(&notes, "constant_features", j->C.constant);
  app_note_count(&notes, "reproducible", 1);
  TRY(app_result_create(run, &j->result, "tartan-covariance", &notes, &out));
  tt_output_real(out, "/", "ddof", set.ddof);
  tt_output_array(out, "/mean", n, 0, j->C.mean);
  if (set.correlation) tt_output_array(out, "/standard_deviation", n, 0, j->C.scale);
  tt_output_count(out, "/n_samples", j->input.m);
  if (j->input.data->names) tt_output_strings(out, "/feature_names", n, j->input.data->names);
  tt_output_declare(out, dataset_name(), TARTAN_F64, n, n);
  TRY(tt_output_open(out));
  TRY(tt_output_matrix(out, dataset_name(), j->C.C, false));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

static void print_summary(app_run *run, const job *j)
{
  const char *name = tartan_operator_feature_name(j->input.data, j->C.first_constant);

  app_say(run, "%s of %lld feature%s, total variance %.8g\n", dataset_name() + 1, (long long)j->input.n,
          TT_S(j->input.n), j->C.total);
  if (j->C.nan_replaced > 0)
    app_say(run, "%lld NaN replaced by the means of their features\n", (long long)j->C.nan_replaced);
  if (j->C.constant > 0)
    tt_grid_warn(run->grid, "%lld feature%s not vary: correlations with %s are 0; the first is feature %lld%s%s%s",
                 (long long)j->C.constant, j->C.constant == 1 ? " does" : "s do", j->C.constant == 1 ? "it" : "them",
                 (long long)j->C.first_constant, name ? " (" : "", name ? name : "", name ? ")" : "");
}

static tartan_status covariance(app_run *run, const char *const *operands, int count)
{
  static job    j;
  tartan_status st = TARTAN_OK;
  bool          done = false;

  (void)count;
  j = (job){0};
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
  app_plan_mark(run);
  TRY(tt_covariance(j.input.data, &j.opts, &j.gram, &j.C));
  TRY(app_plan_count(run));
  TRY(save(run, &j));
  app_long_end(run);
  app_run_progress_end(run);
  print_summary(run, &j);
  TRY(app_result_end(run, &j.result, dataset_name()));
done:
  return st;
}

const app_command app_cmd_covariance = {
    .name = "covariance",
    .group = "Linear algebra",
    .summary = "covariances or correlations of the features of a table, in one pass over its file",
    .operands = "DATA.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 2 tartan covariance table.h5 -o covariance.h5\n"
             "  mpirun -n 4 tartan covariance table.h5:/X --correlation --nan mean\n"
             "  tartan covariance table.h5 --plan\n",
    .run = covariance,
    .plans = true,
};
