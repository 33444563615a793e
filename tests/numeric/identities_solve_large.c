// TEST: np=1,2,4,6 labels=numeric,factor timeout=120
/*
 * Identities of identities_solve.c for a matrix that all ranks factor together, formed by the library's own products:
 * with n = 530 and A Gaussian, condition about 1e4 to 1e5, limits are 10 n u cond |.|, twice that of products of two.
 *
 *   det AB = det A det B, det A' = det A; A inv A = I, inv(AB) = inv B inv A; solve(A, A X) = X, also transposed, by
 *   Cholesky, mixed and as least squares; L L' = A'A, A^-2 = inv(A^2)
 */
#include <math.h>

#include <tartan/tartan.h>

#include "check.h"
#include "matrices.h"

#define N 530

static tartan_grid *grid;
static double       limit; /* 10 n u cond */

static tartan_matrix *blank(int64_t n)
{
  const tartan_matrix_opts opts = layout_random(grid);
  tartan_matrix           *A = NULL;

  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, N, n, &opts, &A));
  return A;
}

static tartan_matrix *gaussian(int64_t n, uint64_t seed)
{
  tartan_matrix *A = blank(n);

  if (A) tartan_matrix_fill_normal(A, seed);
  return A;
}

static tartan_matrix *times(tartan_op op, const tartan_matrix *A, const tartan_matrix *B)
{
  tartan_matrix *P;
  int64_t        n;

  tartan_matrix_shape(B, NULL, &n);
  P = blank(n);
  CHECK_OK(tartan_gemm(1, op, A, TARTAN_NO_TRANS, B, 0, P, NULL));
  return P;
}

static double norm(const tartan_matrix *A)
{
  double value = (double)NAN;

  CHECK_OK(tartan_norm_fro(A, &value));
  return value;
}

/* |A - B| <= most |B|; A is used up. */
static void near(tartan_matrix *A, const tartan_matrix *B, double most)
{
  if (CHECK(A != NULL)) {
    CHECK_OK(tartan_geadd(-1, TARTAN_NO_TRANS, B, 1, A));
    CHECK_LE(norm(A), most * norm(B));
  }
  tartan_matrix_destroy(&A);
}

static tartan_matrix *inverse(const tartan_matrix *A)
{
  tartan_matrix *X = NULL;

  CHECK_OK(tartan_inv(A, NULL, &X, NULL));
  return X;
}

static void test_determinants(const tartan_matrix *A, const tartan_matrix *B, const tartan_matrix *AB)
{
  tartan_matrix *At = NULL;
  double         sign[4] = {0}, logs[4] = {0};

  check_context("determinants");
  CHECK_OK(tartan_transpose(A, NULL, &At));
  CHECK_OK(tartan_slogdet(A, NULL, &sign[0], &logs[0], NULL));
  CHECK_OK(tartan_slogdet(B, NULL, &sign[1], &logs[1], NULL));
  CHECK_OK(tartan_slogdet(AB, NULL, &sign[2], &logs[2], NULL));
  CHECK_OK(tartan_slogdet(At, NULL, &sign[3], &logs[3], NULL));
  CHECK(fabs(sign[0]) == 1 && sign[2] == sign[0] * sign[1] && sign[3] == sign[0]);
  CHECK_LE(fabs(logs[2] - logs[0] - logs[1]), 2 * limit * N);
  CHECK_LE(fabs(logs[3] - logs[0]), limit * N);
  tartan_matrix_destroy(&At);
}

