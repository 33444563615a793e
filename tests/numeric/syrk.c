// TEST: np=1,2,3,4,6 labels=numeric,blas
/*
 * tartan_syrk against long double, by the gate of a product; only the wanted triangle is read or written. A is a view
 * with NaN around it, in any layout with any map of ranks; planned, with small panels, and through the PBLAS. It agrees
 * with tartan_gemm.
 */
#include <math.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "matrices.h"

static double gate(tartan_dtype dtype, int64_t k)
{
  return fmin((double)k + 2, 4 * sqrt((double)k) + 10) * unit_roundoff(dtype);
}

/* C := alpha op(A) op(A)' + beta C in one triangle; A is the window at (i0, j0) of a larger matrix. */
typedef struct update {
  tartan_dtype       dtype;
  tartan_uplo        uplo;
  tartan_op          op;
  int64_t            n, k;
  double             alpha, beta;
  tartan_matrix_opts layout[2]; /* of A, C */
  tartan_gemm_opts   opts;
  int64_t            i0, j0, at; /* where A and C begin in the whole */
  uint64_t           seed;
  int                ranks[2][LAYOUT_RANKS_MAX];
} update;

/* Element (i, l) of op(A). */
static double a_value(const update *u, int64_t i, int64_t l)
{
  uint64_t seed = u->seed;

  return u->op == TARTAN_TRANS ? fill_random(u->i0 + l, u->j0 + i, &seed) : fill_random(u->i0 + i, u->j0 + l, &seed);
}

static double residual(const update *u, double found, double old, int64_t i, int64_t j)
{
  long double sum = 0, size = 0;

  for (int64_t l = 0; l < u->k; l++) {
    const long double x = (long double)a_value(u, i, l) * a_value(u, j, l);

    sum += x;
    size += fabsl(x);
  }
  sum *= u->alpha;
  size *= fabs(u->alpha);
  if (u->beta != 0) {
    sum += (long double)u->beta * old;
    size += fabsl((long double)u->beta * old);
  }
  if (size == 0) return found == 0 ? 0 : INFINITY;
  return (double)(fabsl(found - sum) / size);
}

static double fill_poisoned(int64_t i, int64_t j, void *context)
{
  update       *u = context;
  const int64_t m = u->op == TARTAN_TRANS ? u->k : u->n, n = u->op == TARTAN_TRANS ? u->n : u->k;
  const bool    inside = i >= u->i0 && i < u->i0 + m && j >= u->j0 && j < u->j0 + n;

  return inside ? fill_random(i, j, &u->seed) : (i + j) % 2 ? NAN : INFINITY;
}

/* C is a window of a larger matrix; the triangle that is not meant and the surroundings hold other values or NaN. */
static double fill_old(int64_t i, int64_t j, void *context)
{
  update *u = context;

  return u->beta == 0 ? NAN : fill_random(i, j, &u->seed);
}

static void compare(update *u, const dense *after)
{
  double  worst = 0;
  int64_t changed = 0;

  for (int64_t j = check_rank(); j < after->n; j += check_size())
    for (int64_t i = 0; i < after->m; i++) {
      const int64_t wi = i - u->at, wj = j - u->at;
      const bool    inside = wi >= 0 && wi < u->n && wj >= 0 && wj < u->n &&
                          (u->uplo == TARTAN_LOWER ? wi >= wj : wi <= wj);
      const double old = fill_old(i, j, u), found = AT(*after, i, j);

      if (inside) {
        const double r = residual(u, found, old, wi, wj);

        worst = r > worst || isnan(r) ? r : worst;
      } else {
        changed += isnan(old) ? !isnan(found) : found != old;
      }
    }
  CHECK_LE(worst, gate(u->dtype, u->k));
  CHECK_EQ(changed, 0);
}

