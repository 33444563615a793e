/**
 * @file io_files.h
 * Files that h5file.h cannot make: unusual HDF5 datasets, and files of other formats.
 */
#ifndef TARTAN_TESTS_IO_FILES_H
#define TARTAN_TESTS_IO_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <tartan/types.h>

/** Unusual datasets. The numeric ones are [6, 5] with the value 5 i + j. */
typedef enum io_oddity {
  IO_FLOAT16,
  IO_LONG_DOUBLE,
  IO_BFLOAT16,
  IO_INT12,
  IO_ENUM,
  IO_COMPACT,
  IO_NEVER_WRITTEN, /* reads as zeros */
  IO_FLETCHER,
  IO_SZIP, /* may be missing in the library: io_odd_file() says so */
  IO_USER_BLOCK,
  IO_SOFT_LINK, /* /link -> /X */
  IO_COMPOUND,
  IO_SCALAR,
  IO_NULL,
  IO_EMPTY,
  IO_UNKNOWN_FILTER,
  IO_EXTERNAL_DATA, /* in the file NAME.raw */
  IO_EXTERNAL_LINK, /* /link -> plain.h5:/X */
  IO_VIRTUAL,       /* of plain.h5:/X */
  IO_DECLARED_HUGE,
  IO_ANNDATA,
  IO_TENX,
  IO_NETCDF4,
  IO_MATLAB73,
  IO_ODDITIES
} io_oddity;

/** Makes such a file, with the dataset /X. Collective over MPI_COMM_WORLD; false, everywhere, if it cannot be made. */
bool io_odd_file(const char *file, io_oddity oddity);

/** Makes plain.h5 with /X, f64 [6, 5]. Collective. */
void io_plain_file(const char *file);

/** Writes bytes to a file, by gzip if asked. Collective. */
void io_bytes_file(const char *file, const void *bytes, size_t length, bool gzip);

/** Cuts a file to its first bytes; a negative length counts from its end. Collective. */
void io_cut_file(const char *file, long length);

/** Number of files in the current folder whose names contain a text; the same on every rank. Collective. */
int io_count_files(const char *part);

/** The text of the last failure contains this part. */
bool io_message_has(const char *part);

#endif
