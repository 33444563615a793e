/*
 * tartan pca: principal components of an HDF5 file.
 *
 * Open and say how the data was understood; look whether the result is there already; plan; fit; write with the scores;
 * print the variances and where the time went; write the page and the JSON report.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "commands.h"
#include "common/long_run.h"
#include "common/plan.h"
#include "common/result.h"
#include "kernel/gemm.h"
#include "pca.h"

#define ROWS_SHOWN 20
#define CHECK_FLOPS 2e10

enum { SCORES_F32, SCORES_F64 };
enum { CERTIFY_NONE, CERTIFY_RESIDUAL };

static struct {
  const char *components, *report, *color_by;
  bool        center, whiten, scores, inverse_error, reproducible;
  int         scale, scores_dtype, nan, samples, solver, certify;
  int64_t     seed, image[2];
  double      tol;
} set = {.center = true, .scores = true, .scores_dtype = SCORES_F64, .certify = CERTIFY_RESIDUAL};

static const app_option options[] = {
    {"n-components", 'k', APP_OPTION_TEXT, &set.components, "K", "min(samples, features)",
     "components: a count, a fraction of the variance between 0 and 1, or mle (Minka's estimate)"},
    {"no-center", 0, APP_OPTION_CLEAR, &set.center, NULL, "they are subtracted", "do not subtract the feature means"},
    {"scale", 0, APP_OPTION_CHOICE, &set.scale, "none|std", "none",
     "std: divide features by their standard deviation (ddof = 1), constant ones by 1; with --no-center by their root "
     "mean square about zero, sqrt(sum x^2 / (m - 1))"},
    {"whiten", 0, APP_OPTION_FLAG, &set.whiten, NULL, NULL, "scores of unit variance"},
    {"scores", 0, APP_OPTION_FLAG, &set.scores, NULL, "on", "write the scores X_pca of the samples: one more pass"},
    {"no-scores", 0, APP_OPTION_CLEAR, &set.scores, NULL, NULL, "do not"},
    {"scores-dtype", 0, APP_OPTION_CHOICE, &set.scores_dtype, "f32|f64", "f64", "element type of X_pca"},
    {"inverse-error", 0, APP_OPTION_FLAG, &set.inverse_error, NULL, NULL,
     "mean squared error of the data rebuilt from its scores: one pass, which makes X_pca too"},
    {"nan", 0, APP_OPTION_CHOICE, &set.nan, "error|mean", "error",
     "NaN in the data: refuse, or replace by the mean of the feature's other values"},
    {"samples", 0, APP_OPTION_CHOICE, &set.samples, "auto|rows|columns", "rows; columns where MATLAB wrote the file",
     "what the samples are"},
    {"solver", 0, APP_OPTION_CHOICE, &set.solver, "auto|gram|full|krylov|tsqr", "auto, which gives its reason",
     "gram: one pass, small memory; krylov: as gram, but only the components wanted are computed; tsqr: one pass, "
     "exact "
     "to the smallest component, at several times the cost; full: in memory, as exact"},
    {"tol", 0, APP_OPTION_REAL, &set.tol, "X", "0: take what the solver gives",
     "accuracy to insist on, for example 1e-6: components with singular values down to X times the first must be above "
     "the rounding errors of the solver, and the residual of --certify at most X; else the result is written and "
     "marked, and the exit code is 4"},
    {"certify", 0, APP_OPTION_CHOICE, &set.certify, "none|residual|+cholesky", "residual",
     "residual: components are orthonormal and fit, |C v - lambda v| / lambda_1 at most --tol or a few roundings, else "
     "exit 4"},
    {"reproducible", 0, APP_OPTION_FLAG, &set.reproducible, NULL, NULL,
     "insist on the same bits for any number of ranks and threads (gram and tsqr always have it)"},
    {"report", 0, APP_OPTION_TEXT, &set.report, "FILE.html", NULL, "write a page with plots, for a browser"},
    {"image-shape", 0, APP_OPTION_PAIR, set.image, "HxW", "the input's attribute image_shape",
     "the features are the pixels of images: draw components so"},
    {"color-by", 0, APP_OPTION_TEXT, &set.color_by, "FILE:/path", NULL,
     "one number per sample that colours the score plot"},
    {"seed", 0, APP_OPTION_COUNT, &set.seed, "N", "0", "kept in the result; it depends on no random numbers"},
    APP_LONG_OPTIONS,
    APP_RESULT_OPTIONS("INPUT.pca.h5 beside the input"),
    {"layout", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {"in-place", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {"block", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_pca_input     input;
  tt_dataset       *labels;
  tartan_pca_opts   opts;
  tartan_pca       *model;
  tartan_pca_info   info;
  tartan_pca_values values;
  app_result        result;
  double            inverse_error;
} job;

/* ------------------------------------------------------------------------------------------------ options */

