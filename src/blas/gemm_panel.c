/*
 * What is multiplied: parts of the ring operand as they lie, and the panel of the other operand, put together from the
 * rows that belong to them. What lies in another layout is brought first.
 */
#include <string.h>

#include "base/util.h"
#include "blas/gemm_run.h"
#include "kernel/dense.h"

/* Address of the element (outer, inner) of memory in an operand's orientation. */
char *tt_gemm_at(const tt_gemm_state *r, bool turned, const char *data, int64_t ld, int64_t outer, int64_t inner)
{
  return (char *)(uintptr_t)data + (turned ? inner + outer * ld : outer + inner * ld) * r->size;
}

/* Copies a rectangle of outer x inner indices between two memories of one orientation. */
static void copy(const tt_gemm_state *r, bool turned, const char *from, int64_t ldf, char *to, int64_t ldt,
                 int64_t outer, int64_t inner)
{
  tt_copy_local(r->dtype, from, ldf, r->dtype, to, ldt, turned ? inner : outer, turned ? outer : inner);
}

/* Leading dimension of a dense rectangle in an operand's orientation. */
int64_t tt_gemm_dense_ld(bool turned, int64_t outer, int64_t inner)
{
  return tt_max(1, turned ? inner : outer);
}

/* Inner indices that ring member p gives to step t, from its local index *from on. */
int64_t tt_gemm_given(const tt_gemm_operand *o, const tt_gemm_plan *plan, int p, int64_t t, int64_t *from)
{
  const int64_t count = tt_axis_count(&o->side.inner, p * o->layers + o->layer);

  *from = tt_min(count, t * plan->panel);
  return tt_min(count, (t + 1) * plan->panel) - *from;
}

/* Moves inner local indices from .. from + width - 1 of all ranks into `to`. Collective over all ranks. */
static tartan_status bring(tt_gemm_state *r, tt_gemm_operand *o, int64_t from, int64_t width, char *to, int64_t ld)
{
  const bool         inner_rows = o->turned;
  const tt_transfer *x = &o->move;
  const int64_t      rows = tt_axis_largest(&x->to.row), cols = tt_axis_largest(&x->to.col);
  const int64_t      r0 = inner_rows ? from : 0, r1 = inner_rows ? tt_min(rows, from + width) : rows;
  const int64_t      c0 = inner_rows ? 0 : from, c1 = inner_rows ? cols : tt_min(cols, from + width);

  return tt_transfer_range(&o->move, o->step, r0, r1, c0, c1, r->dtype, 0, to, ld);
}

/* The whole part of the other operand, where it has to come. Collective over all ranks. */
tartan_status tt_gemm_bring_other(tt_gemm_state *r)
{
  tt_gemm_operand *o = &r->other;
  const int64_t    inner = r->here ? tt_axis_count(&o->side.inner, o->me * o->layers + o->layer) : 0;
  tartan_status    st = TARTAN_OK;

  if (o->side.stays || tt_gemm_streams_other(r->plan)) goto done;
  TRY(bring(r, o, 0, INT64_MAX / 2, r->other_copy, tt_gemm_dense_ld(o->turned, o->outer, inner)));
  o->data = r->other_copy;
  o->ld = tt_gemm_dense_ld(o->turned, o->outer, inner);
done:
  return st;
}

/* Where the rows of each part lie in the other operand: the list of a step, in the order of the parts. */
static void list_stretches(const tt_gemm_state *r, int64_t t, tt_gemm_panel *p)
{
  const tt_axis *mine = &r->ring.side.inner, *other = &r->other.side.inner;
  int64_t        filled = 0;

  p->stretches = 0;
  memset(p->count, 0, (size_t)r->other.side.ring * sizeof *p->count);
  for (int member = 0; member < r->ring.side.ring; member++) {
    const int proc = member * r->ring.layers + r->ring.layer;
    int64_t   from, left = tt_gemm_given(&r->ring, r->plan, member, t, &from);

    while (left > 0) {
      const int64_t    k = tt_axis_global(mine, proc, from);
      tt_gemm_stretch *last = p->stretches > 0 ? &p->list[p->stretches - 1] : NULL;
      tt_run           a, b;
      int64_t          length;

      tt_axis_run(mine, k, &a);
      tt_axis_run(other, k, &b);
      length = tt_min(left, tt_min(a.length, b.length));
      b.owner /= r->other.layers;
      if (last && last->member == member && last->owner == b.owner && last->local + last->length == b.local)
        last->length += length; /* goes on where the last one ended */
      else
        p->list[p->stretches++] = (tt_gemm_stretch){member, b.owner, b.local, filled, length, p->count[b.owner]};
      p->count[b.owner] += length;
      filled += length;
      from += length;
      left -= length;
    }
  }
}

