/*
 * tartan nmf: non-negative parts of samples x features, A ~ W H, from file to file. A dataset is read once an iteration, sparse
 * data is held.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "common/long_run.h"
#include "common/plan.h"
#include "common/result.h"
#include "io/matrix_file.h"
#include "nmf.h"
#include "oper/operator.h"

static struct {
  const char *start, *report;
  int64_t     k, iterations, seed, image[2];
  double      tol, l1, l2;
  int         init, samples;
} set = {.k = -1, .iterations = 200, .tol = 1e-4};

static const char *const inits[] = {"nndsvda", "nndsvd", "random"};

static const app_option options[] = {
    {"n-components", 'k', APP_OPTION_COUNT, &set.k, "K", NULL, "number of parts, 1 to min(samples, features)"},
    {"init", 0, APP_OPTION_CHOICE, &set.init, "nndsvda|nndsvd|random", "nndsvda",
     "where it starts: from singular vectors, zeros filled with the mean or left, or from random numbers"},
    {"start", 0, APP_OPTION_TEXT, &set.start, "FILE.h5", NULL, "start from the datasets W and H of a file"},
    {"iterations", 0, APP_OPTION_COUNT, &set.iterations, "N", "200", "at most"},
    {"tol", 0, APP_OPTION_REAL, &set.tol, "X", "1e-4",
     "ends when the sum of projected gradients is at most X times that of the first iteration"},
    {"l1", 0, APP_OPTION_REAL, &set.l1, "X", "0", "penalty on the sum of W and of H, beside |A - W H|^2 / 2"},
    {"l2", 0, APP_OPTION_REAL, &set.l2, "X", "0", "penalty on half the sum of their squares"},
    {"seed", 0, APP_OPTION_COUNT, &set.seed, "N", "0", "of the start"},
    {"samples", 0, APP_OPTION_CHOICE, &set.samples, "auto|rows|columns", "rows; columns where MATLAB wrote the file",
     "what the samples are"},
    {"report", 0, APP_OPTION_TEXT, &set.report, "FILE.html", NULL, "write a page with the parts, for a browser"},
    {"image-shape", 0, APP_OPTION_PAIR, set.image, "HxW", "the input's attribute image_shape",
     "the features are the pixels of images: draw parts so"},
    APP_RESULT_OPTIONS("INPUT.nmf.h5 beside the input"),
    APP_LONG_OPTIONS,
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_run        *run;
  app_pca_input   input;
  tartan_sparse  *sparse; /* what it refers to, or NULL */
  tt_dataset_info start;  /* of --start */
  char            start_text[TT_PATH_MAX + 32];
  tartan_nmf_opts opts;
  tartan_matrix  *W0, *H0, *W, *H;
  tartan_nmf_info info;
  app_result      result;
  double         *loss, *violation; /* [iterations] */
} job;

static void release(void *context)
{
  job *j = context;

  tt_free(j->violation);
  tt_free(j->loss);
  tartan_matrix_destroy(&j->H);
  tartan_matrix_destroy(&j->W);
  tartan_matrix_destroy(&j->H0);
  tartan_matrix_destroy(&j->W0);
  app_pca_input_close(&j->input);
  tartan_sparse_destroy(&j->sparse);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_text(json, "data", j->input.text);
  app_json_object(json, "result");
  if (j->W) {
    app_json_text(json, "output", j->result.path);
    app_json_count(json, "samples", j->input.m);
    app_json_count(json, "features", j->input.n);
    app_json_count(json, "components", set.k);
    app_json_text(json, "start", j->start_text);
    app_json_flag(json, "converged", j->info.converged);
    app_json_count(json, "iterations", j->info.iterations);
    app_json_count(json, "passes", j->info.passes);
    app_json_number(json, "loss", j->info.loss);
    app_json_number(json, "relative_error", j->info.relative);
    app_json_number(json, "violation", j->info.violation);
    app_json_numbers(json, "losses", j->loss, j->info.iterations);
  }
  app_json_end_object(json);
}

/* ------------------------------------------------------------------------------------------------ before */

