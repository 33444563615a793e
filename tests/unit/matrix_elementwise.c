// TEST: np=1,2,3,4,6 labels=unit,matrix
/*
 * Sums, products, scaling, transposes, triangles and diagonals of windows in any layout, element by element against long
 * double, within 3 u (|alpha a| + |beta c|); what only moves is exact. Outside of the windows nothing changes.
 */
#include <math.h>
#include <string.h>

#include <tartan/elementwise.h>

#include "check.h"
#include "operand.h"

static const double scalars[][2] = {{1, 1}, {-0.5, 2}, {0.1, 0}, {0, 0.3}, {0, 0}, {1, 0}, {-1, 1}};

static tartan_dtype any_type(void)
{
  return (tartan_dtype)check_pick(2);
}

static int64_t at_most_one(int64_t i, int64_t n)
{
  return n == 1 ? 0 : i;
}

/* Element (i, j) of op(A), repeated along what has size 1. */
static double repeated(tartan_op op, const dense *A, int64_t i, int64_t j)
{
  return op == TARTAN_TRANS ? AT(*A, at_most_one(j, A->m), at_most_one(i, A->n))
                            : AT(*A, at_most_one(i, A->m), at_most_one(j, A->n));
}

/* Whether C(i, j) is what it should be. */
static bool close_to(double found, long double expected, long double size, tartan_dtype dtype)
{
  return fabsl(found - expected) <= 3 * (long double)unit_roundoff(dtype) * size;
}

/* Number of wrong elements after C := alpha op(A) + beta C, or with `product` C := alpha op(A) .* C. */
static int64_t count_wrong(bool product, double alpha, tartan_op op, const dense *A, double beta, const operand *C)
{
  const tartan_dtype dtype = tartan_matrix_dtype(C->window);
  dense              now = operand_now(C);
  int64_t            wrong = 0;

  for (int64_t j = 0; j < now.n; j++)
    for (int64_t i = 0; i < now.m; i++) {
      const long double a = alpha == 0 ? 0 : (long double)alpha * repeated(op, A, i, j);
      const long double c = product && alpha == 0 ? 0 : AT(C->values, i, j), b = beta == 0 ? 0 : beta * c;

      if (product)
        wrong += !close_to(AT(now, i, j), a * c, fabsl(a * c), dtype);
      else
        wrong += !close_to(AT(now, i, j), a + b, fabsl(a) + fabsl(b), dtype);
    }
  dense_free(&now);
  return wrong;
}

/* op(A) is [m, n], [1, n], [m, 1] or [1, 1] for C of [m, n]. */
static void test_update(tartan_grid *grid, bool product)
{
  const int64_t   m = operand_size(), n = operand_size();
  const int       repeat = (int)check_pick(4), s = (int)check_pick(7);
  const double    alpha = scalars[s][0], beta = product ? 1 : scalars[s][1];
  const int64_t   am = repeat & 1 ? 1 : m, an = repeat & 2 ? 1 : n;
  const tartan_op op = (tartan_op)check_pick(2);
  const bool      unread_a = alpha == 0, unread_c = product ? alpha == 0 : beta == 0;
  uint64_t        seed = check_seed() + 5, other = check_seed() + 6;
  operand         A, C;

  operand_draw(grid, any_type(), op == TARTAN_TRANS ? an : am, op == TARTAN_TRANS ? am : an,
               unread_a ? fill_nan : fill_random, &seed, &A);
  operand_draw(grid, any_type(), m, n, unread_c ? fill_nan : fill_random, &other, &C);
  check_context("%s, alpha %g, beta %g, op %d; A: %s; C: %s", product ? "hadamard" : "geadd", alpha, beta, (int)op,
                A.text, C.text);
  if (product)
    CHECK_OK(tartan_hadamard(alpha, op, A.window, C.window));
  else
    CHECK_OK(tartan_geadd(alpha, op, A.window, beta, C.window));
  CHECK_EQ(count_wrong(product, alpha, op, &A.values, beta, &C), 0);
  CHECK_EQ(operand_changed(&C, false), 0);
  CHECK_EQ(operand_changed(&A, true), 0);
  operand_end(&A);
  operand_end(&C);
}

