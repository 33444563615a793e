/* Users that the model was trained with: their rows, by the list of their indices. */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "model/predictor_impl.h"
#include "model/recommend_impl.h"
#include "sparse/pairs.h"

tartan_status tt_list_check(tartan_grid *grid, int64_t count, const int64_t *index, int64_t n, const char *what)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (int64_t i = 0; i < count && local == TARTAN_OK; i++)
    if (index[i] < 0 || index[i] >= n)
      local = tt_fail(TARTAN_ERR_ARG, "there is no %s %lld (from zero): the model has %lld", what, (long long)index[i],
                      (long long)n);
  AGREE(grid, local);
done:
  return st;
}

tartan_status tt_list_spread(tartan_grid *grid, int64_t count, const int64_t *list, const int64_t *starts,
                             int64_t *mine)
{
  const int     me = grid->rank;
  const int64_t total = starts[grid->size];
  int64_t      *have = NULL, sum = 0;
  double       *values = NULL, *wanted = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  have = tt_alloc_zero(&grid->memory, grid->size + 1, sizeof *have, "parts of a list", &local);
  values = tt_alloc(&grid->memory, count, sizeof *values, "a list", &local); /* indices are exact in f64 */
  wanted = tt_alloc(&grid->memory, starts[me + 1] - starts[me], sizeof *wanted, "a list", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &count, 1, sizeof count, have + 1));
  for (int r = 0; r < grid->size; r++) have[r + 1] += have[r];
  sum = have[grid->size];
  REQUIRE(sum == total, TARTAN_ERR_ARG, "a list of %lld where %lld are announced", (long long)sum, (long long)total);
  for (int64_t i = 0; i < count; i++) values[i] = (double)list[i];
  TRY(tt_value_rows(grid, have, values, starts[me], starts[me + 1] - starts[me], wanted));
  for (int64_t i = 0; i < starts[me + 1] - starts[me]; i++) mine[i] = (int64_t)wanted[i];
done:
  tt_free(wanted);
  tt_free(values);
  tt_free(have);
  return st;
}

/* Which columns this rank wants, by owners: a question to each, and where the answers belong. */
typedef struct question {
  tt_routes routes, wide;
  tt_pair  *pair; /* [2 count] sorted by column */
  int64_t  *ask, *asked;
} question;

static tartan_status ask(const tartan_matrix *A, int64_t count, const int64_t *index, question *q)
{
  tartan_grid   *grid = A->grid;
  const int64_t *starts = A->col.starts;
  int64_t        at = 0;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  tt_routes_make(grid, &q->routes, &local);
  tt_routes_make(grid, &q->wide, &local);
  q->pair = tt_alloc(&grid->memory, 2 * count, sizeof *q->pair, "columns that are asked for", &local);
  q->ask = tt_alloc(&grid->memory, count, sizeof *q->ask, "columns that are asked for", &local);
  AGREE(grid, local);
  for (int64_t i = 0; i < count; i++) q->pair[i] = (tt_pair){.key = (uint64_t)index[i], .index = i};
  tt_pairs_sort(q->pair, q->pair + count, count);
  for (int64_t i = 0; i < count; i++) q->ask[i] = (int64_t)q->pair[i].key;
  for (int r = 0; r < grid->size; r++) {
    const int64_t from = at;

    while (at < count && q->ask[at] < starts[r + 1]) at++;
    q->routes.send_count[r] = at - from;
  }
  TRY(tt_routes_tell(&q->routes));
  q->asked = tt_alloc(&grid->memory, q->routes.received, sizeof *q->asked, "columns that are asked for", &local);
  AGREE(grid, local);
  TRY(tt_routes_go(&q->routes, q->ask, sizeof *q->ask, q->asked));
done:
  return st;
}

static void end(question *q)
{
  tt_free(q->asked);
  tt_free(q->ask);
  tt_free(q->pair);
  tt_routes_free(&q->wide);
  tt_routes_free(&q->routes);
}

tartan_status tt_columns_pick(const tartan_matrix *A, int64_t count, const int64_t *index, void *columns)
{
  tartan_grid  *grid = A->grid;
  const int64_t k = A->row.n, first = A->col.starts[grid->rank];
  const size_t  size = tartan_dtype_size(A->dtype), bytes = (size_t)k * size;
  question      q = {.routes = {.grid = grid}, .wide = {.grid = grid}};
  char         *answers = NULL, *mine = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(ask(A, count, index, &q));
  answers = tt_alloc(&grid->memory, q.routes.received * k, size, "columns for others", &local);
  mine = tt_alloc(&grid->memory, count * k, size, "columns of others", &local);
  AGREE(grid, local);
  for (int64_t i = 0; i < q.routes.received; i++)
    memcpy(answers + (size_t)i * bytes, (const char *)A->data + (size_t)((q.asked[i] - first) * A->ld) * size, bytes);
  tt_routes_widen(&q.routes, k, &q.wide);
  TRY(tt_routes_return(&q.wide, answers, size, mine));
  for (int64_t i = 0; i < count; i++)
    memcpy((char *)columns + (size_t)q.pair[i].index * bytes, mine + (size_t)i * bytes, bytes);
done:
  tt_free(mine);
  tt_free(answers);
  end(&q);
  return st;
}

tartan_status tartan_profiles_known(const tartan_predictor *p, int64_t count, const int64_t *user,
                                    tartan_profiles **profiles)
{
  const tartan_predictor_values *v = &p->v;
  tartan_grid                   *grid = p->grid;
  tartan_profiles               *made = NULL;
  int64_t                       *mine = NULL, total = count;
  tartan_status                  st = TARTAN_OK, local = TARTAN_OK;

  *profiles = NULL;
  REQUIRE(v->opts.model != TARTAN_RECOMMEND_EASE && (v->user_factors || v->user_bias), TARTAN_ERR_ARG,
          "the model has no users of its own: fold their entries in");
  TRY(tt_list_check(grid, count, user, v->users, "user"));
  TRY(tt_allreduce_i64(grid, &total, 1, TT_SUM));
  TRY(tt_profiles_make(p, total, &made));
  mine = tt_alloc(&grid->memory, made->own, sizeof *mine, "a list of users", &local);
  AGREE(grid, local);
  TRY(tt_list_spread(grid, count, user, made->starts, mine));
  if (made->X) TRY(tt_columns_pick(v->user_factors, made->own, mine, made->X->data));
  if (v->user_bias) TRY(tt_columns_pick(v->user_bias, made->own, mine, made->bias));
  *profiles = made;
  made = NULL;
done:
  tt_free(mine);
  tartan_profiles_destroy(&made);
  return st;
}
