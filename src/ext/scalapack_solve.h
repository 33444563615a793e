/**
 * @file scalapack_solve.h
 * Cholesky and LU by ScaLAPACK; see scalapack.h. Blocks must be square, and windows begin where a block does.
 *
 * Functions with a status fail on the calling rank alone; the caller agrees. On ranks outside the context all of these do
 * nothing but agree on memory where they take some.
 */
#ifndef TT_EXT_SCALAPACK_SOLVE_H
#define TT_EXT_SCALAPACK_SOLVE_H

#include "ext/scalapack.h"

/**
 * L in the place of the lower triangle of A.
 * @param[out] minor  order of the first leading minor that is not positive definite, 0 if there is none; not touched
 *                    outside the context
 */
tartan_status tt_ppotrf(tartan_dtype dtype, int64_t n, tt_pmatrix *A, int64_t *minor);

/**
 * L and U with partial pivoting in the place of A [m, n].
 * @param[out] pivot  [local rows + block] row that each local row changed places with, from one
 * @param[out] zero   the first pivot that is exactly zero, from one; 0 if there is none; not touched outside the context
 */
tartan_status tt_pgetrf(tartan_dtype dtype, int64_t m, int64_t n, tt_pmatrix *A, int *pivot, int64_t *zero);

/** B [n, k] := A^-1 B from the factors of tt_ppotrf(). */
tartan_status tt_ppotrs(tartan_dtype dtype, int64_t n, int64_t k, const tt_pmatrix *A, tt_pmatrix *B);

/** B [n, k] := op(A)^-1 B from the factors of tt_pgetrf(). */
tartan_status tt_pgetrs(tartan_dtype dtype, tartan_op op, int64_t n, int64_t k, const tt_pmatrix *A, const int *pivot,
                        tt_pmatrix *B);

/** Lower triangle of A^-1 in the place of the factor of tt_ppotrf(). */
tartan_status tt_ppotri(tartan_dtype dtype, int64_t n, tt_pmatrix *A);

/** A^-1 in the place of the factors of tt_pgetrf(), none of whose pivots is zero. */
tartan_status tt_pgetri(const tt_pcall *call, tartan_dtype dtype, int64_t n, tt_pmatrix *A, const int *pivot);

#endif
