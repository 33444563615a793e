// TEST: np=1,2,3,4,6 labels=numeric,factor timeout=120
/*
 * The bidiagonal path of tartan_svd, forced, at sizes around its blocks (32) and panels (128) and around the number of
 * ranks, with conditions up to 1e15, graded, clustered and zero values, zero columns, diagonal and bidiagonal matrices (which
 * deflate wholly), very large and very small elements, in f32 and f64; n is the larger of the two sizes:
 *   |A - U S V'|_F <= 10 n u |A|_F,  |U'U - I|_F, |V'V - I|_F <= 10 n u,  |s - s_ref| <= 10 n u s_1.
 */
#include <math.h>

#include <tartan/factor.h>

#include "check.h"
#include "matrices.h"

#define RANK_MAX 300

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static void judge(const dense *A, tartan_dtype dtype, double unit, const double *s, const dense *U, const dense *Vt)
{
  const double size = 10 * unit_roundoff(dtype) * (double)larger(A->m, A->n);
  dense   US = dense_make(U->m, U->n, fill_place, NULL), V = dense_transpose(Vt), B, scaled = dense_new(A->m, A->n);
  int64_t rising = 0;

  for (int64_t j = 0; j < U->n; j++) {
    for (int64_t i = 0; i < U->m; i++) AT(US, i, j) = AT(*U, i, j) * (s[j] / unit);
    rising += (j > 0 && s[j] > s[j - 1]) || !(s[j] >= 0);
  }
  for (int64_t j = 0; j < A->n; j++)
    for (int64_t i = 0; i < A->m; i++) AT(scaled, i, j) = AT(*A, i, j) / unit;
  B = dense_product(TARTAN_NO_TRANS, &US, TARTAN_NO_TRANS, Vt);
  CHECK_LE(dense_distance(&scaled, &B), size * dense_norm(&scaled));
  CHECK_LE(dense_orthogonality(U), size);
  CHECK_LE(dense_orthogonality(&V), size);
  CHECK_EQ(rising, 0);
  dense_free(&scaled);
  dense_free(&US);
  dense_free(&V);
  dense_free(&B);
}

/* Values are compared with `known` where they are, and those without vectors with those beside vectors. */
static void test_matrix(tartan_grid *grid, tartan_dtype dtype, const dense *A, double unit, const double *known)
{
  const tartan_matrix_opts opts = layout_random(grid);
  const int64_t            r = A->m < A->n ? A->m : A->n;
  const double             size = 10 * unit_roundoff(dtype) * (double)larger(A->m, A->n);
  tartan_svd_opts          forced = TARTAN_SVD_OPTS_INIT;
  tartan_factor_info       info;
  double                   s[RANK_MAX] = {0}, alone[RANK_MAX] = {0};
  tartan_matrix           *a = matrix_of(grid, dtype, A, &opts), *u = NULL, *vt = NULL;

  forced.method = TARTAN_SVD_BIDIAGONAL;
  if (CHECK_OK(tartan_svd(a, &forced, &u, s, &vt, &info)) && CHECK(u && vt)) {
    dense held = dense_of(a), U = dense_of(u), Vt = dense_of(vt);

    judge(&held, dtype, unit, s, &U, &Vt);
    CHECK_EQ(info.found, r);
    for (int64_t i = 0; i < r && known; i++) CHECK_LE(fabs(s[i] - known[i]), size * known[0]);
    dense_free(&held);
    dense_free(&U);
    dense_free(&Vt);
    CHECK_OK(tartan_svd(a, &forced, NULL, alone, NULL, NULL));
    for (int64_t i = 0; i < r; i++) CHECK_LE(fabs(s[i] - alone[i]), size * s[0]);
  }
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  tartan_matrix_destroy(&a);
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 1},   {2, 1},     {1, 2},     {2, 2},     {3, 3},   {5, 5},
                                      {7, 6},   {31, 31},   {32, 32},   {33, 33},   {40, 33}, {33, 40},
                                      {65, 64}, {127, 127}, {129, 128}, {161, 161}, {100, 20}};
  uint64_t             seed = check_seed();

  for (int s = 0; s < 17; s++)
    for (int t = 0; t < 2; t++) {
      dense A = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed);

      check_context("%lld x %lld, %s", (long long)A.m, (long long)A.n, tartan_dtype_name((tartan_dtype)t));
      test_matrix(grid, (tartan_dtype)t, &A, 1, NULL);
      dense_free(&A);
    }
}

