/*
 * tartan recommend similar: the items or users of a model whose factors point the same way.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "common/plan.h"
#include "recommend_lists.h"
#include "recommend_model.h"

static struct {
  const char *ids, *names;
  int         of;
  int64_t     count;
} set = {.count = 10};

static const app_option options[] = {
    {"of", 0, APP_OPTION_CHOICE, &set.of, "items|users", "items", "what is compared with its like"},
    {"ids", 0, APP_OPTION_TEXT, &set.ids, "FILE|ID,ID", "all", "which of them: a file with an id in each line, or ids"},
    {"count", 0, APP_OPTION_COUNT, &set.count, "N", "10", "results of each"},
    {"item-names", 0, APP_OPTION_TEXT, &set.names, "FILE.csv|FILE.h5", NULL,
     "names of items to print: columns of ids and names, \"movieId,title\""},
    APP_RESULT_OPTIONS("MODEL.similar.h5 beside the model"),
    {.name = NULL},
};

typedef struct job {
  app_model         model;
  app_selection     chosen;
  app_item_names    names;
  app_result        result;
  tt_ids            rows;
  tartan_neighbors *found;
  app_lists         lists;
} job;

static void release(void *context)
{
  job *j = context;

  app_lists_end(&j->lists);
  tartan_neighbors_destroy(&j->found);
  tt_ids_free(&j->rows);
  app_item_names_end(&j->names);
  app_selection_end(&j->chosen);
  app_model_close(&j->model);
}

static bool of_items(void)
{
  return set.of == 0;
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  if (j->found) {
    app_json_text(json, "output", j->result.path);
    app_json_text(json, "of", of_items() ? "items" : "users");
    app_json_count(json, "queries", j->rows.total);
    app_json_count(json, "results", set.count);
  }
  app_json_end_object(json);
}

static const tt_ids *ids_of(const job *j)
{
  return of_items() ? &j->model.items : &j->model.users;
}

static void note(app_notes *notes, const char *source)
{
  static const char *const model[3] = {"input", "input_size", "input_time"};
  static const char *const ids[3] = {"input_ids", "input_ids_size", "input_ids_time"};

  app_note_source(notes, model, source);
  if (set.ids) app_note_source(notes, ids, set.ids);
  app_note(notes, "of", "%s", of_items() ? "items" : "users");
  app_note_count(notes, "count", set.count);
}

static tartan_status look(app_run *run, job *j, const char *source, bool *done)
{
  app_notes notes = {.count = 0};

  note(&notes, source);
  app_note(&notes, "command", "recommend similar");
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

static tartan_status open_inputs(app_run *run, job *j, const char *source)
{
  char          whose[TT_PATH_MAX + 32];
  tartan_status st = TARTAN_OK;

  TRY(app_model_open(run, source, &j->model));
  REQUIRE(of_items() ? j->model.v.factors > 0 || j->model.v.weights : j->model.v.factors > 0, TARTAN_ERR_ARG,
          "a model \"%s\" has nothing to compare %s by", j->model.name, of_items() ? "items" : "users");
  if (set.names) TRY(app_item_names_read(run, set.names, &j->model.items, &j->names));
  snprintf(whose, sizeof whose, "the %s of %s", of_items() ? "items" : "users", j->model.file);
  if (set.ids) TRY(app_ids_select(run, "--ids", set.ids, ids_of(j), whose, &j->chosen));
  TRY(app_ids_pick(run, ids_of(j), j->chosen.index, j->chosen.count, &j->rows));
done:
  return st;
}

/* What it would take: rows and queries, turned, and the results. Collective. */
static tartan_status plan(app_run *run, job *j)
{
  const double  width = (double)(j->model.v.weights ? j->model.v.items : j->model.v.factors);
  const double  n = (double)ids_of(j)->total, q = (double)j->rows.total, P = (double)run->size;
  tartan_status st = TARTAN_OK;

  memset(&run->plan, 0, sizeof run->plan);
  snprintf(run->plan.algorithm, sizeof run->plan.algorithm, "exact search");
  snprintf(run->plan.reason, sizeof run->plan.reason, "tiles of rows circulate, by cosine");
  run->plan.flops = 2 * n * q * width / P;
  run->plan.words = n * width;
  run->plan.memory = 8 * (2 * n + 3 * q) * width / P + 48 * q * (double)set.count / P;
  if (ids_of(j)->text) run->plan.memory += 24 * q * (double)set.count; /* on rank 0 */
  TRY(app_plan_fits(run, "the search", run->plan.memory, ", or more ranks on more nodes"));
  TRY(app_plan_seconds(run));
done:
  return st;
}

