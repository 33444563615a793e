/*
 * tartan-bench search: the k best of n items for each of q queries. Beside it the same local products in the same tiles, each
 * overwritten by the next: no messages, nothing that is kept.
 */
#include <tartan/blas.h>
#include <tartan/search.h>

#include <math.h>

#include "base/util.h"
#include "comm/agree.h"
#include "common/lists.h"
#include "common/peers.h"
#include "common/planned.h"
#include "model/search_impl.h"

#define SAMPLE 8 /* queries whose results are compared with a product */

static struct {
  int64_t n, q, d, k;
  int     metric, dtype; /* indices of their words */
} set = {.n = 100000, .q = 2000, .d = 128, .k = 10};

static const app_option options[] = {
    {"items", 'n', APP_OPTION_COUNT, &set.n, "N", "100000", "items"},
    {"queries", 'q', APP_OPTION_COUNT, &set.q, "Q", "2000", "queries"},
    {"features", 'd', APP_OPTION_COUNT, &set.d, "D", "128", "features of each"},
    {"results", 'k', APP_OPTION_COUNT, &set.k, "K", "10", "results of each query"},
    {"metric", 0, APP_OPTION_CHOICE, &set.metric, "cosine|dot|euclidean", "cosine", "what is compared"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f32", "element type"},
    {.name = NULL},
};

typedef struct job {
  app_run           *run;
  bench_cases        cases;
  bench_planned      planned;
  tartan_dtype       dtype;
  tartan_search_opts opts;
  tt_search_plan     plan;
  tartan_matrix     *X, *Y, *sample;
  tartan_operator   *items, *queries, *few;
  bench_tiles        tiles;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  job              *j = context;
  tartan_neighbors *result = NULL;
  tartan_status     st = tartan_search(j->items, j->queries, set.k, &j->opts, &result, NULL);

  tartan_neighbors_destroy(&result);
  return st;
}

static tartan_status run_product(void *context)
{
  bench_tiles_run(&((job *)context)->tiles);
  return TARTAN_OK;
}

static const bench_offer offers[] = {{"product", run_product}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

static tartan_status make_operators(job *j)
{
  tartan_grid  *grid = j->run->grid;
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_create(grid, j->dtype, set.n, set.d, NULL, &j->X));
  TRY(tartan_matrix_create(grid, j->dtype, set.q, set.d, NULL, &j->Y));
  tartan_matrix_fill_normal(j->X, 1);
  tartan_matrix_fill_normal(j->Y, 2);
  TRY(tartan_matrix_view(j->Y, 0, 0, tt_min(SAMPLE, set.q), set.d, &j->sample));
  TRY(tartan_operator_from_matrix(j->X, &j->items));
  TRY(tartan_operator_from_matrix(j->Y, &j->queries));
  TRY(tartan_operator_from_matrix(j->sample, &j->few));
done:
  return st;
}

static tartan_status make(job *j)
{
  tartan_status st = TARTAN_OK;

  j->dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
  j->opts = (tartan_search_opts)TARTAN_SEARCH_OPTS_INIT;
  j->opts.metric = (tartan_metric)set.metric;
  REQUIRE(set.n > 0 && set.q > 0 && set.k > 0, TARTAN_ERR_ARG, "-n, -q and -k: at least 1");
  TRY(make_operators(j));
  TRY(tt_search_plan_make(j->items, j->queries, set.k, &j->opts, &j->plan));
  TRY(tartan_search_plan(j->items, j->queries, set.k, &j->opts, &j->planned.plan));
  j->tiles = (bench_tiles){.grid = j->run->grid,
                           .dtype = j->dtype,
                           .n = set.n,
                           .d = set.d,
                           .mine = j->plan.most,
                           .block = j->plan.block,
                           .tile = tt_min(set.n, j->plan.slab)};
  TRY(bench_tiles_make(&j->tiles));
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  bench_tiles_free(&j->tiles);
  tartan_operator_destroy(&j->few);
  tartan_operator_destroy(&j->queries);
  tartan_operator_destroy(&j->items);
  tartan_matrix_destroy(&j->sample);
  tartan_matrix_destroy(&j->Y);
  tartan_matrix_destroy(&j->X);
}

/* ------------------------------------------------------------------------------------------------ the run */

/* A search of some queries by dot product, against one product. */
static tartan_status verify(job *j, bench_record *r)
{
  tartan_search_opts opts = TARTAN_SEARCH_OPTS_INIT;
  tartan_matrix     *C = NULL;
  tartan_neighbors  *result = NULL;
  tartan_status      st = TARTAN_OK;

  opts.metric = TARTAN_METRIC_DOT;
  TRY(tartan_search(j->items, j->few, set.k, &opts, &result, NULL));
  TRY(tartan_matrix_create(j->run->grid, j->dtype, set.n, tt_min(SAMPLE, set.q), NULL, &C));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, j->X, TARTAN_TRANS, j->sample, 0, C, NULL));
  TRY(bench_lists_compare(result, C, set.d, &r->residual));
  r->residual_limit = 1;
done:
  tartan_matrix_destroy(&C);
  tartan_neighbors_destroy(&result);
  return st;
}

static void put_fields(app_json *json, const void *context)
{
  bench_planned_json(json, &((const job *)context)->planned);
}

static void put_lines(const app_run *run, const void *context)
{
  bench_planned_lines(run, &((const job *)context)->planned);
}

static tartan_status search(app_run *run, const char *const *operand, int count)
{
  static const char *const metrics[] = {"cosine", "dot", "euclidean"};
  job                      j = {.run = run};
  bench_record             r = {.op = "search", .algorithm = metrics[set.metric], .m = set.q, .n = set.n, .k = set.k};
  tartan_status            st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  bench_cases_add(&j.cases, "product", run_product);
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  TRY(verify(&j, &r));
  TRY(bench_planned_count(run->grid, run_ours, &j, &j.planned));
  r.dtype = tartan_dtype_name(j.dtype);
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.reps = j.cases.reps;
  r.flops = 2.0 * (double)set.n * (double)set.q * (double)set.d;
  r.peak = r.bytes_bound = NAN;
  r.local_fraction = bench_ratio(bench_cases_of(&j.cases, "product"), r.seconds, r.reps);
  r.bytes_max = j.planned.measured.bytes_moved;
  r.bytes_redistributed_max = j.planned.measured.words_redistributed * (double)tartan_dtype_size(j.dtype);
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_search = {
    .name = "search",
    .group = "Benchmarks",
    .summary = "the nearest items of each query, against the same products in tiles that are discarded",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench search -n 1000000 -q 10000 -d 128 -k 10 --threads 1 --json -\n",
    .run = search,
};
