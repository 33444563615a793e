/**
 * @file recommend.h
 * The parts of `tartan recommend train`: reading and splitting ratings, the epochs, the model file.
 */
#ifndef APP_RECOMMEND_H
#define APP_RECOMMEND_H

#include <signal.h>

#include <tartan/recommend.h>

#include "common/result.h"
#include "io/ratings.h"
#include "model/split.h"

/** The options; bound to the table of the command. */
typedef struct app_recommend_settings {
  int         model, solver, confidence, form, dtype, duplicates, split, early_stop, resume;
  int64_t     factors, iterations, steps, leave, patience, seed;
  double      regularization, exponent, unobserved, alpha, damping, init_stddev, fraction, least;
  double      checkpoint_every, time_limit;
  bool        no_bias, binarize, nonnegative;
  const char *validation, *checkpoint, *sweep, *report;
} app_recommend_settings;

extern app_recommend_settings app_recommend_set;

enum { APP_RESUME_AUTO, APP_RESUME_NEVER };
enum { APP_STOP_NEVER, APP_STOP_RMSE, APP_STOP_MAE };

/** Ratings, and what they became. */
typedef struct app_recommend_data {
  tt_ratings     ratings;
  tt_ratings     others; /**< of --validation */
  bool           has_others;
  int64_t        kept;                  /**< ratings that were not dropped by --min-rating */
  tartan_sparse *train;                 /**< [users, items] */
  tartan_sparse *validation;            /**< or NULL */
  int64_t        unknown;               /**< of --validation: of users or items that the ratings do not have */
  int64_t        cold;                  /**< those of them that are on this rank */
  int64_t       *cold_user, *cold_item; /**< [cold] index, or -1 */
  double        *cold_rating;           /**< [cold] */
} app_recommend_data;

/** Reads and prints how the data was understood. Collective. */
tartan_status app_recommend_read(app_run *run, const char *source, app_recommend_data *data);

/** How ratings were understood, as a line. Local. Returns text. */
const char *app_ratings_text(const tt_ratings *ratings, char *text, size_t length);

/** Drops, splits, and makes the sparse matrices. Collective. */
tartan_status app_recommend_split(app_run *run, app_recommend_data *data);

void app_recommend_data_end(app_recommend_data *data);

/**
 * Sums of squared and absolute errors for validation entries of unknown users or items, whose scores have only the mean and
 * the bias that is known; the same for all epochs. Collective. @param[out] sums  [2]
 */
tartan_status app_recommend_cold(app_run *run, const app_recommend_data *data, const tartan_recommender *model,
                                 double sums[2]);

/** One epoch of the history. */
typedef struct app_epoch {
  double epoch, loss, rmse, mae, seconds;
} app_epoch;

/** The epochs of a run. */
typedef struct app_training {
  tartan_recommender    *model;
  tartan_recommend_epoch last;
  app_epoch             *history; /**< [iterations] */
  int64_t                epochs, best;
  bool                   stopped; /**< early */
  bool                   resumed;
  double                 planned[2];       /**< words of the first epoch of this run, and of each other */
  double                 predicted, moved; /**< words of the epochs of this run */
  int64_t part, parts;       /**< which setting of how many this is; parts 0: the only one, whose epochs are printed */
  double  cold[2];           /**< of app_recommend_cold() */
  char    file[TT_PATH_MAX]; /**< of the checkpoint */
} app_training;

/**
 * Trains from where a checkpoint is, or from the start, to the last epoch. Collective.
 *
 * @retval TARTAN_ERR_INTERRUPTED  a signal or the time limit: the state is in the checkpoint
 */
tartan_status app_recommend_epochs(app_run *run, const app_recommend_data *data, const char *result, app_training *t);

/** Ends a training: model and history. Local. */
void app_training_end(app_training *t);

/** Puts the model and its history into a file, and takes them up again from there. Collective. Errors of checkpoints. */
tartan_status app_recommend_put(app_run *run, const app_training *t, const char *path);
tartan_status app_recommend_take(app_run *run, const app_recommend_data *data, const char *path, app_training *t);

/** Whether a signal came or the time is up, on any rank. Collective. @param[in] last  seconds of the last epoch */
tartan_status app_recommend_interrupted(app_run *run, double last, bool *stop);

/** "a signal" or "the time limit". Local. */
const char *app_recommend_interruption(void);

/** What is compared: the squared or absolute error of what was held out, by --early-stop, else the loss. Local. */
const char *app_recommend_metric_name(const app_recommend_data *data);
double      app_recommend_metric(const app_recommend_data *data, const app_epoch *epoch);

/** The name of a file beside the result, or in the folder of --checkpoint. Local. @param[in] suffix  ".checkpoint" */
tartan_status app_recommend_beside(const char *result, const char *suffix, char path[TT_PATH_MAX]);

/** Whether the file is there, as rank 0 sees it. Collective. */
tartan_status app_recommend_look_for(app_run *run, const char *path, bool *there);

/** Lets SIGUSR1, SIGTERM and SIGINT end an epoch loop with a checkpoint. Local. */
void app_recommend_catch_signals(void);

struct app_sweep;

/** Writes the model file. Collective. @param[in] sweep  NULL: there was none */
tartan_status app_recommend_save(app_run *run, const app_result *result, const app_recommend_data *data,
                                 const app_training *t, const struct app_sweep *sweep);

/** Every option that the result depends on. Local. */
void app_recommend_note(app_notes *notes);

/** Names, sizes and times of the files that were read. Local. */
void app_recommend_note_inputs(app_notes *notes, const app_recommend_data *data);

/** The options of the library. Local. */
tartan_recommend_opts app_recommend_opts(void);

/** Whether the options are in range. Local. */
tartan_status app_recommend_check(void);

#endif
