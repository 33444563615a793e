/**
 * @file norms.h
 * Numbers that sum up a matrix, its rows or its columns. Sums are formed in f64, whatever the element type; NaN in, NaN
 * out, also beside Inf. A sum of k elements is within k u of the sum of their sizes; its last bits depend on the layout.
 */
#ifndef TARTAN_NORMS_H
#define TARTAN_NORMS_H

#include <tartan/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Norms of a matrix; of one row or column: the same of that vector. */
typedef enum tartan_norm_kind {
  TARTAN_NORM_FRO,  /**< root of the sum of squares, scaled against overflow; of a vector: the 2-norm */
  TARTAN_NORM_ONE,  /**< largest sum of |a| in a column; of a vector: the sum of |a| */
  TARTAN_NORM_INF,  /**< largest sum of |a| in a row; of a vector: the largest |a| */
  TARTAN_NORM_MAX,  /**< largest |a| */
  TARTAN_NORM_SUM,  /**< entrywise 1-norm: sum of |a| */
  TARTAN_NORM_COUNT /**< entrywise 0-norm: number of elements that are not zero (NaN is not) */
} tartan_norm_kind;

/**
 * A norm, the same on every rank. Collective.
 *
 * @param[out] value  0 for an empty matrix and after a failure
 *
 * The norms ONE and INF take memory for one number for each local column or row.
 *
 * @retval TARTAN_ERR_ARG    no such norm
 * @retval TARTAN_ERR_NOMEM  no workspace on some rank
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_norm(tartan_norm_kind kind, const tartan_matrix *A, double *value);

/**
 * Frobenius norm, scaled against overflow, the same on every rank. Collective. NaN if an element is.
 *
 * @param[out] norm  not NULL
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_norm_fro(const tartan_matrix *A, double *norm);

/** Sum of the diagonal of a matrix, square or not, the same on every rank. Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_trace(const tartan_matrix *A, double *value);

/**
 * Sum of a(i, j) b(i, j), in f64, the same on every rank. Collective.
 *
 * @param[in] A, B  one shape, any layouts and element types; B is brought to A's layout in parts of about 64 MiB
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID, TARTAN_ERR_NOMEM
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_dot(const tartan_matrix *A, const tartan_matrix *B, double *value);

/** Along which dimension results lie. */
typedef enum tartan_axis {
  TARTAN_ROWS,   /**< one value for each row: results are [m, 1] */
  TARTAN_COLUMNS /**< one value for each column: results are [1, n] */
} tartan_axis;

/**
 * Sums of rows or of columns. Collective.
 *
 * @param[out] x  [m, 1] or [1, n], any layout and element type
 *
 * Beside x, takes memory for one f64 number for each local row (column), and for this rank's share of what the ranks
 * across are adding up, which is no more.
 *
 * @retval TARTAN_ERR_ARG                     neither rows nor columns
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_GRID  x does not fit; unchanged
 * @retval TARTAN_ERR_NOMEM                   no workspace on some rank; x is unchanged
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_sums(tartan_axis axis, const tartan_matrix *A, tartan_matrix *x);

/** Means of rows or of columns; NaN where there is nothing to average. Otherwise as tartan_sums(). Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_means(tartan_axis axis, const tartan_matrix *A, tartan_matrix *x);

/** Norms of rows or of columns, as vectors. Otherwise as tartan_sums(). Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_norms(tartan_norm_kind kind, tartan_axis axis, const tartan_matrix *A,
                                                      tartan_matrix *x);

#ifdef __cplusplus
}
#endif
#endif
