/**
 * @file tsqr.h
 * The triangular factor of an operator's centered rows in one pass: R'R = sum over rows of (x - mean)(x - mean)'.
 *
 * Source: the tall-skinny QR of Demmel, Grigori, Hoemmen, Langou 2012; with the update of means of Chan, Golub, LeVeque
 * 1983 as one more row: the factor of two centered sets of c1 and c2 rows is that of their factors stacked on the row
 * sqrt(c1 c2 / (c1 + c2)) (mean2 - mean1). No square is formed, so a singular value is exact to about u sigma_1, where a
 * Gram matrix leaves sqrt(u) sigma_1.
 *
 * Bits: rows are cut into segments by m and n alone (segments.h), every panel has a height fixed by them, and nodes are
 * combined in a fixed tree. So the result depends neither on the number of ranks nor on threads.
 */
#ifndef TT_OPER_TSQR_H
#define TT_OPER_TSQR_H

#include "oper/gram.h"

/** The fixed cuts, and the sizes that follow from the memory that there is. */
typedef struct tt_tsqr_plan {
  tt_segments segments;
  int         slots;  /**< factors that a rank holds at once, one of them for what comes from others */
  int64_t     slab;   /**< rows of one read */
  int64_t     memory; /**< bytes per rank, the largest over ranks, result included */
  double      flops;  /**< of the busiest rank */
  double      words;  /**< sent or received, the largest over ranks */
} tt_tsqr_plan;

/** What a pass found out. */
typedef struct tt_tsqr_result {
  tartan_matrix *R;    /**< [n, n] f64, upper triangular with zeros below, its diagonal of any sign */
  double        *mean; /**< [n], then [n]: the 2-norms of the columns of R; tt_free() */
  double        *norm; /**< behind the means */
  tt_nonfinite   bad;  /**< if any, R is NULL */
} tt_tsqr_result;

/** As tt_gram_plan_make(). */
tartan_status tt_tsqr_plan_make(const tartan_operator *op, const tt_gram_opts *opts, int P, int threads, int64_t bytes,
                                tt_tsqr_plan *plan);

/**
 * Reads the operator once and forms the factor R. Collective.
 *
 * With fewer rows than columns the last n - m rows of R are zero but for rounding.
 *
 * @param[out] result  R and mean are the caller's
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
tartan_status tt_tsqr(const tartan_operator *op, const tt_gram_opts *opts, const tt_tsqr_plan *plan,
                      tt_tsqr_result *result);

#endif