/* Leading dimension of the panel of the other operand. */
static int64_t panel_ld(const tt_gemm_state *r)
{
  return tt_gemm_dense_ld(r->other.turned, r->other.outer, r->ring.side.ring * r->plan->panel);
}

/* Copies this rank's rows of the list: into its part for the ring, or, alone, into the panel. */
static void pack_other(const tt_gemm_state *r, const tt_gemm_panel *p)
{
  const tt_gemm_operand *o = &r->other;
  const bool             alone = o->side.ring == 1;
  const int64_t          ld = alone ? panel_ld(r) : tt_gemm_dense_ld(o->turned, o->outer, p->count[o->me]);
  char                  *to = alone ? p->data : p->part[o->me];

  for (int64_t i = 0; i < p->stretches; i++) {
    const tt_gemm_stretch *x = &p->list[i];

    if (x->owner == o->me)
      copy(r, o->turned, tt_gemm_at(r, o->turned, o->data, o->ld, 0, x->local), o->ld,
           tt_gemm_at(r, o->turned, to, ld, 0, alone ? x->panel : x->part), ld, o->outer, x->length);
  }
}

/* Puts what came round into the panel. */
static void unpack_other(const tt_gemm_state *r, const tt_gemm_panel *p)
{
  const tt_gemm_operand *o = &r->other;

  for (int64_t i = 0; i < p->stretches && o->outer > 0; i++) {
    const tt_gemm_stretch *x = &p->list[i];
    const int64_t          ld = tt_gemm_dense_ld(o->turned, o->outer, p->count[x->owner] / o->outer);

    copy(r, o->turned, tt_gemm_at(r, o->turned, p->part[x->owner], ld, 0, x->part), ld,
         tt_gemm_at(r, o->turned, p->data, panel_ld(r), 0, x->panel), panel_ld(r), o->outer, x->length);
  }
}

/* Starts to gather the other operand's panel of step t. */
static tartan_status start_panel(tt_gemm_state *r, int64_t t, tt_gemm_panel *p)
{
  const tt_gemm_operand *o = &r->other;
  tartan_status          st = TARTAN_OK;

  if (!r->here || (tt_gemm_reads_other(r->plan) && !r->plan->assembled)) goto done;
  list_stretches(r, t, p);
  if (r->plan->assembled) goto done;
  for (int i = 1; i < o->side.ring; i++) p->part[i] = p->part[i - 1] + p->count[i - 1] * o->outer * r->size;
  pack_other(r, p);
  for (int i = 0; i < o->side.ring; i++) p->count[i] *= o->outer;
  for (int i = 0; i <= o->side.ring; i++) p->group[i] = i;
  TRY(tt_ring_start(&p->ring, r->other_ranks, o->side.ring, o->me, p->group, p->part, p->count, (size_t)r->size));
done:
  return st;
}

/* Starts a step: what has to come from other layouts comes now. Collective over all ranks. */
tartan_status tt_gemm_start_step(tt_gemm_state *r, int64_t t, tt_gemm_panel *p)
{
  const tt_gemm_plan *plan = r->plan;
  tt_gemm_operand    *ring = &r->ring;
  tartan_status       st = TARTAN_OK;

  if (tt_gemm_streams_other(plan))
    TRY(bring(r, &r->other, t * plan->panel, plan->panel, p->data, panel_ld(r)));
  else
    TRY(start_panel(r, t, p));
  if (!ring->side.stays)
    TRY(bring(r, ring, t * plan->panel, plan->panel, p->copy,
              tt_gemm_dense_ld(ring->turned, ring->outer, plan->panel)));
done:
  return st;
}

/* Ends a step's gathering. */
tartan_status tt_gemm_finish_step(tt_gemm_state *r, tt_gemm_panel *p)
{
  tartan_status st = TARTAN_OK;

  if (!r->here || tt_gemm_reads_other(r->plan) || r->other.side.ring == 1) goto done;
  TRY(tt_ring_end(&p->ring));
  unpack_other(r, p);
done:
  return st;
}

