/* What is similar: an exact search among the rows of a side, without the row itself. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/predictor_impl.h"
#include "model/search_impl.h"
#include "oper/segments.h"

/* The rows of the list as a matrix [count, k]; queries of this rank in *mine. Collective. */
static tartan_status pick(const tartan_matrix *F, int64_t total, const int64_t *starts, const int64_t *mine,
                          tartan_matrix **Q)
{
  tartan_grid   *grid = F->grid;
  tartan_matrix *columns = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_create_ranges(grid, F->dtype, F->row.n, total, starts, NULL, &columns));
  TRY(tt_columns_pick(F, starts[grid->rank + 1] - starts[grid->rank], mine, columns->data));
  TRY(tartan_matrix_create(grid, F->dtype, total, F->row.n, NULL, Q));
  TRY(tartan_matrix_copy(TARTAN_TRANS, columns, *Q));
done:
  tartan_matrix_destroy(&columns);
  return st;
}

/* Takes each query itself out of its results, or the last of them, and closes the gap: k of k + 1 stay. Local. */
static void drop_self(tartan_neighbors *r, const int64_t *mine)
{
  const int64_t k = r->k - 1;

  for (int64_t i = 0; i < r->count; i++) {
    const int64_t *index = r->index + i * r->k;
    const double  *score = r->score + i * r->k;
    int64_t        kept = 0;

    for (int64_t j = 0; j < r->k && kept < k; j++) {
      if (index[j] == mine[i]) continue;
      r->index[i * k + kept] = index[j];
      r->score[i * k + kept++] = score[j];
    }
  }
  r->k = k;
}

/* Collective. */
static tartan_status search(const tartan_matrix *F, int64_t total, const int64_t *starts, const int64_t *mine,
                            int64_t k, tartan_neighbors **result)
{
  tartan_matrix   *rows = NULL, *Q = NULL;
  tartan_operator *items = NULL, *queries = NULL;
  tartan_status    st = TARTAN_OK;

  TRY(tartan_matrix_create(F->grid, F->dtype, F->col.n, F->row.n, NULL, &rows));
  TRY(tartan_matrix_copy(TARTAN_TRANS, F, rows));
  TRY(pick(F, total, starts, mine, &Q));
  TRY(tartan_operator_from_matrix(rows, &items));
  TRY(tartan_operator_from_matrix(Q, &queries));
  TRY(tartan_search(items, queries, k + 1, NULL, result, NULL));
  drop_self(*result, mine);
done:
  tartan_operator_destroy(&queries);
  tartan_operator_destroy(&items);
  tartan_matrix_destroy(&Q);
  tartan_matrix_destroy(&rows);
  return st;
}

tartan_status tartan_predictor_similar(const tartan_predictor *p, tartan_recommend_side side, int64_t count,
                                       const int64_t *index, int64_t k, tartan_neighbors **result)
{
  const bool           items = side == TARTAN_RECOMMEND_ITEMS;
  const tartan_matrix *F = items ? (p->v.weights ? p->v.weights : p->v.item_factors) : p->v.user_factors;
  tartan_grid         *grid = p->grid;
  int64_t             *starts = NULL, *mine = NULL, total = count;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  *result = NULL;
  REQUIRE(F, TARTAN_ERR_ARG, "the model has no rows of %s that could be compared", items ? "items" : "users");
  REQUIRE(k >= 1, TARTAN_ERR_ARG, "%lld similar ones: give 1 or more", (long long)k);
  TRY(tt_list_check(grid, count, index, F->col.n, items ? "item" : "user"));
  TRY(tt_allreduce_i64(grid, &total, 1, TT_SUM));
  REQUIRE(total > 0, TARTAN_ERR_ARG, "similar to what? the list is empty");
  starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *starts, "ranges of a list", &local);
  AGREE(grid, local);
  tt_rows_partition(total, 1, grid->size, starts);
  mine = tt_alloc(&grid->memory, starts[grid->rank + 1] - starts[grid->rank], sizeof *mine, "a list", &local);
  AGREE(grid, local);
  TRY(tt_list_spread(grid, count, index, starts, mine));
  TRY(search(F, total, starts, mine, k, result));
done:
  tt_free(mine);
  tt_free(starts);
  return st;
}
