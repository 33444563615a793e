/*
 * The sizes of a run: which operand travels, how wide panels and slabs are, and what that takes of memory and messages.
 * First as is best for speed, then smaller until it fits.
 */
#include "blas/gemm_impl.h"

#include <string.h>

#include "base/util.h"

#define PANEL_BYTES ((int64_t)16 << 20) /* of a gathered panel that is used once */
#define BLOCK_MOST 512                  /* of an axis whose slabs are put together from blocks */
#define PIECE_LEAST ((int64_t)16 << 10) /* bytes of a block of columns that is a message of its own */
#define SLAB_BYTES ((int64_t)48 << 20)  /* of the parts of a slab: a second one would pack the other operand again */
#define SLAB 4096                       /* outer indices of one round, at least */

/* ------------------------------------------------------------------------------------------------ sizes of a run */

/* Whether each process's indices are one range: no two of its blocks. */
static bool one_range(const tt_axis *axis)
{
  if (axis->starts || axis->procs == 1 || axis->n == 0) return true;
  return (axis->first + axis->n - 1) / axis->nb - axis->first / axis->nb < axis->procs;
}

bool tt_gemm_streams_other(const tt_gemm_plan *plan)
{
  const tt_gemm_side ring = tt_gemm_side_of(&plan->g, plan->ring_b), other = tt_gemm_side_of(&plan->g, !plan->ring_b);

  return !other.stays && ring.ring == 1 && other.ring == 1;
}

bool tt_gemm_reads_other(const tt_gemm_plan *plan)
{
  const tt_gemm_side ring = tt_gemm_side_of(&plan->g, plan->ring_b), other = tt_gemm_side_of(&plan->g, !plan->ring_b);

  if (plan->assembled) return true;
  return other.ring == 1 && !tt_gemm_streams_other(plan) && (ring.ring == 1 || one_range(&ring.inner));
}

void tt_gemm_room_of(const tt_gemm_plan *plan, tt_gemm_room *room)
{
  const tt_gemm_side ring = tt_gemm_side_of(&plan->g, plan->ring_b), other = tt_gemm_side_of(&plan->g, !plan->ring_b);
  const int64_t      sets = plan->overlap ? 2 : 1, width = ring.ring * plan->panel;
  const int64_t      outer = tt_axis_largest(&other.outer);
  const bool         apart = plan->g.p3 > 1;

  memset(room, 0, sizeof *room);
  if (ring.ring > 1) room->parts = sets * ring.ring * plan->slab * plan->panel;
  if (!ring.stays) room->ring_copy = sets * tt_axis_largest(&ring.outer) * plan->panel;
  if (!tt_gemm_reads_other(plan)) room->panel = sets * width * outer;
  if (other.ring > 1) room->other_parts = room->panel;
  if (!other.stays && !tt_gemm_streams_other(plan)) room->other_copy = outer * tt_axis_largest(&other.inner);
  if (apart || !plan->g.c_stays || plan->triangle)
    room->partial = tt_axis_largest(&plan->g.m) * tt_axis_largest(&plan->g.n);
  if (apart && !plan->g.c_stays) room->result = tt_layout_largest(&plan->g.c);
}

/* The indices of a step along the inner dimension: columns of op(A), rows of op(B). */
static tt_step along_inner(bool b, int64_t inner)
{
  const tt_step step = {b ? inner : INT64_MAX, b ? INT64_MAX : inner};

  return step;
}

tt_layout tt_gemm_layer(const tt_gemm_grid *g, int l, int *ranks)
{
  const tt_layout layout = {.row = g->m, .col = g->n, .ranks = ranks};

  for (int at = 0; at < g->p1 * g->p2; at++) ranks[at] = g->who[at * g->p3 + l];
  return layout;
}

