/**
 * @file scalar.h
 * Commands that make one number of one matrix: it is printed, and written only where -o asks for it.
 */
#ifndef APP_SCALAR_H
#define APP_SCALAR_H

#include "common/result.h"

/** One such command, and its run. */
typedef struct app_scalar {
  const char *name;  /**< "norm": the default suffix and the attribute `format` follow from it */
  const char *label; /**< what stands before the number: "norm fro" */
  const char *kind;  /**< part of the configuration, or NULL */

  /** What the run would cost, into run->plan. Collective. */
  tartan_status (*plan)(app_run *run, const app_operand *operand);

  /** The number, on every rank. Collective. */
  tartan_status (*compute)(const app_operand *operand, double *value);

  app_operand operand;
  app_result  result;
  double      value;
  bool        known;
} app_scalar;

/** Runs the command. Collective. @param[in,out] scalar  of static storage */
tartan_status app_scalar_run(app_run *run, const char *source, app_scalar *scalar);

#endif