static void test_update(tartan_grid *grid, update *u)
{
  const int64_t  m = u->op == TARTAN_TRANS ? u->k : u->n, n = u->op == TARTAN_TRANS ? u->n : u->k;
  const int64_t  M = u->at + u->n + check_pick(3);
  tartan_matrix *A, *C, *a = NULL, *c = NULL;
  dense          after;
  char           text[2][96];

  check_context(
      "%s n=%lld k=%lld, %s, op %d, alpha %g, beta %g, algorithm %d, panel %lld, overlap %d; A at (%lld, %lld) "
      "%s; C at %lld %s",
      tartan_dtype_name(u->dtype), (long long)u->n, (long long)u->k, u->uplo == TARTAN_LOWER ? "lower" : "upper", u->op,
      u->alpha, u->beta, (int)u->opts.algorithm, (long long)u->opts.panel, (int)u->opts.overlap, (long long)u->i0,
      (long long)u->j0, layout_text(&u->layout[0], text[0]), (long long)u->at, layout_text(&u->layout[1], text[1]));
  A = matrix_make(grid, u->dtype, u->i0 + m + 2, u->j0 + n + 1, &u->layout[0], fill_poisoned, u);
  C = matrix_make(grid, u->dtype, M, M, &u->layout[1], fill_old, u);
  CHECK_OK(tartan_matrix_view(A, u->i0, u->j0, m, n, &a));
  CHECK_OK(tartan_matrix_view(C, u->at, u->at, u->n, u->n, &c));
  CHECK_OK(tartan_syrk(u->uplo, u->op, u->alpha, a, u->beta, c, &u->opts));
  after = dense_of(C);
  compare(u, &after);
  dense_free(&after);
  tartan_matrix_destroy(&c);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&a);
  tartan_matrix_destroy(&A);
}

/* Type, triangle, transposition, scalars and options drawn. */
static update draw(int64_t n, int64_t k)
{
  static const double    scalars[][2] = {{1, 0}, {-0.5, 1}, {2, -0.25}, {0, 0.5}, {0, 0}};
  static const int64_t   panels[] = {0, 1, 3, 16};
  const tartan_gemm_opts defaults = TARTAN_GEMM_OPTS_INIT;
  const int              s = (int)check_pick(5);
  update u = {.n = n, .k = k, .alpha = scalars[s][0], .beta = scalars[s][1], .opts = defaults, .seed = check_seed()};

  u.dtype = (tartan_dtype)check_pick(2);
  u.uplo = (tartan_uplo)check_pick(2);
  u.op = (tartan_op)check_pick(2);
  u.i0 = check_pick(3) * 5;
  u.j0 = check_pick(3) * 3;
  u.at = check_pick(3) * 5;
  u.opts.algorithm = check_pick(4) == 0 ? TARTAN_GEMM_PBLAS : TARTAN_GEMM_PLANNED;
  u.opts.panel = panels[check_pick(4)];
  u.opts.overlap = (tartan_choice)check_pick(3);
  return u;
}

/* Every block size and arrangement, both triangles, both transpositions. */
static void test_systematic(tartan_grid *grid, const int64_t sizes[8])
{
  static const int64_t blocks[] = {1, 3, 8, 64};
  int                  arrangement[8][2];
  const int            grids = grid_list(grid, arrangement);

  for (int b = 0; b < 4; b++)
    for (int g = 0; g < grids; g++)
      for (int v = 0; v < 4; v++) {
        update u = draw(sizes[check_pick(8)], sizes[check_pick(8)]);

        u.uplo = (tartan_uplo)(v & 1);
        u.op = (tartan_op)(v >> 1);
        u.layout[0] = u.layout[1] = layout_of(blocks[b], blocks[b], arrangement[g][0], arrangement[g][1], 0, 0);
        test_update(grid, &u);
      }
}

static void draw_layouts(tartan_grid *grid, update *u)
{
  for (int x = 0; x < 2; x++) {
    u->layout[x] = layout_random(grid);
    layout_draw_ranks(grid, &u->layout[x], u->ranks[x]);
  }
}

