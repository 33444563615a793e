/*
 * Passes over the rows of A. A row of W depends on its row of A and on H alone, and A'W adds up over rows: so one pass
 * updates W and makes what H is fitted to. Every rank holds all of H, [k, n]; A'W travels once, to the ranks of its columns.
 *
 * Tiles do not end where slabs do: a tile is filled from as many slabs as it takes.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "model/nmf_impl.h"
#include "oper/gram_impl.h"

#define ROWS 64     /* of a tile that one thread takes */
#define COLUMNS 256 /* of A'W that one thread takes */

tartan_status tt_nmf_pass_begin(tt_nmf *f)
{
  int64_t       slab = 0;
  tartan_status st = TARTAN_OK;

  TRY(tt_pass_slab_fit(f->A, 0, 0, false, &slab));
  TRY(tt_pass_begin(f->A, f->W.starts, slab, NULL, &f->pass));
done:
  return st;
}

void tt_nmf_pass_end(tt_nmf *f)
{
  tt_pass_end(&f->pass);
}

/* The rows of a slab, tile by tile. Local. */
static void fill_tiles(tt_nmf *f, int64_t row0, int64_t rows, tt_nmf_tile *action, void *context)
{
  const tt_segments *s = &f->W.tree.segments;
  const int64_t      n = f->A->n, width = (int64_t)tt_element_size(f->pass.element);

  for (int64_t i = row0, next; i < row0 + rows; i = next) {
    const int64_t end = tt_nmf_tile_end(s, f->unit, i), start = tt_segment_start(s, tt_segment_of(s, i));
    const int64_t first = start + (i - start) / f->unit * f->unit;

    next = tt_min(end, row0 + rows);
    tt_convert(f->pass.element, (const char *)f->pass.buffer + (i - row0) * n * width, (next - i) * n, TARTAN_F64,
               f->tile + (i - first) * n);
    if (next == end) action(f, first, end - first, context);
  }
}

tartan_status tt_nmf_walk(tt_nmf *f, tt_nmf_tile *action, void *context)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  f->pass.prefetched = f->pass.begin;
  for (int64_t step = 0; step < f->pass.steps && local == TARTAN_OK; step++) {
    int64_t row0, rows;
    double  t;

    tt_pass_slab(&f->pass, step, &row0, &rows);
    local = tt_pass_read(&f->pass, step);
    t = tt_seconds();
    if (local == TARTAN_OK) fill_tiles(f, row0, rows, action, context);
    tt_grid_phase(f->grid, TARTAN_PHASE_COMPUTE, &t);
  }
  AGREE(f->grid, local);
  f->passes++;
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ products */

/* A tile that threads share. */
typedef struct job {
  const tt_nmf *f;
  int64_t       rows;
  const double *X;
  double       *S;
} job;

static void fit_rows(int64_t i, void *context)
{
  const job    *j = context;
  const tt_nmf *f = j->f;
  const int64_t first = i * ROWS, n = f->A->n;

  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, f->k, tt_min(ROWS, j->rows - first), n, 1, f->whole, f->k,
                f->tile + first * n, n, 0, f->part + first * f->k, f->k);
}

void tt_nmf_fit_tile(tt_nmf *f, int64_t rows)
{
  job j = {.f = f, .rows = rows};

  tt_parallel_flushed(f->grid->threads, tt_ceil_div(rows, ROWS), fit_rows, &j);
  f->grid->counters.flops += 2 * (double)rows * (double)f->A->n * (double)f->k;
}

/* Some columns of S += X tile' */
static void add_columns(int64_t i, void *context)
{
  const job    *j = context;
  const tt_nmf *f = j->f;
  const int64_t first = i * COLUMNS, n = f->A->n;

  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_TRANS, f->k, tt_min(COLUMNS, n - first), j->rows, 1, j->X, f->k,
                f->tile + first, n, 1, j->S + first * f->k, f->k);
}

static void update_tile(tt_nmf *f, int64_t row, int64_t rows, void *context)
{
  double *node = tt_nmf_tree_node(&f->W.tree, row);
  job     j = {.f = f,
               .rows = rows,
               .X = (const double *)f->W.X->data + (row - f->W.begin) * f->k,
               .S = node + f->k * f->k + TT_NMF_SCALARS};

  (void)context;
  tt_nmf_fit_tile(f, rows);
  tt_nmf_update_rows(f, &f->W, row, rows, f->part, node);
  tt_parallel_flushed(f->grid->threads, tt_ceil_div(f->A->n, COLUMNS), add_columns, &j);
  f->grid->counters.flops += 2 * (double)rows * (double)f->A->n * (double)f->k;
  tt_nmf_tree_close(&f->W.tree, row + rows);
}

