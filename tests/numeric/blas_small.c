// TEST: np=1,2,3,4,6 labels=numeric,blas
/*
 * tartan_symm, tartan_gemv and tartan_ger by the gate of a product, min(k + 2, 4 sqrt(k) + 10) u for each element;
 * tartan_trsm by its backward error, norm(op(A) X - alpha B) <= 10 n u (norm(A) norm(X) + norm(alpha B)). References in
 * long double; what must not be read is NaN.
 */
#include <math.h>

#include <tartan/blas.h>

#include "check.h"
#include "operand.h"

static const double scalars[][2] = {{1, 0}, {-0.5, 1}, {2, -0.25}, {0.1, 0.5}, {0, 0.5}, {0, 0}};

/* A matrix of order n of which only a triangle, with or without its diagonal, holds numbers. */
typedef struct triangle {
  uint64_t    seed;
  tartan_uplo uplo;
  bool        unit, dominant;
  int64_t     i0, j0, n;
} triangle;

static bool in_triangle(tartan_uplo uplo, int64_t i, int64_t j)
{
  return uplo == TARTAN_LOWER ? i >= j : i <= j;
}

/* The number at (i, j) of the triangle. */
static double triangle_value(const triangle *t, int64_t i, int64_t j)
{
  uint64_t     seed = t->seed;
  const double v = fill_random(i, j, &seed);

  if (!t->dominant) return v;
  if (i == j) return (float)(v < 0 ? v - 1 : v + 1);
  return (float)(v / (double)(t->n + 1));
}

static double fill_triangle(int64_t i, int64_t j, void *context)
{
  const triangle *t = context;
  const int64_t   wi = i - t->i0, wj = j - t->j0;

  if (wi < 0 || wj < 0 || wi >= t->n || wj >= t->n || !in_triangle(t->uplo, wi, wj)) return NAN;
  return t->unit && wi == wj ? (double)NAN : triangle_value(t, wi, wj);
}

/* Draws such a matrix: where the window lies is known only after the drawing, so it is filled again. */
static void draw_triangle(tartan_grid *grid, tartan_dtype dtype, triangle *t, operand *A)
{
  operand_draw(grid, dtype, t->n, t->n, fill_nan, NULL, A);
  t->i0 = A->i0;
  t->j0 = A->j0;
  matrix_fill(A->whole, fill_triangle, t);
  dense_free(&A->before);
  A->before = dense_of(A->whole);
}

/* The whole matrix that a triangle stands for: symmetric, or triangular. */
static dense whole_of(const triangle *t, bool symmetric)
{
  dense A = dense_new(t->n, t->n);

  for (int64_t j = 0; j < t->n; j++)
    for (int64_t i = 0; i < t->n; i++) {
      if (in_triangle(t->uplo, i, j))
        AT(A, i, j) = t->unit && i == j ? 1 : triangle_value(t, i, j);
      else
        AT(A, i, j) = symmetric ? triangle_value(t, j, i) : 0;
    }
  return A;
}

/* A scalar as the routines take it. */
static double rounded(double value, tartan_dtype dtype)
{
  return dtype == TARTAN_F32 ? (double)(float)value : value;
}

static double gate(tartan_dtype dtype, int64_t k)
{
  return fmin((double)k + 2, 4 * sqrt((double)k) + 10) * unit_roundoff(dtype);
}

/* The largest scaled residual of C := alpha op(A) op(B) + beta C. */
static double product_residual(double alpha_given, tartan_op op_a, const dense *A, tartan_op op_b, const dense *B,
                               double beta, const operand *C)
{
  const double  alpha = rounded(alpha_given, tartan_matrix_dtype(C->window));
  const int64_t k = op_a == TARTAN_TRANS ? A->m : A->n;
  dense         now = operand_now(C);
  double        worst = 0;

  for (int64_t j = 0; j < now.n; j++)
    for (int64_t i = 0; i < now.m; i++) {
      const long double old = beta == 0 ? 0 : (long double)beta * AT(C->values, i, j);
      long double       sum = 0, size = 0, difference;

      for (int64_t l = 0; l < k && alpha != 0; l++) {
        const long double a = op_a == TARTAN_TRANS ? AT(*A, l, i) : AT(*A, i, l);
        const long double v = a * (op_b == TARTAN_TRANS ? AT(*B, j, l) : AT(*B, l, j));

        sum += alpha * v;
        size += fabsl(alpha * v);
      }
      difference = fabsl(AT(now, i, j) - sum - old);
      size += fabsl(old);
      if (!(difference <= worst * size)) worst = size > 0 ? (double)(difference / size) : (double)INFINITY;
    }
  dense_free(&now);
  return worst;
}