static tartan_status prepare(app_run *run, job *j, const char *source, bool *done)
{
  const char *const inputs[] = {source, set.ids, set.names};
  tartan_status     st = TARTAN_OK;

  *done = false;
  TRY(app_result_check_options());
  REQUIRE(set.count >= 1, TARTAN_ERR_ARG, "--count 0: give 1 or more");
  TRY(app_result_begin(run, app_result_set.output, "similar.h5", inputs, 3, &j->result));
  if (!app_result_set.plan) TRY(look(run, j, source, done));
  if (*done) goto done;
  TRY(open_inputs(run, j, source));
  TRY(plan(run, j));
done:
  return st;
}

static tartan_status search(app_run *run, job *j)
{
  const int64_t P = run->size, me = run->rank, total = j->rows.total, first = total / P * me + tt_min(me, total % P);
  const int64_t count = total / P + (me < total % P);
  int64_t      *index = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  index = tt_alloc(&run->grid->memory, count, sizeof *index, "a list", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < count; i++) index[i] = j->chosen.index ? j->chosen.index[first + i] : first + i;
  TRY(tartan_predictor_similar(j->model.p, of_items() ? TARTAN_RECOMMEND_ITEMS : TARTAN_RECOMMEND_USERS, count, index,
                               set.count, &j->found));
done:
  tt_free(index);
  return st;
}

static tartan_status save(app_run *run, job *j, const char *source)
{
  const app_item_names *names = set.names && of_items() ? &j->names : NULL;
  app_notes             notes = {.count = 0};
  tt_output            *out = NULL;
  tartan_status         st = TARTAN_OK;

  j->lists = (app_lists){.rows_name = "/queries",
                         .rows = &j->rows,
                         .items = ids_of(j),
                         .row_names = names,
                         .names = names,
                         .row_index = j->chosen.index,
                         .found = j->found};
  TRY(app_lists_make(run, &j->lists));
  note(&notes, source);
  app_note(&notes, "model", "%s", j->model.name);
  app_note(&notes, "metric", "cosine");
  app_note_count(&notes, "reproducible", 1);
  TRY(app_result_create(run, &j->result, "tartan-similar", &notes, &out));
  TRY(app_lists_save(run, &j->lists, &out));
done:
  tt_output_discard(&out);
  return st;
}

static tartan_status similar(app_run *run, const char *const *operands, int count)
{
  static job    j;
  bool          done = false;
  tartan_status st = TARTAN_OK;

  (void)count;
  j = (job){.found = NULL};
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
  TRY(search(run, &j));
  TRY(save(run, &j, operands[0]));
  app_run_progress_end(run);
  app_say(run, "the %lld most similar of %lld %s, for %lld of them\n", (long long)set.count,
          (long long)ids_of(&j)->total, of_items() ? "items" : "users", (long long)j.rows.total);
  TRY(app_lists_print(run, &j.lists));
  TRY(app_result_end(run, &j.result, "/items"));
done:
  return st;
}

const app_command app_cmd_recommend_similar = {
    .name = "recommend similar",
    .group = "Models",
    .summary = "the items of a model that are most similar to given ones, or its users",
    .operands = "MODEL.h5",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes =
        "By the cosine of factor rows, of ease by that of the columns of its weights; nothing is similar to itself.\n\n"
        "Examples:\n"
        "  tartan recommend similar model.h5 --ids 318,858 --item-names movies.csv\n"
        "  mpirun -n 2 tartan recommend similar model.h5 --of users --count 20 -o alike.h5\n",
    .run = similar,
    .plans = true,
};
