/*
 * tartan-bench gemm: C = A B on the grid; beside it the local products of the same shapes without any message, the peak
 * of the local BLAS on all ranks at once, and, if asked for, the whole product by one process on all cores.
 */
#include <tartan/blas.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/bench.h"
#include "common/cores.h"
#include "common/local.h"
#include "common/measure.h"
#include "common/product.h"
#include "common/record.h"
#include "common/traffic.h"
#include "matrix/matrix.h"

#define PANEL 2048 /* inner dimension of the local products: as good as any larger, and small in memory */

static struct {
  int64_t     m, n, k, block;
  int         dtype; /* index of its word */
  const char *compare;
} set = {.m = 4000, .n = 4000, .k = 4000, .dtype = 1};

static const app_option options[] = {
    {"rows", 'm', APP_OPTION_COUNT, &set.m, "M", "4000", "rows of A and C"},
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "4000", "columns of B and C"},
    {"inner", 'k', APP_OPTION_COUNT, &set.k, "K", "4000", "columns of A, rows of B"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"block", 'b', APP_OPTION_COUNT, &set.block, "N", "64", "rows and columns of a block"},
    {"compare", 0, APP_OPTION_TEXT, &set.compare, "openblas", NULL,
     "run alternately: openblas, the local BLAS in one process on all cores of the node"},
    {.name = NULL},
};

enum { OURS, LOCAL, PEAK, WHOLE, CASES };

typedef struct job {
  app_run       *run;
  tartan_dtype   dtype;
  tartan_matrix *A, *B, *C;
  bench_local    local, peak, whole; /* whole: on rank 0 */
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  job *j = context;

  return tartan_gemm(1, TARTAN_NO_TRANS, j->A, TARTAN_NO_TRANS, j->B, 0, j->C);
}

static tartan_status run_local(void *context)
{
  const job *j = context;

  for (int64_t l = 0; l < set.k; l += j->local.k)
    bench_local_multiply(&j->local, tt_min(j->local.k, set.k - l), l > 0, j->run->threads);
  return TARTAN_OK;
}

static tartan_status run_peak(void *context)
{
  const job *j = context;

  bench_local_multiply(&j->peak, j->peak.k, 0, j->run->threads);
  return TARTAN_OK;
}

static tartan_status run_whole(void *context)
{
  const job *j = context;

  if (j->run->rank == 0) {
    bench_cores_take_all();
    bench_local_multiply(&j->whole, j->whole.k, 0, j->run->node_ranks * j->run->threads);
    bench_cores_give_back();
  }
  return bench_sleep_until_all(j->run->grid);
}

/* ------------------------------------------------------------------------------------------------ operands */

static double flops(void)
{
  return 2.0 * (double)set.m * (double)set.n * (double)set.k;
}

static tartan_status make(job *j)
{
  const tartan_matrix_opts layout = {.size = sizeof layout, .mb = set.block, .nb = set.block};
  app_run                 *run = j->run;
  tt_memory               *memory = &run->grid->memory;
  const int64_t            peak = bench_peak_size(flops() / run->size), w = tt_max(1, tt_min(PANEL, set.k));
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;

  TRY(tartan_matrix_create(run->grid, j->dtype, set.m, set.k, &layout, &j->A));
  TRY(tartan_matrix_create(run->grid, j->dtype, set.k, set.n, &layout, &j->B));
  TRY(tartan_matrix_create(run->grid, j->dtype, set.m, set.n, &layout, &j->C));
  tartan_matrix_fill_uniform(j->A, 1);
  tartan_matrix_fill_uniform(j->B, 2);
  local = bench_local_make(memory, j->dtype, j->C->mloc, j->C->nloc, w, &j->local);
  if (local == TARTAN_OK) local = bench_local_make(memory, j->dtype, peak, peak, peak, &j->peak);
  if (local == TARTAN_OK && set.compare && run->rank == 0)
    local = bench_local_make(memory, j->dtype, set.m, set.n, set.k, &j->whole);
  AGREE(run->grid, local);
done:
  return st;
}

