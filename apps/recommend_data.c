/*
 * Ratings as a model is to see them: those below --min-rating dropped, split, and made into sparse matrices. Users and items of
 * a --validation file are matched by their ids.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ratings_entries.h"
#include "recommend_ranking.h"

void app_recommend_data_end(app_recommend_data *data)
{
  if (data->held) app_held_out_end(data->held);
  tt_free(data->held);
  tt_free(data->cold_user);
  tt_free(data->cold_item);
  tt_free(data->cold_rating);
  tartan_sparse_destroy(&data->validation);
  tartan_sparse_destroy(&data->train);
  if (data->has_others) tt_ratings_free(&data->others);
  tt_ratings_free(&data->ratings);
}

const char *app_ratings_text(const tt_ratings *r, char *text, size_t length)
{
  snprintf(text, length, "%lld ratings of %lld users and %lld items, from %s:%s%s", (long long)r->total,
           (long long)r->users.total, (long long)r->items.total, r->file, *r->group ? r->group : "/",
           r->matrix      ? " (a sparse matrix, users in rows)"
           : r->timestamp ? ", with times"
                          : "");
  return text;
}

static void describe(const app_run *run, const char *what, const tt_ratings *r)
{
  char text[5000];

  app_tell(run, "%s%s\n", what, app_ratings_text(r, text, sizeof text));
}

tartan_status app_recommend_read(app_run *run, const char *source, app_recommend_data *data)
{
  const tartan_io_opts io = app_run_io(run);
  tartan_status        st = TARTAN_OK;

  TRY(tt_ratings_read(run->grid, source, &io, &data->ratings));
  describe(run, "", &data->ratings);
  if (!app_recommend_set.validation) goto done;
  data->has_others = true;
  TRY(tt_ratings_read(run->grid, app_recommend_set.validation, &io, &data->others));
  describe(run, "validation: ", &data->others);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ sparse matrices */

/* How ratings become entries, by the options. Local. */
static app_rating_rules rules_now(void)
{
  static const tartan_duplicates kinds[] = {TARTAN_DUPLICATES_ERROR, TARTAN_DUPLICATES_SUM, TARTAN_DUPLICATES_LAST,
                                            TARTAN_DUPLICATES_MAX};

  return (app_rating_rules){kinds[app_recommend_set.duplicates], app_recommend_set.least, app_recommend_set.binarize};
}

static tartan_status make_sparse(app_run *run, const app_recommend_data *data, const app_entries *e, tartan_sparse **A)
{
  const app_rating_rules rules = rules_now();

  return app_entries_sparse(run, &rules, data->ratings.users.total, data->ratings.items.total,
                            (double)app_recommend_set.factors, e, A);
}

static void put_cold(app_recommend_data *data, int64_t user, int64_t item, double rating)
{
  data->cold_user[data->cold] = user;
  data->cold_item[data->cold] = item;
  data->cold_rating[data->cold++] = app_recommend_set.binarize ? 1 : rating;
}

/* The entries of --validation: those whose user and item are known, and the others. Collective. */
static tartan_status match_others(app_run *run, app_recommend_data *data)
{
  const tt_ratings      *r = &data->others;
  const app_rating_rules rules = rules_now();
  int64_t               *users = NULL, *items = NULL;
  app_entries            e = {NULL};
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_ids_match(&r->users, &data->ratings.users, &users, NULL));
  TRY(tt_ids_match(&r->items, &data->ratings.items, &items, NULL));
  TRY(app_entries_make(run, r->file, r->count, &e));
  data->cold_user = tt_alloc(&run->grid->memory, r->count, sizeof *data->cold_user, "entries", &local);
  data->cold_item = tt_alloc(&run->grid->memory, r->count, sizeof *data->cold_item, "entries", &local);
  data->cold_rating = tt_alloc(&run->grid->memory, r->count, sizeof *data->cold_rating, "entries", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < r->count; i++) {
    if (users[r->user[i]] >= 0 && items[r->item[i]] >= 0)
      app_entries_put(&e, &rules, users[r->user[i]], items[r->item[i]], r->rating[i]);
    else if (r->rating[i] >= app_recommend_set.least)
      put_cold(data, users[r->user[i]], items[r->item[i]], r->rating[i]);
  }
  data->unknown = data->cold;
  TRY(tt_allreduce_i64(run->grid, &data->unknown, 1, TT_SUM));
  TRY(make_sparse(run, data, &e, &data->validation));
done:
  app_entries_end(&e);
  tt_free(items);
  tt_free(users);
  return st;
}

/* Says what the model will see. */
static void describe_split(app_run *run, const app_recommend_data *data)
{
  int64_t m, n, trained = 0, held = 0;

  tartan_sparse_shape(data->train, &m, &n, &trained);
  if (data->validation) tartan_sparse_shape(data->validation, NULL, NULL, &held);
  app_tell(run, "training on %lld entries", (long long)trained);
  if (data->validation) app_tell(run, ", validation on %lld", (long long)(held + data->unknown));
  if (data->unknown > 0)
    app_tell(run, " (%lld of users or items that are not in the ratings)", (long long)data->unknown);
  if (data->kept < data->ratings.total)
    app_tell(run, "; %lld dropped by --min-rating", (long long)(data->ratings.total - data->kept));
  app_tell(run, "\n");
}

