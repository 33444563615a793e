// TEST: np=1,3,4 labels=fault,model timeout=120
/* The k-th allocation fails on one rank: the best items of users and their plan, by factors and by weights, with masks. */
#include <tartan/predictor.h>

#include "check.h"
#include "faults.h"
#include "matrices.h"
#include "model/predictor_impl.h"
#include "ratings.h"

#define USERS 9
#define ITEMS 21
#define K 3

static bool weights;

/* What the call works on; made before the fault is armed. */
typedef struct operands {
  ratings           x;
  tartan_sparse    *R;
  tartan_predictor *p;
  tartan_profiles  *profiles;
  tartan_topn_opts  opts;
  unsigned char     allowed[ITEMS];
} operands;

static tartan_matrix *ranges(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n)
{
  int64_t        starts[16];
  tartan_matrix *A = NULL;

  for (int r = 0; r <= grid->size; r++) starts[r] = n * r / grid->size;
  if (CHECK_OK(tt_matrix_create_ranges(grid, dtype, m, n, starts, NULL, &A))) matrix_fill(A, fill_place, NULL);
  return A;
}

static void make(tartan_grid *grid, operands *o)
{
  tartan_predictor_values v = {.size = sizeof v, .items = ITEMS, .opts = TARTAN_RECOMMEND_OPTS_INIT};

  *o = (operands){.x = ratings_make(USERS, ITEMS, 0.3, false, 3), .opts = TARTAN_TOPN_OPTS_INIT};
  o->R = ratings_sparse(grid, &o->x, TARTAN_F64);
  if (weights) {
    v.opts.model = TARTAN_RECOMMEND_EASE;
    v.weights = ranges(grid, TARTAN_F64, ITEMS, ITEMS);
  } else {
    v.factors = K;
    v.user_factors = ranges(grid, TARTAN_F32, K, 0);
    v.item_factors = ranges(grid, TARTAN_F32, K, ITEMS);
    v.item_bias = ranges(grid, TARTAN_F64, 1, ITEMS);
  }
  CHECK_OK(tartan_predictor_create(grid, &v, true, &o->p));
  CHECK_OK(tt_profiles_make(o->p, USERS, &o->profiles));
  if (weights) o->profiles->history = o->R;
  for (int i = 0; i < ITEMS; i++) o->allowed[i] = i % 4 != 0;
  o->opts.count = 5;
  o->opts.seen = o->R;
  o->opts.allowed = o->allowed;
}

static void end(operands *o)
{
  tartan_profiles_destroy(&o->profiles);
  tartan_predictor_destroy(&o->p);
  tartan_sparse_destroy(&o->R);
  ratings_free(&o->x);
}

static tartan_status try_plan(tartan_grid *grid, fault_run *run)
{
  operands      o;
  tartan_cost   plan;
  tartan_status st;

  make(grid, &o);
  fault_begin(run);
  st = tartan_predictor_topn_plan(o.p, o.profiles, &o.opts, &plan);
  fault_end(run);
  end(&o);
  return st;
}

static tartan_status try_topn(tartan_grid *grid, fault_run *run)
{
  operands          o;
  tartan_neighbors *result = NULL;
  tartan_cost       cost;
  tartan_status     st;

  make(grid, &o);
  fault_begin(run);
  st = tartan_predictor_topn(o.p, o.profiles, &o.opts, &result, &cost);
  fault_end(run);
  CHECK((result == NULL) == (st != TARTAN_OK));
  tartan_neighbors_destroy(&result);
  end(&o);
  return st;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int w = 0; w < 2; w++) {
    weights = w == 1;
    fault_sweep(TT_FAULT_ALLOC, "tartan_predictor_topn_plan", try_plan);
    fault_sweep(TT_FAULT_ALLOC, "tartan_predictor_topn", try_topn);
  }
  return check_finish();
}
