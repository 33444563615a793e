/**
 * @file regress.h
 * Linear regression of one target on the features of m samples, in memory or streamed from a file: least squares, ridge,
 * lasso and elastic net, each over a path of penalties.
 *
 * The samples are read once, for the Gram matrix of features and target; all models of the path follow from it. Objectives
 * and names are scikit-learn's, b the coefficients, y the target, both centered with an intercept:
 *
 *     ridge        |y - A b|^2 + alpha |b|_2^2                                              (alpha = 0: least squares)
 *     elastic net  |y - A b|^2 / (2 m) + alpha (r |b|_1 + (1 - r) |b|_2^2 / 2)              (r = 1: lasso)
 */
#ifndef TARTAN_REGRESS_H
#define TARTAN_REGRESS_H

#include <tartan/pca.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fitted models; the same on every rank. */
typedef struct tartan_regression tartan_regression;

typedef enum tartan_regress_model {
  TARTAN_REGRESS_RIDGE,      /**< by Cholesky, or eigenvalues where G + alpha I is singular: then of minimum norm */
  TARTAN_REGRESS_LASSO,      /**< by coordinate descent on the Gram matrix */
  TARTAN_REGRESS_ELASTIC_NET /**< the same */
} tartan_regress_model;

typedef struct tartan_regress_opts {
  size_t               size; /**< of this struct */
  tartan_regress_model model;
  const double *penalty; /**< [penalties] alpha >= 0, in any order; NULL: ridge 1, else a path of `penalties` values */
  int64_t penalties;     /**< 0: 1 for ridge, 100 for a path from the smallest alpha with b = 0 down to `ratio` of it */
  double  ratio;         /**< of the path's last to its first penalty: 1e-3 */
  double  l1_ratio;      /**< r of the elastic net, in (0, 1] */
  bool    intercept;
  bool    scale;      /**< penalise b of features of unit variance (ddof 0); given back in the data's units */
  double  tolerance;  /**< of the duality gap, relative to |y|^2 / m */
  int64_t iterations; /**< sweeps over the coordinates at most, for each penalty */
} tartan_regress_opts;

#define TARTAN_REGRESS_OPTS_INIT                                                                                       \
  {                                                                                                                    \
    .size = sizeof(tartan_regress_opts), .model = TARTAN_REGRESS_RIDGE, .ratio = 1e-3, .l1_ratio = 0.5,                \
    .intercept = true, .tolerance = 1e-6, .iterations = 10000                                                          \
  }

/** How a fit went. Not converging is no error. */
typedef struct tartan_regress_info {
  tartan_cost plan;
  bool        converged;    /**< all penalties */
  bool        reproducible; /**< the same bits on any number of ranks and threads: not ridge beyond 2000 features */
  int64_t     sweeps;       /**< over the coordinates, in all */
  double      gap;          /**< the largest duality gap, relative; 0 for ridge */
  double      condition; /**< estimate for the last penalty's matrix with its diagonal scaled to 1, ridge; else NaN */
  double      seconds;
} tartan_regress_info;

/** What tartan_regress_fit() would take, after TARTAN_ERR_NOMEM too. Collective; reads no data. Errors as there. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_regress_plan(const tartan_operator *A, const tartan_regress_opts *opts,
                                                             tartan_cost *plan);

/**
 * Fits the models. Collective.
 *
 * @param[in]  A      [m, n] samples are rows; m >= 1, n >= 1
 * @param[in]  y      [m, 1], f64 or f32
 * @param[in]  opts   NULL for defaults
 * @param[out] model  to be given to tartan_regress_destroy(); NULL after a failure
 * @param[out] info   may be NULL
 *
 * Source: Friedman, Hastie, Tibshirani 2010 (paths by coordinate descent with covariance updates).
 *
 * @retval TARTAN_ERR_SHAPE    y does not have m rows and one column, or A is empty
 * @retval TARTAN_ERR_ARG      options out of range
 * @retval TARTAN_ERR_INPUT    NaN or Inf in A or y
 * @retval TARTAN_ERR_NUMERIC  squares of the values leave the range of f64
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_regress_fit(const tartan_operator *A, const tartan_matrix *y,
                                                            const tartan_regress_opts *opts, tartan_regression **model,
                                                            tartan_regress_info *info);

/** Ends models and sets the pointer to NULL; NULL is accepted. Local. */
TARTAN_API void tartan_regress_destroy(tartan_regression **model);

/** The numbers of the models, to be read. Local; the pointers live as long as the models. */
typedef struct tartan_regress_values {
  int64_t            samples, features, penalties; /**< m, n, p */
  const double      *coef_;                        /**< [p, n] row-major, one row a penalty, penalties descending */
  const double      *intercept_;                   /**< [p] */
  const double      *penalty;                      /**< [p] alpha, descending */
  const double      *mse;                          /**< [p] mean squared error on the samples */
  const double      *r2;                           /**< [p] coefficient of determination; NaN for a constant target */
  const int64_t     *nonzero;                      /**< [p] coefficients that are not zero */
  const char *const *feature_names_in_;            /**< [n], or NULL */
} tartan_regress_values;

TARTAN_API void tartan_regress_get_values(const tartan_regression *model, tartan_regress_values *values);

/**
 * Predictions of one model: Y := A b + intercept. Collective; reads A once.
 *
 * @param[in]  which  0 <= which < penalties
 * @param[out] Y      [m, 1], any layout
 * @retval TARTAN_ERR_SHAPE  A has another number of features, or Y of rows
 * @retval TARTAN_ERR_ARG    no such model
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_regress_predict(const tartan_regression *model, int64_t which,
                                                                const tartan_operator *A, tartan_matrix *Y);

#ifdef __cplusplus
}
#endif
#endif
