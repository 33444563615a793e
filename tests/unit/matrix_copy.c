// TEST: np=1,2,3,4,6 labels=unit,matrix
/*
 * Copies between random layouts: the values, what must stay untouched, there and back to the same bits, and the words,
 * which are exactly the elements that change their rank.
 */
#include <string.h>

#include "check.h"
#include "comm/grid.h"
#include "matrices.h"

/* A matrix, and a window of it. */
typedef struct windowed {
  tartan_matrix_opts opts;
  tartan_dtype       dtype;
  int64_t            M, N, i0, j0, m, n;
  tartan_matrix     *whole, *window;
} windowed;

/* A random layout with a window of m x n somewhere inside. */
static windowed draw(tartan_grid *grid, int64_t m, int64_t n, tartan_fill *fill, void *context)
{
  const int64_t margin = check_pick(2) * 20;
  windowed      w = {.opts = layout_random(grid), .dtype = (tartan_dtype)check_pick(2), .m = m, .n = n};

  w.i0 = check_pick(margin + 1);
  w.j0 = check_pick(margin + 1);
  w.M = w.i0 + m + check_pick(margin + 1);
  w.N = w.j0 + n + check_pick(margin + 1);
  w.whole = matrix_make(grid, w.dtype, w.M, w.N, &w.opts, fill, context);
  w.window = NULL;
  if (w.whole) CHECK_OK(tartan_matrix_view(w.whole, w.i0, w.j0, m, n, &w.window));
  return w;
}

static void end(windowed *w)
{
  tartan_matrix_destroy(&w->window);
  tartan_matrix_destroy(&w->whole);
}

/* What B should hold after B := op(A), element by element; -1 where B was not written. */
typedef struct expectation {
  const windowed *A, *B;
  tartan_op       op;
  uint64_t        seed;
} expectation;

static double source_value(const expectation *x, int64_t i, int64_t j)
{
  const double v = fill_random(i + x->A->i0, j + x->A->j0, (void *)&x->seed) + 1e-9; /* not exact in f32 */

  return x->A->dtype == TARTAN_F32 ? (double)(float)v : v;
}

static double fill_source(int64_t i, int64_t j, void *seed)
{
  return fill_random(i, j, seed) + 1e-9;
}

static double fill_minus_one(int64_t i, int64_t j, void *unused)
{
  (void)i, (void)j, (void)unused;
  return -7;
}

static double expected_value(int64_t i, int64_t j, void *context)
{
  const expectation *x = context;
  const int64_t      wi = i - x->B->i0, wj = j - x->B->j0;

  if (wi < 0 || wi >= x->B->m || wj < 0 || wj >= x->B->n) return -7;
  return x->op == TARTAN_TRANS ? source_value(x, wj, wi) : source_value(x, wi, wj);
}

/* Elements that this rank must send and receive, counted one by one. */
static void brute_force_words(const expectation *x, int64_t *sent, int64_t *received)
{
  const windowed *A = x->A, *B = x->B;

  *sent = *received = 0;
  for (int64_t j = 0; j < B->n; j++)
    for (int64_t i = 0; i < B->m; i++) {
      const int64_t ai = x->op == TARTAN_TRANS ? j : i, aj = x->op == TARTAN_TRANS ? i : j;
      const int     from = layout_owner(&A->opts, A->i0 + ai, A->j0 + aj);
      const int     to = layout_owner(&B->opts, B->i0 + i, B->j0 + j);

      *sent += from != to && from == check_rank();
      *received += from != to && to == check_rank();
    }
}

