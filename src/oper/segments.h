/**
 * @file segments.h
 * The fixed cut of m rows into segments, and the fixed binary tree in which sums over them are combined.
 *
 * Both depend on m and n alone, so a sum has the same bits on any number of ranks: a rank owns neighbouring segments,
 * adds up the subtrees that are whole in its range, and what is left (the frontier of the tree) is combined in the
 * tree's order by whoever gets it. Pure arithmetic.
 */
#ifndef TT_OPER_SEGMENTS_H
#define TT_OPER_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tt_segments {
  int64_t m;     /**< rows in all */
  int64_t count; /**< segments, a power of two, so that 2^k ranks hold one node each */
  int64_t panel; /**< rows of one product: a segment is some whole panels, the last of all may be short */
} tt_segments;

/** A node of the tree: the segments index * 2^level .. (index + 1) * 2^level - 1. */
typedef struct tt_node {
  int     level;
  int64_t index;
} tt_node;

/** Room for all nodes that a rank can hold at once. */
#define TT_NODES_MAX 64

/** A stack of nodes that grows by segments from left to right and merges siblings. */
typedef struct tt_node_stack {
  int     count;
  tt_node node[TT_NODES_MAX];
} tt_node_stack;

/** Cuts m rows of n entries into segments of about 2048 to 4096 rows, at most 1024 of them (64 where triangles are large), at least 8 if there are so many panels. */
tt_segments tt_segments_plan(int64_t m, int64_t n, int64_t panel);

/** First row of the i-th segment; m for i = count. */
int64_t tt_segment_start(const tt_segments *s, int64_t i);

/** The segment that a row lies in. */
int64_t tt_segment_of(const tt_segments *s, int64_t row);

/** Rows of the one of P ranks that has most. */
int64_t tt_segments_most_rows(const tt_segments *s, int P);

/** Rows at which each of P ranks starts: starts [P + 1]; ranks own whole segments. */
void tt_segments_partition(const tt_segments *s, int P, int64_t *starts);

/** Pushes a node; returns how many merges (of the top into the one below it) follow. */
int tt_node_push(tt_node_stack *stack, tt_node node);

/** The nodes that a rank ends with, in order, and the most that it holds at once (largest; may be NULL). */
void tt_segments_frontier(const tt_segments *s, int P, int rank, tt_node_stack *stack, int *largest);

/** m rows cut into whole units and dealt evenly: starts [P + 1]. For work that needs no tree. */
void tt_rows_partition(int64_t m, int64_t unit, int P, int64_t *starts);

#endif
