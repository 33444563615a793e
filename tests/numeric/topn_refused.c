// TEST: np=1,2,3,4,7 labels=numeric,model timeout=60
/* Arguments that do not fit the model, and models that are not finite: the same status and message on every rank. */
#include <math.h>
#include <string.h>

#include <tartan/predictor.h>

#include "check.h"
#include "comm/grid.h"
#include "io_files.h"
#include "matrices.h"
#include "model/predictor_impl.h"

#define USERS 5
#define ITEMS 23
#define K 3

/* What is not finite: item bad.item, and one behind it. */
static struct {
  int64_t item;
  double  value;
  bool    bias; /* of the item, not its factors */
} bad = {.item = -1};

static double value_of(int64_t row, int64_t item, bool wrong)
{
  if (wrong && (item == bad.item || item == bad.item + 3) && bad.item >= 0 && row == 0)
    return item == bad.item ? bad.value : isnan(bad.value) ? (double)INFINITY : (double)NAN;
  return (double)(item % 5 - row);
}

static double fill_factors(int64_t row, int64_t item, void *unused)
{
  (void)unused;
  return value_of(row, item, !bad.bias);
}

static double fill_biases(int64_t row, int64_t item, void *unused)
{
  (void)unused;
  return value_of(row, item, bad.bias);
}

static tartan_matrix *ranges(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t shift, tartan_fill *fill)
{
  int64_t        starts[16] = {0};
  tartan_matrix *A = NULL;

  for (int r = 1; r < grid->size; r++) starts[r] = ITEMS * r / grid->size + shift;
  starts[grid->size] = ITEMS;
  if (CHECK_OK(tt_matrix_create_ranges(grid, dtype, m, ITEMS, starts, NULL, &A))) matrix_fill(A, fill, NULL);
  return A;
}

static tartan_predictor *make(tartan_grid *grid, tartan_dtype dtype, bool ease, int64_t shift)
{
  tartan_predictor_values v = {.size = sizeof v, .items = ITEMS, .opts = TARTAN_RECOMMEND_OPTS_INIT};
  tartan_predictor       *p = NULL;

  if (ease) {
    v.opts.model = TARTAN_RECOMMEND_EASE;
    v.weights = ranges(grid, dtype, ITEMS, 0, fill_factors);
  } else {
    v.factors = K;
    CHECK_OK(tartan_matrix_create(grid, dtype, K, 0, NULL, &v.user_factors));
    v.item_factors = ranges(grid, dtype, K, 0, fill_factors);
    v.item_bias = ranges(grid, TARTAN_F64, 1, shift, fill_biases);
  }
  CHECK_OK(tartan_predictor_create(grid, &v, true, &p));
  return p;
}

static void refuse(const tartan_predictor *p, const tartan_profiles *users, const tartan_topn_opts *o,
                   tartan_status expected, const char *part)
{
  tartan_neighbors *result = NULL;
  tartan_cost       plan;

  CHECK_STATUS(tartan_predictor_topn(p, users, o, &result, NULL), expected);
  CHECK(io_message_has(part));
  CHECK(result == NULL);
  CHECK_STATUS(tartan_predictor_topn_plan(p, users, o, &plan), expected == TARTAN_ERR_INPUT ? TARTAN_OK : expected);
}

