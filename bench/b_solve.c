/*
 * tartan-bench solve: A X = B by tartan_solve, with its condition estimate, residuals and refinement. By --compare
 * ScaLAPACK's p?getrf and p?getrs, or p?potrf and p?potrs, called in place on the same layout, which give none of these
 * and lose A; and for --mixed the same system by tartan_solve in f64.
 */
#include <tartan/solve.h>

#include <math.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "common/bench.h"
#include "common/local.h"
#include "common/peers.h"
#include "ext/scalapack_solve.h"
#include "kernel/dense.h"
#include "matrix/matrix.h"

static struct {
  int64_t     n, sides, block;
  int         dtype, kind; /* indices of their words */
  bool        mixed;
  const char *compare;
} set = {.n = 4000, .sides = 1, .block = 64, .dtype = 1};

static const app_option options[] = {
    {"rows", 'n', APP_OPTION_COUNT, &set.n, "N", "4000", "order of the matrix"},
    {"sides", 'k', APP_OPTION_COUNT, &set.sides, "K", "1", "right-hand sides"},
    {"kind", 0, APP_OPTION_CHOICE, &set.kind, "lu|cholesky", "lu", "a general matrix, or a positive definite one"},
    {"mixed", 0, APP_OPTION_FLAG, &set.mixed, NULL, NULL, "factor in f32, refine in f64"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"block", 'b', APP_OPTION_COUNT, &set.block, "N", "64", "rows and columns of a block"},
    {"compare", 'c', APP_OPTION_TEXT, &set.compare, "PEER,...", NULL,
     "run alternately: scalapack (p?getrf and p?getrs, or p?potrf and p?potrs), f64 (ours without --mixed)"},
    {.name = NULL},
};

typedef struct job {
  app_run          *run;
  tartan_dtype      dtype;
  tartan_matrix    *A, *B, *X;
  tartan_matrix    *copy, *side; /* ScaLAPACK's */
  int              *pivot;
  int64_t           failed;
  tartan_solve_info info;
  bench_local       peak;
  bench_cases       cases;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status solve(job *j, bool mixed)
{
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;

  opts.assume = set.kind == 0 ? TARTAN_ASSUME_GENERAL : TARTAN_ASSUME_POSITIVE;
  opts.mixed = mixed;
  tartan_matrix_destroy(&j->X);
  return tartan_solve(j->A, j->B, &opts, &j->X, &j->info);
}

static tartan_status run_ours(void *context)
{
  return solve(context, set.mixed);
}

static tartan_status run_f64(void *context)
{
  return solve(context, false);
}

/* The matrices that ScaLAPACK works in. Not timed. */
static tartan_status refill(void *context)
{
  job          *j = context;
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, j->A, j->copy));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, j->B, j->side));
done:
  return st;
}

static tartan_status run_scalapack(void *context)
{
  job          *j = context;
  tt_operand    a = {0}, b = {0};
  int           threads;
  tartan_status st = TARTAN_OK;

  TRY(tt_operand_make(j->copy, j->copy->p, j->copy->q, &a));
  TRY(tt_operand_make(j->side, j->side->p, j->side->q, &b));
  threads = tt_blas_threads_begin(j->run->grid);
  if (set.kind == 0) {
    st = tt_pgetrf(j->dtype, set.n, set.n, &a.p, j->pivot, &j->failed);
    if (st == TARTAN_OK) st = tt_pgetrs(j->dtype, TARTAN_NO_TRANS, set.n, set.sides, &a.p, j->pivot, &b.p);
  } else {
    st = tt_ppotrf(j->dtype, set.n, &a.p, &j->failed);
    if (st == TARTAN_OK) st = tt_ppotrs(j->dtype, set.n, set.sides, &a.p, &b.p);
  }
  tt_blas_threads_end(threads);
done:
  tt_operand_end(&b);
  tt_operand_end(&a);
  return st;
}

static tartan_status run_peak(void *context)
{
  const job *j = context;

  bench_local_multiply(&j->peak, j->run->threads);
  return TARTAN_OK;
}

