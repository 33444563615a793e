/*
 * The two sides of a recommender. Users are rows of R as it was given, or of a copy that is balanced better; items are rows of
 * its transpose, made here. Both are cut by work, so the ranges of factor rows follow from how heavy rows are.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "model/recommend_impl.h"

bool tt_has_factors(const tartan_recommender *m)
{
  return m->opts.model == TARTAN_RECOMMEND_ALS || m->opts.model == TARTAN_RECOMMEND_IALS;
}

void tt_side_end(tt_side *side)
{
  tt_needed_end(&side->needed);
  tt_cut_end(&side->cut);
  tartan_matrix_destroy(&side->kept);
  tartan_matrix_destroy(&side->F);
  tt_free(side->misfit);
  tt_free(side->bias);
  tt_free(side->lambda);
  tt_free(side->target);
  tt_free(side->weight);
  tt_free(side->entries);
  tartan_sparse_destroy(&side->own);
}

/* Counts of the rows that this rank owns; the last may go on elsewhere. */
static void count_entries(tt_side *side)
{
  const tartan_sparse_part *part = &side->part;

  for (int64_t i = 0; i < side->count; i++) {
    const int64_t il = i + side->shift;

    side->entries[i] = il < part->rows ? part->ptr[il + 1] - part->ptr[il] : 0;
    if (il == part->rows - 1) side->entries[i] += part->after;
  }
}

/* Lists and memory of one side, of which R is known; starts: of the other side's factor rows. Collective. */
static tartan_status make_side(tartan_recommender *m, tt_side *side, const int64_t *others)
{
  tartan_grid  *grid = m->grid;
  const size_t  size = tartan_dtype_size(m->opts.dtype);
  const bool    weighted = m->opts.model == TARTAN_RECOMMEND_IALS;
  int64_t       here;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  tartan_sparse_local(side->R, &side->part);
  here = side->part.rows > 0 ? side->part.ptr[side->part.rows] : 0;
  side->first = side->R->owner[grid->rank];
  side->count = side->R->owner[grid->rank + 1] - side->first;
  side->shift = side->part.before > 0;
  side->entries = tt_alloc_zero(&grid->memory, side->count, sizeof *side->entries, "counts of entries", &local);
  side->lambda = tt_alloc_zero(&grid->memory, side->count, size, "penalties", &local);
  side->bias = tt_alloc_zero(&grid->memory, side->count, sizeof *side->bias, "biases", &local);
  if (side == &m->side[TT_ITEMS])
    side->misfit = tt_alloc_zero(&grid->memory, side->count, sizeof *side->misfit, "misfits", &local);
  side->target = tt_alloc(&grid->memory, here, size, "targets", &local);
  if (weighted) side->weight = tt_alloc(&grid->memory, here, size, "weights", &local);
  AGREE(grid, local);
  count_entries(side);
  TRY(tt_cut_make(side));
  TRY(tt_needed_make(side->R, others, &side->needed));
  if (!tt_has_factors(m)) goto done;
  TRY(tt_matrix_create_ranges(grid, m->opts.dtype, m->opts.factors, side->R->m, side->R->owner, NULL, &side->F));
  tartan_matrix_set(side->F, 0, 0);
done:
  return st;
}

tartan_status tt_sides_make(tartan_recommender *m, const tartan_sparse *R)
{
  tt_side      *users = &m->side[TT_USERS], *items = &m->side[TT_ITEMS];
  tartan_status st = TARTAN_OK;

  TRY(tt_sides_arrange(m, R));
  TRY(make_side(m, users, items->R->owner));
  TRY(make_side(m, items, users->R->owner));
done:
  return st;
}

tartan_status tt_side_of_users(tartan_recommender *m, const tartan_sparse *R, const int64_t *items)
{
  m->side[TT_USERS].R = R;
  return make_side(m, &m->side[TT_USERS], items);
}

/* ------------------------------------------------------------------------------------------------ weights */

static double confidence(const tartan_recommend_opts *opts, double r)
{
  switch (opts->confidence) {
  case TARTAN_CONFIDENCE_CONSTANT: break;
  case TARTAN_CONFIDENCE_LINEAR: return opts->alpha * fabs(r);
  case TARTAN_CONFIDENCE_LOG: return opts->alpha * log1p(fabs(r));
  }
  return 1;
}

/* w and t of an entry of implicit data: p = 1 where r > 0. */
static void weigh_implicit(const tartan_recommend_opts *opts, tt_side *side, int64_t e)
{
  const double r = tt_get_element(side->R->dtype, side->part.value, 1, e, 0), w = confidence(opts, r);
  const double t = r > 0 ? w + (opts->replaced ? opts->unobserved : 0) : 0;

  tt_put_element(opts->dtype, w, side->weight, 1, e, 0);
  tt_put_element(opts->dtype, t, side->target, 1, e, 0);
}

/* t = r - mu - b_u - b_i on one side. Collective. */
static tartan_status weigh_explicit(tartan_recommender *m, tt_side *side, const tt_side *other)
{
  tartan_grid  *grid = m->grid;
  double       *mine = NULL, *theirs = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  mine = tt_alloc(&grid->memory, side->part.rows, sizeof *mine, "biases", &local);
  theirs = tt_alloc(&grid->memory, side->needed.needed, sizeof *theirs, "biases", &local);
  AGREE(grid, local);
  TRY(tt_value_rows(grid, side->R->owner, side->bias, side->part.first, side->part.rows, mine));
  TRY(tt_needed_exchange(&side->needed, other->bias, 1, sizeof *theirs, theirs));
  for (int64_t i = 0; i < side->part.rows; i++) {
    for (int64_t e = side->part.ptr[i]; e < side->part.ptr[i + 1]; e++) {
      const double r = tt_get_element(side->R->dtype, side->part.value, 1, e, 0);

      tt_put_element(m->opts.dtype, r - m->mean - mine[i] - theirs[side->needed.local[e]], side->target, 1, e, 0);
    }
  }
done:
  tt_free(theirs);
  tt_free(mine);
  return st;
}

/* lambda times the power of what stands before it in the objective. */
static void penalise(const tartan_recommend_opts *opts, tt_side *side, double others)
{
  for (int64_t i = 0; i < side->count; i++) {
    const double n = (double)side->entries[i] + (opts->model == TARTAN_RECOMMEND_IALS ? opts->unobserved * others : 0);

    tt_put_element(opts->dtype, opts->regularization * pow(n, opts->exponent), side->lambda, 1, i, 0);
  }
}

tartan_status tt_side_weigh(tartan_recommender *m, int which)
{
  tt_side      *side = &m->side[which];
  tartan_status st = TARTAN_OK;

  penalise(&m->opts, side, (double)side->R->n);
  if (m->opts.model == TARTAN_RECOMMEND_ALS) TRY(weigh_explicit(m, side, &m->side[!which]));
  for (int64_t i = 0; i < side->part.rows && m->opts.model == TARTAN_RECOMMEND_IALS; i++)
    for (int64_t e = side->part.ptr[i]; e < side->part.ptr[i + 1]; e++) weigh_implicit(&m->opts, side, e);
done:
  return st;
}

tartan_status tt_sides_weigh(tartan_recommender *m)
{
  tartan_status st = TARTAN_OK;

  for (int s = TT_USERS; s <= TT_ITEMS && tt_has_factors(m); s++) TRY(tt_side_weigh(m, s));
done:
  return st;
}
