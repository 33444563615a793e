/*
 * The settings of a sweep, one after the other on the same data. Two files beside the result keep what is finished: the state
 * of the best model, and a list with a line for each setting. The model is written before the list, so a run that is cut off
 * between them trains one setting again and comes to the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/text_file.h"
#include "recommend_linear.h"
#include "recommend_ranking.h"
#include "recommend_sweep.h"

#define LINE_LENGTH 200
#define SHOWN 20

/* ------------------------------------------------------------------------------------------------ the list */

/* The first line is the configuration, then one for each setting, numbers in hexadecimal. Collective. */
static tartan_status write_list(app_run *run, const app_sweep *sweep, const char *configuration, const char *path)
{
  const size_t  size = strlen(configuration) + 2 + (size_t)sweep->finished * LINE_LENGTH;
  size_t        n;
  char         *text;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  text = tt_alloc_zero(&run->grid->memory, (int64_t)size, 1, "a list of settings", &local);
  AGREE(run->grid, local);
  n = (size_t)snprintf(text, size, "%s\n", configuration);
  for (int64_t i = 0; i < sweep->finished && n < size; i++) {
    const app_outcome *o = &sweep->outcome[i];

    n += (size_t)snprintf(text + n, size - n, "%lld %d %a %a %a %a %a\n", (long long)o->epochs, o->failed, o->metric,
                          o->loss, o->rmse, o->mae, o->seconds);
  }
  TRY(app_text_write(run, path, text));
done:
  tt_free(text);
  return st;
}

static bool better(const app_outcome *a, const app_outcome *b)
{
  if (a->failed != b->failed) return b->failed;
  if (isnan(a->metric) != isnan(b->metric)) return isnan(b->metric);
  return app_stop_better(a->metric, b->metric);
}

static void note_best(app_sweep *sweep, int64_t i)
{
  if (sweep->outcome[i].failed) return;
  if (sweep->best < 0 || better(&sweep->outcome[i], &sweep->outcome[sweep->best])) sweep->best = i;
}

/* What an earlier run has finished. Collective. */
static tartan_status read_list(app_run *run, app_sweep *sweep, const char *configuration, const char *path)
{
  size_t        length = strlen(configuration);
  char         *text = NULL;
  bool          there = false;
  int64_t       same;
  tartan_status st = TARTAN_OK;

  if (app_long_anew()) goto done;
  TRY(app_long_look_for(run, path, &there));
  if (!there) goto done;
  TRY(app_text_read(run, path, (int64_t)length + 2 + (sweep->count + 1) * LINE_LENGTH + 8192, &text));
  same = strncmp(text, configuration, length) == 0 && text[length] == '\n';
  TRY(tt_bcast(run->grid, &same, 1, sizeof same, 0)); /* ranks may see another time of the input */
  REQUIRE(same, TARTAN_ERR_CHECKPOINT,
          "%s lists the settings of another sweep, or of other data: --resume never begins anew", path);
  length = strcspn(text, "\n");
  for (const char *line = text + length; line && line[1] && sweep->finished < sweep->count;
       line = strchr(line + 1, '\n')) {
    app_outcome *o = &sweep->outcome[sweep->finished];
    long long    epochs;
    int          failed;

    REQUIRE(sscanf(line + 1, "%lld %d %la %la %la %la %la", &epochs, &failed, &o->metric, &o->loss, &o->rmse, &o->mae,
                   &o->seconds) == 7,
            TARTAN_ERR_CHECKPOINT, "%s is damaged: --resume never begins anew", path);
    o->setting = sweep->finished;
    o->epochs = epochs;
    o->failed = failed != 0;
    note_best(sweep, sweep->finished++);
  }
  if (sweep->finished > 0)
    app_tell(run, "goes on after setting %lld of %lld, from %s\n", (long long)sweep->finished, (long long)sweep->count,
             path);
done:
  tt_free(text);
  return st;
}

/* ------------------------------------------------------------------------------------------------ training */

#define ROW_TEXT (APP_SETTING_TEXT + 160)

static const char *head_text(const app_recommend_data *data, const char *first, char text[ROW_TEXT])
{
  snprintf(text, ROW_TEXT, "%s  %16s%s  epochs   seconds  setting\n", first, "loss",
           data->validation ? "      rmse       mae" : "");
  return text;
}

static const char *row_text(const app_recommend_data *data, const app_sweep *sweep, int64_t number,
                            const app_outcome *o, char text[ROW_TEXT])
{
  char setting[APP_SETTING_TEXT], errors[48] = "", loss[32] = "-"; /* ease has none */

  app_sweep_text(sweep, o->setting, setting);
  if (data->validation) snprintf(errors, sizeof errors, "  %8.6f  %8.6f", o->rmse, o->mae);
  if (!isnan(o->loss)) snprintf(loss, sizeof loss, "%.10g", o->loss);
  if (o->failed)
    snprintf(text, ROW_TEXT, "%7lld  %16s%*s  %6s  %8s  %s\n", (long long)number, "failed", data->validation ? 20 : 0,
             "", "-", "-", setting);
  else
    snprintf(text, ROW_TEXT, "%7lld  %16s%s  %6lld  %8.3f  %s\n", (long long)number, loss, errors, (long long)o->epochs,
             o->seconds, setting);
  return text;
}

