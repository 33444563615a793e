// TEST: np=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 labels=numeric,oper timeout=120
/*
 * What a Gram pass moves, as planned and as counted: the same to the word for tall and short, narrow and wide matrices, on any
 * number of ranks.
 */
#include <math.h>

#include <tartan/operator.h>

#include "check.h"
#include "matrices.h"
#include "oper/gram.h"
#include "world.h"

static void check_pass(tartan_grid *grid, int64_t m, int64_t n, bool center)
{
  const tartan_matrix_opts rows = layout_row_slabs(m, n, check_size());
  const tt_gram_opts       opts = {.center = center};
  uint64_t                 seed = check_seed();
  tartan_matrix           *A = matrix_make(grid, TARTAN_F64, m, n, &rows, fill_random, &seed);
  tartan_operator         *op = NULL;
  tt_gram_result           r = {0};
  tt_gram_plan             plan;
  tartan_cost              cost = {0};

  check_context("%lld x %lld, %s", (long long)m, (long long)n, center ? "centered" : "as it is");
  if (CHECK_OK(tartan_operator_from_matrix(A, &op))) {
    CHECK_OK(tt_gram_plan_make(op, &opts, check_size(), 1, 0, &plan));
    tartan_grid_cost_reset(grid);
    CHECK_OK(tt_gram(op, &opts, &plan, &r));
    CHECK_OK(tartan_grid_cost(grid, &cost));
    CHECK(cost.words == plan.words); /* whole numbers below 2^53 */
    if (cost.words != plan.words) printf("planned %.0f words, moved %.0f\n", plan.words, cost.words);
  }
  tt_free(r.mean);
  tartan_matrix_destroy(&r.G);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
}

/* On one rank, for as many as there are: words of the plan that they make themselves. */
static void check_alone(tartan_grid *grid, int64_t m, int64_t n, bool center)
{
  const tt_gram_opts opts = {.center = center};
  tartan_operator    op = {.m = m, .n = n, .element = TT_EL_F64, .stored = TT_EL_F64};
  tartan_grid       *self = NULL;
  tt_gram_plan       here, alone;

  check_context("%lld x %lld, %s, planned alone", (long long)m, (long long)n, center ? "centered" : "as it is");
  if (!CHECK_OK(tartan_grid_create(MPI_COMM_SELF, NULL, &self))) return;
  op.grid = grid;
  CHECK_OK(tt_gram_plan_make(&op, &opts, check_size(), 1, 0, &here));
  op.grid = self;
  CHECK_OK(tt_gram_plan_make(&op, &opts, check_size(), 1, 0, &alone));
  CHECK(here.words == alone.words);
  CHECK(here.flops == alone.flops && here.memory == alone.memory);
  tartan_grid_destroy(&self);
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{1, 1}, {3, 40}, {20000, 7}, {9000, 130}, {5000, 300}, {700, 777}};
  tartan_grid         *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int center = 0; center < 2; center++) {
      check_pass(grid, shapes[s][0], shapes[s][1], center);
      check_alone(grid, 100 * shapes[s][0], 3 * shapes[s][1], center);
    }
  tartan_grid_destroy(&grid);
  return check_finish();
}
