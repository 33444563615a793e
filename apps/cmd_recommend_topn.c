/*
 * tartan recommend topn: the best items of users of a model, of all of them or a list, or of new users from their ratings
 * alone; without what they have seen.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "commands.h"
#include "common/plan.h"
#include "recommend_lists.h"
#include "recommend_model.h"

static struct {
  const char *seen, *fold_in, *users, *allow, *exclude, *names;
  bool        keep_seen;
  int64_t     count;
} set = {.count = 100};

static const app_option options[] = {
    {"seen", 0, APP_OPTION_TEXT, &set.seen, "FILE.h5[:/group]", NULL,
     "ratings, those of the training for example: their items are not recommended to their users"},
    {"fold-in", 0, APP_OPTION_TEXT, &set.fold_in, "FILE.h5[:/group]", NULL,
     "ratings of new users, who are served by these alone; their items are not recommended"},
    {"keep-seen", 0, APP_OPTION_FLAG, &set.keep_seen, NULL, NULL,
     "recommend items of --fold-in too (of ease: of --seen)"},
    {"users", 0, APP_OPTION_TEXT, &set.users, "FILE|ID,ID", "all",
     "users to serve: a file with an id in each line, or ids"},
    {"allow", 0, APP_OPTION_TEXT, &set.allow, "FILE|ID,ID", "all", "items that may be recommended"},
    {"exclude", 0, APP_OPTION_TEXT, &set.exclude, "FILE|ID,ID", NULL, "items that may not"},
    {"count", 0, APP_OPTION_COUNT, &set.count, "N", "100", "items for each user"},
    {"item-names", 0, APP_OPTION_TEXT, &set.names, "FILE.csv|FILE.h5", NULL,
     "names of items to print: columns of ids and names, \"movieId,title\""},
    APP_RESULT_OPTIONS("MODEL.topn.h5 beside the model"),
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_model         model;
  app_matched       other; /**< of --seen or --fold-in */
  app_selection     chosen, allowed, excluded;
  app_item_names    names;
  app_result        result;
  tt_ids            rows;           /**< ids of the users that are served */
  int64_t          *row;            /**< [users of the other file] row of each, -1: none */
  tartan_sparse    *history, *seen; /**< [rows, items] */
  unsigned char    *mask;           /**< [items] */
  tartan_profiles  *profiles;
  tartan_topn_opts  opts;
  tartan_neighbors *found;
  app_lists         lists;
  tartan_cost       cost;
  int64_t           users, open; /**< rows; items that may be recommended */
} job;

static void release(void *context)
{
  job *j = context;

  app_lists_end(&j->lists);
  tartan_neighbors_destroy(&j->found);
  tartan_profiles_destroy(&j->profiles);
  tartan_sparse_destroy(&j->seen);
  tartan_sparse_destroy(&j->history);
  tt_free(j->mask);
  tt_free(j->row);
  tt_ids_free(&j->rows);
  app_item_names_end(&j->names);
  app_selection_end(&j->excluded);
  app_selection_end(&j->allowed);
  app_selection_end(&j->chosen);
  app_matched_end(&j->other);
  app_model_close(&j->model);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  if (j->found) {
    app_json_text(json, "output", j->result.path);
    app_json_text(json, "model", j->model.name);
    app_json_count(json, "users", j->users);
    app_json_count(json, "items", j->model.v.items);
    app_json_count(json, "items_allowed", j->open);
    app_json_count(json, "count", set.count);
    app_json_flag(json, "seen_filtered", j->seen != NULL);
    app_json_flag(json, "folded_in", j->history != NULL);
    app_json_count(json, "unknown_users", j->other.read ? j->other.ratings.users.total - j->other.known_users : 0);
    app_json_count(json, "unknown_items", j->other.read ? j->other.ratings.items.total - j->other.known_items : 0);
    app_json_number(json, "seconds", j->cost.seconds);
  }
  app_json_end_object(json);
}

/* ------------------------------------------------------------------------------------------------ before */

