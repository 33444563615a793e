/*
 * The product by a plan. In each step every rank of a ring gives the next indices of its inner range of the ring operand:
 * those parts go round and are multiplied one by one, as they come, with the rows of the other operand that belong to
 * them. These are gathered before, into a panel that has them in the order of the parts. So no inner index has to be in a
 * particular place, whatever the two inner axes are, and each part is as wide as its owner can make it.
 *
 * With several layers each has a partial product of its own inner indices; their sum is scattered over the layers at the
 * end. What does not lie where the product wants it is brought there: the ring operand step by step, the other one whole
 * (or step by step where its inner indices are not shared), C at the end.
 */
#include <string.h>

#include "base/fault.h"
#include "base/util.h"
#include "blas/gemm_impl.h"
#include "blas/pblas.h"
#include "kernel/combine.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"

#define TILE_FLOPS 2e8 /* between two looks at the messages: a few milliseconds */

/* One operand on this rank. Its memory is [outer, inner], or turned [inner, outer]. */
typedef struct operand {
  tt_gemm_side side;
  bool         turned;
  int          me;    /* place in its ring */
  int          layer, layers;
  int64_t      outer; /* outer indices here */
  const char  *data;
  int64_t      ld;
  tt_transfer  move;
  tt_step      step;
} operand;

/* Rows of the other operand that are neighbours in its owner's memory and in the panel. */
typedef struct stretch {
  int     owner; /* place in the ring */
  int64_t local, panel, length, part; /* among the owner's; in the panel; how many; in the owner's part */
} stretch;

/* The panel of the other operand for one step, and the ring operand's own part; two of them with overlap. */
typedef struct panel {
  tt_ring  ring;
  char   **part;  /* [ring of the other operand] */
  int64_t *count; /* [same] elements of each */
  stretch *list;
  int64_t  stretches;
  char    *copy; /* own part of the ring operand */
  char    *data;
} panel;

/* The parts of one step and slab that go round; two of them with overlap. */
typedef struct parts {
  tt_ring  ring;
  char   **part;  /* [ring] */
  int64_t *count; /* [ring] elements of each */
} parts;

typedef struct run {
  const tt_product    *x;
  const tt_gemm_shape *shape;
  const tt_gemm_plan  *plan;
  tt_gemm_moves        moves;
  tartan_grid         *grid;
  tartan_dtype         dtype;
  int64_t              size; /* bytes of an element */
  bool                 here; /* this rank has a place */
  int                  i, j, l;
  operand              ring, other;
  int                 *ring_ranks, *other_ranks;
  tt_gemm_room         room;
  panel                panels[2];
  parts                rounds[2];
  char                *buffers[2];
  char                *other_copy, *partial, *result;
  char                *c; /* where products are added up */
  int64_t              ldc;
  double               beta; /* of the first product into c */
  int                 *layer_ranks;
  tt_transfer         *layers; /* [p3] */
  tt_transfer          back;
  tartan_matrix        sum, own; /* frames of the partial product and of the result */
} run;

/* ------------------------------------------------------------------------------------------------ memory */

static void end_run(run *r)
{
  tt_transfer_free(&r->back);
  for (int l = 0; l < r->plan->g.p3 && r->layers; l++) tt_transfer_free(&r->layers[l]);
  tt_free(r->layers);
  tt_free(r->layer_ranks);
  tt_transfer_free(&r->other.move);
  tt_transfer_free(&r->ring.move);
  tt_free(r->result);
  tt_free(r->partial);
  tt_free(r->other_copy);
  for (int s = 0; s < 2; s++) {
    tt_free(r->buffers[s]);
    tt_free(r->panels[s].list);
    tt_free(r->panels[s].count);
    tt_free(r->panels[s].part);
    tt_ring_free(&r->panels[s].ring);
    tt_free(r->rounds[s].count);
    tt_free(r->rounds[s].part);
    tt_ring_free(&r->rounds[s].ring);
  }
  tt_free(r->other_ranks);
  tt_free(r->ring_ranks);
}

