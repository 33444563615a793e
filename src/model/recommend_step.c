/*
 * One half-step: the factor rows of the other side that are needed come here, then the rows of this side are solved. Rows of
 * up to a segment are solved in runs; the sums of longer ones are formed by segments, which the threads share, those of other ranks
 * come to the owner, and are added in order.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/parallel.h"
#include "model/recommend_impl.h"

#define SEGMENTS 4 /* of a thread, at a time */

/* Entries from .. to - 1 of a local row, a segment at most, and where their sums go. */
typedef struct segment {
  int64_t row, from, to;
  char   *sums;
} segment;

/* What one half-step works with. */
typedef struct step {
  tartan_recommender *m;
  tt_side            *side;
  tt_als_shared       shared;
  double             *d64; /* [k] diagonal of G */
  void               *G, *d;
  int64_t             width;   /* elements of a row's sums: a triangle and a vector */
  char               *mine;    /* [lead, width] sums of the row that is led in */
  char               *others;  /* [follow, width] sums of the last row from higher ranks */
  char               *sum;     /* [width] of a long row, and behind it [room, width] of segments */
  segment            *segment; /* [room] */
  int64_t             room, pending;
  int64_t             failed; /* rows that were not positive definite */
  tartan_status       local;
} step;

static void *at(const step *s, const void *base, int64_t element)
{
  return (char *)(uintptr_t)base + (size_t)element * tartan_dtype_size(s->m->opts.dtype);
}

/* Local rows before which those end that this rank owns and that have entries here. */
static int64_t owned_here(const tt_side *side)
{
  return tt_min(side->part.rows, side->shift + side->count);
}

static bool is_long(const tt_side *side, int64_t il)
{
  return side->entries[il - side->shift] > TARTAN_SPARSE_SEGMENT;
}

/* Segments that are summed at a time: none where no row is long. */
static int64_t room_for(const tt_side *side, int threads)
{
  bool any = side->cut.lead > 0;

  for (int64_t il = side->shift; il < owned_here(side) && !any; il++) any = is_long(side, il);
  return any ? SEGMENTS * (int64_t)threads : 0;
}

/* Memory, and the other side's rows. Collective. */
static tartan_status begin(tartan_recommender *m, int which, step *s)
{
  tartan_grid  *grid = m->grid;
  const int64_t k = m->opts.factors;
  const size_t  size = tartan_dtype_size(m->opts.dtype);
  tt_memory    *memory = &grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *s = (step){.m = m, .side = &m->side[which], .width = k * (k + 1) / 2 + k};
  s->room = room_for(s->side, grid->threads);
  s->d64 = tt_alloc_zero(memory, k, sizeof *s->d64, "a diagonal", &local);
  s->d = tt_alloc_zero(memory, k, size, "a diagonal", &local);
  s->G = tt_alloc_zero(memory, k * k, size, "a Gram matrix", &local);
  s->mine = tt_alloc_zero(memory, s->side->cut.lead * s->width, size, "sums of a row that is cut", &local);
  s->others = tt_alloc_zero(memory, s->side->cut.follow * s->width, size, "sums of a row that is cut", &local);
  s->sum = tt_alloc_zero(memory, (1 + s->room) * s->width, size, "sums of long rows", &local);
  s->segment = tt_alloc(memory, s->room, sizeof *s->segment, "segments of long rows", &local);
  AGREE(grid, local);
  s->shared = (tt_als_shared){.dtype = m->opts.dtype, .k = k, .Y = m->near, .isa = m->isa, .form = m->form};
done:
  return st;
}

static void end(step *s)
{
  tt_free(s->segment);
  tt_free(s->sum);
  tt_free(s->others);
  tt_free(s->mine);
  tt_free(s->G);
  tt_free(s->d);
  tt_free(s->d64);
}

