/**
 * @file topn_impl.h
 * The best items of users under way: arguments and plan (topn_plan.c), what is masked and the result (topn.c), tiles of
 * factor rows (topn_factors.c), which are compared as a search compares its rows, and tiles of weights (topn_weights.c).
 */
#ifndef TT_MODEL_TOPN_IMPL_H
#define TT_MODEL_TOPN_IMPL_H

#include "model/predictor_impl.h"
#include "model/search_impl.h"
#include "model/tiles.h"

/** Sizes, the same on every rank. */
typedef struct tt_topn_plan {
  tt_search_plan       search; /**< memory is that of all */
  bool                 weights;
  const tartan_matrix *items; /**< factors, weights, or biases alone: its columns are the items */
  int64_t              steps; /**< tiles of a rank */
} tt_topn_plan;

/** A computation. */
typedef struct tt_topn {
  const tartan_predictor *p;
  const tartan_profiles  *profiles;
  tartan_topn_opts        opts;
  tt_topn_plan            plan;
  tt_search               search; /**< lists and masks of both kinds */
  tt_sparse_rows          seen;
  tt_sparse_rows          history; /**< of weights */
  int64_t                *index;   /**< [slab] which items are in a tile, where not all are allowed; else NULL */
  double                 *base;    /**< [own] mean + b_u, or NULL */
} tt_topn;

/* ---- topn_plan.c ---- */

/**
 * Checks the arguments and plans. Collective.
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID, TARTAN_ERR_ARG, TARTAN_ERR_OVERFLOW
 * @retval TARTAN_ERR_NOMEM  the budget is too small; the plan is filled all the same, so that one can see what would do
 */
tartan_status tt_topn_plan_make(const tartan_predictor *p, const tartan_profiles *profiles,
                                const tartan_topn_opts *opts, tt_topn_plan *plan);

/** What a plan takes, for people. Local. */
void tt_topn_plan_cost(const tartan_predictor *p, const tt_topn_plan *plan, tartan_cost *cost);

/* ---- topn.c ---- */

/** The items of a rank in a step: the shares of all ranks are cut in as many parts. Local. */
void tt_topn_find(const tt_topn *t, int64_t step, int owner, tt_tile *tile);

/** Which items of the model's a tile holds: t->index filled, or NULL where these are all of its range. Local. */
const int64_t *tt_topn_index(tt_topn *t, const tt_tile *tile);

/* ---- topn_factors.c, topn_weights.c ---- */

/** Sends all items past the users of all ranks. Collective. */
tartan_status tt_topn_factors(tt_topn *t);
tartan_status tt_topn_weights(tt_topn *t);

#endif
