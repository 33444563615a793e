// TEST: np=1,2,3,4,7 labels=numeric,model timeout=120
/*
 * Predictors beside what they come from: scores and errors of a recommender bit by bit; users in any order, and none; scores
 * by weights, and what is similar, against dense loops; what is refused.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "model/predictor_impl.h"
#include "ratings.h"
#include "world.h"

/* This rank's part of 0 .. n - 1 turned by a step, as a list. */
static int64_t part_of_list(int64_t n, int64_t step, int64_t users, int64_t *list)
{
  const int64_t P = check_size(), me = check_rank(), from = n * me / P, to = n * (me + 1) / P;

  for (int64_t i = from; i < to; i++) list[i - from] = i * step % users;
  return to - from;
}

/* A dense matrix [m, n] on every rank, row-major, of the entries' values where they are given. */
static double *spread(const tartan_sparse *A, const double *values)
{
  tartan_sparse_part part;
  int64_t            m, n;
  double            *all;

  tartan_sparse_shape(A, &m, &n, NULL);
  tartan_sparse_local(A, &part);
  all = calloc((size_t)(m * n + 1), sizeof *all);
  for (int64_t i = 0; i < part.rows; i++)
    for (int64_t e = part.ptr[i]; e < part.ptr[i + 1]; e++) all[(part.first + i) * n + part.col[e]] = values[e];
  MPI_Allreduce(MPI_IN_PLACE, all, (int)(m * n), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

static double *room(const tartan_sparse *A)
{
  tartan_sparse_part part;

  tartan_sparse_local(A, &part);
  return calloc((size_t)(part.rows > 0 ? part.ptr[part.rows] : 0) + 1, sizeof(double));
}

/* ------------------------------------------------------------------------------------------------ of a recommender */

static void check_recommender(tartan_grid *grid, const ratings *r, tartan_recommend_model kind, tartan_dtype dtype)
{
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;
  tartan_sparse        *R = ratings_sparse(grid, r, TARTAN_F64);
  tartan_recommender   *model = NULL;
  tartan_predictor     *p = NULL;
  tartan_profiles      *x = NULL;
  int64_t              *list = calloc((size_t)r->users + 1, sizeof *list), count;
  double               *theirs = room(R), *ours = room(R), errors[4];

  o.model = kind;
  o.dtype = dtype;
  o.factors = 5;
  check_context("model %d, %lld x %lld", (int)kind, (long long)r->users, (long long)r->items);
  CHECK_OK(tartan_recommender_create(R, &o, &model));
  CHECK_OK(tartan_recommender_epoch(model, NULL));
  CHECK_OK(tartan_predictor_from_recommender(model, &p));
  count = part_of_list(r->users, 1, r->users, list);
  CHECK_OK(tartan_profiles_known(p, count, list, &x));
  CHECK_OK(tartan_recommender_predict(model, R, theirs));
  CHECK_OK(tartan_predictor_predict(p, x, R, ours));
  CHECK(memcmp(theirs, ours, (size_t)(R->rows > 0 ? R->ptr[R->rows] : 0) * sizeof *ours) == 0);
  CHECK_OK(tartan_recommender_errors(model, R, &errors[0], &errors[1]));
  CHECK_OK(tartan_predictor_errors(p, x, R, &errors[2], &errors[3]));
  CHECK(errors[0] == errors[2] && errors[1] == errors[3] && errors[0] >= errors[1]);
  free(ours);
  free(theirs);
  free(list);
  tartan_profiles_destroy(&x);
  tartan_predictor_destroy(&p);
  tartan_recommender_destroy(&model);
  tartan_sparse_destroy(&R);
}

/* Users in another order, some twice: rows of the same scores. */
static void check_order(tartan_grid *grid, const ratings *r)
{
  const int64_t         served = 2 * r->users + 1;
  tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;
  tartan_sparse        *R = ratings_sparse(grid, r, TARTAN_F64), *pairs = NULL, *all = NULL;
  tartan_recommender   *model = NULL;
  tartan_predictor     *p = NULL;
  tartan_profiles      *x = NULL;
  int64_t              *list = calloc((size_t)served + 1, sizeof *list), *row, *col, count, n = 0;
  double               *scores, *known, *a, *b;

  o.factors = 4;
  check_context("users in any order");
  CHECK_OK(tartan_recommender_create(R, &o, &model));
  CHECK_OK(tartan_recommender_epoch(model, NULL));
  CHECK_OK(tartan_predictor_from_recommender(model, &p));
  count = part_of_list(served, 7, r->users, list);
  CHECK_OK(tartan_profiles_known(p, count, list, &x));
  CHECK_EQ(tartan_profiles_count(x), served);
  row = calloc((size_t)(served * r->items), sizeof *row);
  col = calloc((size_t)(served * r->items), sizeof *col);
  for (int64_t i = 0; i < served && check_rank() == 0; i++)
    for (int64_t j = 0; j < r->items; j++, n++) {
      row[n] = i;
      col[n] = j;
    }
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F64, served, r->items, n, row, col, NULL, NULL, &pairs));
  n = n > 0 ? r->users * r->items : 0;
  CHECK_OK(tartan_sparse_create(grid, TARTAN_F64, r->users, r->items, n, row, col, NULL, NULL, &all));
  scores = room(pairs);
  known = room(all);
  CHECK_OK(tartan_predictor_predict(p, x, pairs, scores));
  CHECK_OK(tartan_recommender_predict(model, all, known));
  a = spread(pairs, scores);
  b = spread(all, known);
  for (int64_t i = 0; i < served; i++)
    CHECK(memcmp(a + i * r->items, b + (i * 7 % r->users) * r->items, (size_t)r->items * sizeof *a) == 0);
  free(b);
  free(a);
  free(known);
  free(scores);
  free(col);
  free(row);
  free(list);
  tartan_sparse_destroy(&all);
  tartan_sparse_destroy(&pairs);
  tartan_profiles_destroy(&x);
  tartan_predictor_destroy(&p);
  tartan_recommender_destroy(&model);
  tartan_sparse_destroy(&R);
}

