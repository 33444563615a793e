/**
 * @file scalapack.h
 * ScaLAPACK as C would have it: values instead of addresses, no descriptor, workspace handled inside, sizes checked
 * against its 32-bit integers.
 *
 * All functions are collective; on ranks outside the context (-1) they do nothing but agree. A status after the routine
 * itself (no convergence) is this rank's own; the caller agrees.
 */
#ifndef TT_EXT_SCALAPACK_H
#define TT_EXT_SCALAPACK_H

#include "base/memory.h"

/** A window of a block-cyclic matrix, as ScaLAPACK sees it. */
typedef struct tt_pmatrix {
  void   *data;       /**< local part of the whole matrix */
  int64_t m, n;       /**< shape of the whole matrix */
  int64_t mb, nb, ld; /**< blocks and local leading dimension */
  int     rsrc, csrc; /**< owner of the first block */
  int     context;    /**< BLACS context, -1 outside */
  int64_t i0, j0;     /**< where the window starts, from zero */
} tt_pmatrix;

/**
 * How a call gets memory and how the ranks agree that all have it, before anyone enters the routine: one that did not
 * would leave the others waiting. Ranks outside the context take part in the agreement.
 */
typedef struct tt_pcall {
  tt_memory *mem;
  tartan_status (*agree)(void *context, tartan_status local);
  void *context;
} tt_pcall;

/** TARTAN_ERR_OVERFLOW if a size of A is beyond 32 bits; the message says how many ranks would do. Local. */
tartan_status tt_pmatrix_check(const tt_pmatrix *A, int64_t mloc, int64_t nloc, int ranks);

/** C := alpha op(A) op(B) + beta C on windows, op(A) [m, k]. */
void tt_pgemm(tartan_dtype dtype, tartan_op op_a, tartan_op op_b, int64_t m, int64_t n, int64_t k, double alpha,
              const tt_pmatrix *A, const tt_pmatrix *B, double beta, tt_pmatrix *C);

/** Triangle of C := alpha op(A) op(A)' + beta C on windows, op(A) [n, k]. */
void tt_psyrk(tartan_dtype dtype, tartan_uplo uplo, tartan_op op, int64_t n, int64_t k, double alpha,
              const tt_pmatrix *A, double beta, tt_pmatrix *C);

/** B := X with op(A) X = alpha B (left) or X op(A) = alpha B, on windows, B [m, n], triangle uplo of A. */
void tt_ptrsm(tartan_dtype dtype, bool left, tartan_uplo uplo, tartan_op op, bool unit, int64_t m, int64_t n,
              double alpha, const tt_pmatrix *A, tt_pmatrix *B);

/**
 * Eigenvalues (ascending) and vectors of a symmetric matrix, lower triangle; A is destroyed.
 *
 * @param[in]  n     order; blocks must be square
 * @param[out] w     [n], in f64
 * @param[out] Z     [n, n], layout of A
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW, TARTAN_ERR_NUMERIC
 */
tartan_status tt_psyevd(const tt_pcall *call, tartan_dtype dtype, int64_t n, tt_pmatrix *A, double *w, tt_pmatrix *Z);

/** Which eigenvalues tt_psyevr() finds. */
typedef struct tt_spectrum {
  char    range;       /**< 'A' all, 'I' number first to last in ascending order, from 1, 'V' those in (from, to] */
  int64_t first, last; /**< of 'I' */
  double  from, to;    /**< of 'V' */
} tt_spectrum;

/**
 * A part of the spectrum by multiple relatively robust representations, whose vectors may lose orthogonality in
 * clusters. Vectors must be enough for tt_psyevr_vectors(). As tt_psyevd() but
 *
 * @param[in]  part   which
 * @param[out] w      [n], the first *found are set
 * @param[out] Z      [n, n], the first *found columns are set; NULL: values only
 */
tartan_status tt_psyevr(const tt_pcall *call, tartan_dtype dtype, int64_t n, const tt_spectrum *part, tt_pmatrix *A,
                        double *w, tt_pmatrix *Z, int64_t *found);

/**
 * Whether p?syevr gives its p?ormtr enough workspace for k vectors. It takes what held them before, and where that is too
 * little it prints a message, does not carry the vectors back, and returns info 0. Local.
 */
bool tt_psyevr_vectors(int64_t n, int64_t k, int64_t block, int p, int q);

/**
 * Upper Hessenberg form by orthogonal similarity, in place; reflectors are left below the subdiagonal. Blocks must be square.
 * @param[out] tau  local scalar factors [local columns of the whole matrix], of dtype
 */
tartan_status tt_pgehrd(const tt_pcall *call, tartan_dtype dtype, int64_t n, tt_pmatrix *A, void *tau);

/**
 * Reduced SVD: A [m, n] is destroyed; s [min(m, n)] descending in f64; U [m, r], Vt [r, n].
 * @retval TARTAN_ERR_NOMEM, TARTAN_ERR_OVERFLOW, TARTAN_ERR_NUMERIC
 */
tartan_status tt_pgesvd(const tt_pcall *call, tartan_dtype dtype, int64_t m, int64_t n, tt_pmatrix *A, double *s,
                        tt_pmatrix *U, tt_pmatrix *Vt);

/**
 * QR in place: R in the upper triangle, reflectors below.
 * @param[out] tau  local scalar factors [nloc of the whole matrix], of dtype
 */
tartan_status tt_pgeqrf(const tt_pcall *call, tartan_dtype dtype, int64_t m, int64_t n, tt_pmatrix *A, void *tau);

/** The first k columns of Q from the reflectors of tt_pgeqrf(), in place: A becomes [m, k]. */
tartan_status tt_porgqr(const tt_pcall *call, tartan_dtype dtype, int64_t m, int64_t k, tt_pmatrix *A, const void *tau);

/**
 * As tt_pgeqrf() with column pivoting.
 * @param[in]  mloc, nloc  this rank's rows and columns of the whole matrix
 * @param[out] from        [nloc] for each of this rank's columns of A P: which column of A it was, from zero
 */
tartan_status tt_pgeqpf(const tt_pcall *call, tartan_dtype dtype, int64_t m, int64_t n, int64_t mloc, int64_t nloc,
                        tt_pmatrix *A, int64_t *from, void *tau);

/** Name of the ScaLAPACK library that would be loaded. Local. */
const char *tt_scalapack_name(void);

#endif