static void test_inverses(const tartan_matrix *A, const tartan_matrix *B, const tartan_matrix *AB)
{
  tartan_matrix *I = blank(N), *X = inverse(A), *Y = inverse(B), *A2 = times(TARTAN_NO_TRANS, A, A), *Z = NULL;

  check_context("inverses");
  tartan_eye(I);
  if (X && Y) {
    tartan_matrix *YX = times(TARTAN_NO_TRANS, Y, X);

    near(times(TARTAN_NO_TRANS, A, X), I, limit);
    near(inverse(AB), YX, limit * limit / (10 * N * 0x1p-53)); /* its condition is the product */
    tartan_matrix_destroy(&YX);
    CHECK_OK(tartan_matrix_power(A, -2, &Z));
    if (Z) near(inverse(A2), Z, limit * limit / (10 * N * 0x1p-53));
    tartan_matrix_destroy(&Z);
    CHECK_OK(tartan_solve(A, I, NULL, &Z, NULL));
    near(Z, X, limit);
  }
  tartan_matrix_destroy(&A2);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&I);
}

/* X from op(A) X. */
static void test_solve(const tartan_matrix *A, tartan_op op, bool mixed, const char *name)
{
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_matrix    *X = gaussian(5, 77), *B = times(op, A, X), *found = NULL;

  check_context("%s", name);
  opts.op = op;
  opts.mixed = mixed;
  CHECK_OK(tartan_solve(A, B, &opts, &found, NULL));
  near(found, X, limit);
  found = NULL;
  if (op == TARTAN_NO_TRANS && !mixed) {
    CHECK_OK(tartan_lstsq(A, B, NULL, &found, NULL));
    near(found, X, limit);
  }
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&X);
}

/* A'A + n I is positive definite, with a condition of about 5. */
static void test_cholesky(const tartan_matrix *A)
{
  tartan_solve_opts opts = TARTAN_SOLVE_OPTS_INIT;
  tartan_matrix    *S = times(TARTAN_TRANS, A, A), *I = blank(N), *L = NULL, *X = gaussian(3, 5), *B, *found = NULL;
  const double      small = 100 * N * 0x1p-53;
  double            sign = 0, logabs = 0, general = 0;

  check_context("Cholesky");
  tartan_matrix_set(I, 0, N);
  CHECK_OK(tartan_geadd(1, TARTAN_NO_TRANS, I, 1, S));
  B = times(TARTAN_NO_TRANS, S, X);
  if (CHECK_OK(tartan_cholesky(S, &L, NULL))) {
    CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, L, TARTAN_TRANS, L, 0, I, NULL));
    near(I, S, small);
    I = NULL;
  }
  CHECK_OK(tartan_slogdet(S, NULL, &sign, &general, NULL));
  opts.assume = TARTAN_ASSUME_POSITIVE;
  CHECK_OK(tartan_slogdet(S, &opts, &sign, &logabs, NULL));
  CHECK_LE(fabs(logabs - general), small * N);
  CHECK(sign == 1);
  CHECK_OK(tartan_solve(S, B, &opts, &found, NULL));
  near(found, X, small);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&X);
  tartan_matrix_destroy(&L);
  tartan_matrix_destroy(&I);
  tartan_matrix_destroy(&S);
}

int main(int argc, char **argv)
{
  tartan_matrix *A, *B, *AB;
  double         a = 0, b = 0;

  check_start(&argc, &argv);
  grid = grid_world();
  A = gaussian(N, 100 * check_seed());
  B = gaussian(N, 100 * check_seed() + 1);
  AB = times(TARTAN_NO_TRANS, A, B);
  CHECK_OK(tartan_cond(TARTAN_COND_TWO, A, &a));
  CHECK_OK(tartan_cond(TARTAN_COND_TWO, B, &b));
  limit = 10 * N * 0x1p-53 * fmax(a, b);
  test_determinants(A, B, AB);
  test_inverses(A, B, AB);
  test_solve(A, TARTAN_NO_TRANS, false, "LU, and least squares");
  test_solve(A, TARTAN_TRANS, false, "LU, transposed");
  test_solve(A, TARTAN_NO_TRANS, true, "LU in f32, refined");
  test_cholesky(A);
  tartan_matrix_destroy(&AB);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&A);
  tartan_grid_destroy(&grid);
  return check_finish();
}
