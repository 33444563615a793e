/**
 * @file pca.h
 * Principal component analysis of m samples x n features, in memory or streamed from a file.
 *
 * Definitions and names are scikit-learn's: variances have ddof = 1. Signs: in each component the entry of lowest index
 * with |v| >= (1 - 1e-6) max|v| is positive.
 */
#ifndef TARTAN_PCA_H
#define TARTAN_PCA_H

#include <tartan/operator.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A fitted model; the same on every rank. */
typedef struct tartan_pca tartan_pca;

typedef enum tartan_pca_solver {
  TARTAN_PCA_AUTO,   /**< chosen by shape and memory; the reason is in the plan */
  TARTAN_PCA_GRAM,   /**< one streaming pass for the Gram matrix, then its eigen-decomposition */
  TARTAN_PCA_FULL,   /**< in memory: centered, QR, then SVD of R through ScaLAPACK */
  TARTAN_PCA_KRYLOV, /**< Gram, but only the components wanted, by block Krylov iteration; needs a count of components */
  TARTAN_PCA_TSQR    /**< one streaming pass for the factor R of the centered rows, then its SVD */
} tartan_pca_solver;

/** What is done with NaN in the data. Inf is always an error. */
typedef enum tartan_pca_nan {
  TARTAN_PCA_NAN_ERROR, /**< TARTAN_ERR_INPUT, saying where the first stands and how many there are */
  TARTAN_PCA_NAN_MEAN   /**< replaced by the mean of the feature's other values; one more pass */
} tartan_pca_nan;

/** Start from TARTAN_PCA_OPTS_INIT. */
typedef struct tartan_pca_opts {
  size_t  size;       /**< sizeof this struct, set by the initializer */
  int64_t components; /**< k; 0: min(m, n), or as many as `variance` or `mle` say */
  double  variance;   /**< in (0, 1): the fewest components that explain more than this fraction; 0: not used */
  bool    mle;        /**< k by Minka's maximum likelihood estimate; needs m >= n */
  bool    center;     /**< remove the feature means */
  bool    scale;      /**< divide by the standard deviations (ddof 1); constant features by 1 */
  bool    whiten; /**< scores of unit variance; standard deviations below 2^-52 count as 2^-52, as in scikit-learn */
  tartan_pca_solver solver;
  tartan_pca_nan    nan;
  bool              residual; /**< also measure how well the components fit: tartan_pca_info.residual; cheap */
} tartan_pca_opts;

#define TARTAN_PCA_OPTS_INIT                                                                                           \
  {                                                                                                                    \
    .size = sizeof(tartan_pca_opts), .components = 0, .variance = 0, .mle = false, .center = true, .scale = false,     \
    .whiten = false, .solver = TARTAN_PCA_AUTO, .nan = TARTAN_PCA_NAN_ERROR, .residual = true                          \
  }

/** How a fit went. */
typedef struct tartan_pca_info {
  tartan_cost plan;         /**< as tartan_pca_plan(), but without seconds: a fit measures nothing beforehand */
  double      floor;        /**< relative size sigma_i / sigma_1 below which components are noise */
  int64_t     nan_replaced; /**< entries replaced by means */
  int64_t     segments;     /**< fixed summation segments of the rows; 0: none */
  double      seconds;      /**< wall time, the largest over ranks */
  bool        reproducible; /**< the same bits on any number of ranks and threads */
  double      residual;     /**< largest |C v_i - lambda_i v_i| / lambda_1 over the components, C the covariance (or
                                 correlation) matrix of the data in memory; negative: not measured. Its last bits
                                 depend on the ranks. */
} tartan_pca_info;

/**
 * What tartan_pca_fit() would do: algorithm (solver), reason, passes, words, flops, memory per rank, seconds from a
 * short measurement of this machine. Collective; reads no data.
 *
 * @param[in]  A     samples are rows
 * @param[in]  opts  NULL for defaults
 * @param[out] plan  the same on every rank
 *
 * @retval TARTAN_ERR_ARG    options that do not fit each other or the data (k too large, one sample)
 * @retval TARTAN_ERR_NOMEM  no solver fits the grid's memory budget; the message says what would
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_pca_plan(const tartan_operator *A, const tartan_pca_opts *opts,
                                                         tartan_cost *plan);

/**
 * Fits a model. Collective.
 *
 * @param[in]  A      samples are rows; m >= 2
 * @param[in]  opts   NULL for defaults
 * @param[out] model  to be given to tartan_pca_destroy(); NULL after a failure
 * @param[out] info   may be NULL
 *
 * @retval TARTAN_ERR_ARG, TARTAN_ERR_NOMEM  as tartan_pca_plan()
 * @retval TARTAN_ERR_INPUT                  NaN or Inf in the data
 * @retval TARTAN_ERR_IO                     reading failed
 * @retval TARTAN_ERR_NUMERIC                a decomposition did not converge
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_pca_fit(const tartan_operator *A, const tartan_pca_opts *opts,
                                                        tartan_pca **model, tartan_pca_info *info);

/** Ends a model and sets the pointer to NULL; NULL is accepted. Local. */
TARTAN_API void tartan_pca_destroy(tartan_pca **model);

