// TEST: np=1,2,3,4,6 labels=unit,matrix
/*
 * Norms, sums, means, trace and dot products against long double, on windows in any layout:
 *   |s - s_ref| <= count u sum |a|, and one rounding more where a result is f32; maxima and counts are exact.
 */
#include <float.h>
#include <math.h>

#include <tartan/norms.h>

#include "check.h"
#include "operand.h"

static const double u = 0x1p-53;

/* A quarter of the elements is zero; the others are f32 numbers times a factor. */
typedef struct recipe {
  uint64_t seed;
  double   factor, special; /* special: what stands in one place of five in a hundred, if not 0 */
} recipe;

static double fill_recipe(int64_t i, int64_t j, void *context)
{
  const recipe *r = context;
  uint64_t      other = r->seed + 1;
  const double  v = fill_random(i, j, (void *)&r->seed), w = fill_random(i, j, &other);

  if (r->special != 0 && w > 0.9) return r->special;
  return w < -0.5 ? 0 : v * r->factor;
}

/* What one vector should measure, and how far off it may be. */
typedef struct expected {
  long double value, limit;
} expected;

/* The reference for the elements (i0 .. i1 - 1, j0 .. j1 - 1). */
static expected reference(int kind, const dense *A, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
  const int64_t count = (i1 - i0) * (j1 - j0);
  long double   sum = 0, size = 0, square = 0, largest = 0, nonzero = 0;
  bool          nan = false;
  expected      e = {0, 0};

  for (int64_t j = j0; j < j1; j++)
    for (int64_t i = i0; i < i1; i++) {
      const long double v = AT(*A, i, j);

      nan = nan || isnan(v);
      sum += v;
      size += fabsl(v);
      square += v * v;
      largest = fabsl(v) > largest ? fabsl(v) : largest;
      nonzero += v != 0;
    }
  e.limit = (long double)count * u * size;
  switch (kind) {
  case -1: e.value = sum; break;
  case TARTAN_NORM_FRO:
    e.value = sqrtl(square);
    e.limit = (long double)(count + 8) * u * e.value + (check_size() + 1) * (long double)DBL_TRUE_MIN;
    break;
  case TARTAN_NORM_ONE:
  case TARTAN_NORM_SUM: e.value = size; break;
  case TARTAN_NORM_INF:
  case TARTAN_NORM_MAX:
    e.value = nan ? (long double)NAN : largest;
    e.limit = 0;
    break;
  default:
    e.value = nonzero;
    e.limit = 0;
    break;
  }
  return e;
}

/* Whether a computed value is the expected one: NaN for NaN, Inf for Inf, else within the limit. */
static bool agrees(double value, expected e, tartan_dtype dtype)
{
  if (isnan(e.value) || isinf(e.value)) return isnan(e.value) ? isnan(value) : (double)e.value == value;
  if (dtype == TARTAN_F32) {
    if (fabsl(e.value) > FLT_MAX) return (double)fabsf((float)value) >= FLT_MAX;
    e.limit += 0x1p-24L * 1.001L * fabsl(e.value) + FLT_TRUE_MIN;
  }
  return fabsl(value - e.value) <= e.limit;
}

/* Sums (-1), means (-2) or norms of the lines of A into an x of any layout. */
static void test_lines(tartan_grid *grid, int kind, tartan_axis axis, const operand *A)
{
  const int64_t      m = A->values.m, n = A->values.n, length = axis == TARTAN_ROWS ? n : m;
  const bool         rows = axis == TARTAN_ROWS;
  const tartan_dtype dtype = (tartan_dtype)check_pick(2);
  operand            x;
  dense              got;
  tartan_status      st;
  int64_t            wrong = 0;

  operand_draw(grid, dtype, rows ? m : 1, rows ? 1 : n, fill_nan, NULL, &x);
  check_context("measure %d of the %s; A: %s; x: %s", kind, rows ? "rows" : "columns", A->text, x.text);
  st = kind == -1   ? tartan_sums(axis, A->window, x.window)
       : kind == -2 ? tartan_means(axis, A->window, x.window)
                    : tartan_norms((tartan_norm_kind)kind, axis, A->window, x.window);
  CHECK_OK(st);
  got = operand_now(&x);
  for (int64_t l = 0; l < (rows ? m : n); l++) {
    expected e = reference(kind == -2 ? -1 : kind, &A->values, rows ? l : 0, rows ? l + 1 : m, rows ? 0 : l,
                           rows ? n : l + 1);

    if (kind == -2) {
      e.value = length > 0 ? e.value / (long double)length : (long double)NAN;
      e.limit = length > 0 ? e.limit / (long double)length + u * fabsl(e.value) : 0;
    }
    wrong += !agrees(got.a[l], e, dtype);
  }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(operand_changed(&x, false), 0);
  dense_free(&got);
  operand_end(&x);
}

