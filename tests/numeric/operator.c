// TEST: np=1,2,3,4,6 labels=numeric,oper
/*
 * Operators of a matrix and of a file: apply, adjoint, normal product and norm against long double, element by element:
 *   |Y - Y_ref| <= (k + 2) u (|op A| |X|) for a product of depth k, (m + n + 4) u (|A'| |A| |X|) for A'(A X),
 *   and one more rounding where Y is f32.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/operator.h>

#include "check.h"
#include "h5file.h"
#include "matrices.h"

/* Scaled difference of a computed Y to op(A) X, or to A'(A X). */
static double worst_difference(const dense *A, const dense *X, const dense *Y, bool normal, bool trans,
                               tartan_dtype dtype)
{
  const int64_t m = A->m, n = A->n, depth = normal ? m + n + 2 : trans ? m : n;
  long double  *mid = calloc((size_t)m + 1, sizeof *mid), *size = calloc((size_t)m + 1, sizeof *size);
  double        worst = 0;

  for (int64_t b = 0; b < X->n; b++) {
    for (int64_t i = 0; i < m && normal; i++) {
      mid[i] = size[i] = 0;
      for (int64_t j = 0; j < n; j++) {
        mid[i] += (long double)AT(*A, i, j) * AT(*X, j, b);
        size[i] += fabsl((long double)AT(*A, i, j) * AT(*X, j, b));
      }
    }
    for (int64_t r = 0; r < Y->m; r++) {
      const bool  by_columns = trans || normal;
      long double sum = 0, all = 0, limit;

      for (int64_t l = 0; l < (by_columns ? m : n); l++) {
        const long double a = by_columns ? AT(*A, l, r) : AT(*A, r, l);

        sum += a * (normal ? mid[l] : (long double)AT(*X, l, b));
        all += fabsl(a) * (normal ? size[l] : fabsl((long double)AT(*X, l, b)));
      }
      limit = (long double)(depth + 2) * 0x1p-53L * all + (dtype == TARTAN_F32 ? 0x1p-24L * fabsl(sum) * 1.001L : 0);
      if (limit == 0) {
        worst = fmax(worst, AT(*Y, r, b) == 0 ? 0 : INFINITY);
      } else {
        const double d = (double)(fabsl(AT(*Y, r, b) - sum) / limit);

        worst = isnan(d) ? INFINITY : fmax(worst, d);
      }
    }
  }
  free(mid);
  free(size);
  return worst;
}

typedef enum action { APPLY, ADJOINT, NORMAL } action;

static void test_action(const tartan_operator *op, const dense *A, action what, int64_t width)
{
  tartan_grid             *grid = tartan_operator_grid(op);
  const int64_t            in = what == ADJOINT ? A->m : A->n, out = what == APPLY ? A->m : A->n;
  const tartan_matrix_opts lx = layout_random(grid), ly = layout_random(grid);
  const tartan_dtype       tx = (tartan_dtype)check_pick(2), ty = (tartan_dtype)check_pick(2);
  uint64_t                 seed = check_seed() + 17;
  dense                    X = dense_make(in, width, fill_random, &seed), Y;
  tartan_matrix *x = matrix_of(grid, tx, &X, &lx), *y = matrix_make(grid, ty, out, width, &ly, fill_place, NULL);
  tartan_status  st;

  st = what == NORMAL ? tartan_operator_normal(op, x, y)
                      : tartan_operator_apply(op, what == ADJOINT ? TARTAN_TRANS : TARTAN_NO_TRANS, x, y);
  if (CHECK_OK(st)) {
    Y = dense_of(y);
    CHECK_LE(worst_difference(A, &X, &Y, what == NORMAL, what == ADJOINT, ty), 1);
    dense_free(&Y);
  }
  dense_free(&X);
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&y);
}

/* All that an operator of the values A must do. */
static void test_operator(tartan_operator *op, const dense *A, const char *what)
{
  static const int64_t widths[] = {1, 3, 0, 8};
  tartan_grid         *grid = tartan_operator_grid(op);
  int64_t              m, n;
  long double          sum = 0;
  double               norm2 = -1;
  char                 text[256], size[64];

  check_context("%s, %lld x %lld", what, (long long)A->m, (long long)A->n);
  tartan_operator_shape(op, &m, &n);
  CHECK(m == A->m && n == A->n);
  tartan_operator_shape(op, NULL, NULL);
  tartan_operator_describe(op, text, sizeof text);
  snprintf(size, sizeof size, "%lld sample%s x %lld feature%s, ", (long long)m, m == 1 ? "" : "s", (long long)n,
           n == 1 ? "" : "s");
  CHECK(strstr(text, size) != NULL);
  tartan_operator_describe(op, text, 10);
  CHECK(strlen(text) < 10);
  for (int w = 0; w < 4; w++)
    for (int what_to_do = 0; what_to_do < 3; what_to_do++) {
      check_context("%s, %lld x %lld, action %d, width %lld", what, (long long)m, (long long)n, what_to_do,
                    (long long)widths[w]);
      test_action(op, A, (action)what_to_do, widths[w]);
    }
  for (int64_t e = 0; e < m * n; e++) sum += (long double)A->a[e] * A->a[e];
  CHECK_OK(tartan_operator_norm_fro2(op, &norm2));
  CHECK_LE(fabs(norm2 - (double)sum), 1e-13 * (double)sum);
  {
    tartan_matrix *X = matrix_make(grid, TARTAN_F64, n + 1, 2, NULL, fill_place, NULL);
    tartan_matrix *Y = matrix_make(grid, TARTAN_F64, m, 2, NULL, fill_place, NULL);
    tartan_matrix *Z = matrix_make(grid, TARTAN_F64, n, 3, NULL, fill_place, NULL);

    CHECK_STATUS(tartan_operator_apply(op, TARTAN_NO_TRANS, X, Y), TARTAN_ERR_SHAPE);
    CHECK_STATUS(tartan_operator_apply(op, TARTAN_NO_TRANS, Z, Y), TARTAN_ERR_SHAPE);
    CHECK_STATUS(tartan_operator_normal(op, X, Z), TARTAN_ERR_SHAPE);
    CHECK_EQ(matrix_count_wrong(Y, fill_place, NULL), 0); /* unchanged */
    CHECK_EQ(matrix_count_wrong(Z, fill_place, NULL), 0);
    tartan_matrix_destroy(&X);
    tartan_matrix_destroy(&Y);
    tartan_matrix_destroy(&Z);
  }
}

