/*
 * tartan-bench regress: what a regression of a file takes against the Gram matrix that PCA of the same file needs. In turn,
 * on the same ranks, each from opening the file:
 *   gram     the Gram pass over the features alone, reduced over the ranks
 *   regress  ours: the same pass with the target, then all penalties of the path
 * The target is a combination of a tenth of the features with noise, made in memory before.
 */
#include <tartan/regress.h>

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/collective.h"
#include "common/bench.h"
#include "common/local.h"
#include "common/measure.h"
#include "common/record.h"
#include "oper/gram.h"

#define TARGET 1.2
#define ROUNDOFF 1.1102230246251565e-16

static struct {
  int     model;
  int64_t penalties;
} set = {.penalties = 100};

static const app_option options[] = {
    {"model", 0, APP_OPTION_CHOICE, &set.model, "ridge|lasso|elastic-net", "ridge", "what is fitted"},
    {"penalties", 0, APP_OPTION_COUNT, &set.penalties, "N", "100", "of lasso's and elastic net's path; ridge has one"},
    {.name = NULL},
};

enum { GRAM, OURS, PEAK, CASES };

typedef struct job {
  app_run            *run;
  const char         *source;
  tartan_operator    *op; /* for the target and the check; what is timed opens its own */
  tartan_matrix      *y;
  bench_local         peak;
  tartan_regression  *model;
  tartan_regress_info info;
  double             *seconds[CASES], *room;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_gram(void *context)
{
  const tt_gram_opts opts = {.center = true};
  job               *j = context;
  tartan_grid       *grid = j->run->grid;
  tartan_io_opts     io = app_run_io(j->run);
  tartan_operator   *op = NULL;
  tt_gram_plan       plan;
  tt_gram_result     r = {0};
  int64_t            bytes = grid->memory.limit > 0 ? tt_max(1, grid->memory.limit - grid->memory.used) : INT64_MAX;
  tartan_status      st = TARTAN_OK;

  TRY(tartan_operator_open(grid, j->source, &io, &op));
  TRY(tt_allreduce_i64(grid, &bytes, 1, TT_MIN));
  TRY(tt_gram_plan_make(op, &opts, grid->size, grid->threads, bytes == INT64_MAX ? 0 : bytes, &plan));
  TRY(tt_gram(op, &opts, &plan, &r));
  REQUIRE(r.G, TARTAN_ERR_INPUT, "%s holds NaN or Inf", j->source);
done:
  tartan_matrix_destroy(&r.G);
  tt_free(r.mean);
  tartan_operator_destroy(&op);
  return st;
}

static tartan_regress_opts wanted(void)
{
  tartan_regress_opts opts = TARTAN_REGRESS_OPTS_INIT;

  opts.model = (tartan_regress_model)set.model;
  if (set.model != TARTAN_REGRESS_RIDGE) opts.penalties = set.penalties;
  return opts;
}

static tartan_status run_ours(void *context)
{
  const tartan_regress_opts opts = wanted();
  job                      *j = context;
  tartan_io_opts            io = app_run_io(j->run);
  tartan_operator          *op = NULL;
  tartan_status             st = TARTAN_OK;

  tartan_regress_destroy(&j->model);
  TRY(tartan_operator_open(j->run->grid, j->source, &io, &op));
  TRY(tartan_regress_fit(op, j->y, &opts, &j->model, &j->info));
done:
  tartan_operator_destroy(&op);
  return st;
}

static tartan_status run_peak(void *context)
{
  const job *j = context;

  bench_local_multiply(&j->peak, j->run->threads);
  return TARTAN_OK;
}

/* ------------------------------------------------------------------------------------------------ what they need */

/* The local elements of a matrix with one column: more += factor times noise. Local. */
static void add_noise(tartan_matrix *y, double factor)
{
  for (int64_t il = 0; il < y->mloc && y->nloc > 0; il++)
    ((double *)y->data)[il] += factor * (tt_uniform(3, tartan_matrix_global_row(y, il), 0) - 0.5);
}

static double one_of_ten(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return i % 10 == 0 ? tt_uniform(2, i, j) - 0.5 : 0;
}

static tartan_status make(job *j)
{
  tartan_grid       *grid = j->run->grid;
  tartan_io_opts     io = app_run_io(j->run);
  tartan_matrix_opts slabs = TARTAN_MATRIX_OPTS_INIT;
  tartan_matrix     *b = NULL;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;
  int64_t            peak;

  slabs.p = grid->size;
  slabs.q = 1;
  TRY(tartan_operator_open(grid, j->source, &io, &j->op));
  TRY(tartan_matrix_create(grid, TARTAN_F64, j->op->m, 1, &slabs, &j->y));
  TRY(tartan_matrix_create(grid, TARTAN_F64, j->op->n, 1, NULL, &b));
  tartan_matrix_fill(b, one_of_ten, NULL);
  TRY(tartan_operator_apply(j->op, TARTAN_NO_TRANS, b, j->y));
  add_noise(j->y, 2);
  j->room = tt_alloc_zero(NULL, CASES * bench_set.reps, sizeof *j->room, "repetitions", &local);
  peak = bench_peak_size((double)j->op->m * (double)j->op->n * (double)j->op->n / grid->size);
  if (local == TARTAN_OK) local = bench_local_make_cube(&grid->memory, TARTAN_F64, peak, &j->peak);
  AGREE(grid, local);
  for (int i = 0; i < CASES; i++) j->seconds[i] = j->room + i * bench_set.reps;
done:
  tartan_matrix_destroy(&b);
  return st;
}

static void release(job *j)
{
  tartan_regress_destroy(&j->model);
  bench_local_free(&j->peak);
  tt_free(j->room);
  tartan_matrix_destroy(&j->y);
  tartan_operator_destroy(&j->op);
}

/* ------------------------------------------------------------------------------------------------ results */

/* r := y - predictions of the last model; the length of y. Collective. */
static tartan_status residuals(job *j, int64_t which, tartan_matrix *r, double *length)
{
  tartan_status st = TARTAN_OK;

  *length = 0;
  TRY(tartan_regress_predict(j->model, which, j->op, r));
  for (int64_t il = 0; il < r->mloc && r->nloc > 0; il++) {
    const double y = ((double *)j->y->data)[il];

    *length += y * y;
    ((double *)r->data)[il] = y - ((double *)r->data)[il];
  }
  TRY(tt_allreduce_f64(j->run->grid, length, 1, TT_SUM));
  *length = sqrt(*length);
done:
  return st;
}

/* How far the last model is from its condition of optimality, over |A|_F |y|, by two more passes. Collective. */
static tartan_status verify(job *j, bench_record *record)
{
  const tartan_regress_opts opts = wanted();
  const double              m = (double)j->op->m, n = (double)j->op->n;
  const double              share = set.model == TARTAN_REGRESS_ELASTIC_NET ? opts.l1_ratio : 1;
  tartan_regress_values     v;
  tartan_matrix            *r = NULL, *g = NULL;
  double                    length = 0, norm2 = 0, sum = 0;
  tartan_matrix_opts        slabs = TARTAN_MATRIX_OPTS_INIT;
  tartan_status             st = TARTAN_OK;

  slabs.p = j->run->size;
  slabs.q = 1;
  TRY(tartan_matrix_create(j->run->grid, TARTAN_F64, j->op->m, 1, &slabs, &r));
  tartan_regress_get_values(j->model, &v);
  TRY(tartan_matrix_create(j->run->grid, TARTAN_F64, j->op->n, 1, NULL, &g));
  TRY(tartan_operator_norm_fro2(j->op, &norm2));
  TRY(residuals(j, v.penalties - 1, r, &length));
  TRY(tartan_operator_apply(j->op, TARTAN_TRANS, r, g));
  for (int64_t il = 0; il < g->mloc && g->nloc > 0; il++) {
    const double b = v.coef_[(v.penalties - 1) * v.features + tartan_matrix_global_row(g, il)];
    const double alpha = v.penalty[v.penalties - 1] * (set.model == TARTAN_REGRESS_RIDGE ? 1 : m);
    double       off = ((double *)g->data)[il];

    if (set.model == TARTAN_REGRESS_RIDGE)
      off -= alpha * b;
    else if (b != 0)
      off -= alpha * (share * copysign(1, b) + (1 - share) * b);
    else
      off = fmax(0, fabs(off) - alpha * share);
    sum += off * off;
  }
  TRY(tt_allreduce_f64(j->run->grid, &sum, 1, TT_SUM));
  record->residual = sqrt(sum) / (sqrt(norm2) * length);
  record->residual_limit = 2 * (4 * sqrt(m) + 4 * sqrt(n) + 10) * ROUNDOFF;
  if (set.model != TARTAN_REGRESS_RIDGE) record->residual_limit += sqrt(2 * opts.tolerance);
done:
  tartan_matrix_destroy(&g);
  tartan_matrix_destroy(&r);
  return st;
}

/* Traffic of one run of ours, then its check. Collective. */
static tartan_status count_and_verify(job *j, bench_record *r)
{
  const double  N = (double)j->op->n + 1, P = j->run->size;
  tartan_cost   cost;
  tartan_status st = TARTAN_OK;

  tartan_grid_cost_reset(j->run->grid);
  TRY(run_ours(j));
  TRY(tartan_grid_cost(j->run->grid, &cost));
  r->bytes_max = cost.bytes_moved;
  r->bytes_redistributed_max = 8 * cost.words_redistributed;
  r->bytes_bound = 8 * N * (N - 1) / 2 * (1 - 1 / P);
  TRY(verify(j, r));
done:
  return st;
}

static void put_fields(app_json *json, const void *context)
{
  const job    *j = context;
  const int64_t reps = bench_set.reps;

  app_json_numbers(json, "seconds_gram", j->seconds[GRAM], reps);
  app_json_number(json, "seconds_gram_median", bench_median(j->seconds[GRAM], reps));
  app_json_number(json, "ratio", bench_ratio(j->seconds[OURS], j->seconds[GRAM], reps));
  app_json_number(json, "ratio_target", TARGET);
  app_json_flag(json, "converged", j->info.converged);
  app_json_count(json, "sweeps", j->info.sweeps);
  app_json_number(json, "gap", j->info.gap);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;

  app_say(run, "gram     median %.4f s, the pass of PCA\n", bench_median(j->seconds[GRAM], bench_set.reps));
  app_say(run, "ratio    %.3f, target %.2f\n", bench_ratio(j->seconds[OURS], j->seconds[GRAM], bench_set.reps), TARGET);
  if (set.model != TARTAN_REGRESS_RIDGE)
    app_say(run, "sweeps   %lld, duality gap at most %.2g\n", (long long)j->info.sweeps, j->info.gap);
}

static void fill_record(const job *j, bench_record *r)
{
  static const char *const names[] = {"ridge", "lasso", "elastic-net"};
  const double             side = (double)j->peak.m;
  const int64_t            reps = bench_set.reps;

  r->op = "regress";
  r->algorithm = names[set.model];
  r->dtype = tt_element_name(j->op->element);
  r->m = j->op->m;
  r->n = j->op->n;
  r->k = set.model == TARTAN_REGRESS_RIDGE ? 1 : set.penalties;
  r->seconds = j->seconds[OURS];
  r->reps = reps;
  r->flops = (double)r->m * (double)r->n * (double)(r->n + 1);
  r->peak = 2 * side * side * side * j->run->size / bench_median(j->seconds[PEAK], reps);
  r->local_fraction = NAN;
  r->peer[r->peers++] = (bench_peer){.name = "gram",
                                     .seconds_median = bench_median(j->seconds[GRAM], reps),
                                     .ratio = bench_ratio(j->seconds[GRAM], r->seconds, reps),
                                     .bytes_max = NAN};
  r->json = put_fields;
  r->table = put_lines;
  r->context = j;
}

static tartan_status regress(app_run *run, const char *const *operands, int count)
{
  job           j = {.run = run, .source = operands[0]};
  bench_case    cases[CASES] = {[GRAM] = {"gram", NULL, run_gram, NULL},
                                [OURS] = {"regress", NULL, run_ours, NULL},
                                [PEAK] = {"peak", NULL, run_peak, NULL}};
  bench_record  record = {0};
  tartan_status st = TARTAN_OK;

  (void)count;
  TRY(make(&j));
  for (int i = 0; i < CASES; i++) cases[i].seconds = j.seconds[i];
  TRY(bench_alternate(run->grid, cases, CASES, &j, bench_set.warmups, bench_set.reps));
  TRY(count_and_verify(&j, &record));
  fill_record(&j, &record);
  record.phases = cases[OURS].phases;
  TRY(bench_record_write(run, &record));
done:
  release(&j);
  return st;
}

const app_command bench_regress = {
    .name = "regress",
    .group = "Benchmarks",
    .summary = "a regression of a file, against the Gram pass of PCA of the same file",
    .operands = "DATA.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, bench_options},
    .notes = "Examples:\n"
             "  mpirun -n 2 tartan-bench regress big.h5 --threads 1 --json -\n"
             "  mpirun -n 2 tartan-bench regress big.h5 --threads 1 --model lasso\n",
    .run = regress,
};
