// TEST: np=1,2,3,4 labels=numeric,factor timeout=120
/*
 * tartan_eig against known eigenvalues: normal matrices (blocks of rotations under reflections), companion matrices, a
 * similarity that is badly scaled; on one rank and by ScaLAPACK. With vectors V and L = diag(w):
 *   |A V - V L|_F <= 10 n u |A|_F sqrt(n),  columns of norm 1, their largest component real and positive,
 *   values in order and in pairs, trace = sum, det = product.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/factor.h>

#include "check.h"
#include "factor/eig_impl.h"
#include "matrices.h"

#define LARGE 1100 /* beyond the limit of one rank */

static double re[LARGE], im[LARGE];
static double known_re[LARGE], known_im[LARGE];

/* A := (I - 2 v v') A (I - 2 v v') with a random unit vector. */
static void reflect(dense *A)
{
  const int64_t n = A->n;
  double       *v = malloc((size_t)n * sizeof *v), norm = 0, dot;

  for (int64_t i = 0; i < n; i++) v[i] = check_uniform() - 0.5;
  for (int64_t i = 0; i < n; i++) norm += v[i] * v[i];
  for (int64_t i = 0; i < n; i++) v[i] /= sqrt(norm);
  for (int64_t j = 0; j < n; j++) {
    dot = 0;
    for (int64_t i = 0; i < n; i++) dot += v[i] * AT(*A, i, j);
    for (int64_t i = 0; i < n; i++) AT(*A, i, j) -= 2 * dot * v[i];
  }
  for (int64_t i = 0; i < n; i++) {
    dot = 0;
    for (int64_t j = 0; j < n; j++) dot += v[j] * AT(*A, i, j);
    for (int64_t j = 0; j < n; j++) AT(*A, i, j) -= 2 * dot * v[j];
  }
  free(v);
}

/* Normal: 0 rotations, equal absolute values; 1 random pairs and real values; 2 real only; 3 zero; 4 one value. */
static dense normal_matrix(int kind, int64_t n)
{
  dense A = dense_new(n, n);

  for (int64_t i = 0; i < n; i++) {
    const double a = kind == 0   ? cos((double)(i + 1))
                     : kind == 3 ? 0
                     : kind == 4 ? -3
                                 : 2 * check_uniform() - 1,
                 b = kind == 0   ? sin((double)(i + 1))
                     : kind == 1 ? check_uniform()
                                 : 0;

    AT(A, i, i) = known_re[i] = a;
    known_im[i] = 0;
    if (i + 1 == n || b == 0) continue;
    AT(A, i + 1, i + 1) = known_re[i + 1] = a;
    AT(A, i, i + 1) = known_im[i] = b;
    AT(A, i + 1, i) = known_im[i + 1] = -b;
    i++;
  }
  for (int k = 0; k < 3 && n > 1 && kind != 3; k++) reflect(&A);
  return A;
}

/* Distance of the two sets of values, each matched to the nearest that is left. */
static double set_distance(int64_t n, const double *x, const double *y)
{
  bool  *used = calloc((size_t)n + 1, sizeof *used);
  double worst = 0;

  for (int64_t i = 0; i < n; i++) {
    double  best = INFINITY;
    int64_t at = 0;

    for (int64_t k = 0; k < n; k++)
      if (!used[k] && hypot(known_re[k] - x[i], known_im[k] - y[i]) < best) {
        best = hypot(known_re[k] - x[i], known_im[k] - y[i]);
        at = k;
      }
    used[at] = true;
    worst = fmax(worst, best);
  }
  free(used);
  return worst;
}

static void judge_order(int64_t n)
{
  int64_t wrong = 0;

  for (int64_t i = 0; i < n; i++) {
    wrong += i > 0 && hypot(re[i], im[i]) > hypot(re[i - 1], im[i - 1]);
    if (im[i] > 0) wrong += i + 1 == n || re[i + 1] != re[i] || im[i + 1] != -im[i];
    if (im[i] < 0) wrong += i == 0 || re[i - 1] != re[i] || im[i - 1] != -im[i];
  }
  CHECK_EQ(wrong, 0);
}

