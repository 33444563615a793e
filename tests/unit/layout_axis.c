// TEST: np=0 labels=unit,matrix,layout
/*
 * Layout arithmetic against a brute-force deal: indices are handed out one by one, as cards are. All axes with n <= 40,
 * blocks <= 9, up to 5 processes and every source, and all or many of their windows.
 */
#include <string.h>

#include "check.h"
#include "matrix/axis.h"

#define N_MAX 40
#define PROCS_MAX 5

/* What a window of an axis should say. */
typedef struct deal {
  int64_t n;
  int     owner[N_MAX + 1];
  int64_t local[N_MAX + 1];             /* among the owner's indices of the window */
  int64_t count[PROCS_MAX];             /* window indices of each process */
  int64_t global[PROCS_MAX][N_MAX + 1]; /* window index of each process's il-th */
} deal;

static int owner_of(const tt_axis *axis, int64_t whole)
{
  if (!axis->starts) return (int)((whole / axis->nb + axis->src) % axis->procs);
  for (int p = 0; p < axis->procs; p++)
    if (whole >= axis->starts[p] && whole < axis->starts[p + 1]) return p;
  return -1;
}

static void deal_out(const tt_axis *axis, deal *d)
{
  memset(d, 0, sizeof *d);
  d->n = axis->n;
  for (int64_t i = 0; i < axis->n; i++) {
    const int p = owner_of(axis, axis->first + i);

    d->owner[i] = p;
    d->local[i] = d->count[p];
    d->global[p][d->count[p]++] = i;
  }
}

/* Length of the run at i: one owner, neighbours in its memory. */
static int64_t run_length(const deal *d, int64_t i)
{
  int64_t length = 1;

  while (i + length < d->n && d->owner[i + length] == d->owner[i] && d->local[i + length] == d->local[i] + length)
    length++;
  return length;
}

/* Number of answers that differ from the deal. */
static int64_t compare(const tt_axis *axis, const deal *d)
{
  int64_t wrong = 0, largest = 0;
  tt_run  run;

  for (int p = 0; p < axis->procs; p++) {
    wrong += tt_axis_count(axis, p) != d->count[p];
    largest = d->count[p] > largest ? d->count[p] : largest;
    for (int64_t il = 0; il < d->count[p]; il++) wrong += tt_axis_global(axis, p, il) != d->global[p][il];
  }
  wrong += tt_axis_largest(axis) != largest;
  for (int64_t i = 0; i < d->n; i++) {
    wrong += tt_axis_owner(axis, i) != d->owner[i];
    wrong += tt_axis_local(axis, i) != d->local[i];
    tt_axis_run(axis, i, &run);
    wrong += run.first != i || run.length != run_length(d, i) || run.local != d->local[i] || run.owner != d->owner[i];
  }
  return wrong;
}

static int64_t compare_below(const tt_axis *axis, int64_t whole)
{
  int64_t below[PROCS_MAX] = {0}, wrong = 0;

  for (int64_t index = 0; index <= whole; index++) {
    for (int p = 0; p < axis->procs; p++) wrong += tt_axis_below(axis, p, index) != below[p];
    if (index < whole) below[owner_of(axis, index)]++;
  }
  return wrong;
}

static int64_t compare_window(const tt_axis *axis, int64_t first, int64_t n)
{
  const tt_axis window = tt_axis_window(axis, first, n);
  deal          d;
  int64_t       wrong = window.n != n || window.first != axis->first + first;

  deal_out(&window, &d);
  wrong += compare(&window, &d);
  if (n > 2) { /* a window of a window */
    const tt_axis inner = tt_axis_window(&window, 1, n - 2);

    deal_out(&inner, &d);
    wrong += inner.first != axis->first + first + 1 || compare(&inner, &d) != 0;
  }
  return wrong;
}

static int64_t compare_axis(const tt_axis *axis)
{
  const int64_t n = axis->n;
  deal          d;
  int64_t       wrong;

  deal_out(axis, &d);
  wrong = compare(axis, &d) + compare_below(axis, n);
  if (n <= 14) {
    for (int64_t first = 0; first <= n; first++)
      for (int64_t length = 0; first + length <= n; length++) wrong += compare_window(axis, first, length);
  } else {
    for (int w = 0; w < 16; w++) {
      const int64_t first = check_pick(n + 1);

      wrong += compare_window(axis, first, check_pick(n - first + 1));
    }
  }
  return wrong;
}

static void test_cyclic(void)
{
  for (int64_t n = 0; n <= N_MAX; n++)
    for (int64_t nb = 1; nb <= 9; nb++)
      for (int procs = 1; procs <= PROCS_MAX; procs++)
        for (int src = 0; src < procs; src++) {
          const tt_axis axis = {n, 0, nb, procs, src, NULL};

          check_context("n=%lld nb=%lld procs=%d src=%d", (long long)n, (long long)nb, procs, src);
          CHECK_EQ(compare_axis(&axis), 0);
        }
}

/* Ranges, one for each process, some empty. */
static void test_ranges(void)
{
  for (int round = 0; round < 600; round++) {
    const int procs = 1 + (int)check_pick(PROCS_MAX);
    int64_t   starts[PROCS_MAX + 1] = {0};
    tt_axis   axis = {0, 0, 0, procs, 0, starts};

    for (int p = 0; p < procs; p++) starts[p + 1] = starts[p] + (check_pick(3) == 0 ? 0 : check_pick(9));
    axis.n = starts[procs];
    check_context("ranges, round %d, n=%lld procs=%d", round, (long long)axis.n, procs);
    CHECK_EQ(compare_axis(&axis), 0);
  }
}

/* Beyond 32 bits: identities instead of a deal. */
static void test_huge(void)
{
  for (int round = 0; round < 2000; round++) {
    const int64_t n = ((int64_t)1 << 40) + check_pick(1000000), nb = 1 + check_pick(100000);
    const int     procs = 1 + (int)check_pick(1000);
    const tt_axis whole = {n, 0, nb, procs, (int)check_pick(procs), NULL};
    const int64_t first = check_pick(n), i = check_pick(n - first);
    const tt_axis axis = tt_axis_window(&whole, first, n - first);
    const int     owner = tt_axis_owner(&axis, i);
    int64_t       sum = 0;

    check_context("n=%lld nb=%lld procs=%d", (long long)n, (long long)nb, procs);
    CHECK_EQ(owner, owner_of(&axis, first + i));
    CHECK_EQ(tt_axis_global(&axis, owner, tt_axis_local(&axis, i)), i);
    for (int p = 0; p < procs; p++) sum += tt_axis_count(&axis, p);
    CHECK_EQ(sum, axis.n);
  }
}

int main(int argc, char **argv)
{
  check_start_plain(argc, argv);
  test_cyclic();
  test_ranges();
  test_huge();
  return check_finish();
}
