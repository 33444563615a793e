// TEST: np=0 labels=unit,comm
/* The default arrangement of ranks, for 1 to 64 of them and some large numbers. */
#include "check.h"
#include "comm/grid.h"

static const int known[][3] = {{1, 1, 1}, {2, 1, 2}, {3, 1, 3}, {4, 2, 2},  {5, 2, 2},  {6, 2, 3},
                               {7, 2, 3}, {8, 2, 4}, {9, 3, 3}, {12, 3, 4}, {16, 4, 4}, {64, 8, 8}};

int main(int argc, char **argv)
{
  static const int large[] = {100, 127, 128, 1000, 1024, 9973, 65536};

  check_start_plain(argc, argv);
  for (int s = 1; s <= 64 + 7; s++) {
    const int size = s <= 64 ? s : large[s - 65];
    int       p = 0, q = 0;

    check_context("%d ranks", size);
    tt_grid_plan(size, &p, &q);
    CHECK(p >= 1 && q >= 1);
    CHECK(p <= q);
    CHECK_LE((double)p * q, size);
    if (size > 3) CHECK_LE(0.75 * size, (double)p * q); /* few ranks stay idle */
    if (size > 3) CHECK_LE(q, 2.5 * p);                 /* near-square */
  }
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    int p = 0, q = 0;

    check_context("%d ranks are %d x %d", known[i][0], known[i][1], known[i][2]);
    tt_grid_plan(known[i][0], &p, &q);
    CHECK_EQ(p, known[i][1]);
    CHECK_EQ(q, known[i][2]);
  }
  return check_finish();
}
