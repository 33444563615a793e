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

/* Brings the rows here. Collective. */
static tartan_status fetch(const tt_scored *s, const tartan_sparse *pairs, near_rows *near)
{
  tt_memory    *memory = &s->grid->memory;
  const int64_t k = s->Y ? s->Y->row.n : 0;
  const size_t  size = s->Y ? tartan_dtype_size(s->Y->dtype) : sizeof(double);
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_needed_make(pairs, s->item_starts, &near->needed));
  near->user_bias = tt_alloc(memory, pairs->rows, sizeof *near->user_bias, "biases", &local);
  near->item_bias = tt_alloc(memory, near->needed.needed, sizeof *near->item_bias, "biases", &local);
  near->users = tt_alloc(memory, pairs->rows * k, size, "factor rows of users", &local);
  near->items = tt_alloc(memory, near->needed.needed * k, size, "factor rows of items", &local);
  AGREE(s->grid, local);
  TRY(tt_value_rows(s->grid, s->user_starts, s->user_bias, pairs->first, pairs->rows, near->user_bias));
  TRY(tt_needed_exchange(&near->needed, s->item_bias, 1, sizeof *near->item_bias, near->item_bias));
  if (k == 0) goto done;
  TRY(tt_factor_rows(s->X, pairs->first, pairs->rows, near->users));
  TRY(tt_needed_exchange(&near->needed, s->Y->data, k, size, near->items));
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

static double score(const tt_scored *s, const near_rows *near, int64_t user, int64_t item)
{
  const int64_t k = s->Y ? s->Y->row.n : 0;
  double        sum = s->mean + near->user_bias[user] + near->item_bias[item];

  for (int64_t j = 0; j < k; j++)
    sum += tt_get_element(s->Y->dtype, near->users, k, j, user) * tt_get_element(s->Y->dtype, near->items, k, j, item);
  return sum;
}

tartan_status tt_score_pairs(const tt_scored *s, const tartan_sparse *pairs, double *scores)
{
  near_rows     near = {.users = NULL};
  tartan_status st = TARTAN_OK;

  REQUIRE(pairs->grid == s->grid, TARTAN_ERR_GRID, "the pairs are on another grid than the model");
  REQUIRE(pairs->m == s->users && pairs->n == s->items, TARTAN_ERR_SHAPE,
          "pairs of %lld users and %lld items, but there are %lld and %lld", (long long)pairs->m, (long long)pairs->n,
          (long long)s->users, (long long)s->items);
  TRY(fetch(s, pairs, &near));
  for (int64_t i = 0; i < pairs->rows; i++)
    for (int64_t e = pairs->ptr[i]; e < pairs->ptr[i + 1]; e++) scores[e] = score(s, &near, i, near.needed.local[e]);
done:
  end(&near);
  return st;
}

tartan_status tt_score_errors(const tartan_sparse *truth, const double *scores, double low, double high, double *rmse,
                              double *mae)
{
  const int64_t here = truth->rows > 0 ? truth->ptr[truth->rows] : 0;
  double        square[2] = {0, 0}, absolute[2] = {0, 0}, sums[2] = {0, 0};
  tartan_status st = TARTAN_OK;

  for (int64_t e = 0; e < here; e++) {
    const double error = fmin(high, fmax(low, scores[e])) - tt_get_element(truth->dtype, truth->value, 1, e, 0);

    tt_add_twofold(square, error * error);
    tt_add_twofold(absolute, fabs(error));
  }
  TRY(tt_sum_twofold(truth->grid, square, &sums[0]));
  TRY(tt_sum_twofold(truth->grid, absolute, &sums[1]));
  if (rmse) *rmse = sqrt(sums[0] / (double)truth->entries);
  if (mae) *mae = sums[1] / (double)truth->entries;
done:
  return st;
}

tartan_status tartan_recommender_predict(const tartan_recommender *m, const tartan_sparse *pairs, double *scores)
{
  const tt_side  *users = &m->side[TT_USERS], *items = &m->side[TT_ITEMS];
  const tt_scored s = {.grid = m->grid,
                       .users = users->R->m,
                       .items = items->R->m,
                       .user_starts = users->R->owner,
                       .item_starts = items->R->owner,
                       .X = users->F,
                       .Y = items->F,
                       .user_bias = users->bias,
                       .item_bias = items->bias,
                       .mean = m->mean};

  return tt_score_pairs(&s, pairs, scores);
}

tartan_status tartan_recommender_errors(const tartan_recommender *m, const tartan_sparse *truth, double *rmse,
                                        double *mae)
{
  const bool    clip = m->opts.model == TARTAN_RECOMMEND_ALS || m->opts.model == TARTAN_RECOMMEND_BIAS;
  const int64_t here = truth->rows > 0 ? truth->ptr[truth->rows] : 0;
  double       *scores = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  scores = tt_alloc(&m->grid->memory, here, sizeof *scores, "scores", &local);
  AGREE(m->grid, local);
  TRY(tartan_recommender_predict(m, truth, scores));
  TRY(tt_score_errors(truth, scores, clip ? m->low : -HUGE_VAL, clip ? m->high : HUGE_VAL, rmse, mae));
done:
  tt_free(scores);
  return st;
}