void tt_gemm_moves_of(const tt_gemm_shape *shape, const tt_gemm_plan *plan, tt_gemm_moves *moves)
{
  const tt_gemm_grid *g = &plan->g;
  const size_t        size = tartan_dtype_size(shape->dtype);
  const bool          b = plan->ring_b;
  const tt_layout    *from[] = {&shape->a, &shape->b}, *to[] = {&g->a, &g->b};
  const tt_layout     layer = {.row = g->m, .col = g->n};
  const tt_step       whole = {INT64_MAX, INT64_MAX};

  memset(moves, 0, sizeof *moves);
  if (!tt_gemm_side_of(g, b).stays)
    moves->ring = tt_transfer_plan(from[b], to[b], size, along_inner(b, plan->panel), plan->bytes);
  if (!tt_gemm_side_of(g, !b).stays)
    moves->other = tt_transfer_plan(from[!b], to[!b], size,
                                    tt_gemm_streams_other(plan) ? along_inner(!b, plan->panel) : whole, plan->bytes);
  if (!g->c_stays) moves->result = tt_transfer_plan(&g->c, &shape->c, size, whole, plan->bytes);
  if (g->p3 > 1) moves->layers = tt_transfer_plan(&layer, &g->c, size, whole, plan->bytes);
}

int64_t tt_gemm_list_most(const tt_gemm_plan *plan)
{
  const tt_gemm_side ring = tt_gemm_side_of(&plan->g, plan->ring_b), other = tt_gemm_side_of(&plan->g, !plan->ring_b);

  return tt_min(ring.ring * plan->panel,
                tt_axis_runs(&ring.inner) + tt_axis_runs(&other.inner) + ring.inner.procs + other.inner.procs);
}

/* Messages of the two rings, at most; and the requests that they take. */
static int64_t ring_messages(const tt_gemm_plan *plan, const tt_gemm_room *room, int64_t slabs)
{
  const tt_gemm_side ring = tt_gemm_side_of(&plan->g, plan->ring_b), other = tt_gemm_side_of(&plan->g, !plan->ring_b);
  const int64_t      sets = plan->overlap ? 2 : 1, pieces = plan->assembled ? tt_gemm_list_most(plan) : ring.ring;
  int64_t            messages = 0;

  if (ring.ring > 1) messages += slabs * tt_ring_messages(pieces, room->parts / sets * 8);
  if (other.ring > 1) messages += tt_ring_messages(other.ring, room->other_parts / sets * 8);
  return plan->steps * messages;
}

/* Bytes of the requests of all rings that are under way. */
static int64_t ring_bytes(const tt_gemm_plan *plan, const tt_gemm_room *room)
{
  const int64_t sets = plan->overlap ? 2 : 1;

  return 2 * (int64_t)sizeof(MPI_Request) * sets *
         (tt_ring_messages(0, room->parts / sets * 8) + tt_ring_messages(0, room->other_parts / sets * 8));
}

/* Memory beside the operands, and messages: bounds that hold on every rank. */
static void price_room(const tt_gemm_shape *shape, tt_gemm_plan *plan)
{
  const tt_gemm_grid *g = &plan->g;
  const bool          b = plan->ring_b;
  const tt_gemm_side  ring = tt_gemm_side_of(g, b), other = tt_gemm_side_of(g, !b);
  const size_t        size = tartan_dtype_size(shape->dtype);
  const tt_layout    *from[] = {&shape->a, &shape->b}, *to[] = {&g->a, &g->b};
  const tt_layout     layer = {.row = g->m, .col = g->n};
  const int64_t       slabs = tt_ceil_div(tt_axis_largest(&ring.outer), tt_max(1, plan->slab)), P = shape->grid->size;
  int64_t             messages, elements;
  tt_gemm_room        room;
  tt_gemm_moves       moves;

  tt_gemm_room_of(plan, &room);
  tt_gemm_moves_of(shape, plan, &moves);
  messages = ring_messages(plan, &room, slabs);
  elements = room.parts + room.ring_copy + room.panel + room.other_parts + room.other_copy + room.partial + room.result;
  plan->memory = elements * (int64_t)size + TT_GEMM_LISTS * P + 2 * tt_gemm_list_most(plan) * TT_GEMM_PIECE +
                 ring_bytes(plan, &room);
  if (!ring.stays) {
    plan->memory += tt_transfer_bytes(from[b], to[b], size, moves.ring);
    messages += tt_transfer_messages(to[b], moves.ring);
  }
  if (!other.stays) {
    plan->memory += tt_transfer_bytes(from[!b], to[!b], size, moves.other);
    messages += tt_transfer_messages(to[!b], moves.other);
  }
  if (!g->c_stays) {
    plan->memory += tt_transfer_bytes(&g->c, &shape->c, size, moves.result);
    messages += tt_transfer_messages(&shape->c, moves.result);
  }
  if (g->p3 > 1) {
    plan->memory += tt_transfer_bytes(&layer, &g->c, size, moves.layers) +
                    (g->p3 - 1) * (tt_transfer_bytes_in(&layer, &g->c, size, moves.layers));
    messages += tt_transfer_messages(&g->c, moves.layers);
  }
  plan->cost.messages = (double)messages;
  plan->cost.memory = (double)plan->memory;
}