/* A count, a fraction of the variance, or "mle". */
static tartan_status read_components(tartan_pca_opts *opts)
{
  const char *text = set.components;

  if (!text) return TARTAN_OK;
  if (strcmp(text, "mle") == 0) {
    opts->mle = true;
    return TARTAN_OK;
  }
  if (app_parse_count(text, &opts->components) && opts->components > 0) return TARTAN_OK;
  if (app_parse_real(text, &opts->variance) && opts->variance > 0 && opts->variance < 1) {
    opts->components = 0;
    return TARTAN_OK;
  }
  return tt_fail(TARTAN_ERR_ARG, "-k takes a count of at least 1, a fraction between 0 and 1, or mle, not \"%s\"",
                 text);
}

static const char *const solvers[] = {"auto", "gram", "full", "krylov", "tsqr"};

static tartan_status read_options(tartan_pca_opts *opts)
{
  const tartan_pca_opts defaults = TARTAN_PCA_OPTS_INIT;
  tartan_status         st = TARTAN_OK;

  *opts = defaults;
  TRY(read_components(opts));
  opts->center = set.center;
  opts->scale = set.scale == 1;
  opts->whiten = set.whiten;
  opts->solver = (tartan_pca_solver)set.solver;
  opts->nan = (tartan_pca_nan)set.nan;
  opts->residual = set.certify == CERTIFY_RESIDUAL;
  TRY(app_result_check_options());
  REQUIRE(!set.color_by || set.report, TARTAN_ERR_ARG, "--color-by goes with --report");
  REQUIRE(!set.color_by || set.scores, TARTAN_ERR_ARG, "--color-by needs the scores: it does not go with --no-scores");
  REQUIRE(!set.reproducible || (opts->solver != TARTAN_PCA_FULL && opts->solver != TARTAN_PCA_KRYLOV), TARTAN_ERR_ARG,
          "--reproducible and --solver %s do not go together: gram and tsqr give the same bits on any number of ranks",
          solvers[opts->solver]);
  if (set.reproducible && opts->solver == TARTAN_PCA_AUTO) opts->solver = TARTAN_PCA_GRAM;
done:
  return st;
}

/* What the result depends on; whether it is there already. */
static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "components", "%s", set.components ? set.components : "all");
  app_note(&notes, "center", "%s", set.center ? "yes" : "no");
  app_note(&notes, "scale", "%s", set.scale ? "std" : "none");
  app_note(&notes, "whiten", "%s", set.whiten ? "yes" : "no");
  app_note(&notes, "scores", "%s", !set.scores ? "no" : set.scores_dtype == SCORES_F32 ? "f32" : "f64");
  app_note(&notes, "inverse-error", "%s", set.inverse_error ? "yes" : "no");
  app_note(&notes, "nan", "%s", set.nan ? "mean" : "error");
  app_note(&notes, "samples", "%s", set.samples == APP_SAMPLES_COLUMNS ? "columns" : set.samples ? "rows" : "auto");
  app_note(&notes, "solver", "%s", solvers[j->opts.solver]);
  app_note(&notes, "tol", "%g", set.tol);
  app_note_input(&notes, &j->input.info);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* ------------------------------------------------------------------------------------------------ the result */

