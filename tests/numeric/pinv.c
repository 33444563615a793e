// TEST: np=1,2,3,4,6 labels=numeric,factor timeout=120
/*
 * tartan_pinv: the four conditions of Moore and Penrose, with N = max(m, n) and kappa = s_1 / s_rank,
 *   |A P A - A| <= 10 N u kappa |A|,  |P A P - P| <= 10 N u kappa |P|,  |A P - (A P)'|, |P A - (P A)'| <= 10 N u kappa,
 * its size |P|_2 = 1 / s_rank, the rank as constructed, formulas for small matrices, and refusals.
 */
#include <math.h>
#include <string.h>

#include <tartan/lstsq.h>

#include "check.h"
#include "matrices.h"
#include "operand.h"

static uint64_t seed = 21;

/* |M - M'| */
static double asymmetry(const dense *M)
{
  dense  T = dense_transpose(M);
  double distance = dense_distance(M, &T);

  dense_free(&T);
  return distance;
}

static void judge(const dense *A, tartan_dtype dtype, const dense *P, double kappa)
{
  const double gate = 10 * unit_roundoff(dtype) * (double)(A->m > A->n ? A->m : A->n) * kappa;
  dense        AP = dense_product(TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, P);
  dense        PA = dense_product(TARTAN_NO_TRANS, P, TARTAN_NO_TRANS, A);
  dense        APA = dense_product(TARTAN_NO_TRANS, &AP, TARTAN_NO_TRANS, A);
  dense        PAP = dense_product(TARTAN_NO_TRANS, &PA, TARTAN_NO_TRANS, P);

  CHECK_LE(dense_distance(A, &APA), gate * dense_norm(A));
  CHECK_LE(dense_distance(P, &PAP), gate * dense_norm(P));
  CHECK_LE(asymmetry(&AP), gate);
  CHECK_LE(asymmetry(&PA), gate);
  dense_free(&PAP);
  dense_free(&APA);
  dense_free(&PA);
  dense_free(&AP);
}

static void test_matrix(tartan_grid *grid, tartan_dtype dtype, const dense *A, int64_t rank)
{
  operand           a;
  tartan_matrix    *p = NULL;
  tartan_lstsq_info info;

  memset(&info, 0, sizeof info);
  operand_draw(grid, dtype, A->m, A->n, fill_place, NULL, &a);
  matrix_put(a.window, A);
  if (CHECK_OK(tartan_pinv(a.window, -1, &p, &info))) {
    dense P = dense_of(p), now = operand_now(&a);

    CHECK(P.m == A->n && P.n == A->m);
    CHECK_EQ(info.rank, rank);
    CHECK(rank == 0 ? isnan(info.condition) && !(dense_norm(&P) > 0) : info.condition >= 1);
    judge(&now, dtype, &P, rank > 0 ? info.condition : 1);
    if (dtype == TARTAN_F64) CHECK(dense_same_bits(A, &now));
    dense_free(&now);
    dense_free(&P);
  }
  tartan_matrix_destroy(&p);
  operand_end(&a);
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{0, 0}, {0, 3}, {3, 0},   {1, 1},    {1, 2},    {2, 1},   {7, 7},
                                      {8, 7}, {7, 8}, {64, 65}, {130, 37}, {37, 130}, {300, 9}, {9, 300}};

  for (int s = 0; s < 14; s++)
    for (int t = 0; t < 2; t++) {
      dense A = dense_make(shapes[s][0], shapes[s][1], fill_random, &seed);

      seed++;
      check_context("%lld x %lld, %s", (long long)A.m, (long long)A.n, tartan_dtype_name((tartan_dtype)t));
      test_matrix(grid, (tartan_dtype)t, &A, A.m < A.n ? A.m : A.n);
      dense_free(&A);
    }
}

/* Conditions to 1e12 (beyond, the conditions of Moore and Penrose say nothing), low rank, zero. */
static void test_spectra(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{25, 25}, {25, 40}, {110, 25}, {25, 110}};
  double               sigma[25] = {0};

  for (int kind = 0; kind < 6; kind++)
    for (int s = 0; s < 4; s++) {
      int64_t rank = 0;
      dense   A;

      for (int64_t i = 0; i < 25; i++) {
        sigma[i] = kind < 4 ? pow(10, -4.0 * kind * (double)i / 24) : kind == 4 ? (i < 7 ? 5 : 0) : 0;
        rank += sigma[i] > 0;
      }
      A = dense_with_values(shapes[s][0], shapes[s][1], 25, sigma, (uint64_t)(kind * 4 + s));
      check_context("spectrum %d, %lld x %lld", kind, (long long)A.m, (long long)A.n);
      test_matrix(grid, TARTAN_F64, &A, rank);
      dense_free(&A);
    }
}

/* Of a row: its transpose over the square of its length; of ones [m, n]: ones [n, m] over m n. */
static void test_formulas(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{1, 70}, {70, 1}, {5, 9}, {33, 4}};

  for (int s = 0; s < 4; s++) {
    const int64_t     m = shapes[s][0], n = shapes[s][1];
    tartan_matrix    *A = NULL, *P = NULL;
    tartan_lstsq_info info;

    memset(&info, 0, sizeof info);
    check_context("ones, %lld x %lld", (long long)m, (long long)n);
    CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, m, n, NULL, &A));
    tartan_matrix_set(A, 1, 1);
    if (CHECK_OK(tartan_pinv(A, -1, &P, &info))) {
      dense p = dense_of(P);

      CHECK_EQ(info.rank, 1);
      CHECK_LE(fabs(info.condition - 1), 0);
      for (int64_t e = 0; e < m * n; e++) CHECK_LE(fabs(p.a[e] * (double)(m * n) - 1), 1e-13);
      dense_free(&p);
    }
    tartan_matrix_destroy(&P);
    tartan_matrix_destroy(&A);
  }
}

/* A tolerance of one's own cuts where it says. */
static void test_tolerance(tartan_grid *grid)
{
  for (int cut = 0; cut < 2; cut++) {
    dense             D = dense_new(6, 3);
    tartan_matrix    *A, *P = NULL;
    tartan_lstsq_info info;

    memset(&info, 0, sizeof info);
    for (int64_t j = 0; j < 3; j++) AT(D, j, j) = pow(4, -(double)j);
    A = matrix_of(grid, TARTAN_F64, &D, NULL);
    check_context("tolerance %d", cut);
    if (CHECK_OK(tartan_pinv(A, cut ? 0.25 : 0.2, &P, &info))) { /* s_2 = s_1 / 4: counts only if it is above */
      dense p = dense_of(P);

      CHECK_EQ(info.rank, cut ? 1 : 2);
      CHECK_LE(fabs(AT(p, 0, 0) - 1) + fabs(AT(p, 1, 1) - (cut ? 0 : 4)) + fabs(AT(p, 2, 2)), 1e-14);
      dense_free(&p);
    }
    tartan_matrix_destroy(&P);
    CHECK_STATUS(tartan_pinv(A, 1, &P, NULL), TARTAN_ERR_ARG);
    CHECK_STATUS(tartan_pinv(A, NAN, &P, NULL), TARTAN_ERR_ARG);
    AT(D, 5, 2) = cut ? NAN : INFINITY;
    matrix_put(A, &D);
    CHECK_STATUS(tartan_pinv(A, -1, &P, NULL), TARTAN_ERR_INPUT);
    CHECK(P == NULL);
    tartan_matrix_destroy(&A);
    dense_free(&D);
  }
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_spectra(grid);
  test_formulas(grid);
  test_tolerance(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
