/*
 * tartan-bench topk: the k largest singular triplets of a matrix with singular values 1, 1/2, 1/3, ..., by block Krylov
 * iteration, against the whole decomposition. The matrix is diag(1/i) between two Householder reflections, so the
 * values are known.
 */
#include <tartan/blas.h>
#include <tartan/norms.h>
#include <tartan/sketch.h>

#include <math.h>
#include <string.h>

#include <tartan/factor.h>

#include "base/util.h"
#include "comm/agree.h"
#include "common/peers.h"

static struct {
  int64_t     m, n, k, block;
  double      tol;
  int         dtype;
  const char *compare;
} set = {.m = 20000, .n = 4000, .k = 20, .tol = 1e-8, .dtype = 1};

static const app_option options[] = {
    {"rows", 'm', APP_OPTION_COUNT, &set.m, "M", "20000", "rows of A"},
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "4000", "columns of A"},
    {"triplets", 'k', APP_OPTION_COUNT, &set.k, "K", "20", "singular triplets wanted"},
    {"tol", 0, APP_OPTION_REAL, &set.tol, "X", "1e-8", "largest residual, relative to the first singular value"},
    {"block", 'b', APP_OPTION_COUNT, &set.block, "N", "planned", "vectors of a block"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"compare", 'c', APP_OPTION_TEXT, &set.compare, "PEER,...", NULL, "run alternately: full (all singular triplets)"},
    {.name = NULL},
};

typedef struct job {
  app_run         *run;
  tartan_matrix   *A;
  double          *s; /* [min(m, n)] */
  bench_cases      cases;
  tartan_topk_info info;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  job             *j = context;
  tartan_topk_opts opts = TARTAN_TOPK_OPTS_INIT;
  tartan_matrix   *U = NULL, *Vt = NULL;
  tartan_status    st = TARTAN_OK;

  opts.tolerance = set.tol;
  opts.block = set.block;
  TRY(tartan_svd_topk(j->A, set.k, &opts, &U, j->s, &Vt, &j->info));
done:
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&U);
  return st;
}

static tartan_status run_full(void *context)
{
  const job     *j = context;
  tartan_matrix *U = NULL, *Vt = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_svd(j->A, NULL, &U, j->s, &Vt, NULL));
done:
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&U);
  return st;
}

static const bench_offer offers[] = {{"full", run_full}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ the matrix */

static double harmonic(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return i == j ? 1 / (double)(i + 1) : 0;
}

/* A := A - 2 / |v|^2 (A v) v' (on the right), or the same from the left, for a random v. Collective. */
static tartan_status reflect(tartan_matrix *A, bool left, uint64_t seed)
{
  const int64_t  n = left ? set.m : set.n, other = left ? set.n : set.m;
  tartan_grid   *grid = tartan_matrix_grid(A);
  tartan_dtype   dtype = tartan_matrix_dtype(A);
  tartan_matrix *v = NULL, *y = NULL;
  double         length;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_create(grid, dtype, n, 1, NULL, &v));
  TRY(tartan_matrix_create(grid, dtype, other, 1, NULL, &y));
  tartan_matrix_fill_normal(v, seed);
  TRY(tartan_norm_fro(v, &length));
  TRY(tartan_gemm(1, left ? TARTAN_TRANS : TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, v, 0, y, NULL));
  TRY(tartan_gemm(-2 / length / length, TARTAN_NO_TRANS, left ? v : y, TARTAN_TRANS, left ? y : v, 1, A, NULL));
done:
  tartan_matrix_destroy(&y);
  tartan_matrix_destroy(&v);
  return st;
}

static tartan_status make(job *j)
{
  tartan_grid  *grid = j->run->grid;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(set.m > 0 && set.n > 0 && set.k > 0 && set.k <= tt_min(set.m, set.n), TARTAN_ERR_ARG,
          "-m and -n: at least 1; -k: 1 to the smaller of them");
  j->s = tt_alloc(&grid->memory, tt_min(set.m, set.n), sizeof *j->s, "singular values", &local);
  AGREE(grid, local);
  TRY(tartan_matrix_create(grid, set.dtype == 0 ? TARTAN_F32 : TARTAN_F64, set.m, set.n, NULL, &j->A));
  tartan_matrix_fill(j->A, harmonic, NULL);
  TRY(reflect(j->A, false, 1));
  TRY(reflect(j->A, true, 2));
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  tartan_matrix_destroy(&j->A);
  tt_free(j->s);
}

/* ------------------------------------------------------------------------------------------------ the run */

static void put_fields(app_json *json, const void *context)
{
  const job *j = context;

  app_json_count(json, "steps", j->info.steps);
  app_json_count(json, "converged", j->info.converged);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;

  app_say(run, "steps    %lld of blocks of %lld, %s\n", (long long)j->info.steps, (long long)j->info.block,
          j->info.converged ? "converged" : "not converged");
}

/* The largest error of a value, relative to the first. */
static double value_error(const job *j)
{
  double worst = 0;

  for (int64_t i = 0; i < set.k; i++) worst = fmax(worst, fabs(j->s[i] - 1 / (double)(i + 1)));
  return worst;
}

static tartan_status topk(app_run *run, const char *const *operand, int count)
{
  job           j = {.run = run};
  bench_record  r = {.op = "topk", .m = set.m, .n = set.n, .k = set.k, .reps = bench_set.reps};
  tartan_cost   cost;
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  TRY(bench_peers_add(set.compare, offers, &j.cases));
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  tartan_grid_cost_reset(run->grid); /* once more for its values and its traffic */
  TRY(run_ours(&j));
  TRY(tartan_grid_cost(run->grid, &cost));
  r.algorithm = "block krylov";
  r.dtype = tartan_dtype_name(tartan_matrix_dtype(j.A));
  r.block = j.info.block;
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.phases = bench_cases_phases(&j.cases, "ours");
  r.flops = r.peak = r.local_fraction = r.bytes_bound = NAN;
  r.bytes_max = cost.bytes_moved;
  r.bytes_redistributed_max = cost.words_redistributed * (double)tartan_dtype_size(tartan_matrix_dtype(j.A));
  r.residual = fmax(value_error(&j), j.info.residual);
  r.residual_limit = set.tol;
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_topk = {
    .name = "topk",
    .group = "Benchmarks",
    .summary = "the largest singular triplets by block Krylov iteration, against the whole decomposition",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench topk -m 20000 -n 4000 -k 20 --threads 1 --compare full --json -\n",
    .run = topk,
};
