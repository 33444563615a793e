/**
 * @file gram.h
 * The Gram matrix of an operator's rows in one pass: S = sum over rows of (x - mean)(x - mean)'.
 *
 * Source: the shifted one-pass form (Chan, Golub, LeVeque 1983): sums are taken about a shift s close to the mean and
 * corrected by rank one at the end, S = sum (x - s)(x - s)' - m (mean - s)(mean - s)'.
 *
 * Bits: rows are cut into segments and columns into tiles by m and n alone (segments.h), every local product has a shape
 * fixed by them and runs on one thread, sums are combined in a fixed tree. So the result depends neither on the number
 * of ranks nor on threads. 8-bit integers are summed exactly: products of 256 rows in f32 stay below 2^24.
 */
#ifndef TT_OPER_GRAM_H
#define TT_OPER_GRAM_H

#include "oper/operator.h"
#include "oper/segments.h"

typedef struct tt_gram_opts {
  bool                 center;       /**< else S = sum x x' */
  const double        *fill;         /**< NULL, or [n] values that replace NaN */
  int64_t              joined;       /**< 0, or 1: rows have one more column, at their end, which is `target` */
  const tartan_matrix *target;       /**< [m, 1], finite; not needed for a plan */
  bool                 target_exact; /**< it holds integers that are at most 255 apart: 8-bit rows stay exact */
} tt_gram_opts;

/** The fixed cuts, and the sizes that follow from the memory that there is. */
typedef struct tt_gram_plan {
  tt_segments segments;
  int64_t     tile;        /**< edge of a tile: also the block of the result */
  int64_t     tiles;       /**< tiles of the lower triangle */
  int64_t     node;        /**< f64 values of one node of the tree: all tiles and the column sums */
  bool        exact;       /**< products in f32 without rounding */
  int         slots;       /**< nodes that a rank holds at once */
  int64_t     slab;        /**< rows of one read */
  int64_t     panels;      /**< converted panels that a slab can fill */
  int64_t     rows_copied; /**< bytes of the rows that a pass over a matrix in memory copies */
  int64_t     memory;      /**< bytes per rank, the largest over ranks, result included */
  double      flops;       /**< of the busiest rank */
  double      words;       /**< sent or received, the largest over ranks */
} tt_gram_plan;

/** What a pass found out. */
typedef struct tt_gram_result {
  tartan_matrix
         *G;    /**< [n, n] f64, lower triangle, in blocks of one tile on the grid's arrangement; n counts the target */
  double *mean; /**< [n]; zeros without centering; tt_free() */
  double  last; /**< mean of the last column, with or without centering */
  tt_nonfinite bad; /**< if any, G is NULL */
} tt_gram_result;

/**
 * The cuts for an operator on P ranks within so many bytes per rank. Local, the same on every rank.
 *
 * @param[in] bytes  what may be taken; 0: no limit
 * @retval TARTAN_ERR_NOMEM  not enough; plan->memory says what would be. Without a message: the caller may have another way
 */
tartan_status tt_gram_plan_make(const tartan_operator *op, const tt_gram_opts *opts, int P, int threads, int64_t bytes,
                                tt_gram_plan *plan);

/**
 * Reads the operator once and forms its Gram matrix. Collective.
 *
 * @param[out] result  G and mean are the caller's
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
tartan_status tt_gram(const tartan_operator *op, const tt_gram_opts *opts, const tt_gram_plan *plan,
                      tt_gram_result *result);

/**
 * Seconds of a pass, about: a few of its tiles are multiplied and a few MiB of its rows are read, on every rank, for some
 * hundredths of a second. Collective; what is read for it is not counted. TARTAN_ERR_NOMEM.
 */
tartan_status tt_gram_predict(const tartan_operator *op, const tt_gram_plan *plan, double *seconds);

/**
 * Column means over all values that are not NaN, in one pass. Collective; the same bits on any number of ranks.
 *
 * @param[out] mean     [n]; 0 where a column has no value
 * @param[out] missing  number of NaN
 */
tartan_status tt_column_means(const tartan_operator *op, double *mean, int64_t *missing);

#endif
