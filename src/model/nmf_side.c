/*
 * One factor of a non-negative factorization: its rows updated by tiles, with the sums that the other factor and the loss
 * need. Tiles and segments depend on the shape of the data alone, and so do the bits of every sum.
 */
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "kernel/reduce.h"
#include "model/nmf_impl.h"
#include "oper/gram_impl.h"

#define OUTER_COLUMNS 64 /* of a sum of outer products that one thread takes */

tartan_status tt_nmf_side_make(tt_nmf *f, int64_t n, int64_t more, tt_nmf_side *side)
{
  tt_memory    *mem = &f->grid->memory;
  tt_nmf_tree  *tree = &side->tree;
  tt_node_stack stack;
  int64_t       values = 0;
  int           slots = 0;
  tartan_status local = TARTAN_OK;

  side->n = n;
  tree->segments = tt_nmf_segments(n);
  tree->size = f->k * f->k + TT_NMF_SCALARS + more;
  for (int r = 0; r < f->grid->size; r++) {
    tt_segments_frontier(&tree->segments, f->grid->size, r, &stack, &slots);
    tree->slots = (int)tt_max(tree->slots, slots);
  }
  if (!tt_mul(tree->slots, tree->size, &values))
    return tt_fail(TARTAN_ERR_OVERFLOW, "sums of %lld values are beyond 64 bits", (long long)tree->size);
  side->starts = tt_alloc(mem, f->grid->size + 1, sizeof *side->starts, "the ranges of a factor", &local);
  tree->nodes = tt_alloc_zero(mem, values, sizeof *tree->nodes, "sums of a factor", &local);
  side->sum = tt_alloc_zero(mem, f->k * f->k + TT_NMF_SCALARS, sizeof *side->sum, "sums of a factor", &local);
  if (local != TARTAN_OK) return local;
  tt_segments_partition(&tree->segments, f->grid->size, side->starts);
  side->begin = side->starts[f->grid->rank];
  side->end = side->starts[f->grid->rank + 1];
  return local;
}

void tt_nmf_side_free(tt_nmf_side *side)
{
  tartan_matrix_destroy(&side->P);
  tartan_matrix_destroy(&side->X);
  tt_free(side->sum);
  tt_free(side->tree.nodes);
  tt_free(side->starts);
  memset(side, 0, sizeof *side);
}

/* ------------------------------------------------------------------------------------------------ the tree */

void tt_nmf_tree_begin(const tartan_grid *grid, tt_nmf_tree *tree)
{
  tree->stack.count = 0;
  tree->segment = tree->segments.count * grid->rank / grid->size;
}

double *tt_nmf_tree_node(tt_nmf_tree *tree, int64_t row)
{
  double *node = tree->nodes + tree->stack.count * tree->size;

  if (row == tt_segment_start(&tree->segments, tree->segment)) memset(node, 0, (size_t)tree->size * sizeof *node);
  return node;
}

void tt_nmf_tree_close(tt_nmf_tree *tree, int64_t row)
{
  const tt_node leaf = {.level = 0, .index = tree->segment};
  double       *node = tree->nodes + tree->stack.count * tree->size;
  int           merges;

  if (row != tt_segment_start(&tree->segments, tree->segment + 1)) return;
  tree->segment++;
  merges = tt_node_push(&tree->stack, leaf);
  for (int i = 0; i < merges; i++, node -= tree->size) tt_add_f64(tree->size, node, node - tree->size);
}

int64_t tt_nmf_tile_end(const tt_segments *s, int64_t unit, int64_t row)
{
  const int64_t i = tt_segment_of(s, row), start = tt_segment_start(s, i);

  return tt_min(start + ((row - start) / unit + 1) * unit, tt_segment_start(s, i + 1));
}

/* ------------------------------------------------------------------------------------------------ rows */

/* A tile that threads share. */
typedef struct tile {
  const tt_nmf *f;
  int64_t       rows;
  const double *P;
  double       *X, *sum;
} tile;

