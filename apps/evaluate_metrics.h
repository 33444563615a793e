/**
 * @file evaluate_metrics.h
 * Metrics by name.
 */
#ifndef APP_EVALUATE_METRICS_H
#define APP_EVALUATE_METRICS_H

#include <tartan/ranking.h>

#define APP_METRICS_MAX 64

enum { APP_ERROR_NONE, APP_ERROR_RMSE, APP_ERROR_MAE };

/** One of a list. */
typedef struct app_metric {
  char                  name[40];
  int                   error; /**< of predictions; else it is one of lists: */
  int                   place; /**< among these */
  tartan_ranking_metric ranking;
} app_metric;

/** Metrics as they were asked for. */
typedef struct app_metrics {
  int                   count;
  app_metric            metric[APP_METRICS_MAX];
  int                   ranked; /**< those of lists */
  tartan_ranking_metric ranking[APP_METRICS_MAX];
  int64_t               longest; /**< their largest cut-off; 0 without any */
  bool                  errors;  /**< there are errors of predictions */
} app_metrics;

/**
 * Reads "recall@20,ndcg@100,rmse". Local.
 *
 * @param[in] option  its name for messages: "--metrics"
 * @retval TARTAN_ERR_ARG  the word that is wrong is named, and the nearest metric
 */
tartan_status app_metrics_read(const char *option, const char *text, app_metrics *list);

#endif