static tartan_status read_options(job *j)
{
  tartan_status st = TARTAN_OK;

  TRY(app_result_check_options());
  REQUIRE(set.k >= 1, TARTAN_ERR_ARG, "nmf needs -k K: the number of parts, 1 or more");
  REQUIRE(set.iterations >= 1, TARTAN_ERR_ARG, "--iterations 0: give 1 or more");
  REQUIRE(set.tol >= 0 && set.l1 >= 0 && set.l2 >= 0, TARTAN_ERR_ARG, "%s takes a number of at least 0",
          set.tol < 0  ? "--tol"
          : set.l1 < 0 ? "--l1"
                       : "--l2");
  REQUIRE(!set.start || set.init == TARTAN_NMF_NNDSVDA, TARTAN_ERR_ARG, "--start and --init do not go together");
  j->opts = (tartan_nmf_opts)TARTAN_NMF_OPTS_INIT;
  j->opts.iterations = set.iterations;
  j->opts.tolerance = set.tol;
  j->opts.l1 = set.l1;
  j->opts.l2 = set.l2;
  j->opts.init = (tartan_nmf_init)set.init;
  j->opts.seed = (uint64_t)set.seed;
done:
  return st;
}

/* A factor to start from. Collective. */
static tartan_status load_factor(app_run *run, const char *name, int64_t m, int64_t n, tt_dataset_info *info,
                                 tartan_matrix **X)
{
  const tartan_io_opts io = app_run_io(run);
  char                 source[TT_PATH_MAX + 4];
  tt_dataset          *dataset = NULL;
  tartan_status        st = TARTAN_OK;

  snprintf(source, sizeof source, "%s:/%s", set.start, name);
  TRY(tt_dataset_open(run->grid, source, &io, &dataset));
  *info = *tt_dataset_get_info(dataset);
  REQUIRE(info->rows == m && info->cols == n, TARTAN_ERR_SHAPE,
          "--start %s: %s is %lld x %lld, the data and -k %lld need %lld x %lld", set.start, name,
          (long long)info->rows, (long long)info->cols, (long long)set.k, (long long)m, (long long)n);
  if (app_result_set.plan) goto done;
  TRY(tartan_matrix_create(run->grid, TARTAN_F64, m, n, NULL, X));
  TRY(tt_matrix_load_into(dataset, false, *X));
done:
  tt_dataset_close(&dataset);
  return st;
}

static tartan_status open_inputs(app_run *run, job *j, const char *source)
{
  const int64_t pixels = set.image[0] * set.image[1];
  tartan_status st = TARTAN_OK;

  TRY(app_nmf_input_open(run, source, set.samples, &j->input, &j->sparse));
  REQUIRE(set.k <= tt_min(j->input.m, j->input.n), TARTAN_ERR_ARG,
          "-k %lld: of %lld samples x %lld features there are at most %lld parts", (long long)set.k,
          (long long)j->input.m, (long long)j->input.n, (long long)tt_min(j->input.m, j->input.n));
  REQUIRE((!set.image[0] && !set.image[1]) || pixels == j->input.n, TARTAN_ERR_ARG,
          "--image-shape %lldx%lld has %lld pixels, but there are %lld features", (long long)set.image[0],
          (long long)set.image[1], (long long)pixels, (long long)j->input.n);
  snprintf(j->start_text, sizeof j->start_text, "%s", inits[set.init]);
  if (!set.start) goto done;
  snprintf(j->start_text, sizeof j->start_text, "W and H of %s", set.start);
  TRY(load_factor(run, "W", j->input.m, set.k, &j->start, &j->W0));
  TRY(load_factor(run, "H", set.k, j->input.n, &j->start, &j->H0));
  j->opts.W = j->W0;
  j->opts.H = j->H0;
done:
  return st;
}

static void note_inputs(app_notes *notes, const job *j)
{
  static const char *const start[3] = {"input_start", "input_start_size", "input_start_time"};

  app_note_input(notes, &j->input.info);
  if (set.start) app_note_input_as(notes, start, &j->start);
}

