/*
 * One half-step: the factor rows of the other side that are needed come here, then the rows of this side are solved. Rows of
 * up to a segment are solved in runs; the sums of longer ones are formed by segments, those of other ranks come to the owner,
 * and are added in order.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "model/recommend_impl.h"

/* What one half-step works with. */
typedef struct step {
  tartan_recommender *m;
  tt_side            *side;
  tt_als_shared       shared;
  double             *d64; /* [k] diagonal of G */
  void               *G, *d;
  int64_t             width;  /* elements of a row's sums: a triangle and a vector */
  char               *mine;   /* [lead, width] sums of the row that is led in */
  char               *others; /* [follow, width] sums of the last row from higher ranks */
  char               *sum;    /* [width], and one segment's behind it */
  int64_t             failed; /* rows that were not positive definite */
} step;

static void *at(const step *s, const void *base, int64_t element)
{
  return (char *)(uintptr_t)base + (size_t)element * tartan_dtype_size(s->m->opts.dtype);
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
  s->d64 = tt_alloc_zero(memory, k, sizeof *s->d64, "a diagonal", &local);
  s->d = tt_alloc_zero(memory, k, size, "a diagonal", &local);
  s->G = tt_alloc_zero(memory, k * k, size, "a Gram matrix", &local);
  s->mine = tt_alloc_zero(memory, s->side->cut.lead * s->width, size, "sums of a row that is cut", &local);
  s->others = tt_alloc_zero(memory, s->side->cut.follow * s->width, size, "sums of a row that is cut", &local);
  s->sum = tt_alloc_zero(memory, 2 * s->width, size, "sums of a long row", &local);
  AGREE(grid, local);
  s->shared = (tt_als_shared){.dtype = m->opts.dtype, .k = k, .Y = m->near, .isa = m->isa, .form = m->form};
done:
  return st;
}