/* A is C itself, or a row, a column or the whole of it, also transposed: it is read as it was. */
static void test_self(tartan_grid *grid, bool product, tartan_op op)
{
  static const int64_t parts[][4] = {{0, 0, 37, 37}, {5, 0, 1, 37}, {0, 36, 37, 1}, {9, 9, 1, 1}};
  uint64_t             seed = check_seed() + 7;

  for (int part = 0; part < 4; part++)
    for (int s = 0; s < 7; s++) {
      const int64_t *p = parts[part];
      const double   alpha = scalars[s][0], beta = product ? 1 : scalars[s][1];
      tartan_matrix *A = NULL;
      operand        C;
      dense          a;

      operand_draw(grid, any_type(), 37, 37, fill_random, &seed, &C);
      CHECK_OK(tartan_matrix_view(C.window, p[0], p[1], p[2], p[3], &A));
      a = dense_of(A);
      check_context("A is part %d of C, op %d, %s, alpha %g, beta %g; C: %s", part, (int)op,
                    product ? "hadamard" : "geadd", alpha, beta, C.text);
      if (product)
        CHECK_OK(tartan_hadamard(alpha, op, part == 0 ? C.window : A, C.window));
      else
        CHECK_OK(tartan_geadd(alpha, op, part == 0 ? C.window : A, beta, C.window));
      CHECK_EQ(count_wrong(product, alpha, op, &a, beta, &C), 0);
      CHECK_EQ(operand_changed(&C, false), 0);
      dense_free(&a);
      tartan_matrix_destroy(&A);
      operand_end(&C);
    }
}

/* C and A are windows of one matrix that overlap, in the same layout or not: A is read as it was. */
static void test_shifted(tartan_grid *grid, bool product)
{
  static const int64_t shifts[][2] = {{0, 1}, {1, 0}, {1, 1}, {0, 5}, {4, 0}, {3, -2}, {-6, 0}, {0, -6}, {20, 20}};
  const int64_t       *by = shifts[check_pick(9)];
  const int64_t        i0 = by[0] < 0 ? -by[0] : 0, j0 = by[1] < 0 ? -by[1] : 0, di = i0 + by[0], dj = j0 + by[1];
  const int64_t        m = 24 - check_pick(2), n = 24 - check_pick(2);
  const int            s = (int)check_pick(7);
  const double         alpha = scalars[s][0], beta = product ? 1 : scalars[s][1];
  const tartan_dtype   dtype = any_type();
  uint64_t             seed = check_seed() + 13;
  tartan_matrix_opts   opts = layout_random(grid);
  tartan_matrix       *whole, *A = NULL, *C = NULL;
  dense                before, after;
  int64_t              wrong = 0;

  if (check_pick(2)) opts = layout_of(64, 64, 1, 1, 0, 0); /* all windows lie on one rank */
  whole = matrix_make(grid, dtype, 48, 48, &opts, fill_random, &seed);
  before = dense_of(whole);
  check_context("%s of windows %lld down, %lld across, alpha %g, beta %g", product ? "hadamard" : "geadd",
                (long long)by[0], (long long)by[1], alpha, beta);
  CHECK_OK(tartan_matrix_view(whole, i0, j0, m, n, &A));
  CHECK_OK(tartan_matrix_view(whole, di, dj, m, n, &C));
  if (product)
    CHECK_OK(tartan_hadamard(alpha, TARTAN_NO_TRANS, A, C));
  else
    CHECK_OK(tartan_geadd(alpha, TARTAN_NO_TRANS, A, beta, C));
  after = dense_of(whole);
  for (int64_t j = 0; j < 48; j++)
    for (int64_t i = 0; i < 48; i++) {
      const bool        inside = i >= di && i < di + m && j >= dj && j < dj + n;
      const long double c = AT(before, i, j), a = inside ? alpha * (long double)AT(before, i - by[0], j - by[1]) : 0;

      if (!inside)
        wrong += AT(after, i, j) != AT(before, i, j);
      else if (product)
        wrong += !close_to(AT(after, i, j), a * c, fabsl(a * c), dtype);
      else
        wrong += !close_to(AT(after, i, j), a + beta * c, fabsl(a) + fabsl(beta * c), dtype);
    }
  CHECK_EQ(wrong, 0);
  dense_free(&before);
  dense_free(&after);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&whole);
}

/* Rounded once: an f64 row taken away from f32 data of nearly its size leaves what f32 can say of the difference. */
static double near_thousand(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return 1000;
}

static double thousand_and_little(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return 1000 + 1e-9;
}

static void test_rounding(tartan_grid *grid)
{
  operand A, C;
  dense   now;

  operand_draw(grid, TARTAN_F64, 1, 20, thousand_and_little, NULL, &A);
  operand_draw(grid, TARTAN_F32, 30, 20, near_thousand, NULL, &C);
  check_context("an f64 row from f32 data");
  CHECK_OK(tartan_geadd(-1, TARTAN_NO_TRANS, A.window, 1, C.window));
  now = operand_now(&C);
  for (int64_t e = 0; e < 600; e++) CHECK_LE(fabs(now.a[e] + 1e-9), 1e-13);
  dense_free(&now);
  operand_end(&A);
  operand_end(&C);
}