/* How many checks of the result failed, and their names. */
static int failed_checks(const app_run *run, char *names, size_t length)
{
  size_t n = 0;
  int    count = 0;

  names[0] = 0;
  for (int i = 0; i < run->checks; i++) {
    if (run->check[i].pass) continue;
    if (n < length) n += (size_t)snprintf(names + n, length - n, "%s%s", count ? ", " : "", run->check[i].name);
    count++;
  }
  return count;
}

static tartan_status save(app_run *run, job *j)
{
  tartan_pca_save_opts opts = TARTAN_PCA_SAVE_OPTS_INIT;
  app_notes            notes = {.count = 0};
  char                 failed[128];

  app_note_origin(&notes, run);
  app_note_count(&notes, "seed", set.seed);
  app_note_input(&notes, &j->input.info);
  app_note(&notes, "configuration", "%s", j->result.configuration);
  app_note(&notes, "short_of_tolerance", "%s", failed_checks(run, failed, sizeof failed) > 0 ? "yes" : "no");
  app_note(&notes, "failed_checks", "%s", failed);
  opts.force = true; /* looked at before */
  opts.scores = set.scores || set.inverse_error ? j->input.data : NULL;
  opts.scores_dtype = set.scores_dtype == SCORES_F32 ? TARTAN_F32 : TARTAN_F64;
  opts.without_scores = !set.scores;
  opts.nan = (tartan_pca_nan)set.nan;
  opts.inverse_error = set.inverse_error;
  opts.info = &j->info;
  opts.attributes = notes.item;
  opts.attribute_count = notes.count;
  return tartan_pca_save(j->model, j->result.path, &opts, &j->inverse_error);
}

static void print_variances(const app_run *run, const job *j)
{
  const tartan_pca_values *v = &j->values;
  const int64_t            rows = app_set.verbose || v->components <= ROWS_SHOWN + 1 ? v->components : ROWS_SHOWN;
  double                   sum = 0;

  app_say(run, "\n component        variance     ratio  cumulative\n");
  for (int64_t i = 0; i < v->components; i++) {
    sum += v->explained_variance_ratio_[i];
    if (i == rows) app_say(run, "       ...  (--verbose shows all)\n");
    if (i >= rows && i < v->components - 1) continue;
    app_say(run, "%10lld %15.8g %9.6f %11.6f\n", (long long)i + 1, v->explained_variance_[i],
            v->explained_variance_ratio_[i], sum);
  }
  app_say(run, "     total %15.8g\n", v->total_variance_);
  if (j->info.residual >= 0)
    app_say(run, "  residual %15.3g  (the largest |C v - lambda v| / lambda_1)\n", j->info.residual);
  if (j->info.nan_replaced > 0)
    app_say(run, "%lld NaN replaced by the means of their features\n", (long long)j->info.nan_replaced);
  if (set.inverse_error) app_say(run, "mean squared error of the reconstruction: %.8g\n", j->inverse_error);
}

static void json_result(app_json *json, const void *context)
{
  const job               *j = context;
  const tartan_pca_values *v = &j->values;

  app_json_text(json, "data", j->input.text);
  app_json_object(json, "result");
  if (j->model) {
    app_json_text(json, "output", j->result.path);
    app_json_count(json, "samples", v->samples);
    app_json_count(json, "features", v->features);
    app_json_count(json, "components", v->components);
    app_json_numbers(json, "explained_variance", v->explained_variance_, v->components);
    app_json_numbers(json, "explained_variance_ratio", v->explained_variance_ratio_, v->components);
    app_json_numbers(json, "singular_values", v->singular_values_, v->components);
    app_json_number(json, "total_variance", v->total_variance_);
    app_json_number(json, "noise_variance", v->noise_variance_);
    app_json_number(json, "floor", j->info.floor);
    if (j->info.residual >= 0) app_json_number(json, "residual", j->info.residual);
    app_json_count(json, "nan_replaced", j->info.nan_replaced);
    app_json_count(json, "segments", j->info.segments);
    app_json_flag(json, "reproducible", j->info.reproducible);
    if (set.inverse_error) app_json_number(json, "inverse_error", j->inverse_error);
  }
  app_json_end_object(json);
}

