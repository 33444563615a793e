/**
 * @file h5file.h
 * HDF5 files for tests, written by rank 0 with the serial driver, so that reading is not tested with our own writing.
 */
#ifndef TARTAN_TESTS_H5FILE_H
#define TARTAN_TESTS_H5FILE_H

#include <stdbool.h>

#include <tartan/types.h>

/** How a dataset is to be stored. Start from all zero. */
typedef struct h5_layout {
  const char *type;                   /**< "u1" "i1" "<i2" ">i2" "<u4" ">f4" "<f8" ">f8" ...; NULL: "<f8" */
  int64_t     chunk_rows, chunk_cols; /**< 0: contiguous */
  bool        deflate, shuffle;
  bool        append; /**< add to a file that exists */
} h5_layout;

/** Writes values(i, j) as a two-dimensional dataset. Collective over MPI_COMM_WORLD; a failure is a failed check. */
void h5_write(const char *file, const char *name, const h5_layout *layout, int64_t rows, int64_t cols,
              double (*value)(int64_t i, int64_t j, void *context), void *context);

/** Writes a dataset of any number of dimensions (values 0, 1, 2, ...) or, with type "string", of texts. Collective. */
void h5_write_shape(const char *file, const char *name, const char *type, int ndims, const int64_t *dims, bool append);

/** Reads a dataset of f64 with the serial driver on the calling rank; false if it is not there or of another shape. */
bool h5_read(const char *file, const char *name, int64_t rows, int64_t cols, double *values);

#endif
