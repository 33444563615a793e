// TEST: np=1,3 labels=numeric,model timeout=180
/*
 * The largest singular values of MovieLens small (2016), of the sparse matrix and of its columns centered, against values from
 * NumPy, to 1e-9. The R package dslabs has the data; the licence forbids to keep it here.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <tartan/linear_models.h>
#include <tartan/sketch.h>

#include "check.h"
#include "matrices.h"

#define USERS 671
#define ITEMS 9066
#define RATINGS 100004
#define K 5

static const double plain[K] = {517.583139787, 243.769434847, 204.306178321, 162.47028777, 156.309569768};
static const double centered[K] = {381.066336339, 240.205032122, 196.554724553, 156.413981804, 151.083192503};

/* Rank 0 has all ratings, of ids in their sorted order; false: there is no package. */
static bool read_ratings(int64_t *user, int64_t *item, double *rating)
{
  static const char *const script =
      "Rscript -e 'data(movielens, package=\"dslabs\"); d <- movielens; write.table(cbind(as.integer(factor(d$userId)) "
      "- 1, as.integer(factor(d$movieId)) - 1, d$rating), \"ratings.txt\", row.names=FALSE, col.names=FALSE)' "
      ">/dev/null 2>&1";
  FILE *in;

  if (system(script) != 0) return false;
  in = fopen("ratings.txt", "r");
  for (int64_t e = 0; in && e < RATINGS; e++) {
    double x[3] = {0, 0, 0};

    CHECK(fscanf(in, "%lf %lf %lf", &x[0], &x[1], &x[2]) == 3);
    user[e] = (int64_t)x[0];
    item[e] = (int64_t)x[1];
    rating[e] = x[2];
  }
  if (in) fclose(in);
  return in != NULL;
}

static void test_plain(const tartan_sparse *R)
{
  tartan_predictor *p = NULL;
  tartan_topk_info  info = {0};
  double            s[K] = {0};

  check_context("plain");
  if (!CHECK_OK(tartan_puresvd(R, K, NULL, TARTAN_F64, s, &p, &info))) return;
  CHECK(info.converged);
  for (int i = 0; i < K; i++) CHECK_LE(fabs(s[i] - plain[i]), 1e-9);
  tartan_predictor_destroy(&p);
}

static void test_centered(const tartan_sparse *R)
{
  tartan_operator   *op = NULL, *by = NULL;
  tartan_matrix     *ones = NULL, *sums = NULL;
  tartan_topk_info   info = {0};
  double             s[K] = {0};
  dense              one = dense_new(USERS, 1), mean;
  tartan_grid *const grid = tartan_sparse_grid(R);

  check_context("centered");
  for (int64_t i = 0; i < USERS; i++) one.a[i] = 1;
  ones = matrix_of(grid, TARTAN_F64, &one, NULL);
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, ITEMS, 1, NULL, &sums));
  CHECK_OK(tartan_operator_from_sparse(R, &op));
  CHECK_OK(tartan_operator_apply(op, TARTAN_TRANS, ones, sums));
  mean = dense_of(sums);
  for (int64_t j = 0; j < ITEMS; j++) mean.a[j] /= USERS;
  CHECK_OK(tartan_operator_center(op, mean.a, NULL, &by));
  if (CHECK_OK(tartan_operator_svd_topk(by, K, NULL, NULL, s, NULL, &info)))
    for (int i = 0; i < K; i++) CHECK_LE(fabs(s[i] - centered[i]), 1e-9);
  CHECK(info.converged);
  tartan_operator_destroy(&by);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&sums);
  tartan_matrix_destroy(&ones);
  dense_free(&mean);
  dense_free(&one);
}

int main(int argc, char **argv)
{
  static int64_t user[RATINGS], item[RATINGS];
  static double  rating[RATINGS];
  int            there = 0;
  tartan_grid   *grid;
  tartan_sparse *R = NULL;

  check_start(&argc, &argv);
  if (check_rank() == 0) there = read_ratings(user, item, rating);
  MPI_Bcast(&there, 1, MPI_INT, 0, MPI_COMM_WORLD);
  if (!there) return check_skip("the R package dslabs is not installed");
  grid = grid_world();
  if (CHECK_OK(tartan_sparse_create(grid, TARTAN_F64, USERS, ITEMS, check_rank() == 0 ? RATINGS : 0, user, item, rating,
                                    NULL, &R))) {
    test_plain(R);
    test_centered(R);
  }
  tartan_sparse_destroy(&R);
  tartan_grid_destroy(&grid);
  return check_finish();
}
