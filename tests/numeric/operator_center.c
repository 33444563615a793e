// TEST: np=1,2,3,4 labels=numeric,oper
/*
 * Centered and scaled operators against the same done by hand, C = (A - 1 mean') diag(1 / scale), of matrices of both
 * types, files, transposed files and centered operators: with B = (|A| + 1 |mean|') diag(1 / |scale|)
 *   |Y - op(C) X| <= 4 (k + 4) u |op(B)| |X|, the same of C'(C X) with B'(B |X|), norms, Gram matrices.
 */
#include <math.h>
#include <string.h>

#include <tartan/operator.h>

#include "check.h"
#include "h5file.h"
#include "matrices.h"

#define WIDTH 3
#define MOST 90

/* What an operator should be: values, their sizes before cancellation, and what it was centered by. */
typedef struct expected {
  dense  C, B;
  double mean[MOST], scale[MOST];
} expected;

static expected expect(const dense *A, bool center, bool scale)
{
  expected e = {.C = dense_new(A->m, A->n), .B = dense_new(A->m, A->n)};

  for (int64_t j = 0; j < A->n; j++) {
    e.mean[j] = center ? 3 + (double)(j % 5) : 0;
    e.scale[j] = scale ? (j % 2 ? -2.5 : 0.75) : 1;
    for (int64_t i = 0; i < A->m; i++) {
      AT(e.C, i, j) = (AT(*A, i, j) - e.mean[j]) / e.scale[j];
      AT(e.B, i, j) = (fabs(AT(*A, i, j)) + fabs(e.mean[j])) / fabs(e.scale[j]);
    }
  }
  return e;
}

static void expected_end(expected *e)
{
  dense_free(&e->C);
  dense_free(&e->B);
}

/* The largest |Y - ref| over its limit. */
static double worst_of(const dense *Y, const dense *ref, const dense *size, double depth, tartan_dtype dtype)
{
  double worst = 0;

  for (int64_t e = 0; e < Y->m * Y->n; e++) {
    const double limit = 4 * (depth + 4) * 0x1p-53 * size->a[e] + (dtype == TARTAN_F32 ? 0x1p-23 * fabs(ref->a[e]) : 0);
    const double d = fabs(Y->a[e] - ref->a[e]);

    if (!(d <= worst * limit)) worst = limit > 0 ? d / limit : (double)INFINITY;
  }
  return worst;
}

typedef enum action { APPLY, ADJOINT, NORMAL } action;

/* op(M) X or M'(M X), with absolute values of X if asked for. */
static dense product_of(action what, const dense *M, const dense *X, bool absolute)
{
  dense x = dense_make(X->m, X->n, fill_place, NULL), y, z;

  for (int64_t e = 0; e < x.m * x.n; e++) x.a[e] = absolute ? fabs(X->a[e]) : X->a[e];
  y = dense_product(what == ADJOINT ? TARTAN_TRANS : TARTAN_NO_TRANS, M, TARTAN_NO_TRANS, &x);
  dense_free(&x);
  if (what != NORMAL) return y;
  z = dense_product(TARTAN_TRANS, M, TARTAN_NO_TRANS, &y);
  dense_free(&y);
  return z;
}

static void test_action(const tartan_operator *op, const expected *e, action what, tartan_dtype dtype)
{
  tartan_grid             *grid = tartan_operator_grid(op);
  const int64_t            m = e->C.m, n = e->C.n, in = what == ADJOINT ? m : n, out = what == APPLY ? m : n;
  const tartan_matrix_opts lx = layout_random(grid), ly = layout_random(grid);
  uint64_t                 seed = check_seed() + 3;
  dense                    X = dense_make(in, WIDTH, fill_random, &seed), Y, ref, size;
  tartan_matrix *x = matrix_of(grid, dtype, &X, &lx), *y = matrix_make(grid, dtype, out, WIDTH, &ly, fill_place, NULL);
  tartan_status  st;

  st = what == NORMAL ? tartan_operator_normal(op, x, y)
                      : tartan_operator_apply(op, what == ADJOINT ? TARTAN_TRANS : TARTAN_NO_TRANS, x, y);
  if (CHECK_OK(st)) {
    Y = dense_of(y);
    ref = product_of(what, &e->C, &X, false);
    size = product_of(what, &e->B, &X, true);
    CHECK_LE(worst_of(&Y, &ref, &size, (double)(m + n), dtype), 1);
    dense_free(&size);
    dense_free(&ref);
    dense_free(&Y);
  }
  dense_free(&X);
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&y);
}

static void test_gram(const tartan_operator *op, const expected *e)
{
  tartan_matrix *G = NULL;
  dense          g, ref, size;

  if (!CHECK_OK(tartan_gram(op, false, &G, NULL))) return;
  g = dense_of(G);
  ref = dense_product(TARTAN_TRANS, &e->C, TARTAN_NO_TRANS, &e->C);
  size = dense_product(TARTAN_TRANS, &e->B, TARTAN_NO_TRANS, &e->B);
  CHECK_LE(worst_of(&g, &ref, &size, (double)e->C.m, TARTAN_F64), 1);
  dense_free(&size);
  dense_free(&ref);
  dense_free(&g);
  tartan_matrix_destroy(&G);
}

