// TEST: np=1,2,3,4,6,7 labels=unit,sparse timeout=120
/*
 * Products of sparse with dense matrices in any layout and their views, plain and transposed, and the dense copy, against
 * brute force on small integers, whose sums are exact; the same bits, of numbers that are rounded, on any number of ranks.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "check.h"
#include "matrices.h"
#include "sparse/sparse.h"
#include "world.h"

/* A(i, j) by formula; 0 where there is no entry. Rows 0 and m / 2 are full, some are empty. */
typedef struct recipe {
  int64_t m, n, every;
  bool    rounded;
} recipe;

static double value(const recipe *r, int64_t i, int64_t j)
{
  if (i % 5 == 3) return 0;
  if (i != 0 && i != r->m / 2 && (i * 31 + j * 17) % r->every != 0) return 0;
  return r->rounded ? tt_uniform(7, i, j) : (double)(1 + (i * 3 + j * 7) % 9);
}

static double x_value(int64_t i, int64_t j, void *context)
{
  const recipe *r = context;

  return r->rounded ? tt_uniform(8, i, j) - 0.5 : (double)((i * 5 + j * 11) % 13 - 6);
}

static tartan_sparse *make(tartan_grid *grid, tartan_dtype dtype, const recipe *r)
{
  const int      P = tartan_grid_size(grid), me = tartan_grid_rank(grid);
  int64_t        count = 0, e = 0, *row, *col;
  tartan_sparse *A = NULL;
  double        *v;
  float         *narrow;

  for (int64_t i = me; i < r->m; i += P)
    for (int64_t j = 0; j < r->n; j++) count += value(r, i, j) != 0;
  row = malloc((size_t)(count + 1) * sizeof *row);
  col = malloc((size_t)(count + 1) * sizeof *col);
  v = malloc((size_t)(count + 1) * sizeof *v);
  narrow = malloc((size_t)(count + 1) * sizeof *narrow);
  for (int64_t i = me; i < r->m; i += P)
    for (int64_t j = 0; j < r->n; j++) {
      if (value(r, i, j) == 0) continue;
      row[e] = i;
      col[e] = j;
      v[e] = value(r, i, j);
      narrow[e] = (float)v[e];
      e++;
    }
  CHECK_OK(tartan_sparse_create(grid, dtype, r->m, r->n, count, row, col,
                                dtype == TARTAN_F32 ? (void *)narrow : (void *)v, NULL, &A));
  free(row);
  free(col);
  free(v);
  free(narrow);
  return A;
}

static double y_value(const recipe *r, tartan_op op, int64_t i, int64_t j)
{
  const int64_t in = op == TARTAN_TRANS ? r->m : r->n;
  double        sum = 0;

  for (int64_t l = 0; l < in; l++)
    sum += (op == TARTAN_TRANS ? value(r, l, i) : value(r, i, l)) * x_value(l, j, (void *)(uintptr_t)r);
  return sum;
}

static double seven(int64_t i, int64_t j, void *context)
{
  (void)i, (void)j, (void)context;
  return 7;
}

static void check_product(tartan_grid *grid, const tartan_sparse *A, tartan_op op, recipe *r, int64_t b)
{
  const int64_t            in = op == TARTAN_TRANS ? r->m : r->n, out = op == TARTAN_TRANS ? r->n : r->m;
  const tartan_matrix_opts lx = layout_random(grid), ly = layout_random(grid);
  tartan_matrix           *X = matrix_make(grid, A->dtype, in, b, &lx, x_value, r);
  tartan_matrix           *Y = matrix_make(grid, A->dtype, out + 3, b + 2, &ly, seven, NULL), *part = NULL;
  int64_t                  wrong = 0;

  CHECK_OK(tartan_matrix_view(Y, 2, 1, out, b, &part));
  if (part && CHECK_OK(tartan_sparse_multiply(op, A, X, part))) {
    dense y = dense_of(Y);

    for (int64_t j = 0; j < b + 2; j++)
      for (int64_t i = 0; i < out + 3; i++) {
        const bool inside = i >= 2 && i < out + 2 && j >= 1 && j < b + 1;

        wrong += y.a[i + j * (out + 3)] != (inside ? y_value(r, op, i - 2, j - 1) : 7);
      }
    CHECK_EQ(wrong, 0);
    dense_free(&y);
  }
  tartan_matrix_destroy(&part);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
}