static void test_symm(tartan_grid *grid)
{
  const tartan_dtype dtype = (tartan_dtype)check_pick(2);
  const tartan_side  side = (tartan_side)check_pick(2);
  const int64_t      m = operand_size(), n = operand_size(), order = side == TARTAN_LEFT ? m : n;
  const int          s = (int)check_pick(6);
  const double       alpha = scalars[s][0], beta = scalars[s][1];
  triangle           t = {.seed = check_seed(), .uplo = (tartan_uplo)check_pick(2), .n = order};
  uint64_t           seed = check_seed() + 1, other = check_seed() + 2;
  operand            A, B, C;
  dense              S;

  draw_triangle(grid, dtype, &t, &A);
  operand_draw(grid, dtype, m, n, fill_random, &seed, &B);
  operand_draw(grid, dtype, m, n, beta == 0 ? fill_nan : fill_random, &other, &C);
  check_context("symm, %s, %s, alpha %g, beta %g; A: %s; B: %s; C: %s", side == TARTAN_LEFT ? "left" : "right",
                t.uplo == TARTAN_LOWER ? "lower" : "upper", alpha, beta, A.text, B.text, C.text);
  S = whole_of(&t, true);
  CHECK_OK(tartan_symm(side, t.uplo, alpha, A.window, B.window, beta, C.window));
  CHECK_LE(product_residual(alpha, TARTAN_NO_TRANS, side == TARTAN_LEFT ? &S : &B.values, TARTAN_NO_TRANS,
                            side == TARTAN_LEFT ? &B.values : &S, beta, &C),
           gate(dtype, order));
  CHECK_EQ(operand_changed(&C, false) + operand_changed(&A, true) + operand_changed(&B, true), 0);
  dense_free(&S);
  operand_end(&A);
  operand_end(&B);
  operand_end(&C);
}

static void test_gemv(tartan_grid *grid)
{
  const tartan_dtype dtype = (tartan_dtype)check_pick(2);
  const tartan_op    op = (tartan_op)check_pick(2);
  const int64_t      m = operand_size(), k = operand_size();
  const int          s = (int)check_pick(6);
  const double       alpha = scalars[s][0], beta = scalars[s][1];
  uint64_t           seed = check_seed() + 3, other = check_seed() + 4;
  operand            A, x, y;

  operand_draw(grid, dtype, op == TARTAN_TRANS ? k : m, op == TARTAN_TRANS ? m : k, fill_random, &seed, &A);
  operand_draw(grid, dtype, k, 1, fill_random, &other, &x);
  operand_draw(grid, dtype, m, 1, beta == 0 ? fill_nan : fill_random, &seed, &y);
  check_context("gemv, op %d, alpha %g, beta %g; A: %s; x: %s; y: %s", (int)op, alpha, beta, A.text, x.text, y.text);
  CHECK_OK(tartan_gemv(alpha, op, A.window, x.window, beta, y.window));
  CHECK_LE(product_residual(alpha, op, &A.values, TARTAN_NO_TRANS, &x.values, beta, &y), gate(dtype, k));
  CHECK_EQ(operand_changed(&y, false) + operand_changed(&A, true) + operand_changed(&x, true), 0);
  operand_end(&A);
  operand_end(&x);
  operand_end(&y);
}

static void test_ger(tartan_grid *grid)
{
  const tartan_dtype dtype = (tartan_dtype)check_pick(2);
  const int64_t      m = operand_size(), n = operand_size();
  const double       alpha = scalars[check_pick(6)][0];
  uint64_t           seed = check_seed() + 5, other = check_seed() + 6;
  operand            A, x, y;

  operand_draw(grid, dtype, m, n, fill_random, &seed, &A);
  operand_draw(grid, dtype, m, 1, fill_random, &other, &x);
  operand_draw(grid, dtype, n, 1, fill_random, &other, &y);
  check_context("ger, alpha %g; A: %s; x: %s; y: %s", alpha, A.text, x.text, y.text);
  CHECK_OK(tartan_ger(alpha, x.window, y.window, A.window));
  CHECK_LE(product_residual(alpha, TARTAN_NO_TRANS, &x.values, TARTAN_TRANS, &y.values, 1, &A), gate(dtype, 1));
  CHECK_EQ(operand_changed(&A, false) + operand_changed(&x, true) + operand_changed(&y, true), 0);
  operand_end(&A);
  operand_end(&x);
  operand_end(&y);
}

/* norm(op(A) X - alpha B) / ((norm(A) norm(X) + norm(alpha B)) n u). */
static double solve_residual(tartan_side side, tartan_op op, const dense *A, double alpha, const dense *B,
                             const dense *X, tartan_dtype dtype)
{
  const bool  left = side == TARTAN_LEFT;
  long double square = 0;
  double      size;

  for (int64_t j = 0; j < B->n; j++)
    for (int64_t i = 0; i < B->m; i++) {
      long double d = (long double)alpha * AT(*B, i, j);

      for (int64_t l = 0; l < A->n; l++) {
        const int64_t r = left ? i : l, c = left ? l : j;

        d -= (long double)(op == TARTAN_TRANS ? AT(*A, c, r) : AT(*A, r, c)) * (left ? AT(*X, l, j) : AT(*X, i, l));
      }
      square += d * d;
    }
  size = dense_norm(A) * dense_norm(X) + fabs(alpha) * dense_norm(B);
  if (square == 0) return 0;
  return (double)sqrtl(square) / (size * (double)A->n * unit_roundoff(dtype));
}

