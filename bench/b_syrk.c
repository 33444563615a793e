/*
 * tartan-bench syrk: the triangle of C = A A', A [n, k]. Beside it the local triangles of each rank's share of the inner
 * dimension without any message, the peak of the local BLAS, and by --compare the whole by one process on all cores and
 * ScaLAPACK's.
 */
#include <tartan/blas.h>

#include "base/util.h"
#include "blas/bound.h"
#include "common/beside.h"
#include "common/operands.h"

static struct {
  int64_t     n, k, block, panel, workspace;
  int         dtype, layout, algorithm, overlap; /* indices of their words */
  const char *compare;
} set = {.n = 256, .k = 1000000, .block = 64, .dtype = 1};

static const app_option options[] = {
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "256", "rows of A, rows and columns of C"},
    {"inner", 'k', APP_OPTION_COUNT, &set.k, "K", "1000000", "columns of A"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"layout", 'l', APP_OPTION_CHOICE, &set.layout, "plan|cyclic|rows", "plan",
     "of A: one slab of inner indices a rank, block-cyclic, or one slab of rows a rank; C is block-cyclic"},
    {"block", 'b', APP_OPTION_COUNT, &set.block, "N", "64", "rows and columns of a block of block-cyclic layouts"},
    {"algorithm", 0, APP_OPTION_CHOICE, &set.algorithm, "planned|pblas", "planned", "ours, or ScaLAPACK's p?syrk"},
    {"panel", 0, APP_OPTION_COUNT, &set.panel, "N", "planned", "inner indices that a rank gives to one step"},
    {"overlap", 0, APP_OPTION_CHOICE, &set.overlap, "planned|off|on", "planned", "exchange while multiplying"},
    {"workspace", 0, APP_OPTION_SIZE, &set.workspace, "SIZE", "what --memory leaves", "for a rank beside the operands"},
    {"compare", 'c', APP_OPTION_TEXT, &set.compare, "PEER,...", NULL,
     "run alternately: openblas (one process on all cores of the node), scalapack (p?syrk on a block-cyclic A)"},
    {.name = NULL},
};

typedef struct job {
  bench_beside     beside; /* first: the cases that run beside ours find it */
  app_run         *run;
  tartan_dtype     dtype;
  tartan_gemm_opts opts;
  tartan_matrix   *A, *C, *cyclic; /* cyclic: A itself if it lies so */
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  const job *j = context;

  return tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, j->A, 0, j->C, &j->opts);
}

static tartan_status run_scalapack(void *context)
{
  const job       *j = context;
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

  opts.algorithm = TARTAN_GEMM_PBLAS;
  return tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, j->cyclic, 0, j->C, &opts);
}

static const bench_offer offers[] = {{"openblas", bench_beside_whole}, {"scalapack", run_scalapack}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

static tartan_status read_options(job *j)
{
  tartan_status st = TARTAN_OK;

  j->dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
  j->opts = (tartan_gemm_opts)TARTAN_GEMM_OPTS_INIT;
  j->opts.algorithm = set.algorithm == 1 ? TARTAN_GEMM_PBLAS : TARTAN_GEMM_PLANNED;
  j->opts.overlap = (tartan_choice)set.overlap;
  j->opts.panel = set.panel;
  j->opts.memory = set.workspace;
  REQUIRE(set.n > 0 && set.k > 0, TARTAN_ERR_ARG, "-n and -k: at least 1");
done:
  return st;
}

static tartan_status make_matrix(const job *j, int kind, int64_t columns, tartan_matrix **A)
{
  const tartan_matrix_opts layout = bench_layout(j->run->grid, kind, set.block, NULL, set.n, columns);

  return tartan_matrix_create(j->run->grid, j->dtype, set.n, columns, &layout, A);
}

static tartan_status make(job *j)
{
  const int     kind = set.layout == BENCH_PLAN ? BENCH_COLUMNS : set.layout;
  bench_local   whole = {.dtype = j->dtype, .triangle = true, .n = set.n, .k = set.k}, share = whole;
  tartan_status st = TARTAN_OK;

  TRY(make_matrix(j, kind, set.k, &j->A));
  tartan_matrix_fill_uniform(j->A, 1);
  TRY(make_matrix(j, BENCH_CYCLIC, set.n, &j->C));
  if (kind == BENCH_CYCLIC) {
    j->cyclic = j->A;
  } else if (bench_peers_asked(set.compare, "scalapack")) {
    TRY(make_matrix(j, BENCH_CYCLIC, set.k, &j->cyclic));
    tartan_matrix_fill_uniform(j->cyclic, 1);
  }
  TRY(tartan_syrk_plan(TARTAN_LOWER, TARTAN_NO_TRANS, j->A, j->C, &j->opts, &j->beside.planned.plan));
  share.k = tt_ceil_div(set.k, j->run->size);
  TRY(bench_beside_make(&j->beside, &share, &whole));
done:
  return st;
}

static void release(job *j)
{
  bench_beside_free(&j->beside);
  if (j->cyclic != j->A) tartan_matrix_destroy(&j->cyclic);
  tartan_matrix_destroy(&j->C);
  tartan_matrix_destroy(&j->A);
}

/* ------------------------------------------------------------------------------------------------ the run */

static tartan_status syrk(app_run *run, const char *const *operand, int count)
{
  static const char *const layouts[] = {"plan", "cyclic", "rows"};
  const double             n = (double)set.n, k = (double)set.k;
  job                      j = {.run = run,
                                .beside = {.run = run,
                                           .flops = n * (n + 1) * k,
                                           .layout = layouts[set.layout],
                                           .compare = set.compare,
                                           .workspace = set.workspace}};
  bench_record             r = {.op = "syrk", .m = set.n, .n = set.n, .k = set.k, .block = set.block};
  bench_product            product;
  tartan_status            st = TARTAN_OK;

  (void)operand, (void)count;
  TRY(bench_beside_begin(&j.beside, run_ours, offers));
  TRY(read_options(&j));
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.beside.cases, &j, bench_set.warmups, bench_set.reps));
  r.algorithm = j.opts.algorithm == TARTAN_GEMM_PBLAS ? "pblas" : "planned";
  r.dtype = tartan_dtype_name(j.dtype);
  r.bytes_bound = (double)tartan_dtype_size(j.dtype) * tt_syrk_bound(n, k, run->size);
  product = (bench_product){.A = j.A, .C = j.C};
  TRY(bench_beside_verify(&j.beside, offers, &product, j.C, &r));
  bench_beside_record(&j.beside, offers, &r);
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_syrk = {
    .name = "syrk",
    .group = "Benchmarks",
    .summary = "the triangle of C = A A', against local triangles, the peak, ScaLAPACK and one process on all cores",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench syrk -n 256 -k 1000000 --compare scalapack,openblas --json -\n",
    .run = syrk,
};
