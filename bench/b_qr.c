/*
 * tartan-bench qr: A = Q R by tartan_qr. Beside it the peak of the local BLAS, and by --compare ScaLAPACK's p?geqrf and
 * p?orgqr (TARTAN_QR_HOUSEHOLDER, with our copies around them). Speed is counted in the flops of Householder's method.
 */
#include <tartan/blas.h>
#include <tartan/factor.h>
#include <tartan/norms.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "common/local.h"
#include "common/operands.h"
#include "common/peers.h"
#include "common/planned.h"
#include "matrix/matrix.h"

static struct {
  int64_t     m, n, block;
  int         dtype, layout, method; /* indices of their words; layouts from BENCH_CYCLIC on */
  bool        r_only;
  const char *compare;
} set = {.m = 200000, .n = 200, .block = 64, .dtype = 1, .layout = BENCH_ROWS - BENCH_CYCLIC};

static const app_option options[] = {
    {"rows", 'm', APP_OPTION_COUNT, &set.m, "M", "200000", "rows of A"},
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "200", "columns of A"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"layout", 'l', APP_OPTION_CHOICE, &set.layout, "cyclic|rows", "rows",
     "of A: block-cyclic, or one slab of rows a rank"},
    {"block", 'b', APP_OPTION_COUNT, &set.block, "N", "64", "rows and columns of a block of a block-cyclic A"},
    {"method", 0, APP_OPTION_CHOICE, &set.method, "planned|cholesky2|cholesky3|tsqr|householder", "planned",
     "rung of the ladder"},
    {"r-only", 0, APP_OPTION_FLAG, &set.r_only, NULL, NULL, "R without Q"},
    {"compare", 'c', APP_OPTION_TEXT, &set.compare, "PEER,...", NULL, "run alternately: scalapack (p?geqrf, p?orgqr)"},
    {.name = NULL},
};

typedef struct job {
  app_run           *run;
  tartan_dtype       dtype;
  tartan_qr_method   method;
  tartan_matrix     *A, *Q, *R;
  tartan_factor_info info;
  bench_local        peak;
  bench_planned      counted;
  double             orthogonality;
  bench_cases        cases;
} job;

static double flops_of_householder(void)
{
  const double m = (double)tt_max(set.m, set.n), n = (double)tt_min(set.m, set.n);

  return (set.r_only ? 2 : 4) * n * n * (m - n / 3);
}

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status factor(job *j, tartan_qr_method method)
{
  tartan_qr_opts opts = TARTAN_QR_OPTS_INIT;

  opts.method = method;
  tartan_matrix_destroy(&j->Q);
  tartan_matrix_destroy(&j->R);
  return tartan_qr(j->A, &opts, set.r_only ? NULL : &j->Q, &j->R, &j->info);
}

static tartan_status run_ours(void *context)
{
  job *j = context;

  return factor(j, j->method);
}

static tartan_status run_scalapack(void *context)
{
  return factor(context, TARTAN_QR_HOUSEHOLDER);
}

static tartan_status run_peak(void *context)
{
  const job *j = context;

  bench_local_multiply(&j->peak, j->run->threads);
  return TARTAN_OK;
}

static const bench_offer offers[] = {{"scalapack", run_scalapack}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

static tartan_status make(job *j)
{
  tartan_grid             *grid = j->run->grid;
  const tartan_matrix_opts layout = bench_layout(grid, BENCH_CYCLIC + set.layout, set.block, NULL, set.m, set.n);
  tartan_status            st = TARTAN_OK;

  REQUIRE(set.m > 0 && set.n > 0, TARTAN_ERR_ARG, "-m and -n: at least 1");
  TRY(tartan_matrix_create(grid, j->dtype, set.m, set.n, &layout, &j->A));
  tartan_matrix_fill_normal(j->A, 1);
  AGREE(grid, bench_local_make_cube(&grid->memory, j->dtype, bench_peak_size(flops_of_householder() / j->run->size),
                                    &j->peak));
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  bench_local_free(&j->peak);
  tartan_matrix_destroy(&j->R);
  tartan_matrix_destroy(&j->Q);
  tartan_matrix_destroy(&j->A);
}

/* ------------------------------------------------------------------------------------------------ results */

/* |C - op(X) Y|_F of a C that is lost. Collective. */
static tartan_status norm_of_rest(tartan_op op, const tartan_matrix *X, const tartan_matrix *Y, tartan_matrix *C,
                                  double *norm)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_gemm(-1, op, X, TARTAN_NO_TRANS, Y, 1, C, NULL));
  TRY(tartan_norm_fro(C, norm));
