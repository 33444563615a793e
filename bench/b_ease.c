/*
 * tartan-bench ease: item weights from the planted ratings of `tartan generate ratings`, Gram matrix, regularization and
 * copies included. By --compare ScaLAPACK's p?potrf and p?potri in place on a matrix R'R + lambda I that is there already; the
 * Gram matrix alone; and tartan_inv of that matrix.
 */
#include <tartan/blas.h>
#include <tartan/linear_models.h>
#include <tartan/norms.h>
#include <tartan/solve.h>

#include <math.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "common/local.h"
#include "common/peers.h"
#include "common/planned.h"
#include "common/ratings.h"
#include "ext/scalapack_solve.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"
#include "matrix/triangle.h"
#include "model/ease_impl.h"

#define SAMPLE 8 /* columns of the weights that are tested */

static app_planted set = {.users = 40000, .items = 5000, .ratings = 3000000, .rank = 8, .exponent = 0.62, .noise = 0.5};

static struct {
  double      lambda;
  int64_t     block;
  int         dtype; /* index of its word */
  const char *compare;
} more = {.lambda = 500, .block = 64};

static const app_option options[] = {
    {"users", 'm', APP_OPTION_COUNT, &set.users, "M", "40000", "users"},
    {"items", 'n', APP_OPTION_COUNT, &set.items, "N", "5000", "items"},
    {"ratings", 0, APP_OPTION_COUNT, &set.ratings, "R", "3000000", "ratings"},
    {"exponent", 0, APP_OPTION_REAL, &set.exponent, "S", "0.62", "activity and popularity fall as place^-S"},
    {"regularization", 0, APP_OPTION_REAL, &more.lambda, "LAMBDA", "500", "added to the diagonal"},
    {"dtype", 0, APP_OPTION_CHOICE, &more.dtype, "f32|f64", "f32", "of the weights; the work is in f64"},
    {"block", 'b', APP_OPTION_COUNT, &more.block, "N", "64", "rows and columns of a block, for ScaLAPACK"},
    {"compare", 'c', APP_OPTION_TEXT, &more.compare, "PEER,...", NULL,
     "run alternately: scalapack (p?potrf and p?potri), gram (R'R alone), inv (tartan_inv)"},
    {.name = NULL},
};

typedef struct job {
  app_run          *run;
  tartan_dtype      dtype;
  tartan_sparse    *R;
  tartan_predictor *p;
  tartan_matrix    *A, *copy; /* R'R + lambda I; where ScaLAPACK works */
  tartan_matrix    *G;        /* in the layout of factors */
  int64_t           minor;
  bench_planned     planned;
  bench_local       peak;
  bench_cases       cases;
} job;

/* ------------------------------------------------------------------------------------------------ cases */

static tartan_status run_ours(void *context)
{
  job *j = context;

  tartan_predictor_destroy(&j->p);
  return tartan_ease(j->R, more.lambda, j->dtype, &j->p, &j->planned.measured);
}

/* The matrix that ScaLAPACK works in. Not timed. */
static tartan_status refill(void *context)
{
  job *j = context;

  return tartan_matrix_copy(TARTAN_NO_TRANS, j->A, j->copy);
}

static tartan_status run_scalapack(void *context)
{
  job          *j = context;
  tt_operand    a = {0};
  int           threads;
  tartan_status st = TARTAN_OK;

  TRY(tt_operand_make(j->copy, j->copy->p, j->copy->q, &a));
  threads = tt_blas_threads_begin(j->run->grid);
  st = tt_ppotrf(TARTAN_F64, set.items, &a.p, &j->minor);
  if (st == TARTAN_OK) st = tt_ppotri(TARTAN_F64, set.items, &a.p);
  tt_blas_threads_end(threads);
done:
  tt_operand_end(&a);
  return st;
}

static tartan_status empty_gram(void *context)
{
  job *j = context;

  tartan_matrix_set(j->G, 0, 0);
  return TARTAN_OK;
}

