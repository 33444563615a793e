/*
 * tartan pca transform: scores of new data by a model that is in a file, with the model's own preprocessing.
 */
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "common/result.h"
#include "pca.h"

enum { SCORES_F32, SCORES_F64 };

static struct {
  const char *output;
  int         scores_dtype, samples, nan;
  bool        inverse_error, force;
} set = {.scores_dtype = SCORES_F64};

static const app_option options[] = {
    {"output", 'o', APP_OPTION_TEXT, &set.output, "FILE.h5", "NEW.pca-transform.h5 beside the data",
     "result file, with X_pca"},
    {"scores-dtype", 0, APP_OPTION_CHOICE, &set.scores_dtype, "f32|f64", "f64", "element type of X_pca"},
    {"inverse-error", 0, APP_OPTION_FLAG, &set.inverse_error, NULL, NULL,
     "mean squared error of the data rebuilt from its scores"},
    {"samples", 0, APP_OPTION_CHOICE, &set.samples, "auto|rows|columns", "rows; columns where MATLAB wrote the file",
     "what the samples are"},
    {"nan", 0, APP_OPTION_CHOICE, &set.nan, "error|mean", "error",
     "NaN in the data: refuse, or replace by the model's mean of the feature; Inf is always refused"},
    {"force", 'f', APP_OPTION_FLAG, &set.force, NULL, NULL, "replace an output that exists"},
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_pca_input     input;
  tartan_pca       *model;
  tartan_pca_values values;
  app_result        result;
  double            inverse_error;
} job;

static void release(void *context)
{
  job *j = context;

  tartan_pca_destroy(&j->model);
  app_pca_input_close(&j->input);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_text(json, "data", j->input.text);
  app_json_object(json, "result");
  app_json_text(json, "output", j->result.path);
  app_json_count(json, "samples", j->input.m);
  app_json_count(json, "components", j->values.components);
  if (set.inverse_error) app_json_number(json, "inverse_error", j->inverse_error);
  app_json_end_object(json);
}

/* What the result depends on: options, model and data; whether it is there already. */
static tartan_status look(app_run *run, job *j, const char *model, bool *done)
{
  tartan_io_opts io = app_run_io(run);
  tartan_status  st = TARTAN_OK;
  app_notes      notes = {.count = 0};
  tt_dataset    *components = NULL;
  char           source[TT_PATH_MAX + 16];

  snprintf(source, sizeof source, "%s:/components_", model);
  TRY(tt_dataset_open(run->grid, source, &io, &components));
  app_note(&notes, "scores", "%s", set.scores_dtype == SCORES_F32 ? "f32" : "f64");
  app_note(&notes, "inverse-error", "%s", set.inverse_error ? "yes" : "no");
  app_note(&notes, "nan", "%s", set.nan ? "mean" : "error");
  app_note(&notes, "samples", "%s", set.samples == APP_SAMPLES_COLUMNS ? "columns" : set.samples ? "rows" : "auto");
  app_note(&notes, "model", "%s", model);
  app_note_count(&notes, "model_size", tt_dataset_get_info(components)->file_bytes);
  app_note(&notes, "model_time", "%lld", (long long)tt_dataset_get_info(components)->file_mtime);
  app_note_input(&notes, &j->input.info);
  TRY(app_result_look(run, &notes, set.force, &j->result, done));

done:
  tt_dataset_close(&components);
  return st;
}

static tartan_status save(app_run *run, job *j, const char *model)
{
  tartan_pca_save_opts opts = TARTAN_PCA_SAVE_OPTS_INIT;
  app_notes            notes = {.count = 0};

  app_note_origin(&notes, run);
  app_note(&notes, "model", "%s", model);
  app_note_input(&notes, &j->input.info);
  app_note(&notes, "configuration", "%s", j->result.configuration);
  opts.force = true; /* looked at before */
  opts.without_model = true;
  opts.scores = j->input.data;
  opts.scores_dtype = set.scores_dtype == SCORES_F32 ? TARTAN_F32 : TARTAN_F64;
  opts.inverse_error = set.inverse_error;
  opts.nan = (tartan_pca_nan)set.nan;
  opts.attributes = notes.item;
  opts.attribute_count = notes.count;
  return tartan_pca_save(j->model, j->result.path, &opts, &j->inverse_error);
}

static tartan_status prepare(app_run *run, job *j, const char *model, const char *source, bool *done)
{
  tartan_status st = TARTAN_OK;

  *done = false;
  TRY(app_result_begin(run, set.output, "pca-transform.h5", (const char *const[]){source, model}, 2, &j->result));
  TRY(app_pca_input_open(run, source, set.samples, &j->input));
  TRY(tartan_pca_load(run->grid, model, &j->model));
  tartan_pca_get_values(j->model, &j->values);
  TRY(look(run, j, model, done));
done:
  return st;
}

static tartan_status transform(app_run *run, const char *const *operands, int count)
{
  static job    j;
  tartan_status st = TARTAN_OK;
  bool          done = false;

  (void)count;
  j = (job){0};
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, operands[0], operands[1], &done));
  if (done) goto done;
  TRY(save(run, &j, operands[0]));
  app_run_progress_end(run);
  app_tell(run, "scores of %lld sample%s on %lld component%s, %s\n", (long long)j.input.m, TT_S(j.input.m),
           (long long)j.values.components, TT_S(j.values.components), j.values.whiten ? "whitened" : "not whitened");
  if (set.inverse_error) app_say(run, "mean squared error of the reconstruction: %.8g\n", j.inverse_error);
  TRY(app_result_end(run, &j.result, "/X_pca"));

done:
  return st;
}

const app_command app_cmd_pca_transform = {
    .name = "pca transform",
    .group = "Models",
    .summary = "scores of new data by a PCA model, with the model's own preprocessing",
    .operands = "MODEL.h5 NEW.h5[:/path]",
    .operands_min = 2,
    .operands_max = 2,
    .options = {options, app_run_options},
    .notes = "Features are matched by name where both the model and the data have names, else by position.\n\n"
             "Example:\n  mpirun -n 2 tartan pca transform pca.h5 new.h5 -o new-scores.h5\n",
    .run = transform,
};
