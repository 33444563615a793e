/*
 * Scores of given pairs, and what they miss. Factors: as a recommender's (recommend_score.c). Weights: pairs and entries of a
 * user meet where the profile lies, the columns of B come by in tiles, and the scores go back in the order of pairs, which is
 * that of all ranks.
 */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "model/predictor_impl.h"
#include "model/recommend_impl.h"
#include "sparse/rows.h"

#define TILE_BYTES (INT64_C(16) << 20)

static tartan_status score_factors(const tartan_predictor *p, const tartan_profiles *profiles,
                                   const tartan_sparse *pairs, double *scores)
{
  const int64_t *starts = tt_item_starts(p);
  tt_scored      s = {.grid = p->grid,
                      .users = profiles->count,
                      .items = p->v.items,
                      .user_starts = profiles->starts,
                      .item_starts = starts,
                      .X = profiles->X,
                      .Y = p->v.item_factors,
                      .user_bias = profiles->bias,
                      .mean = p->v.mean};
  double        *zeros = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  if (!p->v.item_bias)
    zeros = tt_alloc_zero(&p->grid->memory, starts[p->grid->rank + 1] - starts[p->grid->rank], sizeof *zeros, "biases",
                          &local);
  AGREE(p->grid, local);
  s.item_bias = zeros ? zeros : p->v.item_bias->data;
  TRY(tt_score_pairs(&s, pairs, scores));
done:
  tt_free(zeros);
  return st;
}

/* ------------------------------------------------------------------------------------------------ weights */

/* Columns first .. first + count - 1 of B against the pairs of this rank. Local. */
static void score_tile(tartan_dtype dtype, const void *tile, int64_t items, int64_t first, int64_t count,
                       const tt_sparse_rows *entries, const tt_sparse_rows *pairs, double *scores)
{
  for (int64_t u = 0; u < pairs->count; u++) {
    for (int64_t e = pairs->ptr[u]; e < pairs->ptr[u + 1]; e++) {
      const int64_t column = pairs->col[e] - first;
      double        sum = 0;

      if (column < 0 || column >= count) continue;
      for (int64_t j = entries->ptr[u]; j < entries->ptr[u + 1]; j++)
        sum += entries->value[j] * tt_get_element(dtype, tile, items, entries->col[j], column);
      scores[e] = sum;
    }
  }
}

/* All columns of B in turn. Collective. */
static tartan_status score_tiles(const tartan_matrix *B, const tt_sparse_rows *entries, const tt_sparse_rows *pairs,
                                 double *scores)
{
  tartan_grid  *grid = B->grid;
  const int64_t items = B->row.n;
  const size_t  size = tartan_dtype_size(B->dtype);
  const int64_t width = tt_max(1, TILE_BYTES / tt_max(1, items * (int64_t)size));
  char         *tile = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  tile = tt_alloc(&grid->memory, tt_min(width, items) * items, size, "a tile of weights", &local);
  AGREE(grid, local);
  for (int r = 0; r < grid->size; r++) {
    for (int64_t c = B->col.starts[r]; c < B->col.starts[r + 1]; c += width) {
      const int64_t n = tt_min(width, B->col.starts[r + 1] - c);

      if (r == grid->rank)
        tt_copy_local(B->dtype, (const char *)B->data + (size_t)((c - B->col.starts[r]) * B->ld) * size, B->ld,
                      B->dtype, tile, items, items, n);
      TRY(tt_bcast(grid, tile, n * items, size, r));
      score_tile(B->dtype, tile, items, c, n, entries, pairs, scores);
    }
  }
done:
  tt_free(tile);
  return st;
}

/* From the order of profiles to that of the pairs: both are by users, and then by items. Collective. */
static tartan_status give_back(const tartan_sparse *pairs, int64_t count, const double *found, double *scores)
{
  tartan_grid  *grid = pairs->grid;
  const int64_t here = pairs->ptr[pairs->rows];
  int64_t      *starts = NULL, *before = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  starts = tt_alloc_zero(&grid->memory, grid->size + 1, sizeof *starts, "counts of pairs", &local);
  before = tt_alloc_zero(&grid->memory, grid->size + 1, sizeof *before, "counts of pairs", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &count, 1, sizeof count, starts + 1));
  TRY(tt_allgather(grid, &here, 1, sizeof here, before + 1));
  for (int r = 0; r < grid->size; r++) {
    starts[r + 1] += starts[r];
    before[r + 1] += before[r];
  }
  TRY(tt_value_rows(grid, starts, found, before[grid->rank], here, scores));
done:
  tt_free(before);
  tt_free(starts);
  return st;
}

static tartan_status score_weights(const tartan_predictor *p, const tartan_profiles *profiles,
                                   const tartan_sparse *pairs, double *scores)
{
  tt_sparse_rows entries = {0}, wanted = {0};
  double        *found = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_sparse_rows_gather(profiles->history, profiles->starts, &entries));
  TRY(tt_sparse_rows_gather(pairs, profiles->starts, &wanted));
  found = tt_alloc(&p->grid->memory, wanted.ptr[wanted.count], sizeof *found, "scores", &local);
  AGREE(p->grid, local);
  TRY(score_tiles(p->v.weights, &entries, &wanted, found));
  TRY(give_back(pairs, wanted.ptr[wanted.count], found, scores));
done:
  tt_free(found);
  tt_sparse_rows_free(&wanted);
  tt_sparse_rows_free(&entries);
  return st;
}

tartan_status tartan_predictor_predict(const tartan_predictor *p, const tartan_profiles *profiles,
                                       const tartan_sparse *pairs, double *scores)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(pairs->grid == p->grid && profiles->p->grid == p->grid, TARTAN_ERR_GRID,
          "the pairs are on another grid than the model");
  REQUIRE(pairs->m == profiles->count && pairs->n == p->v.items, TARTAN_ERR_SHAPE,
          "pairs of %lld users and %lld items, but there are %lld and %lld", (long long)pairs->m, (long long)pairs->n,
          (long long)profiles->count, (long long)p->v.items);
  TRY(p->v.opts.model == TARTAN_RECOMMEND_EASE ? score_weights(p, profiles, pairs, scores)
                                               : score_factors(p, profiles, pairs, scores));
done:
  return st;
}

tartan_status tartan_predictor_errors(const tartan_predictor *p, const tartan_profiles *profiles,
                                      const tartan_sparse *truth, double *rmse, double *mae)
{
  const bool    clip = p->v.opts.model == TARTAN_RECOMMEND_ALS || p->v.opts.model == TARTAN_RECOMMEND_BIAS;
  const int64_t here = truth->rows > 0 ? truth->ptr[truth->rows] : 0;
  double       *scores = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  scores = tt_alloc(&p->grid->memory, here, sizeof *scores, "scores", &local);
  AGREE(p->grid, local);
  TRY(tartan_predictor_predict(p, profiles, truth, scores));
  TRY(tt_score_errors(truth, scores, clip ? p->v.low : -HUGE_VAL, clip ? p->v.high : HUGE_VAL, rmse, mae));
done:
  tt_free(scores);
  return st;
}
