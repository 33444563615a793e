// TEST: np=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 labels=numeric,model timeout=180
/*
 * What an epoch takes on power-law ratings: words against the distinct rows that have to travel, work of the ranks, flops against
 * those of each row, memory against the plan.
 */
#include <math.h>
#include <mpi.h>
#include <stdlib.h>

#include <tartan/recommend.h>

#include "check.h"
#include "model/recommend_words.h"
#include "world.h"

#define USERS 16000
#define ITEMS 24000
#define LONGEST 10000 /* more than a segment */

/* Users whose ratings fall as a power of their place; the most active are spread over the matrix. */
static int64_t length_of(int64_t user)
{
  return (int64_t)(LONGEST * pow((double)(user * 7919 % USERS + 1), -0.8));
}

/* Each of the grid's ranks gives every P-th user. */
static tartan_sparse *make_ratings(tartan_grid *grid)
{
  const int      P = tartan_grid_size(grid), me = tartan_grid_rank(grid);
  int64_t        count = 0, e = 0, *row, *col;
  tartan_sparse *R = NULL;

  for (int64_t u = me; u < USERS; u += P) count += length_of(u);
  row = malloc((size_t)(count + 1) * sizeof *row);
  col = malloc((size_t)(count + 1) * sizeof *col);
  for (int64_t u = me; u < USERS; u += P)
    for (int64_t j = 0; j < length_of(u); j++, e++) {
      row[e] = u;
      col[e] = (u * 131 + j * 101) % ITEMS;
    }
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F32, USERS, ITEMS, count, row, col, NULL, NULL, &R));
  free(row);
  free(col);
  return R;
}

static double over_ranks(double mine, MPI_Op op)
{
  MPI_Allreduce(MPI_IN_PLACE, &mine, 1, MPI_DOUBLE, op, MPI_COMM_WORLD);
  return mine;
}

/* All ranks' flops of user rows are those of the rows. */
static void check_flops(const tartan_recommender *m)
{
  const double sum = over_ranks(tt_side_flops(m, &m->side[TT_USERS]), MPI_SUM);
  double       expected = 0;

  for (int64_t u = 0; u < USERS; u++) {
    const int64_t n = length_of(u);

    if (m->opts.solver == TARTAN_RECOMMEND_EXACT)
      expected += fmin(tt_als_flops(m->opts.factors, n, false),
                       n <= m->opts.factors ? tt_als_flops(m->opts.factors, n, true) : INFINITY);
  }
  if (m->opts.solver == TARTAN_RECOMMEND_EXACT) CHECK_LE(fabs(sum - expected), 1e-9 * expected);
}

static void check_words(const tartan_recommender *m, double words)
{
  double sent[2] = {0, 0}, needed = 0;

  for (int s = 0; s < 2; s++) needed += tt_needed_words(&m->side[s].needed, m->opts.factors, &sent[s]);
  needed = over_ranks(fmax(needed, sent[0] + sent[1]), MPI_MAX);
  CHECK_LE(words, 1.1 * needed);
  CHECK(words >= needed || check_size() == 1);
}

static double check_epoch(tartan_grid *grid, const tartan_sparse *R, const tartan_recommend_opts *o)
{
  tartan_recommender    *m = NULL;
  tartan_recommend_epoch e = {0};
  tartan_cost            plan, taken;
  int64_t                before = 0, peak = 0;
  double                 counted = 0;

  CHECK_OK(tartan_recommend_plan(R, o, &plan));
  tartan_grid_memory(grid, &before, NULL, NULL);
  tartan_grid_cost_reset(grid);
  if (!CHECK_OK(tartan_recommender_create(R, o, &m))) return NAN;
  CHECK_OK(tartan_recommender_epoch(m, &e));
  CHECK_OK(tt_recommend_epoch_words(m, true, &counted));
  CHECK(counted == e.words);
  if (counted != e.words) printf("counted %.0f words, moved %.0f in the first\n", counted, e.words);
  tartan_grid_memory(grid, NULL, &peak, NULL);
  CHECK_LE(over_ranks((double)(peak - before), MPI_MAX), plan.memory);
  check_flops(m);
  tartan_grid_cost_reset(grid);
  CHECK_OK(tartan_recommender_epoch(m, &e));
  CHECK_OK(tartan_grid_cost(grid, &taken));
  check_words(m, taken.words);
  CHECK_LE(fabs(taken.words - e.words), 16); /* what tells of the epoch travels too */
  CHECK_OK(tt_recommend_epoch_words(m, false, &counted));
  CHECK(counted == e.words); /* whole numbers */
  if (counted != e.words) printf("counted %.0f words, moved %.0f\n", counted, e.words);
  CHECK_LE(e.imbalance, 1.1);
  tartan_recommender_destroy(&m);
  return e.words;
}

/* The same counted on one rank for as many as there are. Words are those of a second epoch here. */
static void check_count(const tartan_sparse *alone, const tartan_recommend_opts *o, double words)
{
  tt_epoch_counts c = {0};

  CHECK_OK(tt_recommend_count(alone, o, 1, check_size(), &c));
  CHECK(c.words == words);
  if (c.words != words) printf("counted for %d ranks %.0f words, moved %.0f\n", check_size(), c.words, words);
  CHECK_LE(c.needed, c.words);
  CHECK_LE(c.imbalance, 1.1);
}

int main(int argc, char **argv)
{
  tartan_grid   *grid, *self = NULL;
  tartan_sparse *R, *alone;
  double         words;

  check_start(&argc, &argv);
  grid = grid_world();
  R = make_ratings(grid);
  CHECK_OK(tartan_grid_create(MPI_COMM_SELF, NULL, &self));
  alone = check_rank() == 0 ? make_ratings(self) : NULL;
  for (int kind = 0; kind < 3 && R; kind++) {
    tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;

    o.factors = kind == 0 ? 48 : 20;
    o.solver = kind == 2 ? TARTAN_RECOMMEND_CG : TARTAN_RECOMMEND_EXACT;
    o.model = kind == 1 ? TARTAN_RECOMMEND_ALS : TARTAN_RECOMMEND_IALS;
    o.dtype = kind == 1 ? TARTAN_F64 : TARTAN_F32;
    check_context("%lld factors, model %d, solver %d", (long long)o.factors, (int)o.model, (int)o.solver);
    words = check_epoch(grid, R, &o);
    if (alone) check_count(alone, &o, words);
  }
  tartan_sparse_destroy(&alone);
  tartan_sparse_destroy(&R);
  tartan_grid_destroy(&self);
  tartan_grid_destroy(&grid);
  return check_finish();
}
