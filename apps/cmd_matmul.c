/*
 * tartan matmul: the product of two matrices in files. Its plan is made from the shapes alone; the matrices are made in
 * the layouts that the plan wants and read straight into them.
 */
#include <tartan/blas.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "commands.h"
#include "common/plan.h"
#include "common/result.h"
#include "io/matrix_file.h"
#include "oper/operator.h"

enum { DTYPE_INPUT, DTYPE_F32, DTYPE_F64 };

static struct {
  bool        transpose_a, transpose_b, check;
  double      alpha, beta;
  const char *add, *split;
  int         dtype, algorithm, overlap;
  int64_t     panel;
} set = {.alpha = 1, .beta = 1};

static const app_option options[] = {
    {"transpose-a", 0, APP_OPTION_FLAG, &set.transpose_a, NULL, NULL, "take A transposed"},
    {"transpose-b", 0, APP_OPTION_FLAG, &set.transpose_b, NULL, NULL, "take B transposed"},
    {"alpha", 0, APP_OPTION_REAL, &set.alpha, "X", "1", "factor of the product"},
    {"add", 0, APP_OPTION_TEXT, &set.add, "C0.h5[:/path]", NULL, "a matrix to add: C = alpha A B + beta C0"},
    {"beta", 0, APP_OPTION_REAL, &set.beta, "X", "1", "factor of C0"},
    {"dtype", 0, APP_OPTION_CHOICE, &set.dtype, "input|f32|f64", "input: f32 if all inputs are, else f64",
     "element type of the product"},
    {"check", 0, APP_OPTION_FLAG, &set.check, NULL, NULL,
     "test the product with random vectors (Freivalds): a wrong one is written, marked, and the exit code is 4"},
    {"algorithm", 0, APP_OPTION_CHOICE, &set.algorithm, "planned|pblas", "planned",
     "planned: on the grid of ranks that costs least; pblas: ScaLAPACK's product, for comparison"},
    {"split", 0, APP_OPTION_TEXT, &set.split, "P1xP2xP3", "planned",
     "ranks along the rows of C, along its columns, and along the inner dimension"},
    {"overlap", 0, APP_OPTION_CHOICE, &set.overlap, "planned|off|on", "planned",
     "exchange the next panels while multiplying"},
    {"panel", 0, APP_OPTION_COUNT, &set.panel, "N", "planned", "inner indices that a rank gives to one step"},
    APP_RESULT_OPTIONS("A.matmul.h5 beside A"),
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_operand      A, B, C0;
  bool             has_C0;
  app_result       result;
  tartan_gemm_opts opts;
  tartan_dtype     dtype;
  int64_t          m, n, k;
  double           operands; /* bytes per rank of A, B and C */
  tartan_matrix   *a, *b, *c;
  double           words; /* moved by the product, the largest over the ranks */
  bool             done, wrong;
  char             verdict[512]; /* of the check that failed */
} job;

static void release(void *context)
{
  job *j = context;

  tartan_matrix_destroy(&j->c);
  tartan_matrix_destroy(&j->b);
  tartan_matrix_destroy(&j->a);
  app_operand_close(&j->C0);
  app_operand_close(&j->B);
  app_operand_close(&j->A);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  if (j->done) {
    app_json_text(json, "output", j->result.path);
    app_json_count(json, "rows", j->m);
    app_json_count(json, "columns", j->n);
    app_json_count(json, "inner", j->k);
    app_json_text(json, "dtype", tartan_dtype_name(j->dtype));
    app_json_number(json, "words_of_product", j->words);
  }
  app_json_number(json, "operand_bytes", j->operands);
  app_json_end_object(json);
}

/* ------------------------------------------------------------------------------------------------ options */

/* Three counts with crosses between them. */
static bool parse_split(const char *text, int split[3])
{
  for (int i = 0; i < 3; i++) {
    char      *end = NULL;
    const long v = strtol(text, &end, 10);

    if (end == text || v < 1 || v > 1000000 || *end != (i < 2 ? 'x' : 0)) return false;
    split[i] = (int)v;
    text = end + 1;
  }
  return true;
}

