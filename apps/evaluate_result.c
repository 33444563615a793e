/* What comes of an evaluation: the table, the JSON report, the result file. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "evaluate.h"

#define SET app_evaluate_set

/* ------------------------------------------------------------------------------------------------ the table */

/* "0.12345 (0.12001, 0.12689)". Returns text. */
static const char *value_text(const tartan_ranking_value *v, char text[64])
{
  if (isnan(v->low))
    snprintf(text, 64, "%.5f", v->value);
  else
    snprintf(text, 64, "%.5f (%.5f, %.5f)", v->value, v->low, v->high);
  return text;
}

/* The same with signs. */
static const char *difference_text(const tartan_ranking_value *v, char text[64])
{
  if (isnan(v->low))
    snprintf(text, 64, "%+.5f", v->value);
  else
    snprintf(text, 64, "%+.5f (%+.5f, %+.5f)", v->value, v->low, v->high);
  return text;
}

static void print_row(const app_run *run, const app_evaluation *e, int m, bool more)
{
  char text[64];

  app_say(run, "%-20s", e->metrics.metric[m].name);
  for (int i = more ? 1 : 0; i < e->models; i++) {
    const app_judged *j = &e->judged[i];

    app_say(run, "  %-30s", more ? difference_text(&j->more[m], text) : value_text(&j->value[m], text));
  }
  if (!more) app_say(run, "  %7lld", (long long)e->judged[0].users[m]);
  app_say(run, "\n");
}

static void print_head(const app_run *run, const app_evaluation *e, const char *title, bool more)
{
  char text[48];

  app_say(run, "%-20s", title);
  for (int i = more ? 1 : 0; i < e->models; i++) {
    if (e->models == 1)
      snprintf(text, sizeof text, SET.resamples ? "value (%g %% interval)" : "value", 100 * SET.confidence);
    else
      snprintf(text, sizeof text, "model %d%s", i + 1, more ? " - model 1" : "");
    app_say(run, "  %-30s", text);
  }
  app_say(run, more ? "\n" : "    users\n");
}

void app_evaluate_print(const app_run *run, const app_evaluation *e)
{
  app_say(run, "\n");
  for (int i = 0; i < e->models && e->models > 1; i++) app_say(run, "model %d: %s\n", i + 1, e->judged[i].path);
  print_head(run, e, "metric", false);
  for (int m = 0; m < e->metrics.count; m++) print_row(run, e, m, false);
  if (e->models == 1) return;
  app_say(run, "\n");
  print_head(run, e, "difference", true);
  for (int m = 0; m < e->metrics.count; m++) print_row(run, e, m, true);
}

/* ------------------------------------------------------------------------------------------------ JSON */

static void json_values(app_json *json, const app_evaluation *e, const char *key, const tartan_ranking_value *v,
                        const int64_t *users)
{
  app_json_array(json, key);
  for (int m = 0; m < e->metrics.count; m++) {
    app_json_object(json, NULL);
    app_json_text(json, "name", e->metrics.metric[m].name);
    app_json_number(json, "value", v[m].value);
    app_json_number(json, "low", v[m].low);
    app_json_number(json, "high", v[m].high);
    if (users) app_json_count(json, "users", users[m]);
    app_json_end_object(json);
  }
  app_json_end_array(json);
}

void app_evaluate_json(app_json *json, const app_evaluation *e)
{
  app_json_count(json, "users", e->users);
  app_json_count(json, "items", e->items);
  app_json_count(json, "entries", e->known);
  app_json_count(json, "users_left_out", e->strange);
  app_json_count(json, "entries_of_users_left_out", e->unknown_user);
  app_json_count(json, "entries_of_unknown_items", e->unknown_item);
  app_json_count(json, "entries_hidden", e->overlap);
  app_json_array(json, "models");
  for (int i = 0; i < e->models; i++) {
    const app_judged *j = &e->judged[i];

    app_json_object(json, NULL);
    app_json_text(json, "model", j->path);
    json_values(json, e, "metrics", j->value, j->users);
    if (i > 0) json_values(json, e, "differences", j->more, NULL);
    app_json_end_object(json);
  }
  app_json_end_array(json);
}

/* ------------------------------------------------------------------------------------------------ the file */

#define ROWS_MAX (APP_METRICS_MAX * APP_EVALUATE_MODELS)

