/*
 * tartan selftest: every command once, on small generated data, against stored values. Made for the minute after an
 * installation: it tells whether this MPI, BLAS, ScaLAPACK, HDF5 and file system work together on these ranks. Each case is
 * a command line as a user would type it, run on the grid of this one; a failure does not end the test.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "commands.h"
#include "comm/collective.h"
#include "common/files.h"
#include "common/inside.h"
#include "io/small.h"
#include "selftest.h"

#define NAME_MAX_HERE 64

static struct {
  const char *dir;
  bool        keep;
} set = {.dir = "."};

static const app_option options[] = {
    {"dir", 0, APP_OPTION_TEXT, &set.dir, "DIR", "the current folder",
     "where a folder for the test's files is made, on a file system that all ranks share"},
    {"keep", 0, APP_OPTION_FLAG, &set.keep, NULL, NULL, "leave the files there"},
    {.name = NULL},
};

/* How one case went. */
typedef struct outcome {
  double        found, seconds;
  bool          pass;
  tartan_status status;
  char          error[APP_INSIDE_TEXT];
} outcome;

typedef struct job {
  char     folder[TT_PATH_MAX]; /* made by this run; "": none */
  char     home[TT_PATH_MAX];   /* the current folder before */
  outcome *outcome;             /* [cases] */
  int      cases, failed, uncovered;
} job;

/* ------------------------------------------------------------------------------------------------ the folder */

/* Makes the folder and goes there, so that cases name files without it. Collective. */
static tartan_status enter(app_run *run, job *j)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (run->rank == 0) {
    if ((size_t)snprintf(j->folder, sizeof j->folder, "%s/tartan-selftest.%ld", set.dir, (long)getpid()) >=
        sizeof j->folder)
      local = tt_fail(TARTAN_ERR_ARG, "--dir: the name is too long");
    else if (mkdir(j->folder, 0777) != 0)
      local = tt_fail(TARTAN_ERR_IO, "cannot make the folder %s: %s; --dir names another place", j->folder,
                      strerror(errno));
    if (local != TARTAN_OK) j->folder[0] = 0;
  }
  AGREE(run->grid, local);
  TRY(tt_bcast(run->grid, j->folder, sizeof j->folder, 1, 0));
  if (!getcwd(j->home, sizeof j->home) || chdir(j->folder) != 0) {
    j->home[0] = 0;
    local = tt_fail(TARTAN_ERR_IO, "rank %d cannot enter %s: %s; --dir names a place that all ranks share", run->rank,
                    j->folder, strerror(errno));
  }
  AGREE(run->grid, local);
done:
  return st;
}

/* Removes the folder, which is this run's own, with the files in it. */
static void remove_folder(app_run *run, const char *folder)
{
  DIR                 *d = opendir(folder);
  const struct dirent *entry;

  while (d && (entry = readdir(d)))
    if (entry->d_name[0] != '.') (void)unlinkat(dirfd(d), entry->d_name, 0);
  if (d) closedir(d);
  if (rmdir(folder) != 0) tt_grid_warn(run->grid, "%s could not be removed: %s", folder, strerror(errno));
}

/* Goes back to where the program was started. */
static void leave(app_run *run, const job *j)
{
  if (j->home[0] && chdir(j->home) != 0) return;
  if (run->rank != 0 || !j->folder[0]) return;
  if (set.keep)
    app_say(run, "kept      %s\n", j->folder);
  else
    remove_folder(run, j->folder);
}

static void release(void *context)
{
  job *j = context;

  tt_free(j->outcome);
}

/* ------------------------------------------------------------------------------------------------ the cases */

/* Sum of x(i, j) / (1 + i + 2 j). Collective. */
static tartan_status weigh(app_run *run, const char *where, double *found)
{
  char          file[NAME_MAX_HERE];
  const char   *dataset = strchr(where, ':') + 1;
  double       *values = NULL;
  int64_t       rows = 0, cols = 0;
  tt_small     *small = NULL;
  tartan_status st = TARTAN_OK;

  snprintf(file, sizeof file, "%.*s", (int)(dataset - 1 - where), where);
  *found = 0;
  TRY(tt_small_open(run->grid, file, &small));
  TRY(tt_small_array(small, dataset, &values, &rows, &cols));
  for (int64_t i = 0; i < rows; i++)
    for (int64_t k = 0; k < cols; k++) *found += values[i * cols + k] / (double)(1 + i + 2 * k);
done:
  tt_free(values);
  tt_small_close(&small);
  return st;
}

/* The first number among the words of a text; NaN if there is none. */
static double first_number(const char *text)
{
  const char *const space = " \n";

  for (const char *c = text; *c; c += strspn(c, space)) {
    char        *end = NULL;
    const double value = strtod(c, &end);

    c += strcspn(c, space);
    if (end == c) return value;
  }
  return (double)NAN;
}

static double file_size(const char *name)
{
  struct stat s;

  return stat(name, &s) == 0 ? (double)s.st_size : (double)NAN;
}

/* What a case is judged by, the same on every rank. Collective. */
static tartan_status look(app_run *run, const app_case *c, const app_inside *inside, double *found)
{
  tartan_status st = TARTAN_OK;

  if (c->kind == APP_CASE_DATASET) {
    TRY(weigh(run, c->where, found));
  } else {
    if (run->rank == 0)
      *found = c->kind == APP_CASE_NUMBER  ? first_number(inside->said)
               : c->kind == APP_CASE_BYTES ? file_size(c->where)
                                           : strstr(inside->said, c->where) != NULL;
    TRY(tt_bcast(run->grid, found, 1, sizeof *found, 0));
  }
done:
  return st;
}

