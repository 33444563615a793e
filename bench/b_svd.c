/*
 * tartan-bench svd: A = U S Vt of normal random numbers, beside ScaLAPACK's p?gesvd and LAPACK's ?gesdd in one process on
 * all cores, in turn.
 */
#include <math.h>
#include <string.h>

#include <tartan/blas.h>
#include <tartan/elementwise.h>
#include <tartan/factor.h>
#include <tartan/norms.h>

#include "base/util.h"
#include "common/bench.h"
#include "common/cores.h"
#include "common/peers.h"
#include "ext/lapack.h"
#include "ext/vendor.h"

static struct {
  int64_t     m, n;
  int         dtype, method; /* indices of their words */
  bool        values;
  const char *compare;
} set = {.m = 1500, .dtype = 1};

static const app_option options[] = {
    {"rows", 'm', APP_OPTION_COUNT, &set.m, "M", "1500", "rows of A"},
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "M", "columns of A"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"method", 0, APP_OPTION_CHOICE, &set.method, "planned|one-rank|bidiagonal|qr-iteration", "planned",
     "for what is left after the QR of a tall or wide matrix"},
    {"values", 0, APP_OPTION_FLAG, &set.values, NULL, NULL, "singular values only"},
    {"compare", 'c', APP_OPTION_TEXT, &set.compare, "PEER,...", NULL,
     "run alternately: scalapack (p?gesvd, always with vectors), lapack (?gesdd in one process on all cores of the "
     "node)"},
    {.name = NULL},
};

typedef struct job {
  app_run        *run;
  bench_cases     cases;
  tartan_dtype    dtype;
  tartan_svd_opts opts;
  tartan_matrix  *A, *U, *Vt;
  double         *s;
  void           *a, *copy, *u, *vt; /* on rank 0, for LAPACK */
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status decompose(job *j, const tartan_svd_opts *opts, bool values)
{
  tartan_matrix_destroy(&j->U);
  tartan_matrix_destroy(&j->Vt);
  return tartan_svd(j->A, opts, values ? NULL : &j->U, j->s, values ? NULL : &j->Vt, NULL);
}

static tartan_status run_ours(void *context)
{
  job *j = context;

  return decompose(j, &j->opts, set.values);
}

static tartan_status run_scalapack(void *context)
{
  tartan_svd_opts opts = TARTAN_SVD_OPTS_INIT;

  opts.method = TARTAN_SVD_QR_ITERATION;
  return decompose(context, &opts, false);
}

static tartan_status run_lapack(void *context)
{
  job          *j = context;
  app_run      *run = j->run;
  int           threads;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (run->rank == 0) {
    memcpy(j->copy, j->a, (size_t)(set.m * set.n) * tartan_dtype_size(j->dtype));
    bench_cores_take_all();
    threads = tt_blas_set_threads(run->node_ranks * run->threads);
    local = tt_gesdd(&run->grid->memory, j->dtype, set.m, set.n, j->copy, j->s, j->u, j->vt, !set.values);
    if (threads > 0) tt_blas_set_threads(threads);
    bench_cores_give_back();
  }
  TRY(bench_sleep_until_all(run->grid));
  AGREE(run->grid, local);
done:
  return st;
}

static const bench_offer offers[] = {{"scalapack", run_scalapack}, {"lapack", run_lapack}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

static tartan_status read_options(job *j)
{
  tartan_status st = TARTAN_OK;

  j->dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
  j->opts = (tartan_svd_opts)TARTAN_SVD_OPTS_INIT;
  j->opts.method = (tartan_svd_method)set.method;
  if (set.n == 0) set.n = set.m;
  REQUIRE(set.m > 0 && set.n > 0, TARTAN_ERR_ARG, "-m and -n: at least 1");
  bench_cases_add(&j->cases, "ours", run_ours);
  TRY(bench_peers_add(set.compare, offers, &j->cases));
  REQUIRE(!bench_peers_asked(set.compare, "lapack") || j->run->grid->nodes == 1, TARTAN_ERR_ARG,
          "--compare lapack needs all ranks on one node");
done:
  return st;
}

static tartan_status make(job *j)
{
  tt_memory    *memory = &j->run->grid->memory;
  const int64_t r = tt_min(set.m, set.n);
  const size_t  w = tartan_dtype_size(j->dtype);
  const bool    lapack = bench_peers_asked(set.compare, "lapack") && j->run->rank == 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tartan_matrix_create(j->run->grid, j->dtype, set.m, set.n, NULL, &j->A));
  tartan_matrix_fill_normal(j->A, 1);
  j->s = tt_alloc(memory, r, sizeof *j->s, "singular values", &local);
  if (lapack) {
    j->a = tt_alloc(memory, 2 * set.m * set.n, w, "LAPACK's matrix", &local);
    j->u = tt_alloc(memory, set.m * r, w, "LAPACK's left vectors", &local);
    j->vt = tt_alloc(memory, r * set.n, w, "LAPACK's right vectors", &local);
  }
  AGREE(j->run->grid, local);
  if (lapack) j->copy = (char *)j->a + (size_t)(set.m * set.n) * w;
  if (bench_peers_asked(set.compare, "lapack")) TRY(tartan_matrix_gather(j->A, 0, j->a));
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  tt_free(j->vt);
  tt_free(j->u);
  tt_free(j->a);
  tt_free(j->s);
  tartan_matrix_destroy(&j->Vt);
  tartan_matrix_destroy(&j->U);
  tartan_matrix_destroy(&j->A);
}

/* ------------------------------------------------------------------------------------------------ the run */

static double scale_column(int64_t i, int64_t j, void *context)
{
  (void)i;
  return ((const double *)context)[j];
}

/* |A - U S Vt|_F / (|A|_F n u), n the larger size. Collective. */
static tartan_status verify(job *j, bench_record *r)
{
  tartan_matrix *S = NULL, *D = NULL;
  double         norm = 0, residual = 0;
  const double   u = j->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53;
  tartan_status  st = TARTAN_OK;

  TRY(run_ours(j));
  r->residual = r->residual_limit = NAN;
  if (set.values) goto done;
  TRY(tartan_matrix_create(j->run->grid, j->dtype, set.m, tt_min(set.m, set.n), NULL, &S));
  TRY(tartan_matrix_create(j->run->grid, j->dtype, set.m, set.n, NULL, &D));
  tartan_matrix_fill(S, scale_column, j->s);
  TRY(tartan_hadamard(1, TARTAN_NO_TRANS, j->U, S));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, j->A, D));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, S, TARTAN_NO_TRANS, j->Vt, -1, D, NULL));
  TRY(tartan_norm_fro(j->A, &norm));
  TRY(tartan_norm_fro(D, &residual));
  r->residual = residual / (norm * (double)tt_max(set.m, set.n) * u);
  r->residual_limit = 10;
