/**
 * @file scalar.h
 * Commands that make one number of one matrix, or two: they are printed, and written only where -o asks for it. The
 * matrix is streamed or read as a whole.
 */
#ifndef APP_SCALAR_H
#define APP_SCALAR_H

#include <tartan/factor.h>

#include "common/result.h"

#define APP_SCALAR_VALUES 2

typedef struct app_scalar app_scalar;

/** One such command, and its run. */
struct app_scalar {
  const char *name;                       /**< "norm": the suffix and the attribute `format` follow from it */
  const char *label[APP_SCALAR_VALUES];   /**< what stands before each number: "norm fro" */
  const char *dataset[APP_SCALAR_VALUES]; /**< names; the first is "/value" if not given */
  int         count;                      /**< of numbers; 0: one */
  const char *kind;                       /**< part of the configuration, or NULL */
  bool        whole;                      /**< the number is an integer */
  bool        square;                     /**< other matrices are refused */
  bool        lower;                      /**< of a matrix read as a whole only this triangle counts */

  /** Whether a matrix of that shape gives the same bits on any number of ranks; NULL: only if streamed. Local. */
  bool (*same_bits)(int64_t m, int64_t n);

  /** More of the configuration; may be NULL. Local. */
  void (*note)(app_notes *notes);

  /** What the run would cost, into run->plan; of a matrix read as a whole beside it. Collective. */
  tartan_status (*plan)(app_run *run, const app_operand *operand);

  /** The number by passes over the file, on every rank. Collective. NULL: `compute_whole` is used. */
  tartan_status (*compute)(const app_operand *operand, double *value);

  /** The numbers from the matrix, and what is known of them. Collective. */
  tartan_status (*compute_whole)(const tartan_matrix *A, double *value, tartan_factor_info *info);

  app_operand        operand;
  app_result         result;
  tartan_dtype       dtype; /**< of a matrix read as a whole */
  tartan_matrix     *a;
  tartan_factor_info info;
  double             value[APP_SCALAR_VALUES];
  bool               known;
};

/** `--dtype` of commands that read the matrix as a whole, and its row in an option table. */
extern int app_scalar_dtype;

#define APP_SCALAR_DTYPE                                                                                               \
  {                                                                                                                    \
    "dtype", 0, APP_OPTION_CHOICE, &app_scalar_dtype, APP_DTYPE_WORDS, "input: f32 if the file has it, else f64",      \
        "element type of the computation"                                                                              \
  }

/** Runs the command. Collective. @param[in,out] scalar  of static storage */
tartan_status app_scalar_run(app_run *run, const char *source, app_scalar *scalar);

#endif
