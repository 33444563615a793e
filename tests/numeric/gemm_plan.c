// TEST: np=1,2,3,4,6,8,16 labels=numeric,blas timeout=240
/*
 * Plans of products, and what was moved afterwards, on small shapes: words, messages, flops and memory as planned, nothing
 * redistributed where operands lie as the plan wants them, exactly the planned words where they do not. Elements are small
 * integers, so that every sum is exact and C can be asked for its bits.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "matrices.h"

typedef struct shape {
  int64_t m, n, k;
} shape;

static tartan_gemm_opts options(int p1, int p2, int p3)
{
  tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;

  opts.p1 = p1;
  opts.p2 = p2;
  opts.p3 = p3;
  return opts;
}

static double fill_a(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return (double)((3 * i + 5 * j + i * j) % 7 - 3);
}

static double fill_b(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return (double)((2 * i + j) % 5 - 2);
}

/* Every fifth element of this rank: those that are not factor times the product's. */
static int64_t wrong_elements(const tartan_matrix *C, int64_t k, double factor)
{
  int64_t mloc, nloc, wrong = 0;

  tartan_matrix_local(C, NULL, &mloc, &nloc);
  for (int64_t jl = 0; jl < nloc; jl++)
    for (int64_t il = 0; il < mloc; il++) {
      const int64_t i = tartan_matrix_global_row(C, il), j = tartan_matrix_global_col(C, jl);
      double        sum = 0;

      if ((i + 3 * j) % 5 != 0) continue;
      for (int64_t l = 0; l < k; l++) sum += fill_a(i, l, NULL) * fill_b(l, j, NULL);
      wrong += matrix_local_get(C, il, jl) != factor * sum;
    }
  return wrong;
}

static void say(const char *what, const shape *s, const tartan_gemm_opts *o, const tartan_cost *plan)
{
  check_context(
      "%s: %lld x %lld x %lld, asked for %d x %d x %d, panel %lld, memory %lld, overlap %d; plan %d x %d x %d, "
      "%.9g words, %.9g redistributed, %g messages, %.9g bytes, \"%s\"",
      what, (long long)s->m, (long long)s->n, (long long)s->k, o->p1, o->p2, o->p3, (long long)o->panel,
      (long long)o->memory, (int)o->overlap, plan->grid[0], plan->grid[1], plan->grid[2], plan->words,
      plan->words_redistributed, plan->messages, plan->memory, plan->reason);
}

/* C := A B, then C := A B + C: the figures of both are those of the plan. */
static void check_run(tartan_grid *grid, const char *what, const shape *s, const tartan_gemm_opts *opts,
                      const tartan_matrix *A, const tartan_matrix *B, tartan_matrix *C, const tartan_cost *plan)
{
  for (int run = 0; run < 2; run++) {
    tartan_cost cost;
    int64_t     used, after, peak;

    say(what, s, opts, plan);
    tartan_grid_cost_reset(grid);
    tartan_grid_memory(grid, &used, NULL, NULL);
    if (!CHECK_OK(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, B, run, C, opts))) return;
    tartan_grid_memory(grid, &after, &peak, NULL);
    CHECK_EQ(after, used);
    CHECK_LE((double)(peak - used), plan->memory);
    if (opts->memory > 0) CHECK_LE((double)(peak - used), (double)opts->memory);
    if (!CHECK_OK(tartan_grid_cost(grid, &cost))) return;
    CHECK_LE(cost.words, plan->words);
    CHECK_LE(0.99 * plan->words, cost.words);
    CHECK_EQ(cost.words_redistributed, plan->words_redistributed);
    CHECK_LE(cost.messages, plan->messages);
    CHECK_LE(cost.flops, plan->flops);
    if (plan->words_redistributed == 0) CHECK_LE(0.99 * plan->flops, cost.flops);
    CHECK_EQ(wrong_elements(C, s->k, run + 1), 0);
  }
}

/* Operands as the plan wants them. Returns the memory of the plan, 0 after a failure. */
static double test_own_layout(tartan_grid *grid, const shape *s, tartan_dtype dtype, const tartan_gemm_opts *opts)
{
  tartan_matrix *A = NULL, *B = NULL, *C = NULL;
  tartan_cost    plan = {0}, before = {0};

  say("own layout", s, opts, &plan);
  if (!CHECK_OK(tartan_gemm_predict(grid, dtype, s->m, s->n, s->k, opts, &before))) return 0;
  if (!CHECK_OK(tartan_gemm_operands(grid, dtype, s->m, s->n, s->k, opts, &A, &B, &C))) return 0;
  CHECK_OK(tartan_gemm_plan(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, B, C, opts, &plan));
  say("own layout", s, opts, &plan);
  CHECK_EQ(plan.words_redistributed, 0);
  CHECK_EQ(plan.words, before.words);
  CHECK_EQ(plan.memory, before.memory);
  for (int d = 0; d < 3; d++) CHECK_EQ(plan.grid[d], before.grid[d]);
  if (opts->memory > 0) CHECK_LE(plan.memory, (double)opts->memory);
  tartan_matrix_fill(A, fill_a, NULL);
  tartan_matrix_fill(B, fill_b, NULL);
  check_run(grid, "own layout", s, opts, A, B, C, &plan);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  return plan.memory;
}

