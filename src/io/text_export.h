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

/** A number in the fewest digits that give it back. Local. @param[out] to  [32] @return its length */
int tt_format_real(double x, char *to);

/* ---- text_lists.c ---- */

/**
 * Whether a file holds lists, as `recommend topn` and `recommend similar` write them. Collective.
 *
 * @param[in]  source  "FILE.h5": where a dataset is named, that is meant and not the lists
 */
tartan_status tt_export_has_lists(tartan_grid *grid, const char *source, bool *lists);

/**
 * Writes lists as a table, a line "user,rank,item,score" (or query,...) for each item, ranks from 1, empty places left out.
 * Collective; rank 0 works.
 *
 * @param[in]  format  "csv" or "tsv"
 * @param[out] result  rows: lines; path "/items"
 * Errors as tt_export().
 */
tartan_status tt_export_lists(tartan_grid *grid, const char *file, const char *format, const char *to,
                              const tartan_io_opts *opts, tt_export_result *result);

#endif
