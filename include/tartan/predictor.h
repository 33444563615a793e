/**
 * @file predictor.h
 * A trained recommender in use: scores, new users folded in, the best items of each user, what is similar.
 *
 * The score of item i for user u, whose entries are the row h_u of a sparse matrix:
 *
 *     factors   mean + b_u + b_i + x_u'y_i                     als, ials, puresvd, nmf; bias and popularity with k = 0
 *     weights   sum over entries j of h_u: h_uj B[j, i]        ease
 *
 * A predictor is what training left: it comes from a recommender, from a linear model (linear_models.h) or from a file.
 * Profiles are what it knows of the users to be served: rows of its own users, or rows folded in from entries alone.
 */
#ifndef TARTAN_PREDICTOR_H
#define TARTAN_PREDICTOR_H

#include <tartan/recommend.h>
#include <tartan/search.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A trained model. */
typedef struct tartan_predictor tartan_predictor;

/** What it is made of. Matrices that a model does not have are NULL. */
typedef struct tartan_predictor_values {
  size_t                size;  /**< of this struct */
  tartan_recommend_opts opts;  /**< opts.model, and what fold-in solves with */
  int64_t               users; /**< 0: it has none of its own (ease) */
  int64_t               items, factors;
  double                mean;         /**< mu */
  double                low, high;    /**< least and largest entry of training: als and bias predict between */
  tartan_matrix        *user_factors; /**< [k, users], a range of columns on each rank */
  tartan_matrix        *item_factors; /**< [k, items], likewise */
  tartan_matrix        *user_bias;    /**< [1, users] f64, the ranges of user_factors */
  tartan_matrix        *item_bias;    /**< [1, items] f64, the ranges of item_factors */
  tartan_matrix *weights; /**< B [items, items] of ease, a range of columns on each rank: column i makes the score
                                  of item i; in files `item_weights`, whose row i is this column */
} tartan_predictor_values;

/**
 * Makes a predictor of parts. Collective.
 *
 * @param[in]  values  copied; with `owned` the matrices are the predictor's from here on, also after a failure; else they
 *                     must outlive it
 * @param[out] p       to be given to tartan_predictor_destroy(); NULL after a failure
 *
 * @retval TARTAN_ERR_ARG, TARTAN_ERR_SHAPE  parts that do not belong to the model or do not fit each other
 * @retval TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_predictor_create(tartan_grid                   *grid,
                                                                 const tartan_predictor_values *values, bool owned,
                                                                 tartan_predictor **p);

/** The predictor of a recommender as it is now; it refers to it, and the next epoch changes both. Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_predictor_from_recommender(const tartan_recommender *model,
                                                                           tartan_predictor        **p);

/**
 * Reads a model file, as `tartan recommend train` writes it. Collective.
 *
 * @retval TARTAN_ERR_INPUT   no such file, or not a complete model: what is missing is named
 * @retval TARTAN_ERR_FORMAT  not HDF5
 * @retval TARTAN_ERR_IO, TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_predictor_load(tartan_grid *grid, const char *path,
                                                               tartan_predictor **p);

/** Ends a predictor and sets the pointer to NULL; NULL is accepted. Local. */
TARTAN_API void tartan_predictor_destroy(tartan_predictor **p);

/** What it is made of. Local; matrices live as long as the predictor. */
TARTAN_API void tartan_predictor_get(const tartan_predictor *p, tartan_predictor_values *values);

/** Users to be served, a contiguous, even range of them on each rank. */
typedef struct tartan_profiles tartan_profiles;

/**
 * Profiles of users that the model was trained with. Collective.
 *
 * @param[in] count, user  this rank's part of a list of indices, in the order of ranks; any order, repetitions allowed
 * @retval TARTAN_ERR_ARG    the model has no users of its own (ease), or an index is out of range
 * @retval TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_profiles_known(const tartan_predictor *p, int64_t count,
                                                               const int64_t *user, tartan_profiles **profiles);

/**
 * Profiles of users from their entries alone. Collective.
 *
 * als, ials: one exact half-step with the items as they are, with b_u = sum of residuals / (count + damping) of als;
 * puresvd: x = V'h; nmf: the least |h - x'H|^2 over x >= 0; ease: the entries themselves. A user without entries gets zeros.
 * The bits do not depend on the number of ranks.
 *
 * @param[in] history  [users to be served, items]; the profiles refer to it
 * @retval TARTAN_ERR_SHAPE  other items than the model's
 * @retval TARTAN_ERR_GRID, TARTAN_ERR_NUMERIC, TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_profiles_fold_in(const tartan_predictor *p,
                                                                 const tartan_sparse    *history,
                                                                 tartan_profiles       **profiles);

/** Users in all. Local. */
TARTAN_API int64_t tartan_profiles_count(const tartan_profiles *profiles);

