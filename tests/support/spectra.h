/**
 * @file spectra.h
 * Symmetric matrices with known eigenvalues, and the gates of their eigenvectors.
 */
#ifndef TARTAN_TESTS_SPECTRA_H
#define TARTAN_TESTS_SPECTRA_H

#include "matrices.h"

/** Kinds of spectrum_draw(). */
#define SPECTRA 7

/** w [n] descending: 0 even, 1 all zero, 2 one cluster, 3 rank one, 4 from 1 to 1e-15, 5 both signs, 6 three clusters. */
void spectrum_draw(int kind, int64_t n, double *w);

/** V diag(w) V' for an orthogonal V, symmetric to the last bit. */
dense symmetric_with_values(int64_t n, const double *w, uint64_t seed);

/** Entries of lowest index with |v| >= (1 - 1e-6) max|v| that are not positive, over the columns. */
int64_t wrong_column_signs(const dense *V);

/** Checks the k pairs (w, v) of a full symmetric A against the gates: residual, orthogonality, order, signs. Collective. */
void eigh_judge(const dense *A, tartan_dtype dtype, int64_t k, const double *w, const tartan_matrix *v);

#endif
