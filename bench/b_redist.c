/*
 * tartan-bench redist: B := op(A) from one layout to another. Beside it a plain copy in memory of the bytes that a rank
 * ends with, and by --compare ScaLAPACK's p?gemr2d.
 */
#include <tartan/matrix.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/gemr2d.h"
#include "common/operands.h"
#include "common/peers.h"
#include "common/planned.h"
#include "kernel/dense.h"

static struct {
  int64_t     m, n, block, to_block, grid[2], to_grid[2];
  int         dtype, from, to; /* indices of their words, layouts from BENCH_CYCLIC on */
  bool        transpose;
  const char *compare;
} set = {.m = 8000, .n = 8000, .block = 64, .dtype = 1, .to = BENCH_ROWS - BENCH_CYCLIC};

static const app_option options[] = {
    {"rows", 'm', APP_OPTION_COUNT, &set.m, "M", "8000", "rows of B"},
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "8000", "columns of B"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"from", 0, APP_OPTION_CHOICE, &set.from, "cyclic|rows|columns", "cyclic",
     "layout of A: block-cyclic, or one slab of rows or columns a rank"},
    {"to", 0, APP_OPTION_CHOICE, &set.to, "cyclic|rows|columns", "rows", "layout of B"},
    {"block", 'b', APP_OPTION_COUNT, &set.block, "N", "64", "rows and columns of a block of a block-cyclic A"},
    {"to-block", 0, APP_OPTION_COUNT, &set.to_block, "N", "as --block",
     "rows and columns of a block of a block-cyclic B"},
    {"from-grid", 0, APP_OPTION_PAIR, set.grid, "PxQ", "as --grid", "arrangement of the ranks of a block-cyclic A"},
    {"to-grid", 0, APP_OPTION_PAIR, set.to_grid, "PxQ", "as --grid", "arrangement of the ranks of a block-cyclic B"},
    {"transpose", 0, APP_OPTION_FLAG, &set.transpose, NULL, NULL, "A is N x M, B its transpose"},
    {"compare", 'c', APP_OPTION_TEXT, &set.compare, "PEER,...", NULL, "run alternately: scalapack (p?gemr2d)"},
    {.name = NULL},
};

typedef struct job {
  app_run       *run;
  tartan_dtype   dtype;
  tartan_matrix *A, *B;
  void          *copy; /* as large as this rank's part of B */
  bench_gemr2d   gemr2d;
  bench_planned  counted;
  double         exact; /* words that have to move */
  bench_cases    cases;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  const job *j = context;

  return tartan_matrix_copy(set.transpose ? TARTAN_TRANS : TARTAN_NO_TRANS, j->A, j->B);
}

static tartan_status run_memcpy(void *context)
{
  const job   *j = context;
  const size_t bytes = (size_t)(j->B->mloc * j->B->nloc) * tartan_dtype_size(j->dtype);

  if (bytes > 0) memcpy(j->copy, j->B->data, bytes);
  return TARTAN_OK;
}

static tartan_status run_scalapack(void *context)
{
  const job *j = context;

  bench_gemr2d_run(&j->gemr2d);
  return TARTAN_OK;
}

