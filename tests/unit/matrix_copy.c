// TEST: np=1,2,3,4,5,6,8 labels=unit,matrix timeout=150
/*
 * Copies between random layouts: the values, what must stay untouched, there and back to the same bits, and the words,
 * which are exactly the elements that change their rank. Layouts are block-cyclic with any map of places to ranks, slabs
 * of rows, slabs of columns, and columns cut in any ranges; 6000 pairs for each rank count.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "comm/grid.h"
#include "matrices.h"
#include "matrix/matrix.h"

/* A matrix, and a window of it. Its layout is opts, or ranges of columns where `cut` says so. */
typedef struct windowed {
  tartan_matrix_opts opts;
  int                ranks[LAYOUT_RANKS_MAX];
  bool               cut;
  int64_t            starts[LAYOUT_RANKS_MAX + 1];
  tartan_dtype       dtype;
  int64_t            M, N, i0, j0, m, n;
  tartan_matrix     *whole, *window;
} windowed;

/* Any cut of n columns into P ranges, some of them empty. */
static void draw_starts(int P, int64_t n, int64_t *starts)
{
  starts[0] = 0;
  for (int r = 1; r < P; r++) starts[r] = check_pick(n + 1);
  starts[P] = n;
  for (int r = 1; r < P; r++)
    for (int s = r; s > 1 && starts[s] < starts[s - 1]; s--) {
      const int64_t swap = starts[s];

      starts[s] = starts[s - 1];
      starts[s - 1] = swap;
    }
}

/* One of the four kinds of layouts, block-cyclic most of the time; slabs may be dealt to fewer ranks than there are. */
static void draw_layout(tartan_grid *grid, windowed *w)
{
  const int P = tartan_grid_size(grid), kind = (int)check_pick(8);

  w->opts = layout_random(grid);
  if (kind == 0) w->opts = layout_row_slabs(w->M, w->N, 1 + (int)check_pick(P));
  if (kind == 1) w->opts = layout_column_slabs(w->M, w->N, 1 + (int)check_pick(P));
  layout_draw_ranks(grid, &w->opts, w->ranks);
  w->cut = kind == 2;
  if (w->cut) draw_starts(P, w->N, w->starts);
}

/* A random layout with a window of m x n somewhere inside. */
static void draw(tartan_grid *grid, int64_t m, int64_t n, tartan_fill *fill, void *context, windowed *w)
{
  const int64_t margin = check_pick(2) * 20;

  memset(w, 0, sizeof *w);
  w->dtype = (tartan_dtype)check_pick(2);
  w->m = m;
  w->n = n;
  w->i0 = check_pick(margin + 1);
  w->j0 = check_pick(margin + 1);
  w->M = w->i0 + m + check_pick(margin + 1);
  w->N = w->j0 + n + check_pick(margin + 1);
  draw_layout(grid, w);
  if (w->cut) {
    if (!CHECK_OK(tt_matrix_create_ranges(grid, w->dtype, w->M, w->N, w->starts, NULL, &w->whole))) return;
    matrix_fill(w->whole, fill, context);
  } else {
    w->whole = matrix_make(grid, w->dtype, w->M, w->N, &w->opts, fill, context);
  }
  if (w->whole) CHECK_OK(tartan_matrix_view(w->whole, w->i0, w->j0, m, n, &w->window));
}

/* The rank that owns element (i, j) of the window. */
static int owner(const windowed *w, int64_t i, int64_t j)
{
  int rank = 0;

  if (!w->cut) return layout_owner(&w->opts, w->i0 + i, w->j0 + j);
  while (w->j0 + j >= w->starts[rank + 1]) rank++;
  return rank;
}

