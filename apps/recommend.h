/**
 * @file recommend.h
 * The parts of `tartan recommend train`: its options, reading and splitting ratings, the epochs, the model file.
 */
#ifndef APP_RECOMMEND_H
#define APP_RECOMMEND_H

#include <tartan/linear_models.h>

#include "common/long_run.h"
#include "io/ratings.h"
#include "model/split.h"

/** The options; bound to the table of the command. */
typedef struct app_recommend_settings {
  int         model, solver, confidence, form, dtype, duplicates, split, early_stop;
  int64_t     factors, iterations, steps, leave, patience, seed;
  double      regularization, tolerance, exponent, unobserved, alpha, damping, init_stddev, fraction, least;
  bool        no_bias, binarize, nonnegative;
  const char *validation, *sweep, *report, *stop; /**< stop: what --early-stop says */
  struct {
    int64_t factors, iterations;       /**< -1: not given */
    double  regularization, tolerance; /**< NaN: not given */
  } asked;                             /**< what models have different defaults for; app_recommend_complete() */
} app_recommend_settings;

extern app_recommend_settings app_recommend_set;

enum { APP_STOP_NEVER, APP_STOP_RMSE, APP_STOP_MAE, APP_STOP_RANKING };

struct app_held_out;

/** Ratings, and what they became. */
typedef struct app_recommend_data {
  tt_ratings           ratings;
  tt_ratings           others; /**< of --validation */
  bool                 has_others;
  int64_t              kept;                  /**< ratings that were not dropped by --min-rating */
  tartan_sparse       *train;                 /**< [users, items] */
  tartan_sparse       *validation;            /**< or NULL */
  int64_t              unknown;               /**< of --validation: of users or items that the ratings do not have */
  int64_t              cold;                  /**< those of them that are on this rank */
  int64_t             *cold_user, *cold_item; /**< [cold] index, or -1 */
  double              *cold_rating;           /**< [cold] */
  struct app_held_out *held;                  /**< for metrics of lists, or NULL: see recommend_ranking.h */
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
  double ranking; /**< the metric of lists of --early-stop, or NaN */
} app_epoch;

/** The epochs of a run; of a model without any a single one. */
typedef struct app_training {
  tartan_recommender    *model;
  tartan_predictor      *linear; /**< in its place, of a model without epochs */
  double                *values; /**< [factors] singular values of puresvd */
  tartan_topk_info       topk;   /**< of puresvd */
  tartan_nmf_info        nmf;
  tartan_recommend_epoch last;
  app_epoch             *history; /**< [iterations] */
  int64_t                epochs, best;
  bool                   stopped; /**< early */
  bool                   resumed;
  double                 planned[2];       /**< words of the first epoch of this run, and of each other */
  double                 predicted, moved; /**< words of the epochs of this run */
  double                 ran, seconds;     /**< epochs of this run, and what they took */
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

/** Adds what cannot be scored to the errors of the entries that can: t->cold. Local. */
void app_recommend_add_cold(const app_recommend_data *data, const app_training *t, app_epoch *e);

/** Ends a training: model and history. Local. */
void app_training_end(app_training *t);

/** Puts the model and its history into a file, and takes them up again from there. Collective. Errors of checkpoints. */
tartan_status app_recommend_put(app_run *run, const app_training *t, const char *path);
tartan_status app_recommend_take(app_run *run, const app_recommend_data *data, const char *path, app_training *t);

/** What is compared: the squared or absolute error of what was held out, by --early-stop, else the loss. Local. */
const char *app_recommend_metric_name(const app_recommend_data *data);
double      app_recommend_metric(const app_recommend_data *data, const app_epoch *epoch);

struct app_sweep;

/** Writes the model file. Collective. @param[in] sweep  NULL: there was none */
tartan_status app_recommend_save(app_run *run, const app_result *result, const app_recommend_data *data,
                                 const app_training *t, const struct app_sweep *sweep);

/** Whether the model of the settings is one without epochs that weighs or factors at once: ease, puresvd, nmf. Local. */
bool app_recommend_is_linear(void);

/** Every option that the result depends on. Local. */
void app_recommend_note(app_notes *notes);

/** Names, sizes and times of the files that were read. Local. */
void app_recommend_note_inputs(app_notes *notes, const app_recommend_data *data);

/** Fills the settings that were not asked for with what the model takes. Local. */
void app_recommend_complete(void);

/** Makes what was filled in what was asked for: what reports of the options show. Local. */
void app_recommend_settle(void);

/** "ials". Local. */
const char *app_recommend_model_name(void);

/** The options of the library. Local. */
tartan_recommend_opts app_recommend_opts(void);

/** Whether the options are in range. Local. */
tartan_status app_recommend_check(void);

#endif