static void run_case(app_run *run, const app_case *c, outcome *o)
{
  const char *words[2] = {c->command, ""};
  char        both[2][32] = {"", ""};
  app_inside  inside = {.words = c->words};
  int         used;

  o->found = (double)NAN;
  if (sscanf(c->command, "%31s %31s", both[0], both[1]) == 2) {
    words[0] = both[0];
    words[1] = both[1];
  }
  o->status = app_find_command(words, 2, &used, &inside.command);
  if (o->status == TARTAN_OK) {
    o->status = app_run_inside(run, &inside);
    o->seconds = inside.seconds;
  }
  if (o->status == TARTAN_OK) o->status = look(run, c, &inside, &o->found);
  if (o->status != TARTAN_OK) snprintf(o->error, sizeof o->error, "%s", tartan_error_message());
  o->pass = o->status == TARTAN_OK && fabs(o->found - c->value) <= c->tolerance * fmax(1, fabs(c->value));
}

static void print_case(const app_run *run, const app_case *c, const outcome *o)
{
  const char *what = c->kind == APP_CASE_NUMBER ? "the number printed" : c->where;

  app_say(run, "%-16s %-30s ", c->command, what);
  if (o->status != TARTAN_OK)
    app_say(run, "FAILED: %s\n", o->error);
  else
    app_say(run, "%-22.14g %8.1e  %6.2f s  %s\n", o->found, fabs(o->found - c->value) / fmax(1, fabs(c->value)),
            o->seconds, o->pass ? "ok" : "WRONG");
  if (o->status == TARTAN_OK && !o->pass)
    app_say(run, "%-16s expected %.14g within %.0e: tartan %s %s\n", "", c->value, c->tolerance, c->command, c->words);
}

/* A command that no case runs would be a gap that nobody sees. */
static int count_uncovered(const app_run *run)
{
  int count = 0;

  for (int i = 0; app_commands[i]; i++) {
    const app_case *c = app_cases;

    if (app_commands[i] == run->command) continue;
    while (c->command && strcmp(c->command, app_commands[i]->name) != 0) c++;
    if (c->command) continue;
    app_say(run, "%-16s no case runs it\n", app_commands[i]->name);
    count++;
  }
  return count;
}

/* ------------------------------------------------------------------------------------------------ the command */

static void json_result(app_json *json, const void *context)
{
  const job *j = context;

  app_json_object(json, "result");
  app_json_count(json, "cases", j->cases);
  app_json_count(json, "failed", j->failed);
  app_json_array(json, "case");
  for (int i = 0; j->outcome && i < j->cases; i++) {
    const outcome *o = &j->outcome[i];

    app_json_object(json, NULL);
    app_json_text(json, "command", app_cases[i].command);
    app_json_text(json, "words", app_cases[i].words);
    app_json_text(json, "where", app_cases[i].where);
    app_json_number(json, "value", app_cases[i].value);
    app_json_number(json, "tolerance", app_cases[i].tolerance);
    app_json_number(json, "found", o->found);
    app_json_number(json, "seconds", o->seconds);
    app_json_text(json, "error", o->error);
    app_json_flag(json, "pass", o->pass);
    app_json_end_object(json);
  }
  app_json_end_array(json);
  app_json_end_object(json);
}

static void print_head(const app_run *run)
{
  char text[4096];

  tartan_describe(text, sizeof text);
  app_tell(run, "tartan %s on %d rank%s x %d thread%s\n%s\n", tartan_version(), run->size, TT_S(run->size),
           run->threads, TT_S(run->threads), text);
  app_tell(run, "%-16s %-30s %-22s %8s  %8s\n", "command", "compared", "value", "off by", "time");
}

static tartan_status selftest(app_run *run, const char *const *operands, int count)
{
  static job    j;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  (void)operands, (void)count;
  run->job = &j;
  run->json = json_result;
  run->release = release;
  while (app_cases[j.cases].command) j.cases++;
  j.outcome = tt_alloc_zero(&run->grid->memory, j.cases, sizeof *j.outcome, "the list of cases", &local);
  AGREE(run->grid, local);
  print_head(run);
  TRY(enter(run, &j));
  for (int i = 0; i < j.cases && !run->grid->dead; i++) {
    run_case(run, &app_cases[i], &j.outcome[i]);
    print_case(run, &app_cases[i], &j.outcome[i]);
    fflush(stdout);
    j.failed += !j.outcome[i].pass;
  }
  j.uncovered = count_uncovered(run);
  app_say(run, "%d case%s, %d failed, %.1f s\n", j.cases, TT_S(j.cases), j.failed, tt_seconds() - run->start);
  REQUIRE(j.failed == 0 && j.uncovered == 0, TARTAN_ERR_TOLERANCE,
          "selftest: %d of %d cases failed; this installation is not to be trusted with the commands named", j.failed,
          j.cases);
done:
  leave(run, &j);
  return st;
}

const app_command app_cmd_selftest = {
    .name = "selftest",
    .group = "Machine",
    .summary = "every command once against stored values: the check after an installation",
    .operands = "",
    .options = {options, app_run_options},
    .notes = "Under a minute, on any number of ranks. Exit code 4 if a case fails.\n\n"
             "Example:\n  mpirun -n 4 tartan selftest\n",
    .run = selftest,
};
