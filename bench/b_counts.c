/*
 * tartan-bench counts: what one operation would move on ranks that are not there, beside what it computes. One rank plans for
 * all: a product on grids that only planners see, a Gram pass by its tree, an epoch by cutting the ratings as the ranks would.
 * Nothing is computed.
 */
#include <tartan/blas.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "blas/bound.h"
#include "comm/agree.h"
#include "common/ratings.h"
#include "common/record.h"
#include "common/virtual_grid.h"
#include "model/recommend_words.h"
#include "oper/gram_impl.h"

enum { PRODUCT, GRAM, EPOCH };

#define RANKS_MOST 4096 /* planning takes memory and time that grow with the square */

static struct {
  int64_t     m, n, k, ratings, seed, workspace, per_node;
  double      exponent, balance, start;
  const char *ranks;
  int         of, dtype, model, solver; /* indices of their words */
} set = {.per_node = 16,
         .exponent = 0.62,
         .balance = 400,
         .start = 80000,
         .ranks = "1 2 4 8 16 32 64 128 256 512 1024",
         .dtype = 1};

static const app_option options[] = {
    {"of", 0, APP_OPTION_CHOICE, &set.of, "product|gram|epoch", "product", "what is counted"},
    {"ranks", 0, APP_OPTION_TEXT, &set.ranks, "LIST", "1 2 4 ... 1024", "numbers of ranks, separated by spaces"},
    {"rows", 'm', APP_OPTION_COUNT, &set.m, "M", "16384; samples 1000000, users 200000", "rows of C, samples, users"},
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "16384; features 1000, items 50000",
     "columns of C, features, items"},
    {"inner", 'k', APP_OPTION_COUNT, &set.k, "K", "16384; factors 64", "columns of A, factors"},
    {"ratings", 0, APP_OPTION_COUNT, &set.ratings, "R", "5000000", "of an epoch"},
    {"exponent", 0, APP_OPTION_REAL, &set.exponent, "S", "0.62", "activity and popularity fall as place^-S"},
    {"seed", 0, APP_OPTION_COUNT, &set.seed, "N", "0", "of the ratings"},
    {"model", 0, APP_OPTION_CHOICE, &set.model, "ials|als", "ials", "implicit or explicit"},
    {"solver", 0, APP_OPTION_CHOICE, &set.solver, "exact|cg", "exact", "of rows"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "of a product"},
    {"workspace", 0, APP_OPTION_SIZE, &set.workspace, "SIZE", "3 times a rank's share of the operands",
     "for a rank beside the operands of a product"},
    {"ranks-per-node", 0, APP_OPTION_COUNT, &set.per_node, "N", "16", "ranks that share a node"},
    {"balance", 0, APP_OPTION_REAL, &set.balance, "X", "400", "flops that a rank does while a word travels"},
    {"start", 0, APP_OPTION_REAL, &set.start, "X", "80000", "flops that it does while a message starts"},
    {"json", 0, APP_OPTION_TEXT, &bench_set.json, "FILE", "a table",
     "append one JSON object a number of ranks; -: to stdout"},
    {.name = NULL},
};

/* One number of ranks; what has no meaning is NaN. Words, flops, messages and memory are of the rank that has most. */
typedef struct row {
  int    ranks;
  double words, flops, bound, messages, memory;
  int    grid[3];    /* of a product */
  double flat_words; /* of the best product with p3 = 1 on all ranks */
  int    flat[2];
  double imbalance; /* flops over those of an even share */
} row;

static row row_of(int ranks)
{
  return (row){.ranks = ranks, .bound = NAN, .messages = NAN, .memory = NAN, .flat_words = NAN, .imbalance = NAN};
}

/* ------------------------------------------------------------------------------------------------ products */

static tartan_dtype dtype(void)
{
  return set.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
}

static double workspace(int ranks)
{
  const double m = (double)set.m, n = (double)set.n, k = (double)set.k;

  if (set.workspace > 0) return (double)set.workspace;
  return ceil(3 * (m * k + k * n + m * n) / ranks) * (double)tartan_dtype_size(dtype());
}

/* The fewest words of grids p1 x p2 of all ranks; those that do not fit the memory are left out. */
static tartan_status weigh_flat(tartan_grid *grid, tartan_gemm_opts *opts, row *r)
{
  tartan_status st = TARTAN_OK;

  for (int p1 = 1; p1 <= r->ranks; p1++) {
    tartan_cost cost;

    if (r->ranks % p1 != 0) continue;
    opts->p1 = p1;
    opts->p2 = r->ranks / p1;
    opts->p3 = 1;
    st = tartan_gemm_predict(grid, dtype(), set.m, set.n, set.k, opts, &cost);
    if (st == TARTAN_ERR_NOMEM) continue;
    TRY(st);
    if (cost.words >= r->flat_words) continue; /* never true of NaN: none has been found yet */
    r->flat_words = cost.words;
    r->flat[0] = p1;
    r->flat[1] = r->ranks / p1;
  }
  st = TARTAN_OK;
done:
  return st;
}

