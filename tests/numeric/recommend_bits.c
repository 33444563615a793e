// TEST: np=1,2,3,4,7 labels=numeric,model timeout=120
/*
 * Factors and loss have the same bits on any number of ranks and threads: grids of the first 1, 2, ... ranks with 1 and 2 threads
 * in one run: one rank with 1 and 2 threads, all ranks; with items that are heavier than a segment, exact, by conjugate gradients and
 * blocks, and nonnegative.
 */
#include <stdlib.h>
#include <string.h>

#include <tartan/recommend.h>

#include "check.h"
#include "ratings.h"
#include "world.h"

/* What two epochs come to, on rank 0 of the grid. */
typedef struct outcome {
  double *users, *items, loss;
} outcome;

static double *gathered(const tartan_matrix *F)
{
  int64_t        k, rows;
  tartan_matrix *D = NULL;
  double        *all;

  tartan_matrix_shape(F, &k, &rows);
  all = calloc((size_t)(k * rows + 1), sizeof *all);
  CHECK_OK(tartan_matrix_create(tartan_matrix_grid(F), TARTAN_F64, k, rows, NULL, &D));
  CHECK_OK(tartan_matrix_copy(TARTAN_NO_TRANS, F, D));
  CHECK_OK(tartan_matrix_gather(D, 0, all));
  tartan_matrix_destroy(&D);
  return all;
}

static outcome train(tartan_grid *grid, const ratings *x, const tartan_recommend_opts *o)
{
  tartan_sparse          *R = ratings_sparse(grid, x, o->dtype);
  tartan_recommender     *model = NULL;
  tartan_recommend_values v;
  tartan_recommend_epoch  e = {0};
  outcome                 out;

  CHECK_OK(tartan_recommender_create(R, o, &model));
  for (int i = 0; i < 2; i++) CHECK_OK(tartan_recommender_epoch(model, &e));
  tartan_recommender_get_values(model, &v);
  out = (outcome){gathered(v.user_factors), gathered(v.item_factors), e.loss};
  tartan_recommender_destroy(&model);
  tartan_sparse_destroy(&R);
  return out;
}

static void check_bits(const ratings *x, const tartan_recommend_opts *o)
{
  outcome first = {NULL, NULL, 0};

  for (int size = 1; size <= check_size(); size = size < check_size() ? check_size() : size + 1) {
    for (int threads = 1; threads <= (size == 1 ? 2 : 1); threads++) {
      tartan_grid *grid = grid_of_first(size, threads);
      outcome      here;

      if (!grid) continue;
      check_context("%lld x %lld, model %d, solver %d, %d ranks x %d threads", (long long)x->users, (long long)x->items,
                    (int)o->model, (int)o->solver, size, threads);
      here = train(grid, x, o);
      if (check_rank() == 0 && !first.users) {
        first = here;
      } else {
        const size_t k = (size_t)o->factors * sizeof(double);

        if (check_rank() == 0) {
          CHECK(memcmp(here.users, first.users, k * (size_t)x->users) == 0);
          CHECK(memcmp(here.items, first.items, k * (size_t)x->items) == 0);
          CHECK(here.loss == first.loss);
        }
        free(here.users);
        free(here.items);
      }
      tartan_grid_destroy(&grid);
    }
  }
  free(first.users);
  free(first.items);
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][3] = {{700, 300, 5}, {9100, 5, 99}, {1200, 40, 30}};

  check_start(&argc, &argv);
  for (int s = 0; s < 3; s++) {
    ratings x = ratings_make(shapes[s][0], shapes[s][1], (double)shapes[s][2] / 100, false, check_seed());

    for (int kind = 0; kind < 7; kind++) {
      tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;

      o.model = kind == 0 || kind == 5 ? TARTAN_RECOMMEND_ALS : TARTAN_RECOMMEND_IALS;
      o.solver = kind == 2 ? TARTAN_RECOMMEND_CG : kind == 4 ? TARTAN_RECOMMEND_BLOCK : TARTAN_RECOMMEND_EXACT;
      o.steps = kind == 4 ? 6 : 0;
      o.nonnegative = kind > 4;
      o.dtype = kind == 3 ? TARTAN_F64 : TARTAN_F32;
      o.factors = kind == 3 ? 9 : 16;
      check_bits(&x, &o);
    }
    ratings_free(&x);
  }
  return check_finish();
}
