/**
 * @file recommend.h
 * Recommender models: factors of users and items, fitted to the entries of a sparse matrix R [users, items].
 *
 * Objectives, with n_u the entries of user u, n_i those of item i, N the items and M the users:
 *
 *     als          sum over entries (r - mu - b_u - b_i - x_u'y_i)^2
 *                  + lambda (sum_u n_u^nu |x_u|^2 + sum_i n_i^nu |y_i|^2),            nu = 0 plain, 1 ALS-WR
 *     ials added   sum over entries w (1 - x_u'y_i)^2 + alpha0 sum over all (x_u'y_i)^2
 *                  + lambda (sum_u (n_u + alpha0 N)^nu |x_u|^2 + sum_i (n_i + alpha0 M)^nu |y_i|^2)
 *     ials replaced  sum over all c (p - x_u'y_i)^2 + the same penalty, with c = alpha0 and p = 0 where there is no entry,
 *                  else c = alpha0 + w and p = 1 (r > 0) or 0
 *
 * where w = 1, alpha r or alpha log(1 + r) by `confidence`. mu is the mean of the entries; the biases are fitted before the
 * factors and stay: b = sum of residuals / (count + damping), items and users in turn. With one seed the factors have the
 * same bits on any number of ranks and threads.
 *
 * Source: Hu, Koren, Volinsky 2008; Zhou, Wilkinson, Schreiber, Pan 2008 (ALS-WR); Rendle, Krichene, Zhang, Koren 2021 (added
 * form, scaled penalty, block solver).
 */
#ifndef TARTAN_RECOMMEND_H
#define TARTAN_RECOMMEND_H

#include <tartan/sparse.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tartan_recommend_model {
  TARTAN_RECOMMEND_ALS,
  TARTAN_RECOMMEND_IALS,
  TARTAN_RECOMMEND_BIAS,       /**< mu + b_u + b_i, no factors */
  TARTAN_RECOMMEND_POPULARITY, /**< the number of an item's entries */
  TARTAN_RECOMMEND_EASE,       /**< item weights, without epochs: see linear_models.h; so are the next two */
  TARTAN_RECOMMEND_PURESVD,
  TARTAN_RECOMMEND_NMF
} tartan_recommend_model;

typedef enum tartan_recommend_solver {
  TARTAN_RECOMMEND_EXACT, /**< each row's normal equations */
  TARTAN_RECOMMEND_CG,    /**< a few steps of conjugate gradients from the row's last value */
  TARTAN_RECOMMEND_BLOCK  /**< iALS++: once over the coordinates of each row, in blocks that are solved exactly */
} tartan_recommend_solver;

typedef enum tartan_confidence {
  TARTAN_CONFIDENCE_CONSTANT,
  TARTAN_CONFIDENCE_LINEAR,
  TARTAN_CONFIDENCE_LOG
} tartan_confidence;

typedef struct tartan_recommend_opts {
  size_t                  size; /**< of this struct */
  tartan_recommend_model  model;
  tartan_recommend_solver solver;
  tartan_dtype            dtype;          /**< of the factors */
  int64_t                 factors;        /**< k */
  double                  regularization; /**< lambda */
  double                  exponent;       /**< nu */
  double                  unobserved;     /**< alpha0 */
  tartan_confidence       confidence;
  double                  alpha;
  bool                    replaced; /**< the form of Hu, Koren, Volinsky */
  bool     nonnegative; /**< factors >= 0, of als and ials by the exact solver: each row's least value over x >= 0 */
  bool     bias;        /**< of als: mu, b_u, b_i; false: all zero */
  double   damping;     /**< of the biases */
  int64_t  steps;       /**< of cg (0: 3), or coordinates of a block (0: 32) */
  double   init_stddev; /**< of the first item factors; 0: 0.1 / sqrt(k) */
  uint64_t seed;
} tartan_recommend_opts;

#define TARTAN_RECOMMEND_OPTS_INIT                                                                                     \
  {                                                                                                                    \
    .size = sizeof(tartan_recommend_opts), .model = TARTAN_RECOMMEND_IALS, .solver = TARTAN_RECOMMEND_EXACT,           \
    .dtype = TARTAN_F32, .factors = 64, .regularization = 0.01, .exponent = 1, .unobserved = 0.1,                      \
    .confidence = TARTAN_CONFIDENCE_CONSTANT, .alpha = 1, .bias = true, .damping = 5                                   \
  }

/** A model in training. */
typedef struct tartan_recommender tartan_recommender;

/** After an epoch. */
typedef struct tartan_recommend_epoch {
  int64_t epoch;     /**< finished, from 1 */
  double  loss;      /**< the objective, exact */
  double  seconds;   /**< of this epoch */
  double  words;     /**< moved by it, the largest over ranks */
  double  flops;     /**< of the busiest rank */
  double  imbalance; /**< work: largest over mean */
} tartan_recommend_epoch;

