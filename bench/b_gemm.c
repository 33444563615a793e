/*
 * tartan-bench gemm: C = op(A) op(B) on a grid. Beside it the local products of the same plan without any message, the
 * peak of the local BLAS on all ranks at once, and by --compare the whole product by one process on all cores,
 * ScaLAPACK's, ours from other layouts and without overlap, and the exchange alone.
 */
#include <tartan/blas.h>

#include <stdio.h>

#include "base/util.h"
#include "blas/bound.h"
#include "comm/messages.h"
#include "common/beside.h"
#include "common/operands.h"
#include "matrix/matrix.h"

#define PIECE ((int64_t)8 << 20) /* bytes of a message of the exchange alone: about a part of a large product */

static struct {
  int64_t     m, n, k, block, panel, workspace;
  int         dtype, layout, algorithm, overlap; /* indices of their words */
  bool        transpose_a, transpose_b, check;
  const char *compare, *product_grid;
} set = {.m = 4000, .n = 4000, .k = 4000, .block = 64, .dtype = 1, .layout = BENCH_CYCLIC};

static const app_option options[] = {
    {"rows", 'm', APP_OPTION_COUNT, &set.m, "M", "4000", "rows of C"},
    {"columns", 'n', APP_OPTION_COUNT, &set.n, "N", "4000", "columns of C"},
    {"inner", 'k', APP_OPTION_COUNT, &set.k, "K", "4000", "columns of op(A), rows of op(B)"},
    {"transpose-a", 0, APP_OPTION_FLAG, &set.transpose_a, NULL, NULL, "A is stored transposed, K x M"},
    {"transpose-b", 0, APP_OPTION_FLAG, &set.transpose_b, NULL, NULL, "B is stored transposed, N x K"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "f32|f64", "f64", "element type"},
    {"layout", 'l', APP_OPTION_CHOICE, &set.layout, "plan|cyclic|rows", "cyclic",
     "of all three: as the plan wants them, block-cyclic, or one slab of rows a rank"},
    {"block", 'b', APP_OPTION_COUNT, &set.block, "N", "64", "rows and columns of a block of block-cyclic layouts"},
    {"algorithm", 0, APP_OPTION_CHOICE, &set.algorithm, "planned|pblas", "planned", "ours, or ScaLAPACK's p?gemm"},
    {"p", 'p', APP_OPTION_TEXT, &set.product_grid, "P1xP2xP3", "planned", "the grid of the product"},
    {"panel", 0, APP_OPTION_COUNT, &set.panel, "N", "planned", "inner indices that a rank gives to one step"},
    {"overlap", 0, APP_OPTION_CHOICE, &set.overlap, "planned|off|on", "planned", "exchange while multiplying"},
    {"workspace", 0, APP_OPTION_SIZE, &set.workspace, "SIZE", "what --memory leaves", "for a rank beside the operands"},
    {"check", 0, APP_OPTION_FLAG, &set.check, NULL, NULL, "time the product with its own test of the result"},
    {"compare", 'c', APP_OPTION_TEXT, &set.compare, "PEER,...", NULL,
     "run alternately: openblas (one process on all cores of the node), scalapack (p?gemm on block-cyclic operands), "
     "cyclic (ours from block-cyclic operands), no-overlap (ours), transfer (as many bytes exchanged, nothing else)"},
    {.name = NULL},
};

typedef struct operands {
  tartan_matrix *A, *B, *C;
} operands;

