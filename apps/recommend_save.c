/*
 * The model file: factors as rows in the order of the ids, biases, the ids as they came in, and the history of the training.
 */
#include <string.h>

#include "base/util.h"
#include "recommend_ranking.h"
#include "recommend_sweep.h"

/* Datasets of one side. */
typedef struct side {
  const char          *factors, *bias, *ids;
  const tartan_matrix *F;
  const double        *b;
  const tt_ids        *names;
  int64_t              rows;
} side;

static void sides_of(const app_recommend_data *data, const tartan_recommend_values *v, side s[2])
{
  s[0] = (side){"/user_factors", "/user_bias",         "/user_ids", v->user_factors,
                v->user_bias,    &data->ratings.users, v->users};
  s[1] = (side){"/item_factors", "/item_bias",         "/item_ids", v->item_factors,
                v->item_bias,    &data->ratings.items, v->items};
}

static void declare(tt_output *out, const side *s, const tartan_recommend_values *v)
{
  if (v->factors > 0) tt_output_declare(out, s->factors, tartan_matrix_dtype(s->F), s->rows, v->factors);
  tt_output_declare(out, s->bias, TARTAN_F64, s->rows, 1);
  tt_ids_declare(s->names, out, s->ids);
}

/* Rows of this rank: F is [k, rows], a range of columns on each rank. Collective. */
static tartan_status write_side(tt_output *out, const tartan_recommender *model, const side *s, int which,
                                const tartan_recommend_values *v)
{
  int64_t       first, count;
  tartan_status st = TARTAN_OK;

  tartan_recommender_range(model, which, &first, &count);
  if (v->factors > 0) TRY(tt_output_rows(out, s->factors, first, count, tartan_matrix_local(s->F, NULL, NULL, NULL)));
  TRY(tt_output_rows(out, s->bias, first, count, s->b));
  TRY(tt_ids_write(s->names, out, s->ids));
done:
  return st;
}

/* A column of the history. */
static void put_history(tt_output *out, const app_training *t, const char *name, size_t member)
{
  double  values[4096];
  int64_t n = tt_min(t->epochs, 4096);

  for (int64_t i = 0; i < n; i++) memcpy(&values[i], (const char *)&t->history[i] + member, sizeof values[i]);
  tt_output_vector(out, name, n, values);
}

static void put_histories(tt_output *out, const app_recommend_data *data, const app_training *t)
{
  char name[64];

  put_history(out, t, "/history/epoch", offsetof(app_epoch, epoch));
  put_history(out, t, "/history/loss", offsetof(app_epoch, loss));
  put_history(out, t, "/history/seconds", offsetof(app_epoch, seconds));
  if (!data->validation) return;
  put_history(out, t, "/history/rmse", offsetof(app_epoch, rmse));
  put_history(out, t, "/history/mae", offsetof(app_epoch, mae));
  snprintf(name, sizeof name, "/history/%s", app_stop_name());
  if (app_stop_metric()) put_history(out, t, name, offsetof(app_epoch, ranking));
}

tartan_status app_recommend_save(app_run *run, const app_result *result, const app_recommend_data *data,
                                 const app_training *t, const app_sweep *sweep)
{
  app_notes               notes = {.count = 0};
  tt_output              *out = NULL;
  tartan_recommend_values v;
  side                    s[2];
  tartan_status           st = TARTAN_OK, local = TARTAN_OK;

  tartan_recommender_get_values(t->model, &v);
  sides_of(data, &v, s);
  app_recommend_note(&notes);
  app_recommend_note_inputs(&notes, data);
  if (sweep) app_note(&notes, "sweep", "%s", sweep->line);
  app_note_count(&notes, "epochs", v.epochs);
  app_note_count(&notes, "reproducible", 1);
  TRY(app_result_create(run, result, "tartan-recommend", &notes, &out));
  tt_output_real(out, "/", "global_mean", v.mean);
  tt_output_real(out, "/", "rating_low", v.low);
  tt_output_real(out, "/", "rating_high", v.high);
  put_histories(out, data, t);
  if (sweep) app_sweep_write(out, data, sweep, &local);
  AGREE(run->grid, local);
  for (int i = 0; i < 2; i++) declare(out, &s[i], &v);
  TRY(tt_output_open(out));
  for (int i = 0; i < 2; i++) TRY(write_side(out, t->model, &s[i], i, &v));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}
