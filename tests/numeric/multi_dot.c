// TEST: np=1,2,3,4,6 labels=numeric,blas timeout=120
/*
 * tartan_multi_dot: its order, read back from the text, takes as few flops as the best of all orders, which are tried one
 * by one, for chains up to 6 (42 orders); the product is that of a reference in long double,
 *   |C - ref| <= 10 (sum of inner sizes) u |A_0| |A_1| ...; vectors at the ends, sizes of 0, one matrix.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/blas.h>

#include "check.h"
#include "matrices.h"
#include "operand.h"

#define LONGEST 6

/* The fewest flops of A_i .. A_j over every order, without remembering anything. */
static double fewest(const int64_t *d, int i, int j)
{
  double best = INFINITY;

  if (i == j) return 0;
  for (int k = i; k < j; k++)
    best = fmin(best, fewest(d, i, k) + fewest(d, k + 1, j) + 2.0 * (double)d[i] * (double)d[k + 1] * (double)d[j + 1]);
  return best;
}

/* Flops of an order as text: "((A0 A1) A2)". Reads one factor, which starts with matrix *i; *i moves behind it. */
static double flops_of(const int64_t *d, const char **text, int *i)
{
  const int first = *i;
  double    flops;
  int       middle;

  if (**text == 'A') {
    CHECK_EQ(strtol(*text + 1, (char **)(uintptr_t)text, 10), first);
    (*i)++;
    return 0;
  }
  CHECK_EQ(*(*text)++, '(');
  flops = flops_of(d, text, i);
  middle = *i;
  CHECK_EQ(*(*text)++, ' ');
  flops += flops_of(d, text, i);
  CHECK_EQ(*(*text)++, ')');
  return flops + 2.0 * (double)d[first] * (double)d[middle] * (double)d[*i];
}

static void test_chain(tartan_grid *grid, tartan_dtype dtype, int count, const int64_t *d)
{
  static uint64_t      seed = 100;
  operand              x[LONGEST];
  const tartan_matrix *A[LONGEST];
  tartan_matrix       *C = NULL;
  tartan_cost          cost;
  dense                product, next;
  double               size = 1, inner = 0;

  for (int i = 0; i < count; i++) {
    seed++;
    operand_draw(grid, dtype, d[i], d[i + 1], fill_random, &seed, &x[i]);
    A[i] = x[i].window;
    size *= dense_norm(&x[i].values);
    inner += i > 0 ? (double)d[i] : 0;
  }
  tartan_grid_cost_reset(grid);
  if (CHECK_OK(tartan_multi_dot(count, A, &C, &cost)) && CHECK(C != NULL)) {
    const char *text = cost.algorithm;
    int         at = 0;

    if (strlen(text) + 1 < sizeof cost.algorithm) { /* whole */
      CHECK_LE(flops_of(d, &text, &at), fewest(d, 0, count - 1));
      CHECK(*text == '\0' && at == count);
    }
    CHECK(cost.flops <= fewest(d, 0, count - 1) + 1 && cost.seconds >= 0);
    CHECK(cost.flops * check_size() >= 0.99 * fewest(d, 0, count - 1)); /* the largest over the ranks */
    product = operand_now(&x[0]);
    for (int i = 1; i < count; i++) {
      next = dense_product(TARTAN_NO_TRANS, &product, TARTAN_NO_TRANS, &x[i].values);
      dense_free(&product);
      product = next;
    }
    next = dense_of(C);
    CHECK_LE(dense_distance(&product, &next), 10 * inner * unit_roundoff(dtype) * size);
    dense_free(&next);
    dense_free(&product);
  }
  for (int i = 0; i < count; i++) CHECK_EQ(operand_changed(&x[i], true), 0);
  tartan_matrix_destroy(&C);
  for (int i = 0; i < count; i++) operand_end(&x[i]);
}

static void test_chains(tartan_grid *grid)
{
  static const int64_t sizes[] = {1, 2, 3, 7, 20, 41, 64, 65};

  for (int round = 0; round < 40; round++) {
    const int    count = 1 + round % LONGEST;
    int64_t      d[LONGEST + 1];
    tartan_dtype dtype = (tartan_dtype)check_pick(2);

    for (int i = 0; i <= count; i++) d[i] = sizes[check_pick(8)];
    if (round % 5 == 1) d[0] = 1;
    if (round % 5 == 2) d[count] = 1;
    if (round % 5 == 3) d[0] = d[count] = 1;
    if (round % 9 == 8) d[check_pick(count + 1)] = 0;
    check_context("chain %d of %d: %lld %lld %lld ..., %s", round, count, (long long)d[0], (long long)d[1],
                  (long long)d[count > 1 ? 2 : 1], tartan_dtype_name(dtype));
    test_chain(grid, dtype, count, d);
  }
}