/**
 * Memory, words, flops and seconds of an epoch, before it is tried: flops by the lengths of rows and columns, seconds from a
 * measurement of a few made-up rows of such lengths (some hundredths of a second). Collective. TARTAN_ERR_NOMEM.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommend_plan(const tartan_sparse         *R,
                                                               const tartan_recommend_opts *opts, tartan_cost *plan);

/**
 * Gets a model ready: transposes R, finds which rows travel, fits the biases, draws the first item factors. Collective.
 *
 * @param[in]  R      [users, items] entries; must outlive the recommender
 * @param[in]  opts   NULL for defaults
 * @param[out] model  to be given to tartan_recommender_destroy(); NULL after a failure
 *
 * @retval TARTAN_ERR_ARG    options out of range or that do not fit each other
 * @retval TARTAN_ERR_SHAPE  R has no entry
 * @retval TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommender_create(const tartan_sparse         *R,
                                                                   const tartan_recommend_opts *opts,
                                                                   tartan_recommender         **model);

/** Ends a model and sets the pointer to NULL; NULL is accepted. Local. */
TARTAN_API void tartan_recommender_destroy(tartan_recommender **model);

/**
 * One epoch: user factors from those of the items, then item factors from those of the users. Collective.
 *
 * A user or item without entries gets factors of zero. The loss never rises with the exact solver or by blocks.
 *
 * @retval TARTAN_ERR_NUMERIC  a row's equations are not positive definite, which needs lambda = 0 or weights < 0
 * @retval TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommender_epoch(tartan_recommender     *model,
                                                                  tartan_recommend_epoch *epoch);

/** The numbers of a model. Local; pointers and matrices live as long as the model and change with the next epoch. */
typedef struct tartan_recommend_values {
  int64_t              users, items, factors, epochs;
  double               mean;         /**< mu */
  double               low, high;    /**< least and largest entry of R: predictions of als and bias stay between */
  const tartan_matrix *user_factors; /**< [k, users], a range of columns on each rank */
  const tartan_matrix *item_factors; /**< [k, items] */
  const double        *user_bias;    /**< of this rank's users, in the ranges of user_factors */
  const double        *item_bias;
} tartan_recommend_values;

TARTAN_API void tartan_recommender_get_values(const tartan_recommender *model, tartan_recommend_values *values);

/**
 * The users or items whose factors and biases this rank holds: first .. first + count - 1. Local.
 *
 * @param[in] side  0: users, 1: items
 */
TARTAN_API void tartan_recommender_range(const tartan_recommender *model, int side, int64_t *first, int64_t *count);

/**
 * Scores of given pairs: mu + b_u + b_i + x_u'y_i, or x_u'y_i, or the popularity. Collective.
 *
 * @param[in]  pairs   [users, items]: the places of its entries
 * @param[out] scores  [entries of this rank] in their order
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommender_predict(const tartan_recommender *model,
                                                                    const tartan_sparse *pairs, double *scores);

/** Errors of predictions for the entries of a matrix; predictions are clipped to the range of R's entries for als. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommender_errors(const tartan_recommender *model,
                                                                   const tartan_sparse *truth, double *rmse,
                                                                   double *mae);

/** Remembers the factors of now beside those that change: the best epoch's, for early stopping. Collective. TARTAN_ERR_NOMEM. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommender_keep(tartan_recommender *model);

/** Takes the remembered factors back; nothing where none were. Local. @return their epoch, 0: none */
TARTAN_API int64_t tartan_recommender_restore(tartan_recommender *model);

/**
 * The state of training in a file, from which another run, on any number of ranks, goes on with the same bits. Collective.
 *
 * The file appears under its name only when complete and read back; the one that was there stays as PATH.1.
 *
 * @param[in] note  the caller's own text, given back by tartan_recommender_resume(); NULL: none
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommender_checkpoint(const tartan_recommender *model,
                                                                       const char *path, const char *note);

/**
 * Takes up the state of a file, or of PATH.1 with a warning if the file is damaged. Collective.
 *
 * @param[out] note  the text of the file, on every rank, to be given to tartan_recommender_note_free(); may be NULL
 * @retval TARTAN_ERR_CHECKPOINT  both are damaged, or of other options or data
 * @retval TARTAN_ERR_INPUT       there is none
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_recommender_resume(tartan_recommender *model, const char *path,
                                                                   char **note);

/** Gives a note back and sets the pointer to NULL. Local. */
TARTAN_API void tartan_recommender_note_free(char **note);

#ifdef __cplusplus
}
#endif
#endif