/* Where the other operand has the rows of a ring member's part. */
const char *tt_gemm_other_rows(const tt_gemm_state *r, const tt_gemm_panel *p, int member, int64_t t, int64_t *ld)
{
  const tt_gemm_operand *o = &r->other;
  int64_t                from, offset = 0, ignored;

  for (int i = 0; i < member; i++) offset += tt_gemm_given(&r->ring, r->plan, i, t, &ignored);
  if (!tt_gemm_reads_other(r->plan)) {
    *ld = panel_ld(r);
    return tt_gemm_at(r, o->turned, p->data, *ld, 0, offset);
  }
  *ld = o->ld;
  if (r->plan->assembled) {
    from = tt_min(t * r->plan->panel * r->ring.side.ring, tt_axis_count(&o->side.inner, o->layer));
    return tt_gemm_at(r, o->turned, o->data, o->ld, 0, from);
  }
  if (tt_gemm_given(&r->ring, r->plan, member, t, &from) == 0) return o->data;
  from = tt_axis_global(&r->ring.side.inner, member * r->ring.layers + r->ring.layer, from);
  return tt_gemm_at(r, o->turned, o->data, o->ld, 0, tt_axis_local(&o->side.inner, from));
}

/* Outer indices of a slab, and its first. */
int64_t tt_gemm_slab_of(const tt_gemm_state *r, int64_t u, int64_t *first)
{
  *first = tt_min(r->ring.outer, u * r->plan->slab);
  return tt_min(r->ring.outer, (u + 1) * r->plan->slab) - *first;
}

/* This rank's own part of the ring operand: where it lies before it is packed. */
const char *tt_gemm_own_part(const tt_gemm_state *r, const tt_gemm_panel *p, int64_t t, int64_t first, int64_t *ld)
{
  const tt_gemm_operand *o = &r->ring;
  int64_t                from;

  (void)tt_gemm_given(o, r->plan, o->me, t, &from);
  *ld = o->side.stays ? o->ld : tt_gemm_dense_ld(o->turned, o->outer, r->plan->panel);
  return tt_gemm_at(r, o->turned, o->side.stays ? o->data : p->copy, *ld, first, o->side.stays ? from : 0);
}

/*
 * A slab that is put together in the order of the other operand: each stretch of columns is a piece of its member's part,
 * and lies where it belongs from the start.
 */
static void assemble(const tt_gemm_state *r, int64_t t, const tt_gemm_panel *p, int64_t first, int64_t height,
                     tt_gemm_parts *x)
{
  const int64_t start = t * r->plan->panel * r->ring.side.ring;
  int64_t       ld, from = 0;
  const char   *own = tt_gemm_own_part(r, p, t, first, &ld);

  for (int i = 0, member = 0; member <= r->ring.side.ring; member++) {
    while (i < p->stretches && p->list[i].member < member) i++;
    x->group[member] = i;
  }
  for (int64_t i = 0; i < p->stretches; i++) {
    const tt_gemm_stretch *s = &p->list[i];

    x->part[i] = x->data + (s->local - start) * height * r->size;
    x->count[i] = s->length * height;
    if (s->member != r->ring.me) continue;
    copy(r, false, own + from * ld * r->size, ld, x->part[i], tt_max(1, height), height, s->length);
    from += s->length;
  }
}

/* Parts as they lie, one after the other; my own is sent from where it lies if it is dense there. */
static void pack_part(const tt_gemm_state *r, int64_t t, const tt_gemm_panel *p, int64_t first, int64_t height,
                      tt_gemm_parts *x)
{
  const tt_gemm_operand *o = &r->ring;
  int64_t                ld, width, dense, ignored;
  const char            *own = tt_gemm_own_part(r, p, t, first, &ld);

  for (int i = 0; i < o->side.ring; i++) {
    x->group[i] = i;
    x->part[i] = x->data + i * r->plan->slab * r->plan->panel * r->size;
    x->count[i] = height * tt_gemm_given(o, r->plan, i, t, &ignored);
  }
  x->group[o->side.ring] = o->side.ring;
  width = tt_gemm_given(o, r->plan, o->me, t, &ignored);
  dense = tt_gemm_dense_ld(o->turned, height, width);
  if (ld == dense)
    x->part[o->me] = (char *)(uintptr_t)own;
  else
    copy(r, o->turned, own, ld, x->part[o->me], dense, height, width);
}

/* Starts the round of step t, slab u. */
tartan_status tt_gemm_start_round(tt_gemm_state *r, int64_t t, int64_t u, const tt_gemm_panel *p, tt_gemm_parts *x)
{
  const tt_gemm_operand *o = &r->ring;
  int64_t                first, height;
  tartan_status          st = TARTAN_OK;

  if (!r->here || o->side.ring == 1) goto done;
  height = tt_gemm_slab_of(r, u, &first);
  if (r->plan->assembled)
    assemble(r, t, p, first, height, x);
  else
    pack_part(r, t, p, first, height, x);
  TRY(tt_ring_start(&x->ring, r->ring_ranks, o->side.ring, o->me, x->group, x->part, x->count, (size_t)r->size));
done:
  return st;
}