/* ------------------------------------------------------------------------------------------------ panels and slabs */

/* Steps of an even width: no more than so many indices each. */
static int64_t even(int64_t n, int64_t most)
{
  return n == 0 ? 1 : tt_ceil_div(n, tt_ceil_div(n, tt_max(1, most)));
}

/*
 * Whether slabs of the ring operand can be put together in the order of the other one, which then stays as it is: whole
 * blocks of columns, large enough for messages of their own, dealt in turn to the ring. Not with overlap: a rank then
 * multiplies its own part of the first step while the others come, which one product of all parts could not.
 */
static bool assembles(const tt_gemm_shape *shape, const tt_gemm_plan *plan, bool ring_b)
{
  const tt_gemm_side ring = tt_gemm_side_of(&plan->g, ring_b), other = tt_gemm_side_of(&plan->g, !ring_b);
  const tt_axis     *x = &ring.inner;

  return !plan->overlap && ring.ring > 1 && other.ring == 1 && !shape->turned[ring_b] && !x->starts && !one_range(x) &&
         x->first % x->nb == 0 && x->nb <= BLOCK_MOST &&
         tt_min(SLAB, tt_axis_largest(&ring.outer)) * x->nb * (int64_t)tartan_dtype_size(shape->dtype) >= PIECE_LEAST;
}

/* Which operand travels in parts: the one that needs less copying; a part is packed, a gathered panel put together. */
static bool ring_is_b(const tt_gemm_shape *shape, const tt_gemm_plan *plan)
{
  const tt_gemm_grid *g = &plan->g;
  double              cost[2];

  for (int b = 0; b < 2; b++) {
    const tt_gemm_side ring = tt_gemm_side_of(g, b != 0), other = tt_gemm_side_of(g, b == 0);
    const double       k = (double)tt_axis_largest(&other.inner) * other.ring;

    cost[b] = ring.ring > 1 ? (double)tt_axis_largest(&ring.outer) * (double)tt_axis_largest(&ring.inner) : 0;
    if (other.ring > 1) cost[b] += 2 * k * (double)tt_axis_largest(&other.outer);
    if (other.ring == 1 && ring.ring > 1 && !one_range(&ring.inner) && !assembles(shape, plan, b != 0))
      cost[b] += k * (double)tt_axis_largest(&other.outer);
  }
  return cost[1] < cost[0];
}

/* Block of the ring operand's inner axis. */
static int64_t ring_block(const tt_gemm_plan *plan)
{
  return tt_gemm_side_of(&plan->g, plan->ring_b).inner.nb;
}

