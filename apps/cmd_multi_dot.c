/*
 * tartan multi-dot: the product of a chain of matrices in files, in the order that takes the fewest flops. The order
 * follows from the shapes alone, so --plan tells it.
 */
#include <tartan/blas.h>

#include <math.h>

#include "base/util.h"
#include "blas/chain.h"
#include "commands.h"
#include "common/plan.h"
#include "common/result.h"
#include "io/matrix_file.h"

#define MOST 16

static int dtype_choice;

static const app_option options[] = {
    {"dtype", 0, APP_OPTION_CHOICE, &dtype_choice, APP_DTYPE_WORDS, "input: f32 if all inputs are, else f64",
     "element type of the products"},
    APP_RESULT_OPTIONS("A.multi-dot.h5 beside the first input"),
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  int            count;
  app_operand    X[MOST];
  tartan_matrix *x[MOST], *c;
  int64_t        shape[MOST + 1];
  int            split[MOST * MOST];
  double         flops; /* of all products, over all ranks */
  double         bytes; /* per rank of the inputs and the result */
  char           order[TARTAN_REASON_MAX];
  tartan_dtype   dtype;
  app_result     result;
  tartan_cost    cost;
  bool           done;
} job;

static void release(void *context)
{
  job *j = context;

  tartan_matrix_destroy(&j->c);
  for (int i = j->count - 1; i >= 0; i--) {
    tartan_matrix_destroy(&j->x[i]);
    app_operand_close(&j->X[i]);
  }
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  app_json_text(json, "order", j->order);
  app_json_number(json, "flops", j->flops);
  if (j->done) {
    app_json_text(json, "output", j->result.path);
    app_json_count(json, "rows", j->shape[0]);
    app_json_count(json, "columns", j->shape[j->count]);
    app_json_text(json, "dtype", tartan_dtype_name(j->dtype));
  }
  app_json_end_object(json);
}

/* ------------------------------------------------------------------------------------------------ before the work */

static tartan_status check_shapes(job *j)
{
  tartan_status st = TARTAN_OK;

  j->dtype = TARTAN_F32;
  for (int i = 0; i < j->count; i++) {
    const app_operand *X = &j->X[i];

    REQUIRE(i == 0 || X->m == j->shape[i], TARTAN_ERR_SHAPE,
            "A%d has %lld columns and A%d, %s, %lld rows: there is no product", i - 1, (long long)j->shape[i], i,
            X->info->file, (long long)X->m);
    j->shape[i] = X->m;
    j->shape[i + 1] = X->n;
    if (app_operand_dtype(X) == TARTAN_F64) j->dtype = TARTAN_F64;
  }
  j->dtype = app_chosen_dtype(dtype_choice, j->dtype);
done:
  return st;
}

/* Attributes of all inputs: input, input_1, ... Names live as long as the program. */
static void note_inputs(const job *j, app_notes *notes)
{
  static char names[MOST][3][24];

  for (int i = 0; i < j->count; i++) {
    static const char *const parts[3] = {"", "_size", "_time"};

    for (int k = 0; k < 3; k++) {
      if (i)
        snprintf(names[i][k], sizeof names[i][k], "input_%d%s", i, parts[k]);
      else
        snprintf(names[i][k], sizeof names[i][k], "input%s", parts[k]);
    }
    app_note_input_as(notes, (const char *const[3]){names[i][0], names[i][1], names[i][2]}, j->X[i].info);
  }
}

static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "dtype", "%s", tartan_dtype_name(j->dtype));
  app_note(&notes, "command", "multi-dot");
  note_inputs(j, &notes);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* Elements of the largest two products on the way that exist at a time: no more than two of the inner ones do. */
static double largest_inner(const job *j, int from, int to)
{
  const int k = j->split[from * j->count + to];
  double    size = 0, left, right;

  if (to <= from) return 0;
  if (to - from < j->count - 1) size = (double)j->shape[from] * (double)j->shape[to + 1];
  left = largest_inner(j, from, k);
  right = largest_inner(j, k + 1, to);
  return fmax(size, left + right);
}

/* Adds what the products of a part of the chain would take. Where memory is short the plan without a limit counts. */
static tartan_status plan_products(app_run *run, const job *j, int from, int to)
{
  tt_memory    *mem = &run->grid->memory;
  const int64_t limit = mem->limit;
  const int     k = j->split[from * j->count + to];
  tartan_cost   product, *p = &run->plan;
  tartan_status st = TARTAN_OK;

  if (from == to) goto done;
  TRY(plan_products(run, j, from, k));
  TRY(plan_products(run, j, k + 1, to));
  mem->limit = 0;
  st = tartan_gemm_predict(run->grid, j->dtype, j->shape[from], j->shape[to + 1], j->shape[k + 1], NULL, &product);
  mem->limit = limit;
  TRY(st);
  p->flops += product.flops;
  p->words += product.words;
  p->messages += product.messages;
  p->seconds += product.seconds;
done:
  return st;
}

