/*
 * Options are bound to variables of static storage, which hold the defaults until a line is parsed. So the variables of the
 * inner command are kept aside while it runs, those that all commands share are set to their defaults, and all are put back.
 */
#include "common/inside.h"

#include <string.h>

#include "base/util.h"

#define OPTIONS_MAX 80
#define SAID_MAX 65536

/* The value of an option variable, whatever its type. */
typedef union kept {
  bool        flag;
  int64_t     pair[2];
  double      real;
  const char *text;
  int         choice;
} kept;

static size_t size_of(app_option_type type)
{
  static const kept any;

  switch (type) {
  case APP_OPTION_FLAG:
  case APP_OPTION_CLEAR: return sizeof any.flag;
  case APP_OPTION_COUNT:
  case APP_OPTION_INTEGER:
  case APP_OPTION_SIZE: return sizeof any.pair[0];
  case APP_OPTION_REAL:
  case APP_OPTION_TIME: return sizeof any.real;
  case APP_OPTION_TEXT: return sizeof any.text;
  case APP_OPTION_CHOICE: return sizeof any.choice;
  case APP_OPTION_PAIR: return sizeof any.pair;
  case APP_OPTION_LATER: break;
  }
  return 0;
}

/* Copies the option variables of a command to `values`, or back. */
static void exchange(const app_command *command, kept *values, bool back)
{
  int n = 0;

  for (int t = 0; t < 3; t++) {
    for (const app_option *o = command->options[t]; o && o->name && n < OPTIONS_MAX; o++, n++) {
      void  *at = &values[n];
      size_t size = size_of(o->type);

      if (size) memcpy(back ? o->value : at, back ? at : o->value, size);
    }
  }
}

/* Cuts a line at its spaces, in place. */
static int split(char *line, const char **words)
{
  int   n = 0;
  char *rest = NULL;

  for (char *word = strtok_r(line, " ", &rest); word && n < APP_INSIDE_WORDS; word = strtok_r(NULL, " ", &rest))
    words[n++] = word;
  return n;
}

/* A run of its own on the grid of another. */
static app_run begin(const app_run *run, const app_inside *inside)
{
  app_run inner = {.command = inside->command,
                   .argc = run->argc,
                   .argv = run->argv,
                   .start = tt_seconds(),
                   .grid = run->grid,
                   .rank = run->rank,
                   .size = run->size,
                   .threads = run->threads,
                   .node_ranks = run->node_ranks,
                   .machine = run->machine,
                   .resident_budget = run->resident_budget,
                   .mute = true};

  return inner;
}

tartan_status app_run_inside(app_run *run, app_inside *inside)
{
  static kept        values[OPTIONS_MAX];
  static char        said[SAID_MAX];
  const app_settings before = app_set;
  app_run            inner = begin(run, inside);
  char               line[APP_INSIDE_TEXT];
  const char        *words[APP_INSIDE_WORDS];
  int                operands = 0;
  bool               help = false;
  tartan_status      st;

  inside->said = said;
  inside->error[0] = said[0] = 0;
  if (run->rank == 0) inner.out = fmemopen(said, sizeof said, "w");
  exchange(inside->command, values, false);
  memset(&app_set, 0, sizeof app_set);
  snprintf(line, sizeof line, "%s", inside->words);
  st = app_options_parse(inside->command, words, split(line, words), &operands, &help);
  app_set.quiet = true;
  tartan_grid_set_progress(run->grid, NULL, NULL);
  if (st == TARTAN_OK) st = inside->command->run(&inner, words, operands);
  if (st != TARTAN_OK) snprintf(inside->error, sizeof inside->error, "%s", tartan_error_message());
  if (inner.release && !run->grid->dead) inner.release(inner.job);
  tartan_grid_set_progress(run->grid, app_run_progress, run);
  exchange(inside->command, values, true);
  app_set = before;
  if (inner.out) fclose(inner.out);
  inside->seconds = tt_seconds() - inner.start;
  return st;
}
