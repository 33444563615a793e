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
 * anybody's first K.
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
  double   least; /**< test entries below are not relevant; -Inf: all are */
} tartan_ranking_opts;

#define TARTAN_RANKING_OPTS_INIT                                                                                       \
  {                                                                                                                    \
    .size = sizeof(tartan_ranking_opts), .resamples = 1000, .confidence = 0.95, .least = -1.0 / 0.0                    \
  }

/** A metric's value. Without any user it is NaN; intervals of coverage, and without resamples, are NaN. */
typedef struct tartan_ranking_value {
  double value;
  double low, high; /**< percentile interval of the bootstrap (Efron 1979) */
} tartan_ranking_value;

/**
 * Metrics of lists. Collective.
 *
 * Sums are those of one order: values and intervals have the same bits on any number of ranks.
 *
 * @param[in]  lists     as of tartan_predictor_topn(), with at least the largest cutoff, or fewer where the catalogue is
 *                       smaller: then ranks behind the end hold nothing
 * @param[in]  test      [users of the lists, items]
 * @param[in]  count     of metrics
 * @param[in]  metrics   [count]
 * @param[in]  opts      NULL for defaults
 * @param[out] values    [count] on every rank
 * @param[out] users     that have a relevant item; may be NULL
 * @param[out] per_user  [users of this rank's lists, count] row-major, NaN for users without a relevant item and for
 *                       coverage; may be NULL
 *
 * @retval TARTAN_ERR_SHAPE  lists and test of different numbers of users, or an item beyond the test's columns
 * @retval TARTAN_ERR_ARG    a cutoff below 1 or above the length of the lists; options out of range
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
