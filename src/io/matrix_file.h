/**
 * @file matrix_file.h
 * Between matrices and open files: reading into a matrix that exists, writing one among other things of a result, and a
 * transpose from file to file that needs no matrix.
 */
#ifndef TT_IO_MATRIX_FILE_H
#define TT_IO_MATRIX_FILE_H

#include "io/dataset.h"
#include "io/output.h"

/**
 * Reads a dataset into a matrix of its shape, in any layout. Collective.
 *
 * @param[in]     transpose  the file's columns are the matrix's rows
 * @param[in,out] A          values are rounded to its dtype; undefined after a failure
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID  the dataset does not fit A, which is unchanged
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO, TARTAN_ERR_FORMAT
 */
tartan_status tt_matrix_load_into(tt_dataset *dataset, bool transpose, tartan_matrix *A);

/**
 * Writes a matrix to a dataset that was declared with its shape and dtype. Collective.
 *
 * @param[in] transposed  the file gets A'
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
tartan_status tt_output_matrix(tt_output *out, const char *name, const tartan_matrix *A, bool transposed);

/** The same of the real and imaginary parts of a complex matrix, declared by tt_output_declare_complex(). Collective. */
tartan_status tt_output_complex(tt_output *out, const char *name, const tartan_matrix *re, const tartan_matrix *im);

/** Bytes per rank that reading or writing [rows, cols] takes beside the matrix, at most. Local. */
int64_t tt_matrix_file_bytes(const tartan_grid *grid, int64_t rows, int64_t cols);

/** A transpose from file to file: how many columns of the source each round takes, over all ranks. */
typedef struct tt_turn_plan {
  int64_t columns, rounds;
  int64_t memory; /**< bytes per rank */
  double  words;  /**< elements sent or received by a rank */
} tt_turn_plan;

/**
 * Plans a transpose within so many bytes per rank. Local, the same on every rank.
 *
 * @param[in] element  as for tt_turn()
 * @param[in] bytes    0: no limit
 * @retval TARTAN_ERR_NOMEM  not enough for one column on each rank; plan->memory says what would be. Without a message
 */
tartan_status tt_turn_plan_make(const tt_dataset *dataset, const tartan_grid *grid, tt_element element, int64_t bytes,
                                tt_turn_plan *plan);

/**
 * Writes the transpose of a dataset to one that was declared as [cols, rows]. Collective.
 *
 * Each round reads a strip of columns, each rank some of its rows, and exchanges it, so that every rank writes whole rows.
 *
 * @param[in] element  of the declared dataset: the source's, or f32 or f64
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO, TARTAN_ERR_FORMAT
 */
tartan_status tt_turn(tt_dataset *dataset, tartan_grid *grid, const tt_turn_plan *plan, tt_output *out,
                      const char *name, tt_element element);

/** Writes a dataset to one that was declared with its shape, as tt_turn() does but not transposed. Collective. */
tartan_status tt_copy_rows(tt_dataset *dataset, tartan_grid *grid, tt_output *out, const char *name,
                           tt_element element);

#endif
