/*
 * Users from their entries alone. Of als and ials one exact half-step of training, with a recommender of which only the
 * side of the users is made; nmf as well, with every item weighing 1: the shared matrix is that of all items, and entries have
 * targets but no weight. What comes lies where the entries do, and goes to the even ranges of profiles.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "model/predictor_impl.h"
#include "model/recommend_impl.h"

/* The options by which a row of this model is solved. */
static tartan_recommend_opts solving(const tartan_predictor *p)
{
  tartan_recommend_opts o = p->v.opts;

  o.solver = TARTAN_RECOMMEND_EXACT;
  o.factors = p->v.factors;
  if (p->v.item_factors) o.dtype = p->v.item_factors->dtype;
  if (o.model == TARTAN_RECOMMEND_NMF) {
    o.model = TARTAN_RECOMMEND_IALS;
    o.nonnegative = true;
    o.unobserved = 1;
    o.regularization = 0;
  }
  return o;
}

/* Sums without weights, and no penalty. */
static void weigh_nmf(tartan_recommender *m)
{
  tt_side           *side = &m->side[TT_USERS];
  const tartan_dtype dtype = m->opts.dtype;
  const int64_t      here = side->part.rows > 0 ? side->part.ptr[side->part.rows] : 0;

  for (int64_t e = 0; e < here; e++) {
    tt_put_element(dtype, 0, side->weight, 1, e, 0);
    tt_put_element(dtype, tt_get_element(side->R->dtype, side->part.value, 1, e, 0), side->target, 1, e, 0);
  }
}

/* Lends the items of the predictor. */
static void lend_items(const tartan_predictor *p, double *zeros, tt_side *items)
{
  items->F = p->v.item_factors;
  items->bias = p->v.item_bias ? p->v.item_bias->data : zeros;
}

/* The half-step. Collective. */
static tartan_status solve(const tartan_predictor *p, const tartan_sparse *history, const double *zeros,
                           tartan_recommender *m)
{
  const bool    factors = p->v.factors > 0, nmf = p->v.opts.model == TARTAN_RECOMMEND_NMF;
  const int64_t k = p->v.factors, *starts = tt_item_starts(p);
  tt_memory    *memory = &m->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  lend_items(p, (double *)(uintptr_t)zeros, &m->side[TT_ITEMS]);
  TRY(tt_side_of_users(m, history, starts));
  if (p->v.opts.model == TARTAN_RECOMMEND_BIAS || (p->v.opts.model == TARTAN_RECOMMEND_ALS && m->opts.bias))
    TRY(tt_fit_user_biases(m));
  if (!factors) goto done;
  TRY(tt_side_weigh(m, TT_USERS));
  if (nmf) weigh_nmf(m);
  m->near = tt_alloc(memory, m->side[TT_USERS].needed.needed * k, tartan_dtype_size(m->opts.dtype),
                     "factor rows of items", &local);
  m->gram[TT_ITEMS] = tt_alloc(memory, k * k, sizeof(double), "a Gram matrix", &local);
  AGREE(m->grid, local);
  TRY(tt_isa_common(m->grid, &m->isa));
  TRY(tt_half_step(m, TT_USERS));
done:
  return st;
}

/* als, ials, nmf, bias. Collective. */
static tartan_status fold_half_step(const tartan_predictor *p, const tartan_sparse *history, tartan_profiles *made)
{
  tartan_recommender m = {.grid = p->grid, .opts = solving(p), .mean = p->v.mean, .fixed = true};
  tt_side           *users = &m.side[TT_USERS];
  double            *zeros = NULL;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  m.heavy_from = tt_als_heavy_from(tt_max(1, p->v.factors));
  zeros = tt_alloc_zero(&p->grid->memory, tt_item_starts(p)[p->grid->rank + 1] - tt_item_starts(p)[p->grid->rank],
                        sizeof *zeros, "biases", &local);
  AGREE(p->grid, local);
  TRY(solve(p, history, zeros, &m));
  TRY(tt_value_rows(p->grid, history->owner, users->bias, made->first, made->own, made->bias));
  if (made->X) TRY(tt_factor_rows(users->F, made->first, made->own, made->X->data));
done:
  tt_side_end(users);
  tt_free(m.gram[TT_ITEMS]);
  tt_free(m.near);
  tt_free(zeros);
  return st;
}

/* puresvd: X' = H V, rounded once. Collective. */
static tartan_status fold_product(const tartan_predictor *p, const tartan_sparse *history, tartan_profiles *made)
{
  tartan_matrix *V = NULL, *Y = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tartan_matrix_create(p->grid, history->dtype, p->v.items, p->v.factors, NULL, &V));
  TRY(tartan_matrix_create(p->grid, history->dtype, history->m, p->v.factors, NULL, &Y));
  TRY(tartan_matrix_copy(TARTAN_TRANS, p->v.item_factors, V));
  TRY(tartan_sparse_multiply(TARTAN_NO_TRANS, history, V, Y));
  TRY(tartan_matrix_copy(TARTAN_TRANS, Y, made->X));
done:
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&V);
  return st;
}

tartan_status tartan_profiles_fold_in(const tartan_predictor *p, const tartan_sparse *history,
                                      tartan_profiles **profiles)
{
  tartan_profiles *made = NULL;
  tartan_status    st = TARTAN_OK;

  *profiles = NULL;
  REQUIRE(history->grid == p->grid, TARTAN_ERR_GRID, "the entries are on another grid than the model");
  REQUIRE(history->n == p->v.items, TARTAN_ERR_SHAPE, "entries of %lld items, but the model has %lld",
          (long long)history->n, (long long)p->v.items);
  TRY(tt_profiles_make(p, history->m, &made));
  switch (p->v.opts.model) {
  case TARTAN_RECOMMEND_ALS:
  case TARTAN_RECOMMEND_IALS:
  case TARTAN_RECOMMEND_NMF:
  case TARTAN_RECOMMEND_BIAS: TRY(fold_half_step(p, history, made)); break;
  case TARTAN_RECOMMEND_PURESVD: TRY(fold_product(p, history, made)); break;
  case TARTAN_RECOMMEND_EASE: made->history = history; break;
  case TARTAN_RECOMMEND_POPULARITY: break;
  }
  *profiles = made;
  made = NULL;
done:
  tartan_profiles_destroy(&made);
  return st;
}
