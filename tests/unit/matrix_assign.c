// TEST: np=0 labels=unit,matrix,layout
/*
 * Which rank takes which place: against every assignment there is, for up to 6 ranks; beyond, that places get different
 * ranks and a clear best is taken. And the words between two layouts against counting element by element.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "matrix/layout.h"

#define P_MAX 100

static int64_t kept(int Q, int P, const int64_t *weight, const int *rank)
{
  int64_t sum = 0;

  for (int q = 0; q < Q; q++) sum += weight[q * P + rank[q]];
  return sum;
}

/* The largest sum of weights that places from q on can get from ranks that are not taken. */
static int64_t best_of_all(int q, int Q, int P, const int64_t *weight, unsigned taken)
{
  int64_t best = -1;

  if (q == Q) return 0;
  for (int r = 0; r < P; r++) {
    const int64_t sum = taken >> r & 1 ? -1 : weight[q * P + r] + best_of_all(q + 1, Q, P, weight, taken | 1u << r);

    if (sum > best) best = sum;
  }
  return best;
}

static void check_distinct(int Q, int P, const int *rank)
{
  bool taken[P_MAX] = {false};

  for (int q = 0; q < Q; q++) {
    CHECK(rank[q] >= 0 && rank[q] < P && !taken[rank[q]]);
    if (rank[q] >= 0 && rank[q] < P) taken[rank[q]] = true;
  }
}

/* Weights with many ties and zeros, and large ones. */
static void test_small(void)
{
  static const int64_t ranges[] = {1, 2, 5, 1000, (int64_t)1 << 52};

  for (int round = 0; round < 4000; round++) {
    const int     P = 1 + (int)check_pick(6), Q = 1 + (int)check_pick(P);
    const int64_t range = ranges[check_pick(5)];
    int64_t       weight[36], work[4 * (P_MAX + 1)];
    int           rank[6];

    for (int e = 0; e < Q * P; e++) weight[e] = check_pick(3) == 0 ? 0 : check_pick(range);
    check_context("round %d: %d places, %d ranks, weights below %lld", round, Q, P, (long long)range);
    tt_assign_ranks(Q, P, weight, rank, work);
    check_distinct(Q, P, rank);
    CHECK_EQ(kept(Q, P, weight, rank), best_of_all(0, Q, P, weight, 0));
  }
}

/* Each place has one rank that holds most of it; all of these are different. */
static void test_large(int Q, int P)
{
  int64_t *weight = calloc((size_t)Q * (size_t)P, sizeof *weight), work[4 * (P_MAX + 1)];
  int      rank[P_MAX], shift = (int)check_pick(P);

  check_context("%d places, %d ranks, shifted by %d", Q, P, shift);
  for (int q = 0; q < Q && weight; q++)
    for (int r = 0; r < P; r++) weight[q * P + r] = r == (q + shift) % P ? 1000 : check_pick(10);
  if (!CHECK(weight != NULL)) return;
  tt_assign_ranks(Q, P, weight, rank, work);
  check_distinct(Q, P, rank);
  for (int q = 0; q < Q; q++) CHECK_EQ(rank[q], (q + shift) % P);
  free(weight);
}

/* ------------------------------------------------------------------------------------------------ words of a move */

/* An axis of length n over so many processes: blocks or ranges, perhaps a window of a longer one. */
static tt_axis draw_axis(int64_t n, int procs, int64_t *starts)
{
  const int64_t before = check_pick(2) * check_pick(9), all = before + n + check_pick(5);
  tt_axis       axis = {.n = all, .nb = 1 + check_pick(6), .procs = procs, .src = (int)check_pick(procs)};

  if (check_pick(3) == 0) {
    starts[0] = 0;
    for (int p = 1; p < procs; p++) starts[p] = starts[p - 1] + check_pick(all - starts[p - 1] + 1);
    starts[procs] = all;
    axis.starts = starts;
    axis.src = 0;
  }
  return tt_axis_window(&axis, before, n);
}

/* Room for what a layout points to. */
typedef struct room {
  int64_t row[7], col[7];
  int     ranks[6];
} room;

static tt_layout draw_layout(int64_t m, int64_t n, int P, room *x)
{
  const int p = 1 + (int)check_pick(P), q = 1 + (int)check_pick(P / p), shift = (int)check_pick(P);
  tt_layout layout = {.row = draw_axis(m, p, x->row), .col = draw_axis(n, q, x->col)};

  for (int r = 0; r < P; r++) x->ranks[r] = (r + shift) % P;
  if (check_pick(2)) layout.ranks = x->ranks;
  layout.turned = check_pick(2);
  return layout;
}

static int owner(const tt_layout *layout, int64_t i, int64_t j)
{
  return tt_layout_rank(layout, tt_axis_owner(&layout->row, i), tt_axis_owner(&layout->col, j));
}

static void test_words(void)
{
  for (int round = 0; round < 4000; round++) {
    const int       P = 1 + (int)check_pick(6);
    const int64_t   m = check_pick(20), n = check_pick(20);
    room            ra, rb;
    const tt_layout a = draw_layout(m, n, P, &ra), b = draw_layout(m, n, P, &rb);
    int64_t         rows[36], cols[36], sent[6] = {0}, came[6] = {0};

    check_context("words, round %d: %lld x %lld on %d ranks", round, (long long)m, (long long)n, P);
    tt_axis_overlap(&a.row, &b.row, rows);
    tt_axis_overlap(&a.col, &b.col, cols);
    tt_layout_add_words(&a, &b, rows, cols, P, sent, came);
    for (int64_t j = 0; j < n; j++)
      for (int64_t i = 0; i < m; i++) {
        const int from = owner(&a, i, j), to = owner(&b, i, j);

        sent[from] -= from != to;
        came[to] -= from != to;
      }
    for (int r = 0; r < P; r++) {
      CHECK_EQ(sent[r], 0);
      CHECK_EQ(came[r], 0);
    }
  }
}

int main(int argc, char **argv)
{
  static const int sizes[] = {7, 16, 63, 64, 65, 100};

  check_start_plain(argc, argv);
  test_small();
  test_words();
  for (int s = 0; s < 6; s++)
    for (int left_out = 0; left_out < 3; left_out++) test_large(sizes[s] - left_out, sizes[s]);
  return check_finish();
}
