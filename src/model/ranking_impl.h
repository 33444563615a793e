/**
 * @file ranking_impl.h
 * Metrics of lists that come in parts: the front door and the sums (ranking.c), one user's values (ranking_user.c), the
 * resamples (ranking_resample.c).
 */
#ifndef TT_MODEL_RANKING_IMPL_H
#define TT_MODEL_RANKING_IMPL_H

#include <tartan/ranking.h>

#include "model/search_impl.h"
#include "sparse/rows.h"

/** Metrics under way. */
typedef struct tt_ranking {
  tartan_grid                 *grid;
  tartan_ranking_opts          opts;
  int                          count;
  int                          scale;   /**< values are added as multiples of 2^-scale */
  int                          covers;  /**< metrics that are coverage */
  const tartan_ranking_metric *metrics; /**< [count], the caller's */
  int64_t                      longest; /**< the largest cutoff */
  int64_t                      users;   /**< that will come in all, on all ranks */
  double                      *gain;    /**< [longest + 1] 1 / log2(1 + p) of rank p */
  double                      *ideal;   /**< [longest + 1] sums of the first of them */
  int64_t                      sets;    /**< resamples, rounded up to whole groups, and one: the users themselves */
  int64_t                     *sum;     /**< [count + 1][sets] of each metric, then of the weights */
  int64_t                      words;   /**< of a bitmap of the catalogue */
  uint64_t                    *covered; /**< [covers][words] */
  double                      *mean;    /**< [count][resamples] in the end, on every rank; NaN of no weight */
} tt_ranking;

/** What one user comes to. */
typedef struct tt_ranking_user {
  int64_t  relevant;
  int64_t  hits; /**< of them in the list */
  int64_t *rank; /**< [hits] ascending, from 1 */
} tt_ranking_user;

/** Values of one user with at least one relevant item; coverage NaN. Local. @param[out] value  [count] */
void tt_ranking_value(const tt_ranking *r, const tt_ranking_user *u, double *value);

/** Users whose values wait for being added. */
typedef struct tt_ranking_values {
  int64_t  count;
  int64_t *user;  /**< [count] number among all */
  int64_t *value; /**< [count][metrics] multiples of 2^-scale, 0 of coverage */
} tt_ranking_values;

/** Adds them to all resamples. Local. */
void tt_ranking_resample(tt_ranking *r, const tt_ranking_values *v);

/** Resamples of one task. */
#define TT_RANKING_GROUP 64

/**
 * Begins. Collective.
 *
 * @param[in]  users      in all
 * @param[in]  catalogue  where opts have none
 * @param[in]  metrics    [count] must stay until tt_ranking_free()
 * @param[out] r          to be given to tt_ranking_free(), after a failure too
 * @retval TARTAN_ERR_ARG, TARTAN_ERR_NOMEM
 */
tartan_status tt_ranking_begin(tartan_grid *grid, int64_t users, int64_t catalogue, int count,
                               const tartan_ranking_metric *metrics, const tartan_ranking_opts *opts, tt_ranking *r);

/**
 * Adds the lists of some users. The order in which parts come does not show in a result. Collective.
 *
 * @param[in]  offset    number of the lists' first user among all
 * @param[out] per_user  as of tartan_ranking()
 * Errors as tartan_ranking().
 */
tartan_status tt_ranking_add(tt_ranking *r, const tartan_neighbors *lists, const tartan_sparse *test, int64_t offset,
                             double *per_user);

/** The values of all that came; once. Collective. Fills r->mean as well. @param[out] users  may be NULL */
tartan_status tt_ranking_end(tt_ranking *r, tartan_ranking_value *values, int64_t *users);

/** Bytes that a rank takes from tt_ranking_begin() to tt_ranking_end(), lists and test rows apart. Local. */
double tt_ranking_memory(const tt_ranking *r, int64_t users_here);

void tt_ranking_free(tt_ranking *r);

/** Percentile interval; values are put in order, those that are NaN are left out. Local. NaN of none. */
void tt_ranking_interval(double *value, int64_t count, double confidence, double *low, double *high);

#endif