/* Lists and buffers of one step and one slab; the buffers are one block. Local. */
static tartan_status make_buffers(run *r, int which)
{
  const int     rings = r->ring.side.ring, others = r->other.side.ring, sets = r->plan->overlap ? 2 : 1;
  tt_memory    *mem = &r->grid->memory;
  panel        *p = &r->panels[which];
  parts        *x = &r->rounds[which];
  const int64_t each = r->room.parts / sets / rings, copy = r->room.ring_copy / sets, width = r->room.panel / sets;
  char         *buffer;
  tartan_status local;

  local = tt_ring_make(r->grid, rings, TT_TAG_RING + which, &x->ring);
  if (local == TARTAN_OK) local = tt_ring_make(r->grid, others, TT_TAG_RING + 2 + which, &p->ring);
  x->part = tt_alloc(mem, rings, sizeof *x->part, "the parts of a product", &local);
  x->count = tt_alloc(mem, rings, sizeof *x->count, "the parts of a product", &local);
  p->part = tt_alloc(mem, others, sizeof *p->part, "the parts of a product", &local);
  p->count = tt_alloc(mem, others, sizeof *p->count, "the parts of a product", &local);
  p->list = tt_alloc(mem, tt_gemm_list_most(r->plan), sizeof *p->list, "the parts of a product", &local);
  buffer = tt_alloc(mem, rings * each + copy + width + r->room.other_parts / sets, (size_t)r->size,
                    "the panels of a product", &local);
  r->buffers[which] = buffer;
  if (local != TARTAN_OK) return local;
  for (int i = 0; i < rings; i++) x->part[i] = buffer + i * each * r->size;
  p->copy = buffer + rings * each * r->size;
  p->data = p->copy + copy * r->size;
  p->part[0] = p->data + width * r->size; /* the others follow when their sizes are known */
  return local;
}

/* This rank's part of an operand, and how it gets there if it does not lie there. Local. */
static tartan_status make_operand(run *r, bool b, const tt_step *step, operand *o)
{
  const tt_gemm_grid  *g = &r->plan->g;
  const tartan_matrix *M = b ? r->x->B : r->x->A;
  const tartan_op      op = b ? r->x->op_b : r->x->op_a;
  const tt_layout     *to = b ? &g->b : &g->a;
  const tt_layout      turned = tt_layout_turn(to);

  o->side = tt_gemm_side_of(g, b);
  o->turned = b != (op == TARTAN_TRANS); /* A' and B have their inner indices along the rows of their memory */
  o->me = b ? r->i : r->j;
  o->layer = r->l;
  o->layers = g->p3;
  o->outer = r->here ? tt_axis_count(&o->side.outer, b ? r->j : r->i) : 0;
  o->data = M->data;
  o->ld = M->ld;
  /* an operand that moves keeps its orientation: nothing is turned on the way, the local product does that */
  o->step = op == TARTAN_TRANS ? (tt_step){step->cols, step->rows} : *step;
  if (o->side.stays) return TARTAN_OK;
  return tt_transfer_make(TARTAN_NO_TRANS, M, op == TARTAN_TRANS ? &turned : to, o->step, &o->move);
}

