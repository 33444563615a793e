// TEST: np=1,2,3,4,6 labels=numeric,blas
/*
 * What tartan_gemm refuses, and with which status: operands that do not fit, options that cannot be, too little memory.
 * The same on every rank, and C is unchanged. And what it must not refuse: NaN where the mathematics has it.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "matrices.h"

#define SIZE 256
#define BUDGET ((int64_t)8 << 20)

/* Square operands in three layouts, so that every grid has to move some of them. */
typedef struct operands {
  tartan_matrix *A, *B, *C;
} operands;

static operands make(tartan_grid *grid)
{
  const int                P = tartan_grid_size(grid);
  const tartan_matrix_opts rows = layout_row_slabs(SIZE, SIZE, P), cols = layout_column_slabs(SIZE, SIZE, P);
  const tartan_matrix_opts blocks = layout_of(8, 8, 0, 0, 0, 0); /* no rank without a part */
  uint64_t                 seed = 3;
  operands                 x;

  x.A = matrix_make(grid, TARTAN_F64, SIZE, SIZE, &rows, fill_random, &seed);
  x.B = matrix_make(grid, TARTAN_F64, SIZE, SIZE, &cols, fill_random, &seed);
  x.C = matrix_make(grid, TARTAN_F64, SIZE, SIZE, &blocks, fill_place, NULL);
  return x;
}

static void end(operands *x)
{
  tartan_matrix_destroy(&x->A);
  tartan_matrix_destroy(&x->B);
  tartan_matrix_destroy(&x->C);
}

/* Every rank returned the same. */
static void check_alike(tartan_status st)
{
  int all[2] = {(int)st, -(int)st};

  MPI_Allreduce(MPI_IN_PLACE, all, 2, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  CHECK_EQ(all[0], -all[1]);
}

/* The call is refused with a status and a message, on all ranks alike; C keeps its bits. */
static void refused(operands *x, const tartan_gemm_opts *opts, tartan_status expected)
{
  tartan_status st;

  tartan_error_clear();
  st = tartan_gemm(1, TARTAN_NO_TRANS, x->A, TARTAN_NO_TRANS, x->B, 0, x->C, opts);
  check_alike(st);
  CHECK_STATUS(st, expected);
  CHECK(strlen(tartan_error_message()) > 0);
  CHECK_EQ(matrix_count_wrong(x->C, fill_place, NULL), 0);
}

static void test_misfits(tartan_grid *grid)
{
  tartan_grid   *other = grid_world();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 4, 5, NULL, fill_place, NULL);
  tartan_matrix *B = matrix_make(grid, TARTAN_F64, 5, 6, NULL, fill_place, NULL);
  tartan_matrix *C = matrix_make(grid, TARTAN_F64, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *F = matrix_make(grid, TARTAN_F32, 5, 6, NULL, fill_place, NULL);
  tartan_matrix *G = matrix_make(other, TARTAN_F64, 5, 6, NULL, fill_place, NULL);

  for (int algorithm = 0; algorithm < 2; algorithm++) {
    tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
    tartan_cost      plan;

    check_context("operands that do not fit, algorithm %d", algorithm);
    opts.algorithm = (tartan_gemm_algorithm)algorithm;
    CHECK_STATUS(tartan_gemm(1, TARTAN_TRANS, A, TARTAN_NO_TRANS, B, 0, C, &opts), TARTAN_ERR_SHAPE);
    CHECK_STATUS(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_TRANS, B, 0, C, &opts), TARTAN_ERR_SHAPE);
    CHECK_STATUS(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, B, 0, A, &opts), TARTAN_ERR_SHAPE);
    CHECK_STATUS(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, F, 0, C, &opts), TARTAN_ERR_DTYPE);
    CHECK_STATUS(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, G, 0, C, &opts), TARTAN_ERR_GRID);
    CHECK_STATUS(tartan_gemm_plan(TARTAN_TRANS, A, TARTAN_NO_TRANS, B, C, &opts, &plan), TARTAN_ERR_SHAPE);
    CHECK_STATUS(tartan_gemm_plan(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, F, C, &opts, &plan), TARTAN_ERR_DTYPE);
    CHECK_STATUS(tartan_gemm_plan(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, G, C, &opts, &plan), TARTAN_ERR_GRID);
    CHECK_EQ(matrix_count_wrong(C, fill_place, NULL), 0);
  }
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&F);
  tartan_matrix_destroy(&G);
  tartan_grid_destroy(&other);
}

