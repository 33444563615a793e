/*
 * Reduce-scatter of the packed triangle. After the pass the ranks together hold the frontier of the summation tree, a
 * few nodes each. Every tile has one owner, who gets that tile of every node, adds them up in the tree's order and
 * keeps the sum as its block of the result. Each word travels once, straight to where it is needed: with one node a
 * rank n(n+1)/2 (P-1)/P words are sent and received; a number of ranks that is no power of two has more nodes and so
 * moves a little more. Tiles go in groups, as many as fit the buffers of their owners.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "oper/gram_impl.h"

#define GROUP_BYTES ((int64_t)32 << 20)

void tt_tile_place(const tt_gram_plan *plan, int64_t n, int64_t t, int64_t *I, int64_t *J)
{
  const int64_t T = tt_ceil_div(n, plan->tile), off = T * (T - 1) / 2;

  if (t >= off) {
    *I = *J = t - off;
    return;
  }
  *I = 1;
  while (t >= *I) t -= (*I)++; /* row I has I tiles left of the diagonal */
  *J = t;
}

int64_t tt_tile_rows(const tt_gram_plan *plan, int64_t n, int64_t I)
{
  return tt_min(plan->tile, n - I * plan->tile);
}

int tt_tile_owner(const tartan_grid *grid, const tt_gram_plan *plan, int64_t n, int64_t t)
{
  int64_t I, J;

  tt_tile_place(plan, n, t, &I, &J);
  return (int)(I % grid->p) * grid->q + (int)(J % grid->q);
}

void tt_frontier_combine(const tt_node *node, int count, int64_t size, double *const *value)
{
  tt_node_stack stack = {0};
  double       *held[TT_NODES_MAX];

  for (int i = 0; i < count; i++) {
    int merges;

    held[stack.count] = value[i];
    merges = tt_node_push(&stack, node[i]);
    for (int k = stack.count + merges - 1; k >= stack.count; k--) tt_add_f64(size, held[k], held[k - 1]);
  }
}

/* Words of a tile as it travels: whole columns, on the diagonal only what lies below it. */
static int64_t tile_words(const tt_gram_plan *plan, int64_t n, int64_t t)
{
  int64_t I, J;

  tt_tile_place(plan, n, t, &I, &J);
  return I == J ? tt_tile_rows(plan, n, I) * (tt_tile_rows(plan, n, I) + 1) / 2
                : tt_tile_rows(plan, n, I) * tt_tile_rows(plan, n, J);
}

/* Copies a tile between its place in a node (leading dimension plan->tile) and its packed form. Returns the words. */
static int64_t tile_pack(const tt_gram_plan *plan, int64_t n, int64_t t, const double *tile, double *packed)
{
  int64_t I, J, at = 0;

  tt_tile_place(plan, n, t, &I, &J);
  for (int64_t j = 0; j < tt_tile_rows(plan, n, J); j++) {
    const int64_t from = I == J ? j : 0, length = tt_tile_rows(plan, n, I) - from;

    memcpy(packed + at, tile + from + j * plan->tile, (size_t)length * sizeof *packed);
    at += length;
  }
  return at;
}

/* Puts a packed tile into its block of the result on its owner. */
static void tile_place_in(const tt_gram_plan *plan, int64_t n, int64_t t, const double *packed, tartan_matrix *G)
{
  int64_t I, J, at = 0;

  tt_tile_place(plan, n, t, &I, &J);
  for (int64_t j = 0; j < tt_tile_rows(plan, n, J); j++) {
    const int64_t from = I == J ? j : 0, length = tt_tile_rows(plan, n, I) - from;
    const int64_t il = tt_axis_local(&G->row, I * plan->tile + from), jl = tt_axis_local(&G->col, J * plan->tile + j);

    memcpy((double *)G->data + il + jl * G->ld, packed + at, (size_t)length * sizeof *packed);
    at += length;
  }
}

tartan_status tt_frontier_make(tartan_grid *grid, const tt_segments *s, tt_frontier *f)
{
  tt_node_stack stack;
  tartan_status local = TARTAN_OK;
  int           at = 0;

  memset(f, 0, sizeof *f);
  f->own = tt_alloc(&grid->memory, grid->size, sizeof *f->own, "the frontier of a sum", &local);
  if (!f->own) return local;
  for (int r = 0; r < grid->size; r++) {
    tt_segments_frontier(s, grid->size, r, &stack, NULL);
    f->own[r] = stack.count;
    f->total += stack.count;
    f->most = (int)tt_max(f->most, stack.count);
  }
  f->node = tt_alloc(&grid->memory, f->total, sizeof *f->node, "the frontier of a sum", &local);
  if (!f->node) return local;
  for (int r = 0; r < grid->size; r++) {
    tt_segments_frontier(s, grid->size, r, &stack, NULL);
    memcpy(f->node + at, stack.node, (size_t)stack.count * sizeof *f->node);
    at += stack.count;
  }
  return local;
}