tartan_status app_recommend_split(app_run *run, app_recommend_data *data)
{
  const tt_ratings *r = &data->ratings;
  const tt_split split = {(tt_split_kind)app_recommend_set.split, app_recommend_set.fraction, app_recommend_set.leave,
                          (uint64_t)app_recommend_set.seed};
  const app_rating_rules rules = rules_now();
  const tt_observations  seen = {r->first, r->count, r->user, r->timestamp};
  app_entries            trained = {NULL}, held = {NULL};
  bool                  *out = NULL;
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  out = tt_alloc(&run->grid->memory, r->count, sizeof *out, "marks of a split", &local);
  AGREE(run->grid, local);
  TRY(tt_split_mark(run->grid, &split, &seen, out));
  TRY(app_entries_make(run, r->file, r->count, &trained));
  TRY(app_entries_make(run, r->file, r->count, &held));
  for (int64_t e = 0; e < r->count; e++)
    app_entries_put(out[e] ? &held : &trained, &rules, r->user[e], r->item[e], r->rating[e]);
  data->kept = trained.count + held.count;
  TRY(tt_allreduce_i64(run->grid, &data->kept, 1, TT_SUM));
  TRY(make_sparse(run, data, &trained, &data->train));
  if (split.kind != TT_SPLIT_NONE) TRY(make_sparse(run, data, &held, &data->validation));
  if (data->has_others) TRY(match_others(run, data));
  describe_split(run, data);
  TRY(app_held_out_make(run, data));
done:
  app_entries_end(&held);
  app_entries_end(&trained);
  tt_free(out);
  return st;
}

tartan_status app_recommend_cold(app_run *run, const app_recommend_data *data, const tartan_recommender *model,
                                 double sums[2])
{
  const bool clip = app_recommend_set.model == TARTAN_RECOMMEND_ALS || app_recommend_set.model == TARTAN_RECOMMEND_BIAS;
  tartan_recommend_values v;
  double                 *user_bias = NULL, *item_bias = NULL;
  int64_t                 first, count;
  tartan_status           st = TARTAN_OK, local = TARTAN_OK;

  sums[0] = sums[1] = 0;
  if (data->unknown == 0) goto done;
  tartan_recommender_get_values(model, &v);
  user_bias = tt_alloc(&run->grid->memory, v.users, sizeof *user_bias, "biases", &local);
  item_bias = tt_alloc(&run->grid->memory, v.items, sizeof *item_bias, "biases", &local);
  AGREE(run->grid, local);
  tartan_recommender_range(model, 0, &first, &count);
  TRY(tt_allgatherv(run->grid, v.user_bias, count, v.users, sizeof *user_bias, user_bias));
  tartan_recommender_range(model, 1, &first, &count);
  TRY(tt_allgatherv(run->grid, v.item_bias, count, v.items, sizeof *item_bias, item_bias));
  for (int64_t i = 0; i < data->cold; i++) {
    const int64_t user = data->cold_user[i], item = data->cold_item[i];
    double        score = v.mean + (user >= 0 ? user_bias[user] : 0) + (item >= 0 ? item_bias[item] : 0);

    if (clip) score = fmin(v.high, fmax(v.low, score));
    sums[0] += (score - data->cold_rating[i]) * (score - data->cold_rating[i]);
    sums[1] += fabs(score - data->cold_rating[i]);
  }
  TRY(tt_allreduce_f64(run->grid, sums, 2, TT_SUM));
done:
  tt_free(item_bias);
  tt_free(user_bias);
  return st;
}

void app_recommend_add_cold(const app_recommend_data *data, const app_training *t, app_epoch *e)
{
  int64_t held = 0;
  double  all;

  if (data->unknown == 0) return;
  tartan_sparse_shape(data->validation, NULL, NULL, &held);
  all = (double)(held + data->unknown);
  e->rmse = sqrt(((held > 0 ? e->rmse * e->rmse * (double)held : 0) + t->cold[0]) / all);
  e->mae = ((held > 0 ? e->mae * (double)held : 0) + t->cold[1]) / all;
}

/* ------------------------------------------------------------------------------------------------ notes */

/* Full name, size and time of one file. */
static void note_input(app_notes *notes, const char *const names[3], const tt_ratings *r)
{
  tt_dataset_info info = {.file_bytes = 0};
  struct stat     s;

  snprintf(info.file, sizeof info.file, "%.*s", (int)sizeof info.file - 1, r->file);
  snprintf(info.path, sizeof info.path, "%.255s", *r->group ? r->group : "/");
  if (stat(r->file, &s) == 0) {
    info.file_bytes = (int64_t)s.st_size;
    info.file_mtime = (int64_t)s.st_mtim.tv_sec;
    info.file_mtime_ns = (int64_t)s.st_mtim.tv_nsec;
  }
  app_note_input_as(notes, names, &info);
}

void app_recommend_note_inputs(app_notes *notes, const app_recommend_data *data)
{
  static const char *const ratings[] = {"input", "input_size", "input_time"};
  static const char *const others[] = {"input_validation", "input_validation_size", "input_validation_time"};

  note_input(notes, ratings, &data->ratings);
  if (data->has_others) note_input(notes, others, &data->others);
}
