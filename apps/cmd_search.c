/*
 * tartan search: the nearest items of each query, by cosine, dot product or Euclidean distance, from file to file. Rank 0
 * holds the names of items and queries, where there are any, and puts them beside the indices.
 */
#include <tartan/search.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "commands.h"
#include "common/plan.h"
#include "common/result.h"
#include "oper/operator.h"
#include "pca.h"

#define SHOWN_QUERIES 5
#define SHOWN_ITEMS 5

static struct {
  const char *queries;
  bool        all, with_self;
  int64_t     k;
  int         metric, samples;
} set = {.k = 10};

static const app_option options[] = {
    {"queries", 0, APP_OPTION_TEXT, &set.queries, "FILE.h5[:/path]", NULL, "a query in each row"},
    {"all", 0, APP_OPTION_FLAG, &set.all, NULL, NULL, "every item is a query, itself not among its results"},
    {"with-self", 0, APP_OPTION_FLAG, &set.with_self, NULL, NULL, "with --all: the item itself counts too"},
    {"count", 'k', APP_OPTION_COUNT, &set.k, "K", "10", "results of each query"},
    {"metric", 0, APP_OPTION_CHOICE, &set.metric, "cosine|dot|euclidean", "cosine",
     "cosine and dot product: the largest first; Euclidean distance: the smallest"},
    {"samples", 0, APP_OPTION_CHOICE, &set.samples, "auto|rows|columns", "rows; columns where MATLAB wrote the file",
     "what the items and queries are"},
    APP_RESULT_OPTIONS("ITEMS.search.h5 beside the items"),
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_pca_input      items, queries;            /* of --queries */
  tartan_operator   *asked;                     /* the queries, or the items again */
  const char       **item_names, **query_names; /* on rank 0, NULL if there are none */
  bool               named;                     /* items have names: the same on every rank */
  app_result         result;
  tartan_search_opts opts;
  tartan_neighbors  *found;
  tartan_cost        cost;
  int64_t            n, q;
  int64_t           *index;  /* [q, k] on rank 0, where items have names */
  const char       **texts;  /* the same as names */
  int64_t           *counts; /* [P] results of each rank */
} job;

static const char *metric_name(void)
{
  static const char *const names[] = {"cosine", "dot", "euclidean"};

  return names[set.metric];
}

static void release(void *context)
{
  job *j = context;

  tt_free(j->counts);
  tt_free(j->texts);
  tt_free(j->index);
  tartan_neighbors_destroy(&j->found);
  if (j->query_names != j->item_names) tt_free(j->query_names);
  tt_free(j->item_names);
  app_pca_input_close(&j->queries);
  app_pca_input_close(&j->items);
}

static double rate(const job *j)
{
  return (double)j->n * (double)j->q / fmax(j->cost.seconds, 1e-9);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_text(json, "data", j->items.text);
  app_json_object(json, "result");
  if (j->found) {
    app_json_text(json, "output", j->result.path);
    app_json_text(json, "metric", metric_name());
    app_json_count(json, "items", j->n);
    app_json_count(json, "queries", j->q);
    app_json_count(json, "results", set.k);
    app_json_number(json, "pairs_per_second", rate(j));
  }
  app_json_end_object(json);
}

/* ------------------------------------------------------------------------------------------------ before */

static tartan_status read_options(job *j)
{
  tartan_status st = TARTAN_OK;

  TRY(app_result_check_options());
  REQUIRE(set.all || set.queries, TARTAN_ERR_ARG, "search for what? give --queries FILE.h5, or --all");
  REQUIRE(!set.all || !set.queries, TARTAN_ERR_ARG, "--all and --queries do not go together");
  REQUIRE(set.all || !set.with_self, TARTAN_ERR_ARG, "--with-self goes with --all");
  REQUIRE(set.k >= 1, TARTAN_ERR_ARG, "-k %lld: give 1 or more", (long long)set.k);
  j->opts = (tartan_search_opts)TARTAN_SEARCH_OPTS_INIT;
  j->opts.metric = (tartan_metric)set.metric;
  j->opts.without_self = set.all && !set.with_self;
done:
  return st;
}

/* Refuses queries whose features have other names than those of the items. The same on every rank. */
static tartan_status check_names(const job *j)
{
  tartan_status st = TARTAN_OK;

  for (int64_t f = 0; f < j->items.n && f < j->queries.n; f++) {
    const char *a = tartan_operator_feature_name(j->items.data, f);
    const char *b = tartan_operator_feature_name(j->asked, f);

    REQUIRE(!a || !b || strcmp(a, b) == 0, TARTAN_ERR_INPUT,
            "feature %lld (from zero) is \"%s\" of the items, but \"%s\" of the queries", (long long)f, a, b);
  }
done:
  return st;
}

