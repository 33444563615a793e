/**
 * @file dataset_probe.h
 * What rank 0 finds out about a source before any other rank comes near the file. Local.
 */
#ifndef TT_IO_DATASET_PROBE_H
#define TT_IO_DATASET_PROBE_H

#include "io/dataset.h"
#include "io/h5.h"

#define TT_TYPE_CODE_MAX 256

/** All that the other ranks need; plain bytes, to be broadcast. */
typedef struct tt_probe {
  tt_dataset_info info;
  int64_t         offset;     /* of the data of a contiguous dataset in the file; -1: only HDF5 can reach them */
  int64_t         type_bytes; /* of one element in the file */
  bool            swap;       /* bytes stand in the other order */
  bool            convert;    /* an exotic type, for H5Tconvert */
  bool            elsewhere;  /* behind an external link */
  int64_t         code_bytes;
  unsigned char   code[TT_TYPE_CODE_MAX]; /* the file's type by H5Tencode() */
} tt_probe;

/**
 * Finds the dataset that a source means, and checks all that tt_dataset_open() promises.
 *
 * @param[in] vectors  take a one-dimensional dataset as one column
 */
tartan_status tt_probe_source(const char *source, const tartan_io_opts *opts, bool vectors, tt_probe *probe);

/** Opens a dataset of an open file; links to other files are followed only if asked. Negative after a failure. */
hid_t tt_probe_open(hid_t file, const char *path, bool allow_external, hid_t access, bool *refused);

#endif
