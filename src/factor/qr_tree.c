/*
 * A merge of two triangles costs 10/3 n^3 flops, a segment of s rows 2 s n^2: with 8 n rows the tree adds a fifth. Fewer
 * rows are taken where there would not be eight segments, so that a few ranks have work.
 */
#include "factor/qr_tree.h"

#include "base/util.h"

#define SEGMENT_ROWS 1024 /* at least, where there are enough */
#define SEGMENT_SQUARES 8 /* rows of a segment over columns */
#define SEGMENTS_SMALL 8  /* wanted even of fewer rows, down to */
#define SQUARES_LEAST 2
#define SEGMENTS_MOST 16384

/* The largest power of two that is at most x, for x >= 1. */
static int64_t power_below(int64_t x)
{
  int64_t p = 1;

  while (p <= x / 2) p *= 2;
  return p;
}

tt_qr_tree tt_qr_tree_plan(int64_t m, int64_t n, int P)
{
  const int64_t small = tt_min(SEGMENTS_SMALL, m / tt_max(1, SQUARES_LEAST * n));
  const int64_t large = tt_min(SEGMENTS_MOST, m / tt_max(SEGMENT_ROWS, SEGMENT_SQUARES * n));
  const int64_t wanted = power_below(tt_max(1, tt_max(small, large)));
  tt_qr_tree    tree = {.rows = tt_max(1, tt_ceil_div(m, wanted))};

  tree.count = tt_max(1, tt_ceil_div(m, tree.rows));
  tree.each = tt_ceil_div(tree.count, P);
  while ((int64_t)1 << tree.levels < tree.count) tree.levels++;
  return tree;
}

int tt_qr_tree_owner(const tt_qr_tree *tree, int64_t segment)
{
  return (int)(segment / tree->each);
}

tt_qr_node tt_qr_tree_node(const tt_qr_tree *tree, int level, int64_t index)
{
  const int64_t half = (int64_t)1 << level >> 1, first = tt_min(tree->count, index << level);
  tt_qr_node    node = {first, tt_min(tree->count, first + half), tt_min(tree->count, (index + 1) << level), 0, 0};

  node.left = tt_qr_tree_owner(tree, node.first);
  node.right = tt_qr_tree_owner(tree, node.second);
  return node;
}
