/*
 * Validation by lists: after each epoch every user with something held out gets the best items of the whole catalogue but those of
 * the training, as `tartan recommend evaluate` does with the model that results.
 */
#include "recommend_ranking.h"

#include <math.h>
#include <string.h>

#include <tartan/predictor.h>

#include "base/util.h"
#include "comm/collective.h"

#define SET app_recommend_set

/* ------------------------------------------------------------------------------------------------ the option */

static app_metrics list; /* of --early-stop; empty unless it is a metric of lists */

tartan_status app_stop_read(void)
{
  static const char *const words[] = {"never", "rmse", "mae"};
  tartan_status            st = TARTAN_OK;

  list.count = 0;
  SET.early_stop = APP_STOP_NEVER;
  for (int i = 0; i < 3 && SET.stop; i++)
    if (strcmp(SET.stop, words[i]) == 0) SET.early_stop = i;
  if (!SET.stop || SET.early_stop != APP_STOP_NEVER || strcmp(SET.stop, words[0]) == 0) goto done;
  TRY(app_metrics_read("--early-stop", SET.stop, &list));
  REQUIRE(list.count == 1 && list.ranked == 1, TARTAN_ERR_ARG, "--early-stop %s: give one metric", SET.stop);
  SET.early_stop = APP_STOP_RANKING;
done:
  return st;
}

const app_metric *app_stop_metric(void)
{
  return SET.early_stop == APP_STOP_RANKING ? &list.metric[0] : NULL;
}

const char *app_stop_name(void)
{
  return SET.early_stop == APP_STOP_RANKING ? list.metric[0].name
         : SET.early_stop == APP_STOP_RMSE  ? "rmse"
         : SET.early_stop == APP_STOP_MAE   ? "mae"
                                            : "never";
}

bool app_stop_better(double a, double b)
{
  return SET.early_stop == APP_STOP_RANKING ? a > b : a < b;
}

/* ------------------------------------------------------------------------------------------------ held out */

void app_held_out_end(app_held_out *held)
{
  tartan_sparse_destroy(&held->seen);
  tartan_sparse_destroy(&held->test);
  tt_free(held->user);
}

/* Numbers users with an entry in a matrix. Collective. @param[out] place  [users], -1: has none. Returns how many. */
static tartan_status number_users(app_run *run, const tartan_sparse *A, int64_t *place, int64_t *users)
{
  tartan_sparse_part part;
  int64_t            m = 0;
  tartan_status      st = TARTAN_OK;

  tartan_sparse_shape(A, &m, NULL, NULL);
  tartan_sparse_local(A, &part);
  for (int64_t i = 0; i < m; i++) place[i] = 0;
  for (int64_t i = 0; i < part.rows; i++) place[part.first + i] = part.ptr[i + 1] > part.ptr[i];
  TRY(tt_allreduce_i64(run->grid, place, m, TT_MAX));
  *users = 0;
  for (int64_t i = 0; i < m; i++) place[i] = place[i] ? (*users)++ : -1;
done:
  return st;
}

/* The rows of a matrix that have a place. Collective. */
static tartan_status take_rows(app_run *run, const tartan_sparse *A, const int64_t *place, int64_t users,
                               tartan_sparse **B)
{
  tartan_sparse_part part;
  int64_t           *row = NULL, *col = NULL, n = 0, items = 0;
  double            *value = NULL;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  tartan_sparse_shape(A, NULL, &items, NULL);
  tartan_sparse_local(A, &part);
  row = tt_alloc(&run->grid->memory, part.ptr[part.rows], sizeof *row, "entries", &local);
  col = tt_alloc(&run->grid->memory, part.ptr[part.rows], sizeof *col, "entries", &local);
  value = tt_alloc(&run->grid->memory, part.ptr[part.rows], sizeof *value, "entries", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < part.rows; i++)
    for (int64_t e = part.ptr[i]; e < part.ptr[i + 1] && place[part.first + i] >= 0; e++) {
      row[n] = place[part.first + i];
      col[n] = part.col[e];
      value[n++] = ((const double *)part.value)[e]; /* matrices of ratings are f64 */
    }
  TRY(tartan_sparse_create(run->grid, TARTAN_F64, users, items, n, row, col, value, NULL, B));
done:
  tt_free(value);
  tt_free(col);
  tt_free(row);
  return st;
}

tartan_status app_held_out_make(app_run *run, app_recommend_data *data)
{
  int64_t      *place = NULL, m = 0, n = 0, users = 0, first, last;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (!app_stop_metric()) goto done;
  tartan_sparse_shape(data->train, &m, &n, NULL);
  REQUIRE(app_stop_metric()->ranking.cutoff <= n, TARTAN_ERR_ARG,
          "--early-stop %s: the catalogue has %lld item%s, give less", app_stop_name(), (long long)n, TT_S(n));
  place = tt_alloc(&run->grid->memory, m, sizeof *place, "places of users", &local);
  data->held = tt_alloc_zero(&run->grid->memory, 1, sizeof *data->held, "what is held out", &local);
  AGREE(run->grid, local);
  TRY(number_users(run, data->validation, place, &users));
  REQUIRE(users > 0, TARTAN_ERR_INPUT, "--early-stop %s: nothing is held out", app_stop_name());
  first = users * run->rank / run->size;
  last = users * (run->rank + 1) / run->size;
  data->held->user = tt_alloc(&run->grid->memory, last - first, sizeof *data->held->user, "users", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < m; i++)
    if (place[i] >= first && place[i] < last) data->held->user[data->held->count++] = i;
  TRY(take_rows(run, data->validation, place, users, &data->held->test));
  TRY(take_rows(run, data->train, place, users, &data->held->seen));
done:
  tt_free(place);
  return st;
}

/* ------------------------------------------------------------------------------------------------ measuring */

tartan_status app_stop_measure(const app_recommend_data *data, const tartan_predictor *p, double *value)
{
  tartan_topn_opts        opts = TARTAN_TOPN_OPTS_INIT;
  tartan_ranking_opts     how = TARTAN_RANKING_OPTS_INIT;
  tartan_ranking_value    result = {NAN, NAN, NAN};
  tartan_profiles        *profiles = NULL;
  tartan_neighbors       *lists = NULL;
  tartan_predictor_values v;
  tartan_status           st = TARTAN_OK;

  *value = NAN;
  if (!data->held) goto done;
  opts.count = list.longest;
  opts.seen = data->held->seen;
  how.resamples = 0;
  tartan_predictor_get(p, &v);
  TRY(v.users > 0 ? tartan_profiles_known(p, data->held->count, data->held->user, &profiles)
                  : tartan_profiles_fold_in(p, data->held->seen, &profiles));
  TRY(tartan_predictor_topn(p, profiles, &opts, &lists, NULL));
  TRY(tartan_ranking(lists, data->held->test, 1, list.ranking, &how, &result, NULL, NULL));
  *value = result.value;
done:
  tartan_neighbors_destroy(&lists);
  tartan_profiles_destroy(&profiles);
  return st;
}