static tartan_status read_options(tartan_gemm_opts *opts)
{
  const tartan_gemm_opts defaults = TARTAN_GEMM_OPTS_INIT;
  int                    split[3] = {0, 0, 0};
  tartan_status          st = TARTAN_OK;

  *opts = defaults;
  TRY(app_result_check_options());
  REQUIRE(set.add || set.beta == 1, TARTAN_ERR_ARG, "--beta goes with --add C0.h5");
  REQUIRE(!set.split || parse_split(set.split, split), TARTAN_ERR_ARG,
          "--split takes three counts, for example 2x2x1, not \"%s\"", set.split);
  REQUIRE(!set.split || set.algorithm == TARTAN_GEMM_PLANNED, TARTAN_ERR_ARG,
          "--split and --algorithm pblas do not go together: ScaLAPACK's product takes --grid PxQ");
  opts->algorithm = (tartan_gemm_algorithm)set.algorithm;
  opts->p1 = split[0];
  opts->p2 = split[1];
  opts->p3 = split[2];
  opts->overlap = (tartan_choice)set.overlap;
  opts->panel = set.panel;
  opts->check = set.check;
done:
  return st;
}

/* The dataset's columns are the rows of what enters the product. */
static bool enters_turned(const app_operand *X, bool transposed)
{
  return X->turned != transposed;
}

static tartan_status check_shapes(job *j)
{
  const char   *ta = set.transpose_a ? "A'" : "A", *tb = set.transpose_b ? "B'" : "B";
  const int64_t k = set.transpose_b ? j->B.n : j->B.m;
  tartan_status st = TARTAN_OK;

  j->m = set.transpose_a ? j->A.n : j->A.m;
  j->k = set.transpose_a ? j->A.m : j->A.n;
  j->n = set.transpose_b ? j->B.m : j->B.n;
  REQUIRE(j->k == k, TARTAN_ERR_SHAPE,
          "%s is %lld x %lld, %s is %lld x %lld: no product, %lld columns of %s meet %lld rows of %s", ta,
          (long long)j->m, (long long)j->k, tb, (long long)k, (long long)j->n, (long long)j->k, ta, (long long)k, tb);
  REQUIRE(!j->has_C0 || (j->C0.m == j->m && j->C0.n == j->n), TARTAN_ERR_SHAPE,
          "the product is %lld x %lld, the matrix of --add %lld x %lld", (long long)j->m, (long long)j->n,
          (long long)j->C0.m, (long long)j->C0.n);
  j->dtype = app_operand_dtype(&j->A) == TARTAN_F32 && app_operand_dtype(&j->B) == TARTAN_F32 &&
                     (!j->has_C0 || app_operand_dtype(&j->C0) == TARTAN_F32)
                 ? TARTAN_F32
                 : TARTAN_F64;
  if (set.dtype != DTYPE_INPUT) j->dtype = set.dtype == DTYPE_F32 ? TARTAN_F32 : TARTAN_F64;
done:
  return st;
}

static void note_inputs(app_notes *notes, const job *j)
{
  static const char *const b[3] = {"input_b", "input_b_size", "input_b_time"};
  static const char *const c[3] = {"input_add", "input_add_size", "input_add_time"};

  app_note_input(notes, j->A.info);
  app_note_input_as(notes, b, j->B.info);
  if (j->has_C0) app_note_input_as(notes, c, j->C0.info);
}

/* The algorithm is part of it: another one gives other bits. */
static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "transpose-a", "%s", set.transpose_a ? "yes" : "no");
  app_note(&notes, "transpose-b", "%s", set.transpose_b ? "yes" : "no");
  app_note(&notes, "alpha", "%.17g", set.alpha);
  app_note(&notes, "beta", "%.17g", j->has_C0 ? set.beta : 0);
  app_note(&notes, "add", "%s", j->has_C0 ? "yes" : "no");
  app_note(&notes, "dtype", "%s", tartan_dtype_name(j->dtype));
  app_note(&notes, "algorithm", "%s", set.algorithm == TARTAN_GEMM_PBLAS ? "pblas" : "planned");
  app_note(&notes, "split", "%s", set.split ? set.split : "planned");
  app_note(&notes, "check", "%s", set.check ? "yes" : "no");
  app_note(&notes, "command", "matmul");
  note_inputs(&notes, j);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* ------------------------------------------------------------------------------------------------ plan */

/* Bytes of the three matrices on each of so many ranks. */
static double operand_bytes(const job *j, double ranks)
{
  const double m = (double)j->m, n = (double)j->n, k = (double)j->k;

  return (m * k + k * n + m * n) * (double)tartan_dtype_size(j->dtype) / ranks;
}

