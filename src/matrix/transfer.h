/**
 * @file transfer.h
 * A change of layout, in steps that bound its memory: the one way in which elements get from one layout to another.
 *
 * A step moves, for every process of the new layout, a rectangle of its local indices: local rows r0 .. r1 - 1 and local
 * columns c0 .. c1 - 1, as far as it has them. So every step gives work to all ranks, whatever the layouts. An element
 * is sent at most once, and not at all where its owner stays.
 */
#ifndef TT_MATRIX_TRANSFER_H
#define TT_MATRIX_TRANSFER_H

#include "comm/messages.h"
#include "matrix/matrix.h"

/** A stretch of indices that is contiguous in both local memories. */
typedef struct tt_piece {
  int64_t a, b, length; /**< local index in the old layout; in the new one, from the step's first; how many */
} tt_piece;

/** The pieces along one axis that this rank shares with each process of the other layout, grouped by it. */
typedef struct tt_pieces {
  tt_piece *at;
  int64_t   capacity;
  int64_t  *group;    /**< [procs + 1]: pieces of process p are group[p] .. group[p + 1] - 1 */
  int64_t  *width;    /**< [procs]: indices of group p together */
  int64_t   from, to; /**< the local range that is listed */
} tt_pieces;

typedef struct tt_transfer {
  tartan_grid *grid;
  tt_layout    from, to; /**< of one shape */
  int          fr, fc, tr, tc;
  tartan_dtype dtype; /**< of the elements that travel */
  bool         transposed;
  bool         product; /**< the words are a product's, not a changed layout's; set after tt_transfer_make() */
  const char  *data;    /**< where this rank's part lies; transposed: its rows are the columns of `from` */
  int64_t      ld;
  tt_pieces    out_rows, out_cols, in_rows, in_cols;
  char        *send, *recv;
  int64_t      send_room, recv_room; /**< elements */
  tt_messages  messages;
} tt_transfer;

/** The most local rows and columns that a step may have. */
typedef struct tt_step {
  int64_t rows, cols;
} tt_step;

/** Bytes that a transfer with such steps takes on a rank, the largest over ranks; elements of `size` bytes. Local. */
int64_t tt_transfer_bytes(const tt_layout *from, const tt_layout *to, size_t size, tt_step step);

/** Those that it takes on a rank that has nothing to send. Local. */
int64_t tt_transfer_bytes_in(const tt_layout *from, const tt_layout *to, size_t size, tt_step step);

/**
 * The largest steps within `most` that take no more than so many bytes, but at least of one element. Local, the same on
 * every rank.
 */
tt_step tt_transfer_plan(const tt_layout *from, const tt_layout *to, size_t size, tt_step most, int64_t bytes);

/** An upper bound of the messages that a rank sends in such steps. Local. */
int64_t tt_transfer_messages(const tt_layout *to, tt_step step);

/**
 * Takes all memory for the transfer of op(A) to another layout. Local; nothing can fail later but MPI.
 *
 * @param[in]  to  a layout of op(A)'s shape on the same grid; what it points to must stay
 * @param[out] t   to be given to tt_transfer_free(), after a failure too
 */
tartan_status tt_transfer_make(tartan_op op, const tartan_matrix *A, const tt_layout *to, tt_step step, tt_transfer *t);

void tt_transfer_free(tt_transfer *t);

/** Starts a step: packs and sends. The source must stay. Collective. */
tartan_status tt_transfer_start(tt_transfer *t, int64_t r0, int64_t r1, int64_t c0, int64_t c1);

/**
 * Ends the step that was started: dst := elements + beta dst. Collective.
 *
 * @param[in]     dtype  of dst; of the elements too if beta != 0
 * @param[in,out] dst    this rank's local element (r0, c0), leading dimension ld; not read if beta == 0
 */
tartan_status tt_transfer_finish(tt_transfer *t, tartan_dtype dtype, double beta, void *dst, int64_t ld);

/**
 * Local rows r0 .. r1 - 1 and columns c0 .. c1 - 1 of every process, in steps: dst := elements + beta dst. Collective.
 *
 * @param[in,out] dst  this rank's local element (r0, c0)
 */
tartan_status tt_transfer_range(tt_transfer *t, tt_step step, int64_t r0, int64_t r1, int64_t c0, int64_t c1,
                                tartan_dtype dtype, double beta, void *dst, int64_t ld);

/** All of a transfer into the memory of a matrix with the new layout: B := op(A) + beta B. Collective. */
tartan_status tt_transfer_all(tt_transfer *t, tt_step step, double beta, tartan_matrix *B);

#endif
