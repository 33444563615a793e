/*
 * Streamed norms. What is a sum (columns, squares, counts) is kept by segments of rows and combined in the fixed tree of
 * segments.h, so its bits depend on no number of ranks; what is a maximum needs no order. Sums over a whole matrix run
 * in LANES interleaved parts, which the compiler turns into vector instructions, and which lose less than one long sum.
 */
#include "oper/norm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "oper/gram_impl.h"

#define LANES 512
#define ROW_LANES 8
#define BATCH_ELEMENTS 16384 /* converted at once: they stay in the inner cache */

/* Beyond these squares are summed scaled by a power of two. */
#define LARGE 0x1p480
#define SMALL 0x1p-480
#define SCALE 0x1p680

typedef struct norm_run {
  tartan_norm_kind kind;
  int64_t          n, lanes; /* features; sums of a kind in one node */
  int64_t          size;     /* of a node: the lanes, and for squares the small and the large values */
  int64_t          batch;    /* rows converted at once */
  int              slots;    /* nodes that a rank holds at once */
  tt_segments      segments;
  double          *nodes, *work, *sum;
  double           largest;   /* of what has a maximum */
  bool             nan, wide; /* found one; elements are f64, whose squares may overflow */
} norm_run;

static bool has_sums(tartan_norm_kind kind)
{
  return kind != TARTAN_NORM_INF && kind != TARTAN_NORM_MAX;
}

static void run_plan(const tartan_operator *op, tartan_norm_kind kind, norm_run *r)
{
  tt_node_stack stack;
  int           slots = 0;

  memset(r, 0, sizeof *r);
  r->kind = kind;
  r->n = op->n;
  r->wide = op->element == TT_EL_F64;
  r->lanes = !has_sums(kind) ? 0 : kind == TARTAN_NORM_ONE ? op->n : tt_min(op->n, LANES);
  r->size = r->lanes + (kind == TARTAN_NORM_FRO ? 2 : 0);
  r->batch = tt_max(1, BATCH_ELEMENTS / tt_max(1, op->n));
  r->segments = tt_segments_plan(op->m, op->n, 1);
  for (int rank = 0; rank < op->grid->size; rank++) {
    tt_segments_frontier(&r->segments, op->grid->size, rank, &stack, &slots);
    r->slots = (int)tt_max(r->slots, slots);
  }
}

/* Bytes of a run beside its slabs. */
static int64_t run_bytes(const norm_run *r)
{
  return 8 * (r->slots * r->size + r->batch * r->n + r->size);
}

/* ------------------------------------------------------------------------------------------------ rows */

static void add_magnitudes(const norm_run *r, const double *x, double *sum)
{
  for (int64_t j = 0; j < r->n; j += r->lanes)
    for (int64_t k = 0; k < tt_min(r->lanes, r->n - j); k++) sum[k] += fabs(x[j + k]);
}

static void add_counts(const norm_run *r, const double *x, double *sum)
{
  for (int64_t j = 0; j < r->n; j += r->lanes)
    for (int64_t k = 0; k < tt_min(r->lanes, r->n - j); k++) sum[k] += x[j + k] != 0;
}

/* Whether a row has values whose squares must be scaled. Counted in f64, as the vector instructions would have it. */
static bool is_extreme(int64_t n, const double *x)
{
  double  lane[ROW_LANES] = {0}, count = 0;
  int64_t j = 0;

  for (; j + ROW_LANES <= n; j += ROW_LANES)
    for (int k = 0; k < ROW_LANES; k++) {
      const double v = fabs(x[j + k]);

      lane[k] += (v > LARGE) | ((v < SMALL) & (v != 0)) ? 1 : 0;
    }
  for (; j < n; j++) count += fabs(x[j]) > LARGE || (fabs(x[j]) < SMALL && x[j] != 0);
  for (int k = 0; k < ROW_LANES; k++) count += lane[k];
  return count > 0;
}

/* The small and the large values stand behind the lanes. */
static void add_squares(const norm_run *r, const double *x, double *sum)
{
  if (!r->wide || !is_extreme(r->n, x)) {
    for (int64_t j = 0; j < r->n; j += r->lanes)
      for (int64_t k = 0; k < tt_min(r->lanes, r->n - j); k++) sum[k] += x[j + k] * x[j + k];
    return;
  }
  for (int64_t j = 0; j < r->n; j++) {
    const double v = fabs(x[j]);

    if (v > LARGE)
      sum[r->lanes + 1] += v / SCALE * (v / SCALE);
    else if (v < SMALL)
      sum[r->lanes] += v * SCALE * (v * SCALE);
    else
      sum[j % r->lanes] += v * v;
  }
}