static tartan_status open_inputs(app_run *run, job *j, const char *source)
{
  tartan_status st = TARTAN_OK;

  TRY(app_pca_input_open(run, source, set.samples, &j->items));
  j->asked = j->items.data;
  if (set.queries) {
    TRY(app_pca_input_open(run, set.queries, set.samples, &j->queries));
    j->asked = j->queries.data;
    TRY(check_names(j));
  }
  j->n = j->items.m;
  j->q = j->asked->m;
done:
  return st;
}

static void note_inputs(app_notes *notes, const job *j)
{
  static const char *const queries[3] = {"input_queries", "input_queries_size", "input_queries_time"};

  app_note_input(notes, &j->items.info);
  if (set.queries) app_note_input_as(notes, queries, &j->queries.info);
}

static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "metric", "%s", metric_name());
  app_note_count(&notes, "count", set.k);
  app_note(&notes, "all", "%s", set.all ? "yes" : "no");
  app_note(&notes, "with-self", "%s", set.with_self ? "yes" : "no");
  app_note(&notes, "samples", "%s", set.samples == APP_SAMPLES_COLUMNS ? "columns" : set.samples ? "rows" : "auto");
  app_note(&notes, "command", "search");
  note_inputs(&notes, j);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* Names to rank 0, and what writing them takes there: an index, an address and a text for each result, twice. Collective. */
static tartan_status read_names(app_run *run, job *j, double *bytes)
{
  int64_t       longest = -1;
  tartan_status st = TARTAN_OK;

  TRY(tt_operator_sample_names(j->items.data, &j->item_names));
  if (set.queries)
    TRY(tt_operator_sample_names(j->queries.data, &j->query_names));
  else
    j->query_names = j->item_names;
  for (int64_t i = 0; i < j->n && j->item_names; i++) longest = tt_max(longest, (int64_t)strlen(j->item_names[i]));
  TRY(tt_allreduce_i64(run->grid, &longest, 1, TT_MAX));
  j->named = longest >= 0;
  *bytes = 16.0 * (double)set.k * (double)tt_ceil_div(j->q, run->size); /* the results themselves */
  if (j->named) *bytes += (double)j->q * (double)set.k * (25 + (double)longest);
done:
  return st;
}

/* What the run would take, within the memory; refused where that is too small. */
static tartan_status plan(app_run *run, job *j)
{
  double        saving = 0;
  char          what[96];
  tartan_status st = TARTAN_OK, planned;

  TRY(read_names(run, j, &saving));
  planned = tartan_search_plan(j->items.data, j->asked, set.k, &j->opts, &run->plan);
  if (planned != TARTAN_ERR_NOMEM) TRY(planned);
  run->plan.memory = fmax(run->plan.memory, saving);
  snprintf(what, sizeof what, "a search of %lld quer%s in %lld item%s", (long long)j->q, j->q == 1 ? "y" : "ies",
           (long long)j->n, TT_S(j->n));
  TRY(app_plan_fits(run, what, run->plan.memory, ", or more ranks on more nodes"));
  TRY(app_plan_seconds(run));
done:
  return st;
}

