/* The parts of a predictor: what belongs to which model, and how they fit each other. */
#include "base/util.h"
#include "model/predictor_impl.h"
#include "model/recommend_impl.h"

void tt_predictor_parts_destroy(tartan_predictor_values *v)
{
  tartan_matrix_destroy(&v->weights);
  tartan_matrix_destroy(&v->item_bias);
  tartan_matrix_destroy(&v->user_bias);
  tartan_matrix_destroy(&v->item_factors);
  tartan_matrix_destroy(&v->user_factors);
}

/* A matrix of the model: there and of this shape, or rightly not there. */
static tartan_status check_part(const tartan_grid *grid, const tartan_matrix *A, bool wanted, const char *name,
                                int64_t rows, int64_t cols)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(!wanted || A, TARTAN_ERR_ARG, "the model has no %s", name);
  if (!A) goto done;
  REQUIRE(A->grid == grid, TARTAN_ERR_GRID, "%s is on another grid", name);
  REQUIRE(A->row.n == rows && A->col.n == cols, TARTAN_ERR_SHAPE, "%s is %lld x %lld where the model has %lld x %lld",
          name, (long long)A->row.n, (long long)A->col.n, (long long)rows, (long long)cols);
done:
  return st;
}

static tartan_status check(const tartan_grid *grid, const tartan_predictor_values *v)
{
  const bool    ease = v->opts.model == TARTAN_RECOMMEND_EASE, factors = !ease && v->factors > 0;
  tartan_status st = TARTAN_OK;

  REQUIRE((int)v->opts.model >= 0 && v->opts.model <= TARTAN_RECOMMEND_NMF, TARTAN_ERR_ARG, "there is no model %d",
          (int)v->opts.model);
  REQUIRE(v->users >= 0 && v->items >= 0 && v->factors >= 0, TARTAN_ERR_ARG, "users, items and factors: 0 or more");
  TRY(check_part(grid, v->user_factors, factors, "user_factors", v->factors, v->users));
  TRY(check_part(grid, v->item_factors, factors, "item_factors", v->factors, v->items));
  TRY(check_part(grid, v->user_bias, false, "user_bias", 1, v->users));
  TRY(check_part(grid, v->item_bias, !ease && v->factors == 0, "item_bias", 1, v->items));
  TRY(check_part(grid, v->weights, ease, "item_weights", v->items, v->items));
done:
  return st;
}

tartan_status tartan_predictor_create(tartan_grid *grid, const tartan_predictor_values *values, bool owned,
                                      tartan_predictor **p)
{
  tartan_predictor *made = NULL;
  tartan_status     st = TARTAN_OK, local = TARTAN_OK;

  *p = NULL;
  made = tt_alloc_zero(&grid->memory, 1, sizeof *made, "a predictor", &local);
  AGREE(grid, local);
  *made = (tartan_predictor){.grid = grid, .v = *values, .owned = false};
  made->v.size = sizeof made->v;
  TRY(check(grid, values));
  made->owned = owned;
  *p = made;
  made = NULL;
done:
  tt_free(made);
  if (st != TARTAN_OK && owned) {
    tartan_predictor_values theirs = *values;

    tt_predictor_parts_destroy(&theirs);
  }
  return st;
}

/* A matrix over memory that stays the recommender's. Collective. */
static tartan_status refer(tartan_grid *grid, tartan_dtype dtype, int64_t rows, const tt_side *side, void *data,
                           tartan_matrix **A)
{
  return tt_matrix_create_ranges(grid, dtype, rows, side->R->m, side->R->owner, data, A);
}

tartan_status tartan_predictor_from_recommender(const tartan_recommender *m, tartan_predictor **p)
{
  const tt_side          *users = &m->side[TT_USERS], *items = &m->side[TT_ITEMS];
  const int64_t           k = tt_has_factors(m) ? m->opts.factors : 0;
  tartan_predictor_values v = {.size = sizeof v,
                               .opts = m->opts,
                               .users = users->R->m,
                               .items = items->R->m,
                               .factors = k,
                               .mean = m->mean,
                               .low = m->low,
                               .high = m->high};
  bool                    made = false;
  tartan_status           st = TARTAN_OK;

  *p = NULL;
  if (k > 0) TRY(refer(m->grid, m->opts.dtype, k, users, users->F->data, &v.user_factors));
  if (k > 0) TRY(refer(m->grid, m->opts.dtype, k, items, items->F->data, &v.item_factors));
  TRY(refer(m->grid, TARTAN_F64, 1, users, users->bias, &v.user_bias));
  TRY(refer(m->grid, TARTAN_F64, 1, items, items->bias, &v.item_bias));
  made = true; /* from here on they are the predictor's */
  TRY(tartan_predictor_create(m->grid, &v, true, p));
done:
  if (!made) tt_predictor_parts_destroy(&v);
  return st;
}

void tartan_predictor_destroy(tartan_predictor **p)
{
  tartan_predictor *a = p ? *p : NULL;

  if (!a) return;
  if (a->owned) tt_predictor_parts_destroy(&a->v);
  tt_free(a);
  *p = NULL;
}

void tartan_predictor_get(const tartan_predictor *p, tartan_predictor_values *values)
{
  *values = p->v;
}

const int64_t *tt_item_starts(const tartan_predictor *p)
{
  const tartan_predictor_values *v = &p->v;

  return v->item_factors ? v->item_factors->col.starts : v->weights ? v->weights->col.starts : v->item_bias->col.starts;
}
