/**
 * @file als.h
 * Rows of an alternating least squares half-step, many at once: for each row u, with observations o that have factor
 * rows y_o, weights w_o and targets t_o,
 *
 *     (G + lambda_u I + sum_o w_o y_o y_o') x_u = sum_o t_o y_o
 *
 * where G is what all rows share: alpha0 Y'Y of implicit data, nothing of explicit data.
 *
 * Numbers below the normal range count as zero in rows that are solved here (tt_parallel_flushed()).
 *
 * Bits: each x_u depends on its own observations, in their order, on k, G and lambda_u alone: not on the rows beside
 * it, the number of threads, or where it lies.
 */
#ifndef TT_KERNEL_ALS_H
#define TT_KERNEL_ALS_H

#include "base/memory.h"
#include "kernel/isa.h"

/** Form of an exact solution. */
typedef enum tt_als_form {
  TT_ALS_BY_COUNT = 0, /**< each row takes the cheaper one */
  TT_ALS_HEAVY,
  TT_ALS_LIGHT /**< wherever it is possible: up to k observations */
} tt_als_form;

/** What all rows share. The short form needs d, or that there is no G: then D is lambda I. */
typedef struct tt_als_shared {
  tartan_dtype dtype;
  tt_isa       isa;  /**< the same on all ranks; TT_ISA_HOST, which is 0, for one process */
  tt_als_form  form; /**< of tt_als_exact() */
  int64_t      k;    /**< length of a factor row */
  const void  *Y;    /**< [*, k] row-major factor rows that are at hand */
  const void  *G;    /**< [k, k] symmetric, both triangles; NULL: none */
  const void  *d;    /**< [k] diagonal of G, if Y has been rotated so that G is diagonal (G is not read); else NULL */
} tt_als_shared;

/** The rows of one call. */
typedef struct tt_als_rows {
  int64_t        count;
  const int64_t *ptr;    /**< [count + 1] observations of row u are ptr[u] .. ptr[u + 1] - 1 */
  const int32_t *col;    /**< which row of Y */
  const void    *weight; /**< [..] of dtype; NULL: ones */
  const void    *target; /**< [..] of dtype: t = weight x value in most models */
  const void    *lambda; /**< [count] of dtype */
  void          *X;      /**< [count, k] row-major; in: of cg and block the start; out: the solutions */
  double *misfit; /**< [count] of each solution, as tt_als_misfit(), while its factor rows are in the cache; NULL: no */
  double  more;   /**< of tt_als_misfit() */
} tt_als_rows;

/** Observations from which a row takes the heavy form, where the short one is possible: by count of flops. Local. */
int64_t tt_als_heavy_from(int64_t k);

/** Flops of an exact solution of a row with so many observations. Local. */
double tt_als_flops(int64_t k, int64_t observations, bool short_form);

/**
 * Exact solutions; of a row without observations, zero. Light rows by the push-through identity, x = D^(-1/2) Z' (W^-1
 * + Z Z')^-1 s with D = diag(d) + lambda I, Z = Y_u D^(-1/2) and s = t / w; heavy rows, weights <= 0 (or whose inverse
 * is near overflow) and min D <= k u max D by a fused update of the triangle and Cholesky. Rows are solved in batches
 * over the threads. Local.
 *
 * @return rows whose matrix was not positive definite: those x are NaN
 * @retval through *local: TARTAN_ERR_NOMEM
 */
int64_t tt_als_exact(const tt_als_shared *shared, const tt_als_rows *rows, int threads, tt_memory *mem,
                     tartan_status *local);

/**
 * So many steps of conjugate gradients from X, on each row; fewer where the residual vanishes. Local.
 *
 * Factor rows of up to 512 KB are gathered once, more of them at every step.
 */
void tt_als_cg(const tt_als_shared *shared, const tt_als_rows *rows, int64_t steps, int threads, tt_memory *mem,
               tartan_status *local);

/**
 * One pass of iALS++ over each row, from X: for one block of coordinates after the other, the exact solution in these
 * coordinates while the others stay (Rendle, Krichene, Zhang, Koren 2021). With a block of k coordinates, the exact
 * solution. Of a row without observations, zero. Local.
 *
 * @param block  coordinates of a block, from 1; the last block may be smaller
 * @return rows of which a block was not positive definite: those x are NaN
 */
int64_t tt_als_block(const tt_als_shared *shared, const tt_als_rows *rows, int64_t block, int threads, tt_memory *mem,
                     tartan_status *local);

/** Flops of a row with so many observations by tt_als_block(). Local. */
double tt_als_block_flops(int64_t k, int64_t observations, int64_t block);

/**
 * The least value of each row's objective, x'A x / 2 - b'x with its matrix A and right side b, over x >= 0, from X: sweeps
 * of coordinate descent with projection, and between them steps to the minimum over the coordinates that are not zero,
 * as far as none becomes negative; until gradients are as small as rounding lets them be, or a fixed number of rounds.
 * The value never rises. Of a row without observations, zero. Local.
 *
 * @return rows with a diagonal below zero or sums that are not finite: those x are NaN
 */
int64_t tt_als_nonnegative(const tt_als_shared *shared, const tt_als_rows *rows, int threads, tt_memory *mem,
                           tartan_status *local);

/**
 * Part of a row that is cut: adds observations of one segment. Local. Takes 64 KB of stack. The bits of a sum depend
 * on where a row is cut, so it has to be cut at places that its observations alone determine.
 *
 * @param[in,out] A  [k (k + 1) / 2] += sum w y y', lower triangle by columns
 * @param[in,out] b  [k] += sum t y
 */
void tt_als_accumulate(const tt_als_shared *shared, int64_t observations, const int32_t *col, const void *weight,
                       const void *target, void *A, void *b);

/** Solves one row from its sums; true if its matrix was positive definite. A and b are destroyed. Local. */
bool tt_als_finish(const tt_als_shared *shared, double lambda, void *A, void *b, void *x);

/** The same over x >= 0, from x as it is; A and b stay. @retval through *local: TARTAN_ERR_NOMEM */
bool tt_als_finish_nonnegative(const tt_als_shared *shared, double lambda, const void *A, const void *b, void *x,
                               tt_memory *mem, tartan_status *local);

/**
 * What the observations of one row, or of a segment of it, add to the objective, with s_o = x'y_o: sum (t - s)^2 without
 * weights, else sum (w + more) (p - s)^2 - more s^2 with p = 1 where t is not 0. In f64, in a fixed order. Local.
 *
 * @param[in] x  [k] the row
 */
double tt_als_misfit(const tt_als_shared *shared, int64_t observations, const int32_t *col, const void *weight,
                     const void *target, double more, const double *x);

#endif