static void test_arguments(tartan_grid *grid)
{
  tartan_predictor *p = make(grid, TARTAN_F32, false, 0), *other = make(grid, TARTAN_F32, false, 1),
                   *ease = make(grid, TARTAN_F32, true, 0);
  tartan_profiles *users = NULL, *theirs = NULL, *bare = NULL;
  tartan_sparse   *few = NULL, *narrow = NULL;
  tartan_topn_opts o = TARTAN_TOPN_OPTS_INIT;

  check_context("arguments");
  CHECK_OK(tt_profiles_make(p, USERS, &users));
  CHECK_OK(tt_profiles_make(other, USERS, &theirs));
  CHECK_OK(tt_profiles_make(ease, USERS, &bare));
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F32, USERS - 1, ITEMS, 0, NULL, NULL, NULL, NULL, &few));
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F32, USERS, ITEMS + 2, 0, NULL, NULL, NULL, NULL, &narrow));
  o.count = 0;
  refuse(p, users, &o, TARTAN_ERR_ARG, "at least 1");
  o.count = INT64_MAX / 2;
  refuse(p, users, &o, TARTAN_ERR_OVERFLOW, "beyond 64 bits");
  o.count = 3;
  refuse(p, theirs, &o, TARTAN_ERR_ARG, "of another model");
  if (grid->size > 1) refuse(other, theirs, &o, TARTAN_ERR_ARG, "cut differently");
  refuse(ease, bare, &o, TARTAN_ERR_SHAPE, "no entries");
  o.seen = few;
  refuse(p, users, &o, TARTAN_ERR_SHAPE, "is 4 x 23");
  o.seen = narrow;
  refuse(p, users, &o, TARTAN_ERR_SHAPE, "is 5 x 25");
  tartan_sparse_destroy(&narrow);
  tartan_sparse_destroy(&few);
  tartan_profiles_destroy(&bare);
  tartan_profiles_destroy(&theirs);
  tartan_profiles_destroy(&users);
  tartan_predictor_destroy(&ease);
  tartan_predictor_destroy(&other);
  tartan_predictor_destroy(&p);
}

/* The first item that is not finite is named, wherever it lies, also where it is not allowed. */
static void test_values(tartan_grid *grid, tartan_dtype dtype, bool ease, int64_t item, double value)
{
  tartan_predictor *p;
  tartan_profiles  *users = NULL;
  tartan_sparse    *history = NULL;
  tartan_topn_opts  o = TARTAN_TOPN_OPTS_INIT;
  unsigned char     allowed[ITEMS];
  char              text[64];

  check_context("item %lld %g, bias %d, ease %d", (long long)item, value, bad.bias, ease);
  bad.item = item;
  bad.value = value;
  p = make(grid, dtype, ease, 0);
  memset(allowed, item % 2, sizeof allowed);
  o.allowed = allowed;
  CHECK_OK(tt_profiles_make(p, USERS, &users));
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F64, USERS, ITEMS, 0, NULL, NULL, NULL, NULL, &history));
  if (ease) users->history = history;
  snprintf(text, sizeof text, "item %lld (from zero) holds %s", (long long)item, isnan(value) ? "NaN" : "Inf");
  refuse(p, users, &o, TARTAN_ERR_INPUT, text);
  bad.item = -1;
  tartan_sparse_destroy(&history);
  tartan_profiles_destroy(&users);
  tartan_predictor_destroy(&p);
}

/* So is the first user. */
static void test_users(tartan_grid *grid)
{
  tartan_predictor *p = make(grid, TARTAN_F64, false, 0);
  tartan_profiles  *users = NULL;

  check_context("a user");
  CHECK_OK(tt_profiles_make(p, USERS, &users));
  for (int64_t i = 0; i < users->own; i++) {
    if (users->first + i == 2) ((double *)users->X->data)[i * K + 1] = NAN;
    if (users->first + i == 4) users->bias[i] = INFINITY;
  }
  refuse(p, users, NULL, TARTAN_ERR_INPUT, "user 2 (from zero) holds NaN");
  for (int64_t i = 0; i < users->own; i++)
    if (users->first + i == 2) ((double *)users->X->data)[i * K + 1] = 0;
  refuse(p, users, NULL, TARTAN_ERR_INPUT, "user 4 (from zero) holds Inf");
  tartan_profiles_destroy(&users);
  tartan_predictor_destroy(&p);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_arguments(grid);
  test_users(grid);
  for (int64_t item = 0; item < ITEMS; item += 7)
    for (int t = 0; t < 2; t++)
      for (int kind = 0; kind < 3; kind++) {
        bad.bias = kind == 1;
        test_values(grid, t ? TARTAN_F64 : TARTAN_F32, kind == 2, item, NAN);
        test_values(grid, t ? TARTAN_F64 : TARTAN_F32, kind == 2, item, -INFINITY);
      }
  tartan_grid_destroy(&grid);
  return check_finish();
}
