/*
 * tartan-bench pca: what PCA of a file takes against what it cannot do without. Alternately, on the same ranks:
 *   read   a plain parallel read of the file
 *   dsyrk  the flops of the Gram matrix by the local BLAS alone, from memory, at its own rate
 *   gram   ours: open the file, read it, form the Gram matrix and reduce it over the ranks (or the whole fit)
 * The yardstick is gram / (read + dsyrk); from a cold disk gram / max(cold read, read + dsyrk), as the two can overlap.
 */
#include <tartan/pca.h>

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/collective.h"
#include "common/bench.h"
#include "common/filecache.h"
#include "common/gramcheck.h"
#include "common/local.h"
#include "common/measure.h"
#include "common/record.h"
#include "ext/vendor.h"
#include "kernel/gemm.h"

#define READ_BYTES ((int64_t)16 << 20) /* of one call of the plain read */
#define HEIGHT_MOST 4096               /* rows of a panel of the plain dsyrk, at most */
#define TARGET 1.15

enum { PART_GRAM, PART_FIT };

static struct {
  int     part;
  int64_t components, height;
  bool    cold;
} set = {.components = 50};

static const app_option options[] = {
    {"part", 0, APP_OPTION_CHOICE, &set.part, "gram|fit", "gram",
     "what is timed: the reduced Gram matrix, or the fitted model"},
    {"n-components", 'k', APP_OPTION_COUNT, &set.components, "K", "50", "components of a fit"},
    {"cold", 0, APP_OPTION_FLAG, &set.cold, NULL, NULL,
     "take the file out of the page cache before each read (all caches as root, else this file)"},
    {"panel", 0, APP_OPTION_COUNT, &set.height, "ROWS", "the fastest of 512, 1024, 2048, 4096",
     "rows of one call of the plain dsyrk"},
    {.name = NULL},
};

enum { READ, DSYRK, OURS, PEAK, COLD, CASES };

