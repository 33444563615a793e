// TEST: np=1,2,3,4,6,7,16 labels=unit,sparse timeout=120
/*
 * Work of the ranks on planted power-law rows, which dense rows travel, and their words, against
 * counts by brute force.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "sparse/sparse.h"
#include "world.h"

/* Rows whose lengths fall as a power of their place; the longest are spread over the matrix. */
static int64_t length_of(int64_t i, int64_t m, int64_t longest, double exponent)
{
  const int64_t place = i * 7919 % m;

  return (int64_t)((double)longest * pow((double)(place + 1), -exponent));
}

/* This rank gives every P-th row. */
static tartan_sparse *make_power_law(tartan_grid *grid, int64_t m, int64_t n, int64_t longest, double exponent,
                                     double row_work)
{
  const int          P = check_size(), me = check_rank();
  tartan_sparse_opts opts = TARTAN_SPARSE_OPTS_INIT;
  int64_t            count = 0, e = 0, *row, *col;
  tartan_sparse     *A = NULL;

  opts.row_work = row_work;
  for (int64_t i = me; i < m; i += P) count += length_of(i, m, longest, exponent);
  row = malloc((size_t)(count + 1) * sizeof *row);
  col = malloc((size_t)(count + 1) * sizeof *col);
  for (int64_t i = me; i < m; i += P)
    for (int64_t j = 0; j < length_of(i, m, longest, exponent); j++, e++) {
      row[e] = i;
      col[e] = (i * 131 + j * 101) % n;
    }
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F32, m, n, count, row, col, NULL, &opts, &A));
  free(row);
  free(col);
  return A;
}

/* Largest over mean work of the ranks. */
static double imbalance(const tartan_sparse *A, double row_work)
{
  const int me = check_rank();
  double    mine = (double)A->ptr[A->rows] + row_work * (double)(A->owner[me + 1] - A->owner[me]), sum = mine;

  MPI_Allreduce(MPI_IN_PLACE, &mine, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return mine * check_size() / sum;
}

static void test_balance(tartan_grid *grid)
{
  static const struct {
    int64_t m, n, longest;
    double  exponent, row_work;
  } table[] = {{30000, 40000, 9000, 0.6, 1},
               {30000, 40000, 30000, 0.9, 20},
               {2000, 200000, 150000, 0.5, 1},
               {3, 400000, 390000, 1, 0},
               {100000, 50, 40, 0.3, 5}};

  for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
    tartan_sparse *A;
    double         worst;

    check_context("power law %d: %lld rows, longest %lld", (int)t, (long long)table[t].m, (long long)table[t].longest);
    A = make_power_law(grid, table[t].m, table[t].n, table[t].longest, table[t].exponent, table[t].row_work);
    if (!A) continue;
    worst = imbalance(A, table[t].row_work);
    CHECK_LE(worst, 1.1);
    tartan_sparse_destroy(&A);
  }
}

/* Flops of a row of alternating least squares, k = 64: as the square of few entries, then in proportion. */
static double squares(int64_t entries, void *calls)
{
  const double n = (double)entries;

  ++*(int64_t *)calls;
  return n < 64 ? 1 + n * n * 64 + n * n * n / 3 : n * 64 * 65 + 64 * 64 * 64 / 3.0;
}

