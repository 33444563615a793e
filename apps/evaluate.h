/**
 * @file evaluate.h
 * The parts of `tartan recommend evaluate`: what is judged, the judging, the result, the page.
 */
#ifndef APP_EVALUATE_H
#define APP_EVALUATE_H

#include <tartan/predictor.h>

#include "common/result.h"
#include "evaluate_metrics.h"
#include "io/ratings.h"
#include "item_names.h"
#include "model/ranking_impl.h"
#include "recommend_model.h"

#define APP_EVALUATE_MODELS 8
#define APP_EXAMPLES 5       /**< users whose lists are shown */
#define APP_EXAMPLE_ITEMS 10 /**< items of each */

/** The options; bound to the table of the command. */
typedef struct app_evaluate_settings {
  const char *test, *train, *fold_in, *metrics, *item_names, *report;
  double      least, confidence;
  int64_t     resamples, seed;
  int         unknown_items;
  bool        per_user;
} app_evaluate_settings;

extern app_evaluate_settings app_evaluate_set;

/** --unknown-items: not judged, or relevant items that no list can have. */
enum { APP_UNKNOWN_DROP, APP_UNKNOWN_COUNT };

/** One model. */
typedef struct app_judged {
  app_model            model;
  const char          *path;
  int64_t             *row;                    /**< [users] its own rows of them, on every rank; NULL: it has none */
  tartan_ranking_value value[APP_METRICS_MAX]; /**< of all metrics, in the order asked for */
  int64_t              users[APP_METRICS_MAX]; /**< that the value is of */
  tartan_ranking_value more[APP_METRICS_MAX];  /**< what it has more than the first model */
  double              *mean;                   /**< [ranked][resamples] */
  double              *per_user;               /**< [users here][ranked], a batch after the other */
  int64_t             *listed;                 /**< [examples][APP_EXAMPLE_ITEMS] of the examples, on every rank */
} app_judged;

/** What is judged by: users of the test file that can be served, and its entries. */
typedef struct app_evaluation {
  app_metrics    metrics;
  int            models;
  app_judged     judged[APP_EVALUATE_MODELS];
  app_item_names names;       /**< of --item-names */
  app_matched    test, other; /**< other: of --train or --fold-in, whose entries are hidden from lists */
  int64_t        items;       /**< of the models */
  int64_t        users;       /**< judged */
  int64_t       *place;       /**< [users of test] among those judged, -1: not; on every rank, as are the others */
  int64_t       *id;          /**< [users] which of the test file's each is */
  int64_t       *other_place; /**< [users of other] */
  int64_t        unknown_user, unknown_item; /**< entries of the test that no model knows the user, or the item, of */
  int64_t        strange;                    /**< users of the test that cannot be served */
  int64_t        known;                      /**< entries of the test that are judged by */
  int64_t        overlap;                    /**< test entries that are hidden as well */
  int64_t        batch, batches;             /**< users of one, and how many */
  int            examples;
  int64_t        example[APP_EXAMPLES]; /**< places of users */
} app_evaluation;

/** Reads models and ratings, finds who can be judged, and says so. Collective. */
tartan_status app_evaluate_read(app_run *run, const char *const *models, int count, app_evaluation *e);

/** Users that are judged together. */
typedef struct app_batch {
  int64_t first, users;
} app_batch;

/**
 * Test entries of a batch, as they stand in the file. Collective.
 *
 * @param[in] all  those of unknown items too, in columns behind the models' items
 */
tartan_status app_evaluate_test(app_run *run, const app_evaluation *e, bool all, app_batch batch, tartan_sparse **A);

/** The same of known items by the rules of a model's training: what it would have learned from. Collective. */
tartan_status app_evaluate_truth(app_run *run, const app_evaluation *e, const app_judged *j, tartan_sparse **A);

/** Entries that are hidden from the lists of a batch; NULL where none are. Collective. */
tartan_status app_evaluate_hidden(app_run *run, const app_evaluation *e, app_batch batch, tartan_sparse **A);

/** Users as a model serves them. */
typedef struct app_served {
  tartan_sparse   *history; /**< what the profiles were folded in from, or NULL */
  tartan_profiles *profiles;
} app_served;

/** Profiles of a batch. Collective. @param[out] served  to be given to app_evaluate_served_end(), after a failure too */
tartan_status app_evaluate_serve(app_run *run, const app_evaluation *e, const app_judged *j, app_batch batch,
                                 app_served *served);
void          app_evaluate_served_end(app_served *served);

/** Which of so many users this rank has, as profiles are dealt. Local. */
void app_evaluate_range(const app_run *run, int64_t users, int64_t *first, int64_t *count);

/** Plans: batches that the memory has room for, run->plan. Collective. */
tartan_status app_evaluate_plan(app_run *run, app_evaluation *e);

/** All models by all metrics. Collective. */
tartan_status app_evaluate_judge(app_run *run, app_evaluation *e);

/** What a user of the page had, and which of the items of each list are relevant. */
typedef struct app_example {
  int64_t history[APP_EXAMPLE_ITEMS]; /**< hidden items of the largest entries, -1: no more */
  int64_t entries, relevant;          /**< hidden, and relevant, in all */
  bool    hit[APP_EVALUATE_MODELS][APP_EXAMPLE_ITEMS];
} app_example;

/** Ids of users and items for the page. Zero-initialise. */
typedef struct app_labels {
  int64_t *user, *item; /**< numbers of all, or NULL: they are texts */
} app_labels;

/** Chooses users for the page, spread over all that are judged. Local. */
void app_evaluate_choose(app_evaluation *e);

/** What the page says of them, after the judging. Collective. @param[out] examples  [e->examples] */
tartan_status app_evaluate_examples(app_run *run, const app_evaluation *e, app_example *examples);

/** Gathers ids. Collective. @param[out] labels  to be given to app_labels_end(), after a failure too */
tartan_status app_labels_read(const app_evaluation *e, app_labels *labels);
void          app_labels_end(app_labels *labels);

/** The name of an item, or its id; the id of a user that is judged. Local. Return text, or a text that lives as long. */
const char *app_label_item(const app_evaluation *e, const app_labels *labels, int64_t item, char text[24]);
const char *app_label_user(const app_evaluation *e, const app_labels *labels, int64_t user, char text[24]);

/** The table of metrics, differences below it. Local. */
void app_evaluate_print(const app_run *run, const app_evaluation *e);

void app_evaluate_json(app_json *json, const app_evaluation *e);

/** Writes the result file. Collective. @param[in] notes  inputs */
tartan_status app_evaluate_save(app_run *run, const app_evaluation *e, const app_result *result,
                                const app_notes *notes);

/** Writes the page. Collective; run->figures must have been measured. */
tartan_status app_evaluate_report(app_run *run, const char *path, const app_evaluation *e);

void app_evaluate_end(app_evaluation *e);

#endif
