/*
 * tartan-bench ials: whole epochs of the exact solver on the ratings of `tartan generate ratings`, in turn with epochs in
 * which each row takes the heavy form, and with a plain product users x items x k of the local BLAS, in panels of items. Beside
 * the times: words against the distinct rows that have to travel, work of the busiest rank, memory against its plan.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/peers.h"
#include "common/ratings.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "model/recommend_impl.h"

#define PANEL 1000 /* items of one call of the plain product */
#define EPOCHS 15  /* that are compared with a product */

static app_planted set = {.users = 30000, .items = 40000, .ratings = 720000, .rank = 8, .exponent = 0.62, .noise = 0.5};

static struct {
  int64_t k, seed;
  int     dtype, solver, model; /* indices of their words */
  bool    counts;
} more = {.k = 64};

static const app_option options[] = {
    {"users", 'm', APP_OPTION_COUNT, &set.users, "M", "30000", "users"},
    {"items", 'n', APP_OPTION_COUNT, &set.items, "N", "40000", "items"},
    {"ratings", 0, APP_OPTION_COUNT, &set.ratings, "R", "720000", "ratings"},
    {"exponent", 0, APP_OPTION_REAL, &set.exponent, "S", "0.62", "activity and popularity fall as place^-S"},
    {"seed", 0, APP_OPTION_COUNT, &more.seed, "N", "0", "of the ratings"},
    {"factors", 'k', APP_OPTION_COUNT, &more.k, "K", "64", "length of a factor row"},
    {"model", 0, APP_OPTION_CHOICE, &more.model, "ials|als", "ials", "implicit or explicit"},
    {"solver", 0, APP_OPTION_CHOICE, &more.solver, "exact|cg", "exact", "of rows"},
    {"dtype", 0, APP_OPTION_CHOICE, &more.dtype, "f32|f64", "f32", "element type"},
    {"counts", 0, APP_OPTION_FLAG, &more.counts, NULL, NULL, "epochs alone: for more ranks than cores"},
    {.name = NULL},
};

typedef struct job {
  app_run               *run;
  bench_cases            cases;
  tartan_dtype           dtype;
  tartan_recommend_opts  opts;
  tartan_sparse         *R;
  tartan_recommender    *model;
  tartan_recommend_epoch epoch;
  tartan_cost            plan;
  int64_t                below;         /* users with fewer than 15 ratings */
  double                 flops[2];      /* of an epoch, all ranks: ours, heavy */
  double                 words, needed; /* of the rank that moves most; that has to receive most */
  double                 memory;        /* peak bytes of a rank beside R */
  int64_t                mine;          /* items of the plain product, of this rank */
  char                  *x, *y, *c;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  job *j = context;

  j->model->form = TT_ALS_BY_COUNT;
  return tartan_recommender_epoch(j->model, &j->epoch);
}

static tartan_status run_heavy(void *context)
{
  job *j = context;

  j->model->form = TT_ALS_HEAVY;
  return tartan_recommender_epoch(j->model, NULL);
}

/* tt_task: all users with a panel of items; the scores are overwritten by the next panel of the thread. */
static void multiply_panel(int64_t i, void *context)
{
  const job    *j = context;
  const int64_t w = (int64_t)tartan_dtype_size(j->dtype), k = more.k, items = tt_min(PANEL, j->mine - i * PANEL);

  tt_gemm_local(j->dtype, TARTAN_TRANS, TARTAN_NO_TRANS, set.users, items, k, 1, j->x, k, j->y + i * PANEL * k * w, k,
                0, j->c + tt_thread_index() * set.users * PANEL * w, set.users);
}

static tartan_status run_product(void *context)
{
  const job *j = context;

  tt_parallel_for(j->run->grid->threads, tt_ceil_div(j->mine, PANEL), multiply_panel, context);
  return TARTAN_OK;
}

