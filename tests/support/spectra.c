/* Symmetric matrices with known eigenvalues. */
#include "spectra.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

void spectrum_draw(int kind, int64_t n, double *w)
{
  for (int64_t i = 0; i < n; i++) {
    const double t = n > 1 ? (double)i / (double)(n - 1) : 0;

    w[i] = kind == 0   ? 3 - 2.5 * t
           : kind == 1 ? 0
           : kind == 2 ? 1
           : kind == 3 ? (i == 0 ? 7 : 0)
           : kind == 4 ? pow(10, -15 * t)
           : kind == 5 ? 1 - 2 * t
                       : 2 - (double)(3 * i / n) + 1e-14 * (1 - t);
  }
}

dense symmetric_with_values(int64_t n, const double *w, uint64_t seed)
{
  dense   Q, A = dense_new(n, n);
  double *ones = malloc(((size_t)n + 1) * sizeof *ones);

  for (int64_t i = 0; i < n; i++) ones[i] = 1;
  Q = dense_with_values(n, n, n, ones, seed); /* orthogonal */
  free(ones);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = j; i < n; i++) {
      long double sum = 0;

      for (int64_t k = 0; k < n; k++) sum += (long double)AT(Q, i, k) * w[k] * AT(Q, j, k);
      AT(A, i, j) = AT(A, j, i) = (double)sum;
    }
  dense_free(&Q);
  return A;
}

int64_t wrong_column_signs(const dense *V)
{
  int64_t wrong = 0;

  for (int64_t j = 0; j < V->n; j++) {
    double  largest = 0;
    int64_t i = 0;

    for (int64_t l = 0; l < V->m; l++) largest = fmax(largest, fabs(AT(*V, l, j)));
    while (i < V->m && !(fabs(AT(*V, i, j)) >= (1 - 1e-6) * largest)) i++;
    wrong += i == V->m || AT(*V, i, j) < 0;
  }
  return wrong;
}

void eigh_judge(const dense *A, tartan_dtype dtype, int64_t k, const double *w, const tartan_matrix *v)
{
  const double size = 10 * (double)A->n * unit_roundoff(dtype);
  dense        V = dense_of(v), AV;
  int64_t      rising = 0;

  CHECK(V.m == A->n && V.n == k && tartan_matrix_dtype(v) == dtype);
  AV = dense_product(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, &V);
  for (int64_t j = 0; j < k; j++) {
    for (int64_t i = 0; i < A->n; i++) AT(AV, i, j) -= AT(V, i, j) * w[j];
    rising += j > 0 && w[j] > w[j - 1];
  }
  CHECK_LE(dense_norm(&AV), size * dense_norm(A));
  CHECK_LE(dense_orthogonality(&V), size);
  CHECK_EQ(rising, 0);
  CHECK_EQ(wrong_column_signs(&V), 0);
  dense_free(&AV);
  dense_free(&V);
}
