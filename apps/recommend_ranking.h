/**
 * @file recommend_ranking.h
 * What --early-stop compares: an error of predictions, or a metric of lists over the whole catalogue.
 */
#ifndef APP_RECOMMEND_RANKING_H
#define APP_RECOMMEND_RANKING_H

#include "evaluate_metrics.h"
#include "recommend.h"

/** Reads --early-stop into app_recommend_set.early_stop. Local. @retval TARTAN_ERR_ARG  no such metric */
tartan_status app_stop_read(void);

/** The metric of lists, or NULL: it is another. Local. */
const app_metric *app_stop_metric(void);

/** "never", "rmse", "mae", "ndcg@20". Local. */
const char *app_stop_name(void);

/** Whether one value is better than another: larger for metrics of lists, else less. Local. */
bool app_stop_better(double a, double b);

/** Users with something held out: what they are judged by, and what is hidden from their lists. */
typedef struct app_held_out {
  int64_t        count; /**< of this rank */
  int64_t       *user;  /**< [count] the model's users, in the order of ranks */
  tartan_sparse *test, *seen;
} app_held_out;

/** Finds them, where a metric of lists is asked for: data->held. Collective. */
tartan_status app_held_out_make(app_run *run, app_recommend_data *data);
void          app_held_out_end(app_held_out *held);

/** The metric of a model; NaN where none is asked for. Collective. */
tartan_status app_stop_measure(const app_recommend_data *data, const tartan_predictor *p, double *value);

#endif
