/*
 * What is judged: users of the test file that every model can serve, the models' items that its items are, and the entries that
 * are hidden from lists. Tables of who is who are on every rank, entries stay where they were read.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "evaluate.h"
#include "ratings_entries.h"
#include "oper/segments.h"
#include "sparse/rows.h"

void app_evaluate_end(app_evaluation *e)
{
  for (int m = 0; m < e->models; m++) {
    app_judged *j = &e->judged[m];

    tt_free(j->listed);
    tt_free(j->per_user);
    tt_free(j->mean);
    tt_free(j->row);
    app_model_close(&j->model);
  }
  tt_free(e->other_place);
  tt_free(e->id);
  tt_free(e->place);
  app_item_names_end(&e->names);
  app_matched_end(&e->other);
  app_matched_end(&e->test);
}

/* ------------------------------------------------------------------------------------------------ models */

/* Refuses a model whose items are not those of the first, in their order. Collective. */
static tartan_status check_items(const app_evaluation *e, const app_judged *j)
{
  const tt_ids *a = &e->judged[0].model.items, *b = &j->model.items;
  int64_t      *place = NULL, other = 0;
  tartan_status st = TARTAN_OK;

  if (a->text == b->text && a->total == b->total) {
    TRY(tt_ids_match(b, a, &place, NULL));
    for (int64_t i = 0; i < b->total; i++) other += place[i] != i;
  } else {
    other = 1;
  }
  REQUIRE(other == 0, TARTAN_ERR_INPUT,
          "%s has other items than %s: models are compared that were trained on the same ratings", j->path,
          e->judged[0].path);
done:
  tt_free(place);
  return st;
}

static tartan_status open_models(app_run *run, const char *const *models, int count, app_evaluation *e)
{
  tartan_status st = TARTAN_OK;

  for (int m = 0; m < count; m++) {
    app_judged *j = &e->judged[m];

    e->models = m + 1;
    j->path = models[m];
    TRY(app_model_open(run, models[m], &j->model));
    if (m > 0) TRY(check_items(e, j));
    REQUIRE(j->model.v.users > 0 || app_evaluate_set.train || app_evaluate_set.fold_in, TARTAN_ERR_ARG,
            "%s scores from the entries of users: give --train, or --fold-in", j->path);
  }
  e->items = e->judged[0].model.items.total;
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ users */

/* Marks users that have an entry in a file. Collective. @param[out] marked  [users of it], zero before */
static tartan_status mark_users(app_run *run, const tt_ratings *r, int64_t *marked)
{
  for (int64_t i = 0; i < r->count; i++) marked[r->user[i]] = 1;
  return tt_allreduce_i64(run->grid, marked, r->users.total, TT_MAX);
}

/* Takes users out that one of the models does not know. Collective. @param[in,out] can  [users of test] */
static tartan_status known_to_models(app_evaluation *e, int64_t *can)
{
  tartan_status st = TARTAN_OK;

  for (int m = 0; m < e->models; m++) {
    app_judged *j = &e->judged[m];

    if (j->model.v.users == 0) continue;
    TRY(tt_ids_match(&e->test.ratings.users, &j->model.users, &j->row, NULL));
    for (int64_t i = 0; i < e->test.ratings.users.total; i++) can[i] &= j->row[i] >= 0;
  }
done:
  return st;
}

/* Takes users out that have no entry to be folded in. Collective. */
static tartan_status known_to_other(app_run *run, app_evaluation *e, int64_t *can)
{
  int64_t      *theirs = NULL, *marked = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  marked = tt_alloc_zero(&run->grid->memory, e->other.ratings.users.total, sizeof *marked, "marks of users", &local);
  AGREE(run->grid, local);
  TRY(mark_users(run, &e->other.ratings, marked));
  TRY(tt_ids_match(&e->test.ratings.users, &e->other.ratings.users, &theirs, NULL));
  for (int64_t i = 0; i < e->test.ratings.users.total; i++) can[i] &= theirs[i] >= 0 && marked[theirs[i]];
done:
  tt_free(theirs);
  tt_free(marked);
  return st;
}

/* Tables of the users judged: place, id, and row, which was of all users of the test. Local. */
static void number_users(app_evaluation *e, const int64_t *can)
{
  for (int64_t i = 0; i < e->test.ratings.users.total; i++) {
    e->place[i] = can[i] ? e->users : -1;
    if (!can[i]) continue;
    for (int m = 0; m < e->models; m++)
      if (e->judged[m].row) e->judged[m].row[e->users] = e->judged[m].row[i];
    e->id[e->users++] = i;
  }
}

/* Who of the test file's users can be judged. Collective. */
static tartan_status find_users(app_run *run, app_evaluation *e)
{
  tt_memory    *memory = &run->grid->memory;
  const int64_t n = e->test.ratings.users.total;
  int64_t      *can = NULL, with = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  can = tt_alloc_zero(memory, n, sizeof *can, "marks of users", &local);
  e->place = tt_alloc(memory, n, sizeof *e->place, "places of users", &local);
  e->id = tt_alloc(memory, n, sizeof *e->id, "places of users", &local);
  AGREE(run->grid, local);
  TRY(mark_users(run, &e->test.ratings, can));
  for (int64_t i = 0; i < n; i++) with += can[i];
  if (app_evaluate_set.fold_in)
    TRY(known_to_other(run, e, can));
  else
    TRY(known_to_models(e, can));
  number_users(e, can);
  e->strange = with - e->users;
done:
  tt_free(can);
  return st;
}

/* ------------------------------------------------------------------------------------------------ entries */

/* Places of the users whose entries are hidden. Collective. */
static tartan_status find_other_users(app_evaluation *e)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_ids_match(&e->other.ratings.users, &e->test.ratings.users, &e->other_place, NULL));
  for (int64_t i = 0; i < e->other.ratings.users.total; i++)
    if (e->other_place[i] >= 0) e->other_place[i] = e->place[e->other_place[i]];