/* Operands anywhere: what the plan says of their way is what moves. */
static void test_other_layout(tartan_grid *grid, const shape *s, tartan_dtype dtype, const tartan_gemm_opts *opts,
                              const tartan_matrix_opts layout[3])
{
  tartan_matrix *A = matrix_make(grid, dtype, s->m, s->k, &layout[0], fill_a, NULL);
  tartan_matrix *B = matrix_make(grid, dtype, s->k, s->n, &layout[1], fill_b, NULL);
  tartan_matrix *C = matrix_make(grid, dtype, s->m, s->n, &layout[2], fill_place, NULL);
  tartan_cost    plan = {0};
  char           text[3][96], what[320];

  snprintf(what, sizeof what, "A %s; B %s; C %s", layout_text(&layout[0], text[0]), layout_text(&layout[1], text[1]),
           layout_text(&layout[2], text[2]));
  say(what, s, opts, &plan);
  if (A && B && C && CHECK_OK(tartan_gemm_plan(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, B, C, opts, &plan)))
    check_run(grid, what, s, opts, A, B, C, &plan);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
}

/* The largest of the sizes "12.5 MiB" in a text, in bytes. */
static int64_t size_in(const char *text)
{
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double                   largest = 0;

  for (const char *c = text; *c; c++) {
    char  *behind;
    double value;

    if (!isdigit((unsigned char)*c) || (c > text && (isdigit((unsigned char)c[-1]) || c[-1] == '.'))) continue;
    value = strtod(c, &behind);
    for (int u = 0; u < 5; u++) {
      const size_t length = strlen(units[u]);

      if (*behind == ' ' && strncmp(behind + 1, units[u], length) == 0 && !isalpha((unsigned char)behind[1 + length]))
        largest = fmax(largest, value * pow(1024, u));
    }
    if (strncmp(behind, " bytes", 6) == 0) largest = fmax(largest, value);
  }
  return (int64_t)largest;
}

/* Less and less memory: the plan keeps to it, or refuses with a size, and that size does. */
static void test_caps(tartan_grid *grid, const shape *s)
{
  tartan_gemm_opts opts = options(0, 0, 0);
  double           memory = test_own_layout(grid, s, TARTAN_F64, &opts);
  tartan_status    st = TARTAN_OK;

  for (opts.memory = (int64_t)memory; st == TARTAN_OK && opts.memory > 0; opts.memory /= 3) {
    tartan_cost plan;

    st = tartan_gemm_predict(grid, TARTAN_F64, s->m, s->n, s->k, &opts, &plan);
    if (st == TARTAN_OK) test_own_layout(grid, s, TARTAN_F64, &opts);
  }
  if (st == TARTAN_OK) return; /* one rank needs nothing */
  CHECK_STATUS(st, TARTAN_ERR_NOMEM);
  check_context("%lld x %lld x %lld with %lld bytes: \"%s\"", (long long)s->m, (long long)s->n, (long long)s->k,
                (long long)opts.memory * 3, tartan_error_message());
  opts.memory = size_in(tartan_error_message());
  if (CHECK(opts.memory > 0)) CHECK(test_own_layout(grid, s, TARTAN_F64, &opts) > 0);
}

/* Every grid of so many ranks that fits, idle ranks included, on one shape. */
static void test_grids(tartan_grid *grid, const shape *s)
{
  const int P = tartan_grid_size(grid);

  for (int p1 = 1; p1 <= P; p1++)
    for (int p2 = 1; p1 * p2 <= P; p2++)
      for (int p3 = 1; p1 * p2 * p3 <= P; p3++) {
        tartan_gemm_opts opts = options(p1, p2, p3);

        if (P > 6 && (p1 * p2 * p3 != P || p1 > 4 || p2 > 4 || p3 > 4)) continue;
        opts.panel = check_pick(2) * 5;
        opts.overlap = (tartan_choice)check_pick(3);
        test_own_layout(grid, s, (tartan_dtype)check_pick(2), &opts);
      }
}

static void test_layouts(tartan_grid *grid, const shape *s)
{
  const int                P = tartan_grid_size(grid);
  const tartan_gemm_opts   opts = options(0, 0, 0);
  const tartan_matrix_opts cyclic = layout_of(64, 64, 0, 0, 0, 0);
  const tartan_matrix_opts blocks[3] = {cyclic, cyclic, cyclic};
  const tartan_matrix_opts slabs[3] = {layout_row_slabs(s->m, s->k, P), layout_row_slabs(s->k, s->n, P),
                                       layout_row_slabs(s->m, s->n, P)};
  tartan_matrix_opts       any[3];
  int                      ranks[3][LAYOUT_RANKS_MAX];

  test_other_layout(grid, s, TARTAN_F64, &opts, blocks);
  test_other_layout(grid, s, TARTAN_F32, &opts, slabs);
  for (int x = 0; x < 3; x++) {
    any[x] = layout_random(grid);
    layout_draw_ranks(grid, &any[x], ranks[x]);
  }
  test_other_layout(grid, s, TARTAN_F64, &opts, any);
}

int main(int argc, char **argv)
{
  static const shape shapes[] = {{96, 96, 96},   {1200, 24, 24}, {24, 1200, 24}, {24, 24, 1200},
                                 {200, 200, 10}, {16, 16, 3000}, {37, 53, 71},   {1, 1, 500},
                                 {500, 1, 1},    {3, 5, 2},      {40, 30, 0},    {0, 7, 9}};
  tartan_grid       *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    const tartan_gemm_opts planned = options(0, 0, 0);

    test_own_layout(grid, &shapes[s], (tartan_dtype)(s % 2), &planned);
    if (check_size() <= 6 || s % 3 == 0) test_layouts(grid, &shapes[s]);
    if (s == 0 || (s == 3 && check_size() <= 8)) test_caps(grid, &shapes[s]);
  }
  test_grids(grid, &shapes[0]);
  if (check_size() <= 6) test_grids(grid, &shapes[6]);
  tartan_grid_destroy(&grid);
  return check_finish();
}
