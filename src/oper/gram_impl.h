/**
 * @file gram_impl.h
 * Between the parts of the Gram pass: accumulating on a rank (gram.c) and combining over ranks (gram_reduce.c). Other
 * passes use its frontier of the tree.
 */
#ifndef TT_OPER_GRAM_IMPL_H
#define TT_OPER_GRAM_IMPL_H

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
 * @param[in,out] nodes  this rank's nodes in order, [own][plan->node]; used up
 * @param[in,out] G      [n, n] with blocks of one tile; its lower triangle is set
 * @param[out]    sums   [n]
 */
tartan_status tt_gram_reduce(tartan_grid *grid, const tt_gram_plan *plan, int64_t n, double *nodes, tartan_matrix *G,
                             double *sums);

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