static tartan_status run_gram(void *context)
{
  job *j = context;

  return tt_ease_gram(j->R, INT64_MAX, j->G);
}

static tartan_status run_inv(void *context)
{
  job              *j = context;
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_matrix    *X = NULL;
  tartan_status     st;

  opts.assume = TARTAN_ASSUME_POSITIVE;
  st = tartan_inv(j->A, &opts, &X, NULL);
  tartan_matrix_destroy(&X);
  return st;
}

static tartan_status run_peak(void *context)
{
  const job *j = context;

  bench_local_multiply(&j->peak, j->run->threads);
  return TARTAN_OK;
}

static const bench_offer offers[] = {{"scalapack", run_scalapack}, {"gram", run_gram}, {"inv", run_inv}, {NULL, NULL}};

/* ------------------------------------------------------------------------------------------------ operands */

/* Of the factorization and the inverse: what R'R takes beside is counted. */
static double flops(void)
{
  const double n = (double)set.items;

  return n * n * n;
}

static tartan_status make(job *j)
{
  tartan_grid             *grid = j->run->grid;
  const tartan_matrix_opts layout = {.size = sizeof layout, .mb = more.block, .nb = more.block};
  const tartan_matrix_opts own = tt_factored_layout(grid, set.items, set.items);
  tartan_status            st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(set.users > 0 && set.items > 0, TARTAN_ERR_ARG, "-m and -n: at least 1");
  TRY(bench_ratings_make(grid, &set, &j->R, NULL));
  TRY(tartan_ease_plan(j->R, j->dtype, &j->planned.plan));
  TRY(tartan_matrix_create(grid, TARTAN_F64, set.items, set.items, &layout, &j->A));
  TRY(tartan_matrix_create(grid, TARTAN_F64, set.items, set.items, &layout, &j->copy));
  TRY(tartan_matrix_create(grid, TARTAN_F64, set.items, set.items, &own, &j->G));
  TRY(tt_ease_gram(j->R, INT64_MAX, j->A));
  for (int64_t i = 0; i < set.items; i++) {
    const int64_t il = tartan_matrix_local_row(j->A, i), jl = tartan_matrix_local_col(j->A, i);

    if (il >= 0 && jl >= 0) ((double *)j->A->data)[il + jl * j->A->ld] += more.lambda;
  }
  local = bench_local_make_cube(&grid->memory, TARTAN_F64, bench_peak_size(flops() / j->run->size), &j->peak);
  AGREE(grid, local);
  for (int i = 0; i < j->cases.count; i++) {
    if (j->cases.list[i].run == run_scalapack) j->cases.list[i].prepare = refill;
    if (j->cases.list[i].run == run_gram) j->cases.list[i].prepare = empty_gram;
  }
done:
  return st;
}

static void release(job *j)
{
  bench_cases_free(&j->cases);
  bench_local_free(&j->peak);
  tartan_predictor_destroy(&j->p);
  tartan_matrix_destroy(&j->G);
  tartan_matrix_destroy(&j->copy);
  tartan_matrix_destroy(&j->A);
  tartan_sparse_destroy(&j->R);
}

/* ------------------------------------------------------------------------------------------------ results */

/*
 * (R'R + lambda I) (I - B) is diagonal: what stands elsewhere in some columns, against the product of norms times n and the
 * roundoff of the weights. Collective.
 */
