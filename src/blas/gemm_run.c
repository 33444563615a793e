/* The memory of a product, and its end: sums over the layers, and the way back into C. */
#include <string.h>

#include "base/util.h"
#include "blas/gemm_run.h"
#include "blas/pblas.h"

static void end_run(tt_gemm_state *r)
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
    tt_free(r->panels[s].group);
    tt_free(r->panels[s].count);
    tt_free(r->panels[s].part);
    tt_ring_free(&r->panels[s].ring);
    tt_free(r->rounds[s].group);
    tt_free(r->rounds[s].count);
    tt_free(r->rounds[s].part);
    tt_ring_free(&r->rounds[s].ring);
  }
  tt_free(r->other_ranks);
  tt_free(r->ring_ranks);
}

/* Lists and buffers of one step and one slab; the buffers are one block. Local. */
static tartan_status make_buffers(tt_gemm_state *r, int which)
{
  const int      rings = r->ring.side.ring, others = r->other.side.ring, sets = r->plan->overlap ? 2 : 1;
  tt_memory     *mem = &r->grid->memory;
  tt_gemm_panel *p = &r->panels[which];
  tt_gemm_parts *x = &r->rounds[which];
  const int64_t  each = r->room.parts / sets / rings, copy = r->room.ring_copy / sets, width = r->room.panel / sets;
  const int64_t  most = tt_gemm_list_most(r->plan), pieces = r->plan->assembled ? most : rings;
  char          *buffer;
  tartan_status  local;

  local = tt_ring_make(r->grid, rings, tt_ring_messages(pieces, r->room.parts / sets * r->size), TT_TAG_RING + which,
                       &x->ring);
  if (local == TARTAN_OK)
    local = tt_ring_make(r->grid, others, tt_ring_messages(others, r->room.other_parts / sets * r->size),
                         TT_TAG_RING + 2 + which, &p->ring);
  x->part = tt_alloc(mem, pieces, sizeof *x->part, "the parts of a product", &local);
  x->count = tt_alloc(mem, pieces, sizeof *x->count, "the parts of a product", &local);
  x->group = tt_alloc(mem, rings + 1, sizeof *x->group, "the parts of a product", &local);
  p->part = tt_alloc(mem, others, sizeof *p->part, "the parts of a product", &local);
  p->count = tt_alloc(mem, others, sizeof *p->count, "the parts of a product", &local);
  p->group = tt_alloc(mem, others + 1, sizeof *p->group, "the parts of a product", &local);
  p->list = tt_alloc(mem, most, sizeof *p->list, "the parts of a product", &local);
  buffer = tt_alloc(mem, rings * each + copy + width + r->room.other_parts / sets, (size_t)r->size,
                    "the panels of a product", &local);
  r->buffers[which] = buffer;
  if (local != TARTAN_OK) return local;
  x->data = buffer;
  p->copy = buffer + rings * each * r->size;
  p->data = p->copy + copy * r->size;
  p->part[0] = p->data + width * r->size; /* the others follow when their sizes are known */
  return local;
}

/* This rank's part of an operand, and how it gets there if it does not lie there. Local. */
static tartan_status make_operand(tt_gemm_state *r, bool b, const tt_step *step, tt_gemm_operand *o)
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
static tartan_status make_result(tt_gemm_state *r)
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
static tartan_status make_run(tt_gemm_state *r)
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

/* Adds the layers' partial products, each rank its own part: in the order of layers, whoever was first. Collective. */
static tartan_status add_layers(tt_gemm_state *r)
{
  const tt_gemm_grid  *g = &r->plan->g;
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
      for (int l = 0; l < g->p3; l++) TRY(tt_transfer_finish(&r->layers[l], r->dtype, l == 0 ? beta : 1, dst, to->ld));
    }
  }
done:
  return st;
}

static tartan_status multiply_and_add(tt_gemm_state *r)
{
  const tt_gemm_grid *g = &r->plan->g;
  tartan_matrix      *C = r->x->C;
  const bool          direct = g->p3 == 1 && g->c_stays;
  tartan_status       st = TARTAN_OK;

  r->c = direct ? C->data : r->partial;
  r->ldc = direct ? C->ld : tt_max(1, r->here ? tt_axis_count(&g->m, r->i) : 1);
  r->beta = direct ? r->x->beta : 0;
  TRY(tt_gemm_bring_other(r));
  TRY(tt_gemm_multiply_all(r));
  if (g->p3 > 1) TRY(add_layers(r));
  if (!g->c_stays) TRY(tt_transfer_all(&r->back, r->moves.result, r->x->beta, C));
done:
  return st;
}

tartan_status tt_gemm_run(const tt_product *x, const tt_gemm_shape *shape, const tt_gemm_plan *plan)
{
  tartan_grid  *grid = shape->grid;
  tt_gemm_state r;
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
