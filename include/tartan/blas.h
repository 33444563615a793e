/**
 * @file blas.h
 * Products of distributed matrices, planned before and measured after.
 *
 * A product of m x k by k x n runs on p1 x p2 x p3 ranks: p1 along the rows of C, p2 along its columns, p3 along the
 * inner dimension. op(A) is gathered along p2, op(B) along p1, C is reduce-scattered along p3. The planner weighs all
 * such grids, with the words that bring the operands there from the layouts they are in.
 */
#ifndef TARTAN_BLAS_H
#define TARTAN_BLAS_H

#include <tartan/matrix.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a product is computed. */
typedef enum tartan_gemm_algorithm {
  TARTAN_GEMM_PLANNED, /**< our own, on the grid that costs least */
  TARTAN_GEMM_PBLAS    /**< ScaLAPACK's p?gemm and p?syrk, the reference */
} tartan_gemm_algorithm;

/** Something that the planner decides unless it is told. */
typedef enum tartan_choice { TARTAN_PLANNED, TARTAN_OFF, TARTAN_ON } tartan_choice;

/** Options of products. Start from TARTAN_GEMM_OPTS_INIT; they must be the same on every rank. */
typedef struct tartan_gemm_opts {
  size_t                size;       /**< sizeof this struct, set by the initializer */
  tartan_gemm_algorithm algorithm;  /**< PLANNED */
  int                   p1, p2, p3; /**< 0 x 0 x 0: planned; else the grid to use */
  int64_t       panel;   /**< inner indices that a rank gives to one step; 0: planned, up to 512, 256 with overlap */
  int64_t       memory;  /**< bytes per rank beside the operands, check included; 0: what the budget leaves */
  tartan_choice overlap; /**< exchange the next panels while multiplying: planned is on between nodes */
  bool          check;   /**< Freivalds' test of the result: a wrong product is TARTAN_ERR_TOLERANCE */
} tartan_gemm_opts;

#define TARTAN_GEMM_OPTS_INIT                                                                                          \
  {                                                                                                                    \
    .size = sizeof(tartan_gemm_opts), .algorithm = TARTAN_GEMM_PLANNED                                                 \
  }

/**
 * C := alpha op(A) op(B) + beta C
 *
 * Collective over the grid of C. Operands may have any layout; they are not changed.
 *
 * @param[in]     alpha, beta  rounded to the dtype of C
 * @param[in]     op_a, A      op(A) has shape [m, k]
 * @param[in]     op_b, B      op(B) has shape [k, n]
 * @param[in,out] C            shape [m, n]; not read if beta == 0; must not overlap A or B
 * @param[in]     opts         NULL for defaults
 *
 * Per rank 2mnk/P flops and mk/(p1 p3) (1 - 1/p2) + kn/(p2 p3) (1 - 1/p1) + mn/(p1 p2) (1 - 1/p3) words beside those
 * of changed layouts; tartan_gemm_plan() tells before, tartan_grid_cost() after.
 *
 * Source: SUMMA (van de Geijn, Watts 1997) inside a layer, its panels passed on from rank to rank; 2.5D and 3D grids
 * (Solomonik, Demmel 2011; Al Daas, Ballard, Grigori, Kumar, Rouse 2022).
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_DTYPE, TARTAN_ERR_GRID  operands do not fit; C is unchanged
 * @retval TARTAN_ERR_ARG                                       options that cannot be; C is unchanged
 * @retval TARTAN_ERR_NOMEM                                     no workspace on some rank; C is unchanged
 * @retval TARTAN_ERR_TOLERANCE                                 opts->check found the product wrong; C holds it
 * @retval TARTAN_ERR_OVERFLOW, TARTAN_ERR_BACKEND              PBLAS only: beyond 32 bits, or it cannot be loaded
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_gemm(double alpha, tartan_op op_a, const tartan_matrix *A,
                                                     tartan_op op_b, const tartan_matrix *B, double beta,
                                                     tartan_matrix *C, const tartan_gemm_opts *opts);

/**
 * What tartan_gemm() with the same arguments would do and cost. Collective; nothing is computed.
 *
 * @param[out] plan  words of the algorithm, words_redistributed for operands and result, words_bound, messages, flops,
 *                   memory beside the operands, seconds (words by constant rates, flops by a speed measured once for each
 *                   grid), grid p1 x p2 x p3, the reason. All are
 *                   the largest over the ranks
 *
 * Errors as tartan_gemm().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_gemm_plan(tartan_op op_a, const tartan_matrix *A, tartan_op op_b,
                                                          const tartan_matrix *B, const tartan_matrix *C,
                                                          const tartan_gemm_opts *opts, tartan_cost *plan);

/**
 * The plan of a product whose operands need not exist: they may lie as the plan wants them. Collective.
 *
 * @param[in]  m, n, k  C is [m, n], A [m, k], B [k, n]
 * @param[out] plan     as tartan_gemm_plan(), words_redistributed 0
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_gemm_predict(tartan_grid *grid, tartan_dtype dtype, int64_t m,
                                                             int64_t n, int64_t k, const tartan_gemm_opts *opts,
                                                             tartan_cost *plan);

/**
 * Makes the three matrices of a product C = A B, all zero, in the layouts that its best plan wants: nothing has to be
 * redistributed for it. Collective.
 *
 * @param[out] A, B, C  [m, k], [k, n], [m, n]; NULL after a failure
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_gemm_operands(tartan_grid *grid, tartan_dtype dtype, int64_t m,
                                                              int64_t n, int64_t k, const tartan_gemm_opts *opts,
                                                              tartan_matrix **A, tartan_matrix **B, tartan_matrix **C);

/**
 * The triangle uplo of C := alpha op(A) op(A)' + beta C; the other triangle is not touched.
 *
 * Collective over the grid of C. Only the triangle is computed: half of the product's flops, and, where op(A) is wide
 * (k >> n), half of its words; elsewhere all of the product's words.
 *
 * @param[in]     op    TARTAN_NO_TRANS: A is [n, k]; TARTAN_TRANS: A is [k, n]
 * @param[in,out] C     shape [n, n]; the triangle is not read if beta == 0; must not overlap A
 * @param[in]     opts  NULL for defaults; p1 x p2 x p3 and check are not used
 *
 * Errors as tartan_gemm().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_syrk(tartan_uplo uplo, tartan_op op, double alpha,
                                                     const tartan_matrix *A, double beta, tartan_matrix *C,
                                                     const tartan_gemm_opts *opts);

/** What tartan_syrk() with the same arguments would do and cost; as tartan_gemm_plan(). Collective. */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_syrk_plan(tartan_uplo uplo, tartan_op op, const tartan_matrix *A,
                                                          const tartan_matrix *C, const tartan_gemm_opts *opts,
                                                          tartan_cost *plan);