/* ------------------------------------------------------------------------------------------------ over the ranks */

/* What each rank sends of its nodes of A'W and gets of the others': counts and places. Local. */
static void exchange_places(tt_nmf *f, const tt_frontier *t)
{
  const int     P = f->grid->size;
  const int64_t mine = (f->H.end - f->H.begin) * f->k;
  int64_t *send_count = f->exchange, *send_at = send_count + P, *recv_count = send_at + P, *recv_at = recv_count + P;

  for (int r = 0; r < P; r++) {
    send_count[r] = (f->H.starts[r + 1] - f->H.starts[r]) * f->k * t->own[f->grid->rank];
    recv_count[r] = mine * t->own[r];
    send_at[r] = r ? send_at[r - 1] + send_count[r - 1] : 0;
    recv_at[r] = r ? recv_at[r - 1] + recv_count[r - 1] : 0;
  }
}

/* f->H.P := the sum of A'W over all nodes of all ranks, each rank its columns. Collective. */
static tartan_status scatter(tt_nmf *f, const tt_frontier *t)
{
  const int      P = f->grid->size, own = t->own[f->grid->rank];
  const int64_t  k = f->k, mine = (f->H.end - f->H.begin) * k, head = k * k + TT_NMF_SCALARS;
  const int64_t *x = f->exchange;
  double        *to = f->sent;
  tartan_status  st = TARTAN_OK;

  exchange_places(f, t);
  for (int r = 0; r < P; r++)
    for (int i = 0; i < own; i++) {
      const int64_t words = (f->H.starts[r + 1] - f->H.starts[r]) * k;

      memcpy(to, f->W.tree.nodes + i * f->W.tree.size + head + f->H.starts[r] * k, (size_t)words * sizeof *to);
      to += words;
    }
  TRY(tt_alltoallv(f->grid, f->sent, x, x + P, f->came, x + 2 * P, x + 3 * P, sizeof *f->sent));
  for (int i = 0; i < t->total; i++) f->value[i] = f->came + i * mine;
  tt_frontier_combine(t->node, t->total, mine, f->value);
  memcpy(f->H.P->data, f->came, (size_t)mine * sizeof *f->came);
done:
  return st;
}

/* Room for what travels. Collective. */
static tartan_status make_room(tt_nmf *f, const tt_frontier *t)
{
  tt_memory    *mem = &f->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (f->sent) return st;
  f->sent = tt_alloc(mem, t->own[f->grid->rank] * f->k * f->A->n, sizeof *f->sent, "a product on its way", &local);
  f->came = tt_alloc(mem, t->total * f->k * (f->H.end - f->H.begin), sizeof *f->came, "a product on its way", &local);
  f->value = tt_alloc(mem, t->total, sizeof *f->value, "a product on its way", &local);
  AGREE(f->grid, local);
done:
  return st;
}

tartan_status tt_nmf_pass_update(tt_nmf *f)
{
  tt_frontier   t = {0};
  tartan_status st = TARTAN_OK;

  AGREE(f->grid, tt_frontier_make(f->grid, &f->W.tree.segments, &t));
  TRY(make_room(f, &t));
  tt_nmf_take_gram(f, &f->H);
  tt_nmf_tree_begin(f->grid, &f->W.tree);
  TRY(tt_nmf_walk(f, update_tile, NULL));
  TRY(tt_segments_sum(f->grid, &f->W.tree.segments, f->k * f->k + TT_NMF_SCALARS, f->W.tree.nodes, f->W.tree.size,
                      f->W.sum));
  TRY(scatter(f, &t));
done:
  tt_frontier_free(&t);
  return st;
}

tartan_status tt_nmf_spread(tt_nmf *f)
{
  const int P = f->grid->size;
  int64_t  *send_count = f->exchange, *send_at = send_count + P, *recv_count = send_at + P, *recv_at = recv_count + P;

  for (int r = 0; r < P; r++) {
    send_count[r] = (f->H.end - f->H.begin) * f->k;
    send_at[r] = 0;
    recv_at[r] = f->H.starts[r] * f->k;
    recv_count[r] = (f->H.starts[r + 1] - f->H.starts[r]) * f->k;
  }
  return tt_alltoallv(f->grid, f->H.X->data, send_count, send_at, f->whole, recv_count, recv_at, sizeof *f->whole);
}
