/*
 * What a run took: gathered from all ranks, printed as a table, written as JSON.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/run.h"
#include "kernel/gemm.h"

const char *app_phase_name(int phase)
{
  static const char *const names[APP_RUN_PHASES] = {"read", "compute", "communicate", "write", "other"};

  return names[phase];
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Minimum, median and maximum of one figure over the ranks, which stands at all[r * stride]. */
static void spread(const double *all, int size, int stride, double *work, double out[3])
{
  for (int r = 0; r < size; r++) work[r] = all[(size_t)r * stride];
  qsort(work, size, sizeof *work, ascending);
  out[0] = work[0];
  out[1] = size % 2 ? work[size / 2] : (work[size / 2 - 1] + work[size / 2]) / 2;
  out[2] = work[size - 1];
}

#define RATE_SECONDS 0.1 /* less computing than this is no measurement */

enum { RESIDENT = APP_RUN_PHASES, SECONDS, PLANNED, RATE, PEAK, FIGURES };

static void own_figures(const app_run *run, double own[FIGURES])
{
  const bool shown = !app_set.quiet || app_set.json; /* the peak costs a moment to measure */
  double     rest, computing;

  tartan_grid_phases(run->grid, own);
  computing = own[TARTAN_PHASE_COMPUTE];
  own[SECONDS] = rest = tt_seconds() - run->start;
  for (int i = 0; i < TARTAN_PHASES; i++) rest -= own[i];
  own[TARTAN_PHASES] = rest > 0 ? rest : 0;
  own[PLANNED] = own[TARTAN_PHASE_READ];
  own[PLANNED] += run->taken > 0 ? run->taken : own[TARTAN_PHASE_COMPUTE] + own[TARTAN_PHASE_COMMUNICATE];
  own[RESIDENT] = (double)app_machine_status("VmHWM");
  own[RATE] = computing > 0 ? run->grid->counters.flops / computing : 0;
  own[PEAK] = run->grid->counters.flops > 0 && shown ? tt_gemm_rate(run->threads) : 0;
}

tartan_status app_run_measure(app_run *run)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  double        own[FIGURES], range[3], *all = NULL;
  app_figures  *f = &run->figures;

  TRY(tartan_grid_cost(run->grid, &f->cost));
  own_figures(run, own);
  all = tt_alloc(NULL, (int64_t)run->size * (FIGURES + 1), sizeof *all, "figures of the run", &local);
  AGREE(run->grid, local);
  TRY(tt_allgather(run->grid, own, FIGURES, sizeof *own, all));
  for (int i = 0; i < FIGURES; i++) {
    spread(all + i, run->size, FIGURES, all + (size_t)run->size * FIGURES, range);
    if (i < APP_RUN_PHASES) memcpy(f->phase[i], range, sizeof range);
    if (i == RESIDENT) f->resident = (int64_t)range[2];
    if (i == SECONDS) f->seconds = range[2];
    if (i == PLANNED) f->planned = range[2];
    if (i == RATE) f->rate = range[1];
    if (i == PEAK) f->peak = range[1];
  }
  run->measured = true;

done:
  tt_free(all);
  return st;
}

/*
 * The peak is a product that lasts a moment, made when the run was over: a processor that was given less by others just
 * then can do less than the run did, so the two are not divided where that would say more than 100 %. What was computed
 * in no time says nothing of speed.
 */
const char *app_speed_text(const app_run *run, char *text, size_t length)
{
  const app_figures *f = &run->figures;
  const double       rate = f->rate * 1e-9, peak = f->peak * 1e-9;

  text[0] = 0;
  if (f->phase[TARTAN_PHASE_COMPUTE][1] < RATE_SECONDS || rate <= 0) return text;
  if (peak >= rate)
    snprintf(text, length, "%.1f GFLOP/s per rank while computing, %.0f %% of the local peak of %.1f", rate,
             100 * rate / peak, peak);
  else if (peak > 0)
    snprintf(text, length, "%.1f GFLOP/s per rank while computing; a short local product afterwards reached %.1f", rate,
             peak);
  else
    snprintf(text, length, "%.1f GFLOP/s per rank while computing", rate);
  return text;
}