static const char *text_of(const windowed *w, char text[96])
{
  if (!w->cut) return layout_text(&w->opts, text);
  snprintf(text, 96, "ranges of columns, the first to %lld", (long long)w->starts[1]);
  return text;
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
      const int     from = owner(A, ai, aj), to = owner(B, i, j);

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
  windowed             A, B;
  expectation          x = {&A, &B, op, seed};
  char                 ta[96], tb[96];
  int64_t              sent, received;

  draw(grid, op == TARTAN_TRANS ? n : m, op == TARTAN_TRANS ? m : n, fill_source, &seed, &A);
  draw(grid, m, n, fill_minus_one, NULL, &B);
  check_context(
      "round %d: %s %lld x %lld at (%lld, %lld) of %lld x %lld, %s -> %s %lld x %lld at (%lld, %lld), %s, op %d", round,
      tartan_dtype_name(A.dtype), (long long)A.m, (long long)A.n, (long long)A.i0, (long long)A.j0, (long long)A.M,
      (long long)A.N, text_of(&A, ta), tartan_dtype_name(B.dtype), (long long)m, (long long)n, (long long)B.i0,
      (long long)B.j0, text_of(&B, tb), op);
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
  windowed        A, B;
  dense           before, after;
  char            ta[96], tb[96];

  draw(grid, m, n, fill_random, &seed, &A); /* values that f32 holds exactly */
  draw(grid, op == TARTAN_TRANS ? n : m, op == TARTAN_TRANS ? m : n, fill_minus_one, NULL, &B);
  check_context("there and back, round %d: %lld x %lld, op %d, %s and %s", round, (long long)m, (long long)n, op,
                text_of(&A, ta), text_of(&B, tb));
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

static double fill_place_t(int64_t i, int64_t j, void *unused)
{
  return fill_place(j, i, unused);
}

/* A matrix that takes about so many bytes on each rank, which may differ: one row, cut as needed. */
static tartan_matrix *rest_of(tartan_grid *grid, int64_t bytes)
{
  const int      P = tartan_grid_size(grid);
  int64_t        starts[LAYOUT_RANKS_MAX + 1] = {0}, mine = bytes > 1024 ? (bytes - 1024) / 8 : 0;
  tartan_matrix *rest = NULL;

  MPI_Allgather(&mine, 1, MPI_INT64_T, starts + 1, 1, MPI_INT64_T, MPI_COMM_WORLD);
  for (int r = 0; r < P; r++) starts[r + 1] += starts[r];
  CHECK_OK(tt_matrix_create_ranges(grid, TARTAN_F64, 1, starts[P], starts, NULL, &rest));
  return rest;
}

/*
 * A budget that leaves little beside the matrices: 64 KiB do for any copy of 600 KB, in steps; with less it goes through
 * or is refused by all ranks alike, and then B is unchanged. Never is more taken than there is.
 */
static void test_budget(int64_t left)
{
  enum { ROWS = 301, COLS = 257 };
  tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;
  tartan_grid     *grid = NULL;

  opts.memory_limit = (int64_t)2 * ROWS * COLS * 8 + left + 4096;
  if (!CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid))) return;
  for (int round = 0; round < 24; round++) {
    const tartan_op    op = (tartan_op)(round % 2);
    tartan_matrix_opts layout[2] = {layout_random(grid), layout_random(grid)};
    int                ranks[2][LAYOUT_RANKS_MAX], status[2];
    tartan_matrix     *A, *B, *rest = NULL;
    char               ta[96], tb[96];
    int64_t            used, peak;

    for (int x = 0; x < 2; x++) layout_draw_ranks(grid, &layout[x], ranks[x]);
    check_context("%lld bytes left, round %d, op %d: %s -> %s", (long long)left, round, op, layout_text(&layout[0], ta),
                  layout_text(&layout[1], tb));
    A = matrix_make(grid, TARTAN_F64, op ? COLS : ROWS, op ? ROWS : COLS, &layout[0], op ? fill_place_t : fill_place,
                    NULL);
    B = matrix_make(grid, TARTAN_F64, ROWS, COLS, &layout[1], fill_minus_one, NULL);
    if (!A || !B) break;
    tartan_grid_memory(grid, &used, NULL, NULL);
    rest = rest_of(grid, opts.memory_limit - left - used);
    status[0] = (int)tartan_matrix_copy(op, A, B);
    status[1] = -status[0];
    tartan_grid_memory(grid, NULL, &peak, NULL);
    CHECK_LE((double)peak, (double)opts.memory_limit);
    MPI_Allreduce(MPI_IN_PLACE, status, 2, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    CHECK_EQ(status[0], -status[1]);
    CHECK(status[0] == TARTAN_OK || (status[0] == TARTAN_ERR_NOMEM && left < 65536));
    CHECK_EQ(matrix_count_wrong(B, status[0] == TARTAN_OK ? fill_place : fill_minus_one, NULL), 0);
    tartan_matrix_destroy(&rest);
    tartan_matrix_destroy(&A);
    tartan_matrix_destroy(&B);
  }
  tartan_grid_destroy(&grid);
}

/*
 * A map is copied at creation, read by every function of the index maps, and kept by views; a matrix whose map names the
 * ranks in order is no other than one without.
 */
