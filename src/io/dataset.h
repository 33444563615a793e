/**
 * @file dataset.h
 * A two-dimensional numeric dataset of an HDF5 file, open for reading by all ranks of a grid.
 *
 * Opening: rank 0 looks the file over with HDF5's serial driver (it exists, is HDF5, is whole, which datasets could be
 * meant, rank, type, extents, filters, external parts, declared against stored size), the verdict and the description
 * are broadcast, then every rank opens it. Reading is agreed upon after each call; dataset.c says how the bytes come.
 */
#ifndef TT_IO_DATASET_H
#define TT_IO_DATASET_H

#include <tartan/io.h>

#include "io/place.h"
#include "kernel/convert.h"

/** What is known of a dataset after opening; the same on every rank. */
typedef struct tt_dataset_info {
  char       file[TT_PATH_MAX];         /**< path of the file as given */
  char       path[256];                 /**< of the dataset in it, "/X" */
  int64_t    rows, cols;                /**< as stored, C order */
  tt_element element;                   /**< what tt_dataset_read() delivers, native byte order */
  char       type_name[24];             /**< as stored: "uint8", "float32", ">i4", "float16", ... */
  int64_t    chunk_rows, chunk_cols;    /**< 0: contiguous */
  char       filters[64];               /**< "deflate", "shuffle+deflate", "" */
  int64_t    stored_bytes;              /**< bytes that the dataset takes in the file */
  int64_t    file_bytes;                /**< size of the file */
  int64_t    file_mtime;                /**< modification time of the file, seconds since 1970 */
  int64_t    file_mtime_ns;             /**< and nanoseconds of that second */
  int64_t    image_height, image_width; /**< from an attribute image_shape [2] of the dataset; 0: none */
  bool       column_major_writer;       /**< the dataset has an attribute MATLAB_class: its rows are columns */
  bool       vector;                    /**< one-dimensional, taken as one column */
} tt_dataset_info;

typedef struct tt_dataset tt_dataset;

/**
 * How many characters of "FILE.h5:/path" name the file: up to the last colon before which there is a file, else up to
 * the last ":/". Local.
 */
size_t tt_source_file_length(const char *source);

/**
 * Opens a source for reading. Collective.
 *
 * @param[in]  source   "FILE.h5" or "FILE.h5:/path"
 * @param[in]  opts     NULL for defaults
 * @param[out] dataset  to be given to tt_dataset_close(); NULL after a failure
 *
 * @retval TARTAN_ERR_INPUT   no such file; no such dataset; none or several candidates (listed); external or virtual
 *                            storage without opts->allow_external; an empty dataset
 * @retval TARTAN_ERR_FORMAT  not HDF5 (the message says what it seems to be and which command converts it); truncated;
 *                            not 2-D; string or compound; a filter that is not available (named, with the h5repack
 *                            line that helps); a declared size over 4 GiB and more than 1000 times the stored bytes
 * @retval TARTAN_ERR_IO      the system cannot open or read it (locking: HDF5_USE_FILE_LOCKING=FALSE is named)
 */
tartan_status tt_dataset_open(tartan_grid *grid, const char *source, const tartan_io_opts *opts, tt_dataset **dataset);

/** As tt_dataset_open(), and takes a one-dimensional dataset as a matrix of one column. Collective. */
tartan_status tt_dataset_open_vector(tartan_grid *grid, const char *source, const tartan_io_opts *opts,
                                     tt_dataset **dataset);

/** Ends the reading; NULL is accepted. Collective. Sets the pointer to NULL. */
void tt_dataset_close(tt_dataset **dataset);

/** Local. */
const tt_dataset_info *tt_dataset_get_info(const tt_dataset *dataset);

/**
 * Reads a rectangle of this rank's choice, row-major, in the element type of the info. Collective; nrows or ncols may
 * be 0 on some ranks.
 *
 * @param[out] buf  [nrows, ncols]
 *
 * @retval TARTAN_ERR_IO      the system could not read on some rank; buf is undefined
 * @retval TARTAN_ERR_FORMAT  what was read is damaged: a checksum, a filter; buf is undefined
 */
tartan_status tt_dataset_read(tt_dataset *dataset, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols, void *buf);

/**
 * The same without agreement, so that ranks that stream many slabs need not wait for each other at every one. Local; a
 * failure is this rank's own, and the caller agrees when the pass is over.
 */
tartan_status tt_dataset_read_local(tt_dataset *dataset, int64_t row0, int64_t nrows, int64_t col0, int64_t ncols,
                                    void *buf);

/**
 * Asks the kernel to bring a rectangle's bytes into memory, without waiting. Local; never fails. For contiguous and
 * chunked storage, whole rows only (nothing happens for others).
 */
void tt_dataset_prefetch(tt_dataset *dataset, int64_t row0, int64_t nrows);

#endif
