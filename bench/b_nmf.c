/*
 * tartan-bench nmf: iterations of a non-negative factorization against the products that they need. In turn, on the same
 * ranks:
 *   products  A X and A'Y with k columns, once for each iteration, by tartan_operator_apply()
 *   nmf       ours, from random factors, with the look at the data before
 * The data stays in its file (one pass an iteration of ours, two of the products), or is held as an f64 matrix.
 */
#include <tartan/nmf.h>

#include <math.h>

#include <tartan/blas.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/bench.h"
#include "common/local.h"
#include "common/measure.h"
#include "common/record.h"
#include "kernel/reduce.h"
#include "oper/operator.h"

#define ROUNDOFF 1.1102230246251565e-16

static struct {
  int64_t k, iterations;
  bool    held;
} set = {.k = 16, .iterations = 10};

static const app_option options[] = {
    {"n-components", 'k', APP_OPTION_COUNT, &set.k, "K", "16", "number of parts"},
    {"iterations", 0, APP_OPTION_COUNT, &set.iterations, "N", "10", "of one repetition"},
    {"held", 0, APP_OPTION_FLAG, &set.held, NULL, NULL, "read the data into memory first"},
    {.name = NULL},
};

enum { PRODUCTS, OURS, PEAK, CASES };

typedef struct job {
  app_run         *run;
  tartan_operator *op, *file;
  tartan_matrix   *A, *X, *Y; /* A with --held; X [n, k], Y [m, k] */
  tartan_matrix   *W, *H;     /* of the last run */
  bench_local      peak;
  tartan_nmf_info  info;
  double          *seconds[CASES], *room;
} job;

static tartan_status run_products(void *context)
{
  job          *j = context;
  tartan_status st = TARTAN_OK;

  tartan_matrix_fill_uniform(j->X, 1);
  for (int64_t i = 0; i < set.iterations; i++) {
    TRY(tartan_operator_apply(j->op, TARTAN_NO_TRANS, j->X, j->Y));
    tartan_matrix_fill_uniform(j->Y, 2); /* else values would grow */
    TRY(tartan_operator_apply(j->op, TARTAN_TRANS, j->Y, j->X));
  }
done:
  return st;
}

static tartan_status run_ours(void *context)
{
  job            *j = context;
  tartan_nmf_opts opts = TARTAN_NMF_OPTS_INIT;
  tartan_status   st = TARTAN_OK;

  tartan_matrix_destroy(&j->H);
  tartan_matrix_destroy(&j->W);
  opts.init = TARTAN_NMF_RANDOM;
  opts.iterations = set.iterations;
  opts.tolerance = 0;
  TRY(tartan_nmf(j->op, set.k, &opts, &j->W, &j->H, &j->info));
done:
  return st;
}

static tartan_status run_peak(void *context)
{
  const job *j = context;

  bench_local_multiply(&j->peak, j->run->threads);
  return TARTAN_OK;
}

static tartan_status make(job *j, const char *source)
{
  tartan_grid       *grid = j->run->grid;
  tartan_io_opts     io = app_run_io(j->run);
  tartan_matrix_opts slabs = TARTAN_MATRIX_OPTS_INIT;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;
  int64_t            peak;

  slabs.p = grid->size;
  slabs.q = 1;
  TRY(tartan_operator_open(grid, source, &io, &j->file));
  j->op = j->file;
  if (set.held) {
    TRY(tartan_matrix_load(grid, source, TARTAN_F64, &io, &j->A));
    TRY(tartan_operator_from_matrix(j->A, &j->op));
  }
  TRY(tartan_matrix_create(grid, TARTAN_F64, j->op->n, set.k, &slabs, &j->X));
  TRY(tartan_matrix_create(grid, TARTAN_F64, j->op->m, set.k, &slabs, &j->Y));
  j->room = tt_alloc_zero(NULL, CASES * bench_set.reps, sizeof *j->room, "repetitions", &local);
  peak = bench_peak_size(4.0 * (double)j->op->m * (double)j->op->n * (double)set.k / grid->size);
  if (local == TARTAN_OK) local = bench_local_make_cube(&grid->memory, TARTAN_F64, peak, &j->peak);
  AGREE(grid, local);
  for (int i = 0; i < CASES; i++) j->seconds[i] = j->room + i * bench_set.reps;
done:
  return st;
}

static void release(job *j)
{
  tartan_matrix_destroy(&j->H);
  tartan_matrix_destroy(&j->W);
  bench_local_free(&j->peak);
  tt_free(j->room);
  tartan_matrix_destroy(&j->Y);
  tartan_matrix_destroy(&j->X);
  if (j->op != j->file) tartan_operator_destroy(&j->op);
  tartan_matrix_destroy(&j->A);
  tartan_operator_destroy(&j->file);
}

/* Sum of a(i, j) b(i, j). Collective. */
static tartan_status inner(const tartan_matrix *a, const tartan_matrix *b, double *sum)
{
  *sum = tt_dot_local(TARTAN_F64, a->data, a->ld, TARTAN_F64, b->data, b->ld, a->mloc, a->nloc);
  return tt_allreduce_f64(a->grid, sum, 1, TT_SUM);
}