enum { GEOMETRIC5, GEOMETRIC15, CLUSTERS, ONE_LARGE, ONE_SMALL, LOW_RANK, EQUAL, KINDS };

static double spectrum(int kind, int64_t i, int64_t r)
{
  const double t = r > 1 ? (double)i / (double)(r - 1) : 0;

  switch (kind) {
  case GEOMETRIC5: return pow(10, -5 * t);
  case GEOMETRIC15: return pow(10, -15 * t);
  case CLUSTERS: return 3 - (double)(i * 3 / r) + 1e-14 * (double)(r - i);
  case ONE_LARGE: return i == 0 ? 1 : 1e-12;
  case ONE_SMALL: return i == r - 1 ? 1e-12 : 1;
  case LOW_RANK: return i < r / 3 ? 3 : 0;
  default: return 2;
  }
}

static void test_spectra(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{70, 70}, {50, 40}, {40, 50}};
  double               sigma[RANK_MAX];

  for (int kind = 0; kind < KINDS; kind++)
    for (int s = 0; s < 3; s++) {
      const int64_t r = shapes[s][0] < shapes[s][1] ? shapes[s][0] : shapes[s][1];
      dense         A;

      check_context("spectrum %d, %lld x %lld", kind, (long long)shapes[s][0], (long long)shapes[s][1]);
      for (int64_t i = 0; i < r; i++) sigma[i] = spectrum(kind, i, r);
      A = dense_with_values(shapes[s][0], shapes[s][1], r, sigma, (uint64_t)(kind * 4 + s));
      test_matrix(grid, TARTAN_F64, &A, 1, sigma);
      dense_free(&A);
    }
}

/* Elements of matrices with structure. */
enum { ZERO, IDENTITY, DIAGONAL, BIDIAGONAL, ZERO_COLUMNS, ZERO_ROWS, GRADED, ONES, LOWER, STRUCTURES };

static double structured(int64_t i, int64_t j, void *context)
{
  const double v = (double)((i * 7 + j * 13) % 17) - 8;

  switch (*(const int *)context) {
  case ZERO: return 0;
  case IDENTITY: return i == j;
  case DIAGONAL: return i == j ? (double)(i % 5) : 0;
  case BIDIAGONAL: return i == j || i + 1 == j ? 1 : 0;
  case ZERO_COLUMNS: return j % 3 == 1 ? 0 : v;
  case ZERO_ROWS: return i % 3 == 0 ? 0 : v;
  case GRADED: return ldexp(v, -(int)(i + j));
  case ONES: return 1;
  default: return i >= j ? v : 0;
  }
}

static void test_structures(tartan_grid *grid)
{
  static const int64_t sizes[] = {1, 4, 37, 66};

  for (int what = 0; what < STRUCTURES; what++)
    for (int s = 0; s < 4; s++)
      for (int t = 0; t < 2; t++) {
        dense A = dense_make(sizes[s] + s % 2, sizes[s], structured, &what);

        check_context("structure %d of order %lld, type %d", what, (long long)sizes[s], t);
        test_matrix(grid, (tartan_dtype)t, &A, 1, NULL);
        dense_free(&A);
      }
}

/* Elements near overflow and underflow, in f32 subnormal ones too. */
static void test_scales(tartan_grid *grid)
{
  static const int powers[2][4] = {{120, -120, -140, 60}, {1018, -1015, -600, 500}};
  uint64_t         seed = check_seed();

  for (int t = 0; t < 2; t++)
    for (int p = 0; p < 4; p++) {
      const double unit = ldexp(1, powers[t][p]);
      dense        A = dense_make(20, 17, fill_random, &seed);

      check_context("elements about 2^%d, type %d", powers[t][p], t);
      for (int64_t j = 0; j < A.n; j++)
        for (int64_t i = 0; i < A.m; i++) AT(A, i, j) *= unit;
      test_matrix(grid, (tartan_dtype)t, &A, unit, NULL);
      dense_free(&A);
    }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_spectra(grid);
  test_structures(grid);
  test_scales(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