/* Grids that do not fit and numbers that mean nothing. */
static void test_options(tartan_grid *grid)
{
  const int P = tartan_grid_size(grid);
  const int grids[][3] = {{P + 1, 1, 1}, {1, P + 1, 1}, {1, 1, P + 1}, {2, 1, P},  {65536, 65536, 1}, {1, 65536, 65536},
                          {1, 0, 0},     {0, 1, 0},     {0, 0, 1},     {0, 1, 1},  {1, 0, 1},         {1, 1, 0},
                          {-1, 1, 1},    {1, -1, 1},    {1, 1, -1},    {-1, -1, 1}};
  operands  x = make(grid);

  for (size_t g = 0; g < sizeof grids / sizeof *grids; g++) {
    tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
    tartan_cost      plan;
    tartan_matrix   *A, *B, *C;

    opts.p1 = grids[g][0];
    opts.p2 = grids[g][1];
    opts.p3 = grids[g][2];
    check_context("grid %d x %d x %d on %d ranks", opts.p1, opts.p2, opts.p3, P);
    refused(&x, &opts, TARTAN_ERR_ARG);
    CHECK_STATUS(tartan_gemm_plan(TARTAN_NO_TRANS, x.A, TARTAN_NO_TRANS, x.B, x.C, &opts, &plan), TARTAN_ERR_ARG);
    CHECK_STATUS(tartan_gemm_predict(grid, TARTAN_F64, 10, 10, 10, &opts, &plan), TARTAN_ERR_ARG);
    CHECK_STATUS(tartan_gemm_operands(grid, TARTAN_F64, 10, 10, 10, &opts, &A, &B, &C), TARTAN_ERR_ARG);
    CHECK(!A && !B && !C);
  }
  for (int w = 0; w < 4; w++) {
    tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

    check_context("option %d out of range", w);
    if (w == 0) opts.panel = -1;
    if (w == 1) opts.memory = -1;
    if (w == 2) opts.algorithm = (tartan_gemm_algorithm)99;
    if (w == 3) opts.overlap = (tartan_choice)99;
    refused(&x, &opts, TARTAN_ERR_ARG);
  }
  end(&x);
}

/* A program built when the struct was shorter: what lies behind its end is not read. */
static void test_short_options(tartan_grid *grid)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
  operands         x = make(grid);

  check_context("options of an older program");
  opts.size = offsetof(tartan_gemm_opts, panel);
  opts.panel = opts.memory = -1;
  opts.overlap = (tartan_choice)99;
  CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, x.A, TARTAN_NO_TRANS, x.B, 0, x.C, &opts));
  end(&x);
}

static void test_negative_shapes(tartan_grid *grid)
{
  check_context("negative sizes");
  for (int w = 0; w < 3; w++) {
    tartan_cost    plan;
    tartan_matrix *A, *B, *C;

    CHECK_STATUS(tartan_gemm_predict(grid, TARTAN_F64, w == 0 ? -1 : 5, w == 1 ? -1 : 5, w == 2 ? -1 : 5, NULL, &plan),
                 TARTAN_ERR_SHAPE);
    CHECK_STATUS(tartan_gemm_operands(grid, TARTAN_F64, w == 0 ? -1 : 5, w == 1 ? -1 : 5, w == 2 ? -1 : 5, NULL, &A, &B,
                                      &C),
                 TARTAN_ERR_SHAPE);
    CHECK(!A && !B && !C);
  }
}

