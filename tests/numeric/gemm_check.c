// TEST: np=1,2,3,4,6 labels=numeric,blas timeout=120
/*
 * Freivalds' test of a product, opts.check: no false alarm on products of all kinds, and no corrupted panel missed.
 *
 * NaN and Inf: where they stand in the operands, or come about because a sum overflows, the product that IEEE arithmetic
 * gives is right, and nothing can be said of it by sums: TARTAN_OK. The check is against wrong products, not against
 * data.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tartan/blas.h>

#include "base/fault.h"
#include "check.h"
#include "matrices.h"

static tartan_gemm_opts checking(void)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

  opts.check = true;
  return opts;
}

/* Elements of very different size: the row's and the column's powers of two, and a random mantissa. */
static double fill_scaled(int64_t i, int64_t j, void *seed)
{
  return ldexp(fill_random(i, j, seed), (int)(7 * i % 20 - 10) + (int)(5 * j % 16 - 8));
}

static double fill_ones(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return 1;
}

/* Columns that cancel: every sum is rounding error alone. */
static double fill_cancel(int64_t i, int64_t j, void *seed)
{
  return (j % 2 ? -1 : 1) * fill_random(i, j / 2, seed);
}

static double fill_zero(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return 0;
}

static tartan_fill *const fills[] = {fill_random, fill_scaled, fill_ones, fill_cancel, fill_zero, fill_place};

/* A right product passes, whatever the operands and scalars are. */
static void test_no_alarm(tartan_grid *grid, int rounds)
{
  static const double  scalars[] = {0, 1, -1, 1e-30, 1e30, 0.37, -3e5, 1e-12};
  static const int64_t sizes[] = {0, 1, 2, 7, 33, 64, 130}, lengths[] = {0, 1, 5, 64, 333, 1500};

  for (int round = 0; round < rounds; round++) {
    tartan_gemm_opts   opts = checking();
    const tartan_dtype dtype = (tartan_dtype)check_pick(2);
    const tartan_op    op_a = (tartan_op)check_pick(2), op_b = (tartan_op)check_pick(2);
    const int64_t      m = sizes[check_pick(7)], n = sizes[check_pick(7)], k = lengths[check_pick(6)];
    const int          fa = (int)check_pick(6), fb = (int)check_pick(6), fc = (int)check_pick(6);
    const bool         ta = op_a == TARTAN_TRANS, tb = op_b == TARTAN_TRANS;
    tartan_matrix_opts layout[3];
    uint64_t           seed = check_seed() + 3 * (uint64_t)round;
    tartan_matrix     *A, *B, *C;
    double             alpha, beta;

    alpha = scalars[check_pick(8)];
    beta = scalars[check_pick(8)];
    opts.algorithm = check_pick(4) == 0 ? TARTAN_GEMM_PBLAS : TARTAN_GEMM_PLANNED;
    opts.overlap = (tartan_choice)check_pick(3);
    for (int x = 0; x < 3; x++) layout[x] = layout_random(grid);
    check_context("round %d: %s %lld x %lld x %lld, ops %d %d, alpha %g, beta %g, values %d %d %d, algorithm %d", round,
                  tartan_dtype_name(dtype), (long long)m, (long long)n, (long long)k, op_a, op_b, alpha, beta, fa, fb,
                  fc, (int)opts.algorithm);
    A = matrix_make(grid, dtype, ta ? k : m, ta ? m : k, &layout[0], fills[fa], &seed);
    B = matrix_make(grid, dtype, tb ? n : k, tb ? k : n, &layout[1], fills[fb], &seed);
    C = matrix_make(grid, dtype, m, n, &layout[2], fills[fc], &seed);
    CHECK_OK(tartan_gemm(alpha, op_a, A, op_b, B, beta, C, &opts));
    tartan_matrix_destroy(&A);
    tartan_matrix_destroy(&B);
    tartan_matrix_destroy(&C);
  }
}

static double fill_huge(int64_t i, int64_t j, void *seed)
{
  return 1e30 * (1 + fabs(fill_random(i, j, seed)));
}

static double fill_one_nan(int64_t i, int64_t j, void *seed)
{
  return i == 3 && j == 5 ? NAN : fill_random(i, j, seed);
}

static double fill_one_inf(int64_t i, int64_t j, void *seed)
{
  return i == 7 && j == 2 ? INFINITY : fill_random(i, j, seed);
}

static double fill_nan(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return NAN;
}

/* NaN and Inf in the operands, f32 sums that overflow, NaN in a C that is not read: no alarm. */
static void test_not_finite(tartan_grid *grid)
{
  static tartan_fill *const cases[][3] = {{fill_one_nan, fill_random, fill_random},
                                          {fill_random, fill_one_nan, fill_nan},
                                          {fill_one_inf, fill_random, fill_random},
                                          {fill_one_inf, fill_one_nan, fill_nan},
                                          {fill_huge, fill_huge, fill_random},
                                          {fill_random, fill_random, fill_nan},
                                          {fill_random, fill_random, fill_one_nan}};

  for (int c = 0; c < 7; c++)
    for (int v = 0; v < 4; v++) {
      tartan_gemm_opts opts = checking();
      uint64_t         seed = 5;
      const double     beta = c == 6 ? 0.5 : 0;
      tartan_matrix   *A = matrix_make(grid, (tartan_dtype)(v % 2), 40, 50, NULL, cases[c][0], &seed);
      tartan_matrix   *B = matrix_make(grid, (tartan_dtype)(v % 2), 50, 30, NULL, cases[c][1], &seed);
      tartan_matrix   *C = matrix_make(grid, (tartan_dtype)(v % 2), 40, 30, NULL, cases[c][2], &seed);

      check_context("not finite: case %d, %s, algorithm %d", c, v % 2 ? "f64" : "f32", v / 2);
      opts.algorithm = (tartan_gemm_algorithm)(v / 2);
      CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, B, beta, C, &opts));
      tartan_matrix_destroy(&A);
      tartan_matrix_destroy(&B);
      tartan_matrix_destroy(&C);
    }
}

