/**
 * @file messages.h
 * Messages between single ranks that are started together and finished later, and parts that travel round a ring of
 * ranks. What moves is counted when it is started.
 *
 * A message has at most TT_MESSAGE_MAX bytes; larger data is sent in several. Between two ranks messages of one tag
 * arrive in the order in which they were started. Nothing here is an agreement: memory is taken beforehand, and only
 * MPI itself can fail.
 */
#ifndef TT_COMM_MESSAGES_H
#define TT_COMM_MESSAGES_H

#include "comm/agree.h"

#define TT_MESSAGE_MAX ((int64_t)1 << 30)

/** Streams of messages that may be under way at the same time. */
enum { TT_TAG_EXCHANGE = 1, TT_TAG_COPY, TT_TAG_RING, TT_TAG_PANEL };

/** Adds a transfer of so many elements of a size to the counters. Local. */
void tt_count_traffic(tartan_grid *grid, int64_t sent, int64_t received, size_t size, int64_t messages);

/** Messages under way. */
typedef struct tt_messages {
  tartan_grid *grid;
  MPI_Request *request; /**< [capacity] */
  int          capacity, count;
  int          tag;
} tt_messages;

/** Room for so many messages at once; to be given to tt_messages_free(). Local. TARTAN_ERR_NOMEM. */
tartan_status tt_messages_make(tartan_grid *grid, int capacity, int tag, tt_messages *m);

/** Gives the room back; nothing may be under way. Local. */
void tt_messages_free(tt_messages *m);

/** Starts a message of count elements to or from a rank; nothing for count 0. */
tartan_status tt_messages_send(tt_messages *m, const void *buf, int64_t count, size_t size, int to);
tartan_status tt_messages_recv(tt_messages *m, void *buf, int64_t count, size_t size, int from);

/** Waits for all that were started. */
tartan_status tt_messages_wait(tt_messages *m);

/** Whether all that were started are finished, without waiting; then as tt_messages_wait(). */
tartan_status tt_messages_test(tt_messages *m, bool *finished);

/**
 * A ring of ranks, each with one part for all: parts go from neighbour to neighbour, so that every rank sends about
 * what it receives, whoever had the most (van de Geijn, Watts 1997: a broadcast as a pipelined chain). A part may be in
 * several pieces, each one message, or several beyond TT_MESSAGE_MAX.
 */
typedef struct tt_ring {
  tartan_grid   *grid;
  const int     *ranks; /**< [size] ranks of the grid, in the order of the ring; the caller's */
  int            size, me;
  size_t         width;    /**< bytes of an element */
  const int64_t *group;    /**< [size + 1]: pieces of rank p are group[p] .. group[p + 1] - 1; the caller's */
  char         **piece;    /**< mine are filled, the others receive */
  const int64_t *count;    /**< elements of each */
  MPI_Request   *request;  /**< [2 capacity]: receives, then sends */
  int64_t        capacity; /**< messages in all */
  int64_t       *first;    /**< [most + 1] where the messages of each rank begin */
  int            most;     /**< ranks that there is room for */
  int            tag;
  int            came; /**< parts that are here, in the order of hops; my own is the first */
} tt_ring;

/** An upper bound of the messages of so many pieces of so many bytes in all: long pieces are cut. Local. */
int64_t tt_ring_messages(int64_t pieces, int64_t bytes);

/** Room for a ring of so many ranks and messages at most. Local. TARTAN_ERR_NOMEM. */
tartan_status tt_ring_make(tartan_grid *grid, int ranks, int64_t messages, int tag, tt_ring *ring);
void          tt_ring_free(tt_ring *ring);

/**
 * Starts the round. Ranks of the ring; the arrays must stay until tt_ring_end().
 *
 * @param[in]     ranks  [size], me among them
 * @param[in]     group  [size + 1] which pieces are whose
 * @param[in,out] piece  addresses
 * @param[in]     count  pieces of 0 elements do not travel
 */
tartan_status tt_ring_start(tt_ring *ring, const int *ranks, int size, int me, const int64_t *group, char **piece,
                            const int64_t *count, size_t width);

/** Whose part is the h-th to come: 0 is my own. Local. */
int tt_ring_owner(const tt_ring *ring, int h);

/** Waits until the h-th part is here, and passes on what has come. */
tartan_status tt_ring_await(tt_ring *ring, int h);

/** Passes on what has come, without waiting. */
tartan_status tt_ring_advance(tt_ring *ring);

/** Waits until all parts have come and gone. */
tartan_status tt_ring_end(tt_ring *ring);

#endif
