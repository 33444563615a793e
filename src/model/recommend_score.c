/*
 * Scores of given pairs. The pairs lie on the ranks by users, cut as their own numbers want; user rows come as a range, item
 * rows by the list of those that are needed.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/topn.h"
#include "model/recommend_impl.h"

/* Rows of a model for the pairs of this rank. */
typedef struct near_rows {
  tt_needed needed; /* of items */
  void     *users, *items;
  double   *user_bias, *item_bias;
} near_rows;

/* Biases of the users of the pairs. Collective. */
static tartan_status user_biases(const tartan_recommender *m, const tartan_sparse *pairs, double *bias)
{
  const tt_side *users = &m->side[TT_USERS];
  tartan_matrix *B = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_create_ranges(m->grid, TARTAN_F64, 1, users->R->m, users->R->owner, users->bias, &B));
  TRY(tt_factor_rows(B, pairs->first, pairs->rows, bias));
done:
  tartan_matrix_destroy(&B);
  return st;
}

/* Brings the rows here. Collective. */
static tartan_status fetch(const tartan_recommender *m, const tartan_sparse *pairs, near_rows *near)
{
  const tt_side *users = &m->side[TT_USERS], *items = &m->side[TT_ITEMS];
  tt_memory     *memory = &m->grid->memory;
  const int64_t  k = tt_has_factors(m) ? m->opts.factors : 0;
  const size_t   size = tartan_dtype_size(m->opts.dtype);
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_needed_make(pairs, items->R->owner, &near->needed));
  near->user_bias = tt_alloc(memory, pairs->rows, sizeof *near->user_bias, "biases", &local);
  near->item_bias = tt_alloc(memory, near->needed.needed, sizeof *near->item_bias, "biases", &local);
  near->users = tt_alloc(memory, pairs->rows * k, size, "factor rows of users", &local);
  near->items = tt_alloc(memory, near->needed.needed * k, size, "factor rows of items", &local);
  AGREE(m->grid, local);
  TRY(user_biases(m, pairs, near->user_bias));
  TRY(tt_needed_exchange(&near->needed, items->bias, 1, sizeof *near->item_bias, near->item_bias));
  if (k == 0) goto done;
  TRY(tt_factor_rows(users->F, pairs->first, pairs->rows, near->users));
  TRY(tt_needed_exchange(&near->needed, items->F->data, k, size, near->items));
done:
  return st;
}

static void end(near_rows *near)
{
  tt_free(near->items);
  tt_free(near->users);
  tt_free(near->item_bias);
  tt_free(near->user_bias);
  tt_needed_end(&near->needed);
}

static double score(const tartan_recommender *m, const near_rows *near, int64_t user, int64_t item)
{
  const int64_t k = tt_has_factors(m) ? m->opts.factors : 0;
  double        sum = m->mean + near->user_bias[user] + near->item_bias[item];

  for (int64_t j = 0; j < k; j++)
    sum += tt_get_element(m->opts.dtype, near->users, k, j, user) *
           tt_get_element(m->opts.dtype, near->items, k, j, item);
  return sum;
}

tartan_status tartan_recommender_predict(const tartan_recommender *m, const tartan_sparse *pairs, double *scores)
{
  near_rows     near = {.users = NULL};
  tartan_status st = TARTAN_OK;

  REQUIRE(pairs->grid == m->grid, TARTAN_ERR_GRID, "the pairs are on another grid than the model");
  REQUIRE(pairs->m == m->side[TT_USERS].R->m && pairs->n == m->side[TT_ITEMS].R->m, TARTAN_ERR_SHAPE,
          "pairs of %lld users and %lld items, but the model has %lld and %lld", (long long)pairs->m,
          (long long)pairs->n, (long long)m->side[TT_USERS].R->m, (long long)m->side[TT_ITEMS].R->m);
  TRY(fetch(m, pairs, &near));
  for (int64_t i = 0; i < pairs->rows; i++)
    for (int64_t e = pairs->ptr[i]; e < pairs->ptr[i + 1]; e++) scores[e] = score(m, &near, i, near.needed.local[e]);
done:
  end(&near);
  return st;
}

/* Sums of squared and absolute errors of this rank's entries. Local. */
static void sum_errors(const tartan_recommender *m, const tartan_sparse *truth, const double *scores, double square[2],
                       double absolute[2])
{
  const bool    clip = m->opts.model == TARTAN_RECOMMEND_ALS || m->opts.model == TARTAN_RECOMMEND_BIAS;
  const int64_t here = truth->rows > 0 ? truth->ptr[truth->rows] : 0;

  for (int64_t e = 0; e < here; e++) {
    const double guess = clip ? fmin(m->high, fmax(m->low, scores[e])) : scores[e];
    const double error = guess - tt_get_element(truth->dtype, truth->value, 1, e, 0);

    tt_add_twofold(square, error * error);
    tt_add_twofold(absolute, fabs(error));
  }
}

tartan_status tartan_recommender_errors(const tartan_recommender *m, const tartan_sparse *truth, double *rmse,
                                        double *mae)
{
  const int64_t here = truth->rows > 0 ? truth->ptr[truth->rows] : 0;
  double       *scores = NULL, square[2] = {0, 0}, absolute[2] = {0, 0}, sums[2] = {0, 0};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  scores = tt_alloc(&m->grid->memory, here, sizeof *scores, "scores", &local);
  AGREE(m->grid, local);
  TRY(tartan_recommender_predict(m, truth, scores));
  sum_errors(m, truth, scores, square, absolute);
  TRY(tt_sum_twofold(m->grid, square, &sums[0]));
  TRY(tt_sum_twofold(m->grid, absolute, &sums[1]));
  if (rmse) *rmse = sqrt(sums[0] / (double)truth->entries);
  if (mae) *mae = sums[1] / (double)truth->entries;
done:
  tt_free(scores);
  return st;
}
