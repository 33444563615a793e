// TEST: np=1,2,3,4 labels=numeric,sketch
/*
 * tartan_lowrank against known singular values and against the difference summed element by element:
 *   |error_fro - |A - U S Vt|_F| <= 1e-4 error_fro + 10 n u |A|_F;   |error_2 - sigma_(k+1)| <= (1e-8 + 10 n u) sigma_1.
 * In memory, from a file, f32 data; small errors, which need the further pass; exact ranks; k = min(m, n); zeros.
 */
#include <math.h>
#include <string.h>

#include <tartan/sketch.h>

#include "check.h"
#include "h5file.h"
#include "matrices.h"

#define SIDE 240

/* |A - U diag(s) Vt|_F. */
static double distance(const dense *A, const tartan_matrix *u, const double *s, const tartan_matrix *vt)
{
  dense  U = dense_of(u), Vt = dense_of(vt), B;
  double d;

  for (int64_t j = 0; j < U.n; j++)
    for (int64_t i = 0; i < U.m; i++) AT(U, i, j) *= s[j];
  B = dense_product(TARTAN_NO_TRANS, &U, TARTAN_NO_TRANS, &Vt);
  d = dense_distance(A, &B);
  dense_free(&B);
  dense_free(&Vt);
  dense_free(&U);
  return d;
}

static void test_operator(const tartan_operator *op, const dense *A, const double *sigma, int64_t k)
{
  const int64_t       r = A->m < A->n ? A->m : A->n;
  const double        slack = 10 * (double)(A->m + A->n) * 0x1p-53;
  double              s[SIDE], residuals[SIDE], norm = dense_norm(A), error;
  tartan_lowrank_info info = {.topk.residuals = residuals};
  tartan_matrix      *U = NULL, *Vt = NULL;
  int64_t             rows, cols;

  if (!CHECK_OK(tartan_lowrank(op, k, NULL, &U, s, &Vt, &info))) return;
  tartan_matrix_shape(U, &rows, &cols);
  CHECK(rows == A->m && cols == k);
  tartan_matrix_shape(Vt, &rows, &cols);
  CHECK(rows == k && cols == A->n);
  CHECK(info.topk.converged && info.topk.residuals == residuals);
  error = distance(A, U, s, Vt);
  CHECK_LE(fabs(info.error_fro - error), 1e-4 * error + slack * norm);
  CHECK_LE(fabs(info.error_2 - (k < r ? sigma[k] : 0)), (1e-8 + slack) * sigma[0]);
  CHECK_LE(fabs(info.relative - (norm > 0 ? info.error_fro / norm : 0)), 1e-14);
  CHECK_LE(fabs(info.compression - (double)(A->m * A->n) / (double)(k * (A->m + A->n + 1))), 1e-14 * info.compression);
  for (int64_t i = 0; i < k; i++) {
    CHECK_LE(fabs(s[i] - sigma[i]), (1e-8 + slack) * sigma[0]);
    CHECK_LE(residuals[i], info.topk.residual);
  }
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&Vt);
  CHECK_OK(tartan_lowrank(op, k, NULL, NULL, s, NULL, NULL));
}

static double value_of(int64_t i, int64_t j, void *A)
{
  return AT(*(const dense *)A, i, j);
}

static void test_matrix(tartan_grid *grid, dense *A, const double *sigma, int64_t k, tartan_dtype dtype)
{
  static const h5_layout   layouts[] = {{.type = "<f4"}, {.type = "<f8"}};
  const tartan_matrix_opts layout = layout_random(grid);
  tartan_matrix           *a = matrix_of(grid, dtype, A, &layout);
  tartan_operator         *op = NULL;

  if (CHECK_OK(tartan_operator_from_matrix(a, &op))) test_operator(op, A, sigma, k);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&a);
  h5_write("lowrank.h5", "/X", &layouts[dtype == TARTAN_F64], A->m, A->n, value_of, A);
  if (CHECK_OK(tartan_operator_open(grid, "lowrank.h5", NULL, &op))) test_operator(op, A, sigma, k);
  tartan_operator_destroy(&op);
}

static void test_spectra(tartan_grid *grid)
{
  static const struct {
    int64_t m, n, k;
    double  rate;
    int64_t rank;
  } cases[] = {{230, 212, 6, 0.7, 212}, {212, 230, 9, 0.1, 212}, {60, 31, 4, 0.5, 31}, {31, 60, 31, 0.8, 31},
               {225, 210, 5, 0.5, 5},   {50, 20, 7, 0.5, 3},     {40, 30, 3, 1, 0}};
  double sigma[SIDE];

  for (int c = 0; c < 7; c++) {
    const int64_t r = cases[c].m < cases[c].n ? cases[c].m : cases[c].n;
    dense         A;

    check_context("%lld x %lld, k = %lld, rank %lld", (long long)cases[c].m, (long long)cases[c].n,
                  (long long)cases[c].k, (long long)cases[c].rank);
    for (int64_t i = 0; i < r; i++) sigma[i] = i < cases[c].rank ? 3 * pow(cases[c].rate, (double)i) : 0;
    A = dense_with_values(cases[c].m, cases[c].n, r, sigma, (uint64_t)c);
    test_matrix(grid, &A, sigma, cases[c].k, TARTAN_F64);
    dense_free(&A);
  }
}

/* Values that f32 holds, so that the reference is exact: two rows of ones, blocks of numbers. */
static void test_single(tartan_grid *grid)
{
  double sigma[SIDE] = {0};
  dense  A = dense_new(60, 25);

  check_context("f32");
  for (int64_t i = 0; i < 8; i++) AT(A, 7 * i, 3 * i) = sigma[i] = 9 - (double)i;
  test_matrix(grid, &A, sigma, 3, TARTAN_F32);
  dense_free(&A);
}

static void test_bad(tartan_grid *grid)
{
  tartan_matrix   *a = matrix_make(grid, TARTAN_F64, 7, 5, NULL, fill_place, NULL), *U, *Vt;
  tartan_matrix   *nan = matrix_make(grid, TARTAN_F64, 7, 5, NULL, fill_place, NULL);
  tartan_operator *op = NULL, *bad = NULL;
  double           s[SIDE];
  int64_t          il = tartan_matrix_local_row(nan, 3), jl = tartan_matrix_local_col(nan, 4), ld;

  check_context("bad arguments");
  if (il >= 0 && jl >= 0) {
    double *data = tartan_matrix_local(nan, &ld, NULL, NULL);

    data[il + jl * ld] = NAN;
  }
  CHECK_OK(tartan_operator_from_matrix(a, &op));
  CHECK_OK(tartan_operator_from_matrix(nan, &bad));
  for (int64_t k = -1; k < 7; k += 7) {
    U = Vt = a;
    CHECK_STATUS(tartan_lowrank(op, k, NULL, &U, s, &Vt, NULL), TARTAN_ERR_ARG);
    CHECK(U == NULL && Vt == NULL);
  }
  U = Vt = a;
  CHECK_STATUS(tartan_lowrank(bad, 2, NULL, &U, s, &Vt, NULL), TARTAN_ERR_INPUT);
  CHECK(U == NULL && Vt == NULL);
  tartan_operator_destroy(&bad);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&nan);
  tartan_matrix_destroy(&a);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_spectra(grid);
  test_single(grid);
  test_bad(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