/* The widths that are best for speed, or those that were asked for. */
static void choose_widths(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, tt_gemm_plan *plan)
{
  const tt_gemm_side ring = tt_gemm_side_of(&plan->g, plan->ring_b), other = tt_gemm_side_of(&plan->g, !plan->ring_b);
  const int64_t      size = (int64_t)tartan_dtype_size(shape->dtype), inner = tt_axis_largest(&ring.inner);
  const int64_t      height = tt_axis_largest(&other.outer), own = tt_axis_largest(&ring.outer);
  int64_t            panel = inner;

  plan->panel = tt_max(1, inner);
  if (ring.ring > 1) panel = plan->overlap ? TT_GEMM_PANEL_LEAST : 2 * TT_GEMM_PANEL_LEAST;
  if (!tt_gemm_reads_other(plan)) panel = tt_min(panel, PANEL_BYTES / size / tt_max(1, height * ring.ring));
  if (!ring.stays) panel = tt_min(panel, TT_GEMM_STREAM_BYTES / size / tt_max(1, own));
  if (tt_gemm_streams_other(plan)) panel = tt_min(panel, TT_GEMM_STREAM_BYTES / size / tt_max(1, height));
  panel = tt_max(panel, TT_GEMM_PANEL_LEAST);
  if (opts->panel > 0) panel = opts->panel;
  plan->panel = even(inner, panel);
  if (plan->assembled) plan->panel = tt_round_up(plan->panel, ring_block(plan));
  plan->slab = tt_max(1, own);
  if (ring.ring > 1) plan->slab = even(own, tt_max(SLAB, SLAB_BYTES / size / (plan->panel * ring.ring)));
  plan->bytes = TT_GEMM_MOVE_BYTES;
}

static void count_steps(tt_gemm_plan *plan)
{
  const tt_gemm_side ring = tt_gemm_side_of(&plan->g, plan->ring_b);

  plan->steps = tt_max(1, tt_ceil_div(tt_axis_largest(&ring.inner), plan->panel));
}

/* Makes the buffers of a plan smaller: first those that cost no speed. False if all are as small as can be. */
static bool shrink(const tartan_gemm_opts *opts, tt_gemm_plan *plan)
{
  const int64_t block = plan->assembled ? ring_block(plan) : 1;
  const bool    free = opts->panel <= 0 && plan->panel > block;

  if (plan->bytes > ((int64_t)1 << 20))
    plan->bytes /= 2;
  else if (plan->slab > 512)
    plan->slab = (plan->slab + 1) / 2;
  else if (free && plan->panel > TT_GEMM_PANEL_LEAST / 2)
    plan->panel = tt_round_up((plan->panel + 1) / 2, block);
  else if (plan->bytes > ((int64_t)64 << 10))
    plan->bytes /= 2;
  else if (plan->slab > 64)
    plan->slab = (plan->slab + 1) / 2;
  else if (free && plan->panel > 16)
    plan->panel = tt_round_up((plan->panel + 1) / 2, block);
  else if (plan->bytes > 4096)
    plan->bytes /= 2;
  else
    return false;
  return true;
}

/* Lets A's or B's parts travel. */
static void choose_ring(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, bool ring_b, tt_gemm_plan *plan)
{
  plan->ring_b = ring_b;
  plan->assembled = assembles(shape, plan, ring_b) && (opts->panel == 0 || opts->panel % ring_block(plan) == 0);
}

/* Makes a plan fit so many bytes with the ring operand that it has; false if it cannot. */
static bool fit_widths(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, int64_t cap, tt_gemm_plan *plan)
{
  choose_widths(shape, opts, plan);
  for (;;) {
    count_steps(plan);
    price_room(shape, plan);
    if (cap <= 0 || plan->memory <= cap) return true;
    if (!shrink(opts, plan)) return false;
  }
}

/* With the ring operand that costs least copying, with the other one, without overlap. */
bool tt_gemm_fit(const tt_gemm_shape *shape, const tartan_gemm_opts *opts, int64_t cap, tt_gemm_plan *plan)
{
  const bool first = !shape->triangle && ring_is_b(shape, plan); /* a triangle is cut along columns of C */
  const int  ways = shape->triangle ? 1 : 2, lighter = plan->overlap && opts->overlap == TARTAN_PLANNED ? 2 : 1;
  int64_t    least = INT64_MAX;

  for (int l = 0; l < lighter; l++) {
    if (l > 0) plan->overlap = false;
    for (int w = 0; w < ways; w++) {
      choose_ring(shape, opts, w == 0 ? first : !first, plan);
      if (fit_widths(shape, opts, cap, plan)) return true;
      least = tt_min(least, plan->memory);
    }
  }
  plan->memory = least;
  return false;
}
