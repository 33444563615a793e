/**
 * @file contents.h
 * The datasets of an HDF5 file, for messages, for choosing one, and for `tartan info`.
 */
#ifndef TT_IO_CONTENTS_H
#define TT_IO_CONTENTS_H

#include <tartan/io.h>

#include "io/place.h"

#define TT_CONTENT_DIMS 8

/** A dataset as it is stored. */
typedef struct tt_content {
  char    path[256];
  int     ndims; /**< 0: a scalar, or without any element */
  int64_t extent[TT_CONTENT_DIMS];
  int64_t chunk[TT_CONTENT_DIMS]; /**< chunk[0] = 0: not chunked */
  bool    empty;                  /**< holds no element */
  bool    numeric;                /**< integers or floats */
  char    type_name[24];          /**< "uint8", ">i4", "string", ... */
  char    filters[64];            /**< "shuffle+deflate" */
  char    missing[64];            /**< the filter that is not available, or "" */
  int64_t stored_bytes;
  char    attributes[256]; /**< "image_shape = 28, 28", each on a line */
} tt_content;

/** What a file holds. */
typedef struct tt_contents {
  char        file[TT_PATH_MAX];
  int64_t     file_bytes;
  char        attributes[8192]; /**< of the root group */
  char        dialect[24];      /**< "AnnData", "10x", "netCDF-4", "MATLAB v7.3", or "" */
  int64_t     count;            /**< datasets found, at most 10000 */
  tt_content *item;
} tt_contents;

/**
 * Lists the datasets of a file. Collective; the list is on rank 0, the other ranks have count = 0.
 *
 * @param[in]  path      of the file
 * @param[out] contents  to be given to tt_contents_free()
 * @retval TARTAN_ERR_INPUT, TARTAN_ERR_FORMAT, TARTAN_ERR_IO  as tt_dataset_open()
 */
tartan_status tt_list_datasets(tartan_grid *grid, const char *path, const tartan_io_opts *opts, tt_contents *contents);

/** Gives the list's memory back. Local. */
void tt_contents_free(tt_contents *contents);

/** Lists an open file (an HDF5 identifier). Local. */
tartan_status tt_contents_read(int64_t file, const char *path, tt_contents *contents);

/** "100 x 3, float64". Local. Returns text. */
char *tt_content_text(const tt_content *item, char *text, size_t length);

#endif