static tartan_status count_product(row *r)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
  tartan_grid     *grid = NULL;
  tartan_cost      plan;
  tartan_status    st = TARTAN_OK;

  TRY(bench_virtual_grid(r->ranks, (int)tt_ceil_div(r->ranks, set.per_node), 1, &grid));
  opts.memory = (int64_t)workspace(r->ranks);
  TRY(tartan_gemm_predict(grid, dtype(), set.m, set.n, set.k, &opts, &plan));
  r->words = plan.words;
  r->flops = plan.flops;
  r->imbalance = r->flops * r->ranks / (2.0 * (double)set.m * (double)set.n * (double)set.k);
  r->bound = tt_product_bound((double)set.m, (double)set.n, (double)set.k, r->ranks);
  r->messages = plan.messages;
  r->memory = plan.memory;
  memcpy(r->grid, plan.grid, sizeof r->grid);
  TRY(weigh_flat(grid, &opts, r));
done:
  tartan_grid_destroy(&grid);
  return st;
}

/* ------------------------------------------------------------------------------------------------ Gram */

static tartan_status count_gram(row *r)
{
  const tt_gram_opts opts = {.center = true};
  tartan_grid       *grid = NULL;
  tartan_operator    op = {.m = set.m, .n = set.n, .element = TT_EL_F64, .stored = TT_EL_F64};
  tt_gram_plan       plan;
  tartan_status      st = TARTAN_OK;

  TRY(bench_virtual_grid(r->ranks, (int)tt_ceil_div(r->ranks, set.per_node), 1, &grid));
  op.grid = grid;
  TRY(tt_gram_plan_make(&op, &opts, r->ranks, 1, 0, &plan));
  r->words = plan.words;
  r->flops = plan.flops;
  r->imbalance = r->flops * r->ranks / ((double)set.m * (double)set.n * (double)(set.n + 1));
  r->bound = tt_syrk_bound((double)set.n, (double)set.m, r->ranks);
  r->memory = (double)plan.memory;
done:
  tartan_grid_destroy(&grid);
  return st;
}

/* ------------------------------------------------------------------------------------------------ epochs */

static tartan_status count_epoch(const tartan_sparse *R, row *r)
{
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;
  tt_epoch_counts       c;
  tartan_status         st = TARTAN_OK;

  o.factors = set.k;
  o.model = set.model == 0 ? TARTAN_RECOMMEND_IALS : TARTAN_RECOMMEND_ALS;
  o.solver = set.solver == 0 ? TARTAN_RECOMMEND_EXACT : TARTAN_RECOMMEND_CG;
  TRY(tt_recommend_count(R, &o, 1, r->ranks, &c));
  r->words = c.words;
  r->flops = c.flops / r->ranks * c.imbalance;
  r->bound = c.needed;
  r->imbalance = c.imbalance;
done:
  return st;
}

static tartan_status make_ratings(tartan_grid *grid, tartan_sparse **R)
{
  app_planted planted = {.users = set.m, .items = set.n, .ratings = set.ratings, .rank = 8, .noise = 0.5};

  planted.exponent = set.exponent;
  planted.seed = (uint64_t)set.seed;
  return bench_ratings_make(grid, &planted, R, NULL);
}

/* ------------------------------------------------------------------------------------------------ what is said */

static const char *kind(void)
{
  static const char *const names[] = {"product", "gram", "epoch"};

  return names[set.of];
}

/* Time of words and messages over that of the flops. */
static double waiting(const row *r)
{
  return (r->words * set.balance + (isnan(r->messages) ? 0 : r->messages * set.start)) / r->flops;
}

/* Of all ranks, where nothing is exchanged while they compute. */
static double efficiency(const row *r)
{
  return 1 / (r->imbalance * (1 + waiting(r)));
}

static void put_row(app_json *json, const void *context)
{
  const row *r = context;

  app_json_text(json, "op", "counts");
  app_json_text(json, "of", kind());
  app_json_count(json, "m", set.m);
  app_json_count(json, "n", set.n);
  if (set.of != GRAM) app_json_count(json, "k", set.k);
  if (set.of == EPOCH) app_json_count(json, "ratings", set.ratings);
  app_json_count(json, "ranks", r->ranks);
  app_json_number(json, "words", r->words);
  app_json_number(json, "flops", r->flops);
  app_json_number(json, "words_bound", r->bound);
  app_json_number(json, "balance", set.balance);
  app_json_number(json, "start", set.start);
  app_json_number(json, "waiting", waiting(r));
  app_json_number(json, "efficiency", efficiency(r));
  app_json_number(json, "messages", r->messages);
  app_json_number(json, "memory", r->memory);
  app_json_number(json, "imbalance", r->imbalance);
  if (set.of != PRODUCT) return;
  app_json_array(json, "grid");
  for (int i = 0; i < 3; i++) app_json_count(json, NULL, r->grid[i]);
  app_json_end_array(json);
  app_json_number(json, "flat_words", r->flat_words);
  app_json_array(json, "flat_grid");
  for (int i = 0; i < 2; i++) app_json_count(json, NULL, r->flat[i]);
  app_json_end_array(json);
}

