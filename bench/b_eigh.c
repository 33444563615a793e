/*
 * tartan-bench eigh: eigenvalues and vectors of a dense symmetric matrix. By --compare the other methods on the same
 * question, each through tartan_eigh, so with the same copies, signs and order.
 */
#include <tartan/blas.h>
#include <tartan/factor.h>
#include <tartan/norms.h>

#include <math.h>

#include "base/util.h"
#include "common/bench.h"
#include "common/peers.h"
#include "factor/eigh_impl.h"
#include "kernel/dense.h"
#include "matrix/triangle.h"

static struct {
  int64_t     n, count;
  int         dtype, which, method; /* indices of their words */
  bool        values;
  const char *compare;
} set = {.n = 3000, .dtype = 1};

static const app_option options[] = {
    {"rows", 'n', APP_OPTION_COUNT, &set.n, "N", "3000", "order of the matrix"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"method", 0, APP_OPTION_CHOICE, &set.method, "planned|lapack|psyevd|psyevr|elpa1|elpa2", "planned", "the solver"},
    {"which", 0, APP_OPTION_CHOICE, &set.which, "largest|smallest", "largest", "with --count: at which end"},
    {"count", 'k', APP_OPTION_COUNT, &set.count, "K", "all", "how many eigenvalues"},
    {"values", 0, APP_OPTION_FLAG, &set.values, NULL, NULL, "no vectors"},
    {"compare", 'c', APP_OPTION_TEXT, &set.compare, "PEER,...", NULL,
     "run alternately: lapack (one rank, one thread), psyevd, psyevr, elpa1, elpa2"},
    {.name = NULL},
};

typedef struct job {
  app_run           *run;
  tartan_dtype       dtype;
  tartan_matrix     *A, *V; /* V: of the last run of ours */
  double            *w;
  tartan_factor_info info;
  double             residual, orthogonality;
  bench_cases        cases;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_method(job *j, tartan_eigh_method method)
{
  tartan_eigh_opts opts = TARTAN_EIGH_OPTS_INIT;

  tartan_matrix_destroy(&j->V);
  opts.method = method;
  opts.count = set.count;
  if (set.count > 0) opts.which = set.which == 0 ? TARTAN_EIGH_LARGEST : TARTAN_EIGH_SMALLEST;
  return tartan_eigh(j->A, &opts, j->w, set.values ? NULL : &j->V, &j->info);
}

static tartan_status run_ours(void *context)
{
  return run_method(context, (tartan_eigh_method)set.method);
}

static tartan_status run_lapack(void *context)
{
  return run_method(context, TARTAN_EIGH_LAPACK);
}

static tartan_status run_psyevd(void *context)
{
  return run_method(context, TARTAN_EIGH_PSYEVD);
}

static tartan_status run_psyevr(void *context)
{
  return run_method(context, TARTAN_EIGH_PSYEVR);
}

static tartan_status run_elpa1(void *context)
{
  return run_method(context, TARTAN_EIGH_ELPA1);
}

static tartan_status run_elpa2(void *context)
{
  return run_method(context, TARTAN_EIGH_ELPA2);
}

static const bench_offer offers[] = {{"lapack", run_lapack}, {"psyevd", run_psyevd}, {"psyevr", run_psyevr},
                                     {"elpa1", run_elpa1},   {"elpa2", run_elpa2},   {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ results */

/* B - V diag(w) into B. Local. */
static void subtract_scaled(tartan_matrix *B, const tartan_matrix *V, const double *w)
{
  for (int64_t jl = 0; jl < V->nloc; jl++) {
    const double value = w[tartan_matrix_global_col(V, jl)];

    for (int64_t il = 0; il < V->mloc; il++) {
      const double b = tt_get_element(B->dtype, B->data, B->ld, il, jl);

      tt_put_element(B->dtype, b - value * tt_get_element(V->dtype, V->data, V->ld, il, jl), B->data, B->ld, il, jl);
    }
  }
}

/* |A V - V diag(w)|_F / |A|_F and |I - V'V|_F, both over n u. Collective. */
static tartan_status verify(job *j)
{
  const double   unit = (double)set.n * (j->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53);
  tartan_matrix *full = NULL, *V = NULL, *B = NULL, *G = NULL;
  double         norm;
  tartan_status  st = TARTAN_OK;

  TRY(run_ours(j));
  if (!j->V) goto done;
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, j->A, j->dtype, NULL, &full));
  TRY(tt_matrix_mirror(TARTAN_LOWER, full));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, j->V, j->dtype, NULL, &V));
  TRY(tartan_matrix_create(j->run->grid, j->dtype, set.n, j->info.found, NULL, &B));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, full, TARTAN_NO_TRANS, V, 0, B, NULL));
  subtract_scaled(B, V, j->w);
  TRY(tartan_norm_fro(full, &norm));
  TRY(tartan_norm_fro(B, &j->residual));
  j->residual /= norm * unit;
  TRY(tartan_matrix_create(j->run->grid, j->dtype, j->info.found, j->info.found, NULL, &G));
  tartan_matrix_set(G, 0, 1);
  TRY(tartan_gemm(-1, TARTAN_TRANS, V, TARTAN_NO_TRANS, V, 1, G, NULL));
  TRY(tartan_norm_fro(G, &j->orthogonality));
  j->orthogonality /= unit;