static tartan_status read_options(void)
{
  tartan_status st = TARTAN_OK;

  TRY(app_result_check_options());
  REQUIRE(set.count >= 1, TARTAN_ERR_ARG, "--count 0: give 1 or more");
  REQUIRE(!set.seen || !set.fold_in, TARTAN_ERR_ARG,
          "--seen and --fold-in do not go together: the ratings of --fold-in are what its users have seen");
  REQUIRE(!set.keep_seen || set.seen || set.fold_in, TARTAN_ERR_ARG, "--keep-seen goes with --fold-in");
done:
  return st;
}

/* Users of the model, of all of it or a list. Collective. */
static tartan_status choose_known(app_run *run, job *j)
{
  char          whose[TT_PATH_MAX + 32];
  int64_t      *place = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  snprintf(whose, sizeof whose, "the users of %s", j->model.file);
  if (set.users) TRY(app_ids_select(run, "--users", set.users, &j->model.users, whose, &j->chosen));
  TRY(app_ids_pick(run, &j->model.users, j->chosen.index, j->chosen.count, &j->rows));
  j->users = j->rows.total;
  if (!set.seen) goto done;
  place = tt_alloc(&run->grid->memory, j->model.v.users, sizeof *place, "rows of users", &local);
  j->row = tt_alloc(&run->grid->memory, j->other.ratings.users.total, sizeof *j->row, "rows of users", &local);
  AGREE(run->grid, local);
  for (int64_t u = 0; u < j->model.v.users; u++) place[u] = set.users ? -1 : u;
  for (int64_t i = 0; i < j->chosen.count; i++) place[j->chosen.index[i]] = i;
  for (int64_t u = 0; u < j->other.ratings.users.total; u++)
    j->row[u] = j->other.user[u] < 0 ? -1 : place[j->other.user[u]];
  TRY(app_matched_seen(run, &j->model, &j->other, j->row, j->users, &j->seen));
done:
  tt_free(place);
  return st;
}

/* Users of the other file, of all of it or a list. Collective. */
static tartan_status choose_folded(app_run *run, job *j)
{
  const tt_ratings *r = &j->other.ratings;
  char              whose[sizeof r->file + 32];
  tartan_status     st = TARTAN_OK, local = TARTAN_OK;

  snprintf(whose, sizeof whose, "the users of %s", r->file);
  if (set.users) TRY(app_ids_select(run, "--users", set.users, &r->users, whose, &j->chosen));
  TRY(app_ids_pick(run, &r->users, j->chosen.index, j->chosen.count, &j->rows));
  j->users = j->rows.total;
  j->row = tt_alloc(&run->grid->memory, r->users.total, sizeof *j->row, "rows of users", &local);
  AGREE(run->grid, local);
  for (int64_t u = 0; u < r->users.total; u++) j->row[u] = set.users ? -1 : u;
  for (int64_t i = 0; i < j->chosen.count; i++) j->row[j->chosen.index[i]] = i;
  TRY(app_matched_sparse(run, &j->model, &j->other, j->row, j->users, &j->history));
  if (!set.keep_seen) TRY(app_matched_seen(run, &j->model, &j->other, j->row, j->users, &j->seen));
done:
  return st;
}

/* Which items may be recommended. Collective. */
static tartan_status choose_items(app_run *run, job *j)
{
  const int64_t items = j->model.v.items;
  char          whose[TT_PATH_MAX + 32];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  j->open = items;
  if (!set.allow && !set.exclude) goto done;
  snprintf(whose, sizeof whose, "the items of %s", j->model.file);
  if (set.allow) TRY(app_ids_select(run, "--allow", set.allow, &j->model.items, whose, &j->allowed));
  if (set.exclude) TRY(app_ids_select(run, "--exclude", set.exclude, &j->model.items, whose, &j->excluded));
  j->mask = tt_alloc(&run->grid->memory, items, 1, "marks of items", &local);
  AGREE(run->grid, local);
  memset(j->mask, !set.allow, (size_t)items);
  for (int64_t i = 0; i < j->allowed.count; i++) j->mask[j->allowed.index[i]] = 1;
  for (int64_t i = 0; i < j->excluded.count; i++) j->mask[j->excluded.index[i]] = 0;
  for (int64_t i = j->open = 0; i < items; i++) j->open += j->mask[i];
  REQUIRE(j->open > 0, TARTAN_ERR_INPUT, "--allow and --exclude leave no item to recommend");
done:
  return st;
}

