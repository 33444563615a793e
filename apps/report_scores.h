/**
 * @file report_scores.h
 * The score plot of the page: where the samples lie in the plane of the first two components.
 */
#ifndef APP_REPORT_SCORES_H
#define APP_REPORT_SCORES_H

#include "common/page.h"
#include "pca.h"

#define APP_POINTS_MAX 5000
#define APP_CLASSES_MAX 12
#define APP_BINS_X 252
#define APP_BINS_Y 156

/** What is drawn: points where there are few samples, else counts in bins; on rank 0. */
typedef struct app_scores {
  int64_t samples;
  double  x0, x1, y0, y1;             /**< range of the two scores */
  int     classes;                    /**< 1 without labels */
  bool    ramp;                       /**< the classes are equal ranges of a number */
  double  label[APP_CLASSES_MAX + 1]; /**< of each class; with ramp: the ranges' limits */
  double *points;                     /**< [samples, 3]: two scores and a class; NULL if there are too many */
  double *bins;                       /**< [APP_BINS_Y, APP_BINS_X, classes] */
} app_scores;

/**
 * Reads the scores back from a result, all ranks a part of the rows, twice: for the range, then for the bins. Collective.
 *
 * @param[in]  output  the result file, with X_pca of two columns or more
 * @param[in]  labels  NULL, or one number per sample
 * @param[out] scores  to be given to app_scores_free(), after a failure too
 */
tartan_status app_scores_collect(app_run *run, const char *output, tt_dataset *labels, app_scores *scores);

void app_scores_free(app_scores *scores);

/** Draws the plot and its legend. Local. */
tartan_status app_scores_draw(FILE *out, const app_scores *scores, const char *x_name, const char *y_name);

#endif
