/**
 * @file gram_impl.h
 * Between the parts of the Gram pass: accumulating on a rank (gram.c) and combining over ranks (gram_reduce.c). Other
 * passes use its frontier of the tree.
 */
#ifndef TT_OPER_GRAM_IMPL_H
#define TT_OPER_GRAM_IMPL_H

#include "io/checkpoint.h"
#include "oper/gram.h"

/** The nodes that all ranks end with, rank by rank: the same on every rank. */
typedef struct tt_frontier {
  int      total, most; /**< nodes of all ranks, and of the rank that has most */
  int     *own;         /**< [P] nodes of each rank */
  tt_node *node;        /**< [total] */
} tt_frontier;

/** Fills a frontier, to be given to tt_frontier_free() after a failure too. Local; the status is this rank's own. */
tartan_status tt_frontier_make(tartan_grid *grid, const tt_segments *s, tt_frontier *f);
void          tt_frontier_free(tt_frontier *f);

/** A part of the sum that a state holds: a node of the tree, or what the first rows of a segment come to. */
typedef struct tt_gram_item {
  tt_node node;
  int64_t rows; /**< 0: all; else of the segment that the node is */
} tt_gram_item;

/** Rows of one rank that are still to be read, in one piece, and the items of the state that stand before them. */
typedef struct tt_gram_piece {
  int64_t from, to; /**< rows; none in the last piece, where items are left at the end */
  int64_t items;    /**< items up to here, of all */
} tt_gram_piece;

/**
 * What each rank has to do: without a state the segments of its range, else what the state leaves to do, dealt evenly.
 * Items go to ranks in order, so that what all ranks end with is the frontier of the same tree.
 */
typedef struct tt_gram_work {
  const tartan_operator *op;
  const tt_gram_plan    *plan;
  const tt_segments     *segments;
  tt_gram_item          *item; /**< [items] of the state, in order */
  int64_t                items;
  int64_t               *start; /**< [P + 1] segments at which each rank starts */
  int64_t               *rows;  /**< [P + 1] their first rows */
  tt_gram_piece         *piece; /**< [pieces] of this rank */
  int64_t                pieces;
  int64_t                next, end; /**< items of this rank that were not taken yet */
  int64_t                left;      /**< rows that this rank has to read */
  int                    slots;     /**< nodes that it holds at once */
  tt_dataset            *nodes;     /**< the state's, or NULL */
} tt_gram_work;

/**
 * Deals the work, after a look for a state where the grid has a checkpoint and the data is in a file. Collective.
 *
 * @param[out] work  to be given to tt_gram_work_end(), after a failure too
 * @retval TARTAN_ERR_CHECKPOINT, TARTAN_ERR_NOMEM, TARTAN_ERR_IO
 */
tartan_status tt_gram_work_begin(const tartan_operator *op, const tt_gram_plan *plan, tt_gram_work *work);
void          tt_gram_work_end(tt_gram_work *work);

/** Slabs that the busiest rank reads. Local, the same on every rank. */
int64_t tt_gram_work_steps(const tt_gram_work *work, int64_t slab);

/** The step-th slab of this rank, and the piece that it begins, or -1. Beyond the last: no rows. Local. */
void tt_gram_work_slab(const tt_gram_work *work, int64_t slab, int64_t step, int64_t *row0, int64_t *rows,
                       int64_t *begins);

/** What all ranks end with. Local; the status is this rank's own. */
tartan_status tt_gram_work_frontier(const tt_gram_work *work, tt_frontier *f);

/** Reads the values of the next item, [node]. Local. */
tartan_status tt_gram_work_read(const tt_gram_work *work, double *node);

/**
 * Writes the state of a pass to the grid's checkpoint. Collective.
 *
 * @param[in] stack  nodes of this rank, whose values stand first in `nodes`
 * @param[in] row    all rows before it, of the segment in which it lies, are in the node after those
 */
tartan_status tt_gram_work_save(const tt_gram_work *work, const tt_node_stack *stack, int64_t row, const double *nodes);

/** Row and column of the t-th tile: off-diagonal tiles first, the heavier ones, then the diagonal. Local. */
void tt_tile_place(const tt_gram_plan *plan, int64_t n, int64_t t, int64_t *I, int64_t *J);

/** Rows of tile row I. Local. */
int64_t tt_tile_rows(const tt_gram_plan *plan, int64_t n, int64_t I);

/** Rank that the t-th tile goes to: the owner of block (I, J) on the grid's arrangement. Local. */
int tt_tile_owner(const tartan_grid *grid, const tt_gram_plan *plan, int64_t n, int64_t t);

/** Ranks of a pass: how many, and their arrangement. */
typedef struct tt_gram_ranks {
  int size, p, q;
} tt_gram_ranks;

/** Words sent or received by the rank that moves most in tt_gram(). Local. @param[in] n  the target included */
double tt_gram_words(const tt_gram_plan *plan, const tt_gram_opts *opts, int64_t n, const tt_gram_ranks *ranks);

/** Bytes that the buffers of tt_gram_reduce() take on the busiest of P ranks. Local. */
double tt_gram_reduce_bytes(const tt_gram_plan *plan, int64_t n, int P);

/**
 * Combines the nodes of all ranks: tiles into G, column sums to every rank. Collective.
 *
 * @param[in]     f      the nodes that all ranks hold
 * @param[in,out] nodes  this rank's nodes in order, [own][plan->node]; used up
 * @param[in,out] G      [n, n] with blocks of one tile; its lower triangle is set
 * @param[out]    sums   [n]
 */
tartan_status tt_gram_reduce(tartan_grid *grid, const tt_gram_plan *plan, int64_t n, const tt_frontier *f,
                             double *nodes, tartan_matrix *G, double *sums);

/**
 * Adds up vectors of the nodes of all ranks in the tree's order. Collective.
 *
 * @param[in]  nodes  this rank's in order, `stride` apart
 * @param[out] sum    [size], on every rank
 */
tartan_status tt_segments_sum(tartan_grid *grid, const tt_segments *s, int64_t size, const double *nodes,
                              int64_t stride, double *sum);

/** Adds up the frontier of the tree in its fixed order: values [count][size] in buffers; the sum is left in the first. */
void tt_frontier_combine(const tt_node *node, int count, int64_t size, double *const *value);

#endif
