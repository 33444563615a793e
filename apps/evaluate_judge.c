/*
 * The judging: batches of users, of each the lists of every model, and what they come to; errors of predictions; differences
 * between models by the same resamples.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/plan.h"
#include "evaluate.h"

/* One batch of users. */
typedef struct batch {
  app_batch      who;
  tartan_sparse *test, *hidden;
} batch;

static void batch_end(batch *b)
{
  tartan_sparse_destroy(&b->hidden);
  tartan_sparse_destroy(&b->test);
}

static tartan_status batch_make(app_run *run, const app_evaluation *e, int64_t number, batch *b)
{
  tartan_status st = TARTAN_OK;

  *b = (batch){.who = {number * e->batch, tt_min(e->batch, e->users - number * e->batch)}};
  TRY(app_evaluate_test(run, e, app_evaluate_set.unknown_items == APP_UNKNOWN_COUNT, b->who, &b->test));
  TRY(app_evaluate_hidden(run, e, b->who, &b->hidden));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ lists */

/* The lists of the examples that are on this rank. */
static void take_examples(const app_evaluation *e, const batch *b, const tartan_neighbors *lists, app_judged *j)
{
  const int64_t *index = NULL;
  int64_t        first, count, k;

  tartan_neighbors_local(lists, &first, &count, &k, &index, NULL);
  for (int x = 0; x < e->examples; x++) {
    const int64_t at = e->example[x] - b->who.first - first;

    for (int i = 0; i < APP_EXAMPLE_ITEMS && at >= 0 && at < count && i < k; i++)
      j->listed[x * APP_EXAMPLE_ITEMS + i] = index[at * k + i];
  }
}

/* One model, one batch. Collective. @param[in,out] here  users of this rank so far */
static tartan_status judge_lists(app_run *run, const app_evaluation *e, const batch *b, app_judged *j, tt_ranking *r,
                                 int64_t here)
{
  tartan_topn_opts  opts = TARTAN_TOPN_OPTS_INIT;
  app_served        served = {NULL};
  tartan_neighbors *lists = NULL;
  tartan_status     st = TARTAN_OK;

  opts.count = e->metrics.longest;
  opts.seen = b->hidden;
  TRY(app_evaluate_serve(run, e, j, b->who, &served));
  TRY(tartan_predictor_topn(j->model.p, served.profiles, &opts, &lists, NULL));
  TRY(tt_ranking_add(r, lists, b->test, b->who.first, j->per_user ? j->per_user + here * e->metrics.ranked : NULL));
  take_examples(e, b, lists, j);
done:
  tartan_neighbors_destroy(&lists);
  app_evaluate_served_end(&served);
  return st;
}

/* Values and means of a model once all users came. Collective. */
static tartan_status finish(app_evaluation *e, app_judged *j, tt_ranking *r)
{
  tartan_ranking_value values[APP_METRICS_MAX];
  int64_t              users = 0;
  tartan_status        st = TARTAN_OK;

  TRY(tt_ranking_end(r, values, &users));
  REQUIRE(users > 0, TARTAN_ERR_INPUT, "no entry of %s is %g or more: nothing is relevant", e->test.ratings.file,
          app_evaluate_set.least);
  j->mean = r->mean;
  r->mean = NULL;
  for (int m = 0; m < e->metrics.count; m++) {
    const app_metric *a = &e->metrics.metric[m];

    if (a->error != APP_ERROR_NONE) continue;
    j->value[m] = values[a->place];
    j->users[m] = a->ranking.kind == TARTAN_RANKING_COVERAGE ? e->users : users;
  }
done:
  return st;
}

/* Users of this rank in all batches, as profiles are dealt. */
static int64_t users_here(const app_run *run, const app_evaluation *e)
{
  int64_t here = 0, first, count;

  for (int64_t b = 0; b < e->batches; b++) {
    app_evaluate_range(run, tt_min(e->batch, e->users - b * e->batch), &first, &count);
    here += count;
  }
  return here;
}

static tartan_status begin(app_run *run, app_evaluation *e, tt_ranking *r)
{
  const app_evaluate_settings *set = &app_evaluate_set;
  tartan_ranking_opts          opts = TARTAN_RANKING_OPTS_INIT;
  tt_memory                   *memory = &run->grid->memory;
  tartan_status                st = TARTAN_OK, local = TARTAN_OK;

  opts.resamples = set->resamples;
  opts.confidence = set->confidence;
  opts.seed = (uint64_t)set->seed;
  opts.least = set->least;
  opts.catalogue = e->items;
  for (int i = 0; i < e->models; i++) {
    app_judged *j = &e->judged[i];

    TRY(tt_ranking_begin(run->grid, e->users, e->items, e->metrics.ranked, e->metrics.ranking, &opts, &r[i]));
    if (set->per_user)
      j->per_user = tt_alloc(memory, users_here(run, e) * e->metrics.ranked, sizeof *j->per_user, "values of users",
                             &local);
    j->listed = tt_alloc(memory, APP_EXAMPLES * APP_EXAMPLE_ITEMS, sizeof *j->listed, "lists of examples", &local);
    AGREE(run->grid, local);
    for (int x = 0; x < APP_EXAMPLES * APP_EXAMPLE_ITEMS; x++) j->listed[x] = -1;
  }
done:
  return st;
}

/* All metrics of lists. Collective. */
static tartan_status judge_all_lists(app_run *run, app_evaluation *e)
{
  tt_ranking    r[APP_EVALUATE_MODELS] = {{.count = 0}};
  batch         b = {.test = NULL};
  int64_t       here = 0, first, count;
  tartan_status st = TARTAN_OK;

  TRY(begin(run, e, r));
  for (int64_t i = 0; i < e->batches; i++) {
    TRY(batch_make(run, e, i, &b));
    for (int m = 0; m < e->models; m++) {
      TRY(judge_lists(run, e, &b, &e->judged[m], &r[m], here));
      tt_grid_progress(run->grid, "evaluate", (double)(i * e->models + m + 1) / (double)(e->batches * e->models));
    }
    app_evaluate_range(run, b.who.users, &first, &count);
    here += count;
    batch_end(&b);
  }
  for (int m = 0; m < e->models; m++) {
    TRY(finish(e, &e->judged[m], &r[m]));
    TRY(tt_allreduce_i64(run->grid, e->judged[m].listed, APP_EXAMPLES * APP_EXAMPLE_ITEMS, TT_MAX));
  }
done:
  batch_end(&b);
  for (int m = 0; m < e->models; m++) tt_ranking_free(&r[m]);
  return st;
}

/* ------------------------------------------------------------------------------------------------ errors */

/* Users with entries, each once though its row may be cut. Collective. */
static tartan_status count_users(app_run *run, const tartan_sparse *truth, int64_t *users)
{
  tartan_sparse_part part;

  *users = 0;
  tartan_sparse_local(truth, &part);
  for (int64_t i = 0; i < part.rows; i++) *users += part.ptr[i + 1] > part.ptr[i] && (i > 0 || part.before == 0);
  return tt_allreduce_i64(run->grid, users, 1, TT_SUM);
}

/* RMSE and MAE of one model, of all entries whose user and item it knows. Collective. */
static tartan_status judge_errors(app_run *run, const app_evaluation *e, app_judged *j)
{
  app_served     served = {NULL};
  tartan_sparse *truth = NULL;
  double         rmse = NAN, mae = NAN;
  int64_t        users = 0;
  tartan_status  st = TARTAN_OK;

  TRY(app_evaluate_truth(run, e, j, &truth));
  TRY(count_users(run, truth, &users));
  TRY(app_evaluate_serve(run, e, j, (app_batch){0, e->users}, &served));
  TRY(tartan_predictor_errors(j->model.p, served.profiles, truth, &rmse, &mae));
  for (int m = 0; m < e->metrics.count; m++) {
    const int error = e->metrics.metric[m].error;

    if (error == APP_ERROR_NONE) continue;
    j->value[m] = (tartan_ranking_value){error == APP_ERROR_RMSE ? rmse : mae, NAN, NAN};
    j->users[m] = users;
  }
done:
  app_evaluate_served_end(&served);
  tartan_sparse_destroy(&truth);
  return st;
}

/* ------------------------------------------------------------------------------------------------ differences */

/* What a model has more than the first: the same resamples of both. Local. @param[in] scratch  [resamples] */
static void compare(app_evaluation *e, int model, double *scratch)
{
  const app_judged *first = &e->judged[0];
  app_judged       *j = &e->judged[model];
  const int64_t     n = app_evaluate_set.resamples;

  for (int m = 0; m < e->metrics.count; m++) {
    const app_metric *a = &e->metrics.metric[m];

    j->more[m] = (tartan_ranking_value){j->value[m].value - first->value[m].value, NAN, NAN};
    if (a->error != APP_ERROR_NONE) continue;
    for (int64_t i = 0; i < n; i++) scratch[i] = j->mean[a->place * n + i] - first->mean[a->place * n + i];
    tt_ranking_interval(scratch, n, app_evaluate_set.confidence, &j->more[m].low, &j->more[m].high);
  }
}

tartan_status app_evaluate_judge(app_run *run, app_evaluation *e)
{
  double       *scratch = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  scratch = tt_alloc(&run->grid->memory, app_evaluate_set.resamples, sizeof *scratch, "differences", &local);
  AGREE(run->grid, local);
  if (e->metrics.ranked > 0) TRY(judge_all_lists(run, e));
  for (int m = 0; m < e->models && e->metrics.errors; m++) TRY(judge_errors(run, e, &e->judged[m]));
  for (int m = 1; m < e->models; m++) compare(e, m, scratch);
done:
  tt_free(scratch);
  return st;
}
