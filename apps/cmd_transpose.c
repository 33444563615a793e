/*
 * tartan transpose: from file to file, in strips of columns that fit the memory. Elements keep their type.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "commands.h"
#include "common/plan.h"
#include "common/result.h"
#include "io/matrix_file.h"
#include "io/small.h"
#include "oper/operator.h"

enum { DTYPE_INPUT, DTYPE_F32, DTYPE_F64 };

static int dtype = DTYPE_INPUT;

static const app_option options[] = {
    {"dtype", 0, APP_OPTION_CHOICE, &dtype, "input|f32|f64", "input: as they are", "element type of the result"},
    APP_RESULT_OPTIONS("INPUT.transpose.h5 beside the input"),
    {.name = NULL},
};

/* One run of the command. */
typedef struct job {
  app_operand  A;
  app_result   result;
  tt_turn_plan turn;
  tt_element   element;
  bool         written;
} job;

static void release(void *context)
{
  job *j = context;

  app_operand_close(&j->A);
}

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  if (j->written) {
    app_json_text(json, "output", j->result.path);
    app_json_count(json, "rows", j->A.n);
    app_json_count(json, "columns", j->A.m);
    app_json_text(json, "dtype", tt_element_name(j->element));
  }
  app_json_end_object(json);
}

static tartan_status look(app_run *run, job *j, bool *done)
{
  app_notes notes = {.count = 0};

  app_note(&notes, "dtype", "%s", tt_element_name(j->element));
  app_note(&notes, "command", "transpose");
  app_note_input(&notes, j->A.info);
  return app_result_look(run, &notes, app_result_set.force, &j->result, done);
}

/* What the run would take, within the memory; refused where that is too small. */
static tartan_status plan(app_run *run, job *j)
{
  const tt_dataset_info *info = j->A.info;
  tartan_cost           *p = &run->plan;
  int64_t                room = 0;
  char                   what[64];
  tartan_status          st = TARTAN_OK;

  TRY(app_plan_room(run, &room));
  (void)tt_turn_plan_make(j->A.data->dataset, run->grid, j->element, room,
                          &j->turn); /* what it needs is looked at below */
  p->passes = 1;
  p->bytes_read = (double)info->rows * (double)info->cols * (double)tt_element_size(info->element) / run->size;
  p->grid[0] = run->size;
  p->grid[1] = p->grid[2] = 1;
  if (j->A.turned) {
    snprintf(p->algorithm, sizeof p->algorithm, "copy");
    snprintf(p->reason, sizeof p->reason, "MATLAB writes columns as rows: the transpose is what stands in the file");
    p->memory = 3 * (double)tt_max(4 << 20, tt_max(1, info->chunk_rows) * info->cols * 8);
  } else {
    snprintf(p->algorithm, sizeof p->algorithm, "strips");
    snprintf(p->reason, sizeof p->reason, "%s: %lld strip%s of %lld column%s",
             j->turn.rounds > 1 ? "larger than the memory" : "fits the memory", (long long)j->turn.rounds,
             TT_S(j->turn.rounds), (long long)tt_min(info->cols, j->turn.columns),
             TT_S(tt_min(info->cols, j->turn.columns)));
    p->memory = (double)j->turn.memory;
    p->words_redistributed = j->turn.words;
  }
  snprintf(what, sizeof what, "a transpose of %lld x %lld", (long long)j->A.m, (long long)j->A.n);
  TRY(app_plan_fits(run, what, p->memory, ""));
  TRY(app_plan_seconds(run));
done:
  return st;
}

static tartan_status prepare(app_run *run, job *j, const char *source, bool *done)
{
  tartan_status st = TARTAN_OK;

  *done = false;
  TRY(app_result_check_options());
  TRY(app_result_begin(run, app_result_set.output, "transpose.h5", &source, 1, &j->result));
  TRY(app_operand_open(run, "", source, "", &j->A));
  j->element = dtype == DTYPE_F32 ? TT_EL_F32 : dtype == DTYPE_F64 ? TT_EL_F64 : j->A.info->element;
  if (!app_result_set.plan) TRY(look(run, j, done));
  if (!*done) TRY(plan(run, j));
done:
  return st;
}

/* Names of features become names of samples and the other way round. Collective. */
static tartan_status put_names(app_run *run, const job *j, tt_output *out, const char *from, int64_t count,
                               const char *to)
{
  const char  **names = NULL;
  tartan_status st = TARTAN_OK;

  TRY(tt_small_names(run->grid, j->A.info->file, j->A.info->path, from, count, false, &names));
  if (names) tt_output_strings(out, to, count, names);
done:
  tt_free(names);
  return st;
}

static tartan_status save(app_run *run, job *j)
{
  tt_dataset   *dataset = j->A.data->dataset;
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  tartan_status st = TARTAN_OK;

  app_note_input(&notes, j->A.info);
  app_note_count(&notes, "reproducible", 1);
  TRY(app_result_create(run, &j->result, "tartan-transpose", &notes, &out));
  TRY(put_names(run, j, out, "feature_names", j->A.n, "/sample_names"));
  TRY(put_names(run, j, out, "sample_names", j->A.m, "/feature_names"));
  tt_output_declare_element(out, "/X", j->element, j->A.n, j->A.m);
  TRY(tt_output_open(out));
  if (j->A.turned)
    TRY(tt_copy_rows(dataset, run->grid, out, "/X", j->element));
  else
    TRY(tt_turn(dataset, run->grid, &j->turn, out, "/X", j->element));
  TRY(tt_output_commit(&out));
  j->written = true;
done:
  tt_output_discard(&out);
  return st;
}

static void print_summary(const app_run *run, const job *j)
{
  app_tell(run, "transposed to %lld x %lld, %s, ", (long long)j->A.n, (long long)j->A.m, tt_element_name(j->element));
  if (j->A.turned)
    app_tell(run, "as it stands in the file\n");
  else
    app_tell(run, "in %lld strip%s\n", (long long)j->turn.rounds, TT_S(j->turn.rounds));
}

static tartan_status transpose(app_run *run, const char *const *operands, int count)
{
  static job    j;
  tartan_status st = TARTAN_OK;
  bool          done = false;

  (void)count;
  j = (job){0};
  run->job = &j;
  run->json = json_result;
  run->release = release;
  TRY(prepare(run, &j, operands[0], &done));
  if (done) goto done;
  if (app_result_set.plan) {
    TRY(app_result_print_plan(run, 0));
    goto done;
  }
  TRY(save(run, &j));
  app_run_progress_end(run);
  print_summary(run, &j);
  TRY(app_result_end(run, &j.result, "/X"));
done:
  return st;
}

const app_command app_cmd_transpose = {
    .name = "transpose",
    .group = "Linear algebra",
    .summary = "the transpose of a matrix, from file to file, larger than the memory too",
    .operands = "A.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_run_options},
    .notes = "Examples:\n"
             "  mpirun -n 2 tartan transpose A.h5 -o At.h5\n"
             "  mpirun -n 4 tartan transpose A.h5:/X --memory 2G --plan\n",
    .run = transpose,
    .plans = true,
};