done:
  return st;
}

/* Entries whose user cannot be served, or, of others, whose item no model has. Collective. */
static tartan_status count_unknown(app_run *run, app_evaluation *e)
{
  const tt_ratings *r = &e->test.ratings;
  int64_t           n[3] = {0, 0, 0};
  tartan_status     st = TARTAN_OK;

  for (int64_t i = 0; i < r->count; i++) {
    const bool user = e->place[r->user[i]] >= 0, item = e->test.item[r->item[i]] >= 0;

    n[0] += !user;
    n[1] += user && !item;
    n[2] += user && item;
  }
  TRY(tt_allreduce_i64(run->grid, n, 3, TT_SUM));
  e->unknown_user = n[0];
  e->unknown_item = n[1];
  e->known = n[2];
done:
  return st;
}

/* Entries of the test that are hidden as well. Collective. */
static tartan_status count_overlap(app_run *run, app_evaluation *e)
{
  tartan_sparse *test = NULL, *hidden = NULL;
  tt_sparse_rows a = {.count = 0}, b = {.count = 0};
  int64_t       *starts = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  starts = tt_alloc(&run->grid->memory, run->size + 1, sizeof *starts, "the ranges of users", &local);
  AGREE(run->grid, local);
  tt_rows_partition(e->users, 1, run->size, starts);
  TRY(app_evaluate_test(run, e, false, (app_batch){0, e->users}, &test));
  TRY(app_evaluate_hidden(run, e, (app_batch){0, e->users}, &hidden));
  TRY(tt_sparse_rows_gather(test, starts, &a));
  TRY(tt_sparse_rows_gather(hidden, starts, &b));
  for (int64_t i = 0; i < a.count; i++)
    for (int64_t x = a.ptr[i], y = b.ptr[i]; x < a.ptr[i + 1] && y < b.ptr[i + 1];) {
      e->overlap += a.col[x] == b.col[y];
      if (a.col[x] <= b.col[y])
        x++;
      else
        y++;
    }
  TRY(tt_allreduce_i64(run->grid, &e->overlap, 1, TT_SUM));
done:
  tt_sparse_rows_free(&b);
  tt_sparse_rows_free(&a);
  tartan_sparse_destroy(&hidden);
  tartan_sparse_destroy(&test);
  tt_free(starts);
  return st;
}

