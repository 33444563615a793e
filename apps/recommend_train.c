/*
 * The epochs of a training: a line each, the best one remembered, a checkpoint on a period, on a signal and before the time is
 * up. The checkpoint carries the history, so a run that goes on ends like one that was never interrupted.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/recommend_words.h"
#include "recommend_linear.h"
#include "recommend_ranking.h"

/* ------------------------------------------------------------------------------------------------ history as text */

#define LINE_LENGTH 200

/*
 * What the best epoch is and by which measure; then one line an epoch, numbers in hexadecimal, so that they come back with their
 * bits.
 */
static tartan_status history_text(app_run *run, const app_training *t, char **text)
{
  const size_t  size = (size_t)(t->epochs + 1) * LINE_LENGTH;
  size_t        n = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *text = tt_alloc_zero(&run->grid->memory, (int64_t)size, 1, "a history", &local);
  AGREE(run->grid, local);
  n += (size_t)snprintf(*text, size, "%lld %d %.60s\n", (long long)t->best, t->stopped, app_stop_name());
  for (int64_t i = 0; i < t->epochs && n < size; i++) {
    const app_epoch *e = &t->history[i];

    n += (size_t)snprintf(*text + n, size - n, "%a %a %a %a %a %a\n", e->epoch, e->loss, e->rmse, e->mae, e->seconds,
                          e->ranking);
  }
done:
  return st;
}

static tartan_status read_history(const char *text, app_training *t)
{
  long long best = 0;
  int       stopped = 0;
  char      measure[64] = "";

  if (sscanf(text, "%lld %d %63s", &best, &stopped, measure) == 3 && strcmp(measure, app_stop_name()) != 0)
    return tt_fail(TARTAN_ERR_CHECKPOINT,
                   "the state is of a training with --early-stop %s: give that, or --resume never, which begins anew",
                   measure);
  t->best = best;
  t->stopped = stopped != 0;
  t->epochs = 0;
  for (const char *line = strchr(text, '\n'); line && line[1] && t->epochs < app_recommend_set.iterations;
       line = strchr(line + 1, '\n')) {
    app_epoch *e = &t->history[t->epochs];

    e->ranking = NAN;
    if (sscanf(line + 1, "%la %la %la %la %la %la", &e->epoch, &e->loss, &e->rmse, &e->mae, &e->seconds, &e->ranking) <
        5)
      break;
    t->epochs++;
  }
  return TARTAN_OK;
}

/* ------------------------------------------------------------------------------------------------ checkpoints */

tartan_status app_recommend_put(app_run *run, const app_training *t, const char *path)
{
  char         *text = NULL;
  tartan_status st = TARTAN_OK;

  if (t->linear) goto done; /* it is fitted again from the data, to the same */
  TRY(history_text(run, t, &text));
  TRY(tartan_recommender_checkpoint(t->model, path, text));
done:
  tt_free(text);
  return st;
}

/* A model that has seen nothing. Collective. */
static tartan_status begin(app_run *run, const app_recommend_data *data, app_training *t)
{
  const tartan_recommend_opts opts = app_recommend_opts();
  tartan_status               st = TARTAN_OK, local = TARTAN_OK;

  t->history = tt_alloc_zero(&run->grid->memory, app_recommend_set.iterations + 1, sizeof *t->history, "a history",
                             &local);
  AGREE(run->grid, local);
  TRY(tartan_recommender_create(data->train, &opts, &t->model));
  TRY(app_recommend_cold(run, data, t->model, t->cold));
  for (int i = 0; i < 2; i++) TRY(tt_recommend_epoch_words(t->model, i == 0, &t->planned[i]));
  t->predicted = t->moved = t->ran = t->seconds = 0;
done:
  return st;
}

void app_training_end(app_training *t)
{
  tartan_recommender_destroy(&t->model);
  tartan_predictor_destroy(&t->linear);
  tt_free(t->values);
  tt_free(t->history);
  t->values = NULL;
  t->history = NULL;
  t->epochs = t->best = 0;
  t->stopped = t->resumed = false;
}

static tartan_status take(app_training *t, const char *path)
{
  char         *text = NULL;
  tartan_status st = TARTAN_OK;

  TRY(tartan_recommender_resume(t->model, path, &text));
  TRY(read_history(text, t));
done:
  tartan_recommender_note_free(&text);
  return st;
}

tartan_status app_recommend_take(app_run *run, const app_recommend_data *data, const char *path, app_training *t)
{
  tartan_status st = TARTAN_OK;

  if (app_recommend_is_linear()) return app_linear_fit(run, data, t);
  TRY(begin(run, data, t));
  TRY(take(t, path));
done:
  return st;
}

