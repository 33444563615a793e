/*
 * tartan-bench als: the local kernels of alternating least squares on made-up rows, each rank and thread its share, beside
 * the peak of the local BLAS. --form light has diagonal G, the others a dense one; heavy and light are counted by their own
 * formulas (tt_als_flops), cg by its products.
 */
#include <float.h>
#include <math.h>

#include "base/random.h"
#include "base/util.h"
#include "comm/collective.h"
#include "common/local.h"
#include "common/record.h"
#include "common/measure.h"
#include "kernel/als.h"
#include "kernel/dense.h"

#define CHECKED 8 /* rows that are tested */

enum { FORM_HEAVY, FORM_LIGHT, FORM_CG, FORM_BLOCK, FORM_NONNEGATIVE };

static struct {
  int64_t k, rows, observations, factors, steps;
  int     dtype, form, isa, part; /* indices of their words */
} set = {.k = 64, .rows = 20000, .observations = 300, .factors = 30000, .steps = 3};

static const app_option options[] = {
    {"part", 0, APP_OPTION_CHOICE, &set.part, "rows", "rows", "what is measured"},
    {"factors", 'k', APP_OPTION_COUNT, &set.k, "K", "64", "length of a factor row"},
    {"rows", 0, APP_OPTION_COUNT, &set.rows, "N", "20000", "rows that are solved, of all ranks together"},
    {"observations", 0, APP_OPTION_COUNT, &set.observations, "N", "300", "observations of each row"},
    {"items", 0, APP_OPTION_COUNT, &set.factors, "N", "30000", "factor rows from which the observations are"},
    {"form", 0, APP_OPTION_CHOICE, &set.form, "heavy|light|cg|block|nonnegative", "heavy",
     "normal equations, the push-through identity (up to K observations), conjugate gradients, blocks of coordinates, "
     "or "
     "least over x >= 0 from the last solution (flops: of its equations, solved once)"},
    {"steps", 0, APP_OPTION_COUNT, &set.steps, "N", "3", "of conjugate gradients; coordinates of a block"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f32", "element type"},
    {"isa", 0, APP_OPTION_CHOICE, &set.isa, "host|portable|avx2|avx512", "host", "instruction set of the kernels"},
    {.name = NULL},
};

typedef struct job {
  app_run      *run;
  tartan_dtype  dtype;
  tt_als_shared shared;
  tt_als_rows   rows;
  void         *Y, *G, *d, *weight, *target, *lambda;
  int64_t      *ptr;
  int32_t      *col;
  bench_local   peak;
  bench_cases   cases;
  int64_t       failed;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  job          *j = context;
  tt_memory    *memory = &j->run->grid->memory;
  tartan_status local = TARTAN_OK;

  if (set.form == FORM_CG)
    tt_als_cg(&j->shared, &j->rows, set.steps, j->run->threads, memory, &local);
  else if (set.form == FORM_BLOCK)
    j->failed = tt_als_block(&j->shared, &j->rows, set.steps, j->run->threads, memory, &local);
  else if (set.form == FORM_NONNEGATIVE)
    j->failed = tt_als_nonnegative(&j->shared, &j->rows, j->run->threads, memory, &local);
  else
    j->failed = tt_als_exact(&j->shared, &j->rows, j->run->threads, memory, &local);
  return local;
}

static tartan_status run_peak(void *context)
{
  const job *j = context;

  bench_local_multiply(&j->peak, j->run->threads);
  return TARTAN_OK;
}

/* ------------------------------------------------------------------------------------------------ data */

static double flops_of_row(void)
{
  const double k = (double)set.k, n = (double)set.observations;

  if (set.form == FORM_CG) return (double)(set.steps + 1) * (4 * n * k + 2 * k * k);
  if (set.form == FORM_BLOCK) return tt_als_block_flops(set.k, set.observations, set.steps);
  return tt_als_flops(set.k, set.observations, set.form == FORM_LIGHT);
}

static void fill(const job *j, void *to, int64_t count, double low, double high, int64_t stream)
{
  for (int64_t i = 0; i < count; i++)
    tt_put_element(j->dtype, low + (high - low) * tt_uniform(1, i, stream), to, tt_max(1, count), i, 0);
}

static void fill_all(job *j)
{
  const int64_t k = set.k, n = j->ptr[j->rows.count];

  fill(j, j->Y, set.factors * k, -0.5, 0.5, 1);
  tt_set_local(j->dtype, 0, j->G, k, k, k);
  fill(j, j->d, k, 20, 80, 2);
  for (int64_t i = 0; i < k; i++) tt_put_element(j->dtype, tt_get_element(j->dtype, j->d, k, i, 0), j->G, k, i, i);
  fill(j, j->weight, n, 0.5, 1.5, 3);
  fill(j, j->target, n, 0.5, 1.5, 4);
  fill(j, j->lambda, j->rows.count, 0.1, 1, 5);
  for (int64_t o = 0; o < n; o++)
    j->col[o] = (int32_t)tt_min(set.factors - 1, (int64_t)(tt_uniform(j->run->rank, o, 6) * (double)set.factors));
  tt_set_local(j->dtype, 0, j->rows.X, k, k, j->rows.count);
}

static tartan_status make(job *j)
{
  app_run      *run = j->run;
  tt_memory    *memory = &run->grid->memory;
  const size_t  size = tartan_dtype_size(j->dtype);
  const int64_t k = set.k, share = tt_ceil_div(set.rows, run->size), n = share * set.observations;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(k > 0 && set.rows > 0 && set.factors > 0 && set.observations > 0, TARTAN_ERR_ARG,
          "-k, --rows, --observations, --items: at least 1");
  j->Y = tt_alloc(memory, set.factors * k, size, "factor rows", &local);
  j->G = tt_alloc(memory, k * k, size, "the shared matrix", &local);
  j->d = tt_alloc(memory, k, size, "its diagonal", &local);
  j->weight = tt_alloc(memory, n, size, "weights", &local);
  j->target = tt_alloc(memory, n, size, "targets", &local);
  j->lambda = tt_alloc(memory, share, size, "regularisers", &local);
  j->ptr = tt_alloc(memory, share + 1, sizeof *j->ptr, "rows", &local);
  j->col = tt_alloc(memory, n, sizeof *j->col, "columns", &local);
  j->rows.X = tt_alloc(memory, share * k, size, "solutions", &local);
  if (local == TARTAN_OK) {
    local = bench_local_make_cube(memory, j->dtype, bench_peak_size(flops_of_row() * (double)share), &j->peak);
  }
  AGREE(run->grid, local);
  j->rows.count = share;
  for (int64_t u = 0; u <= share; u++) j->ptr[u] = u * set.observations;
  fill_all(j);
  j->rows.ptr = j->ptr;
  j->rows.col = j->col;
  j->rows.weight = j->weight;
  j->rows.target = j->target;
  j->rows.lambda = j->lambda;
  j->shared = (tt_als_shared){.dtype = j->dtype,
                              .isa = (tt_isa)set.isa,
                              .form = set.form == FORM_LIGHT ? TT_ALS_LIGHT : TT_ALS_HEAVY,
                              .k = k,
                              .Y = j->Y,
                              .G = j->G,
                              .d = set.form == FORM_LIGHT ? j->d : NULL};
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  bench_local_free(&j->peak);
  tt_free(j->rows.X);
  tt_free(j->col);
  tt_free(j->ptr);
  tt_free(j->lambda);
  tt_free(j->target);
  tt_free(j->weight);
  tt_free(j->d);
  tt_free(j->G);
  tt_free(j->Y);
}

/* ------------------------------------------------------------------------------------------------ test of the result */

static double at(const job *j, const void *a, int64_t i)
{
  return tt_get_element(j->dtype, a, INT32_MAX, i, 0);
}

/* |A x - b| / (|A| |x| + |b|) of one row, Frobenius norms of all terms. */
static double residual_of(const job *j, int64_t u)
{
  const int64_t k = set.k;
  double        above = 0, below = 0;

  for (int64_t i = 0; i < k; i++) {
    const double own = (at(j, j->d, i) + at(j, j->lambda, u)) * at(j, j->rows.X, u * k + i);
    double       sum = own, sizes = fabs(own);

    for (int64_t o = j->ptr[u]; o < j->ptr[u + 1]; o++) {
      double product = 0;

      for (int64_t e = 0; e < k; e++) product += at(j, j->Y, j->col[o] * k + e) * at(j, j->rows.X, u * k + e);
      product = (at(j, j->weight, o) * product - at(j, j->target, o)) * at(j, j->Y, j->col[o] * k + i);
      sum += product;
      sizes += fabs(product);
    }
    above += sum * sum;
    below += sizes * sizes;
  }
  return sqrt(above / below);
}

/* The largest of some rows of all ranks. Collective. */
static tartan_status test_result(const job *j, bench_record *r)
{
  const double unit = j->dtype == TARTAN_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
  const double k = (double)set.k;

  r->residual = j->failed > 0 ? INFINITY : 0;
  r->residual_limit = set.form >= FORM_CG ? INFINITY : 10 * sqrt(k) * unit;
  for (int64_t u = 0; u < tt_min(CHECKED, j->rows.count); u++) r->residual = fmax(r->residual, residual_of(j, u));
  return tt_allreduce_f64(j->run->grid, &r->residual, 1, TT_MAX);
}

/* ------------------------------------------------------------------------------------------------ the run */

static tartan_status als(app_run *run, const char *const *operand, int count)
{
  static const char *const forms[] = {"heavy", "light", "cg", "block", "nonnegative"};
  job                      j = {.run = run, .dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64};
  bench_record             r = {.op = "als",
                                .m = set.rows,
                                .n = set.observations,
                                .k = set.k,
                                .local_fraction = NAN,
                                .bytes_max = NAN,
                                .bytes_redistributed_max = NAN,
                                .bytes_bound = NAN};
  tartan_status            st = TARTAN_OK;
  double                   cube;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  bench_cases_add(&j.cases, "peak", run_peak);
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  cube = 2.0 * (double)(j.peak.m * j.peak.m) * (double)j.peak.m * run->size;
  r.algorithm = forms[set.form];
  r.dtype = tartan_dtype_name(j.dtype);
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.phases = bench_cases_phases(&j.cases, "ours");
  r.reps = j.cases.reps;
  r.flops = flops_of_row() * (double)j.rows.count * run->size;
  r.peak = cube / bench_median(bench_cases_of(&j.cases, "peak"), r.reps);
  r.peak_fraction = r.flops / cube * bench_ratio(bench_cases_of(&j.cases, "peak"), r.seconds, r.reps);
  TRY(test_result(&j, &r));
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_als = {
    .name = "als",
    .group = "Benchmarks",
    .summary = "rows of alternating least squares by the local kernels, against the peak",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench als -k 128 --rows 20000 --observations 300 --form heavy\n",
    .run = als,
};
