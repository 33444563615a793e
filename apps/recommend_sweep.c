/*
 * The grid of a sweep: the file's lines become axes, and a number counts all combinations, the last axis fastest. Every value
 * is tried when the file is read, so that a mistake in it is named before any data is touched.
 */
#include "recommend_sweep.h"

#include <ctype.h>
#include <string.h>

#include "base/util.h"
#include "common/text_file.h"
#include "io/root.h"

#define FILE_MOST 65536
#define BLANKS " \t\r"

/* Options that may differ between settings: not those that say what is trained on, or when it ends. */
static const char *const free_options[] = {"model",
                                           "factors",
                                           "iterations",
                                           "regularization",
                                           "regularization-exponent",
                                           "unobserved-weight",
                                           "confidence",
                                           "alpha",
                                           "form",
                                           "solver",
                                           "steps",
                                           "no-bias",
                                           "damping",
                                           "dtype",
                                           "init-stddev",
                                           "nonnegative",
                                           "tol"};

static bool is_free(const char *name)
{
  for (size_t i = 0; i < sizeof free_options / sizeof *free_options; i++)
    if (strcmp(name, free_options[i]) == 0) return true;
  return false;
}

/* ------------------------------------------------------------------------------------------------ one line */

/* Puts file and line before the message of a failure. */
static tartan_status place(const app_sweep_axis *axis, tartan_status st)
{
  char message[TT_ERROR_MAX];

  if (st == TARTAN_OK) return st;
  snprintf(message, sizeof message, "%s", tartan_error_message());
  return tt_fail(TARTAN_ERR_ARG, "%s, line %d: %s", app_recommend_set.sweep, axis->line, message);
}

/* Stores a value and looks whether it may be, whatever the others are. */
static tartan_status try_value(const app_sweep_axis *axis, const char *value)
{
  tartan_status st = TARTAN_OK;

  TRY(app_option_store(axis->option, value));
  TRY(app_recommend_check());
done:
  return st;
}