static void test_from_matrix(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 1}, {2, 7}, {50, 3}, {3, 50}, {65, 64}, {130, 11}};
  uint64_t             seed = check_seed();

  for (int s = 0; s < 6; s++) {
    const tartan_matrix_opts opts = layout_random(grid);
    dense                    A = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed);
    tartan_matrix           *a = matrix_of(grid, (tartan_dtype)(s % 2), &A, &opts);
    tartan_operator         *op = NULL;

    check_context("operator of a matrix");
    if (CHECK_OK(tartan_operator_from_matrix(a, &op))) test_operator(op, &A, "from a matrix");
    tartan_operator_destroy(&op);
    CHECK(op == NULL);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&a);
    dense_free(&A);
  }
}

/* Whole numbers below 100, so that every element type holds them. */
static double small_whole(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return (double)((i * 31 + j * 17) % 97);
}

static void test_file(tartan_grid *grid, const h5_layout *layout, int64_t rows, int64_t cols, bool transpose)
{
  tartan_io_opts   opts = TARTAN_IO_OPTS_INIT;
  tartan_operator *op = NULL;
  dense stored = dense_make(rows, cols, small_whole, NULL), A = transpose ? dense_transpose(&stored) : stored;
  char  what[128];

  h5_write("operator.h5", "/X", layout, rows, cols, small_whole, NULL);
  snprintf(what, sizeof what, "file of %s, chunks of %lld x %lld, %s", layout->type, (long long)layout->chunk_rows,
           (long long)layout->chunk_cols, transpose ? "transposed" : "as it is");
  check_context("%s", what);
  opts.transpose = transpose;
  if (CHECK_OK(tartan_operator_open(grid, "operator.h5", &opts, &op))) test_operator(op, &A, what);
  tartan_operator_destroy(&op);
  if (transpose) dense_free(&A);
  dense_free(&stored);
}

static void test_files(tartan_grid *grid)
{
  static const h5_layout layouts[] =
      {{.type = "u1"},
       {.type = "<f4"},
       {.type = ">f8"},
       {.type = ">i2", .chunk_rows = 7, .chunk_cols = 5},
       {.type = "<f8", .chunk_rows = 16, .chunk_cols = 100, .deflate = true, .shuffle = true}};
  static const int64_t shapes[][2] = {{1, 1}, {2, 9}, {90, 12}, {12, 90}};

  for (int l = 0; l < 5; l++)
    for (int s = 0; s < 4; s++) {
      h5_layout layout = layouts[l];

      if (layout.chunk_rows > shapes[s][0]) layout.chunk_rows = shapes[s][0];
      if (layout.chunk_cols > shapes[s][1]) layout.chunk_cols = shapes[s][1];
      test_file(grid, &layout, shapes[s][0], shapes[s][1], s % 2 == l % 2);
    }
}

/* A file larger than the budget: read in several slabs. */
static void test_budget(void)
{
  static const h5_layout layout = {.type = "<f8"};
  tartan_grid_opts       opts = TARTAN_GRID_OPTS_INIT;
  tartan_grid           *grid = NULL;
  tartan_operator       *op = NULL;
  dense                  A = dense_make(3000, 40, small_whole, NULL);
  int64_t                peak;

  check_context("a small budget");
  opts.memory_limit = 400000; /* the file has 960000 bytes */
  h5_write("budget.h5", "/X", &layout, 3000, 40, small_whole, NULL);
  if (CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid)) &&
      CHECK_OK(tartan_operator_open(grid, "budget.h5:/X", NULL, &op))) {
    test_action(op, &A, NORMAL, 2);
    test_action(op, &A, ADJOINT, 1);
    tartan_grid_memory(grid, NULL, &peak, NULL);
    CHECK_LE((double)peak, 400000);
  }
  tartan_operator_destroy(&op);
  tartan_grid_destroy(&grid);
  dense_free(&A);
}

static void test_bad_sources(tartan_grid *grid)
{
  tartan_operator *op = (tartan_operator *)grid;

  check_context("bad sources");
  CHECK_STATUS(tartan_operator_open(grid, "no-such-file.h5", NULL, &op), TARTAN_ERR_INPUT);
  CHECK(op == NULL);
  CHECK_STATUS(tartan_operator_open(grid, "operator.h5:/Y", NULL, &op), TARTAN_ERR_INPUT);
  CHECK(op == NULL);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_from_matrix(grid);
  test_files(grid);
  test_bad_sources(grid);
  tartan_grid_destroy(&grid);
  test_budget();
  return check_finish();
}
