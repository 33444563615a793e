// TEST: np=1,2,3,4,6 labels=unit,comm
/* Every collective against what each rank can work out alone, with empty, equal and unequal counts; counters exact. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "comm/collective.h"
#include "world.h"

#define RANKS_MAX 16
#define BYTES_MAX 40000

/* Byte b of what rank r sends to rank s (-1: to all). */
static unsigned char byte_of(int r, int s, int64_t b)
{
  return (unsigned char)(b * 131 + b / 251 + 17 * r + 101 * (s + 1));
}

static void set_bytes(unsigned char *to, int r, int s, int64_t bytes)
{
  for (int64_t b = 0; b < bytes; b++) to[b] = byte_of(r, s, b);
}

static int64_t wrong_bytes(const unsigned char *from, int r, int s, int64_t bytes)
{
  int64_t wrong = 0;

  for (int64_t b = 0; b < bytes; b++) wrong += from[b] != byte_of(r, s, b);
  return wrong;
}

/* Elements that this rank should have sent and received since the last reset. */
static void check_counters(tartan_grid *grid, int64_t sent, int64_t received, size_t size, int64_t messages)
{
  const tt_counters *c = &grid->counters;
  const bool         words = size == 4 || size == 8;

  CHECK_EQ(c->words_sent, words ? sent : 0);
  CHECK_EQ(c->words_received, words ? received : 0);
  CHECK_EQ(c->bytes_sent, sent * (int64_t)size);
  CHECK_EQ(c->bytes_received, received * (int64_t)size);
  if (messages >= 0) CHECK_EQ(c->messages, messages);
  CHECK_EQ(c->layout_sent, 0);
  CHECK_EQ(c->layout_received, 0);
  tartan_grid_cost_reset(grid);
}

static const size_t  sizes[] = {1, 3, 4, 8, 24};
static const int64_t counts[] = {0, 1, 2, 7, 64, 1000};

static void test_bcast(tartan_grid *grid, unsigned char *buf)
{
  const int P = grid->size, me = grid->rank;

  for (int root = 0; root < P; root++)
    for (int s = 0; s < 5; s++)
      for (int c = 0; c < 6; c++) {
        const int64_t bytes = counts[c] * (int64_t)sizes[s];

        check_context("bcast of %lld elements of %zu bytes from %d", (long long)counts[c], sizes[s], root);
        memset(buf, 0, (size_t)bytes + 1);
        if (me == root) set_bytes(buf, root, -1, bytes);
        CHECK_OK(tt_bcast(grid, buf, counts[c], sizes[s], root));
        CHECK_EQ(wrong_bytes(buf, root, -1, bytes), 0);
        CHECK_EQ(buf[bytes], 0);
        check_counters(grid, me == root && P > 1 ? counts[c] : 0, me == root ? 0 : counts[c], sizes[s], -1);
      }
}

static int64_t value_i64(int r, int64_t i)
{
  return (r * 37 + i * 11) % 101 - 50 + ((int64_t)1 << 40) * (i % 3 - 1);
}

static void test_allreduce(tartan_grid *grid)
{
  static const tt_reduce ops[] = {TT_SUM, TT_MIN, TT_MAX};
  int64_t                whole[1000];
  double                 real[1000];

  for (int o = 0; o < 3; o++)
    for (int c = 0; c < 6; c++) {
      const int64_t count = counts[c];
      int64_t       wrong = 0;

      check_context("allreduce %d of %lld", o, (long long)count);
      for (int64_t i = 0; i < count; i++) {
        whole[i] = value_i64(grid->rank, i);
        real[i] = (double)whole[i] / 4; /* exact in any order */
      }
      CHECK_OK(tt_allreduce_i64(grid, whole, count, ops[o]));
      CHECK_OK(tt_allreduce_f64(grid, real, count, ops[o]));
      for (int64_t i = 0; i < count; i++) {
        int64_t expected = value_i64(0, i);

        for (int r = 1; r < grid->size; r++) {
          const int64_t v = value_i64(r, i);

          expected = ops[o] == TT_SUM   ? expected + v
                     : ops[o] == TT_MIN ? (v < expected ? v : expected)
                     : v > expected     ? v
                                        : expected;
        }
        wrong += whole[i] != expected;
        wrong += real[i] != (double)expected / 4;
      }
      CHECK_EQ(wrong, 0);
      if (grid->size == 1) check_counters(grid, 0, 0, 8, 0);
      tartan_grid_cost_reset(grid);
    }
}

static void test_allgather(tartan_grid *grid, unsigned char *send, unsigned char *recv)
{
  const int P = grid->size;

  for (int s = 0; s < 5; s++)
    for (int c = 0; c < 5; c++) {
      const int64_t bytes = counts[c] * (int64_t)sizes[s];
      int64_t       wrong = 0;

      check_context("allgather of %lld elements of %zu bytes", (long long)counts[c], sizes[s]);
      set_bytes(send, grid->rank, -1, bytes);
      memset(recv, 0, (size_t)(bytes * P) + 1);
      CHECK_OK(tt_allgather(grid, send, counts[c], sizes[s], recv));
      for (int r = 0; r < P; r++) wrong += wrong_bytes(recv + r * bytes, r, -1, bytes);
      CHECK_EQ(wrong, 0);
      CHECK_EQ(recv[bytes * P], 0);
      check_counters(grid, counts[c] * (P - 1), counts[c] * (P - 1), sizes[s], -1);
    }
}

