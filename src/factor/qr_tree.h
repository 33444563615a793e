/**
 * @file qr_tree.h
 * The fixed cut of m rows into segments and the fixed binary tree over them. Both depend on m and n alone. Pure arithmetic.
 */
#ifndef TT_FACTOR_QR_TREE_H
#define TT_FACTOR_QR_TREE_H

#include <stdint.h>

/** Node `index` of a level covers the segments index 2^level .. (index + 1) 2^level - 1, as far as there are. */
typedef struct tt_qr_tree {
  int64_t rows;   /**< of a segment; the last may have fewer */
  int64_t count;  /**< segments */
  int64_t each;   /**< segments of a rank, in order; the last ranks may have fewer */
  int     levels; /**< of the root */
} tt_qr_tree;

/** The tree over m rows of n columns, dealt to P ranks. Local. */
tt_qr_tree tt_qr_tree_plan(int64_t m, int64_t n, int P);

/** The rank of a segment. Local. */
int tt_qr_tree_owner(const tt_qr_tree *tree, int64_t segment);

/** A node with two children, and the ranks of their first segments, where the triangles are. */
typedef struct tt_qr_node {
  int64_t first, second, end; /**< first segments of the children, end of the node */
  int     left, right;        /**< ranks */
} tt_qr_node;

/** What a node covers; `second` is `end` if it has only one child. Local. */
tt_qr_node tt_qr_tree_node(const tt_qr_tree *tree, int level, int64_t index);

#endif
