/* Counts travel first, as bytes: they are control, not words. Then one exchange, as often as there is something to send. */
#include "comm/routes.h"

void tt_routes_make(tartan_grid *grid, tt_routes *routes, tartan_status *local)
{
  const int64_t P = grid->size;
  int64_t      *block;

  *routes = (tt_routes){.grid = grid};
  block = tt_alloc_zero(NULL, 6 * P, sizeof *block, "counts of an exchange", local);
  if (!block) return;
  routes->send_count = block;
  routes->send_at = block + P;
  routes->recv_count = block + 2 * P;
  routes->recv_at = block + 3 * P;
  routes->one = block + 4 * P;
  routes->place = block + 5 * P;
}

void tt_routes_free(tt_routes *routes)
{
  tt_free(routes->send_count);
  *routes = (tt_routes){.grid = routes->grid};
}

tartan_status tt_routes_tell(tt_routes *routes)
{
  const int     P = routes->grid->size;
  tartan_status st = TARTAN_OK;

  for (int r = 0; r < P; r++) {
    routes->one[r] = sizeof(int64_t);
    routes->place[r] = r * (int64_t)sizeof(int64_t);
  }
  TRY(tt_alltoallv(routes->grid, routes->send_count, routes->one, routes->place, routes->recv_count, routes->one,
                   routes->place, 1));
  routes->sent = routes->received = 0;
  for (int r = 0; r < P; r++) {
    routes->send_at[r] = routes->sent;
    routes->recv_at[r] = routes->received;
    routes->sent += routes->send_count[r];
    routes->received += routes->recv_count[r];
  }
done:
  return st;
}

void tt_routes_widen(const tt_routes *routes, int64_t k, tt_routes *to)
{
  for (int r = 0; r < routes->grid->size; r++) {
    to->send_count[r] = k * routes->send_count[r];
    to->send_at[r] = k * routes->send_at[r];
    to->recv_count[r] = k * routes->recv_count[r];
    to->recv_at[r] = k * routes->recv_at[r];
  }
  to->sent = k * routes->sent;
  to->received = k * routes->received;
}

tartan_status tt_routes_go(const tt_routes *routes, const void *send, size_t size, void *recv)
{
  return tt_alltoallv(routes->grid, send, routes->send_count, routes->send_at, recv, routes->recv_count,
                      routes->recv_at, size);
}

tartan_status tt_routes_return(const tt_routes *routes, const void *recv, size_t size, void *send)
{
  return tt_alltoallv(routes->grid, recv, routes->recv_count, routes->recv_at, send, routes->send_count,
                      routes->send_at, size);
}