/* Bytes of a matrix in its file. */
static double stored_bytes(const app_operand *X)
{
  return (double)X->info->rows * (double)X->info->cols * (double)tt_element_size(X->info->element);
}

/* Bytes that reading or writing the largest of the matrices takes beside them. */
static int64_t file_bytes(const app_run *run, const job *j)
{
  return tt_max(tt_matrix_file_bytes(run->grid, j->m, j->k),
                tt_max(tt_matrix_file_bytes(run->grid, j->k, j->n), tt_matrix_file_bytes(run->grid, j->m, j->n)));
}

/*
 * The plan within what the budget leaves beside the matrices; where it leaves nothing, the plan without a limit, which
 * says what would do.
 */
static tartan_status plan(app_run *run, job *j, bool *fits)
{
  tt_memory    *mem = &run->grid->memory;
  const int64_t limit = mem->limit;
  int64_t       room = 0;
  tartan_cost  *p = &run->plan;
  tartan_status st = TARTAN_OK, planned;

  TRY(app_plan_room(run, &room));
  planned = tartan_gemm_predict(run->grid, j->dtype, j->m, j->n, j->k, &j->opts, p);
  if (planned == TARTAN_ERR_NOMEM) {
    mem->limit = 0;
    planned = tartan_gemm_predict(run->grid, j->dtype, j->m, j->n, j->k, &j->opts, p);
    mem->limit = limit;
  }
  TRY(planned);
  j->operands = operand_bytes(j, fmax(1, (double)p->grid[0] * p->grid[1] * p->grid[2]));
  p->memory = fmax(p->memory, (double)file_bytes(run, j));
  p->bytes_read = (stored_bytes(&j->A) + stored_bytes(&j->B) + (j->has_C0 ? stored_bytes(&j->C0) : 0)) / run->size;
  p->passes = 1;
  TRY(app_plan_seconds(run));
  *fits = !run->grid->memory.asked && j->operands + p->memory <= (double)room;
done:
  return st;
}

static tartan_status refuse(app_run *run, const job *j)
{
  char what[96];

  snprintf(what, sizeof what, "a product of %lld x %lld by %lld x %lld", (long long)j->m, (long long)j->k,
           (long long)j->k, (long long)j->n);
  return app_plan_fits(run, what, j->operands + run->plan.memory, ", or use more ranks");
}

static void print_plan(const app_run *run, const job *j, bool fits)
{
  const tartan_cost *p = &run->plan;
  const double       whole = (double)run->grid->memory.used + j->operands + p->memory;

  app_say(run, "method   %s: %s\n", p->algorithm, p->reason);
  app_say(run, "grid     %d x %d x %d ranks along the rows of C, its columns, and the inner dimension\n", p->grid[0],
          p->grid[1], p->grid[2]);
  app_plan_print(run, j->operands);
  if (!fits)
    app_say(run, "too much for the memory: give --memory %.0fM or more, or use more ranks\n",
            ceil(whole / 1048576 + 1));
  if (app_result_set.sbatch) app_plan_print_sbatch(run, j->operands);
}

