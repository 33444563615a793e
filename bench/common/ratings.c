#include "common/ratings.h"

#include "base/util.h"
#include "comm/agree.h"
#include "comm/collective.h"

#define FEW 15 /* ratings of a user */

/* This rank's share of the users: places and values. */
typedef struct triples {
  int64_t *row, *col, count, first, last;
  float   *value;
} triples;

/* Returns the share's users with few ratings. */
static int64_t count_share(const tartan_grid *grid, const app_planted *set, triples *t)
{
  const int64_t each = tt_ceil_div(set->users, grid->size);
  int64_t       below = 0;

  t->first = tt_min(set->users, each * grid->rank);
  t->last = tt_min(set->users, t->first + each);
  for (int64_t u = t->first; u < t->last; u++) {
    t->count += app_planted_count(set, u);
    below += app_planted_count(set, u) < FEW;
  }
  return below;
}

static void fill_share(const app_planted *set, const triples *t, app_planted_work *work, app_observation *seen)
{
  int64_t at = 0;

  for (int64_t u = t->first; u < t->last; u++) {
    const int64_t n = app_planted_count(set, u);

    app_planted_user(set, u, work, seen);
    for (int64_t e = 0; e < n; e++, at++) {
      t->row[at] = u;
      t->col[at] = seen[e].item;
      t->value[at] = seen[e].value;
    }
  }
}

tartan_status bench_ratings(tartan_grid *grid, app_planted *set, int64_t *below, tartan_sparse **R)
{
  tt_memory       *memory = &grid->memory;
  triples          t = {.count = 0};
  app_planted_work work = {.slots = 0};
  app_observation *seen = NULL;
  int64_t          few;
  tartan_status    st = TARTAN_OK, local;

  *R = NULL;
  local = app_planted_begin(memory, set);
  AGREE(grid, local);
  few = count_share(grid, set, &t);
  local = app_planted_work_make(memory, set, &work);
  seen = tt_alloc(memory, app_planted_most(set), sizeof *seen, "a user's ratings", &local);
  t.row = tt_alloc(memory, t.count, sizeof *t.row, "users", &local);
  t.col = tt_alloc(memory, t.count, sizeof *t.col, "items", &local);
  t.value = tt_alloc(memory, t.count, sizeof *t.value, "ratings", &local);
  AGREE(grid, local);
  fill_share(set, &t, &work, seen);
  TRY(tt_allreduce_i64(grid, &few, 1, TT_SUM));
  if (below) *below = few;
  TRY(tartan_sparse_create(grid, TARTAN_F32, set->users, set->items, t.count, t.row, t.col, t.value, NULL, R));
done:
  tt_free(t.value);
  tt_free(t.col);
  tt_free(t.row);
  tt_free(seen);
  app_planted_work_free(&work);
  app_planted_end(set);
  return st;
}