static void test_map(tartan_grid *grid)
{
  const int          P = tartan_grid_size(grid), rank = tartan_grid_rank(grid);
  int                ranks[LAYOUT_RANKS_MAX];
  tartan_matrix_opts opts = layout_of(3, 2, 1, P, 0, 0);
  tartan_matrix     *A = NULL, *view = NULL;
  int64_t            mloc, nloc;

  check_context("a map that runs backwards");
  for (int r = 0; r < P; r++) ranks[r] = P - 1 - r;
  opts.ranks = ranks;
  if (!CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 5, 2 * P, &opts, &A))) return;
  memset(ranks, 0, sizeof ranks); /* the matrix has its own */
  tartan_matrix_local(A, NULL, &mloc, &nloc);
  CHECK_EQ(mloc, 5);
  CHECK_EQ(nloc, 2);
  CHECK_EQ(tartan_matrix_global_col(A, 0), 2 * (P - 1 - rank));
  for (int64_t j = 0; j < 2 * P; j++) CHECK_EQ(tartan_matrix_local_col(A, j), j / 2 == P - 1 - rank ? j % 2 : -1);
  CHECK_OK(tartan_matrix_view(A, 1, 1, 3, 1, &view)); /* column 1: the second of the last rank */
  tartan_matrix_destroy(&A);
  tartan_matrix_local(view, NULL, &mloc, &nloc);
  CHECK_EQ(nloc, rank == P - 1);
  CHECK_EQ(tartan_matrix_local_col(view, 0), rank == P - 1 ? 0 : -1);
  tartan_matrix_destroy(&view);
}

/* What one rank holds alone, wherever it sits: everything else of it is empty, and it goes to a rank of choice. */
static void test_one_rank(tartan_grid *grid)
{
  const int      P = tartan_grid_size(grid);
  tartan_matrix *A = NULL, *B = NULL;

  check_context("from one rank to another");
  for (int from = 0; from < P; from++) {
    const int          to = (from + 1) % P;
    tartan_matrix_opts a = layout_of(100, 100, 1, 1, 0, 0), b = a;

    a.ranks = &from;
    b.ranks = &to;
    A = matrix_make(grid, TARTAN_F64, 9, 11, &a, fill_place, NULL);
    B = matrix_make(grid, TARTAN_F64, 9, 11, &b, fill_minus_one, NULL);
    if (!A || !B) return;
    tartan_grid_cost_reset(grid);
    CHECK_OK(tartan_matrix_copy(TARTAN_NO_TRANS, A, B));
    CHECK_EQ(grid->counters.words_sent, from != to && tartan_grid_rank(grid) == from ? 99 : 0);
    CHECK_EQ(grid->counters.words_received, from != to && tartan_grid_rank(grid) == to ? 99 : 0);
    CHECK_EQ(matrix_count_wrong(B, fill_place, NULL), 0);
    tartan_matrix_destroy(&A);
    tartan_matrix_destroy(&B);
  }
}

/* Maps that cannot be are refused by every rank, for matrices and for foreign memory. */
static void test_bad_maps(tartan_grid *grid)
{
  const int P = tartan_grid_size(grid);
  const int wrong[] = {-1, P, INT32_MAX, INT32_MIN};
  int       ranks[LAYOUT_RANKS_MAX];

  for (int w = 0; w < 5; w++)
    for (int at = 0; at < P; at++) {
      tartan_matrix_opts opts = layout_of(4, 4, 1, P, 0, 0);
      double             data[64] = {0};
      tartan_matrix     *A = NULL;

      if (w == 4 && P == 1) continue; /* a duplicate takes two */
      for (int r = 0; r < P; r++) ranks[r] = (r + 1) % P;
      ranks[at] = w < 4 ? wrong[w] : ranks[(at + 1) % P];
      opts.ranks = ranks;
      check_context("a map with %d at place %d", ranks[at], at);
      CHECK_STATUS(tartan_matrix_create(grid, TARTAN_F64, 4, 8, &opts, &A), TARTAN_ERR_ARG);
      CHECK(A == NULL);
      CHECK_STATUS(tartan_matrix_wrap(grid, TARTAN_F64, 4, 8, &opts, data, 4, &A), TARTAN_ERR_ARG);
      CHECK(A == NULL);
    }
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
  for (int round = 0; round < 6000; round++) test_round(grid, round);
  for (int round = 0; round < 600; round++) test_there_and_back(grid, round);
  test_map(grid);
  test_one_rank(grid);
  test_bad_maps(grid);
  test_steps(grid);
  test_misfits(grid);
  for (int64_t left = 65536; left >= 64; left /= 4) test_budget(left);
  tartan_grid_destroy(&grid);
  return check_finish();
}
