/*
 * The trace of a file: squares along the diagonal, as wide as a chunk is high so that no chunk is opened twice without
 * need, single elements where storage is contiguous. Elements are summed in groups fixed by the shape alone.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "oper/norm.h"

#define GROUP 64
#define SQUARE_BYTES ((int64_t)4 << 20)

/* How a diagonal is cut: groups of elements, each read in squares. */
typedef struct diagonal {
  int64_t length, group, groups, square;
} diagonal;

static diagonal cut(const tartan_operator *op)
{
  const tt_dataset_info *info = op->dataset ? tt_dataset_get_info(op->dataset) : NULL;
  const int64_t          high = info ? info->chunk_rows : 0;
  diagonal               d = {.length = tt_min(op->m, op->n), .group = GROUP, .square = 1};

  if (high > 0) {
    d.group = high >= GROUP ? high : GROUP / high * high;
    while (d.group > 1 && d.group * d.group * (int64_t)tt_element_size(op->element) > SQUARE_BYTES) d.group /= 2;
    d.square = d.group;
  }
  d.groups = tt_ceil_div(d.length, d.group);
  return d;
}

/* The sum of one group. Local. */
static tartan_status sum_group(const tartan_operator *op, const diagonal *d, int64_t group, void *raw, double *sum)
{
  const size_t  width = tt_element_size(op->element);
  const int64_t from = group * d->group, to = tt_min(d->length, from + d->group);
  tartan_status st = TARTAN_OK;

  for (int64_t i = from; i < to; i += d->square) {
    const int64_t k = tt_min(d->square, to - i);

    TRY(tt_dataset_read_local(op->dataset, i, k, i, k, raw));
    for (int64_t e = 0; e < k; e++) {
      double value;

      tt_convert(op->element, (const char *)raw + (size_t)(e * k + e) * width, 1, TARTAN_F64, &value);
      *sum += value;
    }
  }
done:
  return st;
}

tartan_status tt_operator_trace(const tartan_operator *op, double *value)
{
  const diagonal d = cut(op);
  tartan_grid   *grid = op->grid;
  const int64_t  begin = d.groups * grid->rank / grid->size, end = d.groups * (grid->rank + 1) / grid->size;
  double        *sums = NULL;
  void          *raw = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  *value = 0;
  REQUIRE(!op->centered, TARTAN_ERR_ARG, "the trace of a centered operator is not available");
  if (op->matrix) return tartan_trace(op->matrix, value);
  if (op->sparse) return tt_operator_sparse_trace(op, value);
  sums = tt_alloc_zero(&grid->memory, d.groups, sizeof *sums, "sums of a diagonal", &local);
  raw = tt_alloc(&grid->memory, d.square * d.square, tt_element_size(op->element), "a square of a file", &local);
  AGREE(grid, local);
  for (int64_t g = begin; g < end && local == TARTAN_OK; g++) {
    local = sum_group(op, &d, g, raw, &sums[g]);
    tt_grid_progress(grid, "reading", (double)(g + 1 - begin) / (double)(end - begin));
  }
  AGREE(grid, local);
  TRY(tt_allreduce_f64(grid, sums, d.groups, TT_SUM)); /* all but one of the terms are zero: no rounding */
  for (int64_t g = 0; g < d.groups; g++) *value += sums[g];
done:
  tt_free(raw);
  tt_free(sums);
  return st;
}

void tt_operator_trace_plan(const tartan_operator *op, tartan_cost *plan)
{
  const diagonal d = cut(op);
  const double   width = (double)tt_element_size(op->element);

  memset(plan, 0, sizeof *plan);
  snprintf(plan->algorithm, sizeof plan->algorithm, "diagonal");
  snprintf(plan->reason, sizeof plan->reason, "only the diagonal is read, in %lld piece%s",
           (long long)tt_ceil_div(d.length, d.square), TT_S(tt_ceil_div(d.length, d.square)));
  plan->passes = 1;
  plan->bytes_read = (double)tt_ceil_div(d.groups, op->grid->size) * (double)d.group * (double)d.square * width;
  plan->memory = (double)(d.square * d.square) * width + 8 * (double)d.groups;
  plan->words = op->grid->size > 1 ? (double)d.groups : 0;
  plan->grid[0] = op->grid->size;
  plan->grid[1] = plan->grid[2] = 1;
}
