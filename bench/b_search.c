/*
 * tartan-bench search: the k best of n items for each of q queries. Beside it the same local products in the same tiles, each
 * overwritten by the next: no messages, nothing that is kept.
 */
#include <tartan/blas.h>
#include <tartan/search.h>

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/peers.h"
#include "common/planned.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
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
  int64_t            mine;      /* queries of this rank, [mine, d] beside */
  int64_t            tile;      /* items that the products go over again and again */
  char              *x, *y, *c; /* of the products that are discarded */
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

/* tt_task: one block of queries with a tile of items, in the order of the search. */
static void multiply_block(int64_t block, void *context)
{
  const job    *j = context;
  const int64_t w = (int64_t)tartan_dtype_size(j->dtype), d = tt_max(1, set.d), first = block * j->plan.block;
  const int64_t queries = tt_min(j->plan.block, j->mine - first);
  char         *c = j->c + tt_thread_index() * j->plan.block * TT_SEARCH_ITEMS * w;

  for (int64_t i = 0; i < j->tile; i += TT_SEARCH_ITEMS)
    tt_gemm_local(j->dtype, TARTAN_TRANS, TARTAN_NO_TRANS, tt_min(TT_SEARCH_ITEMS, j->tile - i), queries, set.d, 1,
                  j->x + i * set.d * w, d, j->y + first * set.d * w, d, 0, c, TT_SEARCH_ITEMS);
}

/* All items with the queries of this rank, tile by tile; the last tile is as long as the others. */
static tartan_status run_product(void *context)
{
  job    *j = context;
  int64_t tiles = set.n / tt_max(1, j->tile);

  for (int64_t t = 0; t < tiles; t++)
    tt_parallel_for(j->run->grid->threads, tt_ceil_div(j->mine, j->plan.block), multiply_block, j);
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
  tartan_grid  *grid = j->run->grid;
  const size_t  w = tartan_dtype_size(set.dtype == 0 ? TARTAN_F32 : TARTAN_F64);
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  j->dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
  j->opts = (tartan_search_opts)TARTAN_SEARCH_OPTS_INIT;
  j->opts.metric = (tartan_metric)set.metric;
  REQUIRE(set.n > 0 && set.q > 0 && set.k > 0, TARTAN_ERR_ARG, "-n, -q and -k: at least 1");
  TRY(make_operators(j));
  TRY(tt_search_plan_make(j->items, j->queries, set.k, &j->opts, &j->plan));
  TRY(tartan_search_plan(j->items, j->queries, set.k, &j->opts, &j->planned.plan));
  j->mine = j->plan.most;
  j->tile = tt_min(set.n, j->plan.slab);
  j->x = tt_alloc(&grid->memory, j->tile * set.d, w, "items of a product", &local);
  j->y = tt_alloc(&grid->memory, j->mine * set.d, w, "queries of a product", &local);
  j->c = tt_alloc(&grid->memory, grid->threads * j->plan.block * TT_SEARCH_ITEMS, w, "scores", &local);
  AGREE(grid, local);
  tt_set_local(j->dtype, 0.5, j->x, tt_max(1, set.d), set.d, j->tile);
  tt_set_local(j->dtype, 0.25, j->y, tt_max(1, set.d), set.d, j->mine);
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  tt_free(j->c);
  tt_free(j->y);
  tt_free(j->x);
  tartan_operator_destroy(&j->few);
  tartan_operator_destroy(&j->queries);
  tartan_operator_destroy(&j->items);
  tartan_matrix_destroy(&j->sample);
  tartan_matrix_destroy(&j->Y);
  tartan_matrix_destroy(&j->X);
}

/* ------------------------------------------------------------------------------------------------ the run */

/* On rank 0: the best scores of each sample query as a product has them, the worst error in units of u and lengths. */
static double compare(const job *j, int64_t queries, const void *product, const double *score)
{
  const int64_t kept = tt_min(set.k, set.n);
  tartan_status local = TARTAN_OK;
  tt_heap       heap = {.room = kept};
  double        worst = 0;

  heap.key = tt_alloc(NULL, kept, sizeof *heap.key, "a list", &local);
  heap.index = tt_alloc(NULL, kept, sizeof *heap.index, "a list", &local);
  for (int64_t i = 0; i < queries && local == TARTAN_OK; i++) {
    heap.count = 0;
    for (int64_t r = 0; r < set.n; r++) tt_heap_offer(&heap, tt_get_element(j->dtype, product, set.n, r, i), r);
    tt_heap_sort(&heap);
    for (int64_t r = 0; r < kept; r++) worst = fmax(worst, fabs(heap.key[r] - score[i * set.k + r]));
  }
  tt_free(heap.index);
  tt_free(heap.key);
  return worst / ((double)set.d * (j->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53) * (double)tt_max(1, set.d));
}

/* A search of some queries by dot product, against one product. Vectors of d normal numbers have lengths near sqrt(d). */
static tartan_status verify(job *j, bench_record *r)
{
  const int64_t      queries = tt_min(SAMPLE, set.q), P = j->run->grid->size;
  tartan_search_opts opts = TARTAN_SEARCH_OPTS_INIT;
  tartan_matrix     *C = NULL;
  tartan_neighbors  *result = NULL;
  const double      *score = NULL;
  double            *all = NULL;
  void              *product = NULL;
  int64_t           *counts = NULL, own = 0;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  opts.metric = TARTAN_METRIC_DOT;
  TRY(tartan_search(j->items, j->few, set.k, &opts, &result, NULL));
  tartan_neighbors_local(result, NULL, &own, NULL, NULL, &score);
  own *= set.k;
  TRY(tartan_matrix_create(j->run->grid, j->dtype, set.n, queries, NULL, &C));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, j->X, TARTAN_TRANS, j->sample, 0, C, NULL));
  counts = tt_alloc(NULL, P, sizeof *counts, "counts", &local);
  all = tt_alloc(NULL, queries * set.k, sizeof *all, "scores", &local);
  product = tt_alloc(NULL, set.n * queries, tartan_dtype_size(j->dtype), "a product", &local);
  AGREE(j->run->grid, local);
  TRY(tt_allgather(j->run->grid, &own, 1, sizeof own, counts));
  TRY(tt_gatherv(j->run->grid, score, counts, sizeof *score, all, 0));
  TRY(tartan_matrix_gather(C, 0, product));
  if (j->run->rank == 0) r->residual = compare(j, queries, product, all);
  TRY(tt_bcast(j->run->grid, &r->residual, 1, sizeof r->residual, 0));
  r->residual_limit = 1;
done:
  tt_free(product);
  tt_free(all);
  tt_free(counts);
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
  r.phases = bench_cases_phases(&j.cases, "ours");
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
