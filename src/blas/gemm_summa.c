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
#include "base/fault.h"
#include "base/util.h"
#include "blas/gemm_run.h"
#include "kernel/combine.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"

/*
 * A tile, between two looks at the messages: some 10 milliseconds of one thread, in which the buffers of a socket neither
 * run empty nor full at 1 Gbit/s. Narrow tiles cost the BLAS its speed (32 columns: 0.72 of it), high ones do not.
 */
#define TILE_FLOPS 5e8
#define TILE_HEIGHT 2048

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
static void corrupt(const tt_gemm_state *r, char *victim)
{
  tt_put_element(r->dtype, 2 * tt_get_element(r->dtype, victim, 1, 0, 0) + 1, victim, 1, 0, 0);
}

/* A part of the ring operand, [height, width]. */
typedef struct factor {
  const char *data;
  int64_t     ld, first, height, width;
} factor;

/* Rows from .. to - 1 of C, as far as a part has them. */
static factor rows_of(const tt_gemm_state *r, const factor *f, int64_t from, int64_t to)
{
  factor t = *f;

  t.first = tt_min(tt_max(f->first, from), f->first + f->height);
  t.height = tt_max(0, tt_min(to, f->first + f->height) - t.first);
  t.data = tt_gemm_at(r, r->ring.turned, f->data, f->ld, t.first - f->first, 0);
  return t;
}

/* Operations on the memory of A and B. */
static tartan_op op_of(const tt_gemm_operand *o, bool b)
{
  return o->turned == b ? TARTAN_NO_TRANS : TARTAN_TRANS;
}

/* c := alpha part rows + beta c, part and c from A's ring: c is where its first row is. */
static void product(tt_gemm_state *r, const factor *f, int64_t n, const char *rows, int64_t ld, double beta, char *c,
                    int64_t ldc)
{
  tt_gemm_local(r->dtype, op_of(&r->ring, false), op_of(&r->other, true), f->height, n, f->width, r->x->alpha, f->data,
                f->ld, rows, ld, beta, c, ldc);
  r->grid->counters.flops += 2.0 * (double)f->height * (double)f->width * (double)n;
}

/*
 * Local columns y .. y + n - 1 of a triangle of C: rows that are wholly in it as they are, the tile across the diagonal in
 * memory of its own, of which the triangle is added.
 */
static void multiply_triangle(tt_gemm_state *r, const factor *f, int64_t y, int64_t n, const char *rows, int64_t ld,
                              double beta)
{
  const tt_axis *m = &r->plan->g.m, *cols = &r->plan->g.n;
  const bool     lower = r->shape->uplo == TARTAN_LOWER;
  const int64_t  g0 = tt_axis_global(cols, r->j, y), g1 = tt_axis_global(cols, r->j, y + n - 1);
  const int64_t  begin = tt_axis_before(m, r->i, lower ? g0 : g0 + 1),
                end = tt_axis_before(m, r->i, lower ? g1 : g1 + 1);
  const factor  whole = lower ? rows_of(r, f, end, INT64_MAX) : rows_of(r, f, 0, begin);
  const factor  across = rows_of(r, f, begin, end);
  const int64_t ldt = tt_max(1, across.height);

  product(r, &whole, n, rows, ld, beta, r->c + (whole.first + y * r->ldc) * r->size, r->ldc);
  if (across.height == 0) return;
  product(r, &across, n, rows, ld, 0, r->partial, ldt);
  for (int64_t j = 0; j < n; j++) {
    const int64_t g = tt_axis_global(cols, r->j, y + j), edge = tt_axis_before(m, r->i, lower ? g : g + 1);
    const int64_t from = lower ? tt_max(edge, across.first) : across.first;
    const int64_t to = lower ? across.first + across.height : tt_min(edge, across.first + across.height);

    tt_combine_local(r->dtype, r->partial + (from - across.first + j * ldt) * r->size, ldt, beta,
                     r->c + (from + (y + j) * r->ldc) * r->size, r->ldc, tt_max(0, to - from), 1);
  }
}

/* C := alpha part rows + beta C for the outer indices y .. y + n - 1 of the other operand, whose memory begins at y. */
static void multiply_tile(tt_gemm_state *r, const factor *f, int64_t y, int64_t n, const char *rows, int64_t ld,
                          double beta)
{
  if (r->plan->triangle) {
    multiply_triangle(r, f, y, n, rows, ld, beta);
  } else if (r->plan->ring_b) {
    tt_gemm_local(r->dtype, op_of(&r->other, false), op_of(&r->ring, true), n, f->height, f->width, r->x->alpha, rows,
                  ld, f->data, f->ld, beta, r->c + (y + f->first * r->ldc) * r->size, r->ldc);
    r->grid->counters.flops += 2.0 * (double)f->height * (double)f->width * (double)n;
  } else {
    product(r, f, n, rows, ld, beta, r->c + (f->first + y * r->ldc) * r->size, r->ldc);
  }
}

/* Outer indices of the other operand in a tile: all of them where nothing is under way, else shares of even width. */
static int64_t tile_width(const tt_gemm_state *r, const factor *f, const ahead *a)
{
  const int64_t outer = tt_max(1, r->other.outer);
  const double  flops = 2.0 * (double)tt_min(f->height, TILE_HEIGHT) * (double)f->width * (double)outer;
  const int64_t tiles = a->count > 0 ? tt_max(1, (int64_t)(flops / r->grid->threads / TILE_FLOPS + 0.5)) : 1;
  const int64_t tile = tt_round_up(tt_ceil_div(outer, tiles), 8);

  return r->plan->triangle ? tt_min(tile, TT_GEMM_TRIANGLE) : tile;
}

