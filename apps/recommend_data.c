/*
 * Ratings as a model is to see them: those below --min-rating dropped, split, and made into sparse matrices. Users and items of
 * a --validation file are matched by their ids.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "recommend.h"

void app_recommend_data_end(app_recommend_data *data)
{
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

/* ------------------------------------------------------------------------------------------------ validation file */

/* All of what lies on the ranks in stretches of 8-byte elements, on every rank. Collective. */
static tartan_status gather_all(tartan_grid *grid, const void *mine, int64_t count, int64_t total, void **all)
{
  int64_t      *counts = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *all = tt_alloc(&grid->memory, total, sizeof(int64_t), "a list of ids or biases", &local);
  counts = tt_alloc(&grid->memory, grid->size, sizeof *counts, "counts of ids", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &count, 1, sizeof *counts, counts));
  TRY(tt_gatherv(grid, mine, counts, sizeof(int64_t), *all, 0));
  TRY(tt_bcast(grid, *all, total, sizeof(int64_t), 0));
done:
  tt_free(counts);
  return st;
}

static int compare_numbers(const void *a, const void *b)
{
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

  return (x > y) - (x < y);
}

static int compare_texts(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* index[i] := where id i of `from` stands among those of `to`, -1 nowhere; on every rank. Collective. */
static tartan_status match(const tt_ids *from, const tt_ids *to, int64_t **index)
{
  tartan_grid  *grid = to->grid;
  int64_t      *theirs = NULL, *ours = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *index = NULL;
  REQUIRE(from->text == to->text, TARTAN_ERR_INPUT,
          "ids are texts in one of the files and numbers in the other: they cannot be matched");
  *index = tt_alloc(&grid->memory, from->total, sizeof **index, "matched ids", &local);
  AGREE(grid, local);
  if (!from->text) {
    TRY(gather_all(grid, from->number, from->count, from->total, (void **)&theirs));
    TRY(gather_all(grid, to->number, to->count, to->total, (void **)&ours));
  }
  for (int64_t i = 0; i < from->total; i++) {
    if (from->text) {
      const char **at = bsearch(&from->name[i], to->name, (size_t)to->total, sizeof *to->name, compare_texts);

      (*index)[i] = at ? at - to->name : -1;
    } else {
      const int64_t *at = bsearch(&theirs[i], ours, (size_t)to->total, sizeof *ours, compare_numbers);

      (*index)[i] = at ? at - ours : -1;
    }
  }
done:
  tt_free(ours);
  tt_free(theirs);
  return st;
}

/* ------------------------------------------------------------------------------------------------ sparse matrices */

/* Entries on their way into a sparse matrix. */
typedef struct entries {
  int64_t *user, *item, count;
  double  *value;
} entries;

static tartan_status entries_make(app_run *run, int64_t most, entries *e)
{
  tt_memory    *memory = &run->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  e->user = tt_alloc(memory, most, sizeof *e->user, "entries", &local);
  e->item = tt_alloc(memory, most, sizeof *e->item, "entries", &local);
  e->value = tt_alloc(memory, most, sizeof *e->value, "entries", &local);
  AGREE(run->grid, local);
done:
  return st;
}

static void entries_end(entries *e)
{
  tt_free(e->value);
  tt_free(e->item);
  tt_free(e->user);
}

static void put(entries *e, int64_t user, int64_t item, double rating)
{
  if (rating < app_recommend_set.least) return;
  e->user[e->count] = user;
  e->item[e->count] = item;
  e->value[e->count++] = app_recommend_set.binarize ? 1 : rating;
}

static tartan_status make_sparse(app_run *run, const app_recommend_data *data, const entries *e, tartan_sparse **A)
{
  static const tartan_duplicates kinds[] = {TARTAN_DUPLICATES_ERROR, TARTAN_DUPLICATES_SUM, TARTAN_DUPLICATES_LAST,
                                            TARTAN_DUPLICATES_MAX};
  tartan_sparse_opts             opts = TARTAN_SPARSE_OPTS_INIT;

  opts.duplicates = kinds[app_recommend_set.duplicates];
  opts.row_work = (double)app_recommend_set.factors;
  return tartan_sparse_create(run->grid, TARTAN_F64, data->ratings.users.total, data->ratings.items.total, e->count,
                              e->user, e->item, e->value, &opts, A);
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
  const tt_ratings *r = &data->others;
  int64_t          *users = NULL, *items = NULL;
  entries           e = {NULL};
  tartan_status     st = TARTAN_OK, local = TARTAN_OK;

  TRY(match(&r->users, &data->ratings.users, &users));
  TRY(match(&r->items, &data->ratings.items, &items));
  TRY(entries_make(run, r->count, &e));
  data->cold_user = tt_alloc(&run->grid->memory, r->count, sizeof *data->cold_user, "entries", &local);
  data->cold_item = tt_alloc(&run->grid->memory, r->count, sizeof *data->cold_item, "entries", &local);
  data->cold_rating = tt_alloc(&run->grid->memory, r->count, sizeof *data->cold_rating, "entries", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < r->count; i++) {
    if (users[r->user[i]] >= 0 && items[r->item[i]] >= 0)
      put(&e, users[r->user[i]], items[r->item[i]], r->rating[i]);
    else if (r->rating[i] >= app_recommend_set.least)
      put_cold(data, users[r->user[i]], items[r->item[i]], r->rating[i]);
  }
  data->unknown = data->cold;
  TRY(tt_allreduce_i64(run->grid, &data->unknown, 1, TT_SUM));
  TRY(make_sparse(run, data, &e, &data->validation));
done:
  entries_end(&e);
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
  const tt_observations seen = {r->first, r->count, r->user, r->timestamp};
  entries               trained = {NULL}, held = {NULL};
  bool                 *out = NULL;
  tartan_status         st = TARTAN_OK, local = TARTAN_OK;

  out = tt_alloc(&run->grid->memory, r->count, sizeof *out, "marks of a split", &local);
  AGREE(run->grid, local);
  TRY(tt_split_mark(run->grid, &split, &seen, out));
  TRY(entries_make(run, r->count, &trained));
  TRY(entries_make(run, r->count, &held));
  for (int64_t e = 0; e < r->count; e++) put(out[e] ? &held : &trained, r->user[e], r->item[e], r->rating[e]);
  data->kept = trained.count + held.count;
  TRY(tt_allreduce_i64(run->grid, &data->kept, 1, TT_SUM));
  TRY(make_sparse(run, data, &trained, &data->train));
  if (split.kind != TT_SPLIT_NONE) TRY(make_sparse(run, data, &held, &data->validation));
  if (data->has_others) TRY(match_others(run, data));
  describe_split(run, data);
done:
  entries_end(&held);
  entries_end(&trained);
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
  tartan_status           st = TARTAN_OK;

  sums[0] = sums[1] = 0;
  if (data->unknown == 0) goto done;
  tartan_recommender_get_values(model, &v);
  tartan_recommender_range(model, 0, &first, &count);
  TRY(gather_all(run->grid, v.user_bias, count, v.users, (void **)&user_bias));
  tartan_recommender_range(model, 1, &first, &count);
  TRY(gather_all(run->grid, v.item_bias, count, v.items, (void **)&item_bias));
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