static tartan_status prepare(app_run *run, job *j, const char *source, bool *done)
{
  const char *const inputs[] = {source, set.queries};
  tartan_status     st = TARTAN_OK;

  *done = false;
  TRY(read_options(j));
  TRY(app_result_begin(run, app_result_set.output, "search.h5", inputs, 2, &j->result));
  TRY(open_inputs(run, j, source));
  if (!app_result_set.plan) TRY(look(run, j, done));
  if (!*done) TRY(plan(run, j));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ after */

/* All results as names of items, on rank 0. Collective. */
static tartan_status gather_texts(app_run *run, job *j)
{
  const int64_t *index = NULL;
  int64_t        own = 0;
  const int64_t  all = j->named && run->rank == 0 ? j->q * set.k : 0;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  j->counts = tt_alloc(&run->grid->memory, run->size, sizeof *j->counts, "counts of results", &local);
  j->index = tt_alloc(&run->grid->memory, all, sizeof *j->index, "all results", &local);
  j->texts = tt_alloc(&run->grid->memory, all, sizeof *j->texts, "all results", &local);
  AGREE(run->grid, local);
  tartan_neighbors_local(j->found, NULL, &own, NULL, &index, NULL);
  own *= set.k;
  TRY(tt_allgather(run->grid, &own, 1, sizeof own, j->counts));
  if (!j->named) goto done;
  TRY(tt_gatherv(run->grid, index, j->counts, sizeof *index, j->index, 0));
  for (int64_t i = 0; i < all; i++) j->texts[i] = j->index[i] >= 0 ? j->item_names[j->index[i]] : "";
done:
  return st;
}

static tartan_status save(app_run *run, job *j)
{
  const int64_t *index = NULL;
  const double  *score = NULL;
  int64_t        first = 0, count = 0;
  app_notes      notes = {.count = 0};
  tt_output     *out = NULL;
  tartan_status  st = TARTAN_OK;

  note_inputs(&notes, j);
  app_note(&notes, "metric", "%s", metric_name());
  app_note_count(&notes, "without_self", j->opts.without_self);
  app_note_count(&notes, "reproducible", 1);
  TRY(gather_texts(run, j));
  TRY(app_result_create(run, &j->result, "tartan-search", &notes, &out));
  tt_output_count(out, "/n_items", j->n);
  if (j->query_names) tt_output_strings(out, "/queries", j->q, j->query_names);
  if (j->item_names) tt_output_string_table(out, "/items", j->q, set.k, j->texts);
  tt_output_declare_element(out, "/item_index", TT_EL_I64, j->q, set.k);
  tt_output_declare(out, "/scores", TARTAN_F64, j->q, set.k);
  TRY(tt_output_open(out));
  tartan_neighbors_local(j->found, &first, &count, NULL, &index, &score);
  TRY(tt_output_rows(out, "/item_index", first, count, index));
  TRY(tt_output_rows(out, "/scores", first, count, score));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

/* One query and its best items. Local. */
static void print_query(const app_run *run, const job *j, int64_t query, const int64_t *index, const double *score)
{
  char name[40];

  snprintf(name, sizeof name, "%lld", (long long)query);
  app_say(run, "%-16.40s", j->query_names ? j->query_names[query] : name);
  for (int64_t r = 0; r < tt_min(set.k, SHOWN_ITEMS) && index[r] >= 0; r++) {
    snprintf(name, sizeof name, "%lld", (long long)index[r]);
    app_say(run, "%s %.30s (%.6g)", r ? "," : "", j->item_names ? j->item_names[index[r]] : name, score[r]);
  }
  app_say(run, "%s\n", index[0] < 0 ? " nothing" : "");
}

/* The first queries, which the first ranks have. Collective. */
static tartan_status print_summary(app_run *run, job *j)
{
  const int64_t  shown = tt_min(SHOWN_QUERIES, j->q);
  const int64_t *mine = NULL;
  const double  *my_score = NULL;
  int64_t       *index = NULL, left = shown * set.k;
  double        *score = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  index = tt_alloc(&run->grid->memory, left, sizeof *index, "the first results", &local);
  score = tt_alloc(&run->grid->memory, left, sizeof *score, "the first results", &local);
  AGREE(run->grid, local);
  for (int r = 0; r < run->size; r++) { /* of each rank what belongs to the first */
    j->counts[r] = tt_min(j->counts[r], left);
    left -= j->counts[r];
  }
  tartan_neighbors_local(j->found, NULL, NULL, NULL, &mine, &my_score);
  TRY(tt_gatherv(run->grid, mine, j->counts, sizeof *mine, index, 0));
  TRY(tt_gatherv(run->grid, my_score, j->counts, sizeof *my_score, score, 0));
  app_say(run, "%lld quer%s, %lld item%s, the best %lld by %s\n", (long long)j->q, j->q == 1 ? "y" : "ies",
          (long long)j->n, TT_S(j->n), (long long)set.k, metric_name());
  if (run->rank == 0)
    for (int64_t i = 0; i < shown; i++) print_query(run, j, i, index + i * set.k, score + i * set.k);
  if (j->q > shown) app_say(run, "...\n");
  app_tell(run, "%.3g pairs in %.2f s: %.3g pairs/s\n", (double)j->n * (double)j->q, j->cost.seconds, rate(j));
done:
  tt_free(score);
  tt_free(index);
  return st;
}

static tartan_status search(app_run *run, const char *const *operands, int count)
{
  static job    j;
  tartan_status st = TARTAN_OK;
  bool          done = false;

  (void)count;
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, operands[0], &done));
  if (done) goto done;
  if (app_result_set.plan) {
    TRY(app_result_print_plan(run, 0));
    goto done;
  }
  TRY(tartan_search(j.items.data, j.asked, set.k, &j.opts, &j.found, &j.cost));
  TRY(save(run, &j));
  app_run_progress_end(run);
  TRY(print_summary(run, &j));
  TRY(app_result_end(run, &j.result, "/item_index"));
done:
  return st;
}

const app_command app_cmd_search = {
    .name = "search",
    .group = "Linear algebra",
    .summary = "the nearest items of each query, by cosine, dot product or Euclidean distance",
    .operands = "ITEMS.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Results are exact, and the same on any number of ranks; of equal scores the item that comes first in its "
             "file is first.\n\n"
             "Examples:\n"
             "  mpirun -n 2 tartan search items.h5 --queries queries.h5 -k 10 -o nearest.h5\n"
             "  mpirun -n 4 tartan search items.h5:/X --all --metric euclidean -k 5\n"
             "  tartan search items.h5 --queries queries.h5 --plan\n",
    .run = search,
    .plans = true,
};
