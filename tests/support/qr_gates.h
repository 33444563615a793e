/**
 * @file qr_gates.h
 * The gates of a QR factorization: |A - Q R|_F <= 10 u sqrt(m n) |A|_F, |Q'Q - I|_F <= 10 r u, R upper triangular with a
 * diagonal that is not negative.
 */
#ifndef TARTAN_TESTS_QR_GATES_H
#define TARTAN_TESTS_QR_GATES_H

#include "matrices.h"

/** Checks the factors of a matrix with its columns in any order: perm NULL, or column j of A P is column perm[j] of A. */
void qr_judge(const dense *A, tartan_dtype dtype, const int64_t *perm, const dense *Q, const dense *R);

/** Checks distributed factors. Collective. */
void qr_judge_matrices(const dense *A, const int64_t *perm, const tartan_matrix *Q, const tartan_matrix *R);

/** Singular values from 1 to 1 / condition: log-spaced. */
void qr_log_spaced(int64_t n, double condition, double *sigma);

#endif