static void note_largest(norm_run *r, double value)
{
  if (isnan(value)) r->nan = true;
  if (value > r->largest) r->largest = value;
}

static void find_row_sum(norm_run *r, const double *x)
{
  double  lane[ROW_LANES] = {0};
  int64_t j = 0;

  for (; j + ROW_LANES <= r->n; j += ROW_LANES)
    for (int k = 0; k < ROW_LANES; k++) lane[k] += fabs(x[j + k]);
  for (int k = 0; j < r->n; j++, k++) lane[k] += fabs(x[j]);
  for (int k = 1; k < ROW_LANES; k++) lane[0] += lane[k];
  note_largest(r, lane[0]);
}

static void find_largest(norm_run *r, const double *x)
{
  double  lane[ROW_LANES] = {0}, nans[ROW_LANES] = {0};
  int64_t j = 0;

  for (; j + ROW_LANES <= r->n; j += ROW_LANES)
    for (int k = 0; k < ROW_LANES; k++) {
      const double v = fabs(x[j + k]);

      lane[k] = v > lane[k] ? v : lane[k];
      nans[k] += v != v ? 1 : 0;
    }
  for (; j < r->n; j++) note_largest(r, fabs(x[j]));
  for (int k = 0; k < ROW_LANES; k++) note_largest(r, nans[k] > 0 ? NAN : lane[k]);
}

/* Takes a row into the open node, or into what is largest. */
static void take_row(norm_run *r, const double *x, double *node)
{
  switch (r->kind) {
  case TARTAN_NORM_FRO: add_squares(r, x, node); break;
  case TARTAN_NORM_ONE:
  case TARTAN_NORM_SUM: add_magnitudes(r, x, node); break;
  case TARTAN_NORM_COUNT: add_counts(r, x, node); break;
  case TARTAN_NORM_INF: find_row_sum(r, x); break;
  case TARTAN_NORM_MAX: find_largest(r, x); break;
  }
}

/* ------------------------------------------------------------------------------------------------ the pass */

/* Opens and closes nodes where segments begin and end; `row` is the last one taken. */
static void close_segment(norm_run *r, tt_node_stack *stack, int64_t *segment, int64_t row)
{
  double *node = r->nodes + stack->count * r->size;

  if (row + 1 < tt_segment_start(&r->segments, *segment + 1)) return;
  const tt_node leaf = {.level = 0, .index = (*segment)++};
  const int     merges = tt_node_push(stack, leaf);

  for (int k = 0; k < merges; k++)
    for (int64_t j = 0; j < r->size; j++) node[j - (k + 1) * r->size] += node[j - k * r->size];
}

/* The rows of one slab. */
static void take_slab(norm_run *r, const tt_pass *pass, int64_t row0, int64_t rows, tt_node_stack *stack,
                      int64_t *segment)
{
  const int64_t width = (int64_t)tt_element_size(pass->element);

  for (int64_t i = 0; i < rows; i += r->batch) {
    const int64_t count = tt_min(r->batch, rows - i);

    tt_convert(pass->element, (const char *)pass->buffer + i * r->n * width, count * r->n, TARTAN_F64, r->work);
    for (int64_t k = 0; k < count; k++) {
      const int64_t row = row0 + i + k;
      double       *node = r->nodes + stack->count * r->size;

      if (row == tt_segment_start(&r->segments, *segment)) memset(node, 0, (size_t)r->size * sizeof *node);
      take_row(r, r->work + k * r->n, node);
      close_segment(r, stack, segment, row);
    }
  }
}

/* This rank's rows. Local. */
static tartan_status take_rows(norm_run *r, tt_pass *pass)
{
  tartan_grid  *grid = pass->op->grid;
  tt_node_stack stack = {0};
  int64_t       segment = tt_segment_of(&r->segments, pass->begin);
  tartan_status st = TARTAN_OK;

  for (int64_t step = 0; step < pass->steps; step++) {
    int64_t row0, rows;
    double  t;

    tt_pass_slab(pass, step, &row0, &rows);
    TRY(tt_pass_read(pass, step));
    t = tt_seconds();
    take_slab(r, pass, row0, rows, &stack, &segment);
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
    tt_grid_progress(grid, "reading", (double)(step + 1) / (double)pass->steps);
  }
done:
  return st;
}