/**
 * The numbers of a model, to be read. Local; the pointers live as long as the model.
 *
 * Names of features come from the operator that the model was fitted to (tartan_operator_feature_name()).
 */
typedef struct tartan_pca_values {
  int64_t            samples, features, components; /**< m, n, k */
  const double      *components_;                   /**< [k, n] row-major */
  const double      *explained_variance_;           /**< [k] */
  const double      *explained_variance_ratio_;     /**< [k] */
  const double      *singular_values_;              /**< [k] */
  const double      *mean_;                         /**< [n]; zeros without centering */
  const double      *scale_;                        /**< [n]; ones without scaling */
  double             noise_variance_;               /**< mean of the variances left out */
  double             total_variance_;               /**< sum of all variances */
  bool               center, scale, whiten;
  const char *const *feature_names_in_; /**< [n], or NULL */
} tartan_pca_values;

TARTAN_API void tartan_pca_get_values(const tartan_pca *model, tartan_pca_values *values);

/** An attribute for the root of an output file: a text, or an integer where value is NULL. */
typedef struct tartan_attribute {
  const char *name, *value;
  int64_t     count; /**< the integer */
} tartan_attribute;

/** Start from TARTAN_PCA_SAVE_OPTS_INIT. */
typedef struct tartan_pca_save_opts {
  size_t                  size;          /**< sizeof this struct, set by the initializer */
  bool                    force;         /**< replace a file that exists */
  bool                    without_model; /**< scores only (a transform of new data) */
  const tartan_operator  *scores;        /**< data whose scores X_pca [m, k] are written; NULL: none */
  tartan_dtype            scores_dtype;  /**< of X_pca */
  bool                    inverse_error; /**< also compute the mean squared error of the reconstruction */
  const tartan_pca_info  *info;          /**< for diagnostics/; may be NULL */
  const tartan_attribute *attributes;    /**< [attribute_count], for the root */
  int                     attribute_count;
  bool                    without_scores; /**< X_pca is not written: the data is read for the inverse error only */
  tartan_pca_nan          nan;            /**< NaN in the data: refuse, or replace by the model's means */
} tartan_pca_save_opts;

#define TARTAN_PCA_SAVE_OPTS_INIT                                                                                      \
  {                                                                                                                    \
    .size = sizeof(tartan_pca_save_opts), .scores_dtype = TARTAN_F64, .nan = TARTAN_PCA_NAN_ERROR                      \
  }

/**
 * Writes a model, and the scores of data if wanted, in one pass over that data. Collective.
 *
 * The file appears under its name only when complete. Names of features that the model has are written with it, names of
 * samples that stand beside the data with the scores. The data's features are matched as in tartan_pca_transform().
 *
 * @param[in]  path           of the new file
 * @param[in]  opts           NULL for defaults
 * @param[out] inverse_error  mean over all entries of (x - its reconstruction)^2, in the units of the data as centered
 *                            and scaled; may be NULL; 0 unless asked for. It is also written, as
 *                            /diagnostics/inverse_error.
 *
 * @retval TARTAN_ERR_EXISTS, TARTAN_ERR_IO  as tartan_matrix_save()
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_INPUT  features do not match, as in tartan_pca_transform()
 * @retval TARTAN_ERR_INPUT                    scores that are not finite, from Inf in the data, or NaN unless opts->nan
 *                                             is TARTAN_PCA_NAN_MEAN; nothing is left behind
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_pca_save(const tartan_pca *model, const char *path,
                                                         const tartan_pca_save_opts *opts, double *inverse_error);

/**
 * Reads a model. Collective.
 *
 * @retval TARTAN_ERR_INPUT, TARTAN_ERR_FORMAT  no such file, or not a PCA model
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_pca_load(tartan_grid *grid, const char *path, tartan_pca **model);

/**
 * Scores of samples: Y := (A - 1 mean') / scale V, whitened if the model is. Collective.
 *
 * Where both the model and A have names of features, these are matched by name, in any order; else by position.
 *
 * @param[out] Y  [m, k], any layout; must not overlap A
 *
 * @retval TARTAN_ERR_INPUT  A lacks a feature of the model, or has one that the model does not know; it is named
 *                           or there is NaN or Inf in A; the first sample with such is named
 * @retval TARTAN_ERR_SHAPE  without names: A has another number of features
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_pca_transform(const tartan_pca *model, const tartan_operator *A,
                                                              tartan_matrix *Y);

#ifdef __cplusplus
}
#endif
#endif
