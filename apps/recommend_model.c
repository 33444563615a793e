#include "recommend_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/small.h"

#define SWAPPED                                                                                                        \
  0.34 /* of all ids found on the other side, more than on their own: nobody's data looks like that by chance */

/* ------------------------------------------------------------------------------------------------ the model */

/* How ratings were read for its training; as they stand where the file does not say. Collective. */
static tartan_status read_rules(app_run *run, tt_small *file, app_rating_rules *rules)
{
  static const char *const kinds[] = {"error", "sum", "last", "max"};
  char                     text[256], kind[16] = "", form[16] = "";
  tartan_status            st = TARTAN_OK;

  (void)run;
  *rules = (app_rating_rules){TARTAN_DUPLICATES_ERROR, -HUGE_VAL, false};
  TRY(tt_small_text(file, "/", "ratings", text, sizeof text));
  if (sscanf(text, "%15s %lf %15s", kind, &rules->least, form) != 3) goto done;
  for (int i = 0; i < 4; i++)
    if (strcmp(kind, kinds[i]) == 0) rules->duplicates = (tartan_duplicates)i;
  rules->binarize = strcmp(form, "binary") == 0;
done:
  return st;
}

/* The ids of one side, as many as the model has rows. Collective. */
static tartan_status read_ids(app_run *run, const app_model *m, const char *name, int64_t rows, tt_ids *ids)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_ids_read(run->grid, m->file, name, ids));
  REQUIRE(ids->total == rows, TARTAN_ERR_INPUT,
          "%s: %s has %lld ids, but the model %lld: it is not complete, train it again", m->file, name,
          (long long)ids->total, (long long)rows);
done:
  return st;
}

tartan_status app_model_open(app_run *run, const char *path, app_model *m)
{
  tt_small     *file = NULL;
  tartan_status st = TARTAN_OK;

  *m = (app_model){.users = {.grid = run->grid}, .items = {.grid = run->grid}};
  REQUIRE(strlen(path) < sizeof m->file, TARTAN_ERR_INPUT, "the name %.80s... is too long", path);
  snprintf(m->file, sizeof m->file, "%s", path);
  TRY(tartan_predictor_load(run->grid, path, &m->p));
  tartan_predictor_get(m->p, &m->v);
  TRY(tt_small_open(run->grid, path, &file));
  TRY(tt_small_text(file, "/", "model", m->name, sizeof m->name));
  TRY(read_rules(run, file, &m->rules));
  if (m->v.users > 0) TRY(read_ids(run, m, "/user_ids", m->v.users, &m->users));
  TRY(read_ids(run, m, "/item_ids", m->v.items, &m->items));
  app_tell(run, "model  %s, ", m->name);
  if (m->v.users > 0) app_tell(run, "%lld user%s, ", (long long)m->v.users, TT_S(m->v.users));
  app_tell(run, "%lld item%s, ", (long long)m->v.items, TT_S(m->v.items));
  if (m->v.factors > 0) app_tell(run, "%lld factor%s, ", (long long)m->v.factors, TT_S(m->v.factors));
  app_tell(run, "from %s\n", path);
done:
  tt_small_close(&file);
  return st;
}

void app_model_close(app_model *m)
{
  tt_ids_free(&m->items);
  tt_ids_free(&m->users);
  tartan_predictor_destroy(&m->p);
}

/* ------------------------------------------------------------------------------------------------ other ratings */

/* The part of ids that stands in another list, 0 .. 1: nothing of the other kind. Collective. */
static tartan_status share_of(const tt_ids *from, const tt_ids *to, double *share)
{
  int64_t      *index = NULL, known = 0;
  tartan_status st = TARTAN_OK;

  *share = 0;
  if (from->text != to->text || to->total == 0) goto done;
  TRY(tt_ids_match(from, to, &index, &known));
  *share = (double)known / (double)tt_max(1, from->total);
done:
  tt_free(index);
  return st;
}

/*
 * Refuses a file whose users are the model's items, and whose items its users. Where its users are its own, their being items
 * counts against its items' being none. Collective.
 */
static tartan_status check_sides(const app_model *model, const char *what, const app_matched *m)
{
  const tt_ratings *r = &m->ratings;
  double            own = 0, crossed = 0, share = 0;
  tartan_status     st = TARTAN_OK;

  TRY(share_of(&r->items, &model->items, &own));
  TRY(share_of(&r->users, &model->items, &crossed));
  if (!m->others) {
    TRY(share_of(&r->users, &model->users, &share));
    own += share;
    TRY(share_of(&r->items, &model->users, &share));
    crossed += share;
  }
  REQUIRE(crossed - own <= SWAPPED, TARTAN_ERR_INPUT,
          "users and items seem to be swapped in %s (%s): its ids fit the other side of %s better by far: exchange the "
          "columns "
          "user and item",
          r->file, what, model->file);
done:
  return st;
}

