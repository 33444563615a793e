/**
 * @file search.h
 * The k nearest of many items to each query, exactly: by cosine, dot product or Euclidean distance.
 *
 * Queries stay where they are, tiles of items circulate among the ranks; the memory is a tile and k results for each query,
 * whatever the number of items. Results do not depend on the number of ranks, threads or the size of tiles: a product of
 * the BLAS only sorts out what cannot be among the k, scores are then summed in f64 in one fixed order.
 */
#ifndef TARTAN_SEARCH_H
#define TARTAN_SEARCH_H

#include <tartan/operator.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The k best items of each query. */
typedef struct tartan_neighbors tartan_neighbors;

typedef enum tartan_metric {
  TARTAN_METRIC_COSINE,   /**< x'y / (|x| |y|), descending; 0 where a vector is zero */
  TARTAN_METRIC_DOT,      /**< x'y, descending */
  TARTAN_METRIC_EUCLIDEAN /**< |x - y|, ascending */
} tartan_metric;

typedef struct tartan_search_opts {
  size_t        size; /**< of this struct */
  tartan_metric metric;
  bool          without_self; /**< queries are the items: item i is no result of query i */
} tartan_search_opts;

#define TARTAN_SEARCH_OPTS_INIT                                                                                        \
  {                                                                                                                    \
    sizeof(tartan_search_opts), TARTAN_METRIC_COSINE, false                                                            \
  }

/** What a search would take. Collective; reads no data. Errors as tartan_search(). */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_search_plan(const tartan_operator *items,
                                                            const tartan_operator *queries, int64_t k,
                                                            const tartan_search_opts *opts, tartan_cost *plan);

/**
 * The k best items for each query; of equal scores the lower index first.
 *
 * Collective. Queries are held in memory, divided over the ranks; items are read once, in tiles, from memory or from their
 * file. Each rank receives the items of the others.
 *
 * @param[in]  items    [n, d] a row each
 * @param[in]  queries  [q, d]; may be the same operator as items
 * @param[in]  k        1 or more; where it is more than there are items, the rest of each row is index -1, score NaN
 * @param[in]  opts     NULL for defaults
 * @param[out] result   to be given to tartan_neighbors_destroy(); NULL after a failure
 * @param[out] cost     measured; may be NULL
 *
 * @retval TARTAN_ERR_SHAPE  items and queries of different d, or `without_self` with different n and q
 * @retval TARTAN_ERR_ARG    k below 1, or no such metric
 * @retval TARTAN_ERR_INPUT  NaN or Inf; the first row with such is named
 * @retval TARTAN_ERR_GRID, TARTAN_ERR_OVERFLOW, TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_search(const tartan_operator *items, const tartan_operator *queries,
                                                       int64_t k, const tartan_search_opts *opts,
                                                       tartan_neighbors **result, tartan_cost *cost);

/**
 * This rank's queries: rows first .. first + count - 1. Local; the pointers live as long as the result.
 *
 * @param[out] k      results of each query; may be NULL
 * @param[out] index  [count, k] row-major: items from zero, the best first, -1 where there is none
 * @param[out] score  [count, k]
 */
TARTAN_API void tartan_neighbors_local(const tartan_neighbors *result, int64_t *first, int64_t *count, int64_t *k,
                                       const int64_t **index, const double **score);

/** Ends a result and sets the pointer to NULL; NULL is accepted. Local. */
TARTAN_API void tartan_neighbors_destroy(tartan_neighbors **result);

#ifdef __cplusplus
}
#endif
#endif
