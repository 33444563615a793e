/**
 * @file recommend_report.h
 * The page of `tartan recommend train`, and what it shows of the ratings.
 */
#ifndef APP_RECOMMEND_REPORT_H
#define APP_RECOMMEND_REPORT_H

#include "recommend_sweep.h"

#define APP_PROFILE_BINS 64

/** How many ratings have which value. */
typedef struct app_values {
  int    bins;
  bool   single; /**< a bin for each value, in its middle */
  bool   log;    /**< edges are logarithms to base 10 */
  double from, step, low, high, count[APP_PROFILE_BINS];
} app_values;

/** How many users, or items, have how many ratings: 2^b to 2^(b + 1) - 1 in bin b. */
typedef struct app_activity {
  int     bins;
  int64_t total, none, most; /**< rows; those without a rating; the most of one */
  double  mean, count[APP_PROFILE_BINS];
} app_activity;

typedef struct app_profile {
  app_values   values;
  app_activity users, items;
} app_profile;

/** Counts the ratings that were kept, as they stand in the file. Collective. TARTAN_ERR_NOMEM. */
tartan_status app_profile_make(app_run *run, const app_recommend_data *data, app_profile *profile);

/** What a page is made from. */
typedef struct app_recommend_page {
  const app_run            *run;
  const app_recommend_data *data;
  const app_training       *training;
  const app_sweep          *sweep; /**< or NULL */
  const char               *output;
  app_profile               profile;
} app_recommend_page;

/** Writes the page. Collective; run->figures must have been measured. TARTAN_ERR_IO, TARTAN_ERR_NOMEM. */
tartan_status app_recommend_report(app_run *run, const char *path, app_recommend_page *page);

#endif