static void test_scale(tartan_grid *grid)
{
  static const double alphas[] = {0, 1, -2, 0.3};
  const double        alpha = alphas[check_pick(4)];
  uint64_t            seed = check_seed() + 8;
  operand             A;

  operand_draw(grid, any_type(), operand_size(), operand_size(), alpha == 0 ? fill_nan : fill_random, &seed, &A);
  check_context("scale by %g, %s", alpha, A.text);
  tartan_scale(alpha, A.window);
  CHECK_EQ(count_wrong(false, 0, TARTAN_NO_TRANS, &A.values, alpha, &A), 0);
  CHECK_EQ(operand_changed(&A, false), 0);
  operand_end(&A);
}

/* The window should hold what `value` says of its element (i, j), exactly. */
static void check_exact(const operand *A, double (*value)(const operand *A, int64_t i, int64_t j, int64_t parameter),
                        int64_t        parameter)
{
  dense   now = operand_now(A);
  int64_t wrong = 0;

  for (int64_t j = 0; j < now.n; j++)
    for (int64_t i = 0; i < now.m; i++) {
      const double v = value(A, i, j, parameter);

      wrong += !(AT(now, i, j) == v || (isnan(v) && isnan(AT(now, i, j))));
    }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(operand_changed(A, false), 0);
  dense_free(&now);
}

static double lower_value(const operand *A, int64_t i, int64_t j, int64_t d)
{
  return d >= 1000 || (d > -1000 && j - i <= d) ? AT(A->values, i, j) : 0;
}

static double upper_value(const operand *A, int64_t i, int64_t j, int64_t d)
{
  return d <= -1000 || (d < 1000 && j - i >= d) ? AT(A->values, i, j) : 0;
}

static double eye_value(const operand *A, int64_t i, int64_t j, int64_t unused)
{
  (void)A, (void)unused;
  return i == j;
}

static void test_tri(tartan_grid *grid)
{
  static const int64_t diagonals[] = {0, 0, 1, -1, 7, -12, 64, -64, 299, -299, INT64_MAX, INT64_MIN};
  const int64_t        d = diagonals[check_pick(12)];
  const tartan_uplo    uplo = (tartan_uplo)check_pick(2);
  const bool           ones = check_pick(4) == 0;
  uint64_t             seed = check_seed() + 9;
  operand              A;

  operand_draw(grid, any_type(), operand_size(), operand_size(), check_pick(2) ? fill_random : fill_nan, &seed, &A);
  if (ones) {
    check_context("identity of %s", A.text);
    tartan_eye(A.window);
    check_exact(&A, eye_value, 0);
  } else {
    check_context("%s triangle from %lld of %s", uplo == TARTAN_LOWER ? "lower" : "upper", (long long)d, A.text);
    tartan_tri(uplo, d, A.window);
    check_exact(&A, uplo == TARTAN_LOWER ? lower_value : upper_value, d);
  }
  operand_end(&A);
}

static void test_transpose(tartan_grid *grid)
{
  uint64_t           seed = check_seed() + 10;
  tartan_matrix_opts opts = layout_random(grid);
  const bool         given = check_pick(2) == 1;
  tartan_matrix     *B = NULL;
  operand            A;
  int                ranks[LAYOUT_RANKS_MAX];

  layout_draw_ranks(grid, &opts, ranks);
  operand_draw(grid, any_type(), operand_size(), operand_size(), fill_random, &seed, &A);
  check_context("transpose of %s", A.text);
  if (CHECK_OK(tartan_transpose(A.window, given ? &opts : NULL, &B))) {
    dense b = dense_of(B), expected = dense_transpose(&A.values);

    CHECK(dense_same_bits(&b, &expected));
    CHECK(tartan_matrix_dtype(B) == tartan_matrix_dtype(A.window));
    dense_free(&b);
    dense_free(&expected);
  }
  CHECK_EQ(operand_changed(&A, true), 0);
  tartan_matrix_destroy(&B);
  operand_end(&A);
}

static double fill_special(int64_t i, int64_t j, void *seed)
{
  const double v = fill_random(i, j, seed);

  return v > 0.9 ? (double)NAN : v > 0.8 ? (double)INFINITY : v > 0.6 ? -0.0 : v;
}