static void take_outcome(const app_recommend_data *data, const app_training *t, double seconds, app_outcome *o)
{
  const app_epoch *e = &t->history[t->best > 0 ? t->best - 1 : t->epochs - 1];

  *o = (app_outcome){.setting = o->setting,
                     .epochs = (int64_t)e->epoch,
                     .metric = app_recommend_metric(data, e),
                     .loss = e->loss,
                     .rmse = e->rmse,
                     .mae = e->mae,
                     .seconds = seconds};
}

/* One setting, from its checkpoint if there is one, and its line in the list. Collective. */
static tartan_status train_one(app_run *run, const app_recommend_data *data, const app_result *result, app_sweep *sweep,
                               app_training *t, const char *const files[2])
{
  app_outcome  *o = &sweep->outcome[sweep->finished];
  double        sum = 0;
  char          row[ROW_TEXT];
  tartan_status st = TARTAN_OK, trained;

  *o = (app_outcome){.setting = sweep->finished};
  app_sweep_set(sweep, sweep->finished);
  t->part = sweep->finished;
  t->parts = sweep->count;
  trained = app_recommend_epochs(run, data, result->path, t);
  o->failed = trained == TARTAN_ERR_NUMERIC;
  if (!o->failed) TRY(trained);
  for (int64_t i = 0; i < t->epochs; i++) sum += t->history[i].seconds;
  if (!o->failed) take_outcome(data, t, sum, o);
  note_best(sweep, sweep->finished);
  if (sweep->best == sweep->finished) TRY(app_recommend_put(run, t, files[1]));
  if (run->rank == 0) tt_checkpoint_remove(t->file);
  sweep->finished++;
  TRY(write_list(run, sweep, result->configuration, files[0]));
  app_tell(run, "%s", row_text(data, sweep, sweep->finished, o, row));
  fflush(stdout);
done:
  return st;
}

/* The name of the list and that of the best model. */
static tartan_status name_files(const app_result *result, char list[TT_PATH_MAX], char best[TT_PATH_MAX])
{
  tartan_status st = TARTAN_OK;

  TRY(app_long_beside(result->path, ".sweep", list));
  TRY(app_long_beside(result->path, ".sweep.best", best));
done:
  return st;
}

static int compare(const void *a, const void *b)
{
  const app_outcome *x = a, *y = b;

  if (better(x, y)) return -1;
  if (better(y, x)) return 1;
  return (x->setting > y->setting) - (x->setting < y->setting);
}

/* Takes the best model up. Where its state was damaged, the one before it is of another setting. Collective. */
static tartan_status take_best(app_run *run, const app_recommend_data *data, const app_sweep *sweep,
                               const char *const files[2], app_training *t)
{
  const app_outcome *best = &sweep->outcome[sweep->best];
  app_outcome        taken = {.setting = sweep->best};
  tartan_status      st = TARTAN_OK;

  app_sweep_set(sweep, sweep->best);
  TRY(app_recommend_take(run, data, files[1], t));
  if (app_recommend_is_linear()) goto done; /* it was fitted again */
  if (t->epochs > 0) take_outcome(data, t, 0, &taken);
  REQUIRE(taken.epochs == best->epochs && memcmp(&taken.loss, &best->loss, sizeof taken.loss) == 0,
          TARTAN_ERR_CHECKPOINT, "%s does not hold the best model that %s lists: --resume never begins anew", files[1],
          files[0]);
done:
  return st;
}

tartan_status app_sweep_train(app_run *run, const app_recommend_data *data, const app_result *result, app_sweep *sweep,
                              app_training *t)
{
  char              list[TT_PATH_MAX], best[TT_PATH_MAX];
  const char *const files[2] = {list, best};
  char              row[ROW_TEXT];
  tt_verdict        verdict;
  tartan_status     st = TARTAN_OK;

  sweep->metric = app_recommend_metric_name(data);
  TRY(name_files(result, list, best));
  TRY(read_list(run, sweep, result->configuration, list));
  app_tell(run, "sweep of %lld settings, by the %s %s%s\n", (long long)sweep->count,
           app_stop_metric() ? "largest" : "least", sweep->metric,
           data->validation ? " of what was held out" : ": nothing is held out");
  app_tell(run, "%s", head_text(data, "    no.", row));
  while (sweep->finished < sweep->count) {
    TRY(train_one(run, data, result, sweep, t, files));
    if (sweep->finished == sweep->count) break;
    TRY(tt_checkpoint_look(run->grid, t->last.seconds, &verdict));
    app_training_end(t);
    REQUIRE(verdict != TT_STOP, TARTAN_ERR_INTERRUPTED,
            "stopped after setting %lld of %lld by %s: the same command goes on", (long long)sweep->finished,
            (long long)sweep->count, run->grid->checkpoint->reason);
  }
  app_training_end(t);
  REQUIRE(sweep->best >= 0, TARTAN_ERR_NUMERIC,
          "no setting could be trained: their equations are not positive definite");
  TRY(take_best(run, data, sweep, files, t));
  qsort(sweep->outcome, (size_t)sweep->count, sizeof *sweep->outcome, compare);
done:
  return st;
}