static const bench_offer offers[] = {{"scalapack", run_scalapack}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

/* An exact value for each element, different for neighbours and for the transposed place. */
static double element(int64_t i, int64_t j, void *context)
{
  (void)context;
  return (double)((i * 1009 + j * 31) % 8388593);
}

static double transposed_element(int64_t i, int64_t j, void *context)
{
  return element(j, i, context);
}

static tartan_status make(job *j)
{
  const int64_t      rows = set.transpose ? set.n : set.m, cols = set.transpose ? set.m : set.n;
  const int64_t      to_block = set.to_block > 0 ? set.to_block : set.block;
  tartan_grid       *grid = j->run->grid;
  tartan_matrix_opts from = bench_layout(grid, BENCH_CYCLIC + set.from, set.block, set.grid, rows, cols);
  tartan_matrix_opts to = bench_layout(grid, BENCH_CYCLIC + set.to, to_block, set.to_grid, set.m, set.n);
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(set.m > 0 && set.n > 0, TARTAN_ERR_ARG, "-m and -n: at least 1");
  REQUIRE(!set.transpose || !set.compare, TARTAN_ERR_ARG, "--compare scalapack does not go with --transpose");
  TRY(tartan_matrix_create(grid, j->dtype, rows, cols, &from, &j->A));
  TRY(tartan_matrix_create(grid, j->dtype, set.m, set.n, &to, &j->B));
  tartan_matrix_fill(j->A, set.transpose ? transposed_element : element, NULL);
  j->copy = tt_alloc_zero(&grid->memory, j->B->mloc * j->B->nloc, tartan_dtype_size(j->dtype), "a plain copy", &local);
  AGREE(grid, local);
  if (bench_peers_asked(set.compare, "scalapack")) TRY(bench_gemr2d_make(j->A, j->B, &j->gemr2d));
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  bench_gemr2d_end(&j->gemr2d);
  tt_free(j->copy);
  tartan_matrix_destroy(&j->B);
  tartan_matrix_destroy(&j->A);
}

/* ------------------------------------------------------------------------------------------------ results */

/* Number of elements of B that are not what they should be, on all ranks. Collective. */
static tartan_status count_wrong(const tartan_matrix *B, double *wrong)
{
  *wrong = 0;
  for (int64_t jl = 0; jl < B->nloc; jl++) {
    for (int64_t il = 0; il < B->mloc; il++) {
      const double right = element(tartan_matrix_global_row(B, il), tartan_matrix_global_col(B, jl), NULL);

      if (tt_get_element(B->dtype, B->data, B->ld, il, jl) != right) *wrong += 1;
    }
  }
  return tt_allreduce_f64(B->grid, wrong, 1, TT_SUM);
}

/*
 * What has to move, counted without the library's lists: elements of B here that A has elsewhere, and those of A here
 * that B wants elsewhere. Both layouts are products, so what stays is (rows of both) x (columns of both).
 */
static tartan_status count_exact(const job *j, double *words)
{
  const tartan_matrix *A = j->A, *B = j->B;
  int64_t              rows = 0, cols = 0;

  for (int64_t il = 0; il < B->mloc; il++) {
    const int64_t i = tartan_matrix_global_row(B, il);

    rows += (set.transpose ? tartan_matrix_local_col(A, i) : tartan_matrix_local_row(A, i)) >= 0;
  }
  for (int64_t jl = 0; jl < B->nloc; jl++) {
    const int64_t i = tartan_matrix_global_col(B, jl);

    cols += (set.transpose ? tartan_matrix_local_row(A, i) : tartan_matrix_local_col(A, i)) >= 0;
  }
  *words = (double)(tt_max(A->mloc * A->nloc, B->mloc * B->nloc) - rows * cols);
  return tt_allreduce_f64(A->grid, words, 1, TT_MAX);
}

static tartan_status verify(job *j, bench_record *r)
{
  const double  size = (double)tartan_dtype_size(j->dtype);
  tartan_status st = TARTAN_OK;

  TRY(count_exact(j, &j->exact));
  tartan_matrix_set(j->B, NAN, NAN);
  TRY(bench_planned_count(j->run->grid, run_ours, j, &j->counted));
  TRY(count_wrong(j->B, &r->residual));
  r->bytes_max = j->counted.measured.bytes_moved;
  r->bytes_redistributed_max = size * j->counted.measured.words_redistributed;
  r->bytes_bound = size * j->exact;
  if (r->residual > 0 || !bench_peers_asked(set.compare, "scalapack")) goto done;
  tartan_matrix_set(j->B, NAN, NAN);
  TRY(bench_planned_traffic(j->run->grid, run_scalapack, j, &r->peer[0].bytes_max));
  TRY(count_wrong(j->B, &r->residual));
done:
  return st;
}

/* Bytes per second and rank of the matrix as a whole. */
static double rate(const job *j, const char *name)
{
  return (double)set.m * (double)set.n * (double)tartan_dtype_size(j->dtype) / j->run->size /
         bench_median(bench_cases_of(&j->cases, name), j->cases.reps);
}

static void put_fields(app_json *json, const void *context)
{
  static const char *const layouts[] = {"cyclic", "rows", "columns"};
  const job               *j = context;

  app_json_text(json, "from", layouts[set.from]);
  app_json_text(json, "to", layouts[set.to]);
  app_json_count(json, "to_block", set.to_block > 0 ? set.to_block : set.block);
  app_json_flag(json, "transpose", set.transpose);
  app_json_number(json, "gbytes_per_second", rate(j, "ours") * 1e-9);
  app_json_number(json, "memcpy_gbytes_per_second", rate(j, "memcpy") * 1e-9);
  app_json_number(json, "memcpy_fraction",
                  bench_ratio(bench_cases_of(&j->cases, "memcpy"), bench_cases_of(&j->cases, "ours"), j->cases.reps));
  app_json_number(json, "words", j->counted.measured.words_redistributed);
  app_json_number(json, "words_exact", j->exact);
  app_json_number(json, "messages", j->counted.measured.messages);
  app_json_number(json, "memory", j->counted.memory);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;
  char       taken[24];

  app_say(run, "rate     %.2f GB/s a rank, a plain copy %.2f\n", rate(j, "ours") * 1e-9, rate(j, "memcpy") * 1e-9);
  app_say(run, "words    %.0f moved, %.0f have to\n", j->counted.measured.words_redistributed, j->exact);
  app_say(run, "memory   %s beside the matrices\n", tt_bytes_text(j->counted.memory, taken));
}

static tartan_status redist(app_run *run, const char *const *operand, int count)
{
  job           j = {.run = run, .dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64};
  bench_record  r = {.op = "redist", .algorithm = "copy", .peak = NAN, .local_fraction = NAN, .flops = NAN};
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  bench_cases_add(&j.cases, "memcpy", run_memcpy);
  TRY(bench_peers_add(set.compare, offers, &j.cases));
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  r.m = set.m;
  r.n = set.n;
  r.block = set.block;
  r.dtype = tartan_dtype_name(j.dtype);
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.phases = bench_cases_phases(&j.cases, "ours");
  r.reps = bench_set.reps;
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  TRY(verify(&j, &r));
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_redist = {
    .name = "redist",
    .group = "Benchmarks",
    .summary = "B := op(A) from one layout to another, against a copy in memory and ScaLAPACK's p?gemr2d",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench redist -m 8000 -n 8000 --from cyclic --to rows --compare scalapack\n",
    .run = redist,
};
