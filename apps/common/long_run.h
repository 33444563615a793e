/**
 * @file long_run.h
 * Runs that take long: signals and the time limit that end them with their state in a checkpoint, where that lies, and how
 * often it is written.
 */
#ifndef APP_LONG_RUN_H
#define APP_LONG_RUN_H

#include "common/result.h"
#include "io/checkpoint.h"

/** The options that these commands share. */
typedef struct app_long_settings {
  const char *checkpoint, *resume;
  double      every, limit; /**< limit 0: the end of the job, if it is known */
} app_long_settings;

extern app_long_settings app_long_set;

/** Their rows in an option table. */
#define APP_LONG_OPTIONS                                                                                               \
  {"checkpoint",                                                                                                       \
   0,                                                                                                                  \
   APP_OPTION_TEXT,                                                                                                    \
   &app_long_set.checkpoint,                                                                                           \
   "DIR",                                                                                                              \
   "beside the output",                                                                                                \
   "folder of the state of the run, from which the same command goes on"},                                             \
      {"checkpoint-every", 0, APP_OPTION_TIME, &app_long_set.every, "TIME", "10m", "period of checkpoints"},           \
      {"resume",                                                                                                       \
       0,                                                                                                              \
       APP_OPTION_TEXT,                                                                                                \
       &app_long_set.resume,                                                                                           \
       "auto|never|FILE",                                                                                              \
       "auto",                                                                                                         \
       "auto: go on from a checkpoint if there is one; FILE: from this one"},                                          \
  {                                                                                                                    \
    "time-limit", 0, APP_OPTION_TIME, &app_long_set.limit, "TIME", "the job's own end (SLURM_JOB_END_TIME)",           \
        "stop before, with a checkpoint and exit code 75; so do SIGUSR1, SIGTERM and SIGINT"                           \
  }

/**
 * Begins: signals are caught, the end is known, and the passes of the grid keep their state beside the result. Collective.
 *
 * @param[in] result  its path and configuration, which must last until app_long_end()
 * @retval TARTAN_ERR_ARG  a name is too long, or --checkpoint names nothing
 * @retval TARTAN_ERR_IO   --checkpoint is no folder, or nothing can be made in it
 */
tartan_status app_long_begin(app_run *run, const app_result *result);

/** Ends: nothing is kept any more, and what was kept is removed, since the result is complete. Local. */
void app_long_end(app_run *run);

/** The name of a file beside the result, or in the folder of --checkpoint. Local. @param[in] suffix  ".checkpoint" */
tartan_status app_long_beside(const char *result, const char *suffix, char path[TT_PATH_MAX]);

/** Whether a file or the generation before it is there, as rank 0 sees it. Collective. */
tartan_status app_long_look_for(app_run *run, const char *path, bool *there);

/** Whether --resume is never; the file that it names, or NULL. Local. */
bool        app_long_anew(void);
const char *app_long_from(void);

#endif