/* How entries of a file are taken, and of whom. */
typedef struct taken {
  const app_matched *from;
  const int64_t     *place; /* of its users */
  app_rating_rules   rules;
  bool               all; /* unknown items too */
} taken;

static tartan_status make_sparse(app_run *run, const app_evaluation *e, const taken *t, app_batch batch,
                                 tartan_sparse **A)
{
  const tt_ratings *r = &t->from->ratings;
  app_entries       entries = {NULL};
  tartan_status     st = TARTAN_OK;

  TRY(app_entries_make(run, r->file, r->count, &entries));
  for (int64_t i = 0; i < r->count; i++) {
    const int64_t place = t->place[r->user[i]], user = place - batch.first, item = t->from->item[r->item[i]];

    if (place < 0 || user < 0 || user >= batch.users || (item < 0 && !t->all)) continue;
    app_entries_put(&entries, &t->rules, user, item >= 0 ? item : e->items + r->item[i], r->rating[i]);
  }
  TRY(app_entries_sparse(run, &t->rules, batch.users, e->items + (t->all ? r->items.total : 0), 1, &entries, A));
done:
  app_entries_end(&entries);
  return st;
}

tartan_status app_evaluate_test(app_run *run, const app_evaluation *e, bool all, app_batch batch, tartan_sparse **A)
{
  const taken t = {&e->test, e->place, {e->judged[0].model.rules.duplicates, -HUGE_VAL, false}, all};

  return make_sparse(run, e, &t, batch, A);
}

tartan_status app_evaluate_truth(app_run *run, const app_evaluation *e, const app_judged *j, tartan_sparse **A)
{
  const taken t = {&e->test, e->place, j->model.rules, false};

  return make_sparse(run, e, &t, (app_batch){0, e->users}, A);
}

tartan_status app_evaluate_hidden(app_run *run, const app_evaluation *e, app_batch batch, tartan_sparse **A)
{
  const taken t = {&e->other, e->other_place, {TARTAN_DUPLICATES_LAST, -HUGE_VAL, false}, false};

  *A = NULL;
  return e->other.read ? make_sparse(run, e, &t, batch, A) : TARTAN_OK;
}

/* ------------------------------------------------------------------------------------------------ profiles */

void app_evaluate_range(const app_run *run, int64_t users, int64_t *first, int64_t *count)
{
  const int64_t even = users / run->size, more = users % run->size;

  *first = run->rank * even + tt_min(run->rank, more);
  *count = even + (run->rank < more);
}

static bool folds(const app_judged *j)
{
  return app_evaluate_set.fold_in || !j->row;
}

tartan_status app_evaluate_serve(app_run *run, const app_evaluation *e, const app_judged *j, app_batch batch,
                                 app_served *served)
{
  const taken   t = {&e->other, e->other_place, j->model.rules, false};
  int64_t       first, count;
  tartan_status st = TARTAN_OK;

  *served = (app_served){NULL};
  app_evaluate_range(run, batch.users, &first, &count);
  if (folds(j)) {
    TRY(make_sparse(run, e, &t, batch, &served->history));
    TRY(tartan_profiles_fold_in(j->model.p, served->history, &served->profiles));
  } else {
    TRY(tartan_profiles_known(j->model.p, count, j->row + batch.first + first, &served->profiles));
  }
done:
  return st;
}

void app_evaluate_served_end(app_served *served)
{
  tartan_profiles_destroy(&served->profiles);
  tartan_sparse_destroy(&served->history);
}

/* ------------------------------------------------------------------------------------------------ all of it */