static tartan_status test_result(job *j, double *residual)
{
  tartan_grid            *grid = j->run->grid;
  const int64_t           count = tt_min(SAMPLE, set.items);
  const double            unit = j->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53;
  tartan_predictor_values v;
  tartan_matrix          *some = NULL, *X = NULL, *Y = NULL;
  double                  a, x, y;
  tartan_status           st = TARTAN_OK;

  tartan_predictor_get(j->p, &v);
  TRY(tt_matrix_mirror(TARTAN_LOWER, j->A));
  TRY(tartan_matrix_view(v.weights, 0, 0, set.items, count, &some));
  TRY(tartan_matrix_create(grid, TARTAN_F64, set.items, count, NULL, &X));
  TRY(tartan_matrix_create(grid, TARTAN_F64, set.items, count, NULL, &Y));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, some, X));
  for (int64_t i = 0; i < count; i++) {
    const int64_t il = tartan_matrix_local_row(X, i), jl = tartan_matrix_local_col(X, i);

    if (il >= 0 && jl >= 0) ((double *)X->data)[il + jl * X->ld] -= 1;
  }
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, j->A, TARTAN_NO_TRANS, X, 0, Y, NULL));
  for (int64_t i = 0; i < count; i++) {
    const int64_t il = tartan_matrix_local_row(Y, i), jl = tartan_matrix_local_col(Y, i);

    if (il >= 0 && jl >= 0) ((double *)Y->data)[il + jl * Y->ld] = 0;
  }
  TRY(tartan_norm_fro(j->A, &a));
  TRY(tartan_norm_fro(X, &x));
  TRY(tartan_norm_fro(Y, &y));
  *residual = y / (a * x * (double)set.items * unit);
done:
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&some);
  return st;
}

static void put_fields(app_json *json, const void *context)
{
  const job *j = context;

  app_json_count(json, "ratings", set.ratings);
  bench_planned_json(json, &j->planned);
}

static void put_lines(const app_run *run, const void *context)
{
  const job *j = context;

  app_say(run, "ratings  %lld of %lld users\n", (long long)set.ratings, (long long)set.users);
  bench_planned_lines(run, &j->planned);
}

static tartan_status run_bench(app_run *run, const char *const *operand, int count)
{
  job           j = {.run = run, .dtype = more.dtype == 0 ? TARTAN_F32 : TARTAN_F64};
  bench_record  r = {.op = "ease", .algorithm = "ease", .local_fraction = NAN, .residual_limit = 10};
  tartan_status st = TARTAN_OK;

  (void)operand, (void)count;
  bench_cases_add(&j.cases, "ours", run_ours);
  bench_cases_add(&j.cases, "peak", run_peak);
  TRY(bench_peers_add(more.compare, offers, &j.cases));
  TRY(make(&j));
  TRY(bench_cases_run(run->grid, &j.cases, &j, bench_set.warmups, bench_set.reps));
  TRY(bench_planned_count(run->grid, run_ours, &j, &j.planned));
  TRY(test_result(&j, &r.residual));
  r.m = set.users;
  r.n = r.k = set.items;
  r.block = more.block;
  r.dtype = tartan_dtype_name(j.dtype);
  r.flops = flops();
  r.seconds = bench_cases_of(&j.cases, "ours");
  r.reps = bench_set.reps;
  r.peak = 2 * (double)j.peak.m * (double)j.peak.m * (double)j.peak.m * run->size /
           bench_median(bench_cases_of(&j.cases, "peak"), j.cases.reps);
  r.bytes_max = j.planned.measured.bytes_moved;
  r.bytes_redistributed_max = 8 * j.planned.measured.words_redistributed;
  r.bytes_bound = NAN;
  bench_peers_record(offers, &j.cases, r.seconds, &r);
  r.json = put_fields;
  r.table = put_lines;
  r.context = &j;
  TRY(bench_record_write(run, &r));
done:
  release(&j);
  return st;
}

const app_command bench_ease = {
    .name = "ease",
    .group = "Benchmarks",
    .summary = "item weights in closed form, against ScaLAPACK's factorization and inverse of such a matrix",
    .operands = "",
    .options = {options, bench_options},
    .notes = "Example:\n"
             "  mpirun -n 2 tartan-bench ease --compare scalapack,gram --threads 1\n",
    .run = run_bench,
};
