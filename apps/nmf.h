/**
 * @file nmf.h
 * What a non-negative factorization reads, and its page.
 */
#ifndef APP_NMF_H
#define APP_NMF_H

#include <tartan/nmf.h>

#include "pca.h"

/**
 * Opens the data of a run and prints how it was understood. Collective.
 *
 * @param[in]  samples  APP_SAMPLES_...
 * @param[out] sparse   what input->data refers to, where the source is a sparse matrix (`data`, `indices`, `indptr`) or
 *                      ratings (`user`, `item`, `rating`): to be destroyed after it; else NULL
 * Errors as tartan_operator_open(), tt_ratings_read().
 */
tartan_status app_nmf_input_open(app_run *run, const char *source, int samples, app_pca_input *input,
                                 tartan_sparse **sparse);

/** A non-negative factorization, for its page. */
typedef struct app_nmf_result {
  const app_pca_input   *input;
  const char            *output, *start; /**< of the iteration, for people */
  const tartan_matrix   *W, *H;
  int64_t                k;
  const tartan_nmf_info *info;
  const double          *loss;     /**< [iterations] */
  int64_t                image[2]; /**< height, width; 0: features are no pixels */
} app_nmf_result;

/** Writes the page. Collective. TARTAN_ERR_NOMEM, TARTAN_ERR_IO. @param path  of the HTML file */
tartan_status app_nmf_report(app_run *run, const char *path, const app_nmf_result *result);

#endif
