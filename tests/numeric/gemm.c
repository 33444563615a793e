// TEST: np=1,2,3,4,6 labels=numeric,blas
/*
 * tartan_gemm: for every element |C - C_ref| <= min(k + 2, 4 sqrt(k) + 10) u (|alpha| |op A||op B| + |beta C|), the
 * reference in long double. All transpositions, blocks, arrangements, types, views at odd offsets, NaN in C with
 * beta = 0, and what lies outside of the window of C stays.
 */
#include <math.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "matrices.h"

/* A window at an odd offset of a larger matrix; values is the window, replicated. */
typedef struct operand {
  tartan_matrix *whole, *window;
  dense          values;
  int64_t        i0, j0;
} operand;

static double place_value(int64_t i, int64_t j, void *seed)
{
  return fill_random(i, j, seed);
}

static double not_a_number(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return NAN;
}

static operand make(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, const tartan_matrix_opts *opts,
                    tartan_fill *fill, uint64_t seed)
{
  operand       x = {.i0 = check_pick(3) * 5, .j0 = check_pick(3) * 3};
  const int64_t M = x.i0 + m + check_pick(4), N = x.j0 + n + check_pick(4);

  x.whole = matrix_make(grid, dtype, M, N, opts, fill, &seed);
  x.values = dense_new(m, n);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) AT(x.values, i, j) = fill(x.i0 + i, x.j0 + j, &seed);
  if (x.whole) CHECK_OK(tartan_matrix_view(x.whole, x.i0, x.j0, m, n, &x.window));
  return x;
}

static void end(operand *x)
{
  tartan_matrix_destroy(&x->whole); /* the parent first: the view holds the memory */
  tartan_matrix_destroy(&x->window);
  dense_free(&x->values);
}

static double gate(tartan_dtype dtype, int64_t k)
{
  return fmin((double)k + 2, 4 * sqrt((double)k) + 10) * unit_roundoff(dtype);
}

/* The scaled residual of C(i, j). */
static double residual(double found, tartan_op op_a, const dense *A, tartan_op op_b, const dense *B, double alpha,
                       double beta, double old, int64_t i, int64_t j)
{
  const int64_t k = op_a == TARTAN_TRANS ? A->m : A->n;
  long double   sum = 0, size = 0;

  for (int64_t l = 0; l < k; l++) {
    const double a = op_a == TARTAN_TRANS ? AT(*A, l, i) : AT(*A, i, l);
    const double b = op_b == TARTAN_TRANS ? AT(*B, j, l) : AT(*B, l, j);

    sum += (long double)a * b;
    size += fabsl((long double)a * b);
  }
  sum *= alpha;
  size *= fabs(alpha);
  if (beta != 0) {
    sum += (long double)beta * old;
    size += fabsl((long double)beta * old);
  }
  if (size == 0) return found == 0 ? 0 : INFINITY;
  return (double)(fabsl(found - sum) / size);
}