static void release(void *context)
{
  job *j = context;

  tartan_pca_destroy(&j->model);
  tt_dataset_close(&j->labels);
  app_pca_input_close(&j->input);
}

static tartan_status write_report(app_run *run, job *j)
{
  app_pca_result result = {.input = &j->input,
                           .output = j->result.path,
                           .values = j->values,
                           .info = &j->info,
                           .scores = set.scores,
                           .inverse_error = set.inverse_error ? j->inverse_error : -1,
                           .image = {set.image[0], set.image[1]},
                           .labels = j->labels,
                           .labels_name = set.color_by};

  if (!result.image[0] && !result.image[1]) {
    result.image[0] = j->input.info.image_height;
    result.image[1] = j->input.info.image_width;
  }
  return app_pca_report(run, set.report, &result);
}

/* ------------------------------------------------------------------------------------------------ the command */

static tartan_status check_image(const job *j)
{
  const int64_t pixels = set.image[0] * set.image[1];

  if ((set.image[0] || set.image[1]) && pixels != j->input.n) {
    return tt_fail(TARTAN_ERR_ARG, "--image-shape %lldx%lld has %lld pixels, but there are %lld features",
                   (long long)set.image[0], (long long)set.image[1], (long long)pixels, (long long)j->input.n);
  }
  return TARTAN_OK;
}

/* Everything that can be found out before the data is read. */
static tartan_status prepare(app_run *run, job *j, const char *source, bool *done)
{
  const char *const inputs[] = {source, set.color_by};
  tartan_status     st = TARTAN_OK;

  *done = false;
  TRY(read_options(&j->opts));
  TRY(app_result_begin(run, app_result_set.output, "pca.h5", inputs, 2, &j->result));
  if (set.report) TRY(app_check_output(run, set.report, inputs, 2));
  TRY(app_pca_input_open(run, source, set.samples, &j->input));
  TRY(check_image(j));
  if (set.color_by) TRY(app_pca_labels_open(run, set.color_by, j->input.m, &j->labels));
  if (!app_result_set.plan) TRY(look(run, j, done));
  if (*done) goto done;
  TRY(tartan_pca_plan(j->input.data, &j->opts, &run->plan));
  TRY(app_run_fits(run, run->plan.memory));

done:
  return st;
}

/* Largest entry of V V' - I for the components V [k, n], on this rank; -1 where that would take too long. */
static double orthogonality(app_run *run, const tartan_pca_values *v, tartan_status *local)
{
  const int64_t k = v->components, n = v->features;
  double       *product, worst = 0;

  if ((double)k * (double)k * (double)n > CHECK_FLOPS) return -1;
  product = tt_alloc(&run->grid->memory, k * k, sizeof *product, "a check of the components", local);
  if (!product) return -1;
  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, k, k, n, 1, v->components_, n, v->components_, n, 0, product,
                k);
  for (int64_t i = 0; i < k * k; i++) {
    const double error = fabs(product[i] - (i % (k + 1) == 0));

    if (!(error <= worst)) worst = error;
  }
  tt_free(product);
  return worst;
}

/* The result's own checks. */
static tartan_status certify(app_run *run, const job *j)
{
  const tartan_pca_values *v = &j->values;
  const double             limit = 10 * (double)v->features * DBL_EPSILON;
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;
  double                   error = 0, sum = 0;

  if (set.certify == CERTIFY_NONE) goto done;
  if (run->rank == 0) error = orthogonality(run, v, &local);
  AGREE(run->grid, local);
  TRY(tt_bcast(run->grid, &error, 1, sizeof error, 0));
  if (error != -1) app_run_check(run, "orthogonality", error, limit, error <= limit);
  for (int64_t i = 0; i < v->components; i++) sum += v->explained_variance_ratio_[i];
  app_run_check(run, "sum of ratios", sum, 1 + limit, !(sum > 1 + limit));
done:
  return st;
}