/* The loss that was told against |A|^2 - 2 <A H', W> + <W'W, H H'> by other products, over |A|^2. Collective. */
static tartan_status verify(job *j, bench_record *r)
{
  tartan_grid   *grid = j->run->grid;
  tartan_matrix *w = NULL, *h = NULL, *Gw = NULL, *Gh = NULL;
  double         norm2 = 0, cross = 0, square = 0;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_copy(TARTAN_TRANS, j->H, j->X));
  TRY(tartan_operator_apply(j->op, TARTAN_NO_TRANS, j->X, j->Y));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, j->W, TARTAN_F64, NULL, &w));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, j->Y, TARTAN_F64, NULL, &h));
  TRY(inner(h, w, &cross));
  TRY(tartan_matrix_create(grid, TARTAN_F64, set.k, set.k, NULL, &Gw));
  TRY(tartan_matrix_create(grid, TARTAN_F64, set.k, set.k, NULL, &Gh));
  TRY(tartan_gemm(1, TARTAN_TRANS, w, TARTAN_NO_TRANS, w, 0, Gw, NULL));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, j->H, TARTAN_TRANS, j->H, 0, Gh, NULL));
  TRY(inner(Gw, Gh, &square));
  TRY(tartan_operator_norm_fro2(j->op, &norm2));
  r->residual = fabs(j->info.loss - (norm2 - 2 * cross + square) / 2) / norm2;
  r->residual_limit = 10 * sqrt((double)j->op->m * (double)j->op->n) * ROUNDOFF;
done:
  tartan_matrix_destroy(&Gh);
  tartan_matrix_destroy(&Gw);
  tartan_matrix_destroy(&h);
  tartan_matrix_destroy(&w);
  return st;
}

static void put_fields(app_json *json, const void *context)
{
  const job *j = context;

  app_json_numbers(json, "seconds_products", j->seconds[PRODUCTS], bench_set.reps);
  app_json_number(json, "ratio", bench_ratio(j->seconds[OURS], j->seconds[PRODUCTS], bench_set.reps));
  app_json_count(json, "iterations", set.iterations);
  app_json_number(json, "loss", j->info.loss);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;

  app_say(run, "products median %.4f s\n", bench_median(j->seconds[PRODUCTS], bench_set.reps));
  app_say(run, "ratio    %.3f of the products\n", bench_ratio(j->seconds[OURS], j->seconds[PRODUCTS], bench_set.reps));
}

static void fill_record(const job *j, bench_record *r)
{
  const double  side = (double)j->peak.m;
  const int64_t reps = bench_set.reps;

  r->op = "nmf";
  r->algorithm = set.held ? "held" : "streamed";
  r->dtype = tt_element_name(j->op->element);
  r->m = j->op->m;
  r->n = j->op->n;
  r->k = set.k;
  r->seconds = j->seconds[OURS];
  r->reps = reps;
  r->flops = 4 * (double)r->m * (double)r->n * (double)r->k * (double)set.iterations;
  r->peak = 2 * side * side * side * j->run->size / bench_median(j->seconds[PEAK], reps);
  r->local_fraction = r->bytes_max = r->bytes_redistributed_max = r->bytes_bound = NAN;
  r->peer[r->peers++] = (bench_peer){.name = "products",
                                     .seconds_median = bench_median(j->seconds[PRODUCTS], reps),
                                     .ratio = bench_ratio(j->seconds[PRODUCTS], r->seconds, reps),
                                     .bytes_max = NAN};
  r->json = put_fields;
  r->table = put_lines;
  r->context = j;
}

static tartan_status nmf(app_run *run, const char *const *operands, int count)
{
  job           j = {.run = run};
  bench_case    cases[CASES] = {[PRODUCTS] = {"products", NULL, run_products, NULL},
                                [OURS] = {"nmf", NULL, run_ours, NULL},
                                [PEAK] = {"peak", NULL, run_peak, NULL}};
  bench_record  record = {0};
  tartan_status st = TARTAN_OK;

  (void)count;
  TRY(make(&j, operands[0]));
  for (int i = 0; i < CASES; i++) cases[i].seconds = j.seconds[i];
  TRY(bench_alternate(run->grid, cases, CASES, &j, bench_set.warmups, bench_set.reps));
  TRY(verify(&j, &record));
  fill_record(&j, &record);
  TRY(bench_record_write(run, &record));
done:
  release(&j);
  return st;
}

const app_command bench_nmf = {
    .name = "nmf",
    .group = "Benchmarks",
    .summary = "iterations of a non-negative factorization, against the products that they need",
    .operands = "DATA.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, bench_options},
    .notes = "Examples:\n"
             "  mpirun -n 2 tartan-bench nmf images.h5 -k 16 --threads 1 --json -\n"
             "  mpirun -n 2 tartan-bench nmf images.h5 -k 64 --held --threads 1\n",
    .run = nmf,
};