/* The model and what goes with it. Collective. */
static tartan_status open_inputs(app_run *run, job *j, const char *source)
{
  bool          ease;
  tartan_status st = TARTAN_OK;

  if (!set.seen && !set.fold_in) app_tell(run, "no --seen: items that users have seen are recommended too\n");
  TRY(app_model_open(run, source, &j->model));
  ease = j->model.v.opts.model == TARTAN_RECOMMEND_EASE;
  REQUIRE(!ease || set.seen || set.fold_in, TARTAN_ERR_ARG,
          "a model of ease knows no users: give their ratings by --seen or --fold-in");
  REQUIRE(!set.keep_seen || set.fold_in || ease, TARTAN_ERR_ARG,
          "--keep-seen goes with --fold-in: without --seen nothing is left out");
  if (set.seen) TRY(app_model_match(run, &j->model, "seen", set.seen, ease, &j->other));
  if (set.fold_in) TRY(app_model_match(run, &j->model, "fold-in", set.fold_in, true, &j->other));
  if (set.names) TRY(app_item_names_read(run, set.names, &j->model.items, &j->names));
  TRY(choose_items(run, j));
  TRY(set.fold_in || ease ? choose_folded(run, j) : choose_known(run, j));
  if (set.count > j->open)
    app_say(run, "only %lld item%s can be recommended: the rest of each list of %lld is empty\n", (long long)j->open,
            TT_S(j->open), (long long)set.count);
done:
  return st;
}

static void note_inputs(app_notes *notes, const char *source)
{
  static const char *const model[3] = {"input", "input_size", "input_time"};
  static const char *const names[6][3] = {{"input_seen", "input_seen_size", "input_seen_time"},
                                          {"input_fold_in", "input_fold_in_size", "input_fold_in_time"},
                                          {"input_users", "input_users_size", "input_users_time"},
                                          {"input_allow", "input_allow_size", "input_allow_time"},
                                          {"input_exclude", "input_exclude_size", "input_exclude_time"}};
  const char *const        sources[] = {set.seen, set.fold_in, set.users, set.allow, set.exclude};

  app_note_source(notes, model, source);
  for (int i = 0; i < 5; i++)
    if (sources[i]) app_note_source(notes, names[i], sources[i]);
}

static void note_options(app_notes *notes)
{
  app_note_count(notes, "count", set.count);
  app_note(notes, "keep_seen", "%s", set.keep_seen ? "yes" : "no");
}

