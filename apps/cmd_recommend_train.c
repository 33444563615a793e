/*
 * tartan recommend train: factor models of users and items from ratings in an HDF5 file, with validation, early stopping and
 * checkpoints.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "common/plan.h"
#include "model/recommend_impl.h"
#include "recommend_linear.h"
#include "recommend_ranking.h"
#include "recommend_report.h"

#define SET app_recommend_set

static const app_option options[] = {
    {"model", 0, APP_OPTION_CHOICE, &SET.model, "als|ials|bias|popularity|ease|puresvd|nmf", "ials",
     "als: explicit ratings, with mean and biases; ials: implicit data; bias: mean and biases alone; popularity: "
     "entries of each item; ease: weights between items; puresvd: singular vectors; nmf: parts without negative "
     "numbers; the last three take missing ratings as zeros"},
    {"factors", 'k', APP_OPTION_COUNT, &SET.asked.factors, "K", "64", "length of a factor row"},
    {"iterations", 0, APP_OPTION_COUNT, &SET.asked.iterations, "N", "15, nmf: 200, puresvd: 300",
     "epochs; nmf, puresvd: at most so many steps"},
    {"regularization", 0, APP_OPTION_REAL, &SET.asked.regularization, "X", "0.01, ease: 500",
     "lambda; of ease it is in units of an entry squared: it grows with the number of users"},
    {"tol", 0, APP_OPTION_REAL, &SET.asked.tolerance, "X", "puresvd: 1e-8, nmf: 1e-4",
     "puresvd: residual of each singular triplet, relative to the largest value; nmf: ends when the sum of projected "
     "gradients is at most X times that of the first iteration"},
    {"regularization-exponent", 0, APP_OPTION_REAL, &SET.exponent, "X", "1",
     "nu: lambda times n^nu for a row of n entries (ials: and alpha0 for each other one); als: 0 plain, 1 ALS-WR"},
    {"unobserved-weight", 0, APP_OPTION_REAL, &SET.unobserved, "X", "0.1", "alpha0 of ials"},
    {"confidence", 0, APP_OPTION_CHOICE, &SET.confidence, "constant|linear|log", "constant",
     "weight of an entry r of ials: 1, alpha |r|, alpha log(1 + |r|)"},
    {"alpha", 0, APP_OPTION_REAL, &SET.alpha, "X", "1", "of the confidence"},
    {"form", 0, APP_OPTION_CHOICE, &SET.form, "added|replaced", "added",
     "whether the weight of an entry is added to alpha0's term, or replaces it (Hu, Koren, Volinsky)"},
    {"solver", 0, APP_OPTION_CHOICE, &SET.solver, "exact|cg|block", "exact",
     "exact: normal equations of each row; cg: a few steps of conjugate gradients; block: coordinates of a row in "
     "blocks (iALS++)"},
    {"steps", 0, APP_OPTION_COUNT, &SET.steps, "N", "cg: 3, block: 32", "of cg; of block: coordinates of a block"},
    {"no-bias", 0, APP_OPTION_FLAG, &SET.no_bias, NULL, NULL, "als without mean and biases"},
    {"damping", 0, APP_OPTION_REAL, &SET.damping, "X", "5", "of the biases: sums are divided by count + X"},
    {"dtype", 0, APP_OPTION_CHOICE, &SET.dtype, "f32|f64", "f32", "element type of the factors"},
    {"init-stddev", 0, APP_OPTION_REAL, &SET.init_stddev, "X", "als: 0.1, ials: 0.1 / sqrt(K)", "of the first factors"},
    {"nonnegative", 0, APP_OPTION_FLAG, &SET.nonnegative, NULL, NULL, "factors of zero and above, with --solver exact"},
    {"sweep", 0, APP_OPTION_TEXT, &SET.sweep, "FILE", NULL,
     "train many settings and keep the best: lines \"factors = 16 32\", all combinations"},
    {"seed", 0, APP_OPTION_COUNT, &SET.seed, "N", "0", "of factors and of the split"},
    {"duplicates", 0, APP_OPTION_CHOICE, &SET.duplicates, "error|sum|last|max", "error",
     "several ratings of one user for one item"},
    {"min-rating", 0, APP_OPTION_REAL, &SET.least, "X", "all", "ratings below are dropped"},
    {"binarize", 0, APP_OPTION_FLAG, &SET.binarize, NULL, NULL, "every rating that is kept becomes 1"},
    {"validation", 0, APP_OPTION_TEXT, &SET.validation, "FILE.h5", NULL,
     "other ratings to measure each epoch by; users and items are matched by id"},
    {"split", 0, APP_OPTION_CHOICE, &SET.split, "none|random|leave-k|time", "none", "hold ratings out for that"},
    {"split-fraction", 0, APP_OPTION_REAL, &SET.fraction, "X", "0.1", "of random and time"},
    {"split-count", 0, APP_OPTION_COUNT, &SET.leave, "K", "1", "ratings of each user, of leave-k"},
    {"early-stop", 0, APP_OPTION_TEXT, &SET.stop, "METRIC", "never",
     "rmse, mae, or one of lists over the whole catalogue, as ndcg@20 or recall@50: keep the epoch that is best by "
     "this, "
     "and stop when none was better for --patience epochs"},
    {"patience", 0, APP_OPTION_COUNT, &SET.patience, "N", "3", "epochs"},
    APP_LONG_OPTIONS,
    {"report", 0, APP_OPTION_TEXT, &SET.report, "FILE.html", NULL, "write a page with plots, for a browser"},
    APP_RESULT_OPTIONS("RATINGS.recommend.h5 beside the input"),
    {.name = NULL},
};

typedef struct job {
  app_result             result;
  app_recommend_data     data;
  app_training           training;
  app_sweep              sweep;   /**< of --sweep */
  app_recommend_settings largest; /**< of those of a sweep: needs most memory */
  tartan_cost            epoch;   /**< one of it */
  bool                   trained;
} job;