/* One side of the ratings in the model. Collective. */
static tartan_status find_side(const app_model *model, const tt_ratings *r, const tt_ids *from, const tt_ids *to,
                               const char *side, int64_t **index, int64_t *known)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(from->text == to->text, TARTAN_ERR_INPUT,
          "ids of %s are %s in %s and %s in %s: they cannot be matched; the file of the training has the right kind",
          side, from->text ? "texts" : "numbers", r->file, to->text ? "texts" : "numbers", model->file);
  TRY(tt_ids_match(from, to, index, known));
  REQUIRE(*known > 0, TARTAN_ERR_INPUT,
          "%s has none of the %lld %s of the model %s: it belongs to another data set, or its ids are others", r->file,
          (long long)to->total, side, model->file);
done:
  return st;
}

/* How many ratings fall away, and what is said of it. Collective. */
static tartan_status count_lost(app_run *run, const app_model *model, const char *what, app_matched *m)
{
  const tt_ratings *r = &m->ratings;
  const int64_t     users = r->users.total - m->known_users, items = r->items.total - m->known_items;
  tartan_status     st = TARTAN_OK;

  for (int64_t e = 0; e < r->count; e++) m->lost += m->user[r->user[e]] < 0 || m->item[r->item[e]] < 0;
  TRY(tt_allreduce_i64(run->grid, &m->lost, 1, TT_SUM));
  app_tell(run, "%s  %lld ratings of %lld users and %lld items, from %s:%s\n", what, (long long)r->total,
           (long long)r->users.total, (long long)r->items.total, r->file, *r->group ? r->group : "/");
  if (m->lost > 0 || users > 0 || items > 0)
    app_say(run, "%s: %lld user%s and %lld item%s are not in %s: %lld of %lld ratings are left out\n", what,
            (long long)users, TT_S(users), (long long)items, TT_S(items), model->file, (long long)m->lost,
            (long long)r->total);
done:
  return st;
}

tartan_status app_model_match(app_run *run, const app_model *model, const char *what, const char *source, bool others,
                              app_matched *m)
{
  const tartan_io_opts io = app_run_io(run);
  tt_ratings          *r = &m->ratings;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  *m = (app_matched){.read = true, .others = others || model->v.users == 0};
  TRY(tt_ratings_read(run->grid, source, &io, r));
  TRY(check_sides(model, what, m));
  TRY(find_side(model, r, &r->items, &model->items, "items", &m->item, &m->known_items));
  if (m->others) {
    m->user = tt_alloc(&run->grid->memory, r->users.total, sizeof *m->user, "users", &local);
    AGREE(run->grid, local);
    for (int64_t i = 0; i < r->users.total; i++) m->user[i] = i;
    m->known_users = r->users.total;
  } else {
    TRY(find_side(model, r, &r->users, &model->users, "users", &m->user, &m->known_users));
  }
  TRY(count_lost(run, model, what, m));
done:
  return st;
}

void app_matched_end(app_matched *m)
{
  if (m->read) tt_ratings_free(&m->ratings);
  tt_free(m->user);
  tt_free(m->item);
  *m = (app_matched){.read = false};
}

/* By any rules. Collective. */
static tartan_status make_sparse(app_run *run, const app_model *model, const app_rating_rules *rules,
                                 const app_matched *m, const int64_t *row, int64_t rows, tartan_sparse **A)
{
  const tt_ratings *r = &m->ratings;
  app_entries       e = {NULL};
  tartan_status     st = TARTAN_OK;

  *A = NULL;
  TRY(app_entries_make(run, r->file, r->count, &e));
  for (int64_t i = 0; i < r->count; i++)
    if (row[r->user[i]] >= 0 && m->item[r->item[i]] >= 0)
      app_entries_put(&e, rules, row[r->user[i]], m->item[r->item[i]], r->rating[i]);
  TRY(app_entries_sparse(run, rules, rows, model->v.items, (double)tt_max(1, model->v.factors), &e, A));
done:
  app_entries_end(&e);
  return st;
}

tartan_status app_matched_sparse(app_run *run, const app_model *model, const app_matched *m, const int64_t *row,
                                 int64_t rows, tartan_sparse **A)
{
  return make_sparse(run, model, &model->rules, m, row, rows, A);
}

tartan_status app_matched_seen(app_run *run, const app_model *model, const app_matched *m, const int64_t *row,
                               int64_t rows, tartan_sparse **A)
{
  const app_rating_rules all = {TARTAN_DUPLICATES_LAST, -HUGE_VAL, true};

  return make_sparse(run, model, &all, m, row, rows, A);
}
