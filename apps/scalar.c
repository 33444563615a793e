#include "scalar.h"

#include <math.h>

#include "base/util.h"
#include "common/plan.h"
#include "io/small.h"
#include "solving.h"

int app_scalar_dtype;

static void release(void *context)
{
  app_scalar *s = context;

  tartan_matrix_destroy(&s->a);
  app_operand_close(&s->operand);
}

/* Whether the run goes over the file instead of reading the matrix into memory. */
static bool streams(const app_scalar *s)
{
  return s->compute != NULL;
}

/* "value", "sign": names of datasets and keys. */
static const char *name_of(const app_scalar *s, int i)
{
  return s->dataset[i] ? s->dataset[i] + 1 : "value";
}

static void json_result(app_json *json, const void *context)
{
  const app_scalar *s = context;

  app_json_object(json, "result");
  if (s->operand.info) {
    app_json_count(json, "rows", s->operand.m);
    app_json_count(json, "columns", s->operand.n);
  }
  for (int i = 0; s->known && i < s->count; i++) app_json_number(json, name_of(s, i), s->value[i]);
  if (*s->info.method) {
    app_json_text(json, "method", s->info.method);
    app_json_text(json, "reason", s->info.reason);
  }
  if (!isnan(s->info.condition)) app_json_number(json, "condition", s->info.condition);
  if (s->known && *s->result.path) app_json_text(json, "output", s->result.path);
  app_json_end_object(json);
}

static void print_values(const app_run *run, const app_scalar *s)
{
  for (int i = 0; i < s->count; i++) {
    app_tell(run, "%s  ", s->label[i]);
    app_say(run, "%.17g\n", s->value[i]);
  }
}

/* How it was found, and how much can be right. */
static void print_method(const app_run *run, const app_scalar *s)
{
  if (*s->info.method) app_tell(run, "method  %s: %s\n", s->info.method, s->info.reason);
  if (!isnan(s->info.condition)) app_tell(run, "condition  %.6g\n", s->info.condition);
}

static tartan_status read_back(app_run *run, app_scalar *s)
{
  tt_small     *file = NULL;
  double       *values = NULL;
  int64_t       rows, cols;
  tartan_status st = TARTAN_OK;

  TRY(tt_small_open(run->grid, s->result.path, &file));
  for (int i = 0; i < s->count; i++) {
    TRY(tt_small_array(file, name_of(s, i), &values, &rows, &cols));
    REQUIRE(rows == 1 && cols == 1, TARTAN_ERR_FORMAT, "%s:/%s is %lld x %lld, not one number", s->result.path,
            name_of(s, i), (long long)rows, (long long)cols);
    s->value[i] = values[0];
    tt_free(values);
    values = NULL;
  }
  s->known = true;
done:
  tt_free(values);
  tt_small_close(&file);
  return st;
}

/* Looks for a result that was asked for; where it is there its numbers are read back. */
static tartan_status look(app_run *run, app_scalar *s, bool *done)
{
  app_notes     notes = {.count = 0};
  tartan_status st = TARTAN_OK;

  *done = false;
  if (!*s->result.path) goto done;
  if (s->kind) app_note(&notes, "kind", "%s", s->kind);
  if (!streams(s)) app_note(&notes, "dtype", "%s", tartan_dtype_name(s->dtype));
  if (s->note) s->note(&notes);
  app_note(&notes, "command", "%s", s->name);
  app_note_input(&notes, s->operand.info);
  TRY(app_result_look(run, &notes, app_result_set.force, &s->result, done));
  if (!*done) goto done;
  TRY(read_back(run, s));
  print_values(run, s);
done:
  return st;
}

static void put(const app_scalar *s, tt_output *out)
{
  char name[24];

  for (int i = 0; i < s->count; i++) {
    snprintf(name, sizeof name, "/%s", name_of(s, i));
    if (s->whole)
      tt_output_count(out, name, (int64_t)s->value[i]);
    else
      tt_output_array(out, name, 0, 0, &s->value[i]);
  }
  if (!isnan(s->info.condition)) tt_output_real(out, "/", "condition", s->info.condition);
}