const char *app_run_against_plan(const app_run *run, char *text, size_t length)
{
  const tartan_cost *p = &run->plan;
  int                n;

  text[0] = 0;
  if (!*p->algorithm || p->seconds <= 0) return text;
  n = snprintf(text, length, "%.2g s predicted, %.2g s taken", p->seconds, run->figures.planned);
  if (run->counted && n > 0 && (size_t)n < length)
    snprintf(text + n, length - (size_t)n, "; %.0f words predicted, %.0f moved", p->words, run->moved);
  return text;
}

const char *app_words_text(double words, char text[48])
{
  char bytes[24];

  words = rint(words);
  snprintf(text, 48, "%.0f word%s (%s)", words, words == 1 ? "" : "s", tt_bytes_text(8 * words, bytes));
  return text;
}

void app_run_table(const app_run *run)
{
  const app_figures *f = &run->figures;
  char               moved[24], resident[24], budget[24], read[24], speed[160], planned[160];

  if (app_set.quiet || !run->measured) return;
  app_say(run, "\nwhere the time went        min   median      max  seconds\n");
  for (int i = 0; i < APP_RUN_PHASES; i++) {
    app_say(run, "  %-16s %12.3f %8.3f %8.3f\n", app_phase_name(i), f->phase[i][0], f->phase[i][1], f->phase[i][2]);
  }
  app_say(run, "  %-16s %30.3f\n", "whole run", f->seconds);
  if (*app_speed_text(run, speed, sizeof speed)) app_say(run, "speed    %s\n", speed);
  if (*app_run_against_plan(run, planned, sizeof planned)) app_say(run, "plan     %s\n", planned);
  app_say(run, "moved    %s per rank over MPI", tt_bytes_text(f->cost.bytes_moved, moved));
  if (run->plan.words_bound > 0) {
    app_say(run, " (%.0f words, bound %.0f)", f->cost.words, run->plan.words_bound);
  }
  app_say(run, ", %s read per rank\n", tt_bytes_text(f->cost.bytes_read, read));
  app_say(run, "memory   %s at most per rank, of %s%s\n", tt_bytes_text((double)f->resident, resident),
          tt_bytes_text((double)run->resident_budget, budget), app_set.memory ? "" : " (--memory)");
}

/* ------------------------------------------------------------------------------------------------ JSON */

static void json_options(app_json *json, const app_command *command)
{
  char text[1024];

  app_json_object(json, "options");
  for (int t = 0; t < 3; t++) {
    for (const app_option *o = command->options[t]; o && o->name; o++) {
      if (o->type == APP_OPTION_LATER || o->type == APP_OPTION_CLEAR || !o->help) continue;
      app_option_text(o, text, sizeof text);
      switch (o->type) {
      case APP_OPTION_FLAG: app_json_flag(json, o->name, *(bool *)o->value); break;
      case APP_OPTION_COUNT:
      case APP_OPTION_INTEGER:
      case APP_OPTION_SIZE: app_json_count(json, o->name, *(int64_t *)o->value); break;
      case APP_OPTION_REAL:
      case APP_OPTION_TIME: app_json_number(json, o->name, *(double *)o->value); break;
      default: app_json_text(json, o->name, text); break;
      }
    }
  }
  app_json_end_object(json);
}

static void json_plan(app_json *json, const tartan_cost *plan)
{
  const double grid[3] = {plan->grid[0], plan->grid[1], plan->grid[2]};

  app_json_object(json, "plan");
  app_json_text(json, "algorithm", plan->algorithm);
  app_json_text(json, "reason", plan->reason);
  app_json_number(json, "passes", plan->passes);
  app_json_number(json, "flops", plan->flops);
  app_json_number(json, "words", plan->words);
  app_json_number(json, "words_redistributed", plan->words_redistributed);
  app_json_number(json, "words_bound", plan->words_bound);
  app_json_number(json, "messages", plan->messages);
  app_json_numbers(json, "grid", grid, 3);
  app_json_number(json, "bytes_read", plan->bytes_read);
  app_json_number(json, "memory_bytes", plan->memory);
  app_json_number(json, "seconds", plan->seconds);
  app_json_end_object(json);
}