static void sweep_lanes(int64_t i, void *context)
{
  const tile       *t = context;
  const tt_nmf     *f = t->f;
  const int64_t     first = i * TT_NMF_LANES;
  const tt_nmf_rows rows = {.isa = f->isa,
                            .k = f->k,
                            .count = tt_min(TT_NMF_LANES, t->rows - first),
                            .G = f->G,
                            .P = t->P + first * f->k,
                            .l1 = f->opts.l1,
                            .X = t->X + first * f->k};

  tt_nmf_sweep(&rows, f->work + tt_thread_index() * tt_nmf_work(f->k), f->violation + first);
}

/* Some columns of the lower triangle. */
static void add_columns(int64_t i, void *context)
{
  const tile   *t = context;
  const int64_t k = t->f->k, j = i * OUTER_COLUMNS, columns = tt_min(OUTER_COLUMNS, k - j);

  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_TRANS, k - j, columns, t->rows, 1, t->X + j, k, t->X + j, k, 1,
                t->sum + j + j * k, k);
}

void tt_nmf_add_outer(const tt_nmf *f, int64_t rows, const double *X, double *sum)
{
  tile t = {.f = f, .rows = rows, .X = (double *)X, .sum = sum};

  tt_parallel_flushed(f->grid->threads, tt_ceil_div(f->k, OUTER_COLUMNS), add_columns, &t);
  f->grid->counters.flops += (double)rows * (double)f->k * (double)f->k;
}

void tt_nmf_update_rows(tt_nmf *f, tt_nmf_side *side, int64_t row, int64_t rows, const double *P, double *node)
{
  const int64_t k = f->k;
  double       *X = (double *)side->X->data + (row - side->begin) * k, *scalars = node + k * k;
  tile          t = {.f = f, .rows = rows, .P = P, .X = X};

  tt_parallel_flushed(f->grid->threads, tt_ceil_div(rows, TT_NMF_LANES), sweep_lanes, &t);
  f->grid->counters.flops += 2 * (double)rows * (double)k * (double)k;
  for (int64_t i = 0; i < rows; i++) scalars[TT_NMF_VIOLATION] += f->violation[i];
  scalars[TT_NMF_CROSS] += tt_dot_local(TARTAN_F64, P, k, TARTAN_F64, X, k, k, rows);
  tt_nmf_add_outer(f, rows, X, node);
}

/* ------------------------------------------------------------------------------------------------ all of them */

void tt_nmf_take_gram(tt_nmf *f, const tt_nmf_side *other)
{
  const int64_t k = f->k;

  for (int64_t j = 0; j < k; j++)
    for (int64_t i = j; i < k; i++)
      f->G[i + j * k] = f->G[j + i * k] = other->sum[i + j * k] + (i == j ? f->opts.l2 : 0);
}

/* Sums over all ranks. Collective. */
static tartan_status finish(tt_nmf *f, tt_nmf_side *side)
{
  return tt_segments_sum(f->grid, &side->tree.segments, f->k * f->k + TT_NMF_SCALARS, side->tree.nodes, side->tree.size,
                         side->sum);
}

tartan_status tt_nmf_update(tt_nmf *f, tt_nmf_side *side, const tt_nmf_side *other)
{
  double t = tt_seconds();

  tt_nmf_take_gram(f, other);
  tt_nmf_tree_begin(f->grid, &side->tree);
  for (int64_t row = side->begin, next; row < side->end; row = next) {
    next = tt_nmf_tile_end(&side->tree.segments, f->unit, row);
    tt_nmf_update_rows(f, side, row, next - row, (const double *)side->P->data + (row - side->begin) * f->k,
                       tt_nmf_tree_node(&side->tree, row));
    tt_nmf_tree_close(&side->tree, next);
  }
  tt_grid_phase(f->grid, TARTAN_PHASE_COMPUTE, &t);
  return finish(f, side);
}

tartan_status tt_nmf_sum(tt_nmf *f, tt_nmf_side *side)
{
  tt_nmf_tree_begin(f->grid, &side->tree);
  for (int64_t row = side->begin, next; row < side->end; row = next) {
    next = tt_nmf_tile_end(&side->tree.segments, f->unit, row);
    tt_nmf_add_outer(f, next - row, (const double *)side->X->data + (row - side->begin) * f->k,
                     tt_nmf_tree_node(&side->tree, row));
    tt_nmf_tree_close(&side->tree, next);
  }
  return finish(f, side);
}