/* Small matrices are worked on by one rank, streams in an order that does not change; others differ in the last bits. */
static tartan_status save(app_run *run, app_scalar *s)
{
  app_notes     notes = {.count = 0};
  tt_output    *out = NULL;
  char          format[32];
  tartan_status st = TARTAN_OK;

  if (!*s->result.path) goto done;
  snprintf(format, sizeof format, "tartan-%s", s->name);
  if (s->kind) app_note(&notes, "kind", "%s", s->kind);
  app_note_input(&notes, s->operand.info);
  if (*s->info.method) {
    app_note(&notes, "method", "%s", s->info.method);
    app_note(&notes, "reason", "%s", s->info.reason);
  }
  app_note_count(&notes, "reproducible", streams(s) || (s->same_bits && s->same_bits(s->operand.m, s->operand.n)));
  TRY(app_result_create(run, &s->result, format, &notes, &out));
  put(s, out);
  TRY(tt_output_open(out));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

static tartan_status begin(app_run *run, const char *source, app_scalar *s)
{
  tartan_status st = TARTAN_OK;

  s->count = s->count ? s->count : 1;
  s->info = (tartan_factor_info){.condition = NAN, .rank = -1, .found = -1};
  TRY(app_result_check_options());
  if (app_result_set.output) TRY(app_result_begin(run, app_result_set.output, NULL, &source, 1, &s->result));
  TRY(app_operand_open(run, "", source, "", &s->operand));
  REQUIRE(!s->square || s->operand.m == s->operand.n, TARTAN_ERR_SHAPE,
          "%s needs a square matrix, %s:%s is %lld x %lld", s->name, s->operand.info->file, s->operand.info->path,
          (long long)s->operand.m, (long long)s->operand.n);
  s->dtype = app_chosen_dtype(app_scalar_dtype, app_operand_dtype(&s->operand));
done:
  return st;
}

/* The plan, and room for it; bytes of the matrix where it is read as a whole. */
static tartan_status make_plan(app_run *run, app_scalar *s)
{
  const app_operand *input = &s->operand;
  const double       bytes = streams(s) ? 0 : app_operand_bytes(run, &s->operand, s->dtype);
  tartan_cost       *p = &run->plan;
  tartan_status      st = TARTAN_OK;

  p->passes = 1;
  TRY(s->plan(run, &s->operand));
  if (!streams(s)) app_operand_plan(run, &input, 1, false);
  TRY(app_plan_seconds(run));
  if (streams(s) || !app_result_set.plan)
    TRY(app_plan_fits(run, s->name, bytes + p->memory, streams(s) ? "" : ", or use more ranks"));
  if (app_result_set.plan) TRY(app_result_print_plan(run, bytes));
done:
  return st;
}

static tartan_status compute(app_run *run, app_scalar *s)
{
  tartan_status st = TARTAN_OK;

  if (streams(s)) return s->compute(&s->operand, s->value);
  TRY(app_operand_load(run, &s->operand, s->dtype, s->lower, &s->a));
  TRY(s->compute_whole(s->a, s->value, &s->info));
  app_warn_condition(run, s->dtype, s->info.condition);
  if (!*s->info.method) {
    snprintf(s->info.method, sizeof s->info.method, "%s", run->plan.algorithm);
    snprintf(s->info.reason, sizeof s->info.reason, "%s", run->plan.reason);
  }
done:
  return st;
}

tartan_status app_scalar_run(app_run *run, const char *source, app_scalar *s)
{
  char          first[32];
  tartan_status st = TARTAN_OK;
  bool          done = false;

  run->job = s;
  run->json = json_result;
  run->release = release;
  TRY(begin(run, source, s));
  if (!app_result_set.plan) TRY(look(run, s, &done));
  if (done) goto done;
  TRY(make_plan(run, s));
  if (app_result_set.plan) goto done;
  TRY(compute(run, s));
  s->known = true;
  app_run_progress_end(run);
  print_values(run, s);
  print_method(run, s);
  TRY(save(run, s));
  snprintf(first, sizeof first, "/%s", name_of(s, 0));
  TRY(app_result_end(run, &s->result, first));
done:
  return st;
}
