/*
 * tartan recommend evaluate: how good the lists and predictions of models are, by ratings that they were not trained on. Every
 * item of the catalogue is ranked.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "common/plan.h"
#include "evaluate.h"

app_evaluate_settings app_evaluate_set = {.metrics = "recall@20,ndcg@20",
                                          .least = -HUGE_VAL,
                                          .confidence = 0.95,
                                          .resamples = 1000};

#define SET app_evaluate_set

static const app_option options[] = {
    {"test", 't', APP_OPTION_TEXT, &SET.test, "FILE.h5", NULL,
     "required: ratings that the models have not seen; users and items are matched by id"},
    {"train", 0, APP_OPTION_TEXT, &SET.train, "FILE.h5", NULL,
     "what users had before, hidden from their lists: the ratings of the training (weak generalization)"},
    {"seen", 0, APP_OPTION_TEXT, &SET.train, "FILE.h5", NULL, "the same as --train"},
    {"fold-in", 0, APP_OPTION_TEXT, &SET.fold_in, "FILE.h5", NULL,
     "users the models were not trained with: their profiles are made of these ratings, which are hidden from their "
     "lists (strong generalization)"},
    {"metrics", 0, APP_OPTION_TEXT, &SET.metrics, "LIST", "recall@20,ndcg@20",
     "of recall@K, recall_capped@K, precision@K, hit@K, ndcg@K, map@K, mrr@K, coverage@K, rmse, mae"},
    {"min-relevant", 0, APP_OPTION_REAL, &SET.least, "X", "all",
     "test ratings below are not relevant; rmse and mae are of all"},
    {"unknown-items", 0, APP_OPTION_CHOICE, &SET.unknown_items, "drop|count", "drop",
     "test ratings of items that the models do not have: left out, or relevant items that no list can have"},
    {"bootstrap", 0, APP_OPTION_COUNT, &SET.resamples, "N", "1000", "resamples of users for the intervals; 0: none"},
    {"confidence", 0, APP_OPTION_REAL, &SET.confidence, "X", "0.95", "of the intervals"},
    {"seed", 0, APP_OPTION_COUNT, &SET.seed, "N", "0", "of the resamples"},
    {"per-user", 0, APP_OPTION_FLAG, &SET.per_user, NULL, NULL, "also the values of each user"},
    {"report", 0, APP_OPTION_TEXT, &SET.report, "FILE.html", NULL,
     "write a page with plots and examples, for a browser"},
    {"item-names", 0, APP_OPTION_TEXT, &SET.item_names, "FILE.csv|FILE.h5", NULL,
     "names of items for the page: columns of ids and names, \"movieId,title\""},
    APP_RESULT_OPTIONS("MODEL.evaluate.h5 beside the model"),
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_evaluation evaluation;
  app_result     result;
  bool           judged;
} job;

static void release(void *context)
{
  job *j = context;

  app_evaluate_end(&j->evaluation);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  if (j->judged) app_evaluate_json(json, &j->evaluation);
  if (j->judged) app_json_text(json, "output", j->result.path);
  app_json_end_object(json);
}

static tartan_status check_options(job *j)
{
  tartan_status st = TARTAN_OK;

  TRY(app_result_check_options());
  REQUIRE(SET.test, TARTAN_ERR_ARG, "evaluate by what? give --test FILE.h5");
  REQUIRE(!SET.train || !SET.fold_in, TARTAN_ERR_ARG,
          "--train and --fold-in do not go together: users are the model's, or new ones with a history");
  REQUIRE(SET.confidence > 0 && SET.confidence < 1, TARTAN_ERR_ARG, "--confidence %g: give a number between 0 and 1",
          SET.confidence);
  REQUIRE(SET.resamples <= 1000000, TARTAN_ERR_ARG, "--bootstrap %lld: give at most 1000000", (long long)SET.resamples);
  REQUIRE(SET.report || !SET.item_names, TARTAN_ERR_ARG, "--item-names goes with --report");
  TRY(app_metrics_read("--metrics", SET.metrics, &j->evaluation.metrics));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ provenance */

static void note_inputs(app_notes *notes, const app_evaluation *e)
{
  static const char *const models[APP_EVALUATE_MODELS][3] = {{"input", "input_size", "input_time"},
                                                             {"input_2", "input_2_size", "input_2_time"},
                                                             {"input_3", "input_3_size", "input_3_time"},
                                                             {"input_4", "input_4_size", "input_4_time"},
                                                             {"input_5", "input_5_size", "input_5_time"},
                                                             {"input_6", "input_6_size", "input_6_time"},
                                                             {"input_7", "input_7_size", "input_7_time"},
                                                             {"input_8", "input_8_size", "input_8_time"}};
  static const char *const test[] = {"input_test", "input_test_size", "input_test_time"};
  static const char *const train[] = {"input_train", "input_train_size", "input_train_time"};
  static const char *const fold_in[] = {"input_fold_in", "input_fold_in_size", "input_fold_in_time"};

  for (int m = 0; m < e->models; m++) app_note_source(notes, models[m], e->judged[m].path);
  app_note_source(notes, test, SET.test);
  if (SET.train) app_note_source(notes, train, SET.train);
  if (SET.fold_in) app_note_source(notes, fold_in, SET.fold_in);
}