/* Sums over layers and the way back into C. Local. */
static tartan_status make_result(run *r)
{
  const tt_gemm_grid *g = &r->plan->g;
  tt_memory          *mem = &r->grid->memory;
  const int           places = g->p1 * g->p2;
  tartan_matrix      *C = r->x->C;
  const tt_layout     to = tt_matrix_layout(C);
  tartan_status       local = TARTAN_OK;

  r->partial = tt_alloc(mem, r->room.partial, (size_t)r->size, "a partial product", &local);
  r->result = tt_alloc(mem, r->room.result, (size_t)r->size, "a product", &local);
  r->layers = tt_alloc_zero(mem, g->p3, sizeof *r->layers, "the sums of a product", &local);
  r->layer_ranks = tt_alloc(mem, (int64_t)g->p3 * places, sizeof(int), "the sums of a product", &local);
  if (local != TARTAN_OK) return local;
  for (int l = 0; l < g->p3 && g->p3 > 1 && local == TARTAN_OK; l++) {
    const tt_layout layer = tt_gemm_layer(g, l, r->layer_ranks + l * places);

    tt_matrix_frame(r->grid, r->dtype, &layer, r->partial, 0, &r->sum);
    local = tt_transfer_make(TARTAN_NO_TRANS, &r->sum, &g->c, r->moves.layers, &r->layers[l]);
    r->layers[l].product = true;
  }
  if (g->c_stays || local != TARTAN_OK) return local;
  tt_matrix_frame(r->grid, r->dtype, &g->c, r->result && g->p3 > 1 ? r->result : r->partial, 0, &r->own);
  return tt_transfer_make(TARTAN_NO_TRANS, &r->own, &to, r->moves.result, &r->back);
}

/* All memory of a run. Local. */
static tartan_status make_run(run *r)
{
  const tt_gemm_grid *g = &r->plan->g;
  const bool          b = r->plan->ring_b;
  tt_memory          *mem = &r->grid->memory;
  tartan_status       local;

  tt_gemm_room_of(r->plan, &r->room);
  tt_gemm_moves_of(r->shape, r->plan, &r->moves);
  local = make_operand(r, b, &r->moves.ring, &r->ring);
  if (local == TARTAN_OK) local = make_operand(r, !b, &r->moves.other, &r->other);
  r->ring_ranks = tt_alloc(mem, r->ring.side.ring, sizeof(int), "the ranks of a product", &local);
  r->other_ranks = tt_alloc(mem, r->other.side.ring, sizeof(int), "the ranks of a product", &local);
  r->other_copy = tt_alloc(mem, r->room.other_copy, (size_t)r->size, "a copy of an operand", &local);
  for (int s = 0; s < (r->plan->overlap ? 2 : 1) && local == TARTAN_OK; s++) local = make_buffers(r, s);
  if (local == TARTAN_OK) local = make_result(r);
  if (local != TARTAN_OK) return local;
  for (int p = 0; p < g->p2; p++) (b ? r->other_ranks : r->ring_ranks)[p] = tt_gemm_rank(g, r->i, p, r->l);
  for (int p = 0; p < g->p1; p++) (b ? r->ring_ranks : r->other_ranks)[p] = tt_gemm_rank(g, p, r->j, r->l);
  return local;
}

/* ------------------------------------------------------------------------------------------------ operands */

/* Address of the element (outer, inner) of memory in an operand's orientation. */
static char *at(const run *r, bool turned, const char *data, int64_t ld, int64_t outer, int64_t inner)
{
  return (char *)(uintptr_t)data + (turned ? inner + outer * ld : outer + inner * ld) * r->size;
}

/* Copies a rectangle of outer x inner indices between two memories of one orientation. */
static void copy(const run *r, bool turned, const char *from, int64_t ldf, char *to, int64_t ldt, int64_t outer,
                 int64_t inner)
{
  tt_copy_local(r->dtype, from, ldf, r->dtype, to, ldt, turned ? inner : outer, turned ? outer : inner);
}

/* Leading dimension of a dense rectangle in an operand's orientation. */
static int64_t dense_ld(bool turned, int64_t outer, int64_t inner)
{
  return tt_max(1, turned ? inner : outer);
}

/* Inner indices that ring member p gives to step t, from its local index *from on. */
static int64_t given(const operand *o, const tt_gemm_plan *plan, int p, int64_t t, int64_t *from)
{
  const int64_t count = tt_axis_count(&o->side.inner, p * o->layers + o->layer);

  *from = tt_min(count, t * plan->panel);
  return tt_min(count, (t + 1) * plan->panel) - *from;
}

