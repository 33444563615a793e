/*
 * tartan sample: normal samples with a covariance that stands in a file, or a random orthogonal matrix, which needs none.
 */
#include <math.h>

#include <tartan/sample.h>

#include "base/util.h"
#include "commands.h"
#include "common/plan.h"
#include "factor.h"
#include "io/matrix_file.h"

#define NONE INT64_MIN

static struct {
  int64_t     count, seed, orthogonal[2];
  const char *mean;
} set = {.count = NONE, .orthogonal = {NONE, NONE}};

static const app_option options[] = {
    {"count", 0, APP_OPTION_COUNT, &set.count, "N", NULL, "required with a covariance: how many samples, rows of X"},
    {"mean", 0, APP_OPTION_TEXT, &set.mean, "FILE.h5[:/path]", "zeros", "the mean of each variable: a vector"},
    {"orthogonal", 0, APP_OPTION_PAIR, set.orthogonal, "MxN", NULL,
     "no samples: a random orthogonal matrix Q, its columns orthonormal (M >= N) or its rows"},
    {"seed", 0, APP_OPTION_COUNT, &set.seed, "N", "0", "of the random numbers"},
    APP_FACTOR_DTYPE,
    APP_RESULT_OPTIONS("COV.sample.h5 beside the covariance; required with --orthogonal"),
    {.name = NULL},
};

/* ------------------------------------------------------------------------------------------------ samples */

static tt_dataset_info mean_info; /* of --mean */

/* The mean, on every rank. Collective. */
static tartan_status read_mean(app_factor *f)
{
  tartan_io_opts io = app_run_io(f->run);
  tt_dataset    *data = NULL;
  void          *raw = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_dataset_open_vector(f->run->grid, set.mean, &io, &data));
  mean_info = *tt_dataset_get_info(data);
  REQUIRE(tt_min(mean_info.rows, mean_info.cols) == 1 && tt_max(mean_info.rows, mean_info.cols) == f->A.n,
          TARTAN_ERR_SHAPE, "--mean %s: %lld number%s needed, this is %lld x %lld", set.mean, (long long)f->A.n,
          f->A.n == 1 ? " is" : "s are", (long long)mean_info.rows, (long long)mean_info.cols);
  raw = tt_alloc(&f->run->grid->memory, f->A.n, tt_element_size(mean_info.element), "means as stored", &local);
  f->mean = tt_alloc(&f->run->grid->memory, f->A.n, sizeof *f->mean, "means", &local);
  AGREE(f->run->grid, local);
  TRY(tt_dataset_read(data, 0, mean_info.rows, 0, mean_info.cols, raw));
  tt_convert(mean_info.element, raw, f->A.n, TARTAN_F64, f->mean);
done:
  tt_free(raw);
  tt_dataset_close(&data);
  return st;
}

static tartan_status check(app_factor *f)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(set.count >= 1, TARTAN_ERR_ARG, "sample needs --count N, one sample or more (tartan sample --help)");
  if (set.mean) {
    TRY(app_check_output(f->run, f->result.path, &set.mean, 1));
    TRY(read_mean(f));
  }
done:
  return st;
}

static void note(const app_factor *f, app_notes *notes)
{
  static const char *const names[3] = {"mean", "mean_bytes", "mean_time"};

  (void)f;
  app_note_count(notes, "count", set.count);
  app_note_count(notes, "seed", set.seed);
  if (set.mean) app_note_input_as(notes, names, &mean_info);
}

/*
 * Cholesky n^3 / 3, the triangular product n^2 of each sample; a random number is worth about a hundred flops. Beside X
 * memory takes the factor with tiles of samples, and later the rows of X on their way to the file.
 */
static void plan(const app_factor *f, tartan_cost *p)
{
  const double m = (double)set.count, n = (double)f->A.n, ranks = f->run->size;
  const double size = (double)tartan_dtype_size(f->dtype);
  const bool   one = f->A.n <= TARTAN_EIGH_ONE_RANK;

  snprintf(p->algorithm, sizeof p->algorithm, "Cholesky");
  snprintf(p->reason, sizeof p->reason, "%s; eigenvalues where the covariance is singular",
           one ? "small enough for one rank: the same bits on any number of ranks" : "too large for one rank");
  p->flops = n * n * n / 3 / (one ? 1 : ranks) + m * (n * n + 100 * n) / ranks;
  p->words = one ? n * n : (n * n + m * n) / sqrt(ranks);
  p->memory = size * m * n / ranks +
              fmax(size * (one ? n * n + 256 * (n + 256) * f->run->threads : (2 * n * n + m * n) / ranks),
                   0.375 * (double)tt_matrix_file_bytes(f->run->grid, set.count, f->A.n));
}