/* The same bits on every rank. */
static void check_everywhere(double value)
{
  double root = value;

  MPI_Bcast(&root, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  CHECK(root == value || (isnan(root) && isnan(value)));
}

/* The largest of the lines' references, for the norms that are such. */
static expected largest_reference(const dense *A, bool columns)
{
  expected most = {0, 0};

  for (int64_t l = 0; l < (columns ? A->n : A->m); l++) {
    const expected e = columns ? reference(TARTAN_NORM_SUM, A, 0, A->m, l, l + 1)
                               : reference(TARTAN_NORM_SUM, A, l, l + 1, 0, A->n);

    if (isnan(most.value)) break;
    if (!(e.value <= most.value)) most.value = e.value;
    most.limit = fmaxl(most.limit, e.limit);
  }
  return most;
}

static void test_whole(tartan_norm_kind kind, const operand *A)
{
  const bool     lines = kind == TARTAN_NORM_ONE || kind == TARTAN_NORM_INF;
  const expected e = lines ? largest_reference(&A->values, kind == TARTAN_NORM_ONE)
                           : reference((int)kind, &A->values, 0, A->values.m, 0, A->values.n);
  double         value = -1;

  check_context("norm %d of %s", (int)kind, A->text);
  CHECK_OK(tartan_norm(kind, A->window, &value));
  if (!CHECK(agrees(value, e, TARTAN_F64))) CHECK_LE(value, (double)e.value);
  check_everywhere(value);
  if (kind == TARTAN_NORM_FRO) {
    CHECK_OK(tartan_norm_fro(A->window, &value));
    CHECK(agrees(value, e, TARTAN_F64));
  }
}

static void test_trace(const operand *A)
{
  const int64_t r = A->values.m < A->values.n ? A->values.m : A->values.n;
  dense         d = dense_new(r, 1);
  double        value = -1;

  for (int64_t i = 0; i < r; i++) d.a[i] = AT(A->values, i, i);
  check_context("trace of %s", A->text);
  CHECK_OK(tartan_trace(A->window, &value));
  CHECK(agrees(value, reference(-1, &d, 0, r, 0, 1), TARTAN_F64));
  check_everywhere(value);
  dense_free(&d);
}

static void test_dot(tartan_grid *grid, const operand *A)
{
  recipe      r = {.seed = check_seed() + 77, .factor = 1};
  const bool  self = check_pick(4) == 0;
  operand     B;
  long double sum = 0, size = 0;
  double      value = -1;

  operand_draw(grid, (tartan_dtype)check_pick(2), A->values.m, A->values.n, fill_recipe, &r, &B);
  check_context("dot of %s and %s", A->text, self ? "itself" : B.text);
  for (int64_t e = 0; e < A->values.m * A->values.n; e++) {
    const long double v = (long double)A->values.a[e] * (self ? A->values.a[e] : B.values.a[e]);

    sum += v;
    size += fabsl(v);
  }
  CHECK_OK(tartan_dot(A->window, self ? A->window : B.window, &value));
  CHECK(agrees(value, (expected){sum, (long double)(A->values.m * A->values.n) * u * size}, TARTAN_F64));
  check_everywhere(value);
  operand_end(&B);
}

static void test_round(tartan_grid *grid, int round)
{
  recipe  r = {.seed = check_seed() * 1009 + (uint64_t)round, .factor = 1};
  operand A;

  if (round % 8 == 5) r.special = NAN;
  if (round % 8 == 6) r.special = check_pick(2) ? INFINITY : -INFINITY;
  operand_draw(grid, (tartan_dtype)check_pick(2), operand_size(), operand_size(), fill_recipe, &r, &A);
  for (int kind = -2; kind <= TARTAN_NORM_COUNT; kind++) test_lines(grid, kind, (tartan_axis)check_pick(2), &A);
  for (int kind = 0; kind <= TARTAN_NORM_COUNT; kind++) test_whole((tartan_norm_kind)kind, &A);
  test_trace(&A);
  if (r.special == 0) test_dot(grid, &A);
  operand_end(&A);
}

/* Lengths of values whose squares over- or underflow, beside zeros. */
static void test_extremes(tartan_grid *grid)
{
  static const double factors[] = {1e300, 1e-300, 5e-324, 1e-310, 1e30, 1e-30};

  for (int f = 0; f < 6; f++)
    for (int axis = 0; axis < 2; axis++) {
      recipe  r = {.seed = check_seed() + (uint64_t)f, .factor = factors[f]};
      operand A;

      operand_draw(grid, f < 4 ? TARTAN_F64 : TARTAN_F32, 37, 41, fill_recipe, &r, &A);
      test_lines(grid, TARTAN_NORM_FRO, (tartan_axis)axis, &A);
      test_whole(TARTAN_NORM_FRO, &A);
      operand_end(&A);
    }
}

/* One element of another kind among ones; nothing; zeros. */
static double one_special(int64_t i, int64_t j, void *special)
{
  return i == 11 && j == 3 ? *(double *)special : 1;
}

static void test_norm_special(tartan_grid *grid)
{
  double         special[] = {NAN, INFINITY, -INFINITY, 0, DBL_MAX, DBL_TRUE_MIN}, norm;
  tartan_matrix *A;

  for (int s = 0; s < 6; s++) {
    const tartan_matrix_opts opts = layout_of(2, 2, 1, check_size(), 0, 0);

    check_context("norm with one %g", special[s]);
    A = matrix_make(grid, TARTAN_F64, 13, 5, &opts, one_special, &special[s]);
    CHECK_OK(tartan_norm_fro(A, &norm));
    if (s == 0)
      CHECK(isnan(norm));
    else if (s < 3)
      CHECK(isinf(norm) && norm > 0);
    else if (s == 4)
      CHECK_LE(fabs(norm / DBL_MAX - 1), 1e-15);
    else
      CHECK_LE(fabs(norm - 8), 1e-14);
    tartan_matrix_destroy(&A);
  }
  check_context("norm of nothing and of zeros");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 0, 5, NULL, &A));
  CHECK_OK(tartan_norm_fro(A, &norm));
  CHECK(norm == 0);
  tartan_matrix_destroy(&A);
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F32, 70, 5, NULL, &A));
  CHECK_OK(tartan_norm_fro(A, &norm));
  CHECK(norm == 0);
  tartan_matrix_destroy(&A);
}

