/*
 * tartan-bench words: what the plans of one product move on 1 to RANKS ranks, beside the best of all grids that use
 * every rank, and beside the bound. Nothing is computed; operands and result lie as the plan wants them.
 */
#include <tartan/blas.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "blas/bound.h"
#include "comm/collective.h"
#include "common/record.h"

static struct {
  int64_t m, n, k, workspace;
  int     dtype;
} set = {.m = 4096, .n = 4096, .k = 4096, .dtype = 1};

static const app_option options[] = {
    {"rows", 'm', APP_OPTION_COUNT, &set.m, "M", "4096", "rows of C"},
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "4096", "columns of C"},
    {"inner", 'k', APP_OPTION_COUNT, &set.k, "K", "4096", "columns of A, rows of B"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"workspace", 0, APP_OPTION_SIZE, &set.workspace, "SIZE", "3 times a rank's share of the operands",
     "for a rank beside the operands"},
    {"json", 0, APP_OPTION_TEXT, &bench_set.json, "FILE", "a table",
     "append one JSON object a number of ranks; -: to stdout"},
    {.name = NULL},
};

/* One number of ranks. */
typedef struct row {
  int         ranks;
  double      workspace, bound;
  tartan_cost plan, fewest; /* fewest: of all grids with p1 p2 p3 = ranks; words 0: none fits the memory */
  int         grids;        /* that were possible */
} row;

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

/* The plan on a forced grid, and whether it beats the best so far; one that does not fit the memory is left out. */
static tartan_status try_grid(tartan_grid *grid, int p1, int p2, int p3, row *r)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
  tartan_cost      cost;
  tartan_status    st = TARTAN_OK;

  opts.memory = (int64_t)r->workspace;
  opts.p1 = p1;
  opts.p2 = p2;
  opts.p3 = p3;
  st = tartan_gemm_predict(grid, dtype(), set.m, set.n, set.k, &opts, &cost);
  if (st == TARTAN_ERR_NOMEM) return TARTAN_OK;
  if (st == TARTAN_OK && (r->grids++ == 0 || cost.words < r->fewest.words)) r->fewest = cost;
  return st;
}

static tartan_status weigh(tartan_grid *grid, row *r)
{
  const int        P = r->ranks;
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
  tartan_status    st = TARTAN_OK;

  opts.memory = (int64_t)r->workspace;
  TRY(tartan_gemm_predict(grid, dtype(), set.m, set.n, set.k, &opts, &r->plan));
  for (int p1 = 1; p1 <= P; p1++) {
    for (int p2 = 1; p1 * p2 <= P; p2++)
      if (P % (p1 * p2) == 0) TRY(try_grid(grid, p1, p2, P / (p1 * p2), r));
  }
done:
  return st;
}

/* The first `ranks` ranks plan on a grid of their own; the others wait for what they found. Collective. */
static tartan_status weigh_on(tartan_grid *all, row *r)
{
  tartan_grid  *grid = NULL;
  MPI_Comm      part = MPI_COMM_NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY_MPI(all, MPI_Comm_split(all->all, all->rank < r->ranks ? 0 : MPI_UNDEFINED, all->rank, &part));
  if (part != MPI_COMM_NULL) {
    local = tartan_grid_create(part, NULL, &grid);
    if (local == TARTAN_OK) local = weigh(grid, r);
  }
  AGREE(all, local);
done:
  tartan_grid_destroy(&grid);
  if (part != MPI_COMM_NULL) MPI_Comm_free(&part);
  return st;
}

static void put_cost(app_json *json, const char *name, const tartan_cost *cost)
{
  app_json_object(json, name);
  app_json_array(json, "grid");
  for (int i = 0; i < 3; i++) app_json_count(json, NULL, cost->grid[i]);
  app_json_end_array(json);
  app_json_number(json, "words", cost->words);
  app_json_number(json, "words_redistributed", cost->words_redistributed);
  app_json_number(json, "messages", cost->messages);
  app_json_number(json, "memory", cost->memory);
  app_json_number(json, "seconds", cost->seconds);
  app_json_end_object(json);
}

static void put_row(app_json *json, const void *context)
{
  const row *r = context;

  app_json_text(json, "op", "words");
  app_json_count(json, "m", set.m);
  app_json_count(json, "n", set.n);
  app_json_count(json, "k", set.k);
  app_json_text(json, "dtype", tartan_dtype_name(dtype()));
  app_json_count(json, "ranks", r->ranks);
  app_json_number(json, "workspace", r->workspace);
  app_json_number(json, "words_bound", r->bound);
  app_json_count(json, "grids", r->grids);
  put_cost(json, "plan", &r->plan);
  if (r->grids > 0) put_cost(json, "fewest", &r->fewest);
}

static void print_row(const app_run *run, const row *r)
{
  const int *p = r->plan.grid, *f = r->fewest.grid;

  app_say(run, "%5d  %3dx%dx%-3d %14.0f  ", r->ranks, p[0], p[1], p[2], r->plan.words);
  if (r->grids > 0)
    app_say(run, "%3dx%dx%-3d %14.0f  %14.0f", f[0], f[1], f[2], r->fewest.words, r->bound);
  else
    app_say(run, "%-9s %14s  %14.0f", "  none", "-", r->bound);
  if (r->grids > 0 && r->fewest.words > 0)
    app_say(run, "  %6.3f", r->plan.words / r->fewest.words);
  else if (r->bound > 0)
    app_say(run, "  %6s", "-");
  if (r->bound > 0) app_say(run, "  %6.3f", r->plan.words / r->bound);
  app_say(run, "\n");
}

static tartan_status words(app_run *run, const char *const *operand, int count)
{
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  REQUIRE(set.m > 0 && set.n > 0 && set.k > 0, TARTAN_ERR_ARG, "-m, -n and -k: at least 1");
  if (!bench_set.json)
    app_say(run, "ranks  plan            words  fewest          words           bound   /best  /bound\n");
  for (int P = 1; P <= run->size; P++) {
    row r = {.ranks = P,
             .workspace = workspace(P),
             .bound = tt_product_bound((double)set.m, (double)set.n, (double)set.k, P)};

    TRY(weigh_on(run->grid, &r));
    if (bench_set.json)
      TRY(bench_record_line(run, put_row, &r));
    else
      print_row(run, &r);
  }
done:
  return st;
}

const app_command bench_words = {
    .name = "words",
    .group = "Benchmarks",
    .summary = "what plans of a product move on 1 to RANKS ranks, against all grids and the bound; nothing is computed",
    .operands = "",
    .options = {options},
    .notes = "Example:\n"
             "  mpirun -n 16 --oversubscribe tartan-bench words -m 4096 -n 4096 -k 4096\n",
    .run = words,
};