static void test_product(tartan_grid *grid, tartan_dtype dtype, tartan_op op_a, tartan_op op_b, int64_t m, int64_t n,
                         int64_t k, const tartan_matrix_opts layout[3])
{
  static const double scalars[][2] = {{1, 0}, {-0.5, 1}, {2, -0.25}, {0, 0.5}, {0, 0}};
  const int           s = (int)check_pick(5);
  const double        alpha = scalars[s][0], beta = scalars[s][1];
  const bool          ta = op_a == TARTAN_TRANS, tb = op_b == TARTAN_TRANS;
  operand             A = make(grid, dtype, ta ? k : m, ta ? m : k, &layout[0], place_value, 11);
  operand             B = make(grid, dtype, tb ? n : k, tb ? k : n, &layout[1], place_value, 12);
  operand             C = make(grid, dtype, m, n, &layout[2], beta == 0 ? not_a_number : place_value, 13);
  dense               before, after;
  double              worst = 0;
  int64_t             changed = 0;
  char                text[3][96];

  check_context("%s %lld x %lld x %lld, ops %d %d, alpha %g, beta %g; A %s; B %s; C %s", tartan_dtype_name(dtype),
                (long long)m, (long long)n, (long long)k, op_a, op_b, alpha, beta, layout_text(&layout[0], text[0]),
                layout_text(&layout[1], text[1]), layout_text(&layout[2], text[2]));
  before = dense_of(C.whole);
  CHECK_OK(tartan_gemm(alpha, op_a, A.window, op_b, B.window, beta, C.window));
  after = dense_of(C.whole);
  for (int64_t j = 0; j < after.n; j++)
    for (int64_t i = 0; i < after.m; i++) {
      const int64_t wi = i - C.i0, wj = j - C.j0;

      if (wi >= 0 && wi < m && wj >= 0 && wj < n) {
        const double r = residual(AT(after, i, j), op_a, &A.values, op_b, &B.values, alpha, beta, AT(C.values, wi, wj),
                                  wi, wj);

        worst = r > worst || isnan(r) ? r : worst;
      } else {
        changed += !(AT(after, i, j) == AT(before, i, j) || (isnan(AT(after, i, j)) && isnan(AT(before, i, j))));
      }
    }
  CHECK_LE(worst, gate(dtype, k));
  CHECK_EQ(changed, 0);
  dense_free(&before);
  dense_free(&after);
  end(&A);
  end(&B);
  end(&C);
}

/* Every block size, arrangement and transposition, with shapes around the block. */
static void test_systematic(tartan_grid *grid)
{
  static const int64_t blocks[] = {1, 3, 8, 64};
  int                  arrangement[8][2];
  const int            grids = grid_list(grid, arrangement);
  int64_t              shape[8];

  for (int b = 0; b < 4; b++) {
    const int shapes = shape_list(blocks[b], shape) - (b == 3 ? 2 : 0);

    for (int g = 0; g < grids; g++)
      for (int ops = 0; ops < 4; ops++) {
        const tartan_matrix_opts o = layout_of(blocks[b], blocks[b], arrangement[g][0], arrangement[g][1], 0, 0);
        const tartan_matrix_opts layout[3] = {o, o, o};

        test_product(grid, (tartan_dtype)check_pick(2), (tartan_op)(ops & 1), (tartan_op)(ops >> 1),
                     shape[check_pick(shapes)], shape[check_pick(shapes)], shape[check_pick(shapes)], layout);
      }
  }
}

/* Three different layouts. */
static void test_random(tartan_grid *grid, int rounds)
{
  static const int64_t sizes[] = {0, 1, 2, 7, 13, 37, 64, 65};

  for (int round = 0; round < rounds; round++) {
    const tartan_matrix_opts layout[3] = {layout_random(grid), layout_random(grid), layout_random(grid)};

    test_product(grid, (tartan_dtype)check_pick(2), (tartan_op)check_pick(2), (tartan_op)check_pick(2),
                 sizes[check_pick(8)], sizes[check_pick(8)], sizes[check_pick(8)], layout);
  }
}

static void test_misfits(tartan_grid *grid)
{
  tartan_grid   *other = grid_world();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 4, 5, NULL, fill_place, NULL);
  tartan_matrix *B = matrix_make(grid, TARTAN_F64, 5, 6, NULL, fill_place, NULL);
  tartan_matrix *C = matrix_make(grid, TARTAN_F64, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *F = matrix_make(grid, TARTAN_F32, 5, 6, NULL, fill_place, NULL);
  tartan_matrix *G = matrix_make(other, TARTAN_F64, 5, 6, NULL, fill_place, NULL);

  check_context("operands that do not fit");
  CHECK_STATUS(tartan_gemm(1, TARTAN_TRANS, A, TARTAN_NO_TRANS, B, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_TRANS, B, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, B, 0, A), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, F, 0, C), TARTAN_ERR_DTYPE);
  CHECK_STATUS(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, G, 0, C), TARTAN_ERR_GRID);
  CHECK_EQ(matrix_count_wrong(C, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&F);
  tartan_matrix_destroy(&G);
  tartan_grid_destroy(&other);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_systematic(grid);
  test_random(grid, 80);
  test_misfits(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