static void test_operator(const tartan_operator *op, const expected *e)
{
  char    text[256];
  int64_t m, n;
  double  norm2 = -1, sum = dense_norm(&e->C);

  tartan_operator_shape(op, &m, &n);
  CHECK(m == e->C.m && n == e->C.n);
  tartan_operator_describe(op, text, sizeof text);
  CHECK(strstr(text, "centered") != NULL);
  for (int what = 0; what < 3; what++)
    for (int dtype = 0; dtype < 2; dtype++) test_action(op, e, (action)what, (tartan_dtype)dtype);
  CHECK_OK(tartan_operator_norm_fro2(op, &norm2));
  CHECK_LE(fabs(norm2 - sum * sum), 1e-12 * sum * sum);
  test_gram(op, e);
}

/* An operator centered, scaled, both, and both in two steps. */
static void test_all(const tartan_operator *plain, const dense *A, const char *what)
{
  for (int how = 1; how < 5; how++) {
    const bool       center = how != 2, scale = how != 1;
    expected         e = expect(A, center, scale);
    tartan_operator *first = NULL, *op = NULL;
    tartan_status    st = TARTAN_OK;

    check_context("%s, %lld x %lld, way %d", what, (long long)A->m, (long long)A->n, how);
    if (how == 4) st = tartan_operator_center(plain, e.mean, NULL, &first);
    CHECK_OK(st);
    if (how == 4)
      st = tartan_operator_center(first, NULL, e.scale, &op);
    else
      st = tartan_operator_center(plain, center ? e.mean : NULL, scale ? e.scale : NULL, &op);
    if (CHECK_OK(st)) test_operator(op, &e);
    tartan_operator_destroy(&op);
    CHECK(op == NULL);
    tartan_operator_destroy(&first);
    expected_end(&e);
  }
}

/* Whole numbers below 100, so that every element type holds them. */
static double small_whole(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return (double)((i * 31 + j * 17) % 97);
}

static void test_matrices(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 1}, {80, 7}, {7, 80}, {65, 64}};

  for (int s = 0; s < 4; s++)
    for (int dtype = 0; dtype < 2; dtype++) {
      const tartan_matrix_opts layout = layout_random(grid);
      dense                    A = dense_make(shapes[s][0], shapes[s][1], small_whole, NULL);
      tartan_matrix           *a = matrix_of(grid, (tartan_dtype)dtype, &A, &layout);
      tartan_operator         *op = NULL;

      if (CHECK_OK(tartan_operator_from_matrix(a, &op))) test_all(op, &A, dtype ? "f64" : "f32");
      tartan_operator_destroy(&op);
      tartan_matrix_destroy(&a);
      dense_free(&A);
    }
}

static void test_files(tartan_grid *grid)
{
  static const h5_layout layouts[] = {{.type = "u1"},
                                      {.type = ">i2", .chunk_rows = 7, .chunk_cols = 5},
                                      {.type = "<f8"}};

  for (int l = 0; l < 3; l++)
    for (int turn = 0; turn < 2; turn++) {
      tartan_io_opts   opts = TARTAN_IO_OPTS_INIT;
      dense            stored = dense_make(66, 12, small_whole, NULL), A = dense_transpose(&stored);
      tartan_operator *op = NULL;

      check_context("file %d", l);
      opts.transpose = turn;
      h5_write("center.h5", "/X", &layouts[l], 66, 12, small_whole, NULL);
      if (CHECK_OK(tartan_operator_open(grid, "center.h5", &opts, &op)))
        test_all(op, turn ? &A : &stored, turn ? "a transposed file" : "a file");
      tartan_operator_destroy(&op);
      dense_free(&A);
      dense_free(&stored);
    }
}

static void test_bad(tartan_grid *grid)
{
  static const double bad[][2] = {{NAN, 1}, {INFINITY, 1}, {0, 0}, {0, NAN}, {0, INFINITY}};
  tartan_matrix      *a = matrix_make(grid, TARTAN_F64, 5, 3, NULL, fill_place, NULL);
  tartan_operator    *plain = NULL;

  CHECK_OK(tartan_operator_from_matrix(a, &plain));
  for (int b = 0; b < 5; b++) {
    const double     mean[3] = {1, 2, bad[b][0]}, scale[3] = {1, 2, bad[b][1]};
    tartan_operator *op = plain;

    check_context("mean %g, scale %g", mean[2], scale[2]);
    CHECK_STATUS(tartan_operator_center(plain, mean, scale, &op), TARTAN_ERR_ARG);
    CHECK(op == NULL);
  }
  tartan_operator_destroy(&plain);
  tartan_matrix_destroy(&a);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_matrices(grid);
  test_files(grid);
  test_bad(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
