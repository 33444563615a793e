#include "qr_gates.h"

#include <math.h>
#include <string.h>

#include "check.h"

/* Largest element: norms of values near the ends of the range are taken of what is divided by it. */
static double largest(const dense *A)
{
  double most = 0;

  for (int64_t e = 0; e < A->m * A->n; e++) most = fmax(most, fabs(A->a[e]));
  return most > 0 ? most : 1;
}

/* A P / scale. */
static dense scaled(const dense *A, const int64_t *perm, double scale)
{
  dense B = dense_new(A->m, A->n);

  for (int64_t j = 0; j < A->n; j++)
    for (int64_t i = 0; i < A->m; i++) AT(B, i, j) = AT(*A, i, perm ? perm[j] : j) / scale;
  return B;
}

/* |Q'Q - I|_F; in long double, since f64 sums over long columns are no better than the limit. */
static double orthogonality(const dense *Q)
{
  long double square = 0;

  for (int64_t j = 0; j < Q->n; j++)
    for (int64_t k = 0; k <= j; k++) {
      long double sum = j == k ? -1 : 0;

      for (int64_t i = 0; i < Q->m; i++) sum += (long double)AT(*Q, i, j) * AT(*Q, i, k);
      square += (j == k ? 1 : 2) * sum * sum;
    }
  return (double)sqrtl(square);
}

void qr_judge(const dense *A, tartan_dtype dtype, const int64_t *perm, const dense *Q, const dense *R)
{
  const double u = unit_roundoff(dtype), scale = largest(A);
  dense        a = scaled(A, perm, scale), r = scaled(R, NULL, scale);
  dense        QR = dense_product(TARTAN_NO_TRANS, Q, TARTAN_NO_TRANS, &r);
  int64_t      below = 0, negative = 0;

  CHECK_LE(dense_distance(&a, &QR), 10 * u * sqrt((double)A->m * (double)A->n) * dense_norm(&a));
  CHECK_LE(orthogonality(Q), 10 * u * (double)R->m);
  for (int64_t j = 0; j < R->n; j++)
    for (int64_t i = j; i < R->m; i++) {
      below += i > j && AT(*R, i, j) != 0;
      negative += i == j && !(AT(*R, i, j) >= 0);
    }
  CHECK_EQ(below, 0);
  CHECK_EQ(negative, 0);
  dense_free(&QR);
  dense_free(&r);
  dense_free(&a);
}

void qr_judge_matrices(const dense *A, const int64_t *perm, const tartan_matrix *Q, const tartan_matrix *R)
{
  dense   q = dense_of(Q), r = dense_of(R);
  int64_t rows, cols;

  tartan_matrix_shape(Q, &rows, &cols);
  CHECK(rows == A->m && cols == (A->m < A->n ? A->m : A->n));
  tartan_matrix_shape(R, &rows, &cols);
  CHECK(rows == (A->m < A->n ? A->m : A->n) && cols == A->n);
  qr_judge(A, tartan_matrix_dtype(Q), perm, &q, &r);
  dense_free(&r);
  dense_free(&q);
}

void qr_log_spaced(int64_t n, double condition, double *sigma)
{
  for (int64_t i = 0; i < n; i++) sigma[i] = pow(condition, n > 1 ? -(double)i / (double)(n - 1) : 0);
}