/** Which side of the product a symmetric or triangular matrix stands on. */
typedef enum tartan_side { TARTAN_LEFT, TARTAN_RIGHT } tartan_side;

/**
 * C := alpha A B + beta C (left) or alpha B A + beta C (right) with a symmetric A, of which only the triangle uplo is
 * read. Collective.
 *
 * @param[in]     A  [m, m] on the left, [n, n] on the right
 * @param[in]     B  [m, n]
 * @param[in,out] C  [m, n]; not read if beta == 0; must not overlap A or B
 *
 * Takes memory for a full copy of A, and for another while it is made. Errors as tartan_gemm().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_symm(tartan_side side, tartan_uplo uplo, double alpha,
                                                     const tartan_matrix *A, const tartan_matrix *B, double beta,
                                                     tartan_matrix *C);

/** Whether the diagonal of a triangular matrix is read, or taken as ones. */
typedef enum tartan_diag { TARTAN_NON_UNIT, TARTAN_UNIT } tartan_diag;

/**
 * Solves op(A) X = alpha B (left) or X op(A) = alpha B (right) for a triangular A; B becomes X. Collective.
 *
 * @param[in]     A  [m, m] on the left, [n, n] on the right; only the triangle uplo is read, not tested for
 *                   singularity: a zero on the diagonal gives Inf or NaN
 * @param[in,out] B  [m, n]; must not overlap A
 *
 * Through ScaLAPACK's p?trsm, on B's arrangement of ranks: A is copied where it lies on another, and B where ScaLAPACK
 * cannot address it (ranks out of order, ranges of columns). Errors as tartan_gemm() with TARTAN_GEMM_PBLAS.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_trsm(tartan_side side, tartan_uplo uplo, tartan_op op, tartan_diag diag,
                                                     double alpha, const tartan_matrix *A, tartan_matrix *B);

/**
 * y := alpha op(A) x + beta y. Collective. Vectors are matrices of one column, in any layout.
 *
 * @param[in]     x  [k, 1] for op(A) of [m, k]
 * @param[in,out] y  [m, 1]; not read if beta == 0; must not overlap A or x
 *
 * Errors as tartan_gemm().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_gemv(double alpha, tartan_op op, const tartan_matrix *A,
                                                     const tartan_matrix *x, double beta, tartan_matrix *y);

/**
 * A := alpha x y' + A, x [m, 1], y [n, 1]. Collective. Neither may overlap A. Errors as tartan_gemm().
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_ger(double alpha, const tartan_matrix *x, const tartan_matrix *y,
                                                    tartan_matrix *A);

/**
 * The product of a chain of matrices, A_0 A_1 ... A_(count - 1), in the order of multiplications that takes the fewest
 * flops.
 *
 * Collective.
 *
 * @param[in]  count  1 or more; of one matrix C is a copy
 * @param[in]  A      [count], A[i] has as many columns as A[i + 1] rows; one type, one grid
 * @param[out] C      made by the call, in a layout that the last product wants
 * @param[out] cost   flops and words of all products, `algorithm` the order as text, "((A0 A1) A2)", cut short where it is
 *                    long; may be NULL
 *
 * Source: the dynamic program of Godbole 1973, O(count^3).
 *
 * Errors as tartan_gemm(); TARTAN_ERR_ARG for count < 1.
 */
TARTAN_API TARTAN_MUST_USE tartan_status tartan_multi_dot(int count, const tartan_matrix *const *A, tartan_matrix **C,
                                                          tartan_cost *cost);

#ifdef __cplusplus
}
#endif
#endif