static tartan_status read_values(app_sweep_axis *axis, char *text)
{
  char         *rest = NULL;
  tartan_status st = TARTAN_OK;

  for (char *word = strtok_r(text, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
    REQUIRE(axis->count < APP_SWEEP_VALUES, TARTAN_ERR_ARG, "more than %d values", APP_SWEEP_VALUES);
    for (int i = 0; i < axis->count; i++)
      REQUIRE(strcmp(word, axis->value[i]) != 0, TARTAN_ERR_ARG, "%s stands there twice", word);
    axis->value[axis->count++] = word;
    TRY(try_value(axis, word));
  }
  REQUIRE(axis->count > 0, TARTAN_ERR_ARG, "%s has no value", axis->option->name);
done:
  return st;
}

static tartan_status read_name(const app_command *command, const app_sweep *sweep, app_sweep_axis *axis, char *name)
{
  size_t        length = strlen(name);
  tartan_status st = TARTAN_OK;

  while (length > 0 && isspace((unsigned char)name[length - 1])) name[--length] = 0;
  REQUIRE(length > 0, TARTAN_ERR_ARG, "no name before =");
  TRY(app_option_find(command, name, &axis->option));
  REQUIRE(is_free(name), TARTAN_ERR_ARG, "%s is the same for all settings: give it on the command line", name);
  for (int i = 0; i < sweep->axes; i++)
    REQUIRE(sweep->axis[i].option != axis->option, TARTAN_ERR_ARG, "%s stands in line %d already", name,
            sweep->axis[i].line);
done:
  return st;
}

/* One line of the file, without its comment. */
static tartan_status read_line(const app_command *command, app_sweep *sweep, char *line, int number)
{
  app_sweep_axis spare = {.line = number}, *axis = sweep->axes < APP_SWEEP_AXES ? &sweep->axis[sweep->axes] : &spare;
  char          *equal;
  tartan_status  st = TARTAN_OK;

  *axis = spare;
  line[strcspn(line, "#")] = 0;
  line += strspn(line, BLANKS);
  if (!*line) goto done;
  REQUIRE(axis != &spare, TARTAN_ERR_ARG, "more than %d options", APP_SWEEP_AXES);
  equal = strchr(line, '=');
  REQUIRE(equal, TARTAN_ERR_ARG, "\"%.60s\" is not of the form: name = value value ...", line);
  *equal = 0;
  TRY(read_name(command, sweep, axis, line));
  TRY(read_values(axis, equal + 1));
  sweep->axes++;
done:
  return place(axis, st);
}

/* ------------------------------------------------------------------------------------------------ the file */

/* The grid as one line, for the configuration of the result. */
static tartan_status describe(app_sweep *sweep)
{
  const size_t  size = sizeof sweep->line;
  size_t        n = 0;
  tartan_status st = TARTAN_OK;

  sweep->line[0] = 0;
  for (int a = 0; a < sweep->axes; a++) {
    n += (size_t)snprintf(sweep->line + n, size - n, "%s%s", a ? " " : "", sweep->axis[a].option->name);
    for (int i = 0; i < sweep->axis[a].count && n < size; i++)
      n += (size_t)snprintf(sweep->line + n, size - n, "%c%s", i ? ',' : '=', sweep->axis[a].value[i]);
    REQUIRE(n < size, TARTAN_ERR_ARG, "%s has more than %zu characters of names and values", app_recommend_set.sweep,
            size);
  }
done:
  return st;
}

/* How many settings there are, each of which must be possible. */
static tartan_status count(app_sweep *sweep)
{
  char          text[APP_SETTING_TEXT], message[TT_ERROR_MAX];
  tartan_status st = TARTAN_OK;

  REQUIRE(sweep->axes > 0, TARTAN_ERR_ARG, "%s names no option", app_recommend_set.sweep);
  sweep->count = 1;
  for (int a = 0; a < sweep->axes; a++) {
    sweep->count *= sweep->axis[a].count;
    REQUIRE(sweep->count <= APP_SWEEP_MOST, TARTAN_ERR_ARG, "%s makes more than %d settings", app_recommend_set.sweep,
            APP_SWEEP_MOST);
  }
  for (int64_t i = 0; i < sweep->count; i++) {
    app_sweep_set(sweep, i);
    st = app_recommend_check();
    if (st == TARTAN_OK) continue;
    snprintf(message, sizeof message, "%s", tartan_error_message());
    st = tt_fail(TARTAN_ERR_ARG, "%s: %s: %s", app_recommend_set.sweep, app_sweep_text(sweep, i, text), message);
    goto done;
  }
done:
  return st;
}

tartan_status app_sweep_read(app_run *run, const app_command *command, app_sweep *sweep)
{
  const app_recommend_settings base = app_recommend_set;
  int                          number = 1;
  tartan_status                st = TARTAN_OK, local = TARTAN_OK;

  sweep->best = -1;
  TRY(app_text_read(run, app_recommend_set.sweep, FILE_MOST, &sweep->file));
  for (char *line = sweep->file, *next; line; line = next, number++) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    TRY(read_line(command, sweep, line, number));
    app_recommend_set = base;
  }
  TRY(describe(sweep));
  TRY(count(sweep));
  app_recommend_set = base;
  sweep->outcome = tt_alloc_zero(&run->grid->memory, sweep->count, sizeof *sweep->outcome, "outcomes", &local);
  AGREE(run->grid, local);
done:
  return st;
}

void app_sweep_end(app_sweep *sweep)
{
  tt_free(sweep->outcome);
  tt_free(sweep->file);
  sweep->outcome = NULL;
  sweep->file = NULL;
}

/* ------------------------------------------------------------------------------------------------ one setting */

const char *app_sweep_value(const app_sweep *sweep, int64_t setting, int axis)
{
  for (int a = sweep->axes - 1; a > axis; a--) setting /= sweep->axis[a].count;
  return sweep->axis[axis].value[setting % sweep->axis[axis].count];
}

void app_sweep_set(const app_sweep *sweep, int64_t setting)
{
  for (int a = 0; a < sweep->axes; a++)
    (void)app_option_store(sweep->axis[a].option, app_sweep_value(sweep, setting, a)); /* all were tried before */
  app_recommend_complete();
}

const char *app_sweep_text(const app_sweep *sweep, int64_t setting, char text[APP_SETTING_TEXT])
{
  size_t n = 0;

  text[0] = 0;
  for (int a = 0; a < sweep->axes && n < APP_SETTING_TEXT; a++)
    n += (size_t)snprintf(text + n, APP_SETTING_TEXT - n, "%s%s=%s", a ? " " : "", sweep->axis[a].option->name,
                          app_sweep_value(sweep, setting, a));
  return text;
}