/* Another work than that which the matrix was made with: each rank's, counted row by row. */
static void test_arrange(tartan_grid *grid)
{
  tartan_sparse *A = make_power_law(grid, 30000, 40000, 14000, 0.62, 1), *B;
  int64_t        calls = 0;

  for (int op = 0; op < 2 && A; op++) {
    double  mine = 0, sum;
    int64_t count[2] = {A->ptr[A->rows], 0};

    check_context("arranged by another work, %s", op ? "transposed" : "as it is");
    if (!CHECK_OK(tt_sparse_arrange((tartan_op)op, A, squares, &calls, &B))) break;
    CHECK(calls > 0);
    CHECK_EQ(B->m, op ? A->n : A->m);
    for (int64_t i = 0; i < B->rows; i++) {
      const double here = (double)(B->ptr[i + 1] - B->ptr[i]);
      const double all = here + (double)((i == 0 ? B->before : 0) + (i == B->rows - 1 ? B->after : 0));

      mine += squares((int64_t)all, &calls) * (all > 0 ? here / all : 1);
    }
    sum = mine;
    MPI_Allreduce(MPI_IN_PLACE, &mine, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    CHECK_LE(mine * check_size() / sum, 1.1);
    count[1] = B->ptr[B->rows];
    MPI_Allreduce(MPI_IN_PLACE, count, 2, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    CHECK_EQ(count[1], count[0]);
    tartan_sparse_destroy(&B);
  }
  tartan_sparse_destroy(&A);
}

/* Dense rows in ranges of any size, some of them empty. */
static void draw_starts(int64_t n, int64_t *starts)
{
  const int P = check_size();

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

static double element(int64_t row, int64_t j)
{
  return (double)row + (double)j / 16;
}

/* Every needed row is there, and words are distinct remote rows x k. */
static void check_exchange(const tartan_sparse *A, tt_needed *needed, const int64_t *starts, int64_t k)
{
  const int      me = check_rank();
  tartan_grid   *grid = A->grid;
  char          *seen = calloc((size_t)A->n + 1, 1);
  double        *own = malloc((size_t)(needed->own * k + 1) * sizeof *own), sent = -1, all[2];
  double        *rows = malloc((size_t)(needed->needed * k + 1) * sizeof *rows);
  int64_t        distinct = 0, remote = 0, wrong = 0;
  const int64_t *at = starts + me;

  for (int64_t e = 0; e < A->ptr[A->rows]; e++) seen[A->col[e]] = 1;
  for (int64_t j = 0; j < A->n; j++) {
    distinct += seen[j];
    remote += seen[j] && (j < at[0] || j >= at[1]);
  }
  CHECK_EQ(needed->needed, distinct);
  for (int64_t i = 0; i < needed->own; i++)
    for (int64_t j = 0; j < k; j++) own[i * k + j] = element(at[0] + i, j);
  tartan_grid_cost_reset(grid);
  CHECK_OK(tt_needed_exchange(needed, own, k, sizeof *own, rows));
  CHECK_EQ(grid->counters.words_received, remote * k);
  CHECK(tt_needed_words(needed, k, &sent) == (double)(remote * k));
  CHECK_EQ(grid->counters.words_sent, (int64_t)sent);
  all[0] = (double)(remote * k), all[1] = sent;
  MPI_Allreduce(MPI_IN_PLACE, all, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  CHECK(all[0] == all[1]);
  for (int64_t e = 0; e < A->ptr[A->rows]; e++) {
    CHECK(needed->local[e] >= 0 && needed->local[e] < needed->needed);
    wrong += needed->global[needed->local[e]] != A->col[e];
    for (int64_t j = 0; j < k; j++) wrong += rows[needed->local[e] * k + j] != element(A->col[e], j);
  }
  CHECK_EQ(wrong, 0);
  free(rows);
  free(own);
  free(seen);
}

static void test_needed(tartan_grid *grid)
{
  for (int round = 0; round < 12; round++) {
    const int64_t  m = 1 + check_pick(300), n = 400 + check_pick(300), longest = check_pick(200);
    int64_t        starts[65];
    tt_needed      needed;
    tartan_sparse *A;

    check_context("needed rows, round %d: %lld x %lld, longest %lld", round, (long long)m, (long long)n,
                  (long long)longest);
    A = make_power_law(grid, m, 101 * n, longest, 0.5, 1); /* 101 divides no distance: no duplicates */
    if (!A) continue;
    draw_starts(A->n, starts);
    if (CHECK_OK(tt_needed_make(A, starts, &needed))) check_exchange(A, &needed, starts, 1 + check_pick(5));
    tt_needed_end(&needed);
    tartan_sparse_destroy(&A);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_balance(grid);
  test_arrange(grid);
  test_needed(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