typedef struct job {
  bench_beside     beside; /* first: the cases that run beside ours find it */
  app_run         *run;
  tartan_dtype     dtype;
  tartan_op        op_a, op_b;
  tartan_gemm_opts opts;
  operands         own, cyclic;
  bool             apart;    /* the block-cyclic operands are others */
  tt_messages      messages; /* of the exchange alone */
  char            *out, *in;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status multiply(const job *j, const operands *x, const tartan_gemm_opts *opts)
{
  return tartan_gemm(1, j->op_a, x->A, j->op_b, x->B, 0, x->C, opts);
}

static tartan_status run_ours(void *context)
{
  const job *j = context;

  return multiply(j, &j->own, &j->opts);
}

static tartan_status run_cyclic(void *context)
{
  const job *j = context;

  return multiply(j, &j->cyclic, &j->opts);
}

static tartan_status run_scalapack(void *context)
{
  const job       *j = context;
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

  opts.algorithm = TARTAN_GEMM_PBLAS;
  return multiply(j, &j->cyclic, &opts);
}

static tartan_status run_without_overlap(void *context)
{
  const job       *j = context;
  tartan_gemm_opts opts = j->opts;

  opts.overlap = TARTAN_OFF;
  return multiply(j, &j->own, &opts);
}

/* Every rank gives the words of the plan to the next one. */
static tartan_status run_transfer(void *context)
{
  job          *j = context;
  const int     P = j->run->size, next = (j->run->rank + 1) % P, last = (j->run->rank + P - 1) % P;
  const int64_t bytes = P == 1 ? 0 : (int64_t)(j->beside.planned.plan.words * (double)tartan_dtype_size(j->dtype));
  tartan_status st = TARTAN_OK;

  for (int64_t at = 0; at < bytes; at += PIECE) {
    TRY(tt_messages_recv(&j->messages, j->in, tt_min(PIECE, bytes - at), 1, last));
    TRY(tt_messages_send(&j->messages, j->out, tt_min(PIECE, bytes - at), 1, next));
    TRY(tt_messages_wait(&j->messages));
  }
done:
  return st;
}

static const bench_offer offers[] = {{"openblas", bench_beside_whole}, {"scalapack", run_scalapack},
                                     {"cyclic", run_cyclic},           {"no-overlap", run_without_overlap},
                                     {"transfer", run_transfer},       {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

static tartan_status read_options(job *j)
{
  int           length = 0;
  tartan_status st = TARTAN_OK;

  j->dtype = set.dtype == 0 ? TARTAN_F32 : TARTAN_F64;
  j->op_a = set.transpose_a ? TARTAN_TRANS : TARTAN_NO_TRANS;
  j->op_b = set.transpose_b ? TARTAN_TRANS : TARTAN_NO_TRANS;
  j->opts = (tartan_gemm_opts)TARTAN_GEMM_OPTS_INIT;
  j->opts.algorithm = set.algorithm == 1 ? TARTAN_GEMM_PBLAS : TARTAN_GEMM_PLANNED;
  j->opts.overlap = (tartan_choice)set.overlap;
  j->opts.panel = set.panel;
  j->opts.memory = set.workspace;
  j->opts.check = set.check;
  REQUIRE(set.m > 0 && set.n > 0 && set.k > 0, TARTAN_ERR_ARG, "-m, -n and -k: at least 1");
  REQUIRE(set.layout != BENCH_PLAN || (!set.transpose_a && !set.transpose_b), TARTAN_ERR_ARG,
          "--layout plan is of operands that are not transposed");
  REQUIRE(!set.product_grid ||
              (sscanf(set.product_grid, "%dx%dx%d%n", &j->opts.p1, &j->opts.p2, &j->opts.p3, &length) == 3 &&
               set.product_grid[length] == '\0'),
          TARTAN_ERR_ARG, "-p: three numbers as in 1x2x1, not \"%s\"", set.product_grid);
  REQUIRE(!bench_peers_asked(set.compare, "openblas") || j->run->grid->nodes == 1, TARTAN_ERR_ARG,
          "--compare openblas needs all ranks on one node");
done:
  return st;
}

static tartan_status make_one(const job *j, int kind, int64_t m, int64_t n, bool transposed, uint64_t seed,
                              tartan_matrix **A)
{
  const int64_t            rows = transposed ? n : m, cols = transposed ? m : n;
  const tartan_matrix_opts layout = bench_layout(j->run->grid, kind, set.block, NULL, rows, cols);
  tartan_status            st = TARTAN_OK;

  TRY(tartan_matrix_create(j->run->grid, j->dtype, rows, cols, &layout, A));
  if (seed > 0) tartan_matrix_fill_uniform(*A, seed);
done:
  return st;
}

static tartan_status make_operands(const job *j, int kind, operands *x)
{
  tartan_status st = TARTAN_OK;

  if (kind == BENCH_PLAN) {
    TRY(tartan_gemm_operands(j->run->grid, j->dtype, set.m, set.n, set.k, &j->opts, &x->A, &x->B, &x->C));
    tartan_matrix_fill_uniform(x->A, 1);
    tartan_matrix_fill_uniform(x->B, 2);
    goto done;
  }
  TRY(make_one(j, kind, set.m, set.k, set.transpose_a, 1, &x->A));
  TRY(make_one(j, kind, set.k, set.n, set.transpose_b, 2, &x->B));
  TRY(make_one(j, kind, set.m, set.n, false, 0, &x->C));
done:
  return st;
}

/*
 * The products of one rank: its own part of C where all stay where they lie, else an even share of the plan's grid; ranks
 * beyond it have none.
 */
static bench_local local_share(const job *j)
{
  const int           *p = j->beside.planned.plan.grid;
  const tartan_matrix *C = j->own.C;
  bench_local          x = {.dtype = j->dtype, .op_a = j->op_a, .op_b = j->op_b, .k = tt_ceil_div(set.k, p[2])};

  if (j->beside.planned.plan.words_redistributed == 0 && p[0] == C->p && p[1] == C->q && p[2] == 1) {
    x.m = C->mloc;
    x.n = C->nloc;
  } else if (j->run->rank < p[0] * p[1] * p[2]) {
    x.m = tt_ceil_div(set.m, p[0]);
    x.n = tt_ceil_div(set.n, p[1]);
  }
  return x;
}

/* The exchange alone. Collective. */
static tartan_status make_transfer(job *j)
{
  tartan_grid  *grid = j->run->grid;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (!bench_peers_asked(set.compare, "transfer")) goto done;
  j->out = tt_alloc_zero(&grid->memory, PIECE, 1, "an exchange", &local);
  j->in = tt_alloc_zero(&grid->memory, PIECE, 1, "an exchange", &local);
  if (local == TARTAN_OK) local = tt_messages_make(grid, 2, TT_TAG_EXCHANGE, &j->messages);
  AGREE(grid, local);
done:
  return st;
}

static tartan_status plan(job *j)
{
  return tartan_gemm_plan(j->op_a, j->own.A, j->op_b, j->own.B, j->own.C, &j->opts, &j->beside.planned.plan);
}

static tartan_status make(job *j)
{
  const bool    needs_cyclic = bench_peers_asked(set.compare, "scalapack") || bench_peers_asked(set.compare, "cyclic");
  bench_local   whole = {.dtype = j->dtype, .op_a = j->op_a, .op_b = j->op_b, .m = set.m, .n = set.n, .k = set.k};
  bench_local   share;
  tartan_status st = TARTAN_OK;

  TRY(make_operands(j, set.layout, &j->own));
  j->apart = needs_cyclic && set.layout != BENCH_CYCLIC;
  if (j->apart) TRY(make_operands(j, BENCH_CYCLIC, &j->cyclic));
  if (!j->apart) j->cyclic = j->own;
  TRY(plan(j));
  TRY(make_transfer(j));
  share = local_share(j);
  TRY(bench_beside_make(&j->beside, &share, &whole));
  TRY(plan(j)); /* with what is left of the budget now */
done:
  return st;
}

static void release_operands(operands *x)
{
  tartan_matrix_destroy(&x->C);
  tartan_matrix_destroy(&x->B);
  tartan_matrix_destroy(&x->A);
}

static void release(job *j)
{
  bench_beside_free(&j->beside);
  tt_messages_free(&j->messages);
  tt_free(j->in);
  tt_free(j->out);
  if (j->apart) release_operands(&j->cyclic);
  release_operands(&j->own);
}

/* ------------------------------------------------------------------------------------------------ the run */

static tartan_status gemm(app_run *run, const char *const *operand, int count)
{
  static const char *const layouts[] = {"plan", "cyclic", "rows"};
  const double             m = (double)set.m, n = (double)set.n, k = (double)set.k;
  job                      j = {.run = run,
                                .beside = {.run = run,
                                           .flops = 2 * m * n * k,
                                           .layout = layouts[set.layout],
                                           .compare = set.compare,
                                           .workspace = set.workspace}};
  bench_record             r = {.op = "gemm", .m = set.m, .n = set.n, .k = set.k, .block = set.block};
  bench_product            product;
  tartan_status            st = TARTAN_OK;

  (void)operand, (void)count;
  TRY(bench_beside_begin(&j.beside, run_ours, offers));
  TRY(read_options(&j));
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.beside.cases, &j, bench_set.warmups, bench_set.reps));
  r.algorithm = j.opts.algorithm == TARTAN_GEMM_PBLAS ? "pblas" : "planned";
  r.dtype = tartan_dtype_name(j.dtype);
  r.bytes_bound = (double)tartan_dtype_size(j.dtype) * tt_product_bound(m, n, k, run->size);
  product = (bench_product){j.op_a, j.op_b, j.own.A, j.own.B, j.own.C};
  TRY(bench_beside_verify(&j.beside, offers, &product, j.own.C, &r));
  bench_beside_record(&j.beside, offers, &r);
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_gemm = {
    .name = "gemm",
    .group = "Benchmarks",
    .summary = "C = A B on a grid, against local products, the peak, ScaLAPACK and one process on all cores",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Examples:\n"
             "  mpirun -n 2 tartan-bench gemm --block 128 --compare scalapack,openblas --json -\n"
             "  mpirun -n 2 tartan-bench gemm -m 400 -n 400 -k 200000 --layout plan\n",
    .run = gemm,
};