/* The norm from the sums of all ranks. */
static double from_sums(const norm_run *r)
{
  double total = 0, small, large;

  for (int64_t j = 0; j < r->lanes; j++) {
    if (r->kind != TARTAN_NORM_ONE)
      total += r->sum[j];
    else if (!(r->sum[j] <= total))
      total = r->sum[j];
    if (isnan(total)) return total;
  }
  if (r->kind != TARTAN_NORM_FRO) return total;
  small = sqrt(r->sum[r->lanes]) / SCALE;
  large = sqrt(r->sum[r->lanes + 1]) * SCALE;
  if (small == 0 && large == 0) return sqrt(total);
  return hypot(hypot(sqrt(total), small), large);
}

/* Collective. */
static tartan_status combine(tartan_grid *grid, norm_run *r, double *value)
{
  double        found[2] = {r->largest, r->nan};
  tartan_status st = TARTAN_OK;

  if (has_sums(r->kind)) {
    TRY(tt_segments_sum(grid, &r->segments, r->size, r->nodes, r->size, r->sum));
    *value = from_sums(r);
  } else {
    TRY(tt_allreduce_f64(grid, found, 2, TT_MAX));
    *value = found[1] > 0 ? NAN : found[0];
  }
done:
  return st;
}

tartan_status tt_operator_norm(const tartan_operator *op, tartan_norm_kind kind, double *value)
{
  tartan_grid  *grid = op->grid;
  tt_memory    *mem = &grid->memory;
  norm_run      r;
  tt_pass       pass;
  int64_t      *starts = NULL, slab = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(&pass, 0, sizeof pass);
  memset(&r, 0, sizeof r);
  *value = 0;
  REQUIRE(kind >= TARTAN_NORM_FRO && kind <= TARTAN_NORM_COUNT, TARTAN_ERR_ARG, "no such norm");
  if (op->m == 0 || op->n == 0) goto done;
  run_plan(op, kind, &r);
  starts = tt_alloc(mem, grid->size + 1, sizeof *starts, "the ranges of a pass", &local);
  r.nodes = tt_alloc_zero(mem, r.slots * r.size, sizeof *r.nodes, "sums of a norm", &local);
  r.work = tt_alloc(mem, r.batch * r.n, sizeof *r.work, "rows", &local);
  r.sum = tt_alloc_zero(mem, r.size, sizeof *r.sum, "sums of a norm", &local);
  AGREE(grid, local);
  tt_segments_partition(&r.segments, grid->size, starts);
  TRY(tt_pass_slab_fit(op, 0, 0, false, &slab));
  TRY(tt_pass_begin(op, starts, slab, NULL, &pass));
  AGREE(grid, take_rows(&r, &pass));
  TRY(combine(grid, &r, value));
done:
  tt_pass_end(&pass);
  tt_free(r.sum);
  tt_free(r.work);
  tt_free(r.nodes);
  tt_free(starts);
  return st;
}

tartan_status tt_operator_norm_plan(const tartan_operator *op, tartan_norm_kind kind, tartan_cost *plan)
{
  norm_run      r;
  int64_t       slab = 0;
  tartan_status st = TARTAN_OK;

  memset(plan, 0, sizeof *plan);
  run_plan(op, kind, &r);
  TRY(tt_pass_slab_fit(op, run_bytes(&r), 0, false, &slab));
  snprintf(plan->algorithm, sizeof plan->algorithm, "stream");
  snprintf(plan->reason, sizeof plan->reason, "one pass, in slabs of %lld row%s; %lld segment%s", (long long)slab,
           TT_S(slab), (long long)r.segments.count, TT_S(r.segments.count));
  plan->passes = 1;
  plan->bytes_read = (double)op->m * (double)op->n * (double)tt_element_size(op->element) / op->grid->size;
  plan->memory = (double)run_bytes(&r) + (double)slab * (double)tt_pass_row_bytes(op, false);
  plan->words = op->grid->size == 1 ? 0 : has_sums(kind) ? (double)(r.size * r.slots * (op->grid->size - 1)) : 2;
  plan->grid[0] = op->grid->size;
  plan->grid[1] = plan->grid[2] = 1;
done:
  return st;
}
