// TEST: np=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 labels=numeric,blas timeout=120
/*
 * Words of a product as planned and as counted: the same to the word on any number of ranks, flat grids and grids with layers,
 * from operands that lie as the plan wants them, in slabs of rows and block-cyclic.
 */
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "matrices.h"
#include "world.h"

typedef struct shape {
  int64_t m, n, k;
} shape;

static void check_run(const char *what, const shape *s, const tartan_gemm_opts *o, tartan_matrix *const x[3])
{
  tartan_grid *grid = tartan_matrix_grid(x[2]);
  tartan_cost  plan, cost;

  if (!CHECK_OK(tartan_gemm_plan(TARTAN_NO_TRANS, x[0], TARTAN_NO_TRANS, x[1], x[2], o, &plan))) return;
  check_context("%s, %lld x %lld x %lld on %d x %d x %d ranks", what, (long long)s->m, (long long)s->n, (long long)s->k,
                plan.grid[0], plan.grid[1], plan.grid[2]);
  tartan_grid_cost_reset(grid);
  if (!CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, x[0], TARTAN_NO_TRANS, x[1], 0, x[2], o))) return;
  if (!CHECK_OK(tartan_grid_cost(grid, &cost))) return;
  CHECK(cost.words == plan.words); /* whole numbers */
  CHECK(cost.words_redistributed == plan.words_redistributed);
  if (cost.words != plan.words) printf("planned %.0f words, moved %.0f\n", plan.words, cost.words);
}

static void end(tartan_matrix *x[3])
{
  for (int i = 0; i < 3; i++) tartan_matrix_destroy(&x[i]);
}

/* Operands where the plan wants them. */
static void check_own(tartan_grid *grid, const shape *s, const tartan_gemm_opts *o)
{
  tartan_matrix *x[3] = {NULL, NULL, NULL};
  tartan_cost    before, plan;

  if (CHECK_OK(tartan_gemm_predict(grid, TARTAN_F64, s->m, s->n, s->k, o, &before)) &&
      CHECK_OK(tartan_gemm_operands(grid, TARTAN_F64, s->m, s->n, s->k, o, &x[0], &x[1], &x[2])) &&
      CHECK_OK(tartan_gemm_plan(TARTAN_NO_TRANS, x[0], TARTAN_NO_TRANS, x[1], x[2], o, &plan))) {
    check_context("%lld x %lld x %lld: %d x %d x %d ranks, then %d x %d x %d", (long long)s->m, (long long)s->n,
                  (long long)s->k, before.grid[0], before.grid[1], before.grid[2], plan.grid[0], plan.grid[1],
                  plan.grid[2]);
    if (memcmp(plan.grid, before.grid, sizeof plan.grid) == 0)
      CHECK(plan.words == before.words);
    else /* the least time of operands that are there may be another grid than the fewest words */
      CHECK(o->p1 == 0 && plan.words > before.words);
    check_run("as planned", s, o, x);
  }
  end(x);
}

static void check_laid(tartan_grid *grid, const char *what, const shape *s, const tartan_gemm_opts *o,
                       const tartan_matrix_opts layout[3])
{
  const int64_t  rows[3] = {s->m, s->k, s->m}, cols[3] = {s->k, s->n, s->n};
  tartan_matrix *x[3];

  for (int i = 0; i < 3; i++) x[i] = matrix_make(grid, TARTAN_F64, rows[i], cols[i], &layout[i], fill_place, NULL);
  if (x[0] && x[1] && x[2]) check_run(what, s, o, x);
  end(x);
}

static void check_all(tartan_grid *grid, const shape *s, const tartan_gemm_opts *o)
{
  const int                P = check_size();
  const tartan_matrix_opts cyclic = layout_of(16, 16, 0, 0, 0, 0), blocks[3] = {cyclic, cyclic, cyclic};
  const tartan_matrix_opts slabs[3] = {layout_row_slabs(s->m, s->k, P), layout_row_slabs(s->k, s->n, P),
                                       layout_row_slabs(s->m, s->n, P)};

  check_own(grid, s, o);
  check_laid(grid, "block-cyclic", s, o, blocks);
  check_laid(grid, "slabs of rows", s, o, slabs);
}

/* The planner's choice, then every grid of all ranks, flat or with layers. */
int main(int argc, char **argv)
{
  static const shape shapes[] = {{96, 96, 96}, {37, 53, 71}, {1200, 24, 24}, {24, 24, 1200}, {200, 200, 10}, {5, 3, 2}};
  tartan_grid       *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    const int        P = check_size();
    tartan_gemm_opts o = TARTAN_GEMM_OPTS_INIT;

    check_all(grid, &shapes[s], &o);
    for (o.p1 = 1; o.p1 <= P && s < 2; o.p1++)
      for (o.p2 = 1; o.p1 * o.p2 <= P; o.p2++) {
        o.p3 = P / (o.p1 * o.p2);
        if (o.p1 * o.p2 * o.p3 == P) check_all(grid, &shapes[s], &o);
      }
  }
  tartan_grid_destroy(&grid);
  return check_finish();
}
