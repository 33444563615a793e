/**
 * @file norm.h
 * Norms and the trace of an operator, streamed: a file of any size will do.
 */
#ifndef TT_OPER_NORM_H
#define TT_OPER_NORM_H

#include <tartan/norms.h>

#include "oper/operator.h"

/**
 * A norm in one pass, the same on every rank. Collective; the same bits on any number of ranks.
 *
 * Values are summed in f64. The sum of squares is kept in three parts, for small, usual and large values (Blue 1978), so
 * that it neither overflows nor underflows where the norm itself does not.
 *
 * @param[out] value  NaN if an element is; 0 for an empty operator
 * @retval TARTAN_ERR_ARG  no such norm
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO, TARTAN_ERR_FORMAT
 */
tartan_status tt_operator_norm(const tartan_operator *op, tartan_norm_kind kind, double *value);

/** What tt_operator_norm() would cost: words, memory, bytes read, passes. Collective; nothing is read. */
tartan_status tt_operator_norm_plan(const tartan_operator *op, tartan_norm_kind kind, tartan_cost *plan);

/**
 * Sum of the elements (i, i), square or not, the same on every rank. Collective; reads little more than the diagonal;
 * the same bits on any number of ranks.
 *
 * @retval TARTAN_ERR_ARG  a centered operator
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO, TARTAN_ERR_FORMAT
 */
tartan_status tt_operator_trace(const tartan_operator *op, double *value);

/** What tt_operator_trace() would cost. Local; nothing is read. */
void tt_operator_trace_plan(const tartan_operator *op, tartan_cost *plan);

#endif