void tt_frontier_free(tt_frontier *f)
{
  tt_free(f->node);
  tt_free(f->own);
}

/* An exchange of one group of tiles: counts, places and buffers. */
typedef struct exchange {
  int64_t *plan;                                        /* one block for the four lists */
  int64_t *send_count, *send_at, *recv_count, *recv_at; /* [P] */
  double  *send, *recv;
  double **value; /* [frontier] where each node's packed tile lies */
} exchange;

static void exchange_free(exchange *x)
{
  tt_free(x->value);
  tt_free(x->recv);
  tt_free(x->send);
  tt_free(x->plan);
}

/* Tiles t0 .. t1 - 1: how much goes where. Returns by *sends and *recvs the totals. */
static void exchange_counts(tartan_grid *grid, const tt_gram_plan *plan, int64_t n, const tt_frontier *f, int64_t t0,
                            int64_t t1, exchange *x, int64_t *sends, int64_t *recvs)
{
  memset(x->plan, 0, 4 * (size_t)grid->size * sizeof *x->plan);
  for (int64_t t = t0; t < t1; t++) {
    const int     owner = tt_tile_owner(grid, plan, n, t);
    const int64_t words = tile_words(plan, n, t);

    x->send_count[owner] += words * f->own[grid->rank];
    for (int r = 0; r < grid->size && owner == grid->rank; r++) x->recv_count[r] += words * f->own[r];
  }
  *sends = *recvs = 0;
  for (int r = 0; r < grid->size; r++) {
    x->send_at[r] = *sends;
    x->recv_at[r] = *recvs;
    *sends += x->send_count[r];
    *recvs += x->recv_count[r];
  }
}

/* Packs this rank's nodes: for each owner its tiles in order, of each tile every node in order. */
static void pack_group(tartan_grid *grid, const tt_gram_plan *plan, int64_t n, const double *nodes, int own, int64_t t0,
                       int64_t t1, const exchange *x)
{
  for (int owner = 0; owner < grid->size; owner++) {
    double *to = x->send + x->send_at[owner];

    for (int64_t t = t0; t < t1; t++) {
      if (tt_tile_owner(grid, plan, n, t) != owner) continue;
      for (int k = 0; k < own; k++)
        to += tile_pack(plan, n, t, nodes + k * plan->node + t * plan->tile * plan->tile, to);
    }
  }
}

/* Adds up the tiles of this rank and puts them into G. */
static void combine_group(tartan_grid *grid, const tt_gram_plan *plan, int64_t n, const tt_frontier *f, int64_t t0,
                          int64_t t1, const exchange *x, tartan_matrix *G)
{
  int64_t done = 0; /* words of each node that earlier tiles took */

  for (int64_t t = t0; t < t1; t++) {
    const int64_t words = tile_words(plan, n, t);
    int           i = 0;

    if (tt_tile_owner(grid, plan, n, t) != grid->rank) continue;
    for (int r = 0; r < grid->size; r++)
      for (int k = 0; k < f->own[r]; k++, i++) x->value[i] = x->recv + x->recv_at[r] + done * f->own[r] + k * words;
    tt_frontier_combine(f->node, f->total, words, x->value);
    tile_place_in(plan, n, t, x->value[0], G);
    done += words;
  }
}

/*
 * The tiles from t0 on that one exchange takes: as many as fit the buffers of their owners, at least one. All ranks have
 * work in an exchange, because neighbouring tiles have different owners.
 */
static int64_t group_end(tartan_grid *grid, const tt_gram_plan *plan, int64_t n, const tt_frontier *f, int64_t t0,
                         exchange *x)
{
  const int64_t most = GROUP_BYTES / (int64_t)sizeof(double);
  int64_t       sent = 0, t = t0;

  memset(x->recv_count, 0, (size_t)grid->size * sizeof *x->recv_count); /* here: words that each owner gets */
  while (t < plan->tiles) {
    int64_t *gets = &x->recv_count[tt_tile_owner(grid, plan, n, t)];

    *gets += tile_words(plan, n, t) * f->total;
    sent += tile_words(plan, n, t) * f->most;
    if (t > t0 && (*gets > most || sent > most)) break;
    t++;
  }
  return t;
}

