// TEST: np=1,2,3,4,6 labels=numeric,blas
/*
 * tartan_syrk against long double, by the gate of a product; only the wanted triangle is read or written. It agrees with
 * tartan_gemm.
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

static double residual(double found, tartan_op op, const dense *A, double alpha, double beta, double old, int64_t i,
                       int64_t j)
{
  const int64_t k = op == TARTAN_TRANS ? A->m : A->n;
  long double   sum = 0, size = 0;

  for (int64_t l = 0; l < k; l++) {
    const long double x = op == TARTAN_TRANS ? (long double)AT(*A, l, i) * AT(*A, l, j)
                                             : (long double)AT(*A, i, l) * AT(*A, j, l);

    sum += x;
    size += fabsl(x);
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

/* C is a window of a larger matrix; the triangle that is not meant and the surroundings hold other values or NaN. */
static double old_value(int64_t i, int64_t j, void *seed)
{
  return fill_random(i, j, seed);
}

static double not_a_number(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return NAN;
}

static void test_update(tartan_grid *grid, tartan_dtype dtype, tartan_uplo uplo, tartan_op op, int64_t n, int64_t k,
                        const tartan_matrix_opts layout[2])
{
  static const double scalars[][2] = {{1, 0}, {-0.5, 1}, {2, -0.25}, {0, 0.5}, {0, 0}};
  const int           s = (int)check_pick(5);
  const double        alpha = scalars[s][0], beta = scalars[s][1];
  const int64_t       at = check_pick(3) * 5, M = at + n + check_pick(3);
  uint64_t            seed = check_seed();
  dense          A = op == TARTAN_TRANS ? dense_make(k, n, fill_random, &seed) : dense_make(n, k, fill_random, &seed);
  tartan_matrix *a = matrix_of(grid, dtype, &A, &layout[0]), *c = NULL;
  tartan_matrix *whole = matrix_make(grid, dtype, M, M, &layout[1], beta == 0 ? not_a_number : old_value, &seed);
  dense          after;
  double         worst = 0;
  int64_t        changed = 0;
  char           text[2][96];

  check_context("%s n=%lld k=%lld, %s, op %d, alpha %g, beta %g; A %s; C %s", tartan_dtype_name(dtype), (long long)n,
                (long long)k, uplo == TARTAN_LOWER ? "lower" : "upper", op, alpha, beta,
                layout_text(&layout[0], text[0]), layout_text(&layout[1], text[1]));
  CHECK_OK(tartan_matrix_view(whole, at, at, n, n, &c));
  CHECK_OK(tartan_syrk(uplo, op, alpha, a, beta, c));
  after = dense_of(whole);
  for (int64_t j = 0; j < M; j++)
    for (int64_t i = 0; i < M; i++) {
      const int64_t wi = i - at, wj = j - at;
      const bool    inside = wi >= 0 && wi < n && wj >= 0 && wj < n && (uplo == TARTAN_LOWER ? wi >= wj : wi <= wj);
      const double  old = old_value(i, j, &seed), found = AT(after, i, j);

      if (inside) {
        const double r = residual(found, op, &A, alpha, beta, old, wi, wj);

        worst = r > worst || isnan(r) ? r : worst;
      } else {
        changed += beta == 0 ? !isnan(found) : found != old;
      }
    }
  CHECK_LE(worst, gate(dtype, k));
  CHECK_EQ(changed, 0);
  dense_free(&after);
  dense_free(&A);
  tartan_matrix_destroy(&c);
  tartan_matrix_destroy(&whole);
  tartan_matrix_destroy(&a);
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
  CHECK_OK(tartan_syrk(TARTAN_UPPER, TARTAN_NO_TRANS, 1, A, 0, C));
  CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_TRANS, A, 0, D));
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
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 4, 5, NULL, fill_place, NULL);
  tartan_matrix *C = matrix_make(grid, TARTAN_F64, 4, 4, NULL, fill_place, NULL);
  tartan_matrix *D = matrix_make(grid, TARTAN_F64, 4, 5, NULL, fill_place, NULL);
  tartan_matrix *F = matrix_make(grid, TARTAN_F32, 4, 4, NULL, fill_place, NULL);

  check_context("operands that do not fit");
  CHECK_STATUS(tartan_syrk(TARTAN_LOWER, TARTAN_TRANS, 1, A, 0, C), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, A, 0, D), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, A, 0, F), TARTAN_ERR_DTYPE);
  CHECK_EQ(matrix_count_wrong(C, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&D);
  tartan_matrix_destroy(&F);
}

int main(int argc, char **argv)
{
  static const int64_t blocks[] = {1, 3, 8, 64}, sizes[] = {0, 1, 2, 7, 13, 37, 64, 65};
  tartan_grid         *grid;
  int                  arrangement[8][2], grids;

  check_start(&argc, &argv);
  grid = grid_world();
  grids = grid_list(grid, arrangement);
  for (int b = 0; b < 4; b++)
    for (int g = 0; g < grids; g++)
      for (int v = 0; v < 4; v++) {
        const tartan_matrix_opts o = layout_of(blocks[b], blocks[b], arrangement[g][0], arrangement[g][1], 0, 0);
        const tartan_matrix_opts layout[2] = {o, o};

        test_update(grid, (tartan_dtype)check_pick(2), (tartan_uplo)(v & 1), (tartan_op)(v >> 1), sizes[check_pick(8)],
                    sizes[check_pick(8)], layout);
      }
  for (int round = 0; round < 60; round++) {
    const tartan_matrix_opts layout[2] = {layout_random(grid), layout_random(grid)};

    test_update(grid, (tartan_dtype)check_pick(2), (tartan_uplo)check_pick(2), (tartan_op)check_pick(2),
                sizes[check_pick(8)], sizes[check_pick(8)], layout);
  }
  test_against_gemm(grid);
  test_misfits(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