static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note_count(&notes, "components", set.k);
  app_note(&notes, "init", "%s", set.start ? "given" : inits[set.init]);
  app_note_count(&notes, "iterations", set.iterations);
  app_note(&notes, "tol", "%.17g", set.tol);
  app_note(&notes, "l1", "%.17g", set.l1);
  app_note(&notes, "l2", "%.17g", set.l2);
  app_note_count(&notes, "seed", set.seed);
  app_note(&notes, "samples", "%s", set.samples == APP_SAMPLES_COLUMNS ? "columns" : set.samples ? "rows" : "auto");
  app_note(&notes, "command", "nmf");
  note_inputs(&notes, j);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* What the run would take, within the memory; refused where that is too small. */
static tartan_status plan(app_run *run, job *j)
{
  const double  saving = (double)tt_max(tt_matrix_file_bytes(run->grid, j->input.m, set.k),
                                        tt_matrix_file_bytes(run->grid, set.k, j->input.n));
  const double  factors = 8.0 * (double)set.k * (double)(j->input.m + j->input.n) / run->size;
  char          what[96];
  tartan_status st = TARTAN_OK;

  TRY(tartan_nmf_plan(j->input.data, set.k, &j->opts, &run->plan));
  run->plan.memory = fmax(run->plan.memory, saving + factors);
  if (set.report) run->plan.memory = fmax(run->plan.memory, factors + 16.0 * (double)set.k * (double)j->input.n);
  snprintf(what, sizeof what, "a factorization of %lld x %lld with %lld part%s", (long long)j->input.m,
           (long long)j->input.n, (long long)set.k, TT_S(set.k));
  TRY(app_plan_fits(run, what, run->plan.memory, ", or more ranks on more nodes"));
  TRY(app_plan_seconds(run));
done:
  return st;
}

static tartan_status prepare(app_run *run, job *j, const char *source, bool *done)
{
  const char *const inputs[] = {source, set.start};
  tartan_status     st = TARTAN_OK;

  *done = false;
  TRY(read_options(j));
  TRY(app_result_begin(run, app_result_set.output, "nmf.h5", inputs, 2, &j->result));
  if (set.report) TRY(app_check_output(run, set.report, inputs, 2));
  TRY(open_inputs(run, j, source));
  if (!app_result_set.plan) TRY(look(run, j, done));
  if (!*done) TRY(plan(run, j));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the run */

/* 1, 2, 5, 10, 20, 50, ... */
static bool is_round(int64_t i)
{
  while (i % 10 == 0) i /= 10;
  return i == 1 || i == 2 || i == 5;
}

static void print_row(const job *j, int64_t i)
{
  app_say(j->run, "%10lld %15.8g %10.4g\n", (long long)i, j->loss[i - 1], j->violation[i - 1]);
  fflush(stdout);
}

static int after(void *context, int64_t iteration, double loss)
{
  job *j = context;

  j->loss[iteration - 1] = loss;
  j->violation[iteration - 1] = j->info.violation;
  if (app_set.verbose || is_round(iteration)) {
    app_run_progress_end(j->run);
    print_row(j, iteration);
  }
  return 0;
}

static tartan_status factorize(app_run *run, job *j)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  j->loss = tt_alloc(&run->grid->memory, set.iterations, sizeof *j->loss, "a history", &local);
  j->violation = tt_alloc(&run->grid->memory, set.iterations, sizeof *j->violation, "a history", &local);
  AGREE(run->grid, local);
  j->run = run;
  j->opts.after = after;
  j->opts.context = j;
  app_say(run, "\n iteration            loss  violation\n");
  TRY(tartan_nmf(j->input.data, set.k, &j->opts, &j->W, &j->H, &j->info));
  app_run_progress_end(run);
  if (!app_set.verbose && !is_round(j->info.iterations)) print_row(j, j->info.iterations);
  j->loss[j->info.iterations - 1] = j->info.loss; /* exact, where the others cancel */
  if (!j->info.converged)
    tt_grid_warn(run->grid, "not converged after %lld iterations: the violation is %.3g, --tol asks for %.3g",
                 (long long)j->info.iterations, j->info.violation, set.tol);
done:
  return st;
}

