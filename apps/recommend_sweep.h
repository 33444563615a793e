/**
 * @file recommend_sweep.h
 * Many settings in one run: the grid that a file describes, each setting's outcome, the leaderboard.
 */
#ifndef APP_RECOMMEND_SWEEP_H
#define APP_RECOMMEND_SWEEP_H

#include "recommend.h"

#define APP_SWEEP_AXES 16
#define APP_SWEEP_VALUES 64
#define APP_SWEEP_MOST 1024 /* settings */
#define APP_SWEEP_TEXT 2048 /* of the grid as one line */
#define APP_SETTING_TEXT 512

/** One option and its values. */
typedef struct app_sweep_axis {
  const app_option *option;
  int               line, count;
  const char       *value[APP_SWEEP_VALUES];
} app_sweep_axis;

/** What became of a setting. */
typedef struct app_outcome {
  int64_t setting, epochs; /**< epochs: of the model, which may be the best of more */
  double  metric, loss, rmse, mae, seconds;
  bool    failed; /**< its equations could not be solved */
} app_outcome;

/** Zero-initialise. */
typedef struct app_sweep {
  app_sweep_axis axis[APP_SWEEP_AXES];
  int            axes;
  int64_t        count, finished, best; /**< settings; best -1: none */
  const char    *metric;                /**< "loss", "rmse", "mae" */
  app_outcome   *outcome;               /**< [count], in order of settings; in order of the metric at the end */
  char          *file;                  /**< what was read; the values point into it */
  char           line[APP_SWEEP_TEXT];  /**< "factors=16,32 regularization=0.1" */
} app_sweep;

/**
 * Reads the file of --sweep: a line "name = value value ..." for each option, # begins a comment. Collective.
 *
 * @retval TARTAN_ERR_ARG    a line that cannot be; file and line are named
 * @retval TARTAN_ERR_INPUT  there is no such file, or it is too long
 */
tartan_status app_sweep_read(app_run *run, const app_command *command, app_sweep *sweep);

void app_sweep_end(app_sweep *sweep);

/** Stores the values of a setting in app_recommend_set: the last axis turns fastest. Local. */
void app_sweep_set(const app_sweep *sweep, int64_t setting);

/** "factors=16 regularization=0.1". Local. Returns text. */
const char *app_sweep_text(const app_sweep *sweep, int64_t setting, char text[APP_SETTING_TEXT]);

/** The value of one axis in a setting. Local. */
const char *app_sweep_value(const app_sweep *sweep, int64_t setting, int axis);

/**
 * Trains all settings, those that a file beside the result says are finished left out; *t is the best one. Collective.
 *
 * @retval TARTAN_ERR_INTERRUPTED  as app_recommend_epochs()
 * @retval TARTAN_ERR_CHECKPOINT   the file is of other settings or data
 * @retval TARTAN_ERR_NUMERIC      no setting could be trained
 */
tartan_status app_sweep_train(app_run *run, const app_recommend_data *data, const app_result *result, app_sweep *sweep,
                              app_training *t);

/** Removes the files beside the result, when that is written. Local. */
void app_sweep_clean(const app_run *run, const app_result *result);

/** Prints the leaderboard. Local. */
void app_sweep_print(const app_run *run, const app_recommend_data *data, const app_sweep *sweep);

/** The datasets /leaderboard/... Local. */
void app_sweep_write(tt_output *out, const app_recommend_data *data, const app_sweep *sweep, tartan_status *local);

/** The key `leaderboard` of the JSON report. Local. */
void app_sweep_json(app_json *json, const app_sweep *sweep);

#endif