static void test_round(tartan_grid *grid, int round)
{
  static const int64_t sizes[] = {0, 1, 2, 7, 8, 9, 20, 37};
  const int64_t        m = sizes[check_pick(8)], n = sizes[check_pick(8)];
  const tartan_op      op = (tartan_op)check_pick(2);
  uint64_t             seed = check_seed() * 1000003 + (uint64_t)round;
  windowed             A = draw(grid, op == TARTAN_TRANS ? n : m, op == TARTAN_TRANS ? m : n, fill_source, &seed);
  windowed             B = draw(grid, m, n, fill_minus_one, NULL);
  expectation          x = {&A, &B, op, seed};
  char                 ta[96], tb[96];
  int64_t              sent, received;

  check_context(
      "round %d: %s %lld x %lld at (%lld, %lld) of %lld x %lld, %s -> %s %lld x %lld at (%lld, %lld), %s, op %d", round,
      tartan_dtype_name(A.dtype), (long long)A.m, (long long)A.n, (long long)A.i0, (long long)A.j0, (long long)A.M,
      (long long)A.N, layout_text(&A.opts, ta), tartan_dtype_name(B.dtype), (long long)m, (long long)n, (long long)B.i0,
      (long long)B.j0, layout_text(&B.opts, tb), op);
  if (!A.window || !B.window) return;
  tartan_grid_cost_reset(grid);
  CHECK_OK(tartan_matrix_copy(op, A.window, B.window));
  brute_force_words(&x, &sent, &received);
  CHECK_EQ(grid->counters.words_sent, sent);
  CHECK_EQ(grid->counters.words_received, received);
  CHECK_EQ(grid->counters.layout_sent, sent);
  CHECK_EQ(grid->counters.layout_received, received);
  CHECK_EQ(matrix_count_wrong(B.whole, expected_value, &x), 0);
  CHECK_EQ(matrix_count_wrong(A.whole, fill_source, &seed), 0);
  end(&A);
  end(&B);
}

/* A -> B -> A by way of another layout, transposed both times or not: the same bits, f32 kept in f64. */
static void test_there_and_back(tartan_grid *grid, int round)
{
  const int64_t   m = check_pick(60), n = check_pick(60);
  const tartan_op op = (tartan_op)check_pick(2);
  uint64_t        seed = check_seed() + (uint64_t)round;
  windowed        A = draw(grid, m, n, fill_random, &seed); /* values that f32 holds exactly */
  windowed        B = draw(grid, op == TARTAN_TRANS ? n : m, op == TARTAN_TRANS ? m : n, fill_minus_one, NULL);
  dense           before, after;

  check_context("there and back, round %d", round);
  if (!A.window || !B.window) return;
  before = dense_of(A.whole);
  CHECK_OK(tartan_matrix_copy(op, A.window, B.window));
  tartan_matrix_set(A.window, 5, 5);
  CHECK_OK(tartan_matrix_copy(op, B.window, A.window));
  after = dense_of(A.whole);
  CHECK(dense_same_bits(&before, &after));
  dense_free(&before);
  dense_free(&after);
  end(&A);
  end(&B);
}

/* More than the 64 MiB of one step. */
static void test_steps(tartan_grid *grid)
{
  const tartan_matrix_opts tall = layout_of(1000, 64, check_size(), 1, 0, 0),
                           wide = layout_of(64, 7, 1, check_size(), 0, 0);
  const int64_t  m = 700001, n = 17;
  tartan_matrix *A = NULL, *B = NULL;
  int64_t        used, peak;

  check_context("a copy in several steps");
  A = matrix_make(grid, TARTAN_F64, m, n, &tall, fill_place, NULL);
  if (!CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, m, n, &wide, &B))) return;
  tartan_grid_cost_reset(grid);
  tartan_grid_memory(grid, &used, NULL, NULL);
  CHECK_OK(tartan_matrix_copy(TARTAN_NO_TRANS, A, B));
  tartan_grid_memory(grid, NULL, &peak, NULL);
  CHECK_LE((double)(peak - used), 80.0 * 1024 * 1024);
  CHECK_EQ(matrix_count_wrong(B, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
}

static void test_misfits(tartan_grid *grid)
{
  tartan_grid   *other = grid_world();
  tartan_matrix *A = matrix_make(grid, TARTAN_F64, 4, 6, NULL, fill_place, NULL);
  tartan_matrix *B = matrix_make(grid, TARTAN_F64, 4, 7, NULL, fill_place, NULL);
  tartan_matrix *C = matrix_make(other, TARTAN_F64, 4, 6, NULL, fill_place, NULL);

  check_context("operands that do not fit");
  CHECK_STATUS(tartan_matrix_copy(TARTAN_NO_TRANS, A, B), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_matrix_copy(TARTAN_TRANS, A, B), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_matrix_copy(TARTAN_NO_TRANS, A, C), TARTAN_ERR_GRID);
  CHECK_EQ(matrix_count_wrong(B, fill_place, NULL), 0);
  CHECK_EQ(matrix_count_wrong(C, fill_place, NULL), 0);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&C);
  tartan_grid_destroy(&other);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int round = 0; round < 2000; round++) test_round(grid, round);
  for (int round = 0; round < 200; round++) test_there_and_back(grid, round);
  test_steps(grid);
  test_misfits(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