static void note_options(app_notes *notes, const app_evaluation *e)
{
  char list[APP_METRICS_MAX * 48] = "";

  for (int m = 0; m < e->metrics.count; m++) {
    const size_t n = strlen(list);

    snprintf(list + n, sizeof list - n, "%s%s", m ? "," : "", e->metrics.metric[m].name);
  }
  app_note(notes, "metrics", "%s", list);
  app_note(notes, "min_relevant", "%.17g", SET.least);
  app_note(notes, "unknown_items", "%s", SET.unknown_items == APP_UNKNOWN_DROP ? "drop" : "count");
  app_note_count(notes, "bootstrap", SET.resamples);
  app_note(notes, "confidence", "%.17g", SET.confidence);
  app_note_count(notes, "seed", SET.seed);
  app_note(notes, "generalization", "%s", SET.fold_in ? "strong" : "weak");
  app_note(notes, "per_user", "%s", SET.per_user ? "yes" : "no");
}

/* The configuration: options, and the files by name, size and time. Collective. */
static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  note_options(&notes, &j->evaluation);
  app_note(&notes, "command", "recommend evaluate");
  note_inputs(&notes, &j->evaluation);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

static tartan_status save(app_run *run, const job *j)
{
  app_notes notes = {.count = 0};

  note_options(&notes, &j->evaluation);
  note_inputs(&notes, &j->evaluation);
  app_note_count(&notes, "reproducible", 1);
  return app_evaluate_save(run, &j->evaluation, &j->result, &notes);
}

/* ------------------------------------------------------------------------------------------------ the command */

/* Models, --test, --train, --fold-in and --item-names: none of them may be written. */
static int list_sources(const char *const *operands, int count, const char *sources[APP_EVALUATE_MODELS + 4])
{
  for (int i = 0; i < count; i++) sources[i] = operands[i];
  sources[count] = SET.test;
  sources[count + 1] = SET.train;
  sources[count + 2] = SET.fold_in;
  sources[count + 3] = SET.item_names;
  return count + 4;
}

/* The end: where the time went, the page, the files. Collective. */
static tartan_status finish(app_run *run, job *j)
{
  tartan_status st = TARTAN_OK;

  TRY(app_result_end(run, &j->result, "/metrics"));
  if (!SET.report) goto done;
  TRY(app_evaluate_report(run, SET.report, &j->evaluation));
  app_say_written(run, SET.report, NULL);
done:
  return st;
}

static tartan_status evaluate(app_run *run, const char *const *operands, int count)
{
  static job    j;
  const char   *sources[APP_EVALUATE_MODELS + 4];
  const int     files = list_sources(operands, count, sources);
  bool          done = false;
  tartan_status st = TARTAN_OK;

  j = (job){.judged = false};
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(check_options(&j));
  TRY(app_result_begin(run, app_result_set.output, "evaluate.h5", sources, files, &j.result));
  if (SET.report) TRY(app_check_output(run, SET.report, sources, files));
  TRY(app_evaluate_read(run, operands, count, &j.evaluation));
  if (!app_result_set.plan) TRY(look(run, &j, &done));
  if (done && SET.report)
    tt_grid_warn(run->grid,
                 "--report %s is not written: a page is made with a new result, and %s is complete; --force makes it "
                 "again",
                 SET.report, j.result.path);
  if (done) goto done;
  TRY(app_evaluate_plan(run, &j.evaluation));
  if (app_result_set.plan) {
    TRY(app_result_print_plan(run, 0));
    goto done;
  }
  TRY(app_evaluate_judge(run, &j.evaluation));
  j.judged = true;
  TRY(save(run, &j));
  app_run_progress_end(run);
  app_evaluate_print(run, &j.evaluation);
  TRY(finish(run, &j));
done:
  return st;
}

const app_command app_cmd_recommend_evaluate = {
    .name = "recommend evaluate",
    .group = "Models",
    .summary = "how good the lists and predictions of recommenders are, by ratings that they have not seen",
    .operands = "MODEL.h5 [MODEL2.h5 ...]",
    .operands_min = 1,
    .operands_max = APP_EVALUATE_MODELS,
    .options = {options, app_run_options},
    .notes =
        "Every item of the catalogue is ranked, none is sampled. Values are means over users with a relevant item; "
        "intervals are those of a bootstrap over users. recall@K divides by the number of relevant items, "
        "recall_capped@K by that or K, whichever is less. Of several models the differences to the first are "
        "given, by the same resamples.\n\n"
        "Examples:\n"
        "  mpirun -n 2 tartan recommend evaluate model.h5 --test test.h5 --train train.h5 --metrics "
        "recall@20,ndcg@100\n"
        "  mpirun -n 2 tartan recommend evaluate ials.h5 ease.h5 --test test.h5 --fold-in history.h5 --report "
        "page.html\n",
    .run = evaluate,
    .plans = true,
};
