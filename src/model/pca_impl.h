/**
 * @file pca_impl.h
 * Between the parts of PCA: what a model holds, and what a solver delivers.
 */
#ifndef TT_MODEL_PCA_IMPL_H
#define TT_MODEL_PCA_IMPL_H

#include <tartan/pca.h>

#include "matrix/matrix.h"
#include "oper/gram.h"
#include "oper/tsqr.h"

struct tartan_pca {
  tartan_grid      *grid;
  tartan_pca_values v; /* its pointers lead into `numbers` and `names` */
  double           *numbers;
  const char      **names; /* [n] of the features, or NULL */
};

/** The whole spectrum and its vectors, before k is chosen. */
typedef struct tt_pca_spectrum {
  int64_t        count;    /**< min(m, n) */
  int64_t        found;    /**< 0: all; else only so many variances and vectors, and the total */
  double         total;    /**< sum of all variances where not all are found */
  double        *variance; /**< [count], descending, not negative */
  double         floor;    /**< sqrt of the relative size below which variances are rounding errors */
  tartan_matrix *V;        /**< f64, vectors as columns, or as rows if `rows` */
  bool           rows;
  double        *mean;  /**< [n] */
  double        *scale; /**< [n] */
  int64_t        segments;
  tartan_matrix
      *C; /**< for the residual, or NULL: covariance, lower triangle; or, with `rows`, the data as centered and
                         scaled or their factor R, [n, rows] in ranges */
} tt_pca_spectrum;

/** The options, checked and completed, and the cuts that follow. */
typedef struct tt_pca_setup {
  tartan_pca_opts   opts;
  tartan_pca_solver solver;
  tt_gram_plan      gram;
  tt_tsqr_plan      tsqr;
  tartan_cost       plan;
} tt_pca_setup;

/** Checks the options against the data, chooses the solver, predicts its cost. Collective. As tartan_pca_plan(). */
tartan_status tt_pca_prepare(const tartan_operator *A, const tartan_pca_opts *opts, tt_pca_setup *setup);

/** Adds the seconds to a plan, from a short product on this machine and assumed rates of disk and network. Collective. */
tartan_status tt_pca_predict_seconds(const tartan_operator *A, tt_pca_setup *setup);

/**
 * Whether all ranks have one BLAS of the same kind and core whose threads can be told: without that equal bits are no
 * promise, and a warning says so. Collective.
 */
tartan_status tt_pca_same_blas(tartan_grid *grid, bool *same);

/** Gives back what a spectrum holds. Local. */
void tt_pca_spectrum_end(tt_pca_spectrum *s);

/** The solvers: fill everything. Collective. fill: NULL or [n] values for NaN. */
tartan_status tt_pca_solve_gram(const tartan_operator *A, const tt_pca_setup *setup, const double *fill,
                                tt_pca_spectrum *s);
tartan_status tt_pca_solve_full(const tartan_operator *A, const tt_pca_setup *setup, const double *fill,
                                tt_pca_spectrum *s);
tartan_status tt_pca_solve_tsqr(const tartan_operator *A, const tt_pca_setup *setup, const double *fill,
                                tt_pca_spectrum *s);

/** Singular values of m samples, standing in s->variance, become variances; the same on every rank. Local. */
tartan_status tt_pca_square(tartan_grid *grid, int64_t m, tt_pca_spectrum *s);

/** s->C := rows X with X'X = (m - 1) C, turned, for the residual; a warning where there is no memory. Collective. */
tartan_status tt_pca_keep_rows(const tartan_matrix *X, tt_pca_spectrum *s);

/**
 * The first k eigenpairs of a covariance matrix whose lower triangle is given, and the sum of all; by the whole
 * decomposition if the iteration does not converge. Collective.
 *
 * @param[in,out] C  its other triangle is filled in
 */
tartan_status tt_pca_eigen_krylov(tartan_matrix *C, int64_t k, tt_pca_spectrum *s);

/**
 * The largest |C v - lambda v| / lambda_1 over a model's components; 0 if lambda_1 is. Collective; uses up s->C.
 *
 * Cost per rank: about 4 n^2 k / P flops (gram, tsqr) or 4 m n k / P (full), n k words in one sum over all ranks.
 */
tartan_status tt_pca_residual(const tt_pca_spectrum *s, const tartan_pca *model, double *residual);

/**
 * A model whose features stand in the data's order, where both have names and these differ. Collective.
 *
 * @param[out] matched  to be given to tartan_pca_destroy(); NULL if the model fits as it is
 * @retval TARTAN_ERR_INPUT, TARTAN_ERR_SHAPE  as tartan_pca_transform()
 * @retval TARTAN_ERR_GRID                     the two lie on two grids
 */
tartan_status tt_pca_match(const tartan_pca *model, const tartan_operator *A, tartan_pca **matched);

/** Gives a model the names of its features; NULL: none. Local; the status is this rank's own. */
tartan_status tt_pca_set_names(tartan_pca *model, const char *const *names);

/** TARTAN_ERR_INPUT naming the first value that is not finite, if there are any; all ranks know alike. Local. */
tartan_status tt_pca_require_finite(const tt_nonfinite *bad);

/** How many components the options ask for, given the spectrum. Local. */
int64_t tt_pca_choose(const tartan_pca_opts *opts, int64_t m, int64_t n, const tt_pca_spectrum *s);

/**
 * What a feature is divided by: its standard deviation, or 1 where the variance is no more than the rounding of a constant
 * (var <= m eps var + (m mean eps)^2, as in scikit-learn). Local.
 *
 * @param[in] variance  ddof = 1
 */
double tt_pca_scale_of(double variance, double mean, int64_t m);

/** Room for a model of k components of n features. Local; the status is this rank's own. */
tartan_status tt_pca_allocate(tartan_grid *grid, int64_t n, int64_t k, tartan_pca **model);

/** Receives scores [rows, k] row-major f64 of rows that start at row0. Collective; rows may be 0. */
typedef tartan_status tt_scores_sink(void *context, int64_t row0, int64_t rows, const double *scores);

/**
 * Scores of an operator's rows, slab by slab. Collective.
 *
 * @param[in]  model          whose features are the operator's: tt_pca_match()
 * @param[in]  inverse_error  also sum the squared error of the reconstruction
 * @param[in]  nan            MEAN: NaN is replaced by the model's mean of its feature
 * @param[out] error          the sum over all entries; 0 unless asked for
 * @retval TARTAN_ERR_INPUT   samples have scores that are not finite: known, and agreed upon, at the end of the pass
 */
tartan_status tt_pca_scores(const tartan_pca *model, const tartan_operator *A, bool inverse_error, tartan_pca_nan nan,
                            tt_scores_sink *sink, void *context, double *error);

#endif
