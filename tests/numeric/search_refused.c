// TEST: np=1,2,3,4,6 labels=numeric,model timeout=60
/* Arguments that fit neither each other nor the data: the same status and message on every rank, and no result. */
#include <math.h>
#include <string.h>

#include <tartan/search.h>

#include "check.h"
#include "io_files.h"
#include "matrices.h"

#define ITEMS 37
#define QUERIES 11
#define D 4

static struct {
  int64_t row, col; /* the element that is not finite, and one behind it */
  double  value;
} bad;

static double fill(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  if (i == bad.row && j == bad.col) return bad.value;
  return i == bad.row + 3 ? (isnan(bad.value) ? (double)INFINITY : (double)NAN) : (double)(i % 7) - (double)j;
}

static double fill_plain(int64_t i, int64_t j, void *unused)
{
  (void)unused;
  return (double)(i % 5 - j);
}

/* Searches rows of two matrices of this shape; both calls must answer alike, unless the data itself is wrong. */
static void refuse(tartan_matrix *X, tartan_matrix *Y, int64_t k, const tartan_search_opts *o, tartan_status expected,
                   const char *part)
{
  tartan_operator  *items = NULL, *queries = NULL;
  tartan_neighbors *result = NULL;
  tartan_cost       plan;

  CHECK_OK(tartan_operator_from_matrix(X, &items));
  CHECK_OK(tartan_operator_from_matrix(Y, &queries));
  CHECK_STATUS(tartan_search(items, queries, k, o, &result, NULL), expected);
  CHECK(io_message_has(part));
  CHECK(result == NULL);
  CHECK_STATUS(tartan_search_plan(items, queries, k, o, &plan), expected == TARTAN_ERR_INPUT ? TARTAN_OK : expected);
  tartan_operator_destroy(&queries);
  tartan_operator_destroy(&items);
}

static void test_arguments(tartan_grid *grid)
{
  tartan_matrix     *X = matrix_make(grid, TARTAN_F64, ITEMS, D, NULL, fill_plain, NULL);
  tartan_matrix     *Y = matrix_make(grid, TARTAN_F64, QUERIES, D, NULL, fill_plain, NULL);
  tartan_matrix     *Z = matrix_make(grid, TARTAN_F64, QUERIES, D + 1, NULL, fill_plain, NULL);
  tartan_search_opts o = TARTAN_SEARCH_OPTS_INIT;

  check_context("arguments");
  refuse(X, Z, 3, NULL, TARTAN_ERR_SHAPE, "items have 4 features, queries 5");
  refuse(X, Y, 0, NULL, TARTAN_ERR_ARG, "at least 1");
  refuse(X, Y, -7, NULL, TARTAN_ERR_ARG, "k = -7");
  refuse(X, Y, INT64_MAX / 2, NULL, TARTAN_ERR_OVERFLOW, "beyond 64 bits");
  o.without_self = true;
  refuse(X, Y, 3, &o, TARTAN_ERR_SHAPE, "37 items and 11 queries");
  o.without_self = false;
  o.metric = (tartan_metric)3;
  refuse(X, Y, 3, &o, TARTAN_ERR_ARG, "no metric 3");
  tartan_matrix_destroy(&Z);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
}

/* The first row that is not finite is named, wherever it lies. */
static void test_values(tartan_grid *grid, tartan_dtype dtype, int64_t row, double value, const char *what)
{
  tartan_matrix *X, *Y, *Z;
  char           item[64], query[64];

  check_context("row %lld %s", (long long)row, what);
  bad.row = row;
  bad.col = row % D;
  bad.value = value;
  X = matrix_make(grid, dtype, ITEMS, D, NULL, fill, NULL);
  Y = matrix_make(grid, dtype, QUERIES, D, NULL, fill_plain, NULL);
  Z = matrix_make(grid, dtype, ITEMS, D, NULL, fill_plain, NULL);
  snprintf(item, sizeof item, "item %lld (from zero) holds %s", (long long)row, what);
  snprintf(query, sizeof query, "query %lld (from zero) holds %s", (long long)row, what);
  refuse(X, Y, 2, NULL, TARTAN_ERR_INPUT, item);
  refuse(Z, X, 2, NULL, TARTAN_ERR_INPUT, query);
  tartan_matrix_destroy(&Z);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_arguments(grid);
  for (int64_t row = 0; row < ITEMS; row += 9)
    for (int t = 0; t < 2; t++) {
      test_values(grid, t ? TARTAN_F64 : TARTAN_F32, row, NAN, "NaN");
      test_values(grid, t ? TARTAN_F64 : TARTAN_F32, row, -INFINITY, "Inf");
    }
  tartan_grid_destroy(&grid);
  return check_finish();
}