static tartan_status compute(app_factor *f)
{
  app_factor_part x = {.name = "X"};
  tartan_status   st = TARTAN_OK;

  TRY(tartan_sample_normal(f->a, f->mean, set.count, (uint64_t)set.seed, &x.X, &f->info));
  f->part[0] = x;
  f->same_bits = f->A.n <= TARTAN_EIGH_ONE_RANK;
  app_factor_add_count(f, "seed", set.seed);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ orthogonal */

typedef struct job {
  app_result     result;
  tartan_dtype   dtype;
  tartan_matrix *Q;
  bool           done;
} job;

static void release(void *context)
{
  job *j = context;

  tartan_matrix_destroy(&j->Q);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  if (j->done) {
    app_json_text(json, "output", j->result.path);
    app_json_count(json, "rows", set.orthogonal[0]);
    app_json_count(json, "columns", set.orthogonal[1]);
    app_json_text(json, "dtype", tartan_dtype_name(j->dtype));
  }
  app_json_end_object(json);
}

static bool same_bits(void)
{
  return tt_min(set.orthogonal[0], set.orthogonal[1]) <= TARTAN_EIGH_ONE_RANK;
}

static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "dtype", "%s", tartan_dtype_name(j->dtype));
  app_note(&notes, "orthogonal", "%lldx%lld", (long long)set.orthogonal[0], (long long)set.orthogonal[1]);
  app_note_count(&notes, "seed", set.seed);
  app_note(&notes, "command", "sample");
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* QR of a Gaussian matrix, Q multiplied out; fewer than four rows for each column are the work of one rank. */
static tartan_status plan_orthogonal(app_run *run, const job *j)
{
  const double m = (double)tt_max(set.orthogonal[0], set.orthogonal[1]),
               n = (double)tt_min(set.orthogonal[0], set.orthogonal[1]);
  const double  share = same_bits() && m < 4 * n ? 1 : run->size;
  tartan_cost  *p = &run->plan;
  tartan_status st = TARTAN_OK;

  snprintf(p->algorithm, sizeof p->algorithm, "%s", same_bits() ? "TSQR" : "QR");
  snprintf(p->reason, sizeof p->reason, "of a Gaussian matrix%s",
           same_bits() ? ": the same bits on any number of ranks" : "");
  p->flops = 6 * m * n * n / share;
  p->words = n * n * log2(fmax(1, run->size));
  p->memory = (double)tartan_dtype_size(j->dtype) * (4 * m * n / share + 4 * n * n);
  p->grid[0] = run->size;
  p->grid[1] = p->grid[2] = 1;
  TRY(app_plan_seconds(run));
  if (!app_result_set.plan) TRY(app_plan_fits(run, "a random orthogonal matrix", p->memory, ", or use more ranks"));
done:
  return st;
}

static tartan_status prepare(app_run *run, job *j, bool *done)
{
  tartan_status st = TARTAN_OK;

  *done = false;
  REQUIRE(set.count == NONE && !set.mean, TARTAN_ERR_ARG, "--%s does not go with --orthogonal",
          set.mean ? "mean" : "count");
  REQUIRE(app_result_set.output, TARTAN_ERR_ARG, "sample --orthogonal needs -o FILE.h5");
  j->dtype = app_factor_set.dtype == 1 ? TARTAN_F32 : TARTAN_F64;
  TRY(app_result_check_options());
  TRY(app_result_begin(run, app_result_set.output, NULL, NULL, 0, &j->result));
  if (!app_result_set.plan) TRY(look(run, j, done));
  if (!*done) TRY(plan_orthogonal(run, j));
done:
  return st;
}

static tartan_status save(app_run *run, job *j)
{
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  tartan_status st = TARTAN_OK;

  app_note_count(&notes, "seed", set.seed);
  app_note_count(&notes, "reproducible", same_bits());
  TRY(app_result_create(run, &j->result, "tartan-sample", &notes, &out));
  tt_output_declare(out, "/Q", j->dtype, set.orthogonal[0], set.orthogonal[1]);
  TRY(tt_output_open(out));
  TRY(tt_output_matrix(out, "/Q", j->Q, false));
  TRY(tt_output_commit(&out));
  j->done = true;
done:
  tt_output_discard(&out);
  return st;
}

static tartan_status orthogonal(app_run *run)
{
  static job    j;
  bool          done = false;
  tartan_status st = TARTAN_OK;

  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, &done));
  if (done) goto done;
  if (app_result_set.plan) {
    TRY(app_result_print_plan(run, 0));
    goto done;
  }
  TRY(tartan_random_orthogonal(run->grid, j.dtype, set.orthogonal[0], set.orthogonal[1], (uint64_t)set.seed, &j.Q));
  TRY(save(run, &j));
  app_tell(run, "Q         %lld x %lld, %s\n", (long long)set.orthogonal[0], (long long)set.orthogonal[1],
           tartan_dtype_name(j.dtype));
  TRY(app_result_end(run, &j.result, "/Q"));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the command */

static tartan_status sample(app_run *run, const char *const *operands, int count)
{
  static const app_factor_kind kind =
      {.name = "sample", .square = true, .lower = true, .check = check, .note = note, .plan = plan, .compute = compute};
  static app_factor f = {.kind = &kind};
  const bool        ortho = set.orthogonal[0] != NONE;
  tartan_status     st = TARTAN_OK;

  REQUIRE(!ortho || (set.orthogonal[0] > 0 && set.orthogonal[1] > 0), TARTAN_ERR_ARG,
          "--orthogonal %lldx%lld: give 1 or more of each", (long long)set.orthogonal[0], (long long)set.orthogonal[1]);
  REQUIRE(count == (ortho ? 0 : 1), TARTAN_ERR_ARG,
          ortho ? "sample --orthogonal takes no covariance"
                : "sample needs COV.h5, or --orthogonal MxN (tartan sample --help)");
  if (ortho)
    TRY(orthogonal(run));
  else
    TRY(app_factor_run(run, operands[0], &f));
done:
  return st;
}

const app_command app_cmd_sample = {
    .name = "sample",
    .group = "Linear algebra",
    .summary = "normal samples with given mean and covariance, or a random orthogonal matrix",
    .operands = "COV.h5[:/path] --count N",
    .operands_min = 0,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 4 tartan sample C.h5 --mean mean.h5 --count 100000 --seed 7 -o X.h5\n"
             "  tartan sample C.covariance.h5:/covariance --mean C.covariance.h5:/mean --count 1000\n"
             "  tartan sample --orthogonal 4000x100 -o Q.h5\n",
    .run = sample,
    .plans = true,
};
