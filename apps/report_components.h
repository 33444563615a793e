/**
 * @file report_components.h
 * The first components on the page: as small images where features are pixels, else as bars of the largest loadings.
 */
#ifndef APP_REPORT_COMPONENTS_H
#define APP_REPORT_COMPONENTS_H

#include <stdint.h>
#include <stdio.h>

#include <tartan/status.h>

/** What is drawn: rows over the features, each with its caption. */
typedef struct app_components {
  int64_t            count, features;
  const double      *values;             /**< [count, features] row-major */
  const double      *mean;               /**< [features] drawn first, or NULL */
  const double      *share;              /**< [count] from 0 to 1 */
  const char *const *names;              /**< [features], or NULL */
  int64_t            image[2];           /**< height, width; 0: features are no pixels */
  const char        *title, *short_name; /**< "First components", "PC" */
  const char        *colours;            /**< what the colours of images say */
} app_components;

/** Writes the section. Local. TARTAN_ERR_NOMEM. */
tartan_status app_components_write(FILE *out, const app_components *components);

#endif
