// TEST: np=1,2,3,4,6,8,16 labels=numeric,blas timeout=120
/*
 * What tartan_syrk moves. A of 256 x 2048 that is split along the inner dimension: at most 1.05 of the bound, n(n-1)/2
 * words less what is resident; what brings A or C to or from another layout is counted apart. Planned words, messages,
 * flops and memory hold; elements are small integers, so that C can be asked for its bits.
 */
#include <math.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "matrices.h"

#define N 256
#define K 2048

static double fill_a(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return (double)((3 * i + 5 * j + i * j) % 7 - 3);
}

static double fill_at(int64_t i, int64_t j, void *unused)
{
  return fill_a(j, i, unused);
}

/* Every fifth element: wrong ones of the triangle on this rank, and changed ones of the other, fill_place's. */
static int64_t wrong_elements(const tartan_matrix *C, tartan_uplo uplo, int64_t k)
{
  int64_t mloc, nloc, wrong = 0;

  tartan_matrix_local(C, NULL, &mloc, &nloc);
  for (int64_t jl = 0; jl < nloc; jl++)
    for (int64_t il = 0; il < mloc; il++) {
      const int64_t i = tartan_matrix_global_row(C, il), j = tartan_matrix_global_col(C, jl);
      double        sum = 0;

      if ((i + 3 * j) % 5 != 0) continue;
      if (uplo == TARTAN_LOWER ? i < j : i > j)
        sum = fill_place(i, j, NULL);
      else
        for (int64_t l = 0; l < k; l++) sum += fill_a(i, l, NULL) * fill_a(j, l, NULL);
      wrong += matrix_local_get(C, il, jl) != sum;
    }
  return wrong;
}

/* Runs an update and holds it against its plan; *cost: what was measured. */
static void check_run(tartan_grid *grid, const char *what, tartan_uplo uplo, tartan_op op, const tartan_matrix *A,
                      int64_t k, tartan_matrix *C, const tartan_gemm_opts *opts, tartan_cost *cost)
{
  tartan_cost plan;
  int64_t     used, after, peak;

  check_context("%s, %s", what, uplo == TARTAN_LOWER ? "lower" : "upper");
  memset(cost, 0, sizeof *cost);
  if (!CHECK_OK(tartan_syrk_plan(uplo, op, A, C, opts, &plan))) return;
  check_context(
      "%s, %s: plan %d x %d x %d, %.9g words, %.9g redistributed, bound %.9g, %g messages, %.9g bytes, \"%s\"", what,
      uplo == TARTAN_LOWER ? "lower" : "upper", plan.grid[0], plan.grid[1], plan.grid[2], plan.words,
      plan.words_redistributed, plan.words_bound, plan.messages, plan.memory, plan.reason);
  tartan_grid_cost_reset(grid);
  tartan_grid_memory(grid, &used, NULL, NULL);
  CHECK_OK(tartan_syrk(uplo, op, 1, A, 0, C, opts));
  tartan_grid_memory(grid, &after, &peak, NULL);
  CHECK_OK(tartan_grid_cost(grid, cost));
  CHECK_EQ(after, used);
  CHECK_LE((double)(peak - used), plan.memory);
  CHECK_LE(cost->words, plan.words);
  CHECK_LE(0.99 * plan.words, cost->words);
  CHECK_LE(cost->words_redistributed, plan.words_redistributed);
  CHECK_LE(cost->messages, plan.messages);
  CHECK_LE(cost->flops, plan.flops);
  CHECK_EQ(wrong_elements(C, uplo, k), 0);
}

/* A [n, k] or its transpose in a layout. */
static tartan_matrix *operand(tartan_grid *grid, tartan_op op, const tartan_matrix_opts *opts)
{
  return op == TARTAN_TRANS ? matrix_make(grid, TARTAN_F64, K, N, opts, fill_at, NULL)
                            : matrix_make(grid, TARTAN_F64, N, K, opts, fill_a, NULL);
}

/* Split along k, every rank with its own columns of A: slabs, or cyclic blocks. */
static void test_split(tartan_grid *grid, tartan_uplo uplo, tartan_op op, int64_t block)
{
  const int          P = tartan_grid_size(grid);
  const double       bound = 0.5 * N * (N - 1) * (1 - 1.0 / P);
  tartan_matrix_opts cols = layout_of(N, block, 1, P, 0, 0), rows = layout_of(block, N, P, 1, 0, 0);
  tartan_matrix     *A = operand(grid, op, op == TARTAN_TRANS ? &rows : &cols);
  tartan_matrix     *C = matrix_make(grid, TARTAN_F64, N, N, NULL, fill_place, NULL);
  tartan_gemm_opts   opts = TARTAN_GEMM_OPTS_INIT;
  tartan_cost        cost;

  check_run(grid, op == TARTAN_TRANS ? "transposed, split along k" : "split along k", uplo, op, A, K, C, &opts, &cost);
  CHECK_LE(cost.words, 1.05 * bound);
  CHECK_LE(cost.words_redistributed, 0.5 * N * (N + 1)); /* the triangle's way to C; A stays */
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&C);
}

/* From layouts in which no rank has whole columns of A: the algorithm moves as little, the rest is redistribution. */
static void test_elsewhere(tartan_grid *grid)
{
  const int                P = tartan_grid_size(grid);
  const double             bound = 0.5 * N * (N - 1) * (1 - 1.0 / P);
  const tartan_matrix_opts layouts[] = {layout_of(64, 64, 0, 0, 0, 0), layout_row_slabs(N, K, P)};

  for (int l = 0; l < 2; l++) {
    tartan_matrix   *A = operand(grid, TARTAN_NO_TRANS, &layouts[l]);
    tartan_matrix   *C = matrix_make(grid, TARTAN_F64, N, N, NULL, fill_place, NULL);
    tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
    tartan_cost      cost;

    check_run(grid, l == 0 ? "blocks of 64" : "slabs of rows", TARTAN_UPPER, TARTAN_NO_TRANS, A, K, C, &opts, &cost);
    /* never more in all than every element of A once and a square */
    CHECK_LE(cost.words + cost.words_redistributed, 1.1 * N * K / P + 2 * bound + N * N);
    tartan_matrix_destroy(&A);
    tartan_matrix_destroy(&C);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int v = 0; v < 4; v++)
    test_split(grid, (tartan_uplo)(v & 1), (tartan_op)(v >> 1), v % 2 ? 64 : (K + check_size() - 1) / check_size());
  test_elsewhere(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
