// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * tartan_random_orthogonal, with G the Gaussian matrix of its seed, m >= n (else both transposed):
 *   |Q'Q - I|_F <= 10 n u;  R = Q'G upper triangular to 10 u sqrt(m n) |G|_F with a positive diagonal
 *   the same bits on any number of ranks and threads; the trace of 3 x 3 ones has mean 0 and variance 1, as Haar's measure
 *   has it, which the Q of an unfixed sign does not
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/sample.h>

#include "check.h"
#include "matrices.h"

static dense gaussian(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n)
{
  tartan_matrix *G = NULL;
  dense          g = {0, 0, NULL};

  if (!CHECK_OK(tartan_matrix_create(grid, dtype, m, n, NULL, &G))) return g;
  tartan_matrix_fill_normal(G, check_seed());
  g = dense_of(G);
  tartan_matrix_destroy(&G);
  return g;
}

static void judge(tartan_dtype dtype, const dense *Q, const dense *G)
{
  const double m = (double)Q->m, n = (double)Q->n;
  dense        R = dense_product(TARTAN_TRANS, Q, TARTAN_NO_TRANS, G);
  double       below = 0;
  int64_t      negative = 0;

  for (int64_t j = 0; j < R.n; j++)
    for (int64_t i = j; i < R.m; i++) {
      if (i > j) below = hypot(below, AT(R, i, j));
      if (i == j) negative += !(AT(R, i, j) > 0);
    }
  CHECK_LE(dense_orthogonality(Q), 10 * n * unit_roundoff(dtype));
  CHECK_LE(below, 10 * sqrt(m * n) * unit_roundoff(dtype) * dense_norm(G));
  CHECK_EQ(negative, 0);
  dense_free(&R);
}

static void test_shape(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n)
{
  tartan_matrix *Q = NULL;
  int64_t        rows = -1, cols = -1;
  dense          q, qt, G;

  check_context("%lld x %lld, %s", (long long)m, (long long)n, tartan_dtype_name(dtype));
  if (!CHECK_OK(tartan_random_orthogonal(grid, dtype, m, n, check_seed(), &Q))) return;
  tartan_matrix_shape(Q, &rows, &cols);
  CHECK(rows == m && cols == n && tartan_matrix_dtype(Q) == dtype);
  G = gaussian(grid, dtype, m > n ? m : n, m > n ? n : m);
  q = dense_of(Q);
  qt = dense_transpose(&q);
  judge(dtype, m >= n ? &q : &qt, &G);
  dense_free(&qt);
  dense_free(&q);
  dense_free(&G);
  tartan_matrix_destroy(&Q);
}

static dense bits_of(int size, int threads, tartan_dtype dtype, int64_t m, int64_t n)
{
  tartan_grid   *grid = grid_of_first(size, threads);
  tartan_matrix *Q = NULL;
  dense          q = {0, 0, NULL};

  if (!grid) return q;
  if (CHECK_OK(tartan_random_orthogonal(grid, dtype, m, n, check_seed(), &Q))) q = dense_of(Q);
  tartan_matrix_destroy(&Q);
  tartan_grid_destroy(&grid);
  return q;
}

static void test_bits(tartan_dtype dtype, int64_t m, int64_t n)
{
  dense first = bits_of(1, 1, dtype, m, n), other;

  for (int size = 1; size <= check_size(); size++)
    for (int threads = 1; threads <= 2; threads++) {
      check_context("%lld x %lld, %s, on %d ranks with %d threads", (long long)m, (long long)n,
                    tartan_dtype_name(dtype), size, threads);
      other = bits_of(size, threads, dtype, m, n);
      if (check_rank() == 0) CHECK(dense_same_bits(&first, &other));
      if (check_rank() < size) dense_free(&other);
    }
  dense_free(&first);
}

static void test_haar(tartan_grid *grid)
{
  enum { DRAWS = 300 };
  double sum = 0, squares = 0, trace = 0;

  check_context("traces");
  for (uint64_t seed = 0; seed < DRAWS; seed++) {
    tartan_matrix *Q = NULL;
    dense          q;

    if (!CHECK_OK(tartan_random_orthogonal(grid, TARTAN_F64, 3, 3, seed, &Q))) return;
    q = dense_of(Q);
    trace = AT(q, 0, 0) + AT(q, 1, 1) + AT(q, 2, 2);
    sum += trace / DRAWS;
    squares += trace * trace / DRAWS;
    dense_free(&q);
    tartan_matrix_destroy(&Q);
  }
  CHECK_LE(fabs(sum), 4 / sqrt(DRAWS));
  CHECK_LE(fabs(squares - 1), 4 * sqrt(2.0 / DRAWS)); /* the fourth moment is 3 */
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{0, 0},   {0, 3},   {3, 0},  {1, 1},   {1, 5},   {5, 1},   {2, 2},
                                      {64, 64}, {65, 64}, {7, 65}, {300, 7}, {7, 300}, {130, 37}};
  tartan_grid         *grid;
  tartan_matrix       *Q = NULL;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int t = 0; t < 2; t++)
    for (int s = 0; s < 13; s++) {
      test_shape(grid, (tartan_dtype)t, shapes[s][0], shapes[s][1]);
      if (s > 4) test_bits((tartan_dtype)t, shapes[s][0], shapes[s][1]);
    }
  test_bits(TARTAN_F64, 3000, 20);
  test_haar(grid);
  check_context("refused");
  CHECK_STATUS(tartan_random_orthogonal(grid, TARTAN_F64, -1, 3, 1, &Q), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_random_orthogonal(grid, TARTAN_F64, 3, -1, 1, &Q), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_random_orthogonal(grid, (tartan_dtype)7, 3, 3, 1, &Q), TARTAN_ERR_DTYPE);
  CHECK(Q == NULL);
  tartan_grid_destroy(&grid);
  return check_finish();
}