done:
  return st;
}

/* Both gates of the method that was measured, the residual over |A|_F u sqrt(mn) in the record. Collective. */
static tartan_status verify(job *j, bench_record *r)
{
  const double   u = j->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53;
  tartan_grid   *grid = j->run->grid;
  tartan_matrix *E = NULL, *G = NULL;
  double         size = 1, rest = 0, off = 0;
  tartan_status  st = TARTAN_OK;

  TRY(bench_planned_count(grid, run_ours, j, &j->counted));
  r->bytes_max = j->counted.measured.bytes_moved;
  r->bytes_redistributed_max = (double)tartan_dtype_size(j->dtype) * j->counted.measured.words_redistributed;
  r->residual_limit = 10;
  if (set.r_only) goto done;
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, j->A, j->dtype, NULL, &E));
  TRY(tartan_norm_fro(j->A, &size));
  TRY(norm_of_rest(TARTAN_NO_TRANS, j->Q, j->R, E, &rest));
  TRY(tartan_matrix_create(grid, j->dtype, tt_min(set.m, set.n), tt_min(set.m, set.n), NULL, &G));
  tartan_matrix_set(G, 0, 1);
  TRY(norm_of_rest(TARTAN_TRANS, j->Q, j->Q, G, &off));
  j->orthogonality = off / ((double)tt_min(set.m, set.n) * u);
  r->residual = fmax(rest / (size * u * sqrt((double)set.m * (double)set.n)), j->orthogonality);
done:
  tartan_matrix_destroy(&G);
  tartan_matrix_destroy(&E);
  return st;
}

static double peak_of(const job *j)
{
  const double edge = (double)j->peak.m;

  return 2 * edge * edge * edge * j->run->size / bench_median(bench_cases_of(&j->cases, "peak"), j->cases.reps);
}

static double speed_of(const job *j)
{
  return flops_of_householder() / bench_median(bench_cases_of(&j->cases, "ours"), j->cases.reps);
}

static void put_fields(app_json *json, const void *context)
{
  static const char *const layouts[] = {"cyclic", "rows"};
  const job               *j = context;

  app_json_text(json, "layout", layouts[set.layout]);
  app_json_flag(json, "r_only", set.r_only);
  app_json_text(json, "method", j->info.method);
  app_json_text(json, "reason", j->info.reason);
  app_json_number(json, "condition", j->info.condition);
  app_json_number(json, "orthogonality", j->orthogonality);
  app_json_number(json, "householder_gflops", speed_of(j) * 1e-9);
  app_json_number(json, "householder_peak_fraction", speed_of(j) / peak_of(j));
  app_json_number(json, "memory", j->counted.memory);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;
  char       taken[24];

  app_say(run, "speed    %.1f GFLOP/s of Householder's count, %.3f of the local peak of %.1f\n", speed_of(j) * 1e-9,
          speed_of(j) / peak_of(j), peak_of(j) * 1e-9);
  app_say(run, "method   %s: %s\n", j->info.method, j->info.reason);
  app_say(run, "checked  |I - Q'Q|_F %.3g n u\n", j->orthogonality);
  app_say(run, "memory   %s beside A, Q and R\n", tt_bytes_text(j->counted.memory, taken));
}

static tartan_status qr(app_run *run, const char *const *operand, int count)
{
  static const char *const methods[] = {"planned", "cholesky2", "cholesky3", "tsqr", "householder"};
  job j = {.run = run, .dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64, .method = (tartan_qr_method)set.method};
  bench_record  r = {.op = "qr", .peak = NAN, .local_fraction = NAN, .flops = NAN, .bytes_bound = NAN};
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  bench_cases_add(&j.cases, "peak", run_peak);
  TRY(bench_peers_add(set.compare, offers, &j.cases));
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  r.m = set.m;
  r.n = set.n;
  r.block = set.block;
  r.dtype = tartan_dtype_name(j.dtype);
  r.algorithm = methods[set.method];
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

const app_command bench_qr = {
    .name = "qr",
    .group = "Benchmarks",
    .summary = "A = Q R of a tall matrix, against the peak and ScaLAPACK's p?geqrf and p?orgqr",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench qr -m 200000 -n 200 --compare scalapack\n",
    .run = qr,
};