/* Tall: k far beyond n, from slabs of columns, slabs of rows and blocks. */
static void test_tall(tartan_grid *grid)
{
  const int P = tartan_grid_size(grid);

  for (int v = 0; v < 12; v++) {
    update        u = draw(23, 1500);
    const int64_t m = u.op == TARTAN_TRANS ? u.k : u.n, n = u.op == TARTAN_TRANS ? u.n : u.k;

    draw_layouts(grid, &u);
    u.alpha = v % 2 ? -1 : 1;
    u.uplo = (tartan_uplo)(v / 6);
    if (v % 3 == 0) u.layout[0] = layout_column_slabs(u.i0 + m + 2, u.j0 + n + 1, P);
    if (v % 3 == 1) u.layout[0] = layout_row_slabs(u.i0 + m + 2, u.j0 + n + 1, P);
    if (v % 3 == 2) u.layout[0] = layout_of(64, 64, 0, 0, 0, 0);
    test_update(grid, &u);
  }
}

static void test_against_gemm(tartan_grid *grid)
{
  uint64_t       seed = check_seed();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 50, 70, NULL, fill_random, &seed);
  tartan_matrix *C = matrix_make(grid, TARTAN_F64, 50, 50, NULL, fill_random, &seed);
  tartan_matrix *D = matrix_make(grid, TARTAN_F64, 50, 50, NULL, fill_random, &seed);
  dense          c, d;
  double         worst = 0;

  check_context("syrk and gemm");
  CHECK_OK(tartan_syrk(TARTAN_UPPER, TARTAN_NO_TRANS, 1, A, 0, C, NULL));
  CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_TRANS, A, 0, D, NULL));
  c = dense_of(C);
  d = dense_of(D);
  for (int64_t j = 0; j < 50; j++)
    for (int64_t i = 0; i <= j; i++) worst = fmax(worst, fabs(AT(c, i, j) - AT(d, i, j)));
  CHECK_LE(worst, 2 * 70 * 70 * 0x1p-53);
  dense_free(&c);
  dense_free(&d);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&D);
}

static void test_misfits(tartan_grid *grid)
{
  tartan_matrix   *A = matrix_make(grid, TARTAN_F64, 4, 5, NULL, fill_place, NULL);
  tartan_matrix   *C = matrix_make(grid, TARTAN_F64, 4, 4, NULL, fill_place, NULL);
  tartan_matrix   *D = matrix_make(grid, TARTAN_F64, 4, 5, NULL, fill_place, NULL);
  tartan_matrix   *F = matrix_make(grid, TARTAN_F32, 4, 4, NULL, fill_place, NULL);
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
  tartan_cost      plan;

  check_context("operands that do not fit");
  CHECK_STATUS(tartan_syrk(TARTAN_LOWER, TARTAN_TRANS, 1, A, 0, C, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, A, 0, D, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, A, 0, F, NULL), TARTAN_ERR_DTYPE);
  CHECK_STATUS(tartan_syrk_plan(TARTAN_LOWER, TARTAN_TRANS, A, C, NULL, &plan), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_syrk_plan(TARTAN_LOWER, TARTAN_NO_TRANS, A, F, NULL, &plan), TARTAN_ERR_DTYPE);
  opts.memory = -1;
  CHECK_STATUS(tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, A, 0, C, &opts), TARTAN_ERR_ARG);
  opts.memory = 0;
  opts.panel = -1;
  CHECK_STATUS(tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, A, 0, C, &opts), TARTAN_ERR_ARG);
  CHECK_EQ(matrix_count_wrong(C, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&D);
  tartan_matrix_destroy(&F);
}

int main(int argc, char **argv)
{
  static const int64_t sizes[8] = {0, 1, 2, 7, 13, 37, 64, 65};
  tartan_grid         *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_systematic(grid, sizes);
  for (int round = 0; round < 100; round++) {
    update u = draw(sizes[check_pick(8)], sizes[check_pick(8)]);

    draw_layouts(grid, &u);
    test_update(grid, &u);
  }
  test_tall(grid);
  test_against_gemm(grid);
  test_misfits(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
