// TEST: np=0 labels=unit,oper
/* The cut into segments and the tree over them: the same for any number of ranks, pure arithmetic. */
#include <string.h>

#include "check.h"
#include "oper/segments.h"

#define RANKS_MAX 70

/* Ranks own whole segments that follow each other and cover all rows. */
static void check_partition(const tt_segments *s, int P)
{
  int64_t starts[RANKS_MAX + 1], wrong = 0;

  tt_segments_partition(s, P, starts);
  CHECK_EQ(starts[0], 0);
  CHECK_EQ(starts[P], s->m);
  for (int r = 0; r < P; r++) {
    wrong += starts[r + 1] < starts[r];
    wrong += starts[r] < s->m && tt_segment_start(s, tt_segment_of(s, starts[r])) != starts[r];
  }
  CHECK_EQ(wrong, 0);
}

/* Segments follow each other, are whole panels, none is empty, and every row finds its own. */
static void check_cut(const tt_segments *s)
{
  int64_t wrong = 0;

  CHECK_EQ(tt_segment_start(s, 0), 0);
  CHECK_EQ(tt_segment_start(s, s->count), s->m);
  for (int64_t i = 0; i < s->count; i++) {
    const int64_t first = tt_segment_start(s, i), end = tt_segment_start(s, i + 1);

    wrong += end <= first || first % s->panel != 0;
    wrong += tt_segment_of(s, first) != i || tt_segment_of(s, end - 1) != i || tt_segment_of(s, (first + end) / 2) != i;
  }
  CHECK_EQ(wrong, 0);
}

/* All ranks' frontiers, pushed in order, merge to what one rank alone would have, and in the same pairs. */
static void check_tree(const tt_segments *s, int P)
{
  tt_node_stack alone, all = {0}, mine;
  int           largest = 0, merges = 0;

  tt_segments_frontier(s, 1, 0, &alone, &largest);
  CHECK_LE(largest, TT_NODES_MAX);
  for (int r = 0; r < P; r++) {
    int64_t covered = 0;

    tt_segments_frontier(s, P, r, &mine, &largest);
    CHECK_LE(largest, TT_NODES_MAX);
    CHECK_LE(mine.count, largest);
    for (int i = 0; i < mine.count; i++) {
      covered += (int64_t)1 << mine.node[i].level;
      merges += tt_node_push(&all, mine.node[i]);
      CHECK_LE(all.count, TT_NODES_MAX);
    }
    CHECK_EQ(covered, s->count * (r + 1) / P - s->count * r / P);
  }
  CHECK_EQ(all.count, alone.count);
  for (int i = 0; i < alone.count; i++)
    CHECK(all.node[i].level == alone.node[i].level && all.node[i].index == alone.node[i].index);
}

int main(int argc, char **argv)
{
  static const int64_t rows[] = {1, 2, 5, 255, 256, 257, 1000, 16384, 60000, 100003, 400000, 3000017, (int64_t)1 << 33};
  static const int64_t cols[] = {1, 10, 784, 5000, 40000}, panels[] = {1, 16, 256};
  static const int     ranks[] = {1, 2, 3, 4, 6, 7, 8, 64, RANKS_MAX};

  check_start_plain(argc, argv);
  for (int m = 0; m < 13; m++)
    for (int n = 0; n < 5; n++)
      for (int p = 0; p < 3; p++) {
        const tt_segments s = tt_segments_plan(rows[m], cols[n], panels[p]);

        check_context("%lld x %lld, panels of %lld", (long long)rows[m], (long long)cols[n], (long long)panels[p]);
        CHECK_EQ(s.m, rows[m]);
        CHECK_LE((double)s.count, 1024);
        CHECK(s.count >= 1 && (s.count & (s.count - 1)) == 0);
        check_cut(&s);
        for (int r = 0; r < 9; r++) {
          check_partition(&s, ranks[r]);
          check_tree(&s, ranks[r]);
        }
      }
  for (int64_t m = 0; m < 60; m++)
    for (int64_t unit = 1; unit < 9; unit++)
      for (int P = 1; P < 8; P++) {
        int64_t starts[9], least = m + unit, most = 0;

        check_context("%lld rows in units of %lld for %d ranks", (long long)m, (long long)unit, P);
        tt_rows_partition(m, unit, P, starts);
        CHECK(starts[0] == 0 && starts[P] == m);
        for (int r = 0; r < P; r++) {
          const int64_t have = (starts[r + 1] - starts[r] + unit - 1) / unit;

          CHECK(starts[r + 1] >= starts[r] && (starts[r] % unit == 0 || starts[r] == m));
          least = have < least ? have : least;
          most = have > most ? have : most;
        }
        CHECK_LE((double)(most - least), 1);
      }
  return check_finish();
}
