/**
 * @file text_column.h
 * A stretch of a one-dimensional dataset of texts, read by one rank with HDF5's serial driver.
 */
#ifndef TT_IO_TEXT_COLUMN_H
#define TT_IO_TEXT_COLUMN_H

#include "base/memory.h"

/** Texts that were read, each with its address. Zero-initialise. */
typedef struct tt_text_column {
  int64_t      count;
  char        *characters; /**< one behind the other, each with its zero */
  int64_t      used, room;
  const char **text; /**< [count] */
} tt_text_column;

/**
 * Reads texts first .. first + count - 1. Local. Of a table [rows, cols] whole rows, first and count by its texts.
 *
 * @param[in]     path    of the file
 * @param[in]     name    of the dataset, which is known to be one of texts
 * @param[in,out] column  to be given to tt_text_column_free(), after a failure too
 * @retval TARTAN_ERR_IO, TARTAN_ERR_FORMAT, TARTAN_ERR_NOMEM
 */
tartan_status tt_text_column_read(tt_memory *mem, const char *path, const char *name, int64_t first, int64_t count,
                                  tt_text_column *column);
void          tt_text_column_free(tt_text_column *column);

#endif
