/**
 * @file io.h
 * Matrices in HDF5 files.
 *
 * A source is named "FILE.h5" or "FILE.h5:/path/of/dataset"; without a path the only numeric two-dimensional dataset
 * of the file is meant. Reading accepts every integer and float type and byte order, contiguous, chunked and
 * compressed. Writing goes to a temporary name that is renamed when complete.
 */
#ifndef TARTAN_IO_H
#define TARTAN_IO_H

#include <tartan/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How files are opened. Start from TARTAN_IO_OPTS_INIT. */
typedef struct tartan_io_opts {
  size_t             size;           /**< sizeof this struct, set by the initializer */
  bool               allow_external; /**< follow external storage, external links and virtual datasets */
  bool               allow_plugins;  /**< let HDF5 load filter plugins */
  bool               force;          /**< replace an output that exists */
  bool               transpose;      /**< the file's columns are the matrix's rows */
  const char        *mpiio_hint;     /**< "key=value,key=value" for MPI-IO when writing, or NULL */
  tartan_matrix_opts layout;         /**< of a loaded matrix */
} tartan_io_opts;

#define TARTAN_IO_OPTS_INIT                                                                                            \
  {                                                                                                                    \
    .size = sizeof(tartan_io_opts), .layout = TARTAN_MATRIX_OPTS_INIT                                                  \
  }

/**
 * Must be called, if at all, before any other use of HDF5 in the process. Local.
 *
 * Keeps HDF5 from closing files at exit, which turns a full disk into a crash, and its error stack from being printed
 * by every rank. For programs; a library user who has other HDF5 code does not need it.
 */
TARTAN_API void tartan_io_setup(void);

/**
 * Reads a dataset into a new matrix. Collective.
 *
 * @param[in]  source  "FILE.h5" or "FILE.h5:/path"
 * @param[in]  dtype   f32 or f64: values are rounded
 * @param[in]  opts    NULL for defaults
 * @param[out] A       a new matrix; NULL after a failure
 *
 * @retval TARTAN_ERR_INPUT   no such file or dataset, or several candidates (they are listed)
 * @retval TARTAN_ERR_FORMAT  not HDF5, truncated, not a numeric 2-D dataset, a filter that is missing
 * @retval TARTAN_ERR_IO      reading failed
 * @retval TARTAN_ERR_NOMEM   out of memory on some rank
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_load(tartan_grid *grid, const char *source, tartan_dtype dtype,
                                                            const tartan_io_opts *opts, tartan_matrix **A);

/**
 * Writes a matrix as a contiguous dataset of its dtype to a new file. Collective.
 *
 * The file appears under its name only when it is complete.
 *
 * @param[in] path  of the new file
 * @param[in] name  of the dataset, for example "/U"
 *
 * @retval TARTAN_ERR_EXISTS  the file exists and opts->force is not set
 * @retval TARTAN_ERR_IO      the folder is not writable, or the file system is full; nothing is left behind
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_matrix_save(const tartan_matrix *A, const char *path, const char *name,
                                                            const tartan_io_opts *opts);

#ifdef __cplusplus
}
#endif
#endif
