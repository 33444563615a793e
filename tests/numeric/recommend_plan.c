// TEST: np=1,3,4 labels=numeric,model timeout=120
/*
 * The plan of an epoch: flops are those of the rows and columns that there are, of very many columns those of a part of them in
 * proportion; seconds are of the size of what an epoch takes; planning counts as no traffic.
 */
#include <math.h>
#include <mpi.h>
#include <stdlib.h>

#include <tartan/recommend.h>

#include "check.h"
#include "model/recommend_impl.h"
#include "world.h"

#define USERS 3000
#define ITEMS 5000
#define LONGEST 9000 /* of an item more than a segment where there are enough users */
#define WIDE 300000  /* columns of which only some are counted */

/* Entries of a user, few of most and many items of the first. */
static int64_t length_of(int64_t user, int64_t items)
{
  return user == 0 ? (items < ITEMS ? items : ITEMS) : 1 + (int64_t)(400 / sqrt((double)(user + 1)));
}

/* Item j of a user's: low numbers are popular. */
static int64_t item_of(int64_t user, int64_t j, int64_t items)
{
  return user == 0 ? j : (user * 17 + j * j * 3 + j) % (items / (1 + user % 50));
}

/* Entries that are met twice count once: the last stays. Each rank gives every P-th user. */
static tartan_sparse *make_ratings(tartan_grid *grid, int64_t users, int64_t items)
{
  const int          P = check_size(), me = check_rank();
  tartan_sparse_opts opts = TARTAN_SPARSE_OPTS_INIT;
  int64_t            count = 0, e = 0, *row, *col;
  tartan_sparse     *R = NULL;

  for (int64_t u = me; u < users; u += P) count += length_of(u, items);
  row = malloc((size_t)(count + 1) * sizeof *row);
  col = malloc((size_t)(count + 1) * sizeof *col);
  for (int64_t u = me; u < users; u += P)
    for (int64_t j = 0; j < length_of(u, items); j++, e++) {
      row[e] = u;
      col[e] = item_of(u, j, items);
    }
  opts.duplicates = TARTAN_DUPLICATES_LAST;
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F32, users, items, count, row, col, NULL, &opts, &R));
  free(row);
  free(col);
  return R;
}

/* What the rows of both sides of a model in training come to, over all ranks; its own count. */
static double flops_of_rows(const tartan_recommender *m)
{
  double sum = tt_side_flops(m, &m->side[TT_USERS]) + tt_side_flops(m, &m->side[TT_ITEMS]);

  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

static double shared_flops(const tartan_recommend_opts *o, int64_t users, int64_t items)
{
  const bool turns = o->model == TARTAN_RECOMMEND_IALS && o->solver == TARTAN_RECOMMEND_EXACT && !o->nonnegative;

  return turns ? 3.0 * (double)((users + items) * o->factors * o->factors) : 0;
}

/* @param[in] allowed  relative */
static void check_plan(tartan_grid *grid, const tartan_sparse *R, const tartan_recommend_opts *o, double allowed)
{
  tartan_recommender    *m = NULL;
  tartan_recommend_epoch e = {0};
  tartan_cost            plan, moved;
  int64_t                users, items;
  double                 planned, counted;

  tartan_sparse_shape(R, &users, &items, NULL);
  tartan_grid_cost_reset(grid);
  CHECK_OK(tartan_recommend_plan(R, o, &plan));
  CHECK_OK(tartan_grid_cost(grid, &moved));
  CHECK(moved.words == 0 && moved.bytes_moved == 0 && moved.flops == 0);
  if (!CHECK_OK(tartan_recommender_create(R, o, &m))) return;
  planned = plan.flops * check_size() - shared_flops(o, users, items);
  counted = flops_of_rows(m);
  CHECK_LE(fabs(planned - counted), allowed * counted);
  CHECK_OK(tartan_recommender_epoch(m, &e));
  CHECK_OK(tartan_recommender_epoch(m, &e));
  CHECK(plan.seconds > 0);
  CHECK_LE(plan.seconds, 100 * e.seconds + 0.01);
  CHECK_LE(e.seconds, 100 * plan.seconds + 0.1); /* small: messages and a machine that others use */
  tartan_recommender_destroy(&m);
}

static tartan_recommend_opts make_opts(int kind)
{
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;

  o.factors = kind == 0 ? 40 : 16;
  o.model = kind == 1 || kind == 4 ? TARTAN_RECOMMEND_ALS : TARTAN_RECOMMEND_IALS;
  o.dtype = kind == 1 ? TARTAN_F64 : TARTAN_F32;
  o.solver = kind == 2 ? TARTAN_RECOMMEND_CG : kind == 3 ? TARTAN_RECOMMEND_BLOCK : TARTAN_RECOMMEND_EXACT;
  o.nonnegative = kind == 4;
  return o;
}

int main(int argc, char **argv)
{
  tartan_grid   *grid;
  tartan_sparse *R, *wide, *tall;

  check_start(&argc, &argv);
  grid = grid_world();
  R = make_ratings(grid, USERS, ITEMS);
  wide = make_ratings(grid, USERS, WIDE);
  tall = make_ratings(grid, 3 * LONGEST, 60);
  for (int kind = 0; kind < 5 && R && wide && tall; kind++) {
    const tartan_recommend_opts o = make_opts(kind);

    check_context("kind %d", kind);
    check_plan(grid, R, &o, 1e-9);
    check_plan(grid, tall, &o, 1e-9);
    check_plan(grid, wide, &o, 0.1);
  }
  tartan_sparse_destroy(&tall);
  tartan_sparse_destroy(&wide);
  tartan_sparse_destroy(&R);
  tartan_grid_destroy(&grid);
  return check_finish();
}