static const bench_offer offers[] = {{"heavy", run_heavy}, {"product", run_product}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ counts */

/* Flops of all ranks, and words of the busiest, of one epoch. Collective. */
static tartan_status count_epoch(job *j, tartan_status (*epoch)(void *context), double *flops)
{
  const tt_counters *c = &j->run->grid->counters;
  double             words;
  tartan_status      st = TARTAN_OK;

  tartan_grid_cost_reset(j->run->grid);
  TRY(epoch(j));
  words = fmax((double)c->words_sent, (double)c->words_received);
  *flops = c->flops;
  TRY(tt_allreduce_f64(j->run->grid, flops, 1, TT_SUM));
  TRY(tt_allreduce_f64(j->run->grid, &words, 1, TT_MAX));
  j->words = words;
done:
  return st;
}

/* Distinct remote rows of both half-steps, in words, of the rank for which they are most. Collective. */
static tartan_status count_needed(job *j)
{
  double sent[2] = {0, 0}, received = 0;

  for (int s = 0; s < 2; s++) received += tt_needed_words(&j->model->side[s].needed, more.k, &sent[s]);
  j->needed = fmax(received, sent[0] + sent[1]);
  return tt_allreduce_f64(j->run->grid, &j->needed, 1, TT_MAX);
}

/* The model, two epochs, and the peak of memory for them. Collective. */
static tartan_status make_model(job *j)
{
  tartan_grid  *grid = j->run->grid;
  int64_t       before = 0, peak = 0;
  tartan_status st = TARTAN_OK;

  TRY(tartan_recommend_plan(j->R, &j->opts, &j->plan));
  tartan_grid_memory(grid, &before, NULL, NULL);
  tartan_grid_cost_reset(grid);
  TRY(tartan_recommender_create(j->R, &j->opts, &j->model));
  TRY(run_ours(j));
  TRY(run_ours(j));
  tartan_grid_memory(grid, NULL, &peak, NULL);
  j->memory = (double)(peak - before);
  TRY(tt_allreduce_f64(grid, &j->memory, 1, TT_MAX));
  if (!more.counts) TRY(count_epoch(j, run_heavy, &j->flops[1]));
  TRY(count_epoch(j, run_ours, &j->flops[0]));
  TRY(count_needed(j));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the run */

static tartan_status make(job *j)
{
  tartan_grid  *grid = j->run->grid;
  tt_memory    *memory = &grid->memory;
  const size_t  w = tartan_dtype_size(j->dtype);
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  j->opts = (tartan_recommend_opts)TARTAN_RECOMMEND_OPTS_INIT;
  j->opts.factors = more.k;
  j->opts.dtype = j->dtype;
  j->opts.model = more.model == 0 ? TARTAN_RECOMMEND_IALS : TARTAN_RECOMMEND_ALS;
  j->opts.solver = more.solver == 0 ? TARTAN_RECOMMEND_EXACT : TARTAN_RECOMMEND_CG;
  set.seed = (uint64_t)more.seed;
  TRY(bench_ratings(grid, &set, &j->below, &j->R));
  TRY(make_model(j));
  if (more.counts) goto done;
  j->mine = set.items / j->run->size + (j->run->rank < set.items % j->run->size);
  j->x = tt_alloc(memory, set.users * more.k, w, "users of a product", &local);
  j->y = tt_alloc(memory, j->mine * more.k, w, "items of a product", &local);
  j->c = tt_alloc_zero(memory, grid->threads * set.users * PANEL, w, "scores", &local);
  AGREE(grid, local);
  tt_set_local(j->dtype, 0.5, j->x, more.k, more.k, set.users);
  tt_set_local(j->dtype, 0.25, j->y, more.k, more.k, j->mine);
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  tt_free(j->c);
  tt_free(j->y);
  tt_free(j->x);
  tartan_recommender_destroy(&j->model);
  tartan_sparse_destroy(&j->R);
}

static double ratio(const job *j, const char *above)
{
  return bench_cases_has(&j->cases, above)
             ? bench_ratio(bench_cases_of(&j->cases, above), bench_cases_of(&j->cases, "ours"), j->cases.reps)
             : NAN;
}

static void put_fields(app_json *json, const void *context)
{
  const job *j = context;

  app_json_count(json, "ratings", set.ratings);
  app_json_count(json, "users_below_15", j->below);
  app_json_number(json, "products_of_15_epochs", EPOCHS / ratio(j, "product"));
  app_json_number(json, "heavy_counted", more.counts ? NAN : j->flops[1] / j->flops[0]);
  app_json_number(json, "heavy_measured", ratio(j, "heavy"));
  app_json_number(json, "words", j->words);
  app_json_number(json, "words_needed", j->needed);
  app_json_number(json, "imbalance", j->epoch.imbalance);
  app_json_number(json, "memory", j->memory);
  app_json_number(json, "plan_memory", j->plan.memory);
  app_json_number(json, "plan_words", j->plan.words);
  app_json_number(json, "loss", j->epoch.loss);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;
  char       planned[24], taken[24];

  app_say(run, "ratings  %lld, %lld of %lld users have fewer than 15\n", (long long)set.ratings, (long long)j->below,
          (long long)set.users);
  if (!more.counts) {
    app_say(run, "epochs   %d in the time of %.3f products %lld x %lld x %lld\n", EPOCHS, EPOCHS / ratio(j, "product"),
            (long long)set.users, (long long)set.items, (long long)more.k);
    app_say(run, "heavy    alone takes %.3f times as long; counted %.3f\n", ratio(j, "heavy"),
            j->flops[1] / j->flops[0]);
  }
  app_say(run, "words    %.0f, %.0f of them for distinct rows\n", j->words, j->needed);
  app_say(run, "balance  the busiest rank computes %.3f times the mean\n", j->epoch.imbalance);
  app_say(run, "memory   %s planned, %s taken beside the ratings\n", tt_bytes_text(j->plan.memory, planned),
          tt_bytes_text(j->memory, taken));
}

static tartan_status ials(app_run *run, const char *const *operand, int count)
{
  job           j = {.run = run, .dtype = more.dtype == 0 ? TARTAN_F32 : TARTAN_F64};
  bench_record  r = {.op = "ials", .m = set.users, .n = set.items, .k = more.k};
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  if (!more.counts) bench_cases_add(&j.cases, "heavy", run_heavy);
  if (!more.counts) bench_cases_add(&j.cases, "product", run_product);
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  r.algorithm = more.solver == 0 ? "exact" : "cg";
  r.dtype = tartan_dtype_name(j.dtype);
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.phases = bench_cases_phases(&j.cases, "ours");
  r.reps = j.cases.reps;
  r.flops = j.flops[0];
  r.peak = r.local_fraction = r.bytes_max = r.bytes_redistributed_max = r.bytes_bound = NAN;
  r.residual_limit = 1; /* the tests of the recommender say whether it is right; here only that it is finite */
  r.residual = isfinite(j.epoch.loss) ? 0 : INFINITY;
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_ials = {
    .name = "ials",
    .group = "Benchmarks",
    .summary = "epochs of alternating least squares, against the long form alone and a plain product",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench ials -k 64 --threads 1 --json -\n"
             "  mpirun -n 16 tartan-bench ials -k 64 --threads 1 --counts\n",
    .run = ials,
};