/* NaN beside Inf is NaN, on one rank and on two: five rows of one, then five of the other, or by turns. */
static double nan_and_inf(int64_t i, int64_t j, void *context)
{
  const int64_t *order = context;

  return (order[1] ? i + j : i / 5) % 2 == order[0] ? (double)NAN : (double)INFINITY;
}

static void test_nan_and_inf(tartan_grid *grid)
{
  const tartan_matrix_opts opts = layout_of(5, 3, check_size() > 1 ? 2 : 1, 1, 0, 0);

  for (int variant = 0; variant < 4; variant++)
    for (int kind = TARTAN_NORM_FRO; kind <= TARTAN_NORM_SUM; kind++) {
      int64_t        order[2] = {variant % 2, variant / 2};
      tartan_matrix *A = matrix_make(grid, TARTAN_F64, 10, 11, &opts, nan_and_inf, order);
      double         value = 0;
      operand        x;
      dense          got;

      operand_draw(grid, TARTAN_F64, 1, 11, fill_place, NULL, &x);
      check_context("NaN beside Inf, variant %d, norm %d", variant, kind);
      CHECK_OK(tartan_norm((tartan_norm_kind)kind, A, &value));
      CHECK(isnan(value));
      CHECK_OK(tartan_norms((tartan_norm_kind)kind, TARTAN_COLUMNS, A, x.window));
      got = operand_now(&x);
      for (int64_t j = 0; j < 11; j++) CHECK(isnan(got.a[j]));
      dense_free(&got);
      operand_end(&x);
      tartan_matrix_destroy(&A);
    }
}

/* Sums of f32 are formed in f64: in f32, the ones would be lost beside 2^30. */
static double large_and_ones(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return i == 0 && j == 0 ? 0x1p30 : 1;
}

