/**
 * @file krylov.h
 * Block Krylov iteration for the largest singular triplets of an operator.
 */
#ifndef TT_SKETCH_KRYLOV_H
#define TT_SKETCH_KRYLOV_H

#include <tartan/sketch.h>

#include "io/checkpoint.h"
#include "oper/operator.h"

/** What a state is of. */
typedef struct tt_krylov_state {
  bool    squared;
  int64_t d, last, next, looked, exhausted, steps, steps_before, passes_before; /**< as in the iteration */
} tt_krylov_state;

/** What an iteration is to do. */
typedef struct tt_krylov_plan {
  int64_t  k, block;
  int64_t  most;  /**< columns of a basis before it is restarted; no more than there can be */
  int64_t  steps; /**< at most so many */
  double   tolerance;
  uint64_t seed;

  int64_t         steps_before, passes_before; /**< of an iteration before this one, whose result was not enough */
  const tt_saved *from;                        /**< NULL, or the state to go on from */
  const tt_krylov_state *state;                /**< and what it says */
} tt_krylov_plan;

/** What it found. */
typedef struct tt_krylov_result {
  tartan_matrix *U, *V;     /**< [m, k] and [n, k] f64 */
  double        *s;         /**< [k] on every rank */
  double        *residuals; /**< [k], relative to s_1 */
  bool           converged;
  int64_t        steps, passes;
} tt_krylov_result;

/**
 * The state that the grid's checkpoint is to take up, of operators that are streamed. Collective.
 *
 * @param[out] saved  to be given to tt_saved_end()
 * @retval TARTAN_ERR_CHECKPOINT, TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
tartan_status tt_krylov_find(const tartan_operator *op, tt_saved *saved, tt_krylov_state *state, bool *found);

/** The options as they are meant: defaults where the caller gave none. Local. TARTAN_ERR_ARG. */
tartan_status tt_topk_options(const tartan_topk_opts *opts, tartan_topk_opts *o);

/** What is to be done for k triplets of an m x n operator, within the options. Local. TARTAN_ERR_ARG. */
tartan_status tt_topk_plan(int64_t m, int64_t n, int64_t k, const tartan_topk_opts *opts, tt_krylov_plan *plan);

/** Room for k values and residuals. Collective. To be given to tt_krylov_result_end(), after a failure too. */
tartan_status tt_krylov_result_begin(tartan_grid *grid, int64_t k, tt_krylov_result *r);

/**
 * Two-sided iteration, the block form of Golub and Kahan's bidiagonalization with full re-orthogonalization: accurate to
 * u s_1 whatever the tolerance, at two applications of the operator and vectors of both lengths for each step. Collective.
 *
 * @param[out] r  to be given to tt_krylov_result_end(), after a failure too
 * @retval TARTAN_ERR_INPUT, TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
tartan_status tt_krylov(const tartan_operator *op, const tt_krylov_plan *plan, tt_krylov_result *r);

/**
 * One-sided iteration with A'A, one pass a step and vectors of the shorter length only, until the end. Residuals are estimates
 * until they are measured; small values may be left with more than the tolerance. Collective. Otherwise as tt_krylov().
 */
tartan_status tt_krylov_squared(const tartan_operator *op, const tt_krylov_plan *plan, tt_krylov_result *r);

void tt_krylov_result_end(tt_krylov_result *r);

#endif
