/**
 * @file result.h
 * The frame of a command that reads HDF5 files and writes one result file: options, name, the look whether it is there
 * already, its attributes, and the last lines.
 */
#ifndef APP_RESULT_H
#define APP_RESULT_H

#include "common/files.h"
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
  char configuration[4096];
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

/** Prints the plan of a command that reads one file once, with a batch script where it was asked for. Local. */
void app_result_print_plan(const app_run *run);

/** A matrix in a file, as an operand. Zero-initialise. */
typedef struct app_operand {
  tartan_operator       *data; /**< its rows are the dataset's rows, turned or not */
  const tt_dataset_info *info;
  bool                   turned; /**< the dataset holds the transpose: MATLAB wrote it */
  int64_t                m, n;   /**< as a matrix */
} app_operand;

/**
 * Opens a matrix and prints how it was understood: "A  4000 x 300, float32, from a.h5:/X". Collective.
 *
 * @param[in] name  "A", or "" for a command with one operand
 * @param[in] note  "" or what follows: ", taken transposed"
 * Errors as tartan_operator_open().
 */
tartan_status app_operand_open(app_run *run, const char *name, const char *source, const char *note,
                               app_operand *operand);

/** Ends the reading. Collective. */
void app_operand_close(app_operand *operand);

/** f32 where the file has it, else f64. Local. */
tartan_dtype app_operand_dtype(const app_operand *operand);

#endif