/* The textbook's chain, and a long one whose order does not fit the text. */
static void test_known(tartan_grid *grid)
{
  static const int64_t textbook[] = {30, 35, 15, 5, 10, 20, 25};
  tartan_matrix       *A[40] = {NULL}, *C = NULL;
  tartan_cost          cost;
  int                  wrong = 0;

  check_context("textbook");
  for (int i = 0; i < 6; i++)
    CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, textbook[i], textbook[i + 1], NULL, &A[i]));
  CHECK_OK(tartan_multi_dot(6, (const tartan_matrix *const *)A, &C, &cost));
  CHECK(strcmp(cost.algorithm, "((A0 (A1 A2)) ((A3 A4) A5))") == 0);
  CHECK(strstr(cost.reason, "3.02e+04") != NULL); /* 2 x 15125 */
  tartan_matrix_destroy(&C);
  for (int i = 0; i < 6; i++) tartan_matrix_destroy(&A[i]);
  check_context("equal sizes");
  for (int i = 0; i < 40; i++) {
    CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 3, 3, NULL, &A[i]));
    tartan_matrix_set(A[i], 0, i < 10 ? 2 : 1);
  }
  CHECK_OK(tartan_multi_dot(3, (const tartan_matrix *const *)A, &C, &cost));
  CHECK(strcmp(cost.algorithm, "((A0 A1) A2)") == 0);
  tartan_matrix_destroy(&C);
  CHECK_OK(tartan_multi_dot(40, (const tartan_matrix *const *)A, &C, NULL));
  if (C) {
    dense c = dense_of(C);

    for (int64_t e = 0; e < 9; e++) wrong += c.a[e] != (e % 4 == 0 ? 1024 : 0);
    dense_free(&c);
  }
  CHECK_EQ(wrong, 0);
  tartan_matrix_destroy(&C);
  for (int i = 0; i < 40; i++) tartan_matrix_destroy(&A[i]);
}

/* A tall matrix in slabs of rows, times small ones: it stays, and so does the product. */
static void test_slabs(tartan_grid *grid)
{
  const int64_t        m = 6000, small = 8;
  tartan_matrix_opts   rows = layout_row_slabs(m, small, check_size());
  tartan_matrix       *A, *B, *C = NULL;
  const tartan_matrix *chain[3];
  tartan_cost          cost;

  check_context("slabs");
  A = matrix_make(grid, TARTAN_F64, m, small, &rows, fill_place, NULL);
  B = matrix_make(grid, TARTAN_F64, small, small, NULL, fill_place, NULL);
  chain[0] = A;
  chain[1] = chain[2] = B;
  if (CHECK_OK(tartan_multi_dot(3, chain, &C, &cost))) {
    CHECK(strcmp(cost.algorithm, "(A0 (A1 A2))") == 0);
    CHECK_LE(cost.words + cost.words_redistributed, 10 * (double)(small * small));
  }
  tartan_matrix_destroy(&C);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&A);
}

static void test_refused(tartan_grid *grid)
{
  tartan_grid         *other = grid_world();
  tartan_matrix       *A = matrix_make(grid, TARTAN_F64, 3, 4, NULL, fill_place, NULL), *C;
  tartan_matrix       *B = matrix_make(grid, TARTAN_F32, 4, 2, NULL, fill_place, NULL);
  tartan_matrix       *D = matrix_make(other, TARTAN_F64, 4, 2, NULL, fill_place, NULL);
  const tartan_matrix *two[] = {A, A}, *types[] = {A, B}, *grids[] = {A, D};

  check_context("refusals");
  C = A;
  CHECK_STATUS(tartan_multi_dot(0, two, &C, NULL), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_multi_dot(-3, two, &C, NULL), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_multi_dot(2, two, &C, NULL), TARTAN_ERR_SHAPE);
  CHECK_STATUS(tartan_multi_dot(2, types, &C, NULL), TARTAN_ERR_DTYPE);
  CHECK_STATUS(tartan_multi_dot(2, grids, &C, NULL), TARTAN_ERR_GRID);
  CHECK(C == NULL);
  tartan_matrix_destroy(&D);
  tartan_matrix_destroy(&B);
  tartan_matrix_destroy(&A);
  tartan_grid_destroy(&other);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_chains(grid);
  test_known(grid);
  test_slabs(grid);
  test_refused(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
