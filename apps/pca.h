/**
 * @file pca.h
 * What `pca` and `pca transform` share: their input, and the page that shows a result.
 */
#ifndef APP_PCA_H
#define APP_PCA_H

#include "common/files.h"

enum { APP_SAMPLES_AUTO, APP_SAMPLES_ROWS, APP_SAMPLES_COLUMNS };

/** The data of a run, as it was understood. */
typedef struct app_pca_input {
  const char      *source;
  tt_dataset_info  info;
  tartan_operator *data;
  int64_t          m, n;
  char             text[512]; /**< "60000 samples x 784 features, ..." */
} app_pca_input;

/**
 * Opens the data of a run and prints how it was understood. Collective.
 *
 * @param[in] samples  APP_SAMPLES_...
 * Errors as tartan_operator_open().
 */
tartan_status app_pca_input_open(app_run *run, const char *source, int samples, app_pca_input *input);

/** Ends the reading. Collective. */
void app_pca_input_close(app_pca_input *input);

/**
 * What --plan prints. Local.
 *
 * @param[in] scores  one more pass is made for the scores
 * @param[in] sbatch  with a batch script for Slurm
 */
void app_pca_print_plan(const app_run *run, bool scores, bool sbatch);

/**
 * Opens the labels of the samples. Collective.
 *
 * @param[in] source  "FILE.h5:/path" of a dataset with one number per sample
 * @retval TARTAN_ERR_INPUT  there are not m labels; otherwise as tt_dataset_open()
 */
tartan_status app_pca_labels_open(app_run *run, const char *source, int64_t m, tt_dataset **labels);

/** A model, its data and options, for the page. */
typedef struct app_pca_result {
  const app_pca_input   *input;
  const char            *output;
  tartan_pca_values      values;
  const tartan_pca_info *info;
  bool                   scores;        /**< X_pca is in the output */
  double                 inverse_error; /**< negative: not asked for */
  int64_t                image[2];      /**< height, width; 0: features are no pixels */
  tt_dataset            *labels;        /**< a number per sample that colours the scores, or NULL */
  const char            *labels_name;
} app_pca_result;

/**
 * Writes the page. Collective: all ranks read the scores back.
 *
 * @param[in] path  of the HTML file
 * @retval TARTAN_ERR_IO     the page cannot be written
 */
tartan_status app_pca_report(app_run *run, const char *path, const app_pca_result *result);

#endif