/* 100 bytes beside the operands cannot move 65536 elements between ranks. */
static void test_memory_option(tartan_grid *grid)
{
  operands x = make(grid);

  for (int overlap = 0; overlap < 3 && tartan_grid_size(grid) > 1; overlap++) {
    tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

    check_context("100 bytes of memory by option, overlap %d", overlap);
    opts.memory = 100;
    opts.overlap = (tartan_choice)overlap;
    refused(&x, &opts, TARTAN_ERR_NOMEM);
    opts.p1 = 1;
    opts.p2 = 1;
    opts.p3 = tartan_grid_size(grid);
    refused(&x, &opts, TARTAN_ERR_NOMEM);
  }
  end(&x);
}

/* The grid's own budget, which one rank has used up; the others have plenty. */
static void test_memory_limit(void)
{
  for (int algorithm = 0; algorithm < 2; algorithm++)
    for (int rank = 0; rank < check_size() && check_size() > 1; rank++) {
      tartan_grid_opts   grid_opts = TARTAN_GRID_OPTS_INIT;
      tartan_gemm_opts   opts = TARTAN_GEMM_OPTS_INIT;
      tartan_matrix_opts there;
      tartan_grid       *grid = NULL;
      operands           x;
      tartan_matrix     *rest = NULL;
      int64_t            used, fill;

      check_context("no budget left on rank %d, algorithm %d", rank, algorithm);
      opts.algorithm = (tartan_gemm_algorithm)algorithm;
      grid_opts.memory_limit = BUDGET;
      if (!CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, &grid_opts, &grid))) return;
      x = make(grid);
      tartan_grid_memory(grid, &used, NULL, NULL);
      MPI_Bcast(&used, 1, MPI_INT64_T, rank, MPI_COMM_WORLD);
      fill = (BUDGET - used - 2000) / 8;
      there = layout_of(fill, 1, 1, 1, 0, 0);
      there.ranks = &rank;
      CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, fill, 1, &there, &rest));
      refused(&x, &opts, TARTAN_ERR_NOMEM);
      tartan_matrix_destroy(&rest);
      CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, x.A, TARTAN_NO_TRANS, x.B, 0, x.C, &opts));
      end(&x);
      tartan_grid_destroy(&grid);
    }
}

/* One NaN in A makes one row of C NaN and no other element, on every grid. */
static void test_not_finite(tartan_grid *grid)
{
  const int P = tartan_grid_size(grid);

  for (int p1 = 1; p1 <= P; p1++)
    for (int p2 = 1; p1 * p2 <= P; p2++) {
      tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
      operands         x = make(grid);
      dense            c;
      int64_t          wrong = 0;
      const int64_t    i = tartan_matrix_local_row(x.A, 17), l = tartan_matrix_local_col(x.A, 40);
      int64_t          ld;
      double          *a = tartan_matrix_local(x.A, &ld, NULL, NULL);

      opts.p1 = p1;
      opts.p2 = p2;
      opts.p3 = P / (p1 * p2);
      check_context("a NaN in A, grid %d x %d x %d", opts.p1, opts.p2, opts.p3);
      if (i >= 0 && l >= 0) a[i + l * ld] = NAN;
      CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, x.A, TARTAN_NO_TRANS, x.B, 0, x.C, &opts));
      c = dense_of(x.C);
      for (int64_t e = 0; e < SIZE * SIZE; e++) wrong += (e % SIZE == 17) != isnan(c.a[e]);
      CHECK_EQ(wrong, 0);
      dense_free(&c);
      end(&x);
    }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_misfits(grid);
  test_options(grid);
  test_short_options(grid);
  test_negative_shapes(grid);
  test_memory_option(grid);
  test_memory_limit();
  test_not_finite(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
