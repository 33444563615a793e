/**
 * @file operand.h
 * Matrices in files as operands of a command: how they are opened, understood, and read as a whole.
 */
#ifndef APP_OPERAND_H
#define APP_OPERAND_H

#include "common/run.h"
#include "io/dataset.h"

/** A matrix in a file, as an operand. Zero-initialise. */
typedef struct app_operand {
  tartan_operator       *data; /**< its rows are the dataset's rows, turned or not */
  const tt_dataset_info *info;
  bool                   turned; /**< the dataset holds the transpose: MATLAB wrote it */
  int64_t                m, n;   /**< as a matrix */
} app_operand;

/**
 * Opens a matrix and prints how it was understood: "A  4000 x 300, float32, from a.h5:/X". Collective.
 *
 * @param[in] name  "A", or "" for a command with one operand
 * @param[in] note  "" or what follows: ", taken transposed"
 * Errors as tartan_operator_open().
 */
tartan_status app_operand_open(app_run *run, const char *name, const char *source, const char *note,
                               app_operand *operand);

/** The same of right-hand sides: a one-dimensional dataset is a matrix of one column. Collective. */
tartan_status app_operand_open_columns(app_run *run, const char *name, const char *source, app_operand *operand);

/** Ends the reading. Collective. */
void app_operand_close(app_operand *operand);

/** f32 where the file has it, else f64. Local. */
tartan_dtype app_operand_dtype(const app_operand *operand);

/** Element type to work in, as an option of these words and the files say. Local. */
#define APP_DTYPE_WORDS "input|f32|f64"
tartan_dtype app_chosen_dtype(int choice, tartan_dtype input);

/**
 * Reads a matrix as a whole, in the layout that the grid has by default. Collective.
 *
 * @param[in]  lower  only its lower triangle counts: a warning where the other one differs; where memory for two copies
 *                    is short nobody looks
 * @param[out] A      NULL after a failure
 */
tartan_status app_operand_load(app_run *run, const app_operand *operand, tartan_dtype dtype, bool lower,
                               tartan_matrix **A);

/**
 * Completes run->plan with what comes of reading operands: bytes, words, memory beside the matrices, the grid. Local.
 *
 * @param[in] streamed  they stay in their files
 */
void app_operand_plan(app_run *run, const app_operand *const *operands, int count, bool streamed);

/** Bytes per rank of a matrix with the operand's shape. Local. */
double app_operand_bytes(const app_run *run, const app_operand *operand, tartan_dtype dtype);

#endif