/* Noise and residual against --tol. */
static void judge(app_run *run, job *j)
{
  const tartan_pca_values *v = &j->values;
  const bool               sums = j->info.segments == 0; /* full: the residual has sums over the samples in it */
  const double             rounding = 10 * DBL_EPSILON * (double)(sums ? tt_max(v->samples, v->features) : v->features);
  const double             limit = set.tol > 0 ? set.tol : rounding;
  const bool               noisy = set.tol > 0 && j->info.floor > set.tol;
  const bool               loose = set.certify == CERTIFY_RESIDUAL && !(j->info.residual <= limit);

  if (set.tol > 0) app_run_check(run, "floor", j->info.floor, set.tol, !noisy);
  if (set.certify == CERTIFY_RESIDUAL) app_run_check(run, "residual", j->info.residual, limit, !loose);
}

/* Whether the solver reads the data in the one pass whose state can be kept; the others are stopped as any program is. */
static bool keeps_state(const app_run *run)
{
  const char *name = run->plan.algorithm;

  return strcmp(name, solvers[TARTAN_PCA_GRAM]) == 0 || strcmp(name, solvers[TARTAN_PCA_KRYLOV]) == 0;
}

static tartan_status fit(app_run *run, job *j)
{
  const double  seconds = run->plan.seconds;
  tartan_status st = TARTAN_OK;

  if (keeps_state(run))
    TRY(app_long_begin(run, &j->result));
  else if (app_long_set.limit > 0)
    tt_grid_warn(run->grid, "--time-limit does nothing here: solver %s keeps no state", run->plan.algorithm);
  app_plan_mark(run);
  TRY(tartan_pca_fit(j->input.data, &j->opts, &j->model, &j->info));
  TRY(app_plan_count(run));
  run->plan = j->info.plan;
  run->plan.seconds = seconds;
  tartan_pca_get_values(j->model, &j->values);
  judge(run, j);
  TRY(certify(run, j)); /* before the result is written, which says what failed */
  TRY(save(run, j));
  app_long_end(run);
  app_run_progress_end(run);

done:
  return st;
}

static tartan_status pca(app_run *run, const char *const *operands, int count)
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
  if (done) {
    if (set.report)
      tt_grid_warn(run->grid,
                   "--report %s is not written: a page is made with a new result, and %s is complete; --force "
                   "computes it again",
                   set.report, j.result.path);
    goto done;
  }
  if (app_result_set.plan) {
    app_pca_print_plan(run, set.scores || set.inverse_error, app_result_set.sbatch);
    goto done;
  }
  app_tell(run, "solver %s: %s\n", run->plan.algorithm, run->plan.reason);
  fflush(stdout);
  TRY(fit(run, &j));
  print_variances(run, &j);
  TRY(app_run_measure(run));
  app_run_table(run);
  if (set.report) TRY(write_report(run, &j));
  app_tell(run, "\n");
  app_say_written(run, j.result.path, NULL);
  if (set.report) app_say_written(run, set.report, NULL);
  if (app_set.json && !app_json_to_stdout()) app_say_written(run, app_set.json, NULL);
  REQUIRE(set.tol == 0 || j.info.floor <= set.tol, TARTAN_ERR_TOLERANCE,
          "components below %.2g of the largest are noise, --tol asks for %.2g: written to %s and marked so; "
          "--solver tsqr is exact further down",
          j.info.floor, set.tol, j.result.path);
  for (int i = 0; i < run->checks; i++)
    REQUIRE(run->check[i].pass, TARTAN_ERR_TOLERANCE, "the result failed a check of its own: %s is %.3g, not %.3g: %s",
            run->check[i].name, run->check[i].value, run->check[i].tolerance, j.result.path);

done:
  return st;
}

const app_command app_cmd_pca = {
    .name = "pca",
    .group = "Models",
    .summary = "principal components of samples x features, in scikit-learn's definitions and names",
    .operands = "DATA.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 2 tartan pca images.h5 -k 50 -o pca.h5 --report pca.html\n"
             "  mpirun -n 4 tartan pca table.h5:/X -k 0.95 --scale std\n"
             "  tartan pca table.h5 -k 50 --plan --sbatch\n",
    .run = pca,
    .plans = true,
};