/* A random P x P table of counts, the same on every rank: mode 0 all empty, 1 few, 2 any. */
static void draw_counts(int P, int mode, int64_t table[RANKS_MAX][RANKS_MAX])
{
  for (int r = 0; r < P; r++)
    for (int s = 0; s < P; s++) {
      const int64_t drawn = check_pick(200);

      table[r][s] = mode == 0 || (mode == 1 && drawn % 4 != 0) ? 0 : drawn;
    }
}

/* Pieces lie in reverse order of ranks with gaps of one element between them. */
static void exchange(tartan_grid *grid, int64_t table[RANKS_MAX][RANKS_MAX], size_t size, unsigned char *send,
                     unsigned char *recv)
{
  const int     P = grid->size, me = grid->rank;
  const int64_t width = (int64_t)size;
  int64_t       sc[RANKS_MAX], sa[RANKS_MAX], rc[RANKS_MAX], ra[RANKS_MAX], send_at = 0, recv_at = 0;
  int64_t       sent = 0, received = 0, messages = 0, wrong = 0;

  for (int r = P - 1; r >= 0; r--) {
    sc[r] = table[me][r];
    rc[r] = table[r][me];
    sa[r] = send_at;
    ra[r] = recv_at;
    send_at += sc[r] + 1;
    recv_at += rc[r] + 1;
    set_bytes(send + sa[r] * width, me, r, sc[r] * width);
    sent += r != me ? sc[r] : 0;
    received += r != me ? rc[r] : 0;
    messages += r != me && sc[r] > 0;
  }
  memset(recv, 0xee, (size_t)(recv_at * width));
  CHECK_OK(tt_alltoallv(grid, send, sc, sa, recv, rc, ra, size));
  for (int r = 0; r < P; r++) {
    wrong += wrong_bytes(recv + ra[r] * width, r, me, rc[r] * width);
    for (int64_t b = 0; b < width; b++) wrong += recv[(ra[r] + rc[r]) * width + b] != 0xee; /* the gap */
  }
  CHECK_EQ(wrong, 0);
  check_counters(grid, sent, received, size, messages);
}

static void test_alltoallv(tartan_grid *grid, unsigned char *send, unsigned char *recv)
{
  int64_t table[RANKS_MAX][RANKS_MAX];

  for (int round = 0; round < 150; round++) {
    const int mode = (int)check_pick(3), s = (int)check_pick(5);

    check_context("alltoallv, round %d, mode %d, %zu bytes", round, mode, sizes[s]);
    draw_counts(grid->size, mode, table);
    exchange(grid, table, sizes[s], send, recv);
  }
}

static void test_gatherv(tartan_grid *grid, unsigned char *send, unsigned char *recv)
{
  const int P = grid->size, me = grid->rank;

  for (int round = 0; round < 60; round++) {
    const int     root = (int)check_pick(P), s = (int)check_pick(5);
    const int64_t width = (int64_t)sizes[s];
    int64_t       count[RANKS_MAX], total = 0, wrong = 0, at = 0;

    for (int r = 0; r < P; r++) total += count[r] = check_pick(3) == 0 ? 0 : check_pick(200);
    check_context("gatherv, round %d, root %d, %zu bytes", round, root, sizes[s]);
    set_bytes(send, me, -1, count[me] * width);
    CHECK_OK(tt_gatherv(grid, send, count, sizes[s], me == root ? recv : NULL, root));
    for (int r = 0; r < P && me == root; r++) {
      wrong += wrong_bytes(recv + at * width, r, -1, count[r] * width);
      at += count[r];
    }
    CHECK_EQ(wrong, 0);
    check_counters(grid, me == root ? 0 : count[me], me == root ? total - count[me] : 0, sizes[s],
                   me != root && count[me] > 0);
  }
}

/* tartan_grid_cost() gives the largest over the ranks, the same everywhere, and does not count itself. */
static void test_cost(tartan_grid *grid)
{
  tartan_cost cost;
  tt_counters before;

  check_context("cost");
  tartan_grid_cost_reset(grid);
  grid->counters.words_sent = 10 + grid->rank;
  grid->counters.words_received = 20 - grid->rank;
  grid->counters.bytes_read = 100 * grid->rank;
  grid->counters.messages = 3;
  grid->counters.flops = 1e9 * (1 + grid->rank);
  before = grid->counters;
  CHECK_OK(tartan_grid_cost(grid, &cost));
  CHECK(cost.words == 20);
  CHECK(cost.bytes_read == 100.0 * (grid->size - 1));
  CHECK(cost.messages == 3);
  CHECK(cost.flops == 1e9 * grid->size);
  CHECK(cost.seconds > 0 && cost.words_redistributed == 0 && cost.bytes_written == 0);
  CHECK_EQ(cost.grid[0], grid->p);
  CHECK_EQ(cost.grid[1], grid->q);
  CHECK(memcmp(&before, &grid->counters, sizeof before) == 0);
  tartan_grid_cost_reset(grid);
  CHECK_OK(tartan_grid_cost(grid, &cost));
  CHECK(cost.words == 0 && cost.messages == 0 && cost.flops == 0);
}

int main(int argc, char **argv)
{
  tartan_grid   *grid;
  unsigned char *send = malloc(BYTES_MAX * RANKS_MAX), *recv = malloc(BYTES_MAX * RANKS_MAX);

  check_start(&argc, &argv);
  grid = grid_world();
  if (CHECK(send && recv && grid->size <= RANKS_MAX)) {
    test_bcast(grid, send);
    test_allreduce(grid);
    test_allgather(grid, send, recv);
    test_alltoallv(grid, send, recv);
    test_gatherv(grid, send, recv);
    test_cost(grid);
  }
  tartan_grid_destroy(&grid);
  free(send);
  free(recv);
  return check_finish();
}
