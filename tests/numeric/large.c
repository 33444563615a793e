// TEST: np=2,4 labels=numeric,factor,long timeout=900
/*
 * Problems beyond TARTAN_EIGH_ONE_RANK, which go to ScaLAPACK's p?syevd and p?gesvd, by the same gates as small ones:
 *   |A V - V L|_F <= 10 n u |A|_F,  |A - U S V'|_F <= 10 n u |A|_F,  |V'V - I|_F <= 10 n u.
 */
#include <math.h>
#include <stdlib.h>

#include <tartan/blas.h>
#include <tartan/factor.h>
#include <tartan/norms.h>

#include "check.h"
#include "matrices.h"

#define LARGE (TARTAN_EIGH_ONE_RANK + 3)
#define U 0x1p-53

static double symmetric(int64_t i, int64_t j, void *seed)
{
  return i >= j ? fill_random(i, j, seed) : fill_random(j, i, seed);
}

static double norm_of(const tartan_matrix *A)
{
  double norm = NAN;

  CHECK_OK(tartan_norm_fro(A, &norm));
  return norm;
}

/* |op(V)' op(V) - I|_F for a matrix with orthonormal columns (rows with TARTAN_TRANS). */
static double orthogonality(tartan_grid *grid, const tartan_matrix *V, tartan_op op)
{
  const bool     rows = op == TARTAN_TRANS;
  tartan_matrix *G = NULL;
  int64_t        m, n;
  double         norm;

  tartan_matrix_shape(V, &m, &n);
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, rows ? m : n, rows ? m : n, NULL, &G));
  tartan_matrix_set(G, 0, 1);
  CHECK_OK(
      tartan_gemm(1, rows ? TARTAN_NO_TRANS : TARTAN_TRANS, V, rows ? TARTAN_TRANS : TARTAN_NO_TRANS, V, -1, G, NULL));
  norm = norm_of(G);
  tartan_matrix_destroy(&G);
  return norm;
}

/* Multiplies the columns of a matrix by values. */
static void scale_columns(tartan_matrix *A, const double *values)
{
  int64_t ld, mloc, nloc;
  double *a = tartan_matrix_local(A, &ld, &mloc, &nloc);

  for (int64_t j = 0; j < nloc; j++)
    for (int64_t i = 0; i < mloc; i++) a[i + j * ld] *= values[tartan_matrix_global_col(A, j)];
}

static int64_t count_rising(const double *values, int64_t n)
{
  int64_t rising = 0;

  for (int64_t i = 1; i < n; i++) rising += !(values[i] <= values[i - 1]);
  return rising;
}

static void test_eigh(tartan_grid *grid)
{
  uint64_t       seed = check_seed();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, LARGE, LARGE, NULL, symmetric, &seed), *V = NULL, *R = NULL;
  double        *w = calloc(LARGE, sizeof *w);

  check_context("eigh of order %d", LARGE);
  if (CHECK_OK(tartan_eigh(A, NULL, w, &V, NULL))) {
    CHECK_EQ(count_rising(w, LARGE), 0);
    CHECK_LE(orthogonality(grid, V, TARTAN_NO_TRANS), 10 * LARGE * U);
    CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, LARGE, LARGE, NULL, &R));
    CHECK_OK(tartan_matrix_copy(TARTAN_NO_TRANS, V, R));
    scale_columns(R, w);
    CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, V, -1, R, NULL));
    CHECK_LE(norm_of(R), 10 * LARGE * U * norm_of(A));
  }
  tartan_matrix_destroy(&R);
  tartan_matrix_destroy(&V);
  tartan_matrix_destroy(&A);
  free(w);
}

static void test_svd(tartan_grid *grid, int64_t m, int64_t n)
{
  uint64_t       seed = check_seed();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, m, n, NULL, fill_random, &seed), *L = NULL, *Vt = NULL;
  const int64_t  r = m < n ? m : n, larger = m > n ? m : n;
  double        *s = calloc((size_t)r, sizeof *s), norm = norm_of(A);

  check_context("svd of %lld x %lld", (long long)m, (long long)n);
  if (CHECK_OK(tartan_svd(A, NULL, &L, s, &Vt, NULL))) {
    CHECK_EQ(count_rising(s, r), 0);
    CHECK(s[r - 1] >= 0);
    CHECK_LE(orthogonality(grid, L, TARTAN_NO_TRANS), 10 * (double)larger * U);
    CHECK_LE(orthogonality(grid, Vt, TARTAN_TRANS), 10 * (double)larger * U);
    scale_columns(L, s);
    CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, L, TARTAN_NO_TRANS, Vt, -1, A, NULL));
    CHECK_LE(norm_of(A), 10 * (double)larger * U * norm);
  }
  tartan_matrix_destroy(&L);
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&A);
  free(s);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_eigh(grid);
  test_svd(grid, LARGE, LARGE + 20);
  tartan_grid_destroy(&grid);
  return check_finish();
}