static tartan_status check_options(void)
{
  tartan_status st = TARTAN_OK;

  TRY(app_result_check_options());
  TRY(app_stop_read());
  TRY(app_recommend_check());
  REQUIRE(SET.fraction > 0 && SET.fraction < 1, TARTAN_ERR_ARG, "--split-fraction %g: give a number between 0 and 1",
          SET.fraction);
  REQUIRE(SET.leave >= 1 && SET.patience >= 1, TARTAN_ERR_ARG, "--split-count and --patience: give 1 or more");
  REQUIRE(!SET.sweep || !app_long_from(), TARTAN_ERR_ARG, "--sweep and --resume FILE do not go together");
  REQUIRE(!SET.validation || SET.split == 0, TARTAN_ERR_ARG, "--validation and --split do not go together");
  REQUIRE(SET.early_stop == APP_STOP_NEVER || SET.validation || SET.split, TARTAN_ERR_ARG,
          "--early-stop needs --validation or --split");
done:
  return st;
}

static void release(void *context)
{
  job *j = context;

  app_training_end(&j->training);
  app_sweep_end(&j->sweep);
  app_recommend_data_end(&j->data);
}

static void json_result(app_json *json, const void *context)
{
  const job              *j = context;
  tartan_recommend_values v;

  app_json_object(json, "result");
  if (j->training.linear && j->training.epochs > 0) app_linear_json(json, &j->training);
  if (j->training.model) {
    tartan_recommender_get_values(j->training.model, &v);
    app_json_count(json, "users", v.users);
    app_json_count(json, "items", v.items);
    app_json_count(json, "factors", v.factors);
    app_json_count(json, "epochs", v.epochs);
    app_json_flag(json, "stopped_early", j->training.stopped);
    app_json_flag(json, "resumed", j->training.resumed);
    app_json_array(json, "history");
    for (int64_t i = 0; i < j->training.epochs; i++) {
      const app_epoch *e = &j->training.history[i];

      app_json_object(json, NULL);
      app_json_number(json, "epoch", e->epoch);
      app_json_number(json, "loss", e->loss);
      app_json_number(json, "rmse", e->rmse);
      app_json_number(json, "mae", e->mae);
      if (app_stop_metric()) app_json_number(json, app_stop_name(), e->ranking);
      app_json_number(json, "seconds", e->seconds);
      app_json_end_object(json);
    }
    app_json_end_array(json);
  }
  if (j->trained && SET.sweep) app_sweep_json(json, &j->sweep);
  if (j->trained) app_json_text(json, "output", j->result.path);
  app_json_end_object(json);
}