/* ---------------------------------------------------------------------------------------------- corrupted panels */

typedef struct attempt {
  tartan_dtype  dtype;
  int           grid[3], rank;
  int64_t       panel, k;
  tartan_choice overlap;
  double        beta;
} attempt;

/* One product with the k-th panel of one rank changed; *wrong: elements of C that differ from the right product. */
static tartan_status corrupted(tartan_grid *grid, const attempt *t, bool check, const dense *right, bool *fired,
                               int64_t *wrong)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
  uint64_t         seed = 9;
  tartan_matrix   *A = matrix_make(grid, t->dtype, 60, 80, NULL, fill_random, &seed);
  tartan_matrix   *B = matrix_make(grid, t->dtype, 80, 50, NULL, fill_random, &seed);
  tartan_matrix   *C = matrix_make(grid, t->dtype, 60, 50, NULL, fill_random, &seed);
  dense            c;
  int              any;
  tartan_status    st;

  opts.check = check;
  opts.p1 = t->grid[0];
  opts.p2 = t->grid[1];
  opts.p3 = t->grid[2];
  opts.panel = t->panel;
  opts.overlap = t->overlap;
  tartan_error_clear();
  tt_fault_arm(TT_FAULT_PANEL, check_rank() == t->rank ? t->k : -1);
  st = tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, B, t->beta, C, &opts);
  any = tt_fault_fired(TT_FAULT_PANEL);
  tt_fault_arm(TT_FAULT_PANEL, -1);
  MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  *fired = any != 0;
  c = dense_of(C);
  *wrong = 0;
  for (int64_t e = 0; e < c.m * c.n; e++) *wrong += !(fabs(c.a[e] - right->a[e]) <= 40 * unit_roundoff(t->dtype) * 80);
  dense_free(&c);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  return st;
}

/* The k-th panel for k = 0, 1, ... until there is none. Returns how many there were. */
static int64_t corrupt_each(tartan_grid *grid, attempt *t, const dense *right)
{
  for (t->k = 0;; t->k += t->k < 6 ? 1 : 5) {
    bool          fired;
    int64_t       wrong;
    tartan_status st;

    check_context("%s on %d x %d x %d, panel %lld, overlap %d, beta %g: panel %lld of rank %d changed",
                  tartan_dtype_name(t->dtype), t->grid[0], t->grid[1], t->grid[2], (long long)t->panel, (int)t->overlap,
                  t->beta, (long long)t->k, t->rank);
    CHECK_OK(corrupted(grid, t, false, right, &fired, &wrong));
    CHECK((wrong > 0) == fired); /* without the check nobody is told */
    st = corrupted(grid, t, true, right, &fired, &wrong);
    CHECK((wrong > 0) == fired); /* C holds the product, wrong as it is */
    if (!fired) {
      CHECK_OK(st);
      return t->k;
    }
    CHECK_STATUS(st, TARTAN_ERR_TOLERANCE);
    CHECK(strpbrk(tartan_error_message(), "0123456789") != NULL); /* the residual is said */
    if (check_failures() > 20) return t->k;
  }
}

/* C + A B for the operands of corrupted(), and without C. */
static dense right_product(double beta)
{
  uint64_t seed = 9;
  dense    A = dense_make(60, 80, fill_random, &seed), B = dense_make(80, 50, fill_random, &seed);
  dense    C = dense_make(60, 50, fill_random, &seed), R = dense_product(TARTAN_NO_TRANS, &A, TARTAN_NO_TRANS, &B);

  for (int64_t e = 0; e < C.m * C.n; e++) R.a[e] += beta * C.a[e];
  dense_free(&A);
  dense_free(&B);
  dense_free(&C);
  return R;
}

/* Every grid that uses all ranks, panels of each size, the first and the last rank. */
static void test_corrupted(tartan_grid *grid)
{
  const int P = tartan_grid_size(grid);
  dense     right[2] = {right_product(0), right_product(-0.5)};

  for (int p1 = 1; p1 <= P; p1++)
    for (int p2 = 1; p1 * p2 <= P; p2++)
      for (int v = 0; v < 4; v++) {
        attempt t = {.grid = {p1, p2, P / (p1 * p2)}, .dtype = (tartan_dtype)(v % 2)};
        int64_t panels = 0;

        if (p1 * p2 * t.grid[2] != P) continue;
        t.panel = v / 2 ? 16 : 0;
        t.overlap = v % 2 ? TARTAN_ON : TARTAN_OFF;
        t.beta = v % 2 ? -0.5 : 0;
        for (t.rank = 0; t.rank<P; t.rank += P> 1 ? P - 1 : 1) panels += corrupt_each(grid, &t, &right[v % 2]);
        check_context("%d x %d x %d: panels that could be changed", p1, p2, t.grid[2]);
        CHECK(P == 1 || panels > 0);
      }
  dense_free(&right[0]);
  dense_free(&right[1]);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_no_alarm(grid, 150);
  test_not_finite(grid);
  test_corrupted(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
