/* Column means without NaN: sums and counts by segment, combined in the same tree as Gram matrices. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "oper/gram_impl.h"

#define ROWS 512 /* segments are whole multiples of this */

/* Adds a row of values to sums [n] and counts [n], both f64. */
static void add_row(int64_t n, const double *x, double *sum, double *count)
{
  for (int64_t j = 0; j < n; j++) {
    if (isnan(x[j])) continue;
    sum[j] += x[j];
    count[j] += 1;
  }
}

/* One rank's rows into its nodes of the tree. Local. */
static tartan_status sum_rows(const tartan_operator *op, const tt_segments *s, tt_pass *pass, double *row,
                              double *nodes)
{
  const int64_t n = op->n, size = 2 * n, width = (int64_t)tt_element_size(op->element);
  tt_node_stack stack = {0};
  int64_t       segment = tt_segment_of(s, pass->begin);
  tartan_status st = TARTAN_OK;

  for (int64_t step = 0; step < pass->steps; step++) {
    int64_t row0, rows;

    tt_pass_slab(pass, step, &row0, &rows);
    TRY(tt_pass_read(pass, step));
    for (int64_t i = row0; i < row0 + rows; i++) {
      double *node = nodes + stack.count * size;

      if (i == tt_segment_start(s, segment)) memset(node, 0, (size_t)size * sizeof *node);
      tt_convert(pass->element, (const char *)pass->buffer + (i - row0) * n * width, n, TARTAN_F64, row);
      add_row(n, row, node, node + n);
      if (i + 1 == tt_segment_start(s, segment + 1)) {
        const tt_node leaf = {.level = 0, .index = segment++};
        const int     merges = tt_node_push(&stack, leaf);

        for (int k = 0; k < merges; k++)
          for (int64_t j = 0; j < size; j++) node[j - (k + 1) * size] += node[j - k * size];
      }
    }
    tt_grid_progress(op->grid, "means", (double)(step + 1) / (double)pass->steps);
  }
done:
  return st;
}

tartan_status tt_column_means(const tartan_operator *op, double *mean, int64_t *missing)
{
  const tt_segments s = tt_segments_plan(op->m, op->n, ROWS);
  tartan_grid      *grid = op->grid;
  int64_t          *starts = NULL;
  double           *nodes = NULL, *row = NULL, *sum = NULL, present = 0;
  tt_node_stack     stack;
  tt_pass           pass;
  int               slots = 0, most = 0;
  int64_t           slab = 0;
  tartan_status     st = TARTAN_OK, local = TARTAN_OK;

  memset(&pass, 0, sizeof pass);
  *missing = 0;
  for (int r = 0; r < grid->size; r++) {
    tt_segments_frontier(&s, grid->size, r, &stack, &slots);
    most = (int)tt_max(most, slots);
  }
  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "the ranges of a pass", &local);
  nodes = tt_alloc_zero(&grid->memory, (int64_t)most * 2 * op->n, sizeof *nodes, "column sums", &local);
  row = tt_alloc(&grid->memory, op->n, sizeof *row, "a row", &local);
  sum = tt_alloc_zero(&grid->memory, 2 * op->n, sizeof *sum, "column sums", &local);
  AGREE(grid, local);
  tt_segments_partition(&s, grid->size, starts);
  TRY(tt_pass_slab_fit(op, 0, 0, false, &slab));
  TRY(tt_pass_begin(op, starts, slab, NULL, &pass));
  AGREE(grid, sum_rows(op, &s, &pass, row, nodes));
  TRY(tt_segments_sum(grid, &s, 2 * op->n, nodes, 2 * op->n, sum));
  for (int64_t j = 0; j < op->n; j++) {
    mean[j] = sum[op->n + j] > 0 ? sum[j] / sum[op->n + j] : 0;
    present += sum[op->n + j];
  }
  *missing = op->m * op->n - (int64_t)present;
done:
  tt_pass_end(&pass);
  tt_free(sum);
  tt_free(row);
  tt_free(nodes);
  tt_free(starts);
  return st;
}