/* The configuration: options, and the files by name, size and time. Collective. */
static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_recommend_note(&notes);
  app_note(&notes, "sweep", "%s", SET.sweep ? j->sweep.line : "none");
  app_note(&notes, "command", "recommend train");
  app_recommend_note_inputs(&notes, &j->data);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* Whether epochs of two settings are the same work: plans take a measurement, and settings often differ in penalties alone. */
static bool same_work(const tartan_recommend_opts *a, const tartan_recommend_opts *b)
{
  return a->model == b->model && a->solver == b->solver && a->dtype == b->dtype && a->factors == b->factors &&
         a->nonnegative == b->nonnegative && a->steps == b->steps;
}

/* Plans of all settings: the memory of the largest, and the work and words of all epochs together. Collective. */
static tartan_status add_up(app_run *run, job *j)
{
  const app_recommend_settings base = SET;
  const int64_t                settings = SET.sweep ? j->sweep.count : 1;
  tartan_recommend_opts        last = {.size = 0};
  tartan_cost                  sum = {.flops = 0}, one = {.flops = 0};
  tartan_status                st = TARTAN_OK;

  for (int64_t i = 0; i < settings; i++) {
    if (SET.sweep) app_sweep_set(&j->sweep, i);
    const tartan_recommend_opts opts = app_recommend_opts();
    const double                times = app_recommend_is_linear() ? 1 : (double)SET.iterations;

    if (app_recommend_is_linear())
      TRY(app_linear_plan(j->data.train, &one));
    else if (i == 0 || !same_work(&opts, &last))
      TRY(tartan_recommend_plan(j->data.train, &opts, &one));
    last = opts;
    sum.flops += one.flops * times;
    sum.words += one.words * times;
    sum.seconds += one.seconds * times;
    if (i > 0 && one.memory <= run->plan.memory) continue;
    run->plan = one;
    j->largest = SET;
  }
  j->epoch = run->plan;
  run->plan.flops = sum.flops;
  run->plan.words = sum.words;
  run->plan.seconds = sum.seconds;
  run->plan.bytes_read = (double)run->grid->counters.bytes_read;
done:
  SET = base;
  return st;
}

/* The memory as a sum. */
static void print_formula(const app_run *run, const job *j)
{
  const app_recommend_settings base = SET;
  tt_recommend_parts           p;
  char                         text[3][24];

  SET = j->largest;
  const tartan_recommend_opts opts = app_recommend_opts();

  (void)tt_recommend_memory(j->data.train, &opts, &p);
  app_say(
      run,
      "factors  %s of a rank last (ratings, lists, factors), and the larger of %s to put ratings in order and %s in an "
      "epoch\n",
      tt_bytes_text(p.lasting, text[0]), tt_bytes_text(p.sorted, text[1]), tt_bytes_text(p.epoch, text[2]));
  SET = base;
}

static tartan_status print_plan(app_run *run, const job *j)
{
  char words[48];

  if (SET.sweep)
    app_say(run, "sweep    %lld settings; figures of an epoch and of memory are those of the largest\n",
            (long long)j->sweep.count);
  if (j->epoch.flops > 0 && j->largest.model < TARTAN_RECOMMEND_EASE) {
    app_say(run, "epochs   %lld%s, each %s per rank over MPI and %.3g Gflop\n", (long long)j->largest.iterations,
            SET.sweep ? " of a setting" : "", app_words_text(j->epoch.words, words), j->epoch.flops * 1e-9);
    print_formula(run, j);
  }
  if (j->largest.model >= TARTAN_RECOMMEND_EASE) app_linear_print_plan(run, &j->epoch, j->largest.model);
  return app_result_print_plan(run, 0);
}

static tartan_status plan(app_run *run, job *j)
{
  tartan_status st = TARTAN_OK;

  TRY(add_up(run, j));
  run->plan.reason[strcspn(run->plan.reason, ";")] = 0; /* "; figures of one epoch" */
  TRY(app_plan_seconds(run));
  if (app_result_set.plan)
    TRY(print_plan(run, j));
  else
    TRY(app_plan_fits(run, "the training", run->plan.memory, ", or use more ranks"));
done:
  return st;
}

