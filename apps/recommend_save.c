/*
 * The model file: factors as rows in the order of the ids, biases, or the weights between items; the ids as they came in, and the
 * history of the training.
 */
#include <string.h>

#include "base/util.h"
#include "recommend_linear.h"
#include "recommend_ranking.h"
#include "recommend_sweep.h"

/* Datasets of one side; those that the model does not have are NULL. */
typedef struct side {
  const char          *factors, *bias, *weights, *ids;
  const tartan_matrix *F, *B; /* [k, rows], [rows, rows], a range of columns on each rank */
  const double        *b;     /* of this rank's rows */
  const tt_ids        *names;
  int64_t              rows, first, count; /* of all; this rank's */
} side;

/* What a model is to its file. */
typedef struct model {
  side    side[2];
  int     sides; /* 1: items alone */
  double  mean, low, high;
  int64_t epochs;
  bool    same_bits;
} model;

static void take_recommender(const app_recommend_data *data, const tartan_recommender *from, model *m)
{
  tartan_recommend_values v;

  tartan_recommender_get_values(from, &v);
  *m = (model){.sides = 2, .mean = v.mean, .low = v.low, .high = v.high, .epochs = v.epochs, .same_bits = true};
  m->side[0] = (side){.bias = "/user_bias", .ids = "/user_ids", .b = v.user_bias, .names = &data->ratings.users};
  m->side[1] = (side){.bias = "/item_bias", .ids = "/item_ids", .b = v.item_bias, .names = &data->ratings.items};
  for (int i = 0; i < 2; i++) {
    m->side[i].rows = i ? v.items : v.users;
    m->side[i].factors = v.factors == 0 ? NULL : i ? "/item_factors" : "/user_factors";
    m->side[i].F = i ? v.item_factors : v.user_factors;
    tartan_recommender_range(from, i, &m->side[i].first, &m->side[i].count);
  }
}

/* The columns of a matrix in ranges that this rank has. */
static void range_of(const tartan_matrix *A, side *s)
{
  int64_t cols;

  tartan_matrix_local(A, NULL, NULL, &cols);
  s->count = cols;
  s->first = cols > 0 ? tartan_matrix_global_col(A, 0) : 0;
}

/* A model without epochs: factors alone, or weights. */
static void take_predictor(const app_recommend_data *data, const tartan_predictor *from, model *m)
{
  tartan_predictor_values v;
  side                   *items = &m->side[0];

  tartan_predictor_get(from, &v);
  *m = (model){.sides = v.users > 0 ? 2 : 1, .mean = v.mean, .low = v.low, .high = v.high, .epochs = -1};
  if (v.users > 0) {
    m->side[0] = (side){.factors = "/user_factors", .ids = "/user_ids", .F = v.user_factors, .rows = v.users};
    m->side[0].names = &data->ratings.users;
    range_of(v.user_factors, &m->side[0]);
    items = &m->side[1];
  }
  *items = (side){.ids = "/item_ids", .names = &data->ratings.items, .rows = v.items};
  items->factors = v.item_factors ? "/item_factors" : NULL;
  items->F = v.item_factors;
  items->weights = v.weights ? "/item_weights" : NULL;
  items->B = v.weights;
  range_of(v.weights ? v.weights : v.item_factors, items);
}

static void declare(tt_output *out, const side *s)
{
  int64_t k = 0;

  if (s->factors) tartan_matrix_shape(s->F, &k, NULL);
  if (s->factors) tt_output_declare(out, s->factors, tartan_matrix_dtype(s->F), s->rows, k);
  if (s->weights) tt_output_declare(out, s->weights, tartan_matrix_dtype(s->B), s->rows, s->rows);
  if (s->bias) tt_output_declare(out, s->bias, TARTAN_F64, s->rows, 1);
  tt_ids_declare(s->names, out, s->ids);
}

/* Rows of this rank: columns of the matrices. Collective. */
static tartan_status write_side(tt_output *out, const side *s)
{
  tartan_status st = TARTAN_OK;

  if (s->factors) TRY(tt_output_rows(out, s->factors, s->first, s->count, tartan_matrix_local(s->F, NULL, NULL, NULL)));
  if (s->weights) TRY(tt_output_rows(out, s->weights, s->first, s->count, tartan_matrix_local(s->B, NULL, NULL, NULL)));
  if (s->bias) TRY(tt_output_rows(out, s->bias, s->first, s->count, s->b));
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
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  model         m;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (t->linear)
    take_predictor(data, t->linear, &m);
  else
    take_recommender(data, t->model, &m);
  app_recommend_note(&notes);
  app_recommend_note_inputs(&notes, data);
  if (sweep) app_note(&notes, "sweep", "%s", sweep->line);
  if (t->linear) app_linear_note(&notes, t);
  if (m.epochs >= 0) app_note_count(&notes, "epochs", m.epochs);
  app_note_count(&notes, "reproducible", m.same_bits);
  TRY(app_result_create(run, result, "tartan-recommend", &notes, &out));
  tt_output_real(out, "/", "global_mean", m.mean);
  tt_output_real(out, "/", "rating_low", m.low);
  tt_output_real(out, "/", "rating_high", m.high);
  if (t->linear)
    app_linear_put(out, data, t);
  else
    put_histories(out, data, t);
  if (sweep) app_sweep_write(out, data, sweep, &local);
  AGREE(run->grid, local);
  for (int i = 0; i < m.sides; i++) declare(out, &m.side[i]);
  TRY(tt_output_open(out));
  for (int i = 0; i < m.sides; i++) TRY(write_side(out, &m.side[i]));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}