static void json_figures(app_json *json, const app_run *run)
{
  const app_figures *f = &run->figures;

  app_json_object(json, "phases");
  for (int i = 0; i < APP_RUN_PHASES; i++) {
    app_json_object(json, app_phase_name(i));
    app_json_number(json, "min", f->phase[i][0]);
    app_json_number(json, "median", f->phase[i][1]);
    app_json_number(json, "max", f->phase[i][2]);
    app_json_end_object(json);
  }
  app_json_end_object(json);
  app_json_number(json, "seconds", f->seconds);
  app_json_number(json, "seconds_of_plan", f->planned);
  app_json_object(json, "traffic");
  app_json_number(json, "words", f->cost.words);
  app_json_number(json, "words_of_plan", run->counted ? run->moved : NAN);
  app_json_number(json, "words_redistributed", f->cost.words_redistributed);
  app_json_number(json, "words_bound", run->plan.words_bound);
  app_json_number(json, "bytes_moved", f->cost.bytes_moved);
  app_json_number(json, "messages", f->cost.messages);
  app_json_number(json, "bytes_read", f->cost.bytes_read);
  app_json_number(json, "bytes_written", f->cost.bytes_written);
  app_json_end_object(json);
  app_json_object(json, "memory");
  app_json_number(json, "predicted_bytes", run->plan.memory);
  app_json_number(json, "peak_tracked_bytes", f->cost.memory);
  app_json_count(json, "peak_resident_bytes", f->resident);
  app_json_count(json, "budget_bytes", run->resident_budget);
  app_json_end_object(json);
  app_json_object(json, "speed");
  app_json_number(json, "flops", f->cost.flops);
  app_json_number(json, "gflops_per_rank", f->rate * 1e-9);
  app_json_number(json, "peak_gflops_per_rank", f->peak * 1e-9);
  app_json_end_object(json);
}

static void json_environment(app_json *json, const app_run *run)
{
  char host[256], processor[256], text[2048], *line, *rest = NULL;

  app_machine_names(host, sizeof host, processor, sizeof processor);
  tartan_describe(text, sizeof text);
  app_json_object(json, "environment");
  app_json_text(json, "version", tartan_version());
  app_json_text(json, "host", host);
  app_json_text(json, "processor", processor);
  app_json_count(json, "nodes", run->grid->nodes);
  app_json_count(json, "ranks", run->size);
  app_json_count(json, "threads", run->threads);
  app_json_text(json, "job", getenv("SLURM_JOB_ID") ? getenv("SLURM_JOB_ID") : "");
  app_json_array(json, "libraries");
  for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) app_json_text(json, NULL, line);
  app_json_end_array(json);
  app_json_end_object(json);
}

static void json_checks(app_json *json, const app_run *run)
{
  app_json_array(json, "checks");
  for (int i = 0; i < run->checks; i++) {
    app_json_object(json, NULL);
    app_json_text(json, "name", run->check[i].name);
    app_json_number(json, "value", run->check[i].value);
    app_json_number(json, "tolerance", run->check[i].tolerance);
    app_json_flag(json, "pass", run->check[i].pass);
    app_json_end_object(json);
  }
  app_json_end_array(json);
}

static void write_json(FILE *out, const app_run *run, tartan_status st)
{
  const char *warning;
  char        line[4096];
  app_json    json;

  app_json_begin(&json, out);
  app_json_object(&json, NULL);
  app_json_text(&json, "command", run->command->name);
  app_json_text(&json, "command_line", app_command_line(run, line, sizeof line));
  json_options(&json, run->command);
  if (*run->plan.algorithm) json_plan(&json, &run->plan);
  if (run->json) run->json(&json, run->job);
  json_figures(&json, run);
  json_checks(&json, run);
  json_environment(&json, run);
  app_json_array(&json, "warnings");
  for (int i = 0; (warning = tartan_grid_warning(run->grid, i)); i++) app_json_text(&json, NULL, warning);
  app_json_end_array(&json);
  app_json_text(&json, "status", tartan_status_text(st));
  app_json_text(&json, "message", st ? tartan_error_message() : "");
  app_json_count(&json, "exit_code", tartan_exit_code(st));
  app_json_end_object(&json);
}

tartan_status app_run_json(const app_run *run, tartan_status st)
{
  tartan_status local = TARTAN_OK;
  FILE         *out = NULL;

  if (run->rank == 0) {
    out = app_json_to_stdout() ? stdout : fopen(app_set.json, "w");
    if (out) write_json(out, run, st);
    if (!out || ferror(out) | (out == stdout ? fflush(out) : fclose(out)))
      local = tt_fail(TARTAN_ERR_IO, "cannot write the report %s: %s", app_set.json, strerror(errno));
  }
  return tt_agree(run->grid, local);
}