done:
  tartan_matrix_destroy(&D);
  tartan_matrix_destroy(&S);
  return st;
}

/* To bidiagonal form, divide and conquer and back of an m x n matrix, m >= n; of the QR of a tall one nothing is said. */
static double flops(void)
{
  const double m = (double)tt_max(set.m, set.n), n = (double)tt_min(set.m, set.n);
  const double form = 4 * n * n * (m - n / 3);

  return set.values ? form : form + 4 * m * n * n + 4.0 / 3 * n * n * n;
}

static tartan_status svd(app_run *run, const char *const *operand, int count)
{
  static const char *const methods[] = {"planned", "one-rank", "bidiagonal", "qr-iteration"};
  job                      j = {.run = run};
  bench_record             r = {.op = "svd", .algorithm = methods[set.method]};
  tartan_status            st = TARTAN_OK;

  (void)operand, (void)count;
  TRY(read_options(&j));
  r.m = set.m;
  r.n = set.n;
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  TRY(verify(&j, &r));
  r.dtype = tartan_dtype_name(j.dtype);
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.phases = bench_cases_phases(&j.cases, "ours");
  r.reps = j.cases.reps;
  r.flops = flops();
  r.peak = r.peak_fraction = r.local_fraction = r.bytes_max = r.bytes_redistributed_max = r.bytes_bound = NAN;
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_svd = {
    .name = "svd",
    .group = "Benchmarks",
    .summary = "singular values and vectors, against ScaLAPACK's p?gesvd and LAPACK's ?gesdd on all cores",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench svd -m 1500 --compare scalapack,lapack --json -\n",
    .run = svd,
};