static const bench_offer offers[] = {{"scalapack", run_scalapack}, {"f64", run_f64}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

static double flops(void)
{
  const double n = (double)set.n;

  return (set.kind == 0 ? 2.0 : 1.0) / 3 * n * n * n + 2 * n * n * (double)set.sides;
}

static tartan_status make(job *j)
{
  tartan_grid             *grid = j->run->grid;
  const tartan_matrix_opts layout = {.size = sizeof layout, .mb = set.block, .nb = set.block};
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(set.n > 0 && set.sides > 0, TARTAN_ERR_ARG, "-n and -k: at least 1");
  TRY(tartan_matrix_create(grid, j->dtype, set.n, set.n, &layout, &j->A));
  TRY(tartan_matrix_create(grid, j->dtype, set.n, set.sides, &layout, &j->B));
  tartan_matrix_fill_normal(j->A, 1);
  tartan_matrix_fill_normal(j->B, 2);
  for (int64_t i = 0; i < set.n && set.kind == 1; i++) { /* the lower triangle is what is read */
    const int64_t il = tartan_matrix_local_row(j->A, i), jl = tartan_matrix_local_col(j->A, i);

    if (il >= 0 && jl >= 0) tt_put_element(j->dtype, (double)set.n, j->A->data, j->A->ld, il, jl);
  }
  j->pivot = tt_alloc_zero(&grid->memory, j->A->mloc + set.block, sizeof *j->pivot, "pivots", &local);
  if (local == TARTAN_OK)
    local = bench_local_make_cube(&grid->memory, j->dtype, bench_peak_size(flops() / j->run->size), &j->peak);
  AGREE(grid, local);
  if (!bench_cases_has(&j->cases, "scalapack")) goto done;
  TRY(tartan_matrix_create(grid, j->dtype, set.n, set.n, &layout, &j->copy));
  TRY(tartan_matrix_create(grid, j->dtype, set.n, set.sides, &layout, &j->side));
  for (int i = 0; i < j->cases.count; i++)
    if (j->cases.list[i].run == run_scalapack) j->cases.list[i].prepare = refill;
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  bench_local_free(&j->peak);
  tt_free(j->pivot);
  tartan_matrix_destroy(&j->side);
  tartan_matrix_destroy(&j->copy);
  tartan_matrix_destroy(&j->X);
  tartan_matrix_destroy(&j->B);
  tartan_matrix_destroy(&j->A);
}

/* ------------------------------------------------------------------------------------------------ results */

/* Flops per second of a rank: of a whole system's count, and of products of its own. */
static double speed_of(const job *j)
{
  return flops() / j->run->size / bench_median(bench_cases_of(&j->cases, "ours"), j->cases.reps);
}

static double peak_of(const job *j)
{
  const double edge = (double)j->peak.m;

  return 2 * edge * edge * edge / bench_median(bench_cases_of(&j->cases, "peak"), j->cases.reps);
}

static void put_fields(app_json *json, const void *context)
{
  const job *j = context;

  app_json_text(json, "method", j->info.method);
  app_json_text(json, "reason", j->info.reason);
  app_json_number(json, "condition", j->info.condition);
  app_json_count(json, "steps", j->info.steps);
  app_json_number(json, "rank_gflops", speed_of(j) * 1e-9);
  app_json_number(json, "rank_peak_gflops", peak_of(j) * 1e-9);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;

  app_say(run, "rank     %.1f GFLOP/s, the local peak is %.1f\n", speed_of(j) * 1e-9, peak_of(j) * 1e-9);
  app_say(run, "method   %s: %s\n", j->info.method, j->info.reason);
  app_say(run, "residual %.3g, condition %.3g, %lld step%s of refinement\n", j->info.residual, j->info.condition,
          (long long)j->info.steps, TT_S(j->info.steps));
}

static tartan_status run_bench(app_run *run, const char *const *operand, int count)
{
  job           j = {.run = run, .dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64};
  bench_record  r = {.op = "solve", .peak = NAN, .local_fraction = NAN};
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  bench_cases_add(&j.cases, "peak", run_peak);
  TRY(bench_peers_add(set.compare, offers, &j.cases));
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  TRY(run_ours(&j));
  r.m = r.n = set.n;
  r.k = set.sides;
  r.block = set.block;
  r.dtype = tartan_dtype_name(j.dtype);
  r.algorithm = j.info.method;
  r.flops = flops();
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.phases = bench_cases_phases(&j.cases, "ours");
  r.reps = bench_set.reps;
  r.bytes_max = r.bytes_redistributed_max = r.bytes_bound = NAN;
  r.residual = j.info.residual / ((double)set.n * (j.dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53));
  r.residual_limit = 10;
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_solve = {
    .name = "solve",
    .group = "Benchmarks",
    .summary = "systems of equations, against ScaLAPACK and mixed precision against f64",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench solve -n 4000 --kind cholesky --compare scalapack --json -\n",
    .run = run_bench,
};
