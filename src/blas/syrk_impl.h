/**
 * @file syrk_impl.h
 * The triangle of a symmetric product where the inner dimension is the long one: each rank multiplies its own inner
 * indices, the packed triangles are summed, each rank a slice, and the slices go where C is.
 */
#ifndef TT_BLAS_SYRK_IMPL_H
#define TT_BLAS_SYRK_IMPL_H

#include "blas/gemm_impl.h"

/** A checked update of a triangle. */
typedef struct tt_syrk {
  tartan_uplo          uplo;
  tartan_op            op;
  double               alpha, beta;
  const tartan_matrix *A;
  tartan_matrix       *C;
} tt_syrk;

/** How it runs. */
typedef struct tt_syrk_plan {
  tt_layout   a;      /**< op(A) [n, k]: all rows on every rank, columns cut */
  tt_axis     slices; /**< of the packed lower triangle, n (n + 1) / 2 elements in column-major order */
  bool        a_stays;
  int64_t     panel; /**< columns of op(A) that are brought at a time, where they have to be */
  int64_t     bytes; /**< for changes of layout */
  tartan_cost cost;
} tt_syrk_plan;

/**
 * The plan for a product within so many bytes per rank (0: no limit); false if they are too few. Local.
 *
 * @param[in] beat  seconds of another way: false where it cannot be faster
 * @param[in] work  [tt_gemm_grid_work(P)]
 */
bool tt_syrk_tall_plan(const tt_gemm_shape *shape, int64_t cap, double beat, int64_t *work, tt_syrk_plan *plan);

/** Seconds of a plan whose local products run at so many flops per second (f64). Local. */
double tt_syrk_tall_seconds(const tt_gemm_shape *shape, const tt_syrk_plan *plan, double speed);

/** Runs it. Collective. TARTAN_ERR_NOMEM leaves C unchanged. */
tartan_status tt_syrk_tall(const tt_syrk *x, const tt_gemm_shape *shape, const tt_syrk_plan *plan);

/** Where the slices of a packed triangle go: a plan of the last step, with its memory. */
typedef struct tt_spread {
  tartan_grid   *grid;
  const tt_syrk *x;
  tt_layout      c; /**< of C, turned for the upper triangle: its lower triangle is meant */
  tt_axis        slices;
  int64_t       *counts; /**< [4 P] sent, where, received, where */
  char          *send, *recv;
} tt_spread;

/** Takes the memory. Local; give it to tt_spread_end(), after a failure too. */
tartan_status tt_spread_make(const tt_syrk *x, const tt_axis *slices, tt_spread *s);
void          tt_spread_end(tt_spread *s);

/** Triangle of C := slices + beta C. Collective. */
tartan_status tt_spread_run(tt_spread *s, const void *slice);

/** Adds the words that each rank sends and receives. Local. @param[in] c turned for the upper triangle */
void tt_spread_add_words(const tt_layout *c, const tt_axis *slices, int P, int64_t *sent, int64_t *came);

/** Bytes of it on a rank, the largest over ranks. Local. */
int64_t tt_spread_bytes(const tt_layout *c, const tt_axis *slices, size_t size, int P);

#endif