/* Values of the models from `from` on, a row for each model and metric. */
static void put_table(tt_output *out, const app_evaluation *e, const char *group, int from)
{
  const char *name[ROWS_MAX], *model[ROWS_MAX];
  double      column[3][ROWS_MAX];
  int64_t     users[ROWS_MAX], n = 0;
  char        text[64];

  for (int i = from; i < e->models; i++)
    for (int m = 0; m < e->metrics.count; m++) {
      const tartan_ranking_value *v = from > 0 ? &e->judged[i].more[m] : &e->judged[i].value[m];

      name[n] = e->metrics.metric[m].name;
      model[n] = e->judged[i].path;
      column[0][n] = v->value;
      column[1][n] = v->low;
      column[2][n] = v->high;
      users[n++] = e->judged[i].users[m];
    }
  for (int c = 0; c < 3; c++) {
    static const char *const columns[] = {"value", "low", "high"};

    snprintf(text, sizeof text, "%s/%s", group, columns[c]);
    tt_output_vector(out, text, n, column[c]);
  }
  snprintf(text, sizeof text, "%s/name", group);
  tt_output_strings(out, text, n, name);
  snprintf(text, sizeof text, "%s/model", group);
  tt_output_strings(out, text, n, model);
  snprintf(text, sizeof text, "%s/users", group);
  if (from == 0) tt_output_counts(out, text, n, users);
}

static const char *users_name(const app_metric *m, char text[64])
{
  snprintf(text, 64, "/per_user/%s", m->name);
  return text;
}

static void declare_users(tt_output *out, const app_evaluation *e)
{
  char text[64];

  for (int m = 0; m < e->metrics.count; m++) {
    const app_metric *a = &e->metrics.metric[m];

    if (a->error != APP_ERROR_NONE || a->ranking.kind == TARTAN_RANKING_COVERAGE) continue;
    if (e->models == 1)
      tt_output_declare_line(out, users_name(a, text), TT_EL_F64, e->users);
    else
      tt_output_declare(out, users_name(a, text), TARTAN_F64, e->users, e->models);
  }
}

/* One metric of all users: a column for each model. Collective. @param[in] rows  scratch memory */
static tartan_status write_metric(app_run *run, const app_evaluation *e, tt_output *out, const app_metric *a,
                                  double *rows)
{
  char          text[64];
  int64_t       first, count, here = 0;
  tartan_status st = TARTAN_OK;

  for (int64_t b = 0; b < e->batches; b++) {
    app_evaluate_range(run, tt_min(e->batch, e->users - b * e->batch), &first, &count);
    for (int64_t u = 0; u < count; u++)
      for (int i = 0; i < e->models; i++)
        rows[u * e->models + i] = e->judged[i].per_user[(here + u) * e->metrics.ranked + a->place];
    TRY(tt_output_rows(out, users_name(a, text), b * e->batch + first, count, rows));
    here += count;
  }
done:
  return st;
}

static tartan_status write_users(app_run *run, const app_evaluation *e, tt_output *out)
{
  int64_t       first, count;
  double       *rows = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  app_evaluate_range(run, e->batch, &first, &count);
  rows = tt_alloc(&run->grid->memory, count * e->models, sizeof *rows, "values of users", &local);
  AGREE(run->grid, local);
  for (int m = 0; m < e->metrics.count; m++) {
    const app_metric *a = &e->metrics.metric[m];

    if (a->error == APP_ERROR_NONE && a->ranking.kind != TARTAN_RANKING_COVERAGE)
      TRY(write_metric(run, e, out, a, rows));
  }
done:
  tt_free(rows);
  return st;
}

tartan_status app_evaluate_save(app_run *run, const app_evaluation *e, const app_result *result, const app_notes *notes)
{
  tt_output    *out = NULL;
  tt_ids        ids = {.grid = run->grid};
  tartan_status st = TARTAN_OK;

  TRY(app_result_create(run, result, "tartan-evaluate", notes, &out));
  put_table(out, e, "/metrics", 0);
  if (e->models > 1) put_table(out, e, "/differences", 1);
  tt_output_count(out, "/n_users", e->users);
  tt_output_count(out, "/n_entries", e->known);
  if (SET.per_user) {
    TRY(app_ids_pick(run, &e->test.ratings.users, e->id, e->users, &ids));
    tt_ids_declare(&ids, out, "/per_user/user");
    declare_users(out, e);
  }
  TRY(tt_output_open(out));
  if (SET.per_user) TRY(tt_ids_write(&ids, out, "/per_user/user"));
  if (SET.per_user) TRY(write_users(run, e, out));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  tt_ids_free(&ids);
  return st;
}
