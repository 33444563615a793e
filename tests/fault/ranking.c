// TEST: np=1,3 labels=fault,model timeout=60
/* The k-th allocation fails on one rank while lists are measured. */
#include <tartan/ranking.h>

#include "base/memory.h"
#include "check.h"
#include "faults.h"
#include "model/search_impl.h"
#include "ratings.h"

#define USERS 11
#define ITEMS 9
#define K 5

/* Lists of this rank's users. */
static tartan_neighbors *make_lists(tartan_grid *grid)
{
  const int64_t     first = USERS * grid->rank / grid->size, count = USERS * (grid->rank + 1) / grid->size - first;
  tartan_status     local = TARTAN_OK;
  tartan_neighbors *n = tt_alloc_zero(&grid->memory, 1, sizeof *n, "lists", &local);

  *n = (tartan_neighbors){.first = first, .count = count, .k = K};
  n->index = tt_alloc(&grid->memory, count * K, sizeof *n->index, "lists", &local);
  n->score = tt_alloc_zero(&grid->memory, count * K, sizeof *n->score, "lists", &local);
  CHECK_OK(local);
  for (int64_t i = 0; i < count * K; i++) n->index[i] = (i + first) % ITEMS;
  return n;
}

static tartan_status try_ranking(tartan_grid *grid, fault_run *run)
{
  static const tartan_ranking_metric metrics[] = {{TARTAN_RANKING_NDCG, 5}, {TARTAN_RANKING_COVERAGE, 3}};
  ratings                            x = ratings_make(USERS, ITEMS, 0.5, false, 3);
  tartan_sparse                     *test = ratings_sparse(grid, &x, TARTAN_F64);
  tartan_neighbors                  *lists = make_lists(grid);
  tartan_ranking_value               values[2];
  double                             per_user[2 * USERS];
  tartan_status                      st;

  fault_begin(run);
  st = tartan_ranking(lists, test, 2, metrics, NULL, values, NULL, per_user);
  fault_end(run);
  tartan_neighbors_destroy(&lists);
  tartan_sparse_destroy(&test);
  ratings_free(&x);
  return st;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  fault_sweep(TT_FAULT_ALLOC, "tartan_ranking", try_ranking);
  return check_finish();
}