/* ------------------------------------------------------------------------------------------------ weights */

/* B[j, i], any numbers, and zero on the diagonal as ease has it. */
static double weight(int64_t j, int64_t i, void *context)
{
  (void)context;
  return i == j ? 0 : sin((double)(3 * i + 5 * j * j + 1));
}

static tartan_predictor *make_ease(tartan_grid *grid, int64_t items, tartan_dtype dtype)
{
  tartan_predictor_values v = {.size = sizeof v, .items = items};
  int64_t                *starts = calloc((size_t)grid->size + 1, sizeof *starts);
  tartan_predictor       *p = NULL;

  v.opts = (tartan_recommend_opts)TARTAN_RECOMMEND_OPTS_INIT;
  v.opts.model = TARTAN_RECOMMEND_EASE;
  for (int r = 0; r <= grid->size; r++) starts[r] = items * r / grid->size;
  CHECK_OK(tt_matrix_create_ranges(grid, dtype, items, items, starts, NULL, &v.weights));
  tartan_matrix_fill(v.weights, weight, NULL);
  CHECK_OK(tartan_predictor_create(grid, &v, true, &p));
  free(starts);
  return p;
}

/* Scores of entries that are not the history's, each the sum over the history in the order of items. */
static void check_weights(tartan_grid *grid, const ratings *r)
{
  ratings           asked = ratings_make(r->users, r->items, 0.6, false, 99);
  tartan_sparse    *history = ratings_sparse(grid, r, TARTAN_F64), *pairs = ratings_sparse(grid, &asked, TARTAN_F64);
  tartan_predictor *p = make_ease(grid, r->items, TARTAN_F64);
  tartan_profiles  *x = NULL;
  double           *scores = room(pairs), *all;

  check_context("weights, %lld x %lld", (long long)r->users, (long long)r->items);
  CHECK_OK(tartan_profiles_fold_in(p, history, &x));
  CHECK_OK(tartan_predictor_predict(p, x, pairs, scores));
  all = spread(pairs, scores);
  for (int64_t u = 0; u < r->users; u++) {
    for (int64_t i = 0; i < r->items; i++) {
      double sum = 0;

      if (isnan(asked.value[u * r->items + i])) continue;
      for (int64_t j = 0; j < r->items; j++)
        if (!isnan(r->value[u * r->items + j])) sum += r->value[u * r->items + j] * weight(j, i, NULL);
      CHECK(all[u * r->items + i] == sum);
    }
  }
  free(all);
  free(scores);
  tartan_profiles_destroy(&x);
  tartan_predictor_destroy(&p);
  tartan_sparse_destroy(&pairs);
  tartan_sparse_destroy(&history);
  ratings_free(&asked);
}

/* ------------------------------------------------------------------------------------------------ similar */

/* Cosine of columns a and b of B. */
static double cosine(int64_t items, int64_t a, int64_t b)
{
  double sums[3] = {0, 0, 0};

  for (int64_t j = 0; j < items; j++) {
    const double x = weight(j, a, NULL), y = weight(j, b, NULL);

    sums[0] += x * y;
    sums[1] += x * x;
    sums[2] += y * y;
  }
  return sums[1] > 0 && sums[2] > 0 ? sums[0] / sqrt(sums[1] * sums[2]) : 0;
}

