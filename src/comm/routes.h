/**
 * @file routes.h
 * Personal messages between all pairs of ranks whose lengths only the senders know at first.
 */
#ifndef TT_COMM_ROUTES_H
#define TT_COMM_ROUTES_H

#include "comm/collective.h"

/** How many elements go to and come from each rank, and where they lie. */
typedef struct tt_routes {
  tartan_grid *grid;
  int64_t     *send_count, *send_at, *recv_count, *recv_at; /**< [P] */
  int64_t     *one, *place;                                 /**< [P] of the exchange of the counts */
  int64_t      sent, received;                              /**< elements in all, this rank's own included */
} tt_routes;

/** Room for the counts, all zero; to be given to tt_routes_free(), after a failure too. Local. */
void tt_routes_make(tartan_grid *grid, tt_routes *routes, tartan_status *local);
void tt_routes_free(tt_routes *routes);

/** Once send_count is filled: tells every receiver, and finds all places, in the order of ranks. Collective. */
tartan_status tt_routes_tell(tt_routes *routes);

/** The same routes for k elements in place of each; `to` has been made. Local. */
void tt_routes_widen(const tt_routes *routes, int64_t k, tt_routes *to);

/** Sends: recv [received] from send [sent]. Collective. */
tartan_status tt_routes_go(const tt_routes *routes, const void *send, size_t size, void *recv);

/** The way back: send [sent] from recv [received]. Collective. */
tartan_status tt_routes_return(const tt_routes *routes, const void *recv, size_t size, void *send);

#endif
