// TEST: np=1,2,3,4,6 labels=numeric,factor timeout=120
/*
 * What a course on linear algebra says of every matrix, on random shapes, layouts and both types. With n the larger size,
 * s the singular values, w the eigenvalues, and limits of 10 n u, scaled by the sizes that stand beside them:
 *
 *   sum of w = trace A,  sum of w^2 = |A|_F^2 (symmetric),  product of w = det A (by hand up to 3 x 3)
 *   sum of s^2 = |A|_F^2,  s_1 <= |A|_F,  singular values of A' and of Q A are those of A
 *   |det A| = product of |R(i,i)| = product of s (square),  A'A = R'R,  singular values of R are those of A
 *   s^2 = eigenvalues of A'A (to the accuracy that squaring leaves),  w of a shifted matrix are shifted
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/blas.h>
#include <tartan/factor.h>

#include "check.h"
#include "matrices.h"

#define MOST 48

static uint64_t seed;

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static double limit_of(tartan_dtype dtype, int64_t m, int64_t n)
{
  return 10 * unit_roundoff(dtype) * (double)larger(larger(m, n), 1);
}

static dense random_dense(tartan_dtype dtype, int64_t m, int64_t n)
{
  dense A;

  seed++;
  A = dense_make(m, n, fill_random, &seed);
  if (dtype == TARTAN_F32) dense_round(&A);
  return A;
}

static tartan_matrix *spread(tartan_grid *grid, tartan_dtype dtype, const dense *A)
{
  const tartan_matrix_opts opts = layout_random(grid);

  return matrix_of(grid, dtype, A, &opts);
}

/* Singular values of a replicated matrix, by the library. */
static void values_of(tartan_grid *grid, tartan_dtype dtype, const dense *A, double *s)
{
  tartan_matrix *a = spread(grid, dtype, A);

  CHECK_OK(tartan_svd(a, NULL, NULL, s, NULL, NULL));
  tartan_matrix_destroy(&a);
}

static double determinant(const dense *A)
{
  if (A->n == 1) return AT(*A, 0, 0);
  if (A->n == 2) return AT(*A, 0, 0) * AT(*A, 1, 1) - AT(*A, 0, 1) * AT(*A, 1, 0);
  return AT(*A, 0, 0) * (AT(*A, 1, 1) * AT(*A, 2, 2) - AT(*A, 1, 2) * AT(*A, 2, 1)) -
         AT(*A, 0, 1) * (AT(*A, 1, 0) * AT(*A, 2, 2) - AT(*A, 1, 2) * AT(*A, 2, 0)) +
         AT(*A, 0, 2) * (AT(*A, 1, 0) * AT(*A, 2, 1) - AT(*A, 1, 1) * AT(*A, 2, 0));
}

static void test_symmetric(tartan_grid *grid, tartan_dtype dtype, int64_t n)
{
  const double   limit = limit_of(dtype, n, n);
  dense          A = random_dense(dtype, n, n);
  tartan_matrix *a = NULL;
  double         w[MOST] = {0}, shifted[MOST] = {0}, sum = 0, squares = 0, product = 1, trace = 0, norm;

  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < j; i++) AT(A, i, j) = AT(A, j, i);
  norm = dense_norm(&A);
  a = spread(grid, dtype, &A);
  CHECK_OK(tartan_eigh(a, NULL, w, NULL, NULL));
  tartan_matrix_destroy(&a);
  for (int64_t i = 0; i < n; i++) {
    sum += w[i];
    squares += w[i] * w[i];
    product *= w[i];
    trace += AT(A, i, i);
  }
  CHECK_LE(fabs(sum - trace), limit * norm * sqrt((double)n));
  CHECK_LE(fabs(squares - norm * norm), 2 * limit * norm * norm);
  if (n <= 3) CHECK_LE(fabs(product - determinant(&A)), 10 * limit * pow(norm, (double)n));
  for (int64_t i = 0; i < n; i++) AT(A, i, i) += 2;
  a = spread(grid, dtype, &A);
  CHECK_OK(tartan_eigh(a, NULL, shifted, NULL, NULL));
  tartan_matrix_destroy(&a);
  for (int64_t i = 0; i < n; i++) CHECK_LE(fabs(shifted[i] - w[i] - 2), 2 * limit * (norm + 2));
  dense_free(&A);
}