done:
  tartan_matrix_destroy(&G);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&full);
  return st;
}

static void put_fields(app_json *json, const void *context)
{
  const job *j = context;

  app_json_text(json, "method", j->info.method);
  app_json_text(json, "reason", j->info.reason);
  app_json_flag(json, "vectors", !set.values);
  app_json_number(json, "eigen_residual", j->residual);
  app_json_number(json, "orthogonality", j->orthogonality);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;

  app_say(run, "method   %s: %s\n", j->info.method, j->info.reason);
  app_say(run, "residual %.3g, orthogonality %.3g (over n u, at most 10)\n", j->residual, j->orthogonality);
}

static tartan_status make(job *j)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(set.n > 0 && set.count <= set.n, TARTAN_ERR_ARG, "-n: at least 1, --count: at most n");
  TRY(tartan_matrix_create(j->run->grid, j->dtype, set.n, set.n, NULL, &j->A));
  tartan_matrix_fill_uniform(j->A, 1); /* the lower triangle is what is read */
  j->w = tt_alloc(&j->run->grid->memory, set.n, sizeof *j->w, "eigenvalues", &local);
  AGREE(j->run->grid, local);
done:
  return st;
}

static tartan_status eigh(app_run *run, const char *const *operand, int count)
{
  job           j = {.run = run, .dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64};
  bench_record  r = {.op = "eigh", .peak = NAN, .local_fraction = NAN};
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  TRY(bench_peers_add(set.compare, offers, &j.cases));
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  TRY(verify(&j));
  r.m = r.n = set.n;
  r.k = j.info.found;
  r.block = TT_EIGH_BLOCK;
  r.dtype = tartan_dtype_name(j.dtype);
  r.algorithm = j.info.method;
  r.flops = tt_eigh_flops(set.n, !set.values, j.info.found);
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.phases = bench_cases_phases(&j.cases, "ours");
  r.reps = bench_set.reps;
  r.bytes_max = r.bytes_redistributed_max = r.bytes_bound = NAN;
  r.residual = fmax(j.residual, j.orthogonality);
  r.residual_limit = 10;
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  TRY(bench_record_write(run, &r));
done:
  bench_cases_free(&j.cases);
  tt_free(j.w);
  tartan_matrix_destroy(&j.V);
  tartan_matrix_destroy(&j.A);
  return st;
}

const app_command bench_eigh = {
    .name = "eigh",
    .group = "Benchmarks",
    .summary = "eigenvalues and vectors of a symmetric matrix, against LAPACK, ScaLAPACK and ELPA",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench eigh -n 3000 --compare psyevd,elpa1,elpa2 --json -\n",
    .run = eigh,
};