/* Plan, seconds and counters of the epochs of this run, without what is read and measured between them. */
static void note_epochs(app_run *run, const job *j)
{
  if (SET.sweep || j->epoch.flops <= 0) return;
  run->plan.seconds -= j->epoch.seconds * ((double)SET.iterations - j->training.ran);
  run->plan.words = j->training.predicted;
  run->taken = j->training.seconds;
  run->moved = j->training.moved;
  run->counted = true;
}

static tartan_status epochs(app_run *run, job *j)
{
  const tartan_status st = app_recommend_epochs(run, &j->data, j->result.path, &j->training);

  note_epochs(run, j);
  return st;
}

/* The end: where the time went, the page, the files. Collective. */
static tartan_status finish(app_run *run, const job *j)
{
  app_recommend_page page = {.run = run,
                             .data = &j->data,
                             .training = &j->training,
                             .sweep = SET.sweep ? &j->sweep : NULL,
                             .output = j->result.path};
  tartan_status      st = TARTAN_OK;

  TRY(app_result_end(run, &j->result, NULL));
  if (!SET.report) goto done;
  TRY(app_recommend_report(run, SET.report, &page));
  app_say_written(run, SET.report, NULL);
done:
  return st;
}

static tartan_status train(app_run *run, const char *const *operands, int count)
{
  static job    j;
  const char   *sources[3] = {operands[0], SET.validation, SET.sweep};
  bool          done = false;
  tartan_status st = TARTAN_OK;

  (void)count;
  j = (job){.trained = false};
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(check_options());
  if (!SET.sweep) app_recommend_settle();
  TRY(app_result_begin(run, app_result_set.output, "recommend.h5", sources, 3, &j.result));
  if (SET.report) TRY(app_check_output(run, SET.report, sources, 3));
  if (SET.sweep) TRY(app_sweep_read(run, &app_cmd_recommend_train, &j.sweep));
  TRY(app_recommend_read(run, operands[0], &j.data));
  if (!app_result_set.plan) TRY(look(run, &j, &done));
  if (done && SET.report)
    tt_grid_warn(run->grid,
                 "--report %s is not written: a page is made with a new result, and %s is complete; --force trains it "
                 "again",
                 SET.report, j.result.path);
  if (done) goto done;
  TRY(app_recommend_split(run, &j.data));
  TRY(plan(run, &j));
  if (app_result_set.plan) goto done;
  if (SET.sweep || !app_recommend_is_linear())
    TRY(app_long_begin(run, &j.result)); /* what is fitted at once just ends */
  if (SET.sweep)
    TRY(app_sweep_train(run, &j.data, &j.result, &j.sweep, &j.training));
  else
    TRY(epochs(run, &j));
  TRY(app_recommend_save(run, &j.result, &j.data, &j.training, SET.sweep ? &j.sweep : NULL));
  app_recommend_settle(); /* of a sweep: those of the best */
  j.trained = true;
  app_long_end(run);
  if (SET.sweep) app_sweep_clean(run, &j.result);
  if (SET.sweep) app_sweep_print(run, &j.data, &j.sweep);
  if (j.training.best > 0)
    app_say(run, "best epoch %lld of %lld\n", (long long)j.training.best, (long long)j.training.epochs);
  TRY(finish(run, &j));
done:
  return st;
}

const app_command app_cmd_recommend_train = {
    .name = "recommend train",
    .group = "Models",
    .summary = "factors of users and items from ratings, explicit or implicit, or weights between items",
    .operands = "RATINGS.h5[:/group]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "RATINGS.h5 has the columns user, item, rating and perhaps timestamp, or a sparse matrix with users in "
             "rows.\n\n"
             "Examples:\n"
             "  mpirun -n 2 tartan recommend train ratings.h5 --model als -k 20 --regularization 0.2 --split random\n"
             "  mpirun -n 4 tartan recommend train plays.h5 -k 128 --unobserved-weight 0.05 -o model.h5\n"
             "  mpirun -n 4 tartan recommend train plays.h5 --model ease --binarize --regularization 500\n",
    .run = train,
    .plans = true,
};