/* Says who is judged, and who and what is not. */
static void tell(const app_run *run, const app_evaluation *e)
{
  const app_evaluate_settings *set = &app_evaluate_set;
  const char                  *why = set->fold_in ? "have no entry to be folded in" : "are unknown to the model";

  app_tell(run, "judged: %lld user%s by %lld entr%s%s\n", (long long)e->users, TT_S(e->users), (long long)e->known,
           e->known == 1 ? "y" : "ies",
           set->fold_in ? ", users folded in (strong generalization)" : ", users of the model (weak generalization)");
  if (e->strange > 0)
    app_tell(run, "left out: %lld user%s that %s, with %lld entr%s\n", (long long)e->strange, TT_S(e->strange), why,
             (long long)e->unknown_user, e->unknown_user == 1 ? "y" : "ies");
  if (e->unknown_item > 0)
    app_tell(run, "%lld entr%s of items that the model does not have: %s\n", (long long)e->unknown_item,
             e->unknown_item == 1 ? "y" : "ies",
             set->unknown_items == APP_UNKNOWN_COUNT ? "relevant, and in no list"
                                                     : "left out (--unknown-items count: relevant, and in no list)");
  if (!e->other.read) app_tell(run, "nothing is hidden from the lists: --train FILE hides what users had before\n");
}

/* Warns where users to be folded in are users that a model was trained with. Collective. */
static tartan_status warn_trained(app_run *run, const app_evaluation *e)
{
  int64_t      *index = NULL, known = 0;
  tartan_status st = TARTAN_OK;

  for (int m = 0; m < e->models; m++) {
    const app_model *model = &e->judged[m].model;

    if (model->v.users == 0 || model->users.text != e->test.ratings.users.text) continue;
    TRY(tt_ids_match(&e->test.ratings.users, &model->users, &index, &known));
    tt_free(index);
    index = NULL;
    if (known > 0)
      tt_grid_warn(run->grid, "%lld of the %lld users in %s are users of %s: it was trained with them",
                   (long long)known, (long long)e->test.ratings.users.total, e->test.ratings.file, model->file);
  }
done:
  tt_free(index);
  return st;
}

/* Refuses what cannot be judged, and warns where the files look like the wrong ones. */
static tartan_status check(app_run *run, const app_evaluation *e)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(e->users > 0, TARTAN_ERR_INPUT, "none of the %lld users of %s %s", (long long)e->strange,
          e->test.ratings.file,
          app_evaluate_set.fold_in ? "has an entry in the file of --fold-in" : "is a user of the model");
  REQUIRE(e->known > 0, TARTAN_ERR_INPUT, "none of the entries of %s is of an item of the model", e->test.ratings.file);
  REQUIRE(e->metrics.longest <= e->items, TARTAN_ERR_ARG,
          "--metrics: a cut-off of %lld, but the catalogue has %lld item%s: give at most that",
          (long long)e->metrics.longest, (long long)e->items, TT_S(e->items));
  if (app_evaluate_set.fold_in) TRY(warn_trained(run, e));
  if (e->overlap > 0)
    tt_grid_warn(run->grid,
                 "%lld of the %lld test entries are in %s too: they are hidden from the lists and count as missed",
                 (long long)e->overlap, (long long)e->known, e->other.ratings.file);
done:
  return st;
}

tartan_status app_evaluate_read(app_run *run, const char *const *models, int count, app_evaluation *e)
{
  const app_evaluate_settings *set = &app_evaluate_set;
  const char                  *other = set->train ? set->train : set->fold_in;
  tartan_status                st = TARTAN_OK;

  TRY(open_models(run, models, count, e));
  TRY(app_model_match(run, &e->judged[0].model, "test", set->test, set->fold_in != NULL, &e->test));
  if (other)
    TRY(app_model_match(run, &e->judged[0].model, set->train ? "train" : "fold-in", other, set->fold_in != NULL,
                        &e->other));
  if (set->item_names) TRY(app_item_names_read(run, set->item_names, &e->judged[0].model.items, &e->names));
  TRY(find_users(run, e));
  if (other) TRY(find_other_users(e));
  TRY(count_unknown(run, e));
  if (other) TRY(count_overlap(run, e));
  tell(run, e);
  TRY(check(run, e));
  app_evaluate_choose(e);
done:
  return st;
}