/* The singular values of A, and those of A', of R and of the Gram matrix. */
static void test_values(tartan_grid *grid, tartan_dtype dtype, const dense *A, const dense *R)
{
  const int64_t m = A->m, n = A->n, r = m < n ? m : n;
  const double  limit = limit_of(dtype, m, n), norm = dense_norm(A);
  dense         At = dense_transpose(A), G = dense_product(TARTAN_TRANS, A, TARTAN_NO_TRANS, A);
  double        s[MOST] = {0}, other[MOST] = {0}, squares = 0;

  values_of(grid, dtype, A, s);
  for (int64_t i = 0; i < r; i++) squares += s[i] * s[i];
  CHECK_LE(fabs(squares - norm * norm), 2 * limit * norm * norm);
  CHECK_LE(s[0], norm * (1 + limit));
  values_of(grid, dtype, &At, other);
  for (int64_t i = 0; i < r; i++) CHECK_LE(fabs(other[i] - s[i]), 2 * limit * norm);
  values_of(grid, dtype, R, other);
  for (int64_t i = 0; i < r; i++) CHECK_LE(fabs(other[i] - s[i]), 3 * limit * norm);
  if (dtype == TARTAN_F64) {
    tartan_matrix *g = spread(grid, dtype, &G);

    CHECK_OK(tartan_eigh(g, NULL, other, NULL, NULL));
    for (int64_t i = 0; i < r; i++) CHECK_LE(fabs(other[i] - s[i] * s[i]), 4 * limit * norm * norm);
    tartan_matrix_destroy(&g);
  }
  dense_free(&G);
  dense_free(&At);
}

static void test_rectangle(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n)
{
  const double   limit = limit_of(dtype, m, n);
  dense          A = random_dense(dtype, m, n);
  const double   norm = dense_norm(&A);
  tartan_matrix *a = spread(grid, dtype, &A), *q = NULL, *r = NULL;

  if (CHECK_OK(tartan_qr(a, NULL, &q, &r, NULL))) {
    dense  Q = dense_of(q), R = dense_of(r), QR = dense_product(TARTAN_NO_TRANS, &Q, TARTAN_NO_TRANS, &R);
    dense  gram = dense_product(TARTAN_TRANS, &A, TARTAN_NO_TRANS, &A);
    dense  same = dense_product(TARTAN_TRANS, &R, TARTAN_NO_TRANS, &R);
    double diagonal = 1;

    CHECK_LE(dense_distance(&A, &QR), limit * norm);
    CHECK_LE(dense_orthogonality(&Q), limit);
    CHECK_LE(dense_distance(&gram, &same), 3 * limit * norm * norm);
    for (int64_t i = 0; i < R.m; i++) diagonal *= AT(R, i, i);
    if (m == n && n <= 3) CHECK_LE(fabs(diagonal - fabs(determinant(&A))), 10 * limit * pow(norm, (double)n));
    test_values(grid, dtype, &A, &R);
    dense_free(&same);
    dense_free(&gram);
    dense_free(&QR);
    dense_free(&R);
    dense_free(&Q);
  }
  tartan_matrix_destroy(&r);
  tartan_matrix_destroy(&q);
  tartan_matrix_destroy(&a);
  dense_free(&A);
}

static void test_all(tartan_grid *grid)
{
  for (int round = 0; round < 12; round++) {
    const tartan_dtype dtype = round % 2 ? TARTAN_F32 : TARTAN_F64;
    const int64_t      n = 1 + (round < 6 ? round / 2 : check_pick(MOST)), m = 1 + check_pick(MOST);

    test_symmetric(grid, dtype, n);
    test_rectangle(grid, dtype, m, n);
    test_rectangle(grid, dtype, n, n);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  seed = check_seed();
  grid = grid_world();
  test_all(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
