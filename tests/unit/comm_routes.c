// TEST: np=1,2,3,4,6 labels=unit,comm
/* Exchanges whose lengths only the senders know: there, back, and of several elements each; what counts as words. */
#include <stdlib.h>

#include "check.h"
#include "comm/routes.h"
#include "world.h"

#define RANKS_MAX 16

/* Element e of what rank r sends to rank s. */
static int64_t element(int64_t r, int64_t s, int64_t e)
{
  return 1000003 * r + 10007 * s + e;
}

/* Lengths that every rank draws alike, of which each may know its own row only. */
static void draw(int64_t lengths[RANKS_MAX][RANKS_MAX])
{
  for (int r = 0; r < check_size(); r++)
    for (int s = 0; s < check_size(); s++) lengths[r][s] = check_pick(3) == 0 ? 0 : check_pick(50);
}

static void test_round(tartan_grid *grid)
{
  const int     P = check_size(), me = check_rank();
  int64_t       lengths[RANKS_MAX][RANKS_MAX], *send, *came, *back, remote = 0, at = 0;
  tt_routes     routes, wide;
  tartan_status local = TARTAN_OK;

  draw(lengths);
  tt_routes_make(grid, &routes, &local);
  tt_routes_make(grid, &wide, &local);
  CHECK_STATUS(local, TARTAN_OK);
  for (int s = 0; s < P; s++) routes.send_count[s] = lengths[me][s];
  tartan_grid_cost_reset(grid);
  CHECK_OK(tt_routes_tell(&routes));
  CHECK_EQ(grid->counters.words_received, 0); /* counts are control */
  tt_routes_widen(&routes, 2, &wide);
  CHECK_EQ(wide.received, 2 * routes.received);
  send = malloc((size_t)(wide.sent + 1) * sizeof *send);
  back = calloc((size_t)(wide.sent + 1), sizeof *back);
  came = malloc((size_t)(wide.received + 1) * sizeof *came);
  for (int s = 0; s < P; s++)
    for (int64_t e = 0; e < 2 * lengths[me][s]; e++) send[at++] = element(me, s, e);
  CHECK_EQ(at, wide.sent);
  CHECK_OK(tt_routes_go(&wide, send, sizeof *send, came));
  for (int r = 0; r < P; r++) {
    CHECK_EQ(routes.recv_count[r], lengths[r][me]);
    for (int64_t e = 0; e < wide.recv_count[r]; e++) CHECK_EQ(came[wide.recv_at[r] + e], element(r, me, e));
    if (r != me) remote += wide.recv_count[r];
  }
  CHECK_EQ(grid->counters.words_received, remote);
  CHECK_OK(tt_routes_return(&wide, came, sizeof *came, back));
  for (int64_t e = 0; e < wide.sent; e++) CHECK_EQ(back[e], send[e]);
  free(came);
  free(back);
  free(send);
  tt_routes_free(&wide);
  tt_routes_free(&routes);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int round = 0; round < 50; round++) {
    check_context("round %d", round);
    test_round(grid);
  }
  tartan_grid_destroy(&grid);
  return check_finish();
}
