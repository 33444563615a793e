/**
 * @file nmf.h
 * A non-negative factorization, for its page.
 */
#ifndef APP_NMF_H
#define APP_NMF_H

#include <tartan/nmf.h>

#include "pca.h"

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
