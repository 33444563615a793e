// TEST: np=1,2,3,4 labels=numeric,sketch
/*
 * tartan_eig_dominant: known dominant eigenvalues of either sign, symmetric and not, in memory, from a file, centered;
 *   |A v - lambda v| <= (residual told + 10 n u) |lambda|, |v| = 1, the sign rule, |lambda - known| <= 1e-6 |known|.
 * Pairs that tie, of opposite sign or complex, do not converge and say so.
 */
#include <math.h>
#include <string.h>

#include <tartan/sketch.h>

#include "check.h"
#include "h5file.h"
#include "matrices.h"

#define SIDE 70

/* Q diag(values) (Q' + shear): values are eigenvalues whatever the shear above the diagonal in the basis Q. */
static dense with_eigenvalues(int64_t n, const double *values, double shear)
{
  uint64_t seed = 11;
  dense    Q = dense_make(n, n, fill_random, &seed), T = dense_new(n, n), QT, A, Qt;

  dense_orthonormalize(&Q);
  Qt = dense_transpose(&Q);
  for (int64_t j = 0; j < n; j++) {
    AT(T, j, j) = values[j];
    if (j > 0) AT(T, j - 1, j) = shear;
  }
  QT = dense_product(TARTAN_NO_TRANS, &Q, TARTAN_NO_TRANS, &T);
  A = dense_product(TARTAN_NO_TRANS, &QT, TARTAN_NO_TRANS, &Qt);
  dense_free(&QT);
  dense_free(&T);
  dense_free(&Qt);
  dense_free(&Q);
  return A;
}

static void judge(const dense *A, double known, double lambda, const tartan_matrix *v, const tartan_topk_info *info)
{
  const double slack = 10 * (double)A->n * 0x1p-53;
  dense        V = dense_of(v), AV = dense_product(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, &V);
  double       distance = 0, largest = 0;
  int64_t      i = 0;

  CHECK(info->converged && V.m == A->n && V.n == 1);
  CHECK_LE(fabs(lambda - known), 1e-6 * fabs(known));
  for (int64_t l = 0; l < V.m; l++) {
    distance = hypot(distance, AV.a[l] - lambda * V.a[l]);
    largest = fmax(largest, fabs(V.a[l]));
  }
  while (i < V.m && fabs(V.a[i]) < (1 - 1e-6) * largest) i++;
  CHECK(i < V.m && V.a[i] > 0);
  CHECK_LE(fabs(dense_norm(&V) - 1), slack);
  CHECK_LE(distance, (info->residual + slack) * fabs(lambda) + slack * dense_norm(A));
  CHECK_LE(info->residual, 1e-8);
  dense_free(&AV);
  dense_free(&V);
}

static void test_operator(const tartan_operator *op, const dense *A, double known)
{
  double           lambda, residual = -1;
  tartan_topk_info info = {.residuals = &residual};
  tartan_matrix   *v = NULL;

  if (CHECK_OK(tartan_eig_dominant(op, NULL, &lambda, &v, &info))) {
    judge(A, known, lambda, v, &info);
    CHECK(residual == info.residual && info.steps > 0 && info.passes == info.steps && info.block == 1);
  }
  tartan_matrix_destroy(&v);
  CHECK_OK(tartan_eig_dominant(op, NULL, &lambda, NULL, NULL));
}

static double value_of(int64_t i, int64_t j, void *A)
{
  return AT(*(const dense *)A, i, j);
}

static void test_values(tartan_grid *grid)
{
  static const h5_layout layout = {.type = "<f8"};
  double                 values[SIDE];

  for (int kind = 0; kind < 4; kind++) {
    const int64_t            n = kind == 3 ? 1 : SIDE;
    const double             known = kind == 1 ? -5 : 5;
    const tartan_matrix_opts place = layout_random(grid);
    tartan_matrix           *a;
    tartan_operator         *op = NULL;
    dense                    A;

    check_context("kind %d", kind);
    values[0] = known;
    for (int64_t j = 1; j < n; j++) values[j] = (j % 2 ? 3.5 : -3) * (double)(n - j) / (double)n;
    A = with_eigenvalues(n, values, kind == 2 ? 0.3 : 0);
    a = matrix_of(grid, TARTAN_F64, &A, &place);
    if (CHECK_OK(tartan_operator_from_matrix(a, &op))) test_operator(op, &A, known);
    tartan_operator_destroy(&op);
    h5_write("dominant.h5", "/X", &layout, n, n, value_of, &A);
    if (CHECK_OK(tartan_operator_open(grid, "dominant.h5", NULL, &op))) test_operator(op, &A, known);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&a);
    dense_free(&A);
  }
}

/* (x, -y) and a rotation: no one eigenvalue is largest. Zeros: every vector is an eigenvector. */
static void test_ties(tartan_grid *grid)
{
  static const double blocks[3][4] = {{1, 0, 0, -1}, {0, 1, -1, 0}, {0, 0, 0, 0}};

  for (int b = 0; b < 3; b++) {
    dense            A = dense_new(2, 2);
    tartan_matrix   *a, *v = NULL;
    tartan_operator *op = NULL;
    tartan_topk_opts opts = TARTAN_TOPK_OPTS_INIT;
    tartan_topk_info info = {0};
    double           lambda;

    check_context("block %d", b);
    memcpy(A.a, blocks[b], sizeof blocks[b]);
    opts.steps = 50;
    a = matrix_of(grid, TARTAN_F64, &A, NULL);
    if (CHECK_OK(tartan_operator_from_matrix(a, &op)) && CHECK_OK(tartan_eig_dominant(op, &opts, &lambda, &v, &info))) {
      CHECK(info.converged == (b == 2) && (b < 2 ? info.steps == 50 : lambda == 0 && info.residual == 0));
      CHECK(v != NULL);
    }
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&v);
    tartan_matrix_destroy(&a);
    dense_free(&A);
  }
}

static void test_bad(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{3, 4}, {4, 3}, {0, 0}};

  for (int s = 0; s < 4; s++) {
    const int64_t    m = s == 3 ? 5 : shapes[s][0], n = s == 3 ? 5 : shapes[s][1];
    dense            A = dense_make(m, n, fill_place, NULL);
    tartan_matrix   *a, *v;
    tartan_operator *op = NULL;
    double           lambda;

    check_context("%lld x %lld", (long long)m, (long long)n);
    if (s == 3) AT(A, 4, 4) = NAN;
    a = v = matrix_of(grid, TARTAN_F64, &A, NULL);
    if (CHECK_OK(tartan_operator_from_matrix(a, &op)))
      CHECK_STATUS(tartan_eig_dominant(op, NULL, &lambda, &v, NULL), s == 3 ? TARTAN_ERR_INPUT : TARTAN_ERR_SHAPE);
    CHECK(v == NULL);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&a);
    dense_free(&A);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_values(grid);
  test_ties(grid);
  test_bad(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