static void end(step *s)
{
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

/* Sums of the entries from .. to - 1, a segment at most, into `sums`, which is cleared. */
static void sum_segment(step *s, int64_t from, int64_t to, char *sums)
{
  const tt_side *side = s->side;
  const int64_t  k = s->shared.k;

  memset(sums, 0, (size_t)s->width * tartan_dtype_size(s->shared.dtype));
  tt_als_accumulate(&s->shared, to - from, side->needed.local + from, side->weight ? at(s, side->weight, from) : NULL,
                    at(s, side->target, from), sums, at(s, sums, k * (k + 1) / 2));
}

/* Sums of the segments of the row that is led in. */
static void sum_lead(step *s)
{
  const tartan_sparse_part *part = &s->side->part;

  for (int64_t g = 0; g < s->side->cut.lead; g++)
    sum_segment(s, part->ptr[0] + g * TARTAN_SPARSE_SEGMENT,
                tt_min(part->ptr[1], part->ptr[0] + (g + 1) * TARTAN_SPARSE_SEGMENT), at(s, s->mine, g * s->width));
}

static void add(tartan_dtype dtype, int64_t n, const void *x, void *y)
{
  for (int64_t i = 0; i < n; i++)
    tt_put_element(dtype, tt_get_element(dtype, y, 1, i, 0) + tt_get_element(dtype, x, 1, i, 0), y, 1, i, 0);
}

/* A row of more than one segment: its own sums in order, then those of others. */
static void solve_long(step *s, int64_t il, tartan_status *local)
{
  const tartan_sparse_part *part = &s->side->part;
  const int64_t             i = il - s->side->shift, k = s->shared.k;
  const double              lambda = tt_get_element(s->shared.dtype, s->side->lambda, 1, i, 0);
  char                     *sums = s->sum, *one = at(s, s->sum, s->width), *x = at(s, s->side->F->data, i * k);

  memset(sums, 0, (size_t)s->width * tartan_dtype_size(s->shared.dtype));
  for (int64_t e = part->ptr[il]; e < part->ptr[il + 1]; e += TARTAN_SPARSE_SEGMENT) {
    sum_segment(s, e, tt_min(part->ptr[il + 1], e + TARTAN_SPARSE_SEGMENT), one);
    add(s->shared.dtype, s->width, one, sums);
  }
  for (int64_t g = 0; il == part->rows - 1 && g < s->side->cut.follow; g++)
    add(s->shared.dtype, s->width, at(s, s->others, g * s->width), sums);
  if (s->m->opts.nonnegative)
    s->failed += !tt_als_finish_nonnegative(&s->shared, lambda, sums, at(s, sums, k * (k + 1) / 2), x,
                                            &s->m->grid->memory, local);
  else
    s->failed += !tt_als_finish(&s->shared, lambda, sums, at(s, sums, k * (k + 1) / 2), x);
}

/* ------------------------------------------------------------------------------------------------ short rows */

/* Local rows from .. to - 1, each of a segment at most. */
static void solve_run(step *s, int64_t from, int64_t to, tartan_status *local)
{
  const tartan_recommender *m = s->m;
  const tt_side            *side = s->side;
  const int64_t             i = from - side->shift;
  const int                 threads = m->grid->threads;
  tt_memory                *memory = &s->m->grid->memory;
  const tt_als_rows         rows = {.count = to - from,
                                    .ptr = side->part.ptr + from,
                                    .col = side->needed.local,
                                    .weight = side->weight,
                                    .target = side->target,
                                    .lambda = at(s, side->lambda, i),
                                    .X = at(s, side->F->data, i * s->shared.k),
                                    .misfit = side->misfit ? side->misfit + i : NULL,
                                    .more = tt_misfit_more(m)};

  if (to <= from) return;
  switch (m->opts.solver) {
  case TARTAN_RECOMMEND_CG: tt_als_cg(&s->shared, &rows, m->opts.steps, threads, memory, local); break;
  case TARTAN_RECOMMEND_BLOCK:
    s->failed += tt_als_block(&s->shared, &rows, m->opts.steps, threads, memory, local);
    break;
  case TARTAN_RECOMMEND_EXACT:
    s->failed += m->opts.nonnegative ? tt_als_nonnegative(&s->shared, &rows, threads, memory, local)
                                     : tt_als_exact(&s->shared, &rows, threads, memory, local);
  }
}

/* All rows that this rank owns and that have entries here. */
static void solve(step *s, tartan_status *local)
{
  const tt_side *side = s->side;
  const int64_t  rows = tt_min(side->part.rows, side->shift + side->count);
  int64_t        from = side->shift;

  for (int64_t il = side->shift; il < rows; il++) {
    if (side->entries[il - side->shift] <= TARTAN_SPARSE_SEGMENT) continue;
    solve_run(s, from, il, local);
    solve_long(s, il, local);
    from = il + 1;
  }
  solve_run(s, from, rows, local);
}

tartan_status tt_half_step(tartan_recommender *m, int which)
{
  tartan_grid  *grid = m->grid;
  const int     other = !which;
  const size_t  size = tartan_dtype_size(m->opts.dtype);
  double        t;
  step          s = {NULL};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(begin(m, which, &s));
  TRY(share(&s, other));
  TRY(tt_needed_exchange(&s.side->needed, m->side[other].F->data, s.shared.k, size, m->near));
  t = tt_seconds();
  sum_lead(&s);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  TRY(tt_cut_exchange(grid, &s.side->cut, s.mine, s.width, size, s.others));
  t = tt_seconds();
  solve(&s, &local);
  grid->counters.flops += tt_side_flops(m, s.side);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  m->known[which] = false;
  TRY(tt_allreduce_i64(grid, &s.failed, 1, TT_SUM));
  REQUIRE(s.failed == 0, TARTAN_ERR_NUMERIC,
          "the equations of %lld %s are not positive definite: weights below zero, or no regularization",
          (long long)s.failed, which == TT_USERS ? "users" : "items");
done:
  end(&s);
  return st;
}