static void print_head(const app_run *run)
{
  static const char *const kinds[] = {"2-D            words  plan            words          bound   messages",
                                      "         words          bound      memory", "         words  distinct rows"};

  app_say(run, "ranks  %s   flop/word  busiest/mean  waiting  efficiency\n", kinds[set.of]);
}

static void print_row(const app_run *run, const row *r)
{
  char text[32];

  app_say(run, "%5d", r->ranks);
  if (set.of == PRODUCT) {
    snprintf(text, sizeof text, "%dx%d", r->flat[0], r->flat[1]);
    app_say(run, "  %-7s %12.0f", isnan(r->flat_words) ? "none" : text, r->flat_words);
    snprintf(text, sizeof text, "%dx%dx%d", r->grid[0], r->grid[1], r->grid[2]);
    app_say(run, "  %-9s", text);
  }
  app_say(run, " %*.0f %14.0f", set.of == PRODUCT ? 11 : 15, r->words, r->bound);
  if (set.of == PRODUCT) app_say(run, " %10.0f", r->messages);
  if (set.of == GRAM) app_say(run, "  %10s", tt_bytes_text(r->memory, text));
  if (r->words > 0)
    app_say(run, " %11.0f", r->flops / r->words);
  else
    app_say(run, " %11s", "-");
  app_say(run, " %13.3f %8.3f %11.3f\n", r->imbalance, waiting(r), efficiency(r));
}

/* ------------------------------------------------------------------------------------------------ the run */

static void settle(void)
{
  const int64_t defaults[][3] = {{16384, 16384, 16384}, {1000000, 1000, 0}, {200000, 50000, 64}};

  if (set.m == 0) set.m = defaults[set.of][0];
  if (set.n == 0) set.n = defaults[set.of][1];
  if (set.k == 0) set.k = defaults[set.of][2];
  if (set.ratings == 0) set.ratings = 5000000;
}

static tartan_status count_one(app_run *run, const tartan_sparse *R, int ranks)
{
  row           r = row_of(ranks);
  tartan_status st = TARTAN_OK;

  TRY(set.of == PRODUCT ? count_product(&r) : set.of == GRAM ? count_gram(&r) : count_epoch(R, &r));
  if (bench_set.json)
    TRY(bench_record_line(run, put_row, &r));
  else
    print_row(run, &r);
done:
  return st;
}

static tartan_status counts(app_run *run, const char *const *operand, int count)
{
  tartan_sparse *R = NULL;
  tartan_status  st = TARTAN_OK;

  (void)operand, (void)count;
  settle();
  REQUIRE(run->size == 1, TARTAN_ERR_GRID,
          "counts are made on one rank, for any number of them: start it without mpirun");
  REQUIRE(set.per_node > 0, TARTAN_ERR_ARG, "--ranks-per-node: at least 1");
  if (set.of == EPOCH) TRY(make_ratings(run->grid, &R));
  if (!bench_set.json) print_head(run);
  for (const char *at = set.ranks + strspn(set.ranks, " ,"); *at;) {
    char      *end;
    const long ranks = strtol(at, &end, 10);

    REQUIRE(end > at && ranks >= 1 && ranks <= RANKS_MOST, TARTAN_ERR_ARG,
            "--ranks %s: numbers from 1 to %d, as \"1 2 4\"", set.ranks, RANKS_MOST);
    TRY(count_one(run, R, (int)ranks));
    at = end + strspn(end, " ,");
  }
done:
  tartan_sparse_destroy(&R);
  return st;
}

const app_command bench_counts = {
    .name = "counts",
    .group = "Benchmarks",
    .summary = "what a product, a Gram pass or an epoch moves on up to 1024 ranks, counted on one; nothing is computed",
    .operands = "",
    .options = {options},
    .notes = "Examples:\n"
             "  tartan-bench counts -m 16384 -n 16384 -k 16384\n"
             "  tartan-bench counts --of gram -m 10000000 -n 2000 --ranks \"1 2 3 5 16\"\n"
             "  tartan-bench counts --of epoch -k 64\n",
    .run = counts,
};