/** Ends profiles and sets the pointer to NULL; NULL is accepted. Local. */
TARTAN_API void tartan_profiles_destroy(tartan_profiles **profiles);

/**
 * Scores of given pairs, in f64. Collective.
 *
 * @param[in]  pairs   [profiles, items]: the places of its entries
 * @param[out] scores  [entries of this rank] in their order
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID, TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_predictor_predict(const tartan_predictor *p,
                                                                  const tartan_profiles  *profiles,
                                                                  const tartan_sparse *pairs, double *scores);

/**
 * Errors of predictions for the entries of a matrix; predictions are clipped to low .. high for als and bias. Of no
 * entries NaN. Collective. Errors as tartan_predictor_predict(); rmse and mae may be NULL.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_predictor_errors(const tartan_predictor *p,
                                                                 const tartan_profiles  *profiles,
                                                                 const tartan_sparse *truth, double *rmse, double *mae);

typedef struct tartan_topn_opts {
  size_t               size;    /**< of this struct */
  int64_t              count;   /**< items for each user, 1 or more */
  const tartan_sparse *seen;    /**< [profiles, items]: its entries are not recommended; NULL: none */
  const unsigned char *allowed; /**< [items], the same on every rank: 0 is not recommended; NULL: all are */
} tartan_topn_opts;

#define TARTAN_TOPN_OPTS_INIT                                                                                          \
  {                                                                                                                    \
    .size = sizeof(tartan_topn_opts), .count = 10                                                                      \
  }

/** What tartan_predictor_topn() would take. Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_predictor_topn_plan(const tartan_predictor *p,
                                                                    const tartan_profiles  *profiles,
                                                                    const tartan_topn_opts *opts, tartan_cost *plan);

/**
 * The best items of each user, over the whole catalogue. Collective.
 *
 * Items are in descending order of the part of the score that depends on the item, in f64 by one order of summation (for
 * factors b_i + x_u'y_i, to which mean + b_u is added afterwards); of equal ones the lower index first. Users stay where they
 * are, tiles of items circulate: memory is a tile and the lists, whatever the catalogue. Neither order nor scores depend on
 * the number of ranks, threads or the size of tiles.
 *
 * @param[in]  opts    NULL for defaults
 * @param[out] result  lists as of tartan_search(), in the order of the profiles; where fewer than `count` items are left for
 *                     a user the rest is index -1, score NaN
 * @param[out] cost    measured; may be NULL
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID, TARTAN_ERR_ARG, TARTAN_ERR_NOMEM
 * @retval TARTAN_ERR_INPUT  factors that are NaN or Inf
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_predictor_topn(const tartan_predictor *p,
                                                               const tartan_profiles  *profiles,
                                                               const tartan_topn_opts *opts, tartan_neighbors **result,
                                                               tartan_cost *cost);

/** Users or items. */
typedef enum tartan_recommend_side { TARTAN_RECOMMEND_USERS, TARTAN_RECOMMEND_ITEMS } tartan_recommend_side;

/**
 * The most similar items of given items, or users of users, by the cosine of their rows (of ease: of B's columns); itself is
 * not among them. Collective.
 *
 * @param[in] count, index  this rank's part of the list, in the order of ranks
 * @param[in] k             results of each
 * @retval TARTAN_ERR_ARG   the model has no rows for this side, or an index is out of range
 * @retval TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_predictor_similar(const tartan_predictor *p, tartan_recommend_side side,
                                                                  int64_t count, const int64_t *index, int64_t k,
                                                                  tartan_neighbors **result);

#ifdef __cplusplus
}
#endif
#endif
