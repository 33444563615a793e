/*
 * tartan-bench read: a dataset of an HDF5 file into a matrix in memory. Beside it the bytes of the file read plainly, each rank
 * its share, which is what the file system gives.
 */
#include <tartan/norms.h>
#include <tartan/operator.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/bench.h"
#include "common/filecache.h"
#include "common/measure.h"
#include "common/operands.h"
#include "common/record.h"
#include "oper/operator.h"

#define READ_BYTES ((int64_t)16 << 20) /* of one call of the plain read */
#define ROUNDED 1e-5                   /* of the norm, of values that f32 may have rounded */

static struct {
  int64_t block;
  int     into, dtype;
  bool    cold;
} set = {.block = 64, .into = BENCH_ROWS - BENCH_CYCLIC, .dtype = 1};

static const app_option options[] = {
    {"into", 0, APP_OPTION_CHOICE, &set.into, "cyclic|rows|columns", "rows",
     "layout of the matrix: block-cyclic, or one slab of rows or columns a rank"},
    {"block", 'b', APP_OPTION_COUNT, &set.block, "N", "64", "rows and columns of a block of a block-cyclic matrix"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type of the matrix"},
    {"cold", 0, APP_OPTION_FLAG, &set.cold, NULL, NULL,
     "take the file out of the page cache before each read (all caches as root, else this file)"},
    {.name = NULL},
};

typedef struct job {
  app_run               *run;
  const char            *source;
  tartan_operator       *op;
  const tt_dataset_info *info;
  tartan_io_opts         io;
  tartan_matrix         *A;
  bench_range            range;
  bench_cases            cases;
  double                 left; /* the largest fraction of the file that was cached after dropping it */
} job;

static tartan_status run_ours(void *context)
{
  job *j = context;

  tartan_matrix_destroy(&j->A);
  return tartan_matrix_load(j->run->grid, j->source, set.dtype == 0 ? TARTAN_F32 : TARTAN_F64, &j->io, &j->A);
}

static tartan_status run_plain(void *context)
{
  job *j = context;

  return tt_agree(j->run->grid, bench_range_read(&j->range));
}

static tartan_status drop_cache(void *context)
{
  job          *j = context;
  double        left = 0;
  tartan_status st = TARTAN_OK;

  TRY(bench_cache_drop(j->run->grid, j->info->file, &left));
  j->left = fmax(j->left, left);
done:
  return st;
}

static tartan_status make(job *j)
{
  const app_run *run = j->run;
  const int64_t  bytes_of_rank = READ_BYTES;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  j->io = app_run_io(run);
  TRY(tartan_operator_open(run->grid, j->source, &j->io, &j->op));
  j->info = tt_dataset_get_info(j->op->dataset);
  j->io.layout = bench_layout(run->grid, BENCH_CYCLIC + set.into, set.block, (const int64_t[2]){0, 0}, j->op->m,
                              j->op->n);
  j->range = (bench_range){.path = j->info->file,
                           .from = j->info->file_bytes / run->size * run->rank,
                           .to = run->rank + 1 < run->size ? j->info->file_bytes / run->size * (run->rank + 1)
                                                           : j->info->file_bytes,
                           .size = (size_t)bytes_of_rank};
  j->range.buffer = tt_alloc(&run->grid->memory, bytes_of_rank, 1, "a buffer to read into", &local);
  AGREE(run->grid, local);
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  tt_free(j->range.buffer);
  tartan_matrix_destroy(&j->A);
  tartan_operator_destroy(&j->op);
}

/* What was read has the norm of what a pass over the file finds. Collective. */
static tartan_status verify(job *j, bench_record *r)
{
  double        streamed = 0, loaded = 0;
  tartan_status st = TARTAN_OK;

  TRY(tartan_operator_norm_fro2(j->op, &streamed));
  TRY(tartan_norm(TARTAN_NORM_FRO, j->A, &loaded));
  r->residual = streamed > 0 ? fabs(loaded - sqrt(streamed)) / sqrt(streamed) : loaded;
  r->residual_limit = set.dtype == 0 ? ROUNDED : 1e-12;
done:
  return st;
}

static double rate(const job *j, const char *name)
{
  return (double)j->info->file_bytes / bench_median(bench_cases_of(&j->cases, name), j->cases.reps);
}

static void put_fields(app_json *json, const void *context)
{
  static const char *const layouts[] = {"cyclic", "rows", "columns"};
  const job               *j = context;

  app_json_text(json, "into", layouts[set.into]);
  app_json_count(json, "file_bytes", j->info->file_bytes);
  app_json_flag(json, "cold", set.cold);
  app_json_number(json, "cached_after_drop", set.cold ? j->left : NAN);
  app_json_number(json, "gbytes_per_second", rate(j, "ours") * 1e-9);
  app_json_number(json, "plain_gbytes_per_second", rate(j, "plain") * 1e-9);
  app_json_number(json, "plain_fraction",
                  bench_ratio(bench_cases_of(&j->cases, "plain"), bench_cases_of(&j->cases, "ours"), j->cases.reps));
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;

  app_say(run, "rate     %.2f GB/s of the file by all ranks together, read plainly %.2f\n", rate(j, "ours") * 1e-9,
          rate(j, "plain") * 1e-9);
}

static tartan_status read_file(app_run *run, const char *const *operands, int count)
{
  job           j = {.run = run, .source = operands[0]};
  bench_record  r = {.op = "read", .algorithm = "load", .peak = NAN, .local_fraction = NAN, .flops = NAN};
  tartan_status st = TARTAN_OK;

  (void)count;
  TRY(make(&j));
  bench_cases_add(&j.cases, "ours", run_ours);
  bench_cases_add(&j.cases, "plain", run_plain);
  for (int i = 0; i < j.cases.count && set.cold; i++) j.cases.list[i].prepare = drop_cache;
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  r.m = j.op->m;
  r.n = j.op->n;
  r.block = set.block;
  r.dtype = tt_element_name(j.op->element);
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.phases = bench_cases_phases(&j.cases, "ours");
  r.reps = bench_set.reps;
  r.bytes_max = r.bytes_redistributed_max = r.bytes_bound = NAN;
  TRY(verify(&j, &r));
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_read = {
    .name = "read",
    .group = "Benchmarks",
    .summary = "a dataset of an HDF5 file into a matrix, against the bytes of the file read plainly",
    .operands = "DATA.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench read big.h5 --into cyclic\n",
    .run = read_file,
};
