/**
 * @file inside.h
 * A command line that is run within the run of another command, on its grid: what `tartan selftest` does.
 */
#ifndef APP_INSIDE_H
#define APP_INSIDE_H

#include "common/run.h"

#define APP_INSIDE_WORDS 24
#define APP_INSIDE_TEXT 512

/** One such run. */
typedef struct app_inside {
  const app_command *command; /**< in */
  const char        *words;   /**< in: operands and options, separated by single spaces */
  char              *said;    /**< out: on rank 0 what it would have printed, to be given to free(); else NULL */
  char               error[APP_INSIDE_TEXT]; /**< out: the message of a failure, or "" */
  double             seconds;                /**< out */
} app_inside;

/**
 * Runs the command with its options at their defaults but for those of the line; afterwards all options are as they were
 * before. Nothing is printed, progress and warnings neither. Collective.
 *
 * @return what the command returned, the same on every rank
 */
tartan_status app_run_inside(app_run *run, app_inside *inside);

#endif