static void test_trsm(tartan_grid *grid, int which)
{
  const tartan_dtype dtype = (tartan_dtype)check_pick(2);
  const tartan_side  side = (tartan_side)(which & 1);
  const tartan_op    op = (tartan_op)((which >> 1) & 1);
  const int64_t      m = operand_size(), n = operand_size();
  const double       alpha = scalars[check_pick(6)][0];
  triangle           t = {.seed = check_seed() + 7,
                          .uplo = (tartan_uplo)((which >> 2) & 1),
                          .unit = (which >> 3) & 1,
                          .dominant = true,
                          .n = side == TARTAN_LEFT ? m : n};
  uint64_t           seed = check_seed() + 8;
  operand            A, B;
  dense              T, X;

  draw_triangle(grid, dtype, &t, &A);
  operand_draw(grid, dtype, m, n, fill_random, &seed, &B);
  check_context("trsm, %s, %s, op %d, %s, alpha %g; A: %s; B: %s", side == TARTAN_LEFT ? "left" : "right",
                t.uplo == TARTAN_LOWER ? "lower" : "upper", (int)op, t.unit ? "unit" : "not unit", alpha, A.text,
                B.text);
  T = whole_of(&t, false);
  CHECK_OK(tartan_trsm(side, t.uplo, op, t.unit ? TARTAN_UNIT : TARTAN_NON_UNIT, alpha, A.window, B.window));
  X = operand_now(&B);
  CHECK_LE(solve_residual(side, op, &T, rounded(alpha, dtype), &B.values, &X, dtype), 10);
  CHECK_EQ(operand_changed(&B, false) + operand_changed(&A, true), 0);
  dense_free(&T);
  dense_free(&X);
  operand_end(&A);
  operand_end(&B);
}

static void test_misfits(tartan_grid *grid)
{
  tartan_grid   *other = grid_world();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 4, 4, NULL, fill_place, NULL);
  tartan_matrix *B = matrix_make(grid, TARTAN_F64, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *C = matrix_make(grid, TARTAN_F64, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *F = matrix_make(grid, TARTAN_F32, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *G = matrix_make(other, TARTAN_F64, 4, 4, NULL, fill_place, NULL);
  tartan_matrix *x = matrix_make(grid, TARTAN_F64, 4, 1, NULL, fill_place, NULL);
  tartan_matrix *y = matrix_make(grid, TARTAN_F64, 6, 1, NULL, fill_place, NULL);

  check_context("operands that do not fit");
  CHECK_STATUS(tartan_symm(TARTAN_RIGHT, TARTAN_LOWER, 1, A, B, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_symm(TARTAN_LEFT, TARTAN_LOWER, 1, A, x, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_symm(TARTAN_LEFT, TARTAN_LOWER, 1, B, B, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_symm(TARTAN_LEFT, TARTAN_LOWER, 1, A, F, 0, C), TARTAN_ERR_DTYPE);
  CHECK_STATUS(tartan_symm(TARTAN_LEFT, TARTAN_LOWER, 1, G, B, 0, C), TARTAN_ERR_GRID);
  CHECK_STATUS(tartan_trsm(TARTAN_RIGHT, TARTAN_LOWER, TARTAN_NO_TRANS, TARTAN_UNIT, 1, A, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_trsm(TARTAN_LEFT, TARTAN_LOWER, TARTAN_NO_TRANS, TARTAN_UNIT, 1, B, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_trsm(TARTAN_LEFT, TARTAN_LOWER, TARTAN_NO_TRANS, TARTAN_UNIT, 1, A, F), TARTAN_ERR_DTYPE);
  CHECK_STATUS(tartan_trsm(TARTAN_LEFT, TARTAN_LOWER, TARTAN_NO_TRANS, TARTAN_UNIT, 1, G, C), TARTAN_ERR_GRID);
  CHECK_STATUS(tartan_gemv(1, TARTAN_NO_TRANS, A, C, 0, x), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_gemv(1, TARTAN_NO_TRANS, A, x, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_gemv(1, TARTAN_NO_TRANS, B, x, 0, x), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_ger(1, C, x, A), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_ger(1, y, x, C), TARTAN_ERR_SHAPE);
  CHECK_EQ(matrix_count_wrong(A, fill_place, NULL) + matrix_count_wrong(C, fill_place, NULL), 0);
  CHECK_EQ(matrix_count_wrong(F, fill_place, NULL) + matrix_count_wrong(x, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&F);
  tartan_matrix_destroy(&G);
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&y);
  tartan_grid_destroy(&other);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int round = 0; round < 160; round++) test_trsm(grid, round);
  for (int round = 0; round < 40; round++) test_symm(grid);
  for (int round = 0; round < 60; round++) test_gemv(grid);
  for (int round = 0; round < 60; round++) test_ger(grid);
  test_misfits(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