double tt_gram_reduce_bytes(const tt_gram_plan *plan, int64_t n, int P)
{
  tt_node_stack stack;
  double        total = 0, tile = (double)plan->tile * (double)plan->tile;

  if (P == 1) return 0;
  for (int r = 0; r < P; r++) {
    tt_segments_frontier(&plan->segments, P, r, &stack, NULL);
    total += stack.count;
  }
  return 2 * fmax((double)GROUP_BYTES, 8 * tile * total) + 8 * total * (double)n;
}

/* Vectors of all nodes to rank 0, combined, to all. Collective. */
static tartan_status sum_frontier(tartan_grid *grid, const tt_frontier *f, int64_t size, const double *nodes,
                                  int64_t stride, double *sum)
{
  const int     own = f->own[grid->rank];
  int64_t      *counts = NULL;
  double       *mine = NULL, *all = NULL, **value = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  counts = tt_alloc(&grid->memory, grid->size, sizeof *counts, "column sums", &local);
  mine = tt_alloc(&grid->memory, own * size, sizeof *mine, "column sums", &local);
  value = tt_alloc(&grid->memory, f->total, sizeof *value, "column sums", &local);
  if (grid->rank == 0) all = tt_alloc(&grid->memory, f->total * size, sizeof *all, "column sums", &local);
  AGREE(grid, local);
  for (int r = 0; r < grid->size; r++) counts[r] = f->own[r] * size;
  for (int k = 0; k < own; k++) memcpy(mine + k * size, nodes + k * stride, (size_t)size * sizeof *mine);
  TRY(tt_gatherv(grid, mine, counts, sizeof *mine, all, 0));
  if (grid->rank == 0 && f->total > 0) {
    for (int i = 0; i < f->total; i++) value[i] = all + i * size;
    tt_frontier_combine(f->node, f->total, size, value);
    memcpy(sum, value[0], (size_t)size * sizeof *sum);
  }
  TRY(tt_bcast(grid, sum, size, sizeof *sum, 0));
done:
  tt_free(all);
  tt_free(value);
  tt_free(mine);
  tt_free(counts);
  return st;
}

tartan_status tt_segments_sum(tartan_grid *grid, const tt_segments *s, int64_t size, const double *nodes,
                              int64_t stride, double *sum)
{
  tt_frontier   f = {0};
  tartan_status st = TARTAN_OK;

  AGREE(grid, tt_frontier_make(grid, s, &f));
  TRY(sum_frontier(grid, &f, size, nodes, stride, sum));
done:
  tt_frontier_free(&f);
  return st;
}

tartan_status tt_gram_reduce(tartan_grid *grid, const tt_gram_plan *plan, int64_t n, const tt_frontier *f,
                             double *nodes, tartan_matrix *G, double *sums)
{
  const int     P = grid->size;
  exchange      x = {0};
  int64_t       sends, recvs;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  x.plan = tt_alloc(&grid->memory, 4 * (int64_t)P, sizeof *x.plan, "the plan of a reduction", &local);
  x.value = tt_alloc(&grid->memory, f->total, sizeof *x.value, "the plan of a reduction", &local);
  AGREE(grid, local);
  x.send_count = x.plan;
  x.send_at = x.plan + P;
  x.recv_count = x.plan + 2 * (int64_t)P;
  x.recv_at = x.plan + 3 * (int64_t)P;
  TRY(sum_frontier(grid, f, n, nodes + plan->tiles * plan->tile * plan->tile, plan->node, sums));
  for (int64_t t0 = 0, t1; t0 < plan->tiles; t0 = t1) {
    t1 = group_end(grid, plan, n, f, t0, &x);
    exchange_counts(grid, plan, n, f, t0, t1, &x, &sends, &recvs);
    x.send = tt_alloc(&grid->memory, sends, sizeof *x.send, "packed tiles", &local);
    x.recv = tt_alloc(&grid->memory, recvs, sizeof *x.recv, "packed tiles", &local);
    AGREE(grid, local);
    pack_group(grid, plan, n, nodes, f->own[grid->rank], t0, t1, &x);
    TRY(tt_alltoallv(grid, x.send, x.send_count, x.send_at, x.recv, x.recv_count, x.recv_at, sizeof *x.send));
    combine_group(grid, plan, n, f, t0, t1, &x, G);
    tt_free(x.recv);
    tt_free(x.send);
    x.recv = x.send = NULL;
  }
done:
  exchange_free(&x);
  return st;
}