static void check_similar(tartan_grid *grid, int64_t items, int64_t queries, int64_t k)
{
  tartan_predictor *p = make_ease(grid, items, TARTAN_F64);
  tartan_neighbors *found = NULL;
  int64_t          *list = calloc((size_t)queries + 1, sizeof *list), count, first, own, width;
  const int64_t    *index;
  const double     *score;

  check_context("similar: %lld of %lld items, %lld of each", (long long)queries, (long long)items, (long long)k);
  count = part_of_list(queries, 3, items, list);
  CHECK_OK(tartan_predictor_similar(p, TARTAN_RECOMMEND_ITEMS, count, list, k, &found));
  tartan_neighbors_local(found, &first, &own, &width, &index, &score);
  CHECK_EQ(width, k);
  for (int64_t i = 0; i < own; i++) {
    const int64_t query = (first + i) * 3 % items;

    for (int64_t j = 0; j < k; j++) {
      const int64_t at = index[i * k + j];
      int64_t       better = 0;

      CHECK((at < 0) == (j >= items - 1) && at != query);
      if (at < 0) continue;
      CHECK_LE(fabs(score[i * k + j] - cosine(items, query, at)), 1e-13);
      for (int64_t other = 0; other < items; other++)
        better += other != query && cosine(items, query, other) > score[i * k + j] + 1e-12;
      CHECK_LE((double)better, (double)j);
    }
  }
  free(list);
  tartan_neighbors_destroy(&found);
  tartan_predictor_destroy(&p);
}

/* ------------------------------------------------------------------------------------------------ refused */

static void check_refused(tartan_grid *grid, const ratings *r)
{
  const tartan_recommend_opts o = TARTAN_RECOMMEND_OPTS_INIT;
  const int64_t               wrong = r->users, good = 0;
  const bool                  last = check_rank() == check_size() - 1;
  tartan_sparse              *R = ratings_sparse(grid, r, TARTAN_F64);
  tartan_recommender         *model = NULL;
  tartan_predictor           *p = NULL, *ease = make_ease(grid, 4, TARTAN_F32);
  tartan_profiles            *x = NULL;
  tartan_neighbors           *found = NULL;
  double                     *scores = room(R);

  check_context("refusals");
  CHECK_OK(tartan_recommender_create(R, &o, &model));
  CHECK_OK(tartan_predictor_from_recommender(model, &p));
  CHECK_STATUS(tartan_profiles_known(p, last, &wrong, &x), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_profiles_known(ease, last, &good, &x), TARTAN_ERR_ARG);
  CHECK(x == NULL);
  CHECK_OK(tartan_profiles_known(p, last, &good, &x));
  CHECK_EQ(tartan_profiles_count(x), 1);
  CHECK_STATUS(tartan_predictor_predict(p, x, R, scores), TARTAN_ERR_SHAPE);
  tartan_profiles_destroy(&x);
  CHECK_OK(tartan_profiles_known(p, 0, NULL, &x)); /* nobody */
  CHECK_EQ(tartan_profiles_count(x), 0);
  CHECK_STATUS(tartan_predictor_similar(p, TARTAN_RECOMMEND_USERS, last, &wrong, 3, &found), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_predictor_similar(p, TARTAN_RECOMMEND_ITEMS, 0, NULL, 3, &found), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_predictor_similar(p, TARTAN_RECOMMEND_ITEMS, last, &good, 0, &found), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_predictor_similar(ease, TARTAN_RECOMMEND_USERS, last, &good, 3, &found), TARTAN_ERR_ARG);
  CHECK(found == NULL);
  free(scores);
  tartan_profiles_destroy(&x);
  tartan_predictor_destroy(&ease);
  tartan_predictor_destroy(&p);
  tartan_recommender_destroy(&model);
  tartan_sparse_destroy(&R);
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{50, 30}, {3, 12}, {5, 9100}};
  tartan_grid         *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int s = 0; s < 3; s++) {
    ratings r = ratings_make(shapes[s][0], shapes[s][1], s == 2 ? 0.95 : 0.3, false, check_seed());

    check_recommender(grid, &r, TARTAN_RECOMMEND_ALS, TARTAN_F32);
    check_recommender(grid, &r, TARTAN_RECOMMEND_IALS, TARTAN_F64);
    check_recommender(grid, &r, TARTAN_RECOMMEND_BIAS, TARTAN_F32);
    check_recommender(grid, &r, TARTAN_RECOMMEND_POPULARITY, TARTAN_F32);
    if (s < 2) check_order(grid, &r);
    if (s < 2) check_weights(grid, &r);
    if (s == 0) check_refused(grid, &r);
    ratings_free(&r);
  }
  check_similar(grid, 40, 17, 6);
  check_similar(grid, 5, 5, 9);
  check_similar(grid, 1, 1, 2);
  tartan_grid_destroy(&grid);
  return check_finish();
}
