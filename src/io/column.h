/**
 * @file column.h
 * Columns of numbers of an HDF5 file, each rank its part.
 */
#ifndef TT_IO_COLUMN_H
#define TT_IO_COLUMN_H

#include "io/dataset.h"

/** A one-dimensional dataset, open. */
typedef struct tt_column_file {
  tartan_grid *grid;
  tt_dataset  *dataset;
  int64_t      length;
  char         name[TT_PATH_MAX + 260]; /**< "FILE:/group/user", for messages */
} tt_column_file;

/**
 * Opens the column `name` of a group. Collective. Errors as tt_dataset_open(); TARTAN_ERR_INPUT: it has several columns.
 */
tartan_status tt_column_open(tartan_grid *grid, const char *file, const char *group, const char *name,
                             const tartan_io_opts *opts, tt_column_file *column);
void          tt_column_close(tt_column_file *column);

/** Numbers first .. first + count - 1 as f64; NaN and Inf are refused with their place. Collective. */
tartan_status tt_column_reals(tt_column_file *column, int64_t first, int64_t count, double *values);

/** The same as whole numbers; others are refused with their place. Collective. */
tartan_status tt_column_integers(tt_column_file *column, int64_t first, int64_t count, int64_t *values);

/** Elements of any type as whole numbers of 64 bits; returns the first that is none, or -1. Local. */
int64_t tt_whole_numbers(tt_element element, const void *from, int64_t count, int64_t *to);

#endif