static tartan_status plan(app_run *run, job *j)
{
  const app_operand *inputs[MOST];
  tartan_cost       *p = &run->plan;
  const double       size = (double)tartan_dtype_size(j->dtype);
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  local = tt_chain_plan(&run->grid->memory, j->count, j->shape, j->split, &j->flops);
  AGREE(run->grid, local);
  tt_chain_text(j->count, j->split, j->order, sizeof j->order);
  snprintf(p->algorithm, sizeof p->algorithm, "products in the best order");
  snprintf(p->reason, sizeof p->reason, "%s", j->order);
  p->passes = 1;
  TRY(plan_products(run, j, 0, j->count - 1));
  j->bytes = (double)j->shape[0] * (double)j->shape[j->count] * size / run->size;
  for (int i = 0; i < j->count; i++) {
    inputs[i] = &j->X[i];
    j->bytes += app_operand_bytes(run, inputs[i], j->dtype);
  }
  p->memory = largest_inner(j, 0, j->count - 1) * size / run->size;
  app_operand_plan(run, inputs, j->count, false);
  TRY(app_plan_seconds(run));
done:
  return st;
}

static tartan_status prepare(app_run *run, job *j, const char *const *sources, bool *done)
{
  tartan_status st = TARTAN_OK;

  *done = false;
  TRY(app_result_check_options());
  TRY(app_result_begin(run, app_result_set.output, "multi-dot.h5", sources, j->count, &j->result));
  for (int i = 0; i < j->count; i++) {
    char name[16];

    snprintf(name, sizeof name, "A%d", i);
    if (i < j->count - 1)
      TRY(app_operand_open(run, name, sources[i], "", &j->X[i]));
    else
      TRY(app_operand_open_columns(run, name, sources[i], &j->X[i]));
  }
  TRY(check_shapes(j));
  if (!app_result_set.plan) TRY(look(run, j, done));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the work */

static tartan_status multiply(app_run *run, job *j)
{
  const tartan_matrix *chain[MOST];
  tartan_status        st = TARTAN_OK;

  for (int i = 0; i < j->count; i++) {
    TRY(app_operand_load(run, &j->X[i], j->dtype, false, &j->x[i]));
    chain[i] = j->x[i];
  }
  TRY(tartan_multi_dot(j->count, chain, &j->c, &j->cost));
  for (int i = 0; i < j->count; i++) tartan_matrix_destroy(&j->x[i]);
done:
  return st;
}

static tartan_status save(app_run *run, job *j)
{
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  tartan_status st = TARTAN_OK;

  note_inputs(j, &notes);
  app_note(&notes, "order", "%s", j->order);
  app_note_count(&notes, "reproducible", 0);
  TRY(app_result_create(run, &j->result, "tartan-multi-dot", &notes, &out));
  tt_output_real(out, "/", "flops", j->flops);
  tt_output_declare(out, "/C", j->dtype, j->shape[0], j->shape[j->count]);
  TRY(tt_output_open(out));
  TRY(tt_output_matrix(out, "/C", j->c, false));
  TRY(tt_output_commit(&out));
  j->done = true;
done:
  tt_output_discard(&out);
  return st;
}

static tartan_status multi_dot(app_run *run, const char *const *operands, int count)
{
  static job    j;
  char          what[64];
  tartan_status st = TARTAN_OK;
  bool          done = false;

  j.count = count;
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, operands, &done));
  if (done) goto done;
  TRY(plan(run, &j));
  if (app_result_set.plan) {
    TRY(app_result_print_plan(run, j.bytes));
    goto done;
  }
  snprintf(what, sizeof what, "multi-dot of %d matrices", j.count);
  TRY(app_plan_fits(run, what, j.bytes + run->plan.memory, ", or use more ranks"));
  TRY(multiply(run, &j));
  TRY(save(run, &j));
  app_run_progress_end(run);
  app_say(run, "order  %s, %.3g flop\n", j.order, j.flops);
  app_say(run, "C  %lld x %lld, %s\n", (long long)j.shape[0], (long long)j.shape[j.count], tartan_dtype_name(j.dtype));
  TRY(app_result_end(run, &j.result, "/C"));
done:
  return st;
}

const app_command app_cmd_multi_dot = {
    .name = "multi-dot",
    .group = "Linear algebra",
    .summary = "the product of a chain of matrices, in the order that takes the fewest flops",
    .operands = "A.h5[:/path] B.h5[:/path] [...]",
    .operands_min = 2,
    .operands_max = MOST,
    .options = {options, app_run_options},
    .notes = "The last one may be a one-dimensional dataset, which is one column.\n\n"
             "Examples:\n"
             "  mpirun -n 4 tartan multi-dot A.h5 B.h5 C.h5 -o ABC.h5\n"
             "  tartan multi-dot A.h5 B.h5 x.h5 --plan\n",
    .run = multi_dot,
    .plans = true,
};
