/**
 * @file file_kind.h
 * What a file is by its first bytes, so that something that is not HDF5 can be answered with the command that helps.
 */
#ifndef TT_IO_FILE_KIND_H
#define TT_IO_FILE_KIND_H

#include "base/error.h"

typedef enum tt_file_kind {
  TT_KIND_UNKNOWN,
  TT_KIND_HDF5,
  TT_KIND_EMPTY,
  TT_KIND_FOLDER,
  TT_KIND_ZARR,
  TT_KIND_IDX,
  TT_KIND_NPY,
  TT_KIND_CSV,
  TT_KIND_TSV,
  TT_KIND_TEXT,
  TT_KIND_ZIP,
  TT_KIND_NETCDF3,
  TT_KIND_PARQUET,
  TT_KIND_MATLAB5,
  TT_KIND_ARROW,
  TT_KIND_FITS,
  TT_KIND_MATRIX_MARKET,
  TT_KIND_LFS_POINTER,
  TT_KIND_HTML,
  TT_KIND_COMPRESSED,
  TT_KIND_COUNT
} tt_file_kind;

/**
 * Looks at the first bytes of a file; those inside where it is compressed by gzip. Local.
 *
 * @param[out] kind    TT_KIND_UNKNOWN after a failure
 * @param[out] gzip    whether it is compressed by gzip; may be NULL
 * @retval TARTAN_ERR_INPUT  there is no such file, or it is no regular one
 * @retval TARTAN_ERR_IO     it may not be read
 */
tartan_status tt_file_recognise(const char *path, tt_file_kind *kind, int *gzip);

/** "a Parquet file". Local. */
const char *tt_file_kind_name(tt_file_kind kind);

/**
 * TARTAN_OK if the file is there and has HDF5's signature. Local.
 *
 * @retval TARTAN_ERR_INPUT   no such file, or a folder
 * @retval TARTAN_ERR_FORMAT  something else: the message says what it seems to be and what turns it into HDF5
 * @retval TARTAN_ERR_IO      it may not be read
 */
tartan_status tt_file_examine(const char *path);

#endif