static void release(job *j)
{
  bench_local_free(&j->whole);
  bench_local_free(&j->peak);
  bench_local_free(&j->local);
  tartan_matrix_destroy(&j->C);
  tartan_matrix_destroy(&j->B);
  tartan_matrix_destroy(&j->A);
}

/* ------------------------------------------------------------------------------------------------ results */

/* Bytes moved and the residual, from one more product outside the timed ones. Collective. */
static tartan_status verify(job *j, bench_record *r)
{
  const double  size = (double)tartan_dtype_size(j->dtype), P = j->run->size;
  tartan_grid  *grid = j->run->grid;
  tartan_cost   cost;
  tartan_status st = TARTAN_OK;

  tartan_matrix_set(j->C, NAN, NAN);
  tartan_grid_cost_reset(grid);
  bench_traffic_reset();
  TRY(run_ours(j));
  r->bytes_max = (double)bench_traffic_bytes();
  TRY(tt_allreduce_f64(grid, &r->bytes_max, 1, TT_MAX));
  TRY(tartan_grid_cost(grid, &cost));
  r->bytes_redistributed_max = cost.words_redistributed * size;
  r->bytes_bound = size * bench_product_bound((double)set.m, (double)set.n, (double)set.k, P);
  TRY(bench_product_residual(j->A, j->B, j->C, &r->residual, &r->residual_limit));
done:
  return st;
}

static void fill_record(const job *j, const bench_case *cases, bench_record *r)
{
  const double  side = (double)j->peak.m;
  const int64_t reps = bench_set.reps;

  r->op = "gemm";
  r->algorithm = "pblas";
  r->dtype = tartan_dtype_name(j->dtype);
  r->m = set.m;
  r->n = set.n;
  r->k = set.k;
  r->block = j->C->row.nb;
  r->seconds = cases[OURS].seconds;
  r->reps = reps;
  r->flops = flops();
  r->peak = 2 * side * side * side * j->run->size / bench_median(cases[PEAK].seconds, reps);
  r->local_fraction = bench_ratio(cases[LOCAL].seconds, cases[OURS].seconds, reps);
  if (set.compare) {
    r->peer[r->peers++] = (bench_peer){.name = "openblas",
                                       .seconds_median = bench_median(cases[WHOLE].seconds, reps),
                                       .ratio = bench_ratio(cases[WHOLE].seconds, cases[OURS].seconds, reps)};
  }
}

static tartan_status gemm(app_run *run, const char *const *operand, int count)
{
  job           j = {.run = run, .dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64};
  bench_case    cases[CASES] = {{"ours", NULL, run_ours, NULL},
                                {"local", NULL, run_local, NULL},
                                {"peak", NULL, run_peak, NULL},
                                {"openblas", NULL, run_whole, NULL}};
  bench_record  record = {0};
  double       *seconds = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  (void)operand, (void)count;
  REQUIRE(set.m > 0 && set.n > 0 && set.k > 0, TARTAN_ERR_ARG, "-m, -n and -k: at least 1");
  REQUIRE(!set.compare || strcmp(set.compare, "openblas") == 0, TARTAN_ERR_ARG, "--compare takes openblas, not \"%s\"",
          set.compare);
  REQUIRE(!set.compare || run->nodes == 1, TARTAN_ERR_ARG, "--compare openblas needs all ranks on one node");
  TRY(make(&j));
  seconds = tt_alloc(NULL, CASES * bench_set.reps, sizeof *seconds, "repetitions", &local);
  AGREE(run->grid, local);
  for (int i = 0; i < CASES; i++) cases[i].seconds = seconds + i * bench_set.reps;
  TRY(bench_alternate(run->grid, cases, set.compare ? CASES : WHOLE, &j, bench_set.warmups, bench_set.reps));
  TRY(verify(&j, &record));
  fill_record(&j, cases, &record);
  TRY(bench_record_write(run, &record));
done:
  tt_free(seconds);
  release(&j);
  return st;
}

const app_command bench_gemm = {
    .name = "gemm",
    .group = "Benchmarks",
    .summary = "C = A B on a grid, against local products, the peak and one process on all cores",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench gemm -m 4000 -n 4000 -k 4000 --compare openblas --json -\n",
    .run = gemm,
};