/* Moves inner local indices from .. from + width - 1 of all ranks into `to`. Collective over all ranks. */
static tartan_status bring(run *r, operand *o, int64_t from, int64_t width, char *to, int64_t ld)
{
  const bool         inner_rows = o->turned;
  const tt_transfer *x = &o->move;
  const int64_t      rows = tt_axis_largest(&x->to.row), cols = tt_axis_largest(&x->to.col);
  const int64_t      r0 = inner_rows ? from : 0, r1 = inner_rows ? tt_min(rows, from + width) : rows;
  const int64_t      c0 = inner_rows ? 0 : from, c1 = inner_rows ? cols : tt_min(cols, from + width);
  tartan_status      st = TARTAN_OK;

  for (int64_t c = c0; c < c1; c += o->step.cols) {
    for (int64_t i = r0; i < r1; i += o->step.rows) {
      TRY(tt_transfer_start(&o->move, i, tt_min(r1, i + o->step.rows), c, tt_min(c1, c + o->step.cols)));
      TRY(tt_transfer_finish(&o->move, r->dtype, 0, to + (i - r0 + (c - c0) * ld) * r->size, ld));
    }
  }
done:
  return st;
}

/* The whole part of the other operand, where it has to come. Collective over all ranks. */
static tartan_status bring_other(run *r)
{
  operand      *o = &r->other;
  const int64_t inner = r->here ? tt_axis_count(&o->side.inner, o->me * o->layers + o->layer) : 0;
  tartan_status st = TARTAN_OK;

  if (o->side.stays || tt_gemm_streams_other(r->plan)) goto done;
  TRY(bring(r, o, 0, INT64_MAX / 2, r->other_copy, dense_ld(o->turned, o->outer, inner)));
  o->data = r->other_copy;
  o->ld = dense_ld(o->turned, o->outer, inner);
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the other operand */

/* Where the rows of each part lie in the other operand: the list of a step, in the order of the parts. */
static void list_stretches(const run *r, int64_t t, panel *p)
{
  const tt_axis *mine = &r->ring.side.inner, *other = &r->other.side.inner;
  int64_t        filled = 0;

  p->stretches = 0;
  memset(p->count, 0, (size_t)r->other.side.ring * sizeof *p->count);
  for (int member = 0; member < r->ring.side.ring; member++) {
    const int proc = member * r->ring.layers + r->ring.layer;
    int64_t   from, left = given(&r->ring, r->plan, member, t, &from);

    while (left > 0) {
      const int64_t k = tt_axis_global(mine, proc, from);
      stretch      *last = p->stretches > 0 ? &p->list[p->stretches - 1] : NULL;
      tt_run        a, b;
      int64_t       length;

      tt_axis_run(mine, k, &a);
      tt_axis_run(other, k, &b);
      length = tt_min(left, tt_min(a.length, b.length));
      b.owner /= r->other.layers;
      if (last && last->owner == b.owner && last->local + last->length == b.local)
        last->length += length; /* goes on where the last one ended */
      else
        p->list[p->stretches++] = (stretch){b.owner, b.local, filled, length, p->count[b.owner]};
      p->count[b.owner] += length;
      filled += length;
      from += length;
      left -= length;
    }
  }
}

/* Leading dimension of the panel of the other operand. */
static int64_t panel_ld(const run *r)
{
  return dense_ld(r->other.turned, r->other.outer, r->ring.side.ring * r->plan->panel);
}

/* Copies this rank's rows of the list: into its part for the ring, or, alone, into the panel. */
static void pack_other(const run *r, const panel *p)
{
  const operand *o = &r->other;
  const bool     alone = o->side.ring == 1;
  const int64_t  ld = alone ? panel_ld(r) : dense_ld(o->turned, o->outer, p->count[o->me]);
  char          *to = alone ? p->data : p->part[o->me];

  for (int64_t i = 0; i < p->stretches; i++) {
    const stretch *x = &p->list[i];

    if (x->owner == o->me)
      copy(r, o->turned, at(r, o->turned, o->data, o->ld, 0, x->local), o->ld,
           at(r, o->turned, to, ld, 0, alone ? x->panel : x->part), ld, o->outer, x->length);
  }
}

/* Puts what came round into the panel. */
static void unpack_other(const run *r, const panel *p)
{
  const operand *o = &r->other;

  for (int64_t i = 0; i < p->stretches && o->outer > 0; i++) {
    const stretch *x = &p->list[i];
    const int64_t  ld = dense_ld(o->turned, o->outer, p->count[x->owner] / o->outer);

    copy(r, o->turned, at(r, o->turned, p->part[x->owner], ld, 0, x->part), ld,
         at(r, o->turned, p->data, panel_ld(r), 0, x->panel), panel_ld(r), o->outer, x->length);
  }
}

/* Starts to gather the other operand's panel of step t. */
static tartan_status start_panel(run *r, int64_t t, panel *p)
{
  const operand *o = &r->other;
  tartan_status  st = TARTAN_OK;

  if (!r->here || tt_gemm_reads_other(r->plan)) goto done;
  list_stretches(r, t, p);
  for (int i = 1; i < o->side.ring; i++) p->part[i] = p->part[i - 1] + p->count[i - 1] * o->outer * r->size;
  pack_other(r, p);
  for (int i = 0; i < o->side.ring; i++) p->count[i] *= o->outer;
  TRY(tt_ring_start(&p->ring, r->other_ranks, o->side.ring, o->me, p->part, p->count, (size_t)r->size));
done:
  return st;
}

/* Starts a step: what has to come from other layouts comes now. Collective over all ranks. */
static tartan_status start_step(run *r, int64_t t, panel *p)
{
  const tt_gemm_plan *plan = r->plan;
  operand            *ring = &r->ring;
  tartan_status       st = TARTAN_OK;

  if (tt_gemm_streams_other(plan))
    TRY(bring(r, &r->other, t * plan->panel, plan->panel, p->data, panel_ld(r)));
  else
    TRY(start_panel(r, t, p));
  if (!ring->side.stays)
    TRY(bring(r, ring, t * plan->panel, plan->panel, p->copy, dense_ld(ring->turned, ring->outer, plan->panel)));
done:
  return st;
}

/* Ends a step's gathering. */
static tartan_status finish_step(run *r, panel *p)
{
  tartan_status st = TARTAN_OK;

  if (!r->here || tt_gemm_reads_other(r->plan) || r->other.side.ring == 1) goto done;
  TRY(tt_ring_end(&p->ring));
  unpack_other(r, p);
done:
  return st;
}

/* Where the other operand has the rows of a ring member's part. */
static const char *other_rows(const run *r, const panel *p, int member, int64_t t, int64_t *ld)
{
  const operand *o = &r->other;
  int64_t        from, offset = 0, ignored;

  for (int i = 0; i < member; i++) offset += given(&r->ring, r->plan, i, t, &ignored);
  if (!tt_gemm_reads_other(r->plan)) {
    *ld = panel_ld(r);
    return at(r, o->turned, p->data, *ld, 0, offset);
  }
  *ld = o->ld;
  if (given(&r->ring, r->plan, member, t, &from) == 0) return o->data;
  from = tt_axis_global(&r->ring.side.inner, member * r->ring.layers + r->ring.layer, from);
  return at(r, o->turned, o->data, o->ld, 0, tt_axis_local(&o->side.inner, from));
}

/* ------------------------------------------------------------------------------------------------ the ring operand */

/* Outer indices of a slab, and its first. */
static int64_t slab_of(const run *r, int64_t u, int64_t *first)
{
  *first = tt_min(r->ring.outer, u * r->plan->slab);
  return tt_min(r->ring.outer, (u + 1) * r->plan->slab) - *first;
}

/* This rank's own part of the ring operand: where it lies before it is packed. */
static const char *own_part(const run *r, const panel *p, int64_t t, int64_t first, int64_t *ld)
{
  const operand *o = &r->ring;
  int64_t        from;

  (void)given(o, r->plan, o->me, t, &from);
  *ld = o->side.stays ? o->ld : dense_ld(o->turned, o->outer, r->plan->panel);
  return at(r, o->turned, o->side.stays ? o->data : p->copy, *ld, first, o->side.stays ? from : 0);
}

/* Starts the round of step t, slab u. */
static tartan_status start_round(run *r, int64_t t, int64_t u, const panel *p, parts *x)
{
  const operand *o = &r->ring;
  int64_t        first, height, width, ld, ignored;
  const char    *own;
  tartan_status  st = TARTAN_OK;

  if (!r->here || o->side.ring == 1) goto done;
  height = slab_of(r, u, &first);
  for (int i = 0; i < o->side.ring; i++) x->count[i] = height * given(o, r->plan, i, t, &ignored);
  width = given(o, r->plan, o->me, t, &ignored);
  own = own_part(r, p, t, first, &ld);
  copy(r, o->turned, own, ld, x->part[o->me], dense_ld(o->turned, height, width), height, width);
  TRY(tt_ring_start(&x->ring, r->ring_ranks, o->side.ring, o->me, x->part, x->count, (size_t)r->size));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ multiplication */

/* What is under way while a part is multiplied. */
typedef struct ahead {
  tt_ring *ring[3];
  int      count;
} ahead;

static tartan_status advance(const ahead *a)
{
  tartan_status st = TARTAN_OK;

  for (int i = 0; i < a->count; i++) TRY(tt_ring_advance(a->ring[i]));
done:
  return st;
}

/* Changes one element, for the tests of the check. */
static void corrupt(const run *r, char *victim)
{
  tt_put_element(r->dtype, 2 * tt_get_element(r->dtype, victim, 1, 0, 0) + 1, victim, 1, 0, 0);
}

/* A part of the ring operand, [height, width]. */
typedef struct factor {
  const char *data;
  int64_t     ld, first, height, width;
} factor;

/* Local rows of C above global row i. */
static int64_t rows_above(const run *r, int64_t i)
{
  const tt_axis *m = &r->plan->g.m;

  return tt_axis_below(m, r->i, m->first + i) - tt_axis_below(m, r->i, m->first);
}

/* The rows of a part that meet the wanted triangle in local columns y .. y + n - 1 of C. */
static factor trim(const run *r, const factor *f, int64_t y, int64_t n)
{
  const tt_axis *cols = &r->plan->g.n;
  const bool     lower = r->shape->uplo == TARTAN_LOWER;
  factor         t = *f;
  int64_t        from = f->first, to = f->first + f->height;

  if (lower)
    from = tt_max(from, rows_above(r, tt_axis_global(cols, r->j, y)));
  else
    to = tt_min(to, rows_above(r, tt_axis_global(cols, r->j, y + n - 1) + 1));
  t.first = from;
  t.height = tt_max(0, to - from);
  t.data = at(r, r->ring.turned, f->data, f->ld, from - f->first, 0);
  return t;
}

/* C of the slab := alpha part * rows + beta C, in tiles along the other operand while something is under way. */
static tartan_status multiply(run *r, const factor *f, const char *rows, int64_t ld, double beta, const ahead *a)
{
  const bool      b = r->plan->ring_b;
  const operand  *A = b ? &r->other : &r->ring, *B = b ? &r->ring : &r->other;
  const tartan_op op_a = A->turned ? TARTAN_TRANS : TARTAN_NO_TRANS, op_b = B->turned ? TARTAN_NO_TRANS : TARTAN_TRANS;
  const int64_t   outer = r->other.outer;
  const double    each = 2.0 * (double)f->height * (double)f->width;
  int64_t         tile = a->count > 0 && each > 0 ? tt_max(32, (int64_t)(TILE_FLOPS / each) / 32 * 32) : tt_max(1, outer);
  double          clock = tt_seconds();
  tartan_status   st = TARTAN_OK;

  if (r->plan->triangle) tile = tt_min(tile, TT_GEMM_TRIANGLE);
  for (int64_t y = 0; y < outer; y += tile) {
    const int64_t n = tt_min(tile, outer - y);
    const char   *here = at(r, r->other.turned, rows, ld, y, 0);
    const factor  part = r->plan->triangle ? trim(r, f, y, n) : *f;

    if (b)
      tt_gemm_local(r->dtype, op_a, op_b, n, f->height, f->width, r->x->alpha, here, ld, f->data, f->ld, beta,
                    r->c + (y + f->first * r->ldc) * r->size, r->ldc);
    else
      tt_gemm_local(r->dtype, op_a, op_b, part.height, n, part.width, r->x->alpha, part.data, part.ld, here, ld, beta,
                    r->c + (part.first + y * r->ldc) * r->size, r->ldc);
    r->grid->counters.flops += 2.0 * (double)part.height * (double)part.width * (double)n;
    tt_grid_phase(r->grid, TARTAN_PHASE_COMPUTE, &clock);
    TRY(advance(a));
    tt_grid_phase(r->grid, TARTAN_PHASE_COMMUNICATE, &clock);
  }
done:
  return st;
}

/* All parts of step t, slab u, as they come. */
static tartan_status multiply_round(run *r, int64_t t, int64_t u, const panel *p, parts *x, const ahead *a)
{
  const operand *o = &r->ring;
  const bool     travels = o->side.ring > 1;
  tartan_status  st = TARTAN_OK;

  for (int h = 0; h < o->side.ring && r->here; h++) {
    const int   member = travels ? tt_ring_owner(&x->ring, h) : 0;
    const char *rows;
    factor      f;
    int64_t     ld, ignored;
    bool        broken;

    f.height = slab_of(r, u, &f.first);
    f.width = given(o, r->plan, member, t, &ignored);
    rows = other_rows(r, p, member, t, &ld);
    if (travels) {
      TRY(tt_ring_await(&x->ring, h));
      f.data = x->part[member];
      f.ld = dense_ld(o->turned, f.height, f.width);
    } else {
      f.data = own_part(r, p, t, f.first, &f.ld);
    }
    broken = f.width > 0 && f.height > 0 && r->other.outer > 0 && tt_fault_hit(TT_FAULT_PANEL);
    if (broken && !tt_gemm_reads_other(r->plan)) corrupt(r, (char *)(uintptr_t)rows);
    if (f.width > 0 || (t == 0 && h == 0)) /* also where there is nothing to add: beta */
      TRY(multiply(r, &f, rows, ld, t == 0 && h == 0 ? r->beta : 1, a));
    if (broken && tt_gemm_reads_other(r->plan)) corrupt(r, r->c); /* nothing was gathered */
  }
  if (travels && r->here) TRY(tt_ring_end(&x->ring));
done:
  return st;
}

/* All steps; with overlap the next step or slab is started before this one is multiplied. */
static tartan_status multiply_all(run *r)
{
  const bool    overlap = r->plan->overlap;
  const int64_t slabs = tt_max(1, tt_ceil_div(r->ring.outer, r->plan->slab)), items = r->plan->steps * slabs;
  tartan_status st = TARTAN_OK;

  for (int64_t x = overlap ? -1 : 0; x < items; x++) {
    const int64_t t = x < 0 ? 0 : x / slabs, next = overlap ? x + 1 : x, u = next / slabs;
    panel        *p = &r->panels[overlap ? t % 2 : 0], *q = &r->panels[overlap ? u % 2 : 0];
    parts        *now = &r->rounds[overlap ? (x + 2) % 2 : 0], *then = &r->rounds[overlap ? next % 2 : 0];
    ahead         a = {.count = 0};

    if (overlap && x >= 0 && x % slabs == 0) TRY(finish_step(r, p));
    if (next < items) {
      if (next % slabs == 0) TRY(start_step(r, u, q));
      TRY(start_round(r, u, next % slabs, q, then));
    }
    if (x < 0) continue;
    if (!overlap && x % slabs == 0) TRY(finish_step(r, p));
    if (overlap && r->here && r->ring.side.ring > 1) a.ring[a.count++] = &now->ring;
    if (overlap && r->here && next < items) {
      if (r->ring.side.ring > 1) a.ring[a.count++] = &then->ring;
      if (r->other.side.ring > 1 && next % slabs == 0) a.ring[a.count++] = &q->ring;
    }
    TRY(multiply_round(r, t, x % slabs, p, now, &a));
  }
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ the result */

/* Adds the layers' partial products, each rank its own part: in the order of layers, whoever was first. Collective. */
static tartan_status add_layers(run *r)
{
  const tt_gemm_grid *g = &r->plan->g;
  const tartan_matrix *to = g->c_stays ? r->x->C : &r->own;
  const double         beta = g->c_stays ? r->x->beta : 0;
  const tt_step        step = r->moves.layers;
  const int64_t        rows = tt_axis_largest(&g->c.row), cols = tt_axis_largest(&g->c.col);
  tartan_status        st = TARTAN_OK;

  for (int64_t c = 0; c < cols; c += step.cols) {
    for (int64_t i = 0; i < rows; i += step.rows) {
      char *dst = (char *)to->data + (i < to->mloc && c < to->nloc ? (i + c * to->ld) * r->size : 0);

      for (int l = 0; l < g->p3; l++)
        TRY(tt_transfer_start(&r->layers[l], i, tt_min(rows, i + step.rows), c, tt_min(cols, c + step.cols)));
      for (int l = 0; l < g->p3; l++)
        TRY(tt_transfer_finish(&r->layers[l], r->dtype, l == 0 ? beta : 1, dst, to->ld));
    }
  }
done:
  return st;
}

/* The triangle of C := partial + beta C. Local: C is where the product was. */
static void add_triangle(run *r)
{
  tartan_matrix *C = r->x->C;

  for (int64_t y = 0; y < C->nloc; y++) {
    const int64_t j = tt_axis_global(&C->col, C->pcol, y);
    const int64_t from = r->shape->uplo == TARTAN_LOWER ? rows_above(r, j) : 0;
    const int64_t to = r->shape->uplo == TARTAN_LOWER ? C->mloc : rows_above(r, j + 1);

    tt_combine_local(r->dtype, r->partial + (from + y * r->ldc) * r->size, r->ldc, r->x->beta,
                     (char *)C->data + (from + y * C->ld) * r->size, C->ld, tt_max(0, to - from), 1);
  }
}

static tartan_status multiply_and_add(run *r)
{
  const tt_gemm_grid *g = &r->plan->g;
  tartan_matrix      *C = r->x->C;
  const bool          direct = g->p3 == 1 && g->c_stays && !r->plan->triangle;
  tartan_status       st = TARTAN_OK;

  r->c = direct ? C->data : r->partial;
  r->ldc = direct ? C->ld : tt_max(1, r->here ? tt_axis_count(&g->m, r->i) : 1);
  r->beta = direct ? r->x->beta : 0;
  TRY(bring_other(r));
  TRY(multiply_all(r));
  if (r->plan->triangle && r->here) add_triangle(r);
  if (g->p3 > 1) TRY(add_layers(r));
  if (!g->c_stays) TRY(tt_transfer_all(&r->back, r->moves.result, r->x->beta, C));
done:
  return st;
}

tartan_status tt_gemm_run(const tt_product *x, const tt_gemm_shape *shape, const tt_gemm_plan *plan)
{
  tartan_grid  *grid = shape->grid;
  run           r;
  int           threads;
  tartan_status st = TARTAN_OK;

  memset(&r, 0, sizeof r);
  r.x = x;
  r.shape = shape;
  r.plan = plan;
  r.grid = grid;
  r.dtype = shape->dtype;
  r.size = (int64_t)tartan_dtype_size(shape->dtype);
  r.here = tt_gemm_place(&plan->g, grid->rank, &r.i, &r.j, &r.l);
  AGREE(grid, make_run(&r)); /* all memory is taken here: a failure leaves C as it was */
  threads = tt_blas_threads_begin(grid);
  st = multiply_and_add(&r);
  tt_blas_threads_end(threads);
done:
  end_run(&r);
  return st;
}
