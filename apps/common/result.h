/**
 * @file result.h
 * The frame of a command that reads HDF5 files and writes one result file: options, name, the look whether it is there
 * already, its attributes, and the last lines.
 */
#ifndef APP_RESULT_H
#define APP_RESULT_H

#include "common/files.h"
#include "common/operand.h"
#include "io/output.h"

/** The options that these commands share. */
typedef struct app_result_settings {
  const char *output;
  bool        plan, sbatch, force;
} app_result_settings;

extern app_result_settings app_result_set;

/** Their rows in an option table. @param initial  the name of the result where -o is not given, for people */
#define APP_RESULT_OPTIONS(initial)                                                                                    \
  {"output", 'o', APP_OPTION_TEXT, &app_result_set.output, "FILE.h5", initial, "result file"},                         \
      {"plan",                                                                                                         \
       0,                                                                                                              \
       APP_OPTION_FLAG,                                                                                                \
       &app_result_set.plan,                                                                                           \
       NULL,                                                                                                           \
       NULL,                                                                                                           \
       "print what would be done, and what it takes; run nothing"},                                                    \
      {"sbatch",                                                                                                       \
       0,                                                                                                              \
       APP_OPTION_FLAG,                                                                                                \
       &app_result_set.sbatch,                                                                                         \
       NULL,                                                                                                           \
       NULL,                                                                                                           \
       "with --plan: a batch script for Slurm as well"},                                                               \
  {                                                                                                                    \
    "force", 'f', APP_OPTION_FLAG, &app_result_set.force, NULL, NULL, "replace an output that exists"                  \
  }

/** The result of a run. Zero-initialise. */
typedef struct app_result {
  char path[TT_PATH_MAX]; /**< "": none is written */
  char configuration[8192];
} app_result;

/**
 * Names the result, and refuses to overwrite an input. Collective.
 *
 * @param[in]  output   of -o; NULL: made from the first source and the suffix
 * @param[in]  suffix   "pca.h5"
 * @param[in]  sources  [count] inputs; NULL ones are passed over
 * @retval TARTAN_ERR_ARG
 */
tartan_status app_result_begin(app_run *run, const char *output, const char *suffix, const char *const *sources,
                               int count, app_result *result);

/** Refuses --sbatch without --plan. Local. */
tartan_status app_result_check_options(void);

/**
 * Looks whether the result is there, says so if it is, and else tries its folder before any work. Collective.
 *
 * @param[in]  configuration  all that the result depends on
 * @param[out] done           nothing is left to do
 * @retval TARTAN_ERR_EXISTS, TARTAN_ERR_TOLERANCE  as app_result_exists()
 * @retval TARTAN_ERR_IO                            the folder is not writable
 */
tartan_status app_result_look(app_run *run, const app_notes *configuration, bool force, app_result *result, bool *done);

/**
 * Begins the file, with all that it says of its origin. Collective.
 *
 * @param[in]  format  attribute: "tartan-matmul"
 * @param[in]  own     more attributes: the inputs
 * @param[out] out     datasets can be declared
 */
tartan_status app_result_create(app_run *run, const app_result *result, const char *format, const app_notes *own,
                                tt_output **out);

/** Measures, prints where the time went, and which files were written. Collective. @param[in] dataset  may be NULL */
tartan_status app_result_end(app_run *run, const app_result *result, const char *dataset);

/**
 * Prints the plan whether it fits or not, and what would do; with a batch script where it was asked for. Collective.
 *
 * @param[in] matrices  bytes per rank beside run->plan.memory
 */
tartan_status app_result_print_plan(app_run *run, double matrices);

#endif