static tartan_status resume(app_run *run, app_training *t)
{
  const char   *from = app_long_from() ? app_long_from() : t->file;
  bool          there = app_long_from() != NULL;
  tartan_status st = TARTAN_OK;

  if (app_long_anew()) goto done;
  if (!there) TRY(app_long_look_for(run, from, &there));
  if (!there) goto done;
  TRY(take(t, from));
  t->resumed = true;
  app_tell(run, "goes on after epoch %lld, from %s\n", (long long)t->epochs, from);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ epochs */

const char *app_recommend_metric_name(const app_recommend_data *data)
{
  const bool stops = app_recommend_set.early_stop != APP_STOP_NEVER;

  return !data->validation ? "loss" : stops ? app_stop_name() : "rmse";
}

double app_recommend_metric(const app_recommend_data *data, const app_epoch *e)
{
  const int stop = app_recommend_set.early_stop;

  return !data->validation ? e->loss : stop == APP_STOP_RANKING ? e->ranking : stop == APP_STOP_MAE ? e->mae : e->rmse;
}

/* Remembers the best epoch; ends the training where none was better for `patience` epochs. Collective. */
static tartan_status judge(const app_recommend_data *data, app_training *t)
{
  const app_epoch *now = &t->history[t->epochs - 1];
  tartan_status    st = TARTAN_OK;

  if (app_recommend_set.early_stop == APP_STOP_NEVER) goto done;
  if (t->best == 0 ||
      app_stop_better(app_recommend_metric(data, now), app_recommend_metric(data, &t->history[t->best - 1]))) {
    t->best = t->epochs;
    TRY(tartan_recommender_keep(t->model));
  }
  t->stopped = t->epochs - t->best >= app_recommend_set.patience;
done:
  return st;
}

static void print_epoch(const app_run *run, const app_recommend_data *data, const app_epoch *e)
{
  if (e->epoch == 1)
    app_tell(run, " epoch  %16s%s%s%s   seconds\n", "loss", data->validation ? "      rmse       mae" : "",
             app_stop_metric() ? "  " : "", app_stop_metric() ? app_stop_name() : "");
  app_tell(run, "%6.0f  %16.10g", e->epoch, e->loss);
  if (data->validation) app_tell(run, "  %8.6f  %8.6f", e->rmse, e->mae);
  if (app_stop_metric()) app_tell(run, "  %*.6f", (int)strlen(app_stop_name()), e->ranking);
  app_tell(run, "  %8.3f\n", e->seconds);
  fflush(stdout);
}

/* Errors on all that was held out. Collective. */
static tartan_status measure(const app_recommend_data *data, const app_training *t, app_epoch *e)
{
  tartan_status st = TARTAN_OK;

  if (!data->validation) goto done;
  TRY(tartan_recommender_errors(t->model, data->validation, &e->rmse, &e->mae));
  app_recommend_add_cold(data, t, e);
done:
  return st;
}

/* One epoch and what it came to. Collective. */
static tartan_status step(app_run *run, const app_recommend_data *data, app_training *t)
{
  app_epoch        *e = &t->history[t->epochs];
  tartan_predictor *now = NULL;
  tartan_status     st = TARTAN_OK;

  TRY(tartan_recommender_epoch(t->model, &t->last));
  t->predicted += t->planned[t->ran > 0];
  t->moved += t->last.words;
  t->seconds += t->last.seconds;
  t->ran++;
  *e = (app_epoch){(double)t->last.epoch, t->last.loss, (double)NAN, (double)NAN, t->last.seconds, (double)NAN};
  TRY(measure(data, t, e));
  TRY(tartan_predictor_from_recommender(t->model, &now));
  TRY(app_stop_measure(data, now, &e->ranking));
  t->epochs++;
  TRY(judge(data, t));
  if (t->parts == 0 || app_set.verbose) print_epoch(run, data, e);
  tt_grid_progress(run->grid, "training",
                   ((double)t->part + (double)t->epochs / (double)app_recommend_set.iterations) /
                       (double)tt_max(1, t->parts));
done:
  tartan_predictor_destroy(&now);
  return st;
}

/* Stops here with the state written, or writes it and goes on, or neither. Collective. */
static tartan_status look(app_run *run, const app_training *t)
{
  tt_verdict    verdict;
  char          where[48];
  tartan_status st = TARTAN_OK;

  TRY(tt_checkpoint_look(run->grid, t->last.seconds, &verdict));
  if (verdict == TT_GO) goto done;
  snprintf(where, sizeof where, "after epoch %lld", (long long)t->epochs);
  TRY(tt_checkpoint_done(run->grid, verdict, app_recommend_put(run, t, t->file), where));
done:
  return st;
}

static bool more(const app_training *t)
{
  const int model = app_recommend_set.model;

  if (model == TARTAN_RECOMMEND_BIAS || model == TARTAN_RECOMMEND_POPULARITY) return t->epochs == 0;
  return t->epochs < app_recommend_set.iterations && !t->stopped;
}

tartan_status app_recommend_epochs(app_run *run, const app_recommend_data *data, const char *result, app_training *t)
{
  tartan_status st = TARTAN_OK;

  TRY(app_long_beside(result, ".checkpoint", t->file));
  if (app_recommend_is_linear()) return app_linear_fit(run, data, t);
  TRY(begin(run, data, t));
  TRY(resume(run, t));
  while (more(t)) {
    TRY(step(run, data, t));
    if (!more(t)) break;
    TRY(look(run, t));
  }
  if (t->best > 0) t->best = tartan_recommender_restore(t->model);
  app_run_progress_end(run);
done:
  return st;
}
