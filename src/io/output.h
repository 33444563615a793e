/**
 * @file output.h
 * A result file that is written under a temporary name beside its place and renamed when complete.
 *
 * Everything small is kept in memory until tt_output_create() of the file, large datasets are declared with their
 * shape. At tt_output_open() rank 0 makes the file with HDF5's serial driver (early allocation, never fill), writes
 * what is small, closes it and reserves its whole length with posix_fallocate, so that a full disk is found while it
 * can still be answered; then all ranks reopen it and write large datasets collectively. tt_output_commit() closes,
 * agrees, marks it complete, syncs, renames, syncs the folder. Whatever fails, no file is left behind.
 */
#ifndef TT_IO_OUTPUT_H
#define TT_IO_OUTPUT_H

#include <tartan/io.h>

#include "kernel/convert.h"

typedef struct tt_output tt_output;

/**
 * Begins a result. Collective; nothing is written to disk yet, but the folder is tried.
 *
 * @param[in]  path   final name of the file
 * @param[in]  force  replace a file that exists
 * @retval TARTAN_ERR_EXISTS  the file exists and force is not set
 * @retval TARTAN_ERR_IO      the folder does not exist or is not writable
 */
tartan_status tt_output_create(tartan_grid *grid, const char *path, bool force, tt_output **out);

/*
 * What is small, given on rank 0 (calls on other ranks do nothing) and copied. Failures are kept and returned by
 * tt_output_open(). `object` is "/", a declared dataset, a small one that was given before, or a group; missing groups
 * in a name are made.
 */
void tt_output_text(tt_output *out, const char *object, const char *attribute, const char *value);
void tt_output_integer(tt_output *out, const char *object, const char *attribute, int64_t value);
void tt_output_real(tt_output *out, const char *object, const char *attribute, double value);

/** A dataset of f64 values [rows, cols] row-major; cols = 0: one-dimensional; rows = cols = 0: a scalar. */
void tt_output_array(tt_output *out, const char *name, int64_t rows, int64_t cols, const double *values);

/** A scalar dataset holding one integer, or one UTF-8 text. */
void tt_output_count(tt_output *out, const char *name, int64_t value);
void tt_output_string(tt_output *out, const char *name, const char *value);

/** One-dimensional datasets of f64 values and of integers; count may be 0. */
void tt_output_vector(tt_output *out, const char *name, int64_t count, const double *values);
void tt_output_counts(tt_output *out, const char *name, int64_t count, const int64_t *values);

/** A one-dimensional dataset of complex numbers, the compound {r, i}. @param[in] values  [count] pairs */
void tt_output_pairs(tt_output *out, const char *name, int64_t count, const double *values);

/** A one-dimensional dataset of UTF-8 texts. */
void tt_output_strings(tt_output *out, const char *name, int64_t count, const char *const *values);

/** A two-dimensional one, row-major; cols 1 or more. */
void tt_output_string_table(tt_output *out, const char *name, int64_t rows, int64_t cols, const char *const *values);

/** A numeric attribute with several values, kept as integers. */
void tt_output_integers(tt_output *out, const char *object, const char *attribute, int64_t count,
                        const int64_t *values);

/** Hints for MPI-IO, "key=value,key=value"; NULL: none. Same on all ranks; before tt_output_open(). */
void tt_output_hint(tt_output *out, const char *hint);

/**
 * Declares a large dataset [rows, cols] of f32 or f64, to be written by tt_output_rows(). Same on all ranks.
 */
void tt_output_declare(tt_output *out, const char *name, tartan_dtype dtype, int64_t rows, int64_t cols);

/** As tt_output_declare(), of any element type. */
void tt_output_declare_element(tt_output *out, const char *name, tt_element element, int64_t rows, int64_t cols);

/** As tt_output_declare_element(), of one dimension: [count]. Its elements are rows of one column to tt_output_rows(). */
void tt_output_declare_line(tt_output *out, const char *name, tt_element element, int64_t count);

/** As tt_output_declare(), of complex numbers: the compound {r, i}, in memory pairs of the dtype. */
void tt_output_declare_complex(tt_output *out, const char *name, tartan_dtype dtype, int64_t rows, int64_t cols);

/**
 * Makes the file, writes all that is small, reserves the disk. Collective.
 *
 * @retval TARTAN_ERR_IO  the file system is full (with what is needed and free) or failed
 */
tartan_status tt_output_open(tt_output *out);

/**
 * Writes rows row0 .. row0 + nrows - 1 of a declared dataset, row-major, of its type. Collective; nrows may be 0.
 *
 * @retval TARTAN_ERR_IO  writing failed on some rank
 */
tartan_status tt_output_rows(tt_output *out, const char *name, int64_t row0, int64_t nrows, const void *buf);

/**
 * Another value for a scalar dataset that was given to tt_output_array(), known only when the large ones are written.
 * Local; one for each output; written by tt_output_commit().
 *
 * @param[in] name  must live as long as the output
 */
void tt_output_amend(tt_output *out, const char *name, double value);

/**
 * Makes the file appear under its name, with the root attribute complete = 1, and ends the output. Collective.
 *
 * @retval TARTAN_ERR_IO  it could not be made durable; nothing is left behind
 */
tartan_status tt_output_commit(tt_output **out);

/** The final name of the file. Local. */
const char *tt_output_path(const tt_output *out);

/** Ends an output that is not to be: removes the temporary file. NULL is accepted. Collective. */
void tt_output_discard(tt_output **out);

#endif
