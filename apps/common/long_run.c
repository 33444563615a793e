/*
 * A signal only sets a flag; loops ask for it where their state is whole. The clock of rank 0 decides about time: a few
 * seconds and twice what lies ahead are left before the end, so that the state can be written.
 */
#include "common/long_run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/root.h"

#define MARGIN 5.0 /* seconds */

app_long_settings app_long_set = {.every = 600};

static struct {
  double        deadline; /* of tt_seconds(); 0: none */
  char          path[TT_PATH_MAX];
  tt_checkpoint checkpoint;
} state;

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
  caught = number;
}

/* Seconds until the end of the job that this is, as the scheduler has told; 0: it has not. */
static double job_seconds(void)
{
  const char *text = getenv("SLURM_JOB_END_TIME");
  double      end = 0;

  if (!text || !app_parse_real(text, &end) || end <= 0) return 0;
  end -= (double)time(NULL);
  return end > 0 ? end : 1e-9; /* it is over: stop at once */
}

/* Catches the signals, and learns when the run must end. */
static void watch(const app_run *run)
{
  static const int signals[] = {SIGUSR1, SIGTERM, SIGINT};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  const double     left = job_seconds();

  for (int i = 0; i < 3; i++) sigaction(signals[i], &action, NULL);
  state.deadline = app_long_set.limit > 0 ? run->start + app_long_set.limit : left > 0 ? tt_seconds() + left : 0;
}

/* What this rank has been told, and what rank 0 sees on its clock. */
static tt_asked stop(void *context, double ahead)
{
  const app_run *run = context;
  const bool     late = state.deadline > 0 && tt_seconds() + 2 * ahead + MARGIN > state.deadline;

  if (caught) return TT_ASKED_BY_SIGNAL;
  return run->rank == 0 && late ? TT_ASKED_BY_CLOCK : TT_ASKED_NOTHING;
}

bool app_long_anew(void)
{
  return app_long_set.resume && strcmp(app_long_set.resume, "never") == 0;
}

const char *app_long_from(void)
{
  const char *text = app_long_set.resume;

  return !text || app_long_anew() || strcmp(text, "auto") == 0 ? NULL : text;
}

tartan_status app_long_beside(const char *result, const char *suffix, char path[TT_PATH_MAX])
{
  const char *base = strrchr(result, '/');
  int         n;

  if (app_long_set.checkpoint)
    n = snprintf(path, TT_PATH_MAX, "%s/%s%s", app_long_set.checkpoint, base ? base + 1 : result, suffix);
  else
    n = snprintf(path, TT_PATH_MAX, "%s%s", result, suffix);
  return n < TT_PATH_MAX ? TARTAN_OK : tt_fail(TARTAN_ERR_ARG, "the name of the checkpoint is too long");
}

tartan_status app_long_look_for(app_run *run, const char *path, bool *there)
{
  char          older[TT_PATH_MAX + 2];
  int64_t       missing;
  tartan_status st = TARTAN_OK;

  snprintf(older, sizeof older, "%s.1", path);
  missing = run->rank != 0 || (access(path, F_OK) != 0 && access(older, F_OK) != 0);
  st = tt_agree_least(run->grid, &missing);
  *there = missing == 0;
  return st;
}

static void tell(void *context, const char *text)
{
  app_tell(context, "goes on %s, from %s\n", text, app_long_from() ? app_long_from() : state.path);
}

/* Whether --checkpoint names a folder that files can be made in: not found out only when the state is to be written. */
static tartan_status check_folder(const char *folder)
{
  struct stat s;

  if (!*folder) return tt_fail(TARTAN_ERR_ARG, "--checkpoint: no folder is named");
  if (stat(folder, &s) != 0) return tt_fail_errno("--checkpoint: cannot use", folder);
  if (!S_ISDIR(s.st_mode)) return tt_fail(TARTAN_ERR_IO, "--checkpoint: %s is a file; name a folder", folder);
  if (access(folder, W_OK | X_OK) != 0) return tt_fail_errno("--checkpoint: cannot write in", folder);
  return TARTAN_OK;
}

tartan_status app_long_begin(app_run *run, const app_result *result)
{
  const char   *folder = app_long_set.checkpoint;
  tartan_status st = TARTAN_OK;

  TRY(app_long_beside(result->path, ".checkpoint", state.path));
  if (folder) TRY(tt_root_verdict(run->grid, run->rank == 0 ? check_folder(folder) : TARTAN_OK));
  watch(run);
  state.checkpoint = (tt_checkpoint){.path = state.path,
                                     .configuration = result->configuration,
                                     .resume = !app_long_anew(),
                                     .from = app_long_from(),
                                     .every = app_long_set.every,
                                     .saved = tt_seconds(),
                                     .stop = stop,
                                     .tell = tell,
                                     .context = run};
  run->grid->checkpoint = &state.checkpoint;
done:
  return st;
}

void app_long_end(app_run *run)
{
  run->grid->checkpoint = NULL;
  if (run->rank == 0 && *state.path) tt_checkpoint_remove(state.path);
  state.path[0] = 0;
}
