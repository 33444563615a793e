/**
 * @file report_components.h
 * The first components on the page: as small images where features are pixels, else as bars of the largest loadings.
 */
#ifndef APP_REPORT_COMPONENTS_H
#define APP_REPORT_COMPONENTS_H

#include "pca.h"

/** Writes the section. Local. TARTAN_ERR_NOMEM. */
tartan_status app_components_write(FILE *out, const app_pca_result *result);

#endif
