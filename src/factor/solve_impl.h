/**
 * @file solve_impl.h
 * A factored square matrix and what is done with it: factored.c makes it, cholesky.c and lu.c take its factors out,
 * solve.c, inverse.c and determinant.c use it.
 *
 * Small matrices lie on one rank: the same code then runs on an arrangement of 1 x 1 with one BLAS thread, so the bits
 * depend on no rank count.
 */
#ifndef TT_FACTOR_SOLVE_IMPL_H
#define TT_FACTOR_SOLVE_IMPL_H

#include <tartan/solve.h>

#include "blas/pblas.h"
#include "matrix/matrix.h"

/** Largest max(m, n) of a matrix that is factored on one rank. */
#define TT_SOLVE_ONE_RANK 500

typedef struct tt_factored {
  int64_t            m, n;
  bool               cholesky, one;
  tartan_matrix_opts layout; /**< of the factors, and of the rows of right-hand sides */
  double             scale;  /**< the power of two that A was multiplied with, 1 for most */
  double             norm;   /**< |scale A|_1 */
  tartan_matrix     *F;      /**< L below or U above the diagonal */
  tt_operand         operand;
  int               *pivot;  /**< [local rows + block] of LU, from one */
  int64_t            failed; /**< the first zero pivot, or minor that is not positive definite, from one; 0: none */
} tt_factored;

/**
 * A size of A: its 1-norm, the largest |a| where that overflows. With `lower` A is symmetric, and what stands above the
 * diagonal is not read. Collective.
 * @retval TARTAN_ERR_INPUT  NaN or Inf
 */
tartan_status tt_solve_largest(const tartan_matrix *A, bool lower, double *largest);

/**
 * The power of two that keeps an elimination in dtype of a matrix of such a size and type in range; 1 for most. Local.
 */
double tt_solve_scale(tartan_dtype from, tartan_dtype dtype, double largest);

/** Where a matrix [m, n] is factored, and right-hand sides solved for. Local. */
tartan_matrix_opts tt_factored_layout(const tartan_grid *grid, int64_t m, int64_t n);

/**
 * Factors scale A in dtype. A factorization that `failed` is complete for LU, of no use for Cholesky. Collective.
 *
 * @param[in]  A        [m, n], of which Cholesky reads the lower triangle
 * @param[in]  largest  of tt_solve_largest(), which tells the scale
 * @param[out] f        to be given to tt_factored_end(), after a failure too; what stands above the diagonal blocks of a
 *                      Cholesky factor is undefined
 */
tartan_status tt_factored_make(const tartan_matrix *A, tartan_dtype dtype, bool cholesky, double largest,
                               tt_factored *f);

/**
 * Cholesky in the place of a matrix in the layout of tt_factored_layout(), of which the lower triangle is read. Collective.
 *
 * @param[in,out] A        becomes f->F: NULL, after a failure too
 * @param[in]     largest  a size of it, as of tt_solve_largest()
 * @param[out]    f        as of tt_factored_make()
 */
tartan_status tt_factored_take(tartan_matrix **A, double largest, tt_factored *f);

void tt_factored_end(tt_factored *f);

/** Estimate of the 1-norm condition number of a square A, Inf if it is singular, 1 if it is empty. Collective. */
tartan_status tt_factored_condition(const tt_factored *f, double *condition);

/**
 * Both, for factors that have not failed: the estimate, and X := (scale op(A))^-1 X, which takes part in its first pass
 * over the factors where it can. Collective.
 */
tartan_status tt_factored_condition_solve(const tt_factored *f, tartan_op op, tartan_matrix *X, double *condition);

/** X [n, k] := (scale op(A))^-1 X, X in the layout of the factors and of their type. Collective. */
tartan_status tt_factored_solve(const tt_factored *f, tartan_op op, tartan_matrix *X);

/**
 * As tt_factored_make() with what `assume` says: LU of the mirrored lower triangle where Cholesky fails. Collective.
 *
 * @param[out] fell  NULL, or whether it failed
 */
tartan_status tt_factored_assume(const tartan_matrix *A, tartan_dtype dtype, tartan_assume assume, double largest,
                                 tt_factored *f, int64_t *minor);

/** The scaling, then tt_factored_assume(). Collective. */
tartan_status tt_factored_start(const tartan_matrix *A, tartan_assume assume, tt_factored *f, int64_t *minor);

/** The routine that factored, for info. Local. */
const char *tt_factored_routine(const tt_factored *f);

/** Why a factorization is as it is, for info. Local. */
void tt_factored_reason(const tt_factored *f, tartan_assume assume, int64_t minor, char *text, size_t size);

/** perm [m] := where the rows of L U come from, on every rank. *odd: an odd number of exchanges. Collective. */
tartan_status tt_factored_perm(const tt_factored *f, int64_t *perm, bool *odd);

/** The diagonal [min(m, n)] of the factors of scale A, on every rank. Collective. */
tartan_status tt_factored_diagonal(const tt_factored *f, double *diagonal);

/**
 * LU of f->F, which lies on one row of ranks: columns are cut, so each panel is factored by its owner alone. Sets pivot
 * and failed on every rank. Collective.
 */
tartan_status tt_lu_row(tt_factored *f);

/** The same of Cholesky, which sets failed: a factor is of no use then. Collective. */
tartan_status tt_cholesky_row(tt_factored *f);

/**
 * A^-1, both triangles, in the place of a Cholesky factor that lies on one row of ranks; (scale A)^-1 where there is a
 * scale. Collective. TARTAN_ERR_NOMEM.
 */
tartan_status tt_inverse_row(tt_factored *f);

/** A^-1, both triangles, in the place of the factors, which have not failed. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_factored_invert(tt_factored *f);

/** Whether the factors lie in whole columns on one row of ranks, which small ones on one rank do not. Local. */
bool tt_factored_in_row(const tt_factored *f);

/** Up to so many right-hand sides are solved for by tt_row_solve(). */
#define TT_ROW_SOLVE_MOST 8

/** x [n, k] on every rank := X, in the layout of factors in one row; X := x. Collective; local. */
tartan_status tt_row_gather(const tartan_matrix *X, double *x);
void          tt_row_scatter(const double *x, tartan_matrix *X);

/** x [n, count] on every rank := (scale op(A))^-1 x, for factors in one row and few vectors. Collective. */
tartan_status tt_row_solve(const tt_factored *f, tartan_op op, int64_t count, double *x);

/** BLAS threads for work on the factors: one where they lie on one rank. Local; end with tt_blas_threads_end(). */
int tt_factored_threads(const tt_factored *f);

/** *result := a matrix in the layout of factors, brought to all ranks where it lies on one; takes *F. Collective. */
tartan_status tt_solve_hand_out(tartan_matrix **F, tartan_matrix **result);

/** Shape, assumption, type of a system. Local, the same on every rank. */
tartan_status tt_solve_check(const tartan_matrix *A, const tartan_solve_opts *opts);

#endif
