/**
 * @file jacobi.h
 * PCA without LAPACK, BLAS or the library: long double covariance and Jacobi's eigenvalue algorithm. The reference of the
 * PCA tests.
 */
#ifndef TARTAN_TESTS_JACOBI_H
#define TARTAN_TESTS_JACOBI_H

#include "matrices.h"

/** What PCA of X [m, n] should give, with k = min(m, n). */
typedef struct pca_reference {
  int64_t m, n, k;
  double *mean, *scale; /* [n] */
  double *variance;     /* [n], descending */
  double  total;
  dense   C; /* covariance (or correlation) matrix */
  dense   V; /* [n, n], columns with the sign rule */
} pca_reference;

pca_reference pca_reference_make(const dense *X, bool center, bool scale);
void          pca_reference_free(pca_reference *r);

/** k by Minka's estimate with scikit-learn's conventions, for variances [n] of m samples. */
int64_t minka_components(int64_t m, int64_t n, const double *variance);

#endif
