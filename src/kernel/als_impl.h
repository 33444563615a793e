/**
 * @file als_impl.h
 * Between als.c and its kernels, which are compiled once for each instruction set and element type.
 */
#ifndef TT_KERNEL_ALS_IMPL_H
#define TT_KERNEL_ALS_IMPL_H

#include "kernel/als.h"

/** Elements that a padded row or column has more than k at least: a vector load may begin at any element of it. */
#define TT_ALS_PAD 16

/** Observations that are gathered into one panel; sums over a row are cut here. */
#define TT_ALS_CHUNK 128

/** Columns of a register tile at most. */
#define TT_ALS_TILE 8

/** Length of a padded row or column of k elements. */
static inline int64_t tt_als_padded(int64_t k)
{
  return (k + TT_ALS_PAD - 1) / TT_ALS_PAD * TT_ALS_PAD + TT_ALS_PAD;
}

/** Observations whose factor rows conjugate gradients keep, [.., ld] elements of this size: half of a usual L2 cache. */
static inline int64_t tt_als_kept(int64_t ld, size_t size)
{
  const int64_t rows = ((int64_t)512 << 10) / (ld * (int64_t)size) / TT_ALS_PAD * TT_ALS_PAD;

  return rows > TT_ALS_CHUNK ? rows : TT_ALS_CHUNK;
}

/** Observations of which the same memory keeps a block of columns. */
static inline int64_t tt_als_piece(int64_t ld, int64_t block, size_t size)
{
  return tt_als_kept(ld, size) * ld / tt_als_padded(block) / TT_ALS_PAD * TT_ALS_PAD;
}

/**
 * Scratch memory of one thread, all of the element type, zero at first. Vectors and the rows of panels are padded; the
 * padding of panels stays zero, but of block, which makes it zero.
 */
typedef struct tt_als_work {
  int64_t  end;     /**< observations of all rows of this call: their addresses may be looked at */
  int64_t  ld, lda; /**< padded lengths of rows of panels, and of columns of A */
  void    *panel;   /**< [max(chunk, light) + tile, ld], of cg and block [kept, ld], gathered rows */
  void    *scaled;  /**< [chunk, ld] times weights */
  void    *A;       /**< [lda, max(k, light) + tile] column-major; of block [lda, block + tile] */
  void    *K;       /**< [lda, k + tile] of nonnegative: rows and columns of A */
  void    *G;       /**< [k, ld] of cg and block, where all rows share a matrix */
  void    *b;       /**< [lda] right side, solution; of cg and block [at least kept] coefficients */
  void    *inverse; /**< [lda] of the diagonal of the factor */
  void    *scale;   /**< [ld] D^(-1/2), behind it of which lambda, and 1 once there is one */
  void    *score;   /**< [most observations] of block: y'x */
  double  *wide;    /**< [k] a solution, where its misfit is wanted */
  void    *v[4];    /**< [ld] vectors; the first: solution */
  int64_t *index;   /**< [k] of nonnegative: coordinates that are not zero */
} tt_als_work;

/** One instruction set and element type. */
typedef struct tt_als_kernels {
  bool (*heavy)(const tt_als_shared *shared, const tt_als_rows *rows, int64_t u, const tt_als_work *work);
  bool (*light)(const tt_als_shared *shared, const tt_als_rows *rows, int64_t u, const tt_als_work *work);
  bool (*may_be_light)(const tt_als_shared *shared, const tt_als_rows *rows, int64_t u, double least, double most);
  void (*cg)(const tt_als_shared *shared, const tt_als_rows *rows, int64_t u, int64_t steps, const tt_als_work *work);
  bool (*block)(const tt_als_shared *shared, const tt_als_rows *rows, int64_t u, int64_t block,
                const tt_als_work *work);
  bool (*nonnegative)(const tt_als_shared *shared, const tt_als_rows *rows, int64_t u, const tt_als_work *work);
  void (*accumulate)(const tt_als_shared *shared, int64_t observations, const int32_t *col, const void *weight,
                     const void *target, void *A, void *b);
  bool (*finish)(const tt_als_shared *shared, double lambda, void *A, void *b, void *x);
  bool (*finish_nonnegative)(const tt_als_shared *shared, double lambda, const void *A, const void *b, void *x,
                             const tt_als_work *work);
  double (*misfit)(const tt_als_shared *shared, int64_t observations, const int32_t *col, const void *weight,
                   const void *target, double more, const double *x);
} tt_als_kernels;

/** By element type, f32 first; functions are NULL where the compiler does not know the instruction set. */
extern const tt_als_kernels tt_als_portable[2], tt_als_avx2[2], tt_als_avx512[2];

#endif