static void judge_vectors(const dense *A, tartan_dtype dtype, const tartan_matrix *v_re, const tartan_matrix *v_im)
{
  const int64_t n = A->n;
  const double  u = unit_roundoff(dtype);
  dense         X = dense_of(v_re), Y = dense_of(v_im);
  dense         AX = dense_product(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, &X);
  dense         AY = dense_product(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, &Y);
  double        sum = 0;

  CHECK(X.m == n && X.n == n && Y.m == n && Y.n == n && tartan_matrix_dtype(v_re) == dtype);
  for (int64_t j = 0; j < n; j++) {
    double norm = 0, largest = 0;
    bool   real = false;

    for (int64_t l = 0; l < n; l++) {
      const double x = AT(X, l, j), y = AT(Y, l, j);

      norm += x * x + y * y;
      largest = fmax(largest, hypot(x, y));
      sum += pow(AT(AX, l, j) - x * re[j] + y * im[j], 2) + pow(AT(AY, l, j) - x * im[j] - y * re[j], 2);
    }
    for (int64_t l = 0; l < n; l++) real = real || (AT(Y, l, j) == 0 && AT(X, l, j) >= (1 - 1e-5) * largest);
    CHECK_LE(fabs(sqrt(norm) - 1), 10 * u);
    CHECK(real);
  }
  CHECK_LE(sqrt(sum), 10 * (double)n * u * dense_norm(A) * sqrt((double)n));
  dense_free(&AX);
  dense_free(&AY);
  dense_free(&X);
  dense_free(&Y);
}

/* Values alone, and with vectors, of a matrix with known values that are accurate to `limit`. */
static void ask(tartan_grid *grid, tartan_dtype dtype, const dense *A, double limit, bool vectors)
{
  const tartan_matrix_opts layout = layout_random(grid);
  const int64_t            n = A->n;
  tartan_matrix           *a = matrix_of(grid, dtype, A, &layout), *v_re = NULL, *v_im = NULL;
  tartan_factor_info       info = {.found = -1};

  for (int ask_vectors = 0; ask_vectors <= vectors; ask_vectors++) {
    double trace = 0, sum = 0;

    if (!CHECK_OK(tartan_eig(a, re, im, ask_vectors ? &v_re : NULL, ask_vectors ? &v_im : NULL, &info))) break;
    CHECK_EQ(info.found, n);
    CHECK(info.method[0] && info.reason[0]);
    CHECK_LE(set_distance(n, re, im), limit);
    judge_order(n);
    for (int64_t i = 0; i < n; i++) {
      trace += AT(*A, i, i);
      sum += re[i];
    }
    CHECK_LE(fabs(trace - sum), (double)n * limit);
    if (ask_vectors && CHECK(v_re && v_im)) judge_vectors(A, dtype, v_re, v_im);
    tartan_matrix_destroy(&v_re);
    tartan_matrix_destroy(&v_im);
  }
  tartan_matrix_destroy(&a);
}

static void test_normal(tartan_grid *grid)
{
  static const int64_t sizes[] = {0, 1, 2, 3, 8, 9, 40, 67};

  for (int s = 0; s < 8; s++)
    for (int kind = 0; kind < 5; kind++)
      for (int t = 0; t < 2; t++) {
        dense A = normal_matrix(kind, sizes[s]);

        check_context("n=%lld, kind %d, %s", (long long)sizes[s], kind, tartan_dtype_name((tartan_dtype)t));
        if (t == TARTAN_F32) dense_round(&A);
        ask(grid, (tartan_dtype)t, &A, 10 * (double)A.n * unit_roundoff((tartan_dtype)t) * dense_norm(&A), true);
        dense_free(&A);
      }
}

/* x^4 - 10 x^3 + 35 x^2 - 50 x + 24 = (x - 1)(x - 2)(x - 3)(x - 4), and x^12 = 1. */
static void test_companion(tartan_grid *grid)
{
  static const double c[] = {-24, 50, -35, 10};
  dense               A = dense_new(4, 4), R = dense_new(12, 12);
  double              product = 1;

  check_context("companion matrix of (x-1)(x-2)(x-3)(x-4)");
  for (int64_t i = 0; i < 4; i++) {
    AT(A, i, 3) = c[i];
    if (i > 0) AT(A, i, i - 1) = 1;
    known_re[i] = (double)(i + 1);
    known_im[i] = 0;
  }
  ask(grid, TARTAN_F64, &A, 1e-11, true);
  for (int64_t i = 0; i < 4; i++) product *= re[i];
  CHECK_LE(fabs(product - 24), 1e-10);
  check_context("companion matrix of x^12 - 1");
  for (int64_t i = 0; i < 12; i++) {
    AT(R, (i + 1) % 12, i) = 1;
    known_re[i] = cos(2 * M_PI * (double)i / 12);
    known_im[i] = sin(2 * M_PI * (double)i / 12);
  }
  ask(grid, TARTAN_F64, &R, 1e-13, true);
  ask(grid, TARTAN_F32, &R, 1e-5, true);
  dense_free(&R);
  dense_free(&A);
}

