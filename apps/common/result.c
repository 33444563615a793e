/* What all commands with a result file do before and after their own work. */
#include "common/result.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "common/plan.h"

app_result_settings app_result_set;

tartan_status app_result_begin(app_run *run, const char *output, const char *suffix, const char *const *sources,
                               int count, app_result *result)
{
  tartan_status st = TARTAN_OK;

  if (output)
    REQUIRE(snprintf(result->path, sizeof result->path, "%s", output) < TT_PATH_MAX, TARTAN_ERR_ARG,
            "-o: name too long");
  else
    TRY(app_result_name(sources[0], suffix, result->path, sizeof result->path));
  TRY(app_check_output(run, result->path, sources, count));
  TRY(app_check_result(run, result->path));
done:
  return st;
}

tartan_status app_result_check_options(void)
{
  if (app_result_set.sbatch && !app_result_set.plan) return tt_fail(TARTAN_ERR_ARG, "--sbatch goes with --plan");
  return TARTAN_OK;
}

/* Tries whether the result can be put into its folder. */
static tartan_status try_folder(app_run *run, const char *path)
{
  tt_output    *out = NULL;
  tartan_status st = tt_output_create(run->grid, path, true, &out);

  tt_output_discard(&out);
  return st;
}

tartan_status app_result_look(app_run *run, const app_notes *configuration, bool force, app_result *result, bool *done)
{
  tartan_status st = TARTAN_OK;

  *done = false;
  app_notes_line(configuration, result->configuration, sizeof result->configuration);
  REQUIRE(strlen(result->configuration) < sizeof result->configuration - 1, TARTAN_ERR_ARG,
          "the names of the inputs are too long together");
  TRY(app_result_exists(run, result->path, result->configuration, force, done));
  if (*done)
    app_tell(run, "%s is complete, from the same data and options: nothing to do\n", result->path);
  else
    TRY(try_folder(run, result->path));
done:
  return st;
}

tartan_status app_result_create(app_run *run, const app_result *result, const char *format, const app_notes *own,
                                tt_output **out)
{
  app_notes     notes = {.count = 0};
  tartan_status st = TARTAN_OK;

  TRY(tt_output_create(run->grid, result->path, true, out)); /* looked at before */
  tt_output_hint(*out, app_set.mpiio_hint);
  app_note(&notes, "format", "%s", format);
  app_note_origin(&notes, run);
  app_note(&notes, "configuration", "%s", result->configuration);
  app_notes_write(&notes, *out);
  app_notes_write(own, *out);
done:
  return st;
}

tartan_status app_result_end(app_run *run, const app_result *result, const char *dataset)
{
  tartan_status st = TARTAN_OK;

  TRY(app_run_measure(run));
  app_run_table(run);
  if (!*result->path) goto done;
  app_tell(run, "\n");
  app_say_written(run, result->path, dataset);
done:
  return st;
}

tartan_status app_result_print_plan(app_run *run, double matrices)
{
  const tartan_cost *p = &run->plan;
  int64_t            room = 0;
  char               read[24];
  tartan_status      st = TARTAN_OK;

  TRY(app_plan_room(run, &room));
  app_say(run, "method   %s: %s\n", p->algorithm, p->reason);
  app_say(run, "read     %s per rank\n", tt_bytes_text(p->bytes_read, read));
  app_plan_print(run, matrices);
  if (run->grid->memory.asked || matrices + p->memory > (double)room)
    app_say(run, "too much for the memory: give --memory %.0fM or more, or use more ranks\n",
            ceil(((double)run->grid->memory.used + matrices + p->memory) / 1048576 + 1));
  if (app_result_set.sbatch) app_plan_print_sbatch(run, matrices);
done:
  return st;
}
