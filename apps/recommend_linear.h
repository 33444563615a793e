/**
 * @file recommend_linear.h
 * Models of `tartan recommend train` that are fitted at once, without epochs: ease, puresvd, nmf.
 */
#ifndef APP_RECOMMEND_LINEAR_H
#define APP_RECOMMEND_LINEAR_H

#include "recommend.h"

/** What it takes. Collective. TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW of ease, with what would do. */
tartan_status app_linear_plan(const tartan_sparse *R, tartan_cost *plan);

/**
 * Fits the model, and measures it by what was held out. Collective.
 *
 * @param[out] t  a history of one entry; to be given to app_training_end(), after a failure too
 * Errors of tartan_ease(), tartan_puresvd(), tartan_recommend_nmf().
 */
tartan_status app_linear_fit(app_run *run, const app_recommend_data *data, app_training *t);

/** Lines of --plan: what is done. Local. */
void app_linear_print_plan(const app_run *run, const tartan_cost *plan, int model);

/** Attributes of the result: how the fit went. Local. */
void app_linear_note(app_notes *notes, const app_training *t);

/** What is small, in the result. Local. */
void app_linear_put(tt_output *out, const app_recommend_data *data, const app_training *t);

/** Keys of the JSON report. Local. */
void app_linear_json(app_json *json, const app_training *t);

#endif