static void test_wide_sums(tartan_grid *grid)
{
  operand A, x;
  double  value = 0;

  operand_draw(grid, TARTAN_F32, 100, 1, large_and_ones, NULL, &A);
  operand_draw(grid, TARTAN_F64, 1, 1, fill_nan, NULL, &x);
  check_context("sums of f32 in %s", A.text);
  CHECK_OK(tartan_norm(TARTAN_NORM_ONE, A.window, &value));
  CHECK(value == (A.values.a[0] == 1 ? 100 : 0x1p30 + 99));
  CHECK_OK(tartan_sums(TARTAN_COLUMNS, A.window, x.window));
  {
    dense got = operand_now(&x);

    CHECK(got.a[0] == value);
    dense_free(&got);
  }
  operand_end(&A);
  operand_end(&x);
}

/* A tall matrix takes the memory of one number a row, not of all rows on every rank. */
static void test_memory(tartan_grid *grid)
{
  const int                P = check_size();
  const int64_t            m = 400000;
  const tartan_matrix_opts opts = layout_of(64, 1, P % 2 ? P : P / 2, P % 2 ? 1 : 2, 0, 0);
  tartan_matrix           *A = NULL, *x = NULL;
  int64_t                  used, peak;

  check_context("memory of sums");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, m, 2, &opts, &A));
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, m, 1, &opts, &x));
  tartan_matrix_set(A, 1, 3);
  tartan_grid_cost_reset(grid);
  tartan_grid_memory(grid, &used, NULL, NULL);
  CHECK_OK(tartan_sums(TARTAN_ROWS, A, x));
  tartan_grid_memory(grid, NULL, &peak, NULL);
  CHECK_LE((double)(peak - used), 8.0 * (double)m * 9.5 / P + 65536); /* numbers, shares, packed pieces */
  for (int64_t i = 0; i < 10; i++)
    if (tartan_matrix_local_row(x, i) >= 0 && tartan_matrix_local_col(x, 0) >= 0)
      CHECK(matrix_local_get(x, tartan_matrix_local_row(x, i), 0) == (i < 2 ? 4 : 2));
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&x);
}

/* An operand of more than the 64 MiB that are brought to another layout at a time. */
static void test_dot_in_parts(tartan_grid *grid)
{
  const int64_t            m = 1100000, n = 9;
  const tartan_matrix_opts cols = layout_column_slabs(m, n, check_size()), rows = layout_row_slabs(m, n, check_size());
  tartan_matrix           *A = NULL, *B = NULL;
  double                   value = 0;
  int64_t                  used, peak;

  check_context("a dot product in parts");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, m, n, &cols, &A));
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, m, n, &rows, &B));
  tartan_matrix_set(A, 3, 5);
  tartan_matrix_set(B, 2, 1);
  tartan_grid_cost_reset(grid);
  tartan_grid_memory(grid, &used, NULL, NULL);
  CHECK_OK(tartan_dot(A, B, &value));
  tartan_grid_memory(grid, NULL, &peak, NULL);
  CHECK(value == (double)(6 * m * n - n));
  if (check_size() > 1) CHECK_LE((double)(peak - used), 3.0 * 64 * 1024 * 1024);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
}

static void test_misfits(tartan_grid *grid)
{
  tartan_grid   *other = grid_world();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *B = matrix_make(other, TARTAN_F64, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *x = matrix_make(grid, TARTAN_F64, 4, 1, NULL, fill_place, NULL);
  tartan_matrix *y = matrix_make(other, TARTAN_F64, 4, 1, NULL, fill_place, NULL);
  double         value = 3;

  check_context("operands that do not fit");
  CHECK_STATUS(tartan_sums(TARTAN_COLUMNS, A, x), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_means(TARTAN_ROWS, x, A), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_norms(TARTAN_NORM_FRO, TARTAN_ROWS, A, y), TARTAN_ERR_GRID);
  CHECK_STATUS(tartan_norms((tartan_norm_kind)6, TARTAN_ROWS, A, x), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_norms(TARTAN_NORM_FRO, (tartan_axis)2, A, x), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_norm((tartan_norm_kind)-1, A, &value), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_dot(A, x, &value), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_dot(A, B, &value), TARTAN_ERR_GRID);
  CHECK_EQ(matrix_count_wrong(x, fill_place, NULL), 0);
  CHECK_EQ(matrix_count_wrong(y, fill_place, NULL), 0);
  CHECK_EQ(matrix_count_wrong(A, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&y);
  tartan_grid_destroy(&other);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int round = 0; round < 80; round++) test_round(grid, round);
  test_extremes(grid);
  test_norm_special(grid);
  test_nan_and_inf(grid);
  for (int round = 0; round < 8; round++) test_wide_sums(grid);
  test_memory(grid);
  test_dot_in_parts(grid);
  test_misfits(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
