/**
 * @file text_import.h
 * Turning other formats into HDF5: IDX, CSV, TSV and .npy, each also compressed by gzip.
 */
#ifndef TT_IO_TEXT_IMPORT_H
#define TT_IO_TEXT_IMPORT_H

#include <tartan/io.h>

#include "kernel/convert.h"

/** What is asked of an import; zero-initialised: the defaults. */
typedef struct tt_import_opts {
  const char *format;    /**< "idx", "csv", "tsv", "npy", or NULL: by the first bytes */
  const char *id_column; /**< of a table: the column that holds names of the samples; its name, or its number from 1 */
  const char *skip_columns; /**< of a table: columns to be left out, "name,name,3"; NULL: none */
  bool        force;        /**< replace a file that exists */
} tt_import_opts;

/** What came of an import; the same on every rank. */
typedef struct tt_import_result {
  char       format[8]; /**< "idx", "csv", "tsv" or "npy" */
  bool       gzip;      /**< the source was compressed */
  int64_t    rows, cols;
  tt_element element;
  int64_t    image_height, image_width; /**< of a source with three dimensions; 0: none */
  int64_t    names;                     /**< feature names that were found and written to /feature_names */
  int64_t    samples;                   /**< sample names that were written to /sample_names */
  int64_t    missing;                   /**< empty or NA cells of a table, written as NaN */
} tt_import_result;

/**
 * Writes a table or array as the dataset /X of a new HDF5 file. Collective; rank 0 reads, in pieces.
 *
 * /X is contiguous, [samples, features]. An array of one dimension becomes one column; of an array of more, the later
 * dimensions become features, with the attribute image_shape [2] where there are three. Element types are kept, except
 * that float16 becomes f32, wider floats f64, and the numbers of a table are f64. A table's first line is taken as
 * feature names if it has a cell that is no number (among the columns that are kept, unless a
 * column is asked for by its name); lines that are empty or begin with # are passed over. The file
 * appears under its name only when it is complete.
 *
 * @param[in]  from    path of the source
 * @param[in]  to      path of the new file
 * @param[in]  opts    NULL for defaults
 * @param[out] result  not NULL
 *
 * @retval TARTAN_ERR_ARG     an unknown format, a column that is not there, or none that is left
 * @retval TARTAN_ERR_INPUT   no such source; it holds no element
 * @retval TARTAN_ERR_FORMAT  it is not of that format, is cut off, or a cell is no number (file, line and column named)
 * @retval TARTAN_ERR_EXISTS, TARTAN_ERR_IO  as tt_output_create() and tt_output_open(); nothing is left behind
 */
tartan_status tt_import(tartan_grid *grid, const char *from, const char *to, const tt_import_opts *opts,
                        tt_import_result *result);

#endif