/* Values near overflow and underflow. */
static void test_extremes(tartan_grid *grid)
{
  static const double factors[2][2] = {{0x1p115, 0x1p-100}, {0x1p1000, 0x1p-900}};

  for (int t = 0; t < 2; t++)
    for (int f = 0; f < 2; f++) {
      dense          A = normal_matrix(1, 30);
      tartan_matrix *a;

      check_context("%s times %g", tartan_dtype_name((tartan_dtype)t), factors[t][f]);
      for (int64_t i = 0; i < 900; i++) A.a[i] *= factors[t][f];
      a = matrix_of(grid, (tartan_dtype)t, &A, NULL);
      CHECK_OK(tartan_eig(a, re, im, NULL, NULL, NULL));
      for (int64_t i = 0; i < 30; i++) {
        re[i] /= factors[t][f];
        im[i] /= factors[t][f];
      }
      CHECK_LE(set_distance(30, re, im), 1000 * unit_roundoff((tartan_dtype)t));
      tartan_matrix_destroy(&a);
      dense_free(&A);
    }
}

/* By ScaLAPACK, on sizes around its blocks and in its own range. */
static void test_spread(tartan_grid *grid)
{
  static const int64_t sizes[] = {1, 2, 50, 64, 65, 129, 200, 333};
  tt_eig_unit          unit[400];

  for (int s = 0; s < 8; s++)
    for (int kind = 0; kind < 5; kind++) {
      const tartan_dtype dtype = (tartan_dtype)((s + kind) % 2);
      dense              A = normal_matrix(kind, sizes[s]);
      tartan_matrix     *a;

      check_context("over the ranks: n=%lld, kind %d, %s", (long long)A.n, kind, tartan_dtype_name(dtype));
      if (dtype == TARTAN_F32) dense_round(&A);
      a = matrix_of(grid, dtype, &A, NULL);
      if (CHECK_OK(tt_eig_spread(a, 1, re, im))) {
        CHECK_LE(set_distance(A.n, re, im), 10 * (double)A.n * unit_roundoff(dtype) * dense_norm(&A));
        CHECK_OK(tt_eig_order(A.n, re, im, unit));
        judge_order(A.n);
      }
      tartan_matrix_destroy(&a);
      dense_free(&A);
    }
}

static void test_large(tartan_grid *grid)
{
  dense A = normal_matrix(1, LARGE);

  check_context("n=%d", LARGE);
  for (int64_t i = 0; i < A.n * A.n; i++) A.a[i] *= 0x1p900;
  for (int64_t i = 0; i < A.n; i++) {
    known_re[i] *= 0x1p900;
    known_im[i] *= 0x1p900;
  }
  ask(grid, TARTAN_F64, &A, 0x1p900 * (double)A.n * 1e-15, false);
  dense_free(&A);
}

static void test_bad(tartan_grid *grid)
{
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 4, 5, NULL, fill_place, NULL), *V = A, *W = A;
  dense          values = dense_make(6, 6, fill_place, NULL);

  check_context("bad input");
  CHECK_STATUS(tartan_eig(A, re, im, &V, &W, NULL), TARTAN_ERR_SHAPE);
  CHECK(V == NULL && W == NULL);
  tartan_matrix_destroy(&A);
  AT(values, 5, 0) = NAN;
  A = V = W = matrix_of(grid, TARTAN_F32, &values, NULL);
  CHECK_STATUS(tartan_eig(A, re, im, &V, &W, NULL), TARTAN_ERR_INPUT);
  CHECK(V == NULL && W == NULL);
  tartan_matrix_destroy(&A);
  AT(values, 5, 0) = INFINITY;
  A = V = matrix_of(grid, TARTAN_F32, &values, NULL);
  CHECK_STATUS(tartan_eig(A, re, im, NULL, NULL, NULL), TARTAN_ERR_INPUT);
  CHECK_STATUS(tartan_eig(A, re, im, &V, NULL, NULL), TARTAN_ERR_ARG);
  CHECK(V == NULL);
  CHECK_STATUS(tartan_eig(A, re, im, NULL, &V, NULL), TARTAN_ERR_ARG);
  tartan_matrix_destroy(&A);
  dense_free(&values);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_normal(grid);
  test_companion(grid);
  test_extremes(grid);
  test_bad(grid);
  test_spread(grid);
  test_large(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