static tartan_status look(app_run *run, job *j, const char *source, bool *done)
{
  app_notes notes = {.count = 0};

  note_options(&notes);
  app_note(&notes, "command", "recommend topn");
  note_inputs(&notes, source);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* Profiles, and what serving them would take. Collective. */
static tartan_status plan(app_run *run, job *j)
{
  const int64_t *chosen = j->chosen.index;
  const int64_t  P = run->size, me = run->rank, first = j->users / P * me + tt_min(me, j->users % P);
  int64_t        count = j->users / P + (me < j->users % P), *user = NULL;
  char           what[96];
  tartan_status  st = TARTAN_OK, local = TARTAN_OK, planned;

  if (j->history) {
    TRY(tartan_profiles_fold_in(j->model.p, j->history, &j->profiles));
  } else {
    user = tt_alloc(&run->grid->memory, count, sizeof *user, "users", &local);
    AGREE(run->grid, local);
    for (int64_t i = 0; i < count; i++) user[i] = chosen ? chosen[first + i] : first + i;
    TRY(tartan_profiles_known(j->model.p, count, user, &j->profiles));
  }
  j->opts = (tartan_topn_opts)TARTAN_TOPN_OPTS_INIT;
  j->opts.count = set.count;
  j->opts.seen = j->seen;
  j->opts.allowed = j->mask;
  planned = tartan_predictor_topn_plan(j->model.p, j->profiles, &j->opts, &run->plan);
  if (planned != TARTAN_ERR_NOMEM) TRY(planned);
  run->plan.memory = fmax(run->plan.memory, 32.0 * (double)set.count * (double)tt_ceil_div(j->users, P));
  if (j->model.items.text) run->plan.memory += 24.0 * (double)j->users * (double)set.count; /* on rank 0 */
  snprintf(what, sizeof what, "the best %lld items of %lld user%s", (long long)set.count, (long long)j->users,
           TT_S(j->users));
  TRY(app_plan_fits(run, what, run->plan.memory, ", or more ranks on more nodes"));
  TRY(app_plan_seconds(run));
done:
  tt_free(user);
  return st;
}

static tartan_status prepare(app_run *run, job *j, const char *source, bool *done)
{
  const char *const inputs[] = {source, set.seen, set.fold_in, set.users, set.allow, set.exclude, set.names};
  tartan_status     st = TARTAN_OK;

  *done = false;
  TRY(read_options());
  TRY(app_result_begin(run, app_result_set.output, "topn.h5", inputs, 7, &j->result));
  if (!app_result_set.plan) TRY(look(run, j, source, done));
  if (*done) goto done;
  TRY(open_inputs(run, j, source));
  TRY(plan(run, j));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ after */

static tartan_status save(app_run *run, job *j, const char *source)
{
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  tartan_status st = TARTAN_OK;

  j->lists = (app_lists){.rows_name = "/users",
                         .rows = &j->rows,
                         .items = &j->model.items,
                         .names = set.names ? &j->names : NULL,
                         .found = j->found};
  TRY(app_lists_make(run, &j->lists));
  note_inputs(&notes, source);
  note_options(&notes);
  app_note(&notes, "model", "%s", j->model.name);
  app_note(&notes, "seen", "%s", j->seen ? "left out" : "not left out");
  app_note_count(&notes, "items_allowed", j->open);
  app_note_count(&notes, "reproducible", 1);
  TRY(app_result_create(run, &j->result, "tartan-recommendations", &notes, &out));
  TRY(app_lists_save(run, &j->lists, &out));
done:
  tt_output_discard(&out);
  return st;
}

static tartan_status topn(app_run *run, const char *const *operands, int count)
{
  static job    j;
  bool          done = false;
  tartan_status st = TARTAN_OK;

  (void)count;
  j = (job){.users = 0};
  j.rows.grid = j.model.users.grid = j.model.items.grid = run->grid;
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, operands[0], &done));
  if (done) goto done;
  if (app_result_set.plan) {
    TRY(app_result_print_plan(run, 0));
    goto done;
  }
  TRY(tartan_predictor_topn(j.model.p, j.profiles, &j.opts, &j.found, &j.cost));
  TRY(save(run, &j, operands[0]));
  app_run_progress_end(run);
  app_say(run, "the best %lld of %lld item%s for %lld user%s%s\n", (long long)set.count, (long long)j.open,
          TT_S(j.open), (long long)j.users, TT_S(j.users), j.seen ? "" : ", what they have seen among them");
  TRY(app_lists_print(run, &j.lists));
  TRY(app_result_end(run, &j.result, "/items"));
done:
  return st;
}

const app_command app_cmd_recommend_topn = {
    .name = "recommend topn",
    .group = "Models",
    .summary = "the best items of users of a model, or of new users from their ratings",
    .operands = "MODEL.h5",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "The whole catalogue is ranked, exactly; of equal scores the item whose id comes first in the model is "
             "first. Ids "
             "are written as they came in; tartan export turns the result into user,rank,item,score.\n\n"
             "Examples:\n"
             "  mpirun -n 2 tartan recommend topn model.h5 --seen ratings.h5 --count 20 -o top.h5\n"
             "  tartan recommend topn model.h5 --fold-in new.h5 --exclude sold-out.txt\n"
             "  tartan recommend topn model.h5 --seen ratings.h5 --users 17,42 --item-names movies.csv\n",
    .run = topn,
    .plans = true,
};