/* C of the slab := alpha part * rows + beta C, in tiles while something is under way. */
static tartan_status multiply(tt_gemm_state *r, const factor *f, const char *rows, int64_t ld, double beta,
                              const ahead *a)
{
  const int64_t outer = r->other.outer, tile = tile_width(r, f, a), end = f->first + f->height;
  const int64_t height = a->count > 0 ? TILE_HEIGHT : tt_max(1, f->height);
  double        clock = tt_seconds();
  tartan_status st = TARTAN_OK;

  for (int64_t y = 0; y < outer; y += tile) {
    const char *here = tt_gemm_at(r, r->other.turned, rows, ld, y, 0);

    for (int64_t x = f->first; x < end; x += height) {
      const factor part = rows_of(r, f, x, x + height);

      multiply_tile(r, &part, y, tt_min(tile, outer - y), here, ld, beta);
      tt_grid_phase(r->grid, TARTAN_PHASE_COMPUTE, &clock);
      TRY(advance(a));
      tt_grid_phase(r->grid, TARTAN_PHASE_COMMUNICATE, &clock);
    }
  }
done:
  return st;
}

/* What the h-th part of a round is, once it is here; all of them at once where they are put together. */
static tartan_status await_part(tt_gemm_state *r, int h, int64_t t, const tt_gemm_panel *p, tt_gemm_parts *x, factor *f,
                                int *member)
{
  const tt_gemm_operand *o = &r->ring;
  const bool             travels = o->side.ring > 1;
  int64_t                ignored;
  tartan_status          st = TARTAN_OK;

  *member = r->plan->assembled || !travels ? 0 : tt_ring_owner(&x->ring, h);
  f->width = tt_gemm_given(o, r->plan, *member, t, &ignored);
  if (r->plan->assembled) {
    for (int i = 1; i < o->side.ring; i++) f->width += tt_gemm_given(o, r->plan, i, t, &ignored);
    TRY(tt_ring_await(&x->ring, o->side.ring - 1));
    f->data = x->data;
    f->ld = tt_gemm_dense_ld(o->turned, f->height, f->width);
  } else if (travels) {
    TRY(tt_ring_await(&x->ring, h));
    f->data = x->part[*member];
    f->ld = tt_gemm_dense_ld(o->turned, f->height, f->width);
  } else {
    f->data = tt_gemm_own_part(r, p, t, f->first, &f->ld);
  }
done:
  return st;
}

/* All parts of step t, slab u, as they come. */
static tartan_status multiply_round(tt_gemm_state *r, int64_t t, int64_t u, const tt_gemm_panel *p, tt_gemm_parts *x,
                                    const ahead *a)
{
  const int     ring = r->ring.side.ring, rounds = r->plan->assembled ? 1 : ring;
  tartan_status st = TARTAN_OK;

  for (int h = 0; h < rounds && r->here; h++) {
    const bool  begins = t == 0 && h == 0;
    const char *rows;
    factor      f;
    int64_t     ld;
    int         member;
    bool        broken;

    f.height = tt_gemm_slab_of(r, u, &f.first);
    TRY(await_part(r, h, t, p, x, &f, &member));
    rows = tt_gemm_other_rows(r, p, member, t, &ld);
    broken = f.width > 0 && f.height > 0 && r->other.outer > 0 && tt_fault_hit(TT_FAULT_PANEL);
    if (broken && !tt_gemm_reads_other(r->plan)) corrupt(r, (char *)(uintptr_t)rows);
    if (f.width > 0 || begins) /* also where there is nothing to add: beta */
      TRY(multiply(r, &f, rows, ld, begins ? r->beta : 1, a));
    if (broken && tt_gemm_reads_other(r->plan)) corrupt(r, r->c); /* nothing was gathered */
  }
  if (ring > 1 && r->here) TRY(tt_ring_end(&x->ring));
done:
  return st;
}

/* All steps; with overlap the next step or slab is started before this one is multiplied. */
tartan_status tt_gemm_multiply_all(tt_gemm_state *r)
{
  const bool    overlap = r->plan->overlap;
  const int64_t slabs = tt_max(1, tt_ceil_div(r->ring.outer, r->plan->slab)), items = r->plan->steps * slabs;
  tartan_status st = TARTAN_OK;

  for (int64_t x = overlap ? -1 : 0; x < items; x++) {
    const int64_t  t = x < 0 ? 0 : x / slabs, next = overlap ? x + 1 : x, u = next / slabs;
    tt_gemm_panel *p = &r->panels[overlap ? t % 2 : 0], *q = &r->panels[overlap ? u % 2 : 0];
    tt_gemm_parts *now = &r->rounds[overlap ? (x + 2) % 2 : 0], *then = &r->rounds[overlap ? next % 2 : 0];
    ahead          a = {.count = 0};

    if (overlap && x >= 0 && x % slabs == 0) TRY(tt_gemm_finish_step(r, p));
    if (next < items) {
      if (next % slabs == 0) TRY(tt_gemm_start_step(r, u, q));
      TRY(tt_gemm_start_round(r, u, next % slabs, q, then));
    }
    if (x < 0) continue;
    if (!overlap && x % slabs == 0) TRY(tt_gemm_finish_step(r, p));
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