static tartan_status save(app_run *run, job *j)
{
  const int64_t m = j->input.m, n = j->input.n;
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  tartan_status st = TARTAN_OK;

  note_inputs(&notes, j);
  app_note(&notes, "start", "%s", j->start_text);
  app_note_count(&notes, "seed", set.seed);
  app_note_count(&notes, "converged", j->info.converged);
  app_note_count(&notes, "iterations", j->info.iterations);
  app_note_count(&notes, "reproducible", set.start || set.init == TARTAN_NMF_RANDOM);
  TRY(app_result_create(run, &j->result, "tartan-nmf", &notes, &out));
  tt_output_real(out, "/", "relative_error", j->info.relative);
  tt_output_vector(out, "/loss", j->info.iterations, j->loss);
  tt_output_vector(out, "/violation", j->info.iterations, j->violation);
  tt_output_count(out, "/converged", j->info.converged);
  tt_output_declare(out, "/W", TARTAN_F64, m, set.k);
  tt_output_declare(out, "/H", TARTAN_F64, set.k, n);
  if (j->input.data->names) tt_output_strings(out, "/feature_names", n, j->input.data->names);
  TRY(tt_output_open(out));
  TRY(tt_output_matrix(out, "/W", j->W, false));
  TRY(tt_output_matrix(out, "/H", j->H, false));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

static tartan_status write_report(app_run *run, job *j)
{
  app_nmf_result result = {.input = &j->input,
                           .output = j->result.path,
                           .start = j->start_text,
                           .W = j->W,
                           .H = j->H,
                           .k = set.k,
                           .info = &j->info,
                           .loss = j->loss,
                           .image = {set.image[0], set.image[1]}};

  if (!result.image[0] && !result.image[1]) {
    result.image[0] = j->input.info.image_height;
    result.image[1] = j->input.info.image_width;
  }
  return app_nmf_report(run, set.report, &result);
}

static tartan_status nmf(app_run *run, const char *const *operands, int count)
{
  static job    j;
  tartan_status st = TARTAN_OK;
  bool          done = false;

  (void)count;
  j = (job){.run = run};
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, operands[0], &done));
  if (done && set.report)
    tt_grid_warn(run->grid,
                 "--report %s is not written: a page is made with a new result, and %s is complete; --force "
                 "computes it again",
                 set.report, j.result.path);
  if (done) goto done;
  if (app_result_set.plan) {
    TRY(app_result_print_plan(run, 0));
    goto done;
  }
  TRY(app_long_begin(run, &j.result));
  TRY(factorize(run, &j));
  TRY(save(run, &j));
  app_long_end(run);
  app_run_progress_end(run);
  app_say(run, "%s after %lld iteration%s: loss %.8g, relative error %.4g\n",
          j.info.converged ? "converged" : "stopped", (long long)j.info.iterations, TT_S(j.info.iterations),
          j.info.loss, j.info.relative);
  TRY(app_result_end(run, &j.result, NULL));
  if (!set.report) goto done;
  TRY(write_report(run, &j));
  app_say_written(run, set.report, NULL);
done:
  return st;
}

const app_command app_cmd_nmf = {
    .name = "nmf",
    .group = "Models",
    .summary = "non-negative parts of non-negative samples x features, as scikit-learn's coordinate descent finds them",
    .operands = "DATA.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes =
        "DATA.h5 is a dataset, which stays in its file, or a group with a sparse matrix (data, indices, indptr) or "
        "with "
        "ratings (user, item, rating).\n\n"
        "Writes W (samples x K) and H (K x features) with W, H >= 0 and A ~ W H. From the same start (--start) "
        "iterations are those of sklearn.decomposition.NMF(solver=\"cd\") to rounding, and the same bits on any number "
        "of ranks. A run that was interrupted goes on after its last iteration.\n\n"
        "Examples:\n"
        "  mpirun -n 2 tartan nmf images.h5 -k 16 --image-shape 28x28 --report parts.html -o nmf.h5\n"
        "  mpirun -n 4 tartan nmf counts.h5:/X -k 10 --init random --seed 7 --l1 0.1\n"
        "  tartan nmf images.h5 -k 16 --plan\n",
    .run = nmf,
    .plans = true,
};