typedef struct job {
  app_run               *run;
  const char            *source;
  tartan_operator       *op; /* for the plain read and the check; ours opens its own */
  const tt_dataset_info *info;
  bool                   raw; /* the plain read is of bytes */
  bench_range            range;
  int64_t                row, row_end, slab, steps; /* of the read through HDF5 */
  double                *panel, *triangle;
  int64_t                rows, height; /* of dsyrk on this rank */
  bench_local            peak;
  tt_gram_result         gram;
  tartan_pca            *model;
  double                 left; /* the largest fraction of the file that was cached after dropping it */
  double                *seconds[CASES], *floor; /* [reps]; what the yardstick divides by */
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_read(void *context)
{
  job          *j = context;
  tartan_status st = TARTAN_OK;

  if (j->raw) return tt_agree(j->run->grid, bench_range_read(&j->range));
  for (int64_t i = 0; i < j->steps; i++) {
    const int64_t row = tt_min(j->row_end, j->row + i * j->slab), end = tt_min(j->row_end, row + j->slab);

    TRY(tt_dataset_read(j->op->dataset, row, end - row, 0, j->op->n, j->range.buffer));
  }
done:
  return st;
}

static void dsyrk(const job *j, int64_t rows)
{
  const int64_t n = j->op->n;
  const int     before = tt_blas_set_threads(j->run->threads);

  for (int64_t i = 0; i < rows; i += j->height)
    tt_syrk_local(TARTAN_F64, n, tt_min(j->height, rows - i), 1, j->panel, n, i > 0, j->triangle, n);
  if (before > 0) tt_blas_set_threads(before);
}

static tartan_status run_dsyrk(void *context)
{
  const job *j = context;

  dsyrk(j, j->rows);
  return TARTAN_OK;
}

static tartan_status run_peak(void *context)
{
  const job *j = context;

  bench_local_multiply(&j->peak, j->run->threads);
  return TARTAN_OK;
}

/* The budget of the run, as tartan_pca_fit() sees it: the same on every rank. */
static tartan_status room(tartan_grid *grid, int64_t *bytes)
{
  *bytes = grid->memory.limit > 0 ? tt_max(1, grid->memory.limit - grid->memory.used) : INT64_MAX;
  return tt_allreduce_i64(grid, bytes, 1, TT_MIN);
}

static tartan_status run_gram(job *j, const tartan_operator *op)
{
  const tt_gram_opts opts = {.center = true};
  tartan_grid       *grid = j->run->grid;
  tt_gram_plan       plan;
  int64_t            bytes;
  tartan_status      st = TARTAN_OK;

  TRY(room(grid, &bytes));
  TRY(tt_gram_plan_make(op, &opts, grid->size, grid->threads, bytes == INT64_MAX ? 0 : bytes, &plan));
  TRY(tt_gram(op, &opts, &plan, &j->gram));
  REQUIRE(j->gram.G, TARTAN_ERR_INPUT, "%s holds NaN or Inf", j->source);
done:
  return st;
}

static void forget(job *j)
{
  tartan_matrix_destroy(&j->gram.G);
  tt_free(j->gram.mean);
  j->gram.mean = NULL;
  tartan_pca_destroy(&j->model);
}

static tartan_status run_ours(void *context)
{
  job             *j = context;
  tartan_io_opts   io = app_run_io(j->run);
  tartan_pca_opts  opts = TARTAN_PCA_OPTS_INIT;
  tartan_operator *op = NULL;
  tartan_status    st = TARTAN_OK;

  forget(j);
  TRY(tartan_operator_open(j->run->grid, j->source, &io, &op));
  opts.components = tt_min(set.components, tt_min(op->m, op->n));
  opts.solver = TARTAN_PCA_GRAM;
  if (set.part == PART_GRAM)
    TRY(run_gram(j, op));
  else
    TRY(tartan_pca_fit(op, &opts, &j->model, NULL));
done:
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status drop_cache(void *context)
{
  job          *j = context;
  double        left = 0;
  tartan_status st = bench_cache_drop(j->run->grid, j->info->file, &left);

  if (left > j->left) j->left = left;
  return st;
}

/* ------------------------------------------------------------------------------------------------ what they need */

/* Contiguous data that fill their file are read as bytes, others through HDF5. */
static void plan_read(job *j)
{
  const app_run *run = j->run;
  const int64_t  row_bytes = j->op->n * (int64_t)tt_element_size(j->op->element);

  j->raw = j->info->chunk_rows == 0 && j->info->stored_bytes > j->info->file_bytes / 100 * 95;
  j->range = (bench_range){.path = j->info->file,
                           .from = j->info->file_bytes / run->size * run->rank,
                           .to = run->rank + 1 < run->size ? j->info->file_bytes / run->size * (run->rank + 1)
                                                           : j->info->file_bytes,
                           .size = (size_t)READ_BYTES};
  j->row = j->op->m * run->rank / run->size;
  j->row_end = j->op->m * (run->rank + 1) / run->size;
  j->rows = j->row_end - j->row;
  j->slab = tt_max(tt_max(1, READ_BYTES / row_bytes / tt_max(1, j->info->chunk_rows) * j->info->chunk_rows),
                   j->info->chunk_rows > 0 ? j->info->chunk_rows : READ_BYTES / row_bytes);
  j->steps = tt_ceil_div(tt_ceil_div(j->op->m, run->size), j->slab);
  if (!j->raw) j->range.size = (size_t)(j->slab * row_bytes);
}

/* The height of panels at which dsyrk is fastest on the slowest rank. Collective. */
static tartan_status choose_height(job *j)
{
  double        best = INFINITY;
  int64_t       chosen = set.height;
  tartan_status st = TARTAN_OK;

  for (int64_t h = 512; h <= HEIGHT_MOST && set.height == 0; h *= 2) {
    double seconds = INFINITY;

    j->height = h;
    for (int rep = 0; rep < 3; rep++) {
      const double t = tt_seconds();

      dsyrk(j, HEIGHT_MOST);
      seconds = fmin(seconds, tt_seconds() - t);
    }
    TRY(tt_allreduce_f64(j->run->grid, &seconds, 1, TT_MAX));
    if (seconds < best) chosen = h;
    best = fmin(best, seconds);
  }
  j->height = chosen;
done:
  return st;
}

static tartan_status make(job *j)
{
  tartan_grid   *grid = j->run->grid;
  tartan_io_opts io = app_run_io(j->run);
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;
  int64_t        count, peak;

  TRY(tartan_operator_open(grid, j->source, &io, &j->op));
  j->info = tt_dataset_get_info(j->op->dataset);
  plan_read(j);
  count = j->op->n * tt_max(HEIGHT_MOST, set.height);
  j->range.buffer = tt_alloc_zero(&grid->memory, (int64_t)j->range.size, 1, "a buffer to read into", &local);
  j->panel = tt_alloc(&grid->memory, count, sizeof *j->panel, "rows for a plain dsyrk", &local);
  j->triangle = tt_alloc_zero(&grid->memory, j->op->n * j->op->n, sizeof *j->triangle, "a plain dsyrk", &local);
  j->floor = tt_alloc_zero(NULL, (CASES + 1) * bench_set.reps, sizeof *j->floor, "repetitions", &local);
  peak = bench_peak_size((double)j->op->m * (double)j->op->n * (double)j->op->n / grid->size);
  if (local == TARTAN_OK) local = bench_local_make_cube(&grid->memory, TARTAN_F64, peak, &j->peak);
  AGREE(grid, local);
  for (int64_t i = 0; i < count; i++) j->panel[i] = tt_uniform(1, i, grid->rank) - 0.5;
  for (int i = 0; i < CASES; i++) j->seconds[i] = j->floor + (i + 1) * bench_set.reps;
  TRY(choose_height(j));
done:
  return st;
}

static void release(job *j)
{
  forget(j);
  bench_local_free(&j->peak);
  tt_free(j->floor);
  tt_free(j->triangle);
  tt_free(j->panel);
  tt_free(j->range.buffer);
  tartan_operator_destroy(&j->op);
}

/* ------------------------------------------------------------------------------------------------ results */

/* The Gram matrix times a random vector, or the first component times its variance, against a pass over the file. */
static tartan_status verify(job *j, bench_record *r)
{
  const int64_t n = j->op->n;
  const double *mean = j->gram.mean, m = (double)j->op->m;
  double       *x = NULL, trace = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  x = tt_alloc(&j->run->grid->memory, 2 * n, sizeof *x, "a check", &local);
  AGREE(j->run->grid, local);
  if (set.part == PART_GRAM) {
    for (int64_t i = 0; i < n; i++) x[i] = tt_uniform(2, i, 0) < 0.5 ? -1 : 1;
    TRY(bench_trace(j->gram.G, &trace));
    TRY(bench_symmetric_apply(j->gram.G, x, x + n));
  } else {
    tartan_pca_values v;

    tartan_pca_get_values(j->model, &v);
    mean = v.mean_;
    trace = v.total_variance_ * (m - 1);
    for (int64_t i = 0; i < n; i++) {
      x[i] = v.components_[i];
      x[n + i] = x[i] * v.explained_variance_[0] * (m - 1);
    }
  }
  TRY(bench_gram_residual(j->op, mean, trace, x, x + n, &r->residual, &r->residual_limit));
  if (set.part == PART_FIT) r->residual_limit += 10 * (double)n * 1.1102230246251565e-16; /* of the eigensolver */
done:
  tt_free(x);
  return st;
}

/* Traffic of one run of ours, then its check. Collective. */
static tartan_status count_and_verify(job *j, bench_record *r)
{
  const double  n = (double)j->op->n, P = j->run->size;
  tartan_cost   cost;
  tartan_status st = TARTAN_OK;

  tartan_grid_cost_reset(j->run->grid);
  TRY(run_ours(j));
  TRY(tartan_grid_cost(j->run->grid, &cost));
  r->bytes_max = cost.bytes_moved;
  r->bytes_redistributed_max = 8 * cost.words_redistributed;
  r->bytes_bound = set.part == PART_GRAM ? 8 * n * (n - 1) / 2 * (1 - 1 / P) : NAN;
  TRY(verify(j, r));
done:
  return st;
}

static void put_fields(app_json *json, const void *context)
{
  const job    *j = context;
  const int64_t reps = bench_set.reps;
  const double  read = bench_median(j->seconds[READ], reps), syrk = bench_median(j->seconds[DSYRK], reps);

  app_json_text(json, "part", set.part == PART_GRAM ? "gram" : "fit");
  app_json_flag(json, "cold", set.cold);
  app_json_count(json, "file_bytes", j->info->file_bytes);
  app_json_text(json, "plain_read", j->raw ? "pread" : "hdf5");
  app_json_numbers(json, "seconds_read", j->seconds[READ], reps);
  app_json_numbers(json, "seconds_dsyrk", j->seconds[DSYRK], reps);
  app_json_number(json, "seconds_read_median", read);
  app_json_number(json, "seconds_dsyrk_median", syrk);
  if (set.cold) {
    app_json_numbers(json, "seconds_read_cold", j->seconds[COLD], reps);
    app_json_number(json, "seconds_read_cold_median", bench_median(j->seconds[COLD], reps));
    app_json_number(json, "cached_after_drop", j->left);
  }
  app_json_number(json, "read_gbytes_per_second", (double)j->info->file_bytes / read * 1e-9);
  app_json_number(json, "dsyrk_gflops", (double)j->op->m * (double)j->op->n * (double)(j->op->n + 1) / syrk * 1e-9);
  app_json_count(json, "dsyrk_panel", j->height);
  app_json_number(json, "ratio", bench_ratio(j->seconds[OURS], j->floor, reps));
  app_json_number(json, "ratio_target", TARGET);
}

static void put_lines(const app_run *run, const void *context)
{
  const job    *j = context;
  const int64_t reps = bench_set.reps;

  app_say(run, "read     median %.4f s, plain (%s)\n", bench_median(j->seconds[READ], reps), j->raw ? "pread" : "HDF5");
  if (set.cold) {
    app_say(run, "         median %.4f s, cold; at most %.2g of the file was cached\n",
            bench_median(j->seconds[COLD], reps), j->left);
  }
  app_say(run, "dsyrk    median %.4f s, panels of %lld rows\n", bench_median(j->seconds[DSYRK], reps),
          (long long)j->height);
  app_say(run, "ratio    %.3f of %s, target %.2f\n", bench_ratio(j->seconds[OURS], j->floor, reps),
          set.cold ? "max(cold read, read + dsyrk)" : "read + dsyrk", TARGET);
}

static void fill_record(const job *j, bench_record *r)
{
  const double  side = (double)j->peak.m;
  const int64_t reps = bench_set.reps;

  for (int64_t i = 0; i < reps; i++) {
    const double sum = j->seconds[READ][i] + j->seconds[DSYRK][i];

    j->floor[i] = set.cold ? fmax(j->seconds[COLD][i], sum) : sum;
  }
  r->op = "pca";
  r->algorithm = "gram";
  r->dtype = tt_element_name(j->op->element);
  r->m = j->op->m;
  r->n = j->op->n;
  r->k = set.part == PART_FIT ? tt_min(set.components, tt_min(r->m, r->n)) : 0;
  r->block = set.part == PART_GRAM ? j->gram.G->row.nb : 0;
  r->seconds = j->seconds[OURS];
  r->reps = reps;
  r->flops = (double)r->m * (double)r->n * (double)(r->n + 1);
  r->peak = 2 * side * side * side * j->run->size / bench_median(j->seconds[PEAK], reps);
  r->local_fraction = bench_ratio(j->seconds[DSYRK], r->seconds, reps);
  r->peer[r->peers++] = (bench_peer){.name = set.cold ? "max(cold read, read + dsyrk)" : "read + dsyrk",
                                     .seconds_median = bench_median(j->floor, reps),
                                     .ratio = bench_ratio(j->floor, r->seconds, reps),
                                     .bytes_max = NAN};
  r->json = put_fields;
  r->table = put_lines;
  r->context = j;
}

static tartan_status pca(app_run *run, const char *const *operands, int count)
{
  job           j = {.run = run, .source = operands[0]};
  bench_case    cases[CASES] = {[READ] = {"read", NULL, run_read, NULL},
                                [DSYRK] = {"dsyrk", NULL, run_dsyrk, NULL},
                                [OURS] = {"gram", set.cold ? drop_cache : NULL, run_ours, NULL},
                                [PEAK] = {"peak", NULL, run_peak, NULL},
                                [COLD] = {"cold read", drop_cache, run_read, NULL}};
  bench_record  record = {0};
  tartan_status st = TARTAN_OK;

  (void)count;
  TRY(make(&j));
  for (int i = 0; i < CASES; i++) cases[i].seconds = j.seconds[i];
  /* in this order whatever a case drops from the cache is read again before a cached read is timed */
  TRY(bench_alternate(run->grid, cases, set.cold ? CASES : COLD, &j, bench_set.warmups, bench_set.reps));
  TRY(count_and_verify(&j, &record));
  fill_record(&j, &record);
  record.phases = cases[OURS].phases;
  TRY(bench_record_write(run, &record));
done:
  release(&j);
  return st;
}

const app_command bench_pca = {
    .name = "pca",
    .group = "Benchmarks",
    .summary = "reading a file and its Gram matrix, against a plain read and a plain dsyrk",
    .operands = "DATA.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, bench_options},
    .notes = "Examples:\n"
             "  mpirun -n 2 tartan-bench pca big.h5 --threads 1 --json -\n"
             "  mpirun -n 2 tartan-bench pca big.h5 --threads 1 --cold\n",
    .run = pca,
};
