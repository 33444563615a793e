/**
 * @file ranking.h
 * How good ranked lists are: against the items that users did choose, over the whole catalogue.
 *
 * For a user with the relevant items T (the entries of a test matrix), of whose first K listed items r are relevant, at the
 * ranks p_1 < p_2 < ... from 1:
 *
 *     recall@K         r / |T|
 *     recall_capped@K  r / min(K, |T|)         (Liang, Krishnan, Hoffman, Jebara 2018; Rendle and others)
 *     precision@K      r / K
 *     hit@K            1 if r > 0, else 0
 *     ndcg@K           sum_j 1 / log2(1 + p_j)  over  sum_{j = 1}^{min(K, |T|)} 1 / log2(1 + j)
 *     map@K            sum_j (j / p_j) / min(K, |T|)
 *     mrr@K            1 / p_1, or 0 if r = 0
 *
 * and its value is the mean over users with at least one relevant item. coverage@K is the share of the catalogue that is in
 * the first K of any list, also of users without a relevant item.
 *
 * A list that ends early (index -1) is one whose further ranks hold nothing relevant; K stays K.
 */
#ifndef TARTAN_RANKING_H
#define TARTAN_RANKING_H

#include <tartan/search.h>
#include <tartan/sparse.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tartan_ranking_kind {
  TARTAN_RANKING_RECALL,
  TARTAN_RANKING_RECALL_CAPPED,
  TARTAN_RANKING_PRECISION,
  TARTAN_RANKING_HIT,
  TARTAN_RANKING_NDCG,
  TARTAN_RANKING_MAP,
  TARTAN_RANKING_MRR,
  TARTAN_RANKING_COVERAGE
} tartan_ranking_kind;

/** One metric. */
typedef struct tartan_ranking_metric {
  tartan_ranking_kind kind;
  int64_t             cutoff; /**< K */
} tartan_ranking_metric;

typedef struct tartan_ranking_opts {
  size_t   size;       /**< of this struct */
  int64_t  resamples;  /**< of the bootstrap over users; 0: no intervals */
  double   confidence; /**< of the intervals: 0.95 */
  uint64_t seed;
  double   least;     /**< test entries below are not relevant; -Inf: all are */
  int64_t  catalogue; /**< items that could be listed, what coverage is a share of; 0: the columns of the test */
} tartan_ranking_opts;

#define TARTAN_RANKING_OPTS_INIT                                                                                       \
  {                                                                                                                    \
    .size = sizeof(tartan_ranking_opts), .resamples = 1000, .confidence = 0.95, .least = -1.0 / 0.0                    \
  }

/**
 * A metric's value. Without any user it is NaN; intervals of coverage, and without resamples, are NaN.
 *
 * Each resample weights each user by a Poisson number of mean 1 that depends on seed, resample and user alone (the Poisson
 * bootstrap: Hanley, MacGibbon 2006; Chamandy and others 2012), and is the weighted mean. Drawing users with replacement has
 * the same limit, but there a user's number depends on all others', which every rank would have to draw.
 */
typedef struct tartan_ranking_value {
  double value;
  double low, high; /**< percentile interval of the resamples (Efron 1979), linear between them */
} tartan_ranking_value;

/**
 * Metrics of lists. Collective.
 *
 * Values of users are added as integers, multiples of a power of two that depends on the number of users alone (2^-43 for
 * 30000 of them): sums are exact, so values and intervals have the same bits on any number of ranks and threads.
 *
 * @param[in]  lists     as of tartan_predictor_topn(), with at least the largest cutoff; where a user has fewer items, the
 *                       rest is index -1
 * @param[in]  test      [users of the lists, items]; columns beyond the catalogue are relevant items that cannot be listed
 * @param[in]  count     of metrics, 1 or more
 * @param[in]  metrics   [count]
 * @param[in]  opts      NULL for defaults
 * @param[out] values    [count] on every rank
 * @param[out] users     that have a relevant item; may be NULL
 * @param[out] per_user  [users of this rank's lists, count] row-major, NaN for users without a relevant item and for
 *                       coverage; may be NULL
 *
 * @retval TARTAN_ERR_SHAPE  lists and test of different numbers of users, or an item of a list beyond the catalogue
 * @retval TARTAN_ERR_ARG    no metric, a cutoff below 1 or above the length of the lists, options out of range
 * @retval TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_ranking(const tartan_neighbors *lists, const tartan_sparse *test,
                                                        int count, const tartan_ranking_metric *metrics,
                                                        const tartan_ranking_opts *opts, tartan_ranking_value *values,
                                                        int64_t *users, double *per_user);

#ifdef __cplusplus
}
#endif
#endif