static void check_dense(tartan_grid *grid, const tartan_sparse *A, const recipe *r, tartan_dtype dtype)
{
  const tartan_matrix_opts layout = layout_random(grid);
  tartan_matrix           *B = matrix_make(grid, dtype, r->m, r->n, &layout, seven, NULL);
  int64_t                  wrong = 0;

  if (CHECK_OK(tartan_sparse_to_matrix(A, B))) {
    dense d = dense_of(B);

    for (int64_t j = 0; j < r->n; j++)
      for (int64_t i = 0; i < r->m; i++) wrong += d.a[i + j * r->m] != value(r, i, j);
    CHECK_EQ(wrong, 0);
    dense_free(&d);
  }
  tartan_matrix_destroy(&B);
}

static void test_products(tartan_grid *grid)
{
  static const recipe shapes[] = {{0, 4, 3, false},  {4, 0, 3, false},  {1, 1, 1, false},     {40, 30, 4, false},
                                  {7, 90, 2, false}, {90, 7, 3, false}, {3, 20000, 40, false}};

  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int dtype = 0; dtype < 2; dtype++) {
      recipe         r = shapes[s];
      tartan_sparse *A;

      check_context("%lld x %lld, %s", (long long)r.m, (long long)r.n, dtype ? "f64" : "f32");
      A = make(grid, (tartan_dtype)dtype, &r);
      if (!A) continue;
      for (int op = 0; op < 2; op++)
        if (r.n < 1000 || op == 0) check_product(grid, A, (tartan_op)op, &r, check_pick(4));
      check_dense(grid, A, &r, (tartan_dtype)check_pick(2));
      tartan_sparse_destroy(&A);
    }
}

/* The whole result on rank 0 of a grid. */
static double *product_bits(tartan_grid *grid, recipe *r)
{
  double        *y = calloc((size_t)r->m * 3, sizeof *y);
  tartan_sparse *A = make(grid, TARTAN_F64, r);
  tartan_matrix *X = matrix_make(grid, TARTAN_F64, r->n, 3, NULL, x_value, r), *Y = NULL;

  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, r->m, 3, NULL, &Y));
  CHECK_OK(tartan_sparse_multiply(TARTAN_NO_TRANS, A, X, Y));
  CHECK_OK(tartan_matrix_gather(Y, 0, y));
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
  tartan_sparse_destroy(&A);
  return y;
}

static void test_bits(tartan_grid *grid)
{
  recipe       r = {6, 50000, 3, true};
  double      *all = product_bits(grid, &r), *one = NULL;
  tartan_grid *alone = grid_of_first(1, 1);

  check_context("bits on %d ranks and on one", check_size());
  if (alone) one = product_bits(alone, &r);
  if (one) CHECK(memcmp(all, one, (size_t)r.m * 3 * sizeof *all) == 0);
  tartan_grid_destroy(&alone);
  free(one);
  free(all);
}

static void test_bad(tartan_grid *grid)
{
  recipe         r = {5, 4, 1, false};
  tartan_sparse *A = make(grid, TARTAN_F64, &r);
  tartan_matrix *X = matrix_make(grid, TARTAN_F64, 4, 2, NULL, x_value, &r), *Y = NULL, *narrow = NULL;

  check_context("bad operands");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 4, 2, NULL, &Y));
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F32, 5, 2, NULL, &narrow));
  CHECK_STATUS(tartan_sparse_multiply(TARTAN_NO_TRANS, A, X, Y), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_sparse_multiply(TARTAN_NO_TRANS, A, X, narrow), TARTAN_ERR_DTYPE);
  CHECK_STATUS(tartan_sparse_to_matrix(A, Y), TARTAN_ERR_SHAPE);
  tartan_matrix_destroy(&narrow);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
  tartan_sparse_destroy(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_products(grid);
  test_bits(grid);
  test_bad(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
