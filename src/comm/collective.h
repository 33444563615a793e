/**
 * @file collective.h
 * Collectives over a grid with 64-bit counts. Messages are cut so that no MPI call sees more than 1 GiB, and what moves
 * is counted. Every function is collective over the grid and returns the same status on every rank unless MPI itself
 * fails.
 *
 * Counts are elements of `size` bytes; elements of 4 and 8 bytes count as words.
 */
#ifndef TT_COMM_COLLECTIVE_H
#define TT_COMM_COLLECTIVE_H

#include "comm/agree.h"

typedef enum tt_reduce { TT_SUM, TT_MIN, TT_MAX, TT_OR } tt_reduce;

/** Waits until every rank has come. */
tartan_status tt_barrier(tartan_grid *grid);

/** buf [count] of root to all. */
tartan_status tt_bcast(tartan_grid *grid, void *buf, int64_t count, size_t size, int root);

/** Element-wise sum, minimum, maximum or the union of bits over the ranks, in place, on all of them. */
tartan_status tt_allreduce_i64(tartan_grid *grid, int64_t *buf, int64_t count, tt_reduce op);

/** As tt_allreduce_i64(), without TT_OR; the last bits of a sum depend on the number of ranks. */
tartan_status tt_allreduce_f64(tartan_grid *grid, double *buf, int64_t count, tt_reduce op);

/** send [count] of every rank to all [count * P], in the order of ranks. */
tartan_status tt_allgather(tartan_grid *grid, const void *send, int64_t count, size_t size, void *recv);

/**
 * Personal messages between all pairs, in elements.
 *
 * @param[in]  send         what goes to rank r starts at send_at[r] and has send_count[r] elements
 * @param[out] recv         what comes from rank r goes to recv_at[r], recv_count[r] elements; must not overlap send
 * The counts must fit each other. A rank's message to itself is copied and not counted.
 */
tartan_status tt_alltoallv(tartan_grid *grid, const void *send, const int64_t *send_count, const int64_t *send_at,
                           void *recv, const int64_t *recv_count, const int64_t *recv_at, size_t size);

/**
 * What every rank has, at root, in the order of ranks.
 *
 * @param[in]  send   [count], count may differ between ranks
 * @param[out] recv   at root: [sum of counts]; elsewhere not read, may be NULL
 * @param[in]  counts [P], the same on every rank
 */
tartan_status tt_gatherv(tartan_grid *grid, const void *send, const int64_t *counts, size_t size, void *recv, int root);

/**
 * What every rank has, on every rank, in the order of ranks.
 *
 * @param[in]  send   [count], count may differ between ranks
 * @param[out] recv   [total]
 * @param[in]  total  sum of the counts, the same on every rank
 */
tartan_status tt_allgatherv(tartan_grid *grid, const void *send, int64_t count, int64_t total, size_t size, void *recv);

#endif
