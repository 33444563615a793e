// TEST: np=1,2,3,4,6 labels=numeric,factor
/*
 * Factors on one row of ranks and the sweeps that solve with them, at the edges of blocks and groups: small blocks, fewer
 * blocks than ranks, a minor that fails in any panel, one right-hand side to the most, both operations.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/solve.h>

#include "check.h"
#include "factor/solve_impl.h"
#include "matrices.h"

static const int64_t sizes[] = {1, 3, 4, 5, 8, 9, 12, 16, 17, 23, 24, 25, 41, 48};

#define SIZES (int)(sizeof sizes / sizeof *sizes)

/* Symmetric and positive definite, or general and well conditioned. */
static dense matrix(int64_t n, bool symmetric)
{
  uint64_t seed = (uint64_t)n + symmetric;
  dense    A = dense_make(n, n, fill_random, &seed);

  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = 0; i < j && symmetric; i++) AT(A, i, j) = AT(A, j, i);
    AT(A, j, symmetric ? j : (j + 1) % n) += (double)n;
  }
  return A;
}

/* What tt_factored_make() would hand to the factorization, in blocks of `nb`. */
static tt_factored factored_of(tartan_grid *grid, tartan_dtype dtype, const dense *A, bool cholesky, int64_t nb)
{
  tt_factored f = {.m = A->m, .n = A->n, .cholesky = cholesky, .scale = 1};

  f.layout = layout_of(nb, nb, 1, grid->size, 0, 0);
  f.F = matrix_of(grid, dtype, A, &f.layout);
  f.pivot = calloc((size_t)(A->m + nb), sizeof *f.pivot);
  return f;
}

static void factored_free(tt_factored *f)
{
  free(f->pivot);
  f->pivot = NULL;
  tartan_matrix_destroy(&f->F);
}

/* L L' against A, and nothing read above the diagonal. */
static void test_factor(tartan_grid *grid, tartan_dtype dtype, int64_t n, int64_t nb)
{
  const double u = unit_roundoff(dtype);
  dense        A = matrix(n, true), poisoned = matrix(n, true), L, T, P;
  tt_factored  f;

  for (int64_t j = 0; j < n; j++) /* blocks on the diagonal are taken whole */
    for (int64_t i = 0; i / nb < j / nb; i++) AT(poisoned, i, j) = NAN;
  f = factored_of(grid, dtype, &poisoned, true, nb);
  CHECK_OK(tt_cholesky_row(&f));
  CHECK_EQ(f.failed, 0);
  L = dense_of(f.F);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < j; i++) AT(L, i, j) = 0;
  T = dense_transpose(&L);
  P = dense_product(TARTAN_NO_TRANS, &L, TARTAN_NO_TRANS, &T);
  CHECK_LE(dense_distance(&P, &A), 10 * u * (double)n * dense_norm(&A));
  dense_free(&P);
  dense_free(&T);
  dense_free(&L);
  factored_free(&f);
  dense_free(&poisoned);
  dense_free(&A);
}

/* The first minor that is not positive definite, wherever it is. */
static void test_failing(tartan_grid *grid, tartan_dtype dtype, int64_t n, int64_t nb)
{
  for (int64_t k = 0; k<n; k += n> 20 ? 5 : 1) {
    dense       A = matrix(n, true);
    tt_factored f;

    AT(A, k, k) = -1;
    f = factored_of(grid, dtype, &A, true, nb);
    CHECK_OK(tt_cholesky_row(&f));
    CHECK_EQ(f.failed, k + 1);
    factored_free(&f);
    dense_free(&A);
  }
}

/* op(A) X = B for so many columns. */
static void test_sweeps(const tt_factored *f, const dense *A, tartan_op op, int64_t count)
{
  const double u = unit_roundoff(f->F->dtype);
  uint64_t     seed = 17;
  dense        B = dense_make(A->n, count, fill_random, &seed), X = dense_new(A->n, count), R;

  memcpy(X.a, B.a, (size_t)(A->n * count) * sizeof *X.a);
  CHECK_OK(tt_row_solve(f, op, count, X.a));
  R = dense_product(op, A, TARTAN_NO_TRANS, &X);
  CHECK_LE(dense_distance(&R, &B), 10 * u * (double)A->n * (dense_norm(A) * dense_norm(&X) + dense_norm(&B)));
  dense_free(&R);
  dense_free(&X);
  dense_free(&B);
}

static void test_solve(tartan_grid *grid, tartan_dtype dtype, bool cholesky, int64_t n, int64_t nb)
{
  static const int64_t counts[] = {1, 2, 3, TT_ROW_SOLVE_MOST};
  dense                A = matrix(n, cholesky);
  tt_factored          f = factored_of(grid, dtype, &A, cholesky, nb);

  CHECK_OK(cholesky ? tt_cholesky_row(&f) : tt_lu_row(&f));
  CHECK_EQ(f.failed, 0);
  for (int c = 0; c < 4; c++)
    for (int op = 0; op < 2; op++) test_sweeps(&f, &A, (tartan_op)op, counts[c]);
  factored_free(&f);
  dense_free(&A);
}

/* The bits of a factor do not depend on when messages come. */
static void test_again(tartan_grid *grid)
{
  dense       A = matrix(200, true), first = {0};
  tt_factored f;

  for (int time = 0; time < 5; time++) {
    dense L;

    f = factored_of(grid, TARTAN_F64, &A, true, 4);
    CHECK_OK(tt_cholesky_row(&f));
    L = dense_of(f.F);
    if (time > 0) CHECK(dense_same_bits(&L, &first));
    dense_free(&first);
    first = L;
    factored_free(&f);
  }
  dense_free(&first);
  dense_free(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int t = 0; t < 2; t++)
    for (int64_t nb = 1; nb <= 4; nb += 3)
      for (int s = 0; s < SIZES; s++) {
        const tartan_dtype dtype = (tartan_dtype)t;

        check_context("n = %lld, blocks of %lld, %s", (long long)sizes[s], (long long)nb, tartan_dtype_name(dtype));
        test_factor(grid, dtype, sizes[s], nb);
        test_failing(grid, dtype, sizes[s], nb);
        test_solve(grid, dtype, true, sizes[s], nb);
        test_solve(grid, dtype, false, sizes[s], nb);
      }
  check_context("the same again");
  test_again(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
