/*
 * Closing a segment costs one sweep over a triangle, about as much as the product of 60 rows: with 2048 rows or more to
 * a segment that is under 3 %. Every open node is a triangle in memory, so large triangles get fewer segments.
 */
#include "oper/segments.h"

#include <stddef.h>

#include "base/util.h"

#define SEGMENT_ROWS 2048
#define SEGMENTS_MOST 1024
#define SEGMENTS_LARGE 64 /* for triangles of more than LARGE_N columns */
#define LARGE_N 4096
#define SEGMENTS_SMALL 8 /* of few rows, so that a few ranks have work */

/* The largest power of two that is at most x, for x >= 1. */
static int64_t power_below(int64_t x)
{
  int64_t p = 1;

  while (p <= x / 2) p *= 2;
  return p;
}

tt_segments tt_segments_plan(int64_t m, int64_t n, int64_t panel)
{
  const int64_t most = n > LARGE_N ? SEGMENTS_LARGE : SEGMENTS_MOST;
  const int64_t wanted = tt_max(tt_min(SEGMENTS_SMALL, m / panel), tt_min(most, m / SEGMENT_ROWS));
  tt_segments   s = {.m = m, .panel = panel};

  s.count = power_below(tt_max(1, wanted)); /* never more than there are panels */
  return s;
}

int64_t tt_segment_start(const tt_segments *s, int64_t i)
{
  return tt_min(s->m, tt_ceil_div(s->m, s->panel) * i / s->count * s->panel);
}

int64_t tt_segment_of(const tt_segments *s, int64_t row)
{
  int64_t i = row / s->panel * s->count / tt_max(1, tt_ceil_div(s->m, s->panel));

  while (i + 1 < s->count && tt_segment_start(s, i + 1) <= row) i++;
  return i;
}

void tt_segments_partition(const tt_segments *s, int P, int64_t *starts)
{
  for (int r = 0; r <= P; r++) starts[r] = tt_segment_start(s, s->count * r / P);
}

int64_t tt_segments_most_rows(const tt_segments *s, int P)
{
  int64_t most = 0;

  for (int r = 0; r < P; r++)
    most = tt_max(most, tt_segment_start(s, s->count * (r + 1) / P) - tt_segment_start(s, s->count * r / P));
  return most;
}

void tt_rows_partition(int64_t m, int64_t unit, int P, int64_t *starts)
{
  const int64_t units = tt_ceil_div(m, unit), each = units / P, more = units % P;

  for (int r = 0; r <= P; r++) starts[r] = tt_min(m, (each * r + tt_min(more, r)) * unit);
}

int tt_node_push(tt_node_stack *stack, tt_node node)
{
  int merges = 0;

  stack->node[stack->count++] = node;
  while (stack->count >= 2) {
    tt_node *left = &stack->node[stack->count - 2], *right = left + 1;

    if (left->level != right->level || left->index % 2 != 0 || left->index + 1 != right->index) break;
    left->level++;
    left->index /= 2;
    stack->count--;
    merges++;
  }
  return merges;
}

void tt_segments_frontier(const tt_segments *s, int P, int rank, tt_node_stack *stack, int *largest)
{
  const int64_t from = s->count * rank / P, to = s->count * (rank + 1) / P;
  int           most = 0;

  stack->count = 0;
  for (int64_t i = from; i < to; i++) {
    const tt_node leaf = {.level = 0, .index = i};

    most = (int)tt_max(most, stack->count + 1);
    tt_node_push(stack, leaf);
  }
  if (largest) *largest = most;
}