static tartan_status prepare(app_run *run, job *j, const char *const *sources, bool *done)
{
  const char *const inputs[] = {sources[0], sources[1], set.add};
  tartan_status     st = TARTAN_OK;

  *done = false;
  TRY(read_options(&j->opts));
  TRY(app_result_begin(run, app_result_set.output, "matmul.h5", inputs, 3, &j->result));
  TRY(app_operand_open(run, "A", sources[0], set.transpose_a ? ", taken transposed" : "", &j->A));
  TRY(app_operand_open(run, "B", sources[1], set.transpose_b ? ", taken transposed" : "", &j->B));
  j->has_C0 = set.add != NULL;
  if (j->has_C0) TRY(app_operand_open(run, "C0", set.add, "", &j->C0));
  TRY(check_shapes(j));
  if (!app_result_set.plan) TRY(look(run, j, done));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the product */

static tartan_status load(app_run *run, job *j)
{
  tartan_status st = TARTAN_OK;

  TRY(tartan_gemm_operands(run->grid, j->dtype, j->m, j->n, j->k, &j->opts, &j->a, &j->b, &j->c));
  TRY(tt_matrix_load_into(j->A.data->dataset, enters_turned(&j->A, set.transpose_a), j->a));
  TRY(tt_matrix_load_into(j->B.data->dataset, enters_turned(&j->B, set.transpose_b), j->b));
  if (j->has_C0) TRY(tt_matrix_load_into(j->C0.data->dataset, enters_turned(&j->C0, false), j->c));
done:
  return st;
}

/* The product, with the words that it moved: reading moved some before. */
static tartan_status multiply(app_run *run, job *j)
{
  tartan_status st = TARTAN_OK, computed;

  app_plan_mark(run);
  computed = tartan_gemm(set.alpha, TARTAN_NO_TRANS, j->a, TARTAN_NO_TRANS, j->b, j->has_C0 ? set.beta : 0, j->c,
                         &j->opts);
  j->wrong = computed == TARTAN_ERR_TOLERANCE;
  if (!j->wrong) TRY(computed);
  if (j->wrong) snprintf(j->verdict, sizeof j->verdict, "%s", tartan_error_message());
  if (set.check) app_run_check(run, "freivalds", NAN, NAN, !j->wrong);
  TRY(app_plan_count(run));
  j->words = run->moved;
done:
  return st;
}

static tartan_status save(app_run *run, job *j)
{
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  tartan_status st = TARTAN_OK;

  note_inputs(&notes, j);
  app_note(&notes, "algorithm", "%s", run->plan.algorithm);
  app_note(&notes, "short_of_tolerance", "%s", j->wrong ? "yes" : "no");
  app_note(&notes, "failed_checks", "%s", j->wrong ? "freivalds" : "");
  app_note_count(&notes, "reproducible", 0);
  TRY(app_result_create(run, &j->result, "tartan-matmul", &notes, &out));
  tt_output_declare(out, "/C", j->dtype, j->m, j->n);
  TRY(tt_output_open(out));
  TRY(tt_output_matrix(out, "/C", j->c, false));
  TRY(tt_output_commit(&out));
  j->done = true;
done:
  tt_output_discard(&out);
  return st;
}

static void print_summary(const app_run *run, const job *j)
{
  const tartan_cost *p = &run->plan;
  char               words[3][48];

  app_say(run, "C  %lld x %lld, %s%s\n", (long long)j->m, (long long)j->n, tartan_dtype_name(j->dtype),
          j->wrong    ? ", WRONG by Freivalds' test"
          : set.check ? ", right by Freivalds' test"
                      : "");
  app_tell(run, "the product moved %s per rank, planned %s", app_words_text(j->words, words[0]),
           app_words_text(p->words, words[1]));
  if (p->words_bound > 0) app_tell(run, ", bound %s", app_words_text(p->words_bound, words[2]));
  app_tell(run, "\n");
}

static tartan_status matmul(app_run *run, const char *const *operands, int count)
{
  static job    j;
  tartan_status st = TARTAN_OK;
  bool          done = false, fits = false;

  (void)count;
  j = (job){0};
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, operands, &done));
  if (done) goto done;
  TRY(plan(run, &j, &fits));
  if (app_result_set.plan) {
    print_plan(run, &j, fits);
    goto done;
  }
  if (!fits) TRY(refuse(run, &j));
  app_tell(run, "%s on %d x %d x %d ranks: %s\n", run->plan.algorithm, run->plan.grid[0], run->plan.grid[1],
           run->plan.grid[2], run->plan.reason);
  fflush(stdout);
  TRY(load(run, &j));
  TRY(multiply(run, &j));
  TRY(save(run, &j));
  app_run_progress_end(run);
  print_summary(run, &j);
  TRY(app_result_end(run, &j.result, "/C"));
  REQUIRE(!j.wrong, TARTAN_ERR_TOLERANCE, "%s; it is written to %s and marked", j.verdict, j.result.path);
done:
  return st;
}

const app_command app_cmd_matmul = {
    .name = "matmul",
    .group = "Linear algebra",
    .summary = "the product of two matrices",
    .operands = "A.h5[:/path] B.h5[:/path]",
    .operands_min = 2,
    .operands_max = 2,
    .options = {options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 4 tartan matmul A.h5 B.h5 -o C.h5\n"
             "  mpirun -n 4 tartan matmul A.h5:/X A.h5:/X --transpose-a -o gram.h5\n"
             "  tartan matmul A.h5 B.h5 --plan\n",
    .run = matmul,
    .plans = true,
};