void app_sweep_clean(const app_run *run, const app_result *result)
{
  char list[TT_PATH_MAX], best[TT_PATH_MAX];

  if (run->rank != 0 || name_files(result, list, best) != TARTAN_OK) return;
  (void)unlink(list);
  tt_checkpoint_remove(best);
}

/* ------------------------------------------------------------------------------------------------ the leaderboard */

void app_sweep_print(const app_run *run, const app_recommend_data *data, const app_sweep *sweep)
{
  const int64_t shown = app_set.verbose ? sweep->count : tt_min(sweep->count, SHOWN);
  char          row[ROW_TEXT];

  app_say(run, "\nleaderboard, by %s\n%s", sweep->metric, head_text(data, "   rank", row));
  for (int64_t i = 0; i < shown; i++) app_say(run, "%s", row_text(data, sweep, i + 1, &sweep->outcome[i], row));
  if (shown < sweep->count)
    app_say(run, "    ...  and %lld more in the result (--verbose prints all)\n", (long long)(sweep->count - shown));
}

/* A column of numbers in the order of the leaderboard. */
static void put_column(tt_output *out, const app_sweep *sweep, const char *name, size_t member)
{
  double values[APP_SWEEP_MOST];

  for (int64_t i = 0; i < sweep->count; i++)
    memcpy(&values[i], (const char *)&sweep->outcome[i] + member, sizeof values[i]);
  tt_output_vector(out, name, sweep->count, values);
}

void app_sweep_write(tt_output *out, const app_recommend_data *data, const app_sweep *sweep, tartan_status *local)
{
  const char **names;
  char        *text = NULL;
  int64_t      epochs[APP_SWEEP_MOST];

  names = tt_texts_alloc(NULL, sweep->count, sweep->count * APP_SETTING_TEXT, "names of settings", &text, local);
  for (int64_t i = 0; names && i < sweep->count; i++) {
    app_sweep_text(sweep, sweep->outcome[i].setting, text);
    names[i] = text;
    text += strlen(text) + 1;
    epochs[i] = sweep->outcome[i].epochs;
  }
  if (names) tt_output_strings(out, "/leaderboard/setting", sweep->count, names);
  if (names) tt_output_counts(out, "/leaderboard/epochs", sweep->count, epochs);
  tt_free(names);
  put_column(out, sweep, "/leaderboard/metric", offsetof(app_outcome, metric));
  put_column(out, sweep, "/leaderboard/loss", offsetof(app_outcome, loss));
  put_column(out, sweep, "/leaderboard/seconds", offsetof(app_outcome, seconds));
  tt_output_text(out, "/leaderboard/metric", "name", sweep->metric);
  if (!data->validation) return;
  put_column(out, sweep, "/leaderboard/rmse", offsetof(app_outcome, rmse));
  put_column(out, sweep, "/leaderboard/mae", offsetof(app_outcome, mae));
}

void app_sweep_json(app_json *json, const app_sweep *sweep)
{
  char text[APP_SETTING_TEXT];

  app_json_text(json, "metric", sweep->metric);
  app_json_array(json, "leaderboard");
  for (int64_t i = 0; i < sweep->count; i++) {
    const app_outcome *o = &sweep->outcome[i];

    app_json_object(json, NULL);
    app_json_text(json, "setting", app_sweep_text(sweep, o->setting, text));
    app_json_object(json, "options");
    for (int a = 0; a < sweep->axes; a++)
      app_json_text(json, sweep->axis[a].option->name, app_sweep_value(sweep, o->setting, a));
    app_json_end_object(json);
    app_json_flag(json, "failed", o->failed);
    app_json_number(json, "metric", o->metric);
    app_json_number(json, "loss", o->loss);
    app_json_number(json, "rmse", o->rmse);
    app_json_number(json, "mae", o->mae);
    app_json_count(json, "epochs", o->epochs);
    app_json_number(json, "seconds", o->seconds);
    app_json_end_object(json);
  }
  app_json_end_array(json);
}