static void test_diagonal(tartan_grid *grid, bool set)
{
  const int64_t m = operand_size(), n = operand_size(), r = m < n ? m : n;
  uint64_t      seed = check_seed() + 11, other = check_seed() + 12;
  operand       A, d;
  dense         now;
  int64_t       wrong = 0;

  operand_draw(grid, any_type(), m, n, fill_special, &seed, &A);
  operand_draw(grid, any_type(), r, 1, fill_special, &other, &d);
  check_context("diagonal; A: %s; d: %s", A.text, d.text);
  if (set)
    CHECK_OK(tartan_diag_set(d.window, A.window));
  else
    CHECK_OK(tartan_diag_get(A.window, d.window));
  now = operand_now(set ? &A : &d);
  for (int64_t j = 0; j < now.n; j++)
    for (int64_t i = 0; i < now.m; i++) {
      const double v = !set ? AT(A.values, i, i) : i == j ? d.values.a[i] : AT(A.values, i, j);

      wrong += !(AT(now, i, j) == v || (isnan(v) && isnan(AT(now, i, j))));
    }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(operand_changed(set ? &A : &d, false), 0);
  CHECK_EQ(operand_changed(set ? &d : &A, true), 0);
  dense_free(&now);
  operand_end(&A);
  operand_end(&d);
}

/* The sign of a zero on the diagonal is kept, on any arrangement. */
static double minus_zero(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return -0.0;
}

static void test_minus_zero(tartan_grid *grid)
{
  operand A, d;
  int64_t mloc, nloc;

  operand_draw(grid, TARTAN_F64, 20, 30, minus_zero, NULL, &A);
  operand_draw(grid, TARTAN_F64, 20, 1, fill_nan, NULL, &d);
  check_context("diagonal of -0; A: %s; d: %s", A.text, d.text);
  CHECK_OK(tartan_diag_get(A.window, d.window));
  tartan_matrix_local(d.window, NULL, &mloc, &nloc);
  for (int64_t i = 0; i < mloc && nloc > 0; i++) {
    const double v = matrix_local_get(d.window, i, 0);

    CHECK(v == 0 && signbit(v));
  }
  operand_end(&A);
  operand_end(&d);
}

static void test_misfits(tartan_grid *grid)
{
  tartan_grid   *other = grid_world();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *C = matrix_make(grid, TARTAN_F64, 4, 7, NULL, fill_place, NULL);
  tartan_matrix *G = matrix_make(other, TARTAN_F64, 4, 7, NULL, fill_place, NULL);
  tartan_matrix *x = matrix_make(grid, TARTAN_F64, 7, 1, NULL, fill_place, NULL);
  tartan_matrix *B = A;

  check_context("operands that do not fit");
  CHECK_STATUS(tartan_geadd(1, TARTAN_NO_TRANS, A, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_geadd(0, TARTAN_TRANS, C, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_geadd(1, TARTAN_NO_TRANS, x, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_geadd(1, TARTAN_NO_TRANS, C, 0, x), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_geadd(1, TARTAN_NO_TRANS, G, 0, C), TARTAN_ERR_GRID);
  CHECK_STATUS(tartan_hadamard(1, TARTAN_NO_TRANS, A, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_hadamard(0, TARTAN_NO_TRANS, A, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_hadamard(1, TARTAN_NO_TRANS, G, C), TARTAN_ERR_GRID);
  CHECK_STATUS(tartan_diag_get(A, x), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_diag_get(G, x), TARTAN_ERR_GRID);
  CHECK_STATUS(tartan_diag_set(x, A), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_diag_set(x, G), TARTAN_ERR_GRID);
  {
    const tartan_matrix_opts bad = layout_of(-1, 2, 1, 1, 0, 0);

    CHECK_STATUS(tartan_transpose(A, &bad, &B), TARTAN_ERR_ARG);
    CHECK(B == NULL);
  }
  CHECK_EQ(matrix_count_wrong(A, fill_place, NULL) + matrix_count_wrong(C, fill_place, NULL), 0);
  CHECK_EQ(matrix_count_wrong(G, fill_place, NULL) + matrix_count_wrong(x, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&G);
  tartan_matrix_destroy(&x);
  tartan_grid_destroy(&other);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int round = 0; round < 300; round++) test_update(grid, round % 2 == 1);
  for (int which = 0; which < 4; which++) test_self(grid, which & 1, (tartan_op)(which >> 1));
  for (int round = 0; round < 60; round++) test_shifted(grid, round % 2 == 1);
  for (int round = 0; round < 5; round++) test_rounding(grid);
  for (int round = 0; round < 40; round++) test_scale(grid);
  for (int round = 0; round < 150; round++) test_tri(grid);
  for (int round = 0; round < 80; round++) test_transpose(grid);
  for (int round = 0; round < 160; round++) test_diagonal(grid, round % 2 == 1);
  for (int round = 0; round < 10; round++) test_minus_zero(grid);
  test_misfits(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
