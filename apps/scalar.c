#include "scalar.h"

#include "base/util.h"
#include "common/plan.h"
#include "io/small.h"

static void release(void *context)
{
  app_scalar *s = context;

  app_operand_close(&s->operand);
}

static void json_result(app_json *json, const void *context)
{
  const app_scalar *s = context;

  app_json_object(json, "result");
  if (s->operand.info) {
    app_json_count(json, "rows", s->operand.m);
    app_json_count(json, "columns", s->operand.n);
  }
  if (s->known) app_json_number(json, "value", s->value);
  if (s->known && *s->result.path) app_json_text(json, "output", s->result.path);
  app_json_end_object(json);
}

static void print_value(const app_run *run, const app_scalar *s)
{
  app_tell(run, "%s  ", s->label);
  app_say(run, "%.17g\n", s->value);
}

/* Looks for a result that was asked for; where it is there its number is read back. */
static tartan_status look(app_run *run, app_scalar *s, bool *done)
{
  app_notes     notes = {.count = 0};
  tt_small     *file = NULL;
  double       *values = NULL;
  int64_t       rows, cols;
  tartan_status st = TARTAN_OK;

  *done = false;
  if (!*s->result.path) goto done;
  if (s->kind) app_note(&notes, "kind", "%s", s->kind);
  app_note(&notes, "command", "%s", s->name);
  app_note_input(&notes, s->operand.info);
  TRY(app_result_look(run, &notes, app_result_set.force, &s->result, done));
  if (!*done) goto done;
  TRY(tt_small_open(run->grid, s->result.path, &file));
  TRY(tt_small_array(file, "/value", &values, &rows, &cols));
  REQUIRE(rows == 1 && cols == 1, TARTAN_ERR_FORMAT, "%s:/value is %lld x %lld, not one number", s->result.path,
          (long long)rows, (long long)cols);
  s->value = values[0];
  s->known = true;
  print_value(run, s);
done:
  tt_free(values);
  tt_small_close(&file);
  return st;
}

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
  app_note_count(&notes, "reproducible", 1);
  TRY(app_result_create(run, &s->result, format, &notes, &out));
  tt_output_array(out, "/value", 0, 0, &s->value);
  TRY(tt_output_open(out));
  TRY(tt_output_commit(&out));
done:
  tt_output_discard(&out);
  return st;
}

tartan_status app_scalar_run(app_run *run, const char *source, app_scalar *s)
{
  tartan_status st = TARTAN_OK;
  bool          done = false;

  run->job = s;
  run->json = json_result;
  run->release = release;
  TRY(app_result_check_options());
  if (app_result_set.output) TRY(app_result_begin(run, app_result_set.output, NULL, &source, 1, &s->result));
  TRY(app_operand_open(run, "", source, "", &s->operand));
  if (!app_result_set.plan) TRY(look(run, s, &done));
  if (done) goto done;
  TRY(s->plan(run, &s->operand));
  TRY(app_plan_seconds(run));
  TRY(app_plan_fits(run, s->name, run->plan.memory, ""));
  if (app_result_set.plan) {
    app_result_print_plan(run);
    goto done;
  }
  TRY(s->compute(&s->operand, &s->value));
  s->known = true;
  app_run_progress_end(run);
  print_value(run, s);
  TRY(save(run, s));
  TRY(app_result_end(run, &s->result, "/value"));
done:
  return st;
}
