/**
 * @file text_export.h
 * Turning a dataset of an HDF5 file into CSV, TSV or NumPy's .npy.
 */
#ifndef TT_IO_TEXT_EXPORT_H
#define TT_IO_TEXT_EXPORT_H

#include <tartan/io.h>

#include "kernel/convert.h"

/** What came of an export; the same on every rank. */
typedef struct tt_export_result {
  char       format[8]; /**< "csv", "tsv" or "npy" */
  char       path[256]; /**< of the dataset that was written */
  int64_t    rows, cols;
  tt_element element;
  int64_t    names; /**< feature names written as the first line */
  int64_t    bytes; /**< of the new file */
} tt_export_result;

/**
 * Writes a dataset to a file for other programs. Collective; rank 0 works, in slabs of rows.
 *
 * Text has as many digits as give the same number again, no more; a vector becomes one column. Names that the file
 * keeps in /feature_names become the first line if there are as many as columns. .npy is of version 1, in C order and
 * in this machine's byte order. The file appears under its name only when it is complete.
 *
 * @param[in]  source  "FILE.h5" or "FILE.h5:/path"
 * @param[in]  format  "csv", "tsv", "npy", or NULL: by the ending of `to`
 * @param[in]  opts    NULL for defaults; `force` replaces a file that exists
 * @param[out] result  not NULL
 *
 * @retval TARTAN_ERR_ARG  an unknown format
 * @retval TARTAN_ERR_INPUT, TARTAN_ERR_FORMAT, TARTAN_ERR_IO  as tt_dataset_open(); nothing is left behind
 * @retval TARTAN_ERR_EXISTS  the file exists
 */
tartan_status tt_export(tartan_grid *grid, const char *source, const char *format, const char *to,
                        const tartan_io_opts *opts, tt_export_result *result);

#endif