/* What all rows share: alpha0 times the other side's Gram matrix, diagonal where the exact solver may turn it. Collective. */
static tartan_status share(step *s, int other)
{
  tartan_recommender *m = s->m;
  const int64_t       k = m->opts.factors;
  const bool          implicit = m->opts.model == TARTAN_RECOMMEND_IALS;
  const bool          turn = tt_recommend_turns(&m->opts) && !(m->fixed && implicit);
  tartan_status       st = TARTAN_OK;

  if (turn) s->shared.d = s->d; /* of explicit data: zeros */
  if (!implicit) goto done;
  if (turn) {
    TRY(tt_factor_rotate(m, other, s->d64));
    for (int64_t j = 0; j < k; j++)
      tt_put_element(m->opts.dtype, m->opts.unobserved * (s->d64[j] > 0 ? s->d64[j] : 0), s->d, 1, j, 0);
    goto done;
  }
  TRY(tt_factor_gram(m, other));
  for (int64_t j = 0; j < k; j++)
    for (int64_t i = 0; i < k; i++)
      tt_put_element(m->opts.dtype, m->opts.unobserved * m->gram[other][i + j * k], s->G, k, i, j);
  s->shared.G = s->G;
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ long rows */

/* tt_task: sums of one segment, which are cleared before. */
static void sum_segment(int64_t i, void *context)
{
  const step    *s = context;
  const tt_side *side = s->side;
  const segment *g = &s->segment[i];
  const int64_t  k = s->shared.k;

  memset(g->sums, 0, (size_t)s->width * tartan_dtype_size(s->shared.dtype));
  tt_als_accumulate(&s->shared, g->to - g->from, side->needed.local + g->from,
                    side->weight ? at(s, side->weight, g->from) : NULL, at(s, side->target, g->from), g->sums,
                    at(s, g->sums, k * (k + 1) / 2));
}

/* Sums of the segments of the row that is led in: the owner of the row adds them. */
static void sum_lead(step *s)
{
  const tartan_sparse_part *part = &s->side->part;
  const int                 threads = s->m->grid->threads;

  for (int64_t g = 0; g < s->side->cut.lead; g += s->room) {
    s->pending = tt_min(s->room, s->side->cut.lead - g);
    for (int64_t i = 0; i < s->pending; i++) {
      const int64_t from = part->ptr[0] + (g + i) * TARTAN_SPARSE_SEGMENT;

      s->segment[i] = (segment){0, from, tt_min(part->ptr[1], from + TARTAN_SPARSE_SEGMENT),
                                at(s, s->mine, (g + i) * s->width)};
    }
    tt_parallel_flushed(threads, s->pending, sum_segment, s);
  }
  s->pending = 0;
}

static void add(tartan_dtype dtype, int64_t n, const void *x, void *y)
{
  if (dtype == TARTAN_F32)
    for (int64_t i = 0; i < n; i++) ((float *)y)[i] += ((const float *)x)[i];
  else
    for (int64_t i = 0; i < n; i++) ((double *)y)[i] += ((const double *)x)[i];
}

/* Solves a row of which all own segments have been added, when those of other ranks have been, too. */
static void finish_row(step *s, int64_t il)
{
  const int64_t i = il - s->side->shift, k = s->shared.k;
  const double  lambda = tt_get_element(s->shared.dtype, s->side->lambda, 1, i, 0);
  char         *b = at(s, s->sum, k * (k + 1) / 2), *x = at(s, s->side->F->data, i * k);

  for (int64_t g = 0; il == s->side->part.rows - 1 && g < s->side->cut.follow; g++)
    add(s->shared.dtype, s->width, at(s, s->others, g * s->width), s->sum);
  if (s->m->opts.nonnegative)
    s->failed += !tt_als_finish_nonnegative(&s->shared, lambda, s->sum, b, x, &s->m->grid->memory, &s->local);
  else
    s->failed += !tt_als_finish(&s->shared, lambda, s->sum, b, x);
}

/* tt_task: adds the pending segments in their order, and solves each row that has its last. */
static void add_pending(int64_t none, void *context)
{
  step *s = context;

  (void)none;
  for (int64_t i = 0; i < s->pending; i++) {
    const segment *g = &s->segment[i];

    if (g->from == s->side->part.ptr[g->row]) memset(s->sum, 0, (size_t)s->width * tartan_dtype_size(s->shared.dtype));
    add(s->shared.dtype, s->width, g->sums, s->sum);
    if (g->to == s->side->part.ptr[g->row + 1]) finish_row(s, g->row);
  }
}

static void sum_pending(step *s)
{
  tt_parallel_flushed(s->m->grid->threads, s->pending, sum_segment, s);
  tt_parallel_flushed(1, 1, add_pending, s);
  s->pending = 0;
}

/* Owned rows of more than one segment: the threads sum a batch of segments, of one row or of several. */
static void solve_long(step *s)
{
  const tt_side            *side = s->side;
  const tartan_sparse_part *part = &side->part;

  for (int64_t il = side->shift; il < owned_here(side); il++) {
    if (!is_long(side, il)) continue;
    for (int64_t e = part->ptr[il]; e < part->ptr[il + 1]; e += TARTAN_SPARSE_SEGMENT) {
      s->segment[s->pending] = (segment){il, e, tt_min(part->ptr[il + 1], e + TARTAN_SPARSE_SEGMENT),
                                         at(s, s->sum, (1 + s->pending) * s->width)};
      if (++s->pending == s->room) sum_pending(s);
    }
  }
  sum_pending(s);
}

/* ------------------------------------------------------------------------------------------------ short rows */

int64_t tt_recommend_solve(const tartan_recommend_opts *o, const tt_als_shared *shared, const tt_als_rows *rows,
                           int threads, tt_memory *memory, tartan_status *local)
{
  const int64_t steps = tt_recommend_steps(o);

  if (o->solver == TARTAN_RECOMMEND_BLOCK) return tt_als_block(shared, rows, steps, threads, memory, local);
  if (o->nonnegative) return tt_als_nonnegative(shared, rows, threads, memory, local);
  if (o->solver == TARTAN_RECOMMEND_EXACT) return tt_als_exact(shared, rows, threads, memory, local);
  tt_als_cg(shared, rows, steps, threads, memory, local);
  return 0;
}

/* Local rows from .. to - 1, each of a segment at most. */
static void solve_run(step *s, int64_t from, int64_t to)
{
  const tartan_recommender *m = s->m;
  const tt_side            *side = s->side;
  const int64_t             i = from - side->shift;
  const tt_als_rows         rows = {.count = to - from,
                                    .ptr = side->part.ptr + from,
                                    .col = side->needed.local,
                                    .weight = side->weight,
                                    .target = side->target,
                                    .lambda = at(s, side->lambda, i),
                                    .X = at(s, side->F->data, i * s->shared.k),
                                    .misfit = side->misfit ? side->misfit + i : NULL,
                                    .more = tt_misfit_more(m)};

  if (to > from)
    s->failed += tt_recommend_solve(&m->opts, &s->shared, &rows, m->grid->threads, &s->m->grid->memory, &s->local);
}

/* Owned rows of up to a segment, those between two long ones at a time. */
static void solve_short(step *s)
{
  const tt_side *side = s->side;
  int64_t        from = side->shift;

  for (int64_t il = side->shift; il < owned_here(side); il++) {
    if (!is_long(side, il)) continue;
    solve_run(s, from, il);
    from = il + 1;
  }
  solve_run(s, from, owned_here(side));
}

tartan_status tt_half_step(tartan_recommender *m, int which)
{
  tartan_grid  *grid = m->grid;
  const int     other = !which;
  const size_t  size = tartan_dtype_size(m->opts.dtype);
  double        t;
  step          s = {NULL};
  tartan_status st = TARTAN_OK;

  TRY(begin(m, which, &s));
  TRY(share(&s, other));
  TRY(tt_needed_exchange(&s.side->needed, m->side[other].F->data, s.shared.k, size, m->near));
  t = tt_seconds();
  sum_lead(&s);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  TRY(tt_cut_exchange(grid, &s.side->cut, s.mine, s.width, size, s.others));
  t = tt_seconds();
  solve_short(&s);
  solve_long(&s);
  grid->counters.flops += tt_side_flops(m, s.side);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, s.local);
  m->known[which] = false;
  TRY(tt_allreduce_i64(grid, &s.failed, 1, TT_SUM));
  REQUIRE(s.failed == 0, TARTAN_ERR_NUMERIC,
          "the equations of %lld %s are not positive definite: weights below zero, or no regularization",
          (long long)s.failed, which == TT_USERS ? "users" : "items");
done:
  end(&s);
  return st;
}
