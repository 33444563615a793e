/**
 * @file fold.h
 * Folding rows into a triangular factor: R := the factor of [R; B], B any rows or another triangle.
 *
 * LAPACK's ?tpqrt does the same on one thread, 5 to 10 % slower. Here threads share the work and leave its bits alone, and
 * a triangle below costs a fifth of the flops of ?geqrf. ?geqrf of the stacked matrix takes 1.5 to 2.5 times as long.
 */
#ifndef TT_KERNEL_FOLD_H
#define TT_KERNEL_FOLD_H

#include <stdbool.h>
#include <stdint.h>

/** Values of the workspace of tt_fold(). Local. */
int64_t tt_fold_work(int64_t n);

/**
 * R := the upper triangular factor of [R; B] by Householder reflections. Local.
 *
 * Backward stable: [R; B] + E = Q R with |E_j| <= c n u |[R; B]_j| for each column j (Higham 2002, 19.3). The bits do
 * not depend on the threads, as long as the BLAS has one.
 *
 * @param[in]     threads  that share the update of later columns
 * @param[in,out] r        [n, n], ldr >= n; only the upper triangle is touched, its diagonal has any sign
 * @param[in]     h        rows of B
 * @param[in]     head     rows of B above a triangle: row head + i begins with i zeros; h if there is none
 * @param[in,out] b        [h, n], ldb >= h; destroyed
 * @param[out]    work     [tt_fold_work(n)]
 */
void tt_fold(int threads, int64_t n, double *r, int64_t ldr, int64_t h, int64_t head, double *b, int64_t ldb,
             double *work);

/**
 * B [h, n] := B less the means of its columns, twice against rounding. Local.
 *
 * @param[in]  h     at least 1
 * @param[in]  ones  [h], all 1
 * @param[out] mean  [n]
 */
void tt_center_columns(int threads, int64_t h, int64_t n, double *b, int64_t ldb, const double *ones, double *mean);

#endif
