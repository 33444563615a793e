// TEST: np=1,2,3,4,7 labels=numeric,oper timeout=180
/*
 * Operators of sparse matrices, plain, and centered and scaled, against dense loops: products in any layout and both types,
 * A'(A X), norms, traces, Gram matrices, singular triplets and low rank against the same of the dense matrix; the same bits of
 * products and Gram matrices on any number of ranks; words of a product; lists and A' that are made once.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/pca.h>
#include <tartan/sketch.h>

#include "check.h"
#include "matrices.h"
#include "oper/norm.h"
#include "sparses.h"

#define WIDTH 3
#define MOST 9000

static double mean[MOST], scale[MOST];

typedef enum action { APPLY, ADJOINT, NORMAL } action;

static dense product_of(action what, const dense *M, const dense *X)
{
  dense y = dense_product(what == ADJOINT ? TARTAN_TRANS : TARTAN_NO_TRANS, M, TARTAN_NO_TRANS, X), z;

  if (what != NORMAL) return y;
  z = dense_product(TARTAN_TRANS, M, TARTAN_NO_TRANS, &y);
  dense_free(&y);
  return z;
}

static tartan_status act(const tartan_operator *op, action what, const tartan_matrix *x, tartan_matrix *y)
{
  if (what == NORMAL) return tartan_operator_normal(op, x, y);
  return tartan_operator_apply(op, what == ADJOINT ? TARTAN_TRANS : TARTAN_NO_TRANS, x, y);
}

/* Integers without centering: exact. Else to 1e-13 of what the sums may be. */
static void test_action(const tartan_operator *op, const dense *C, action what, int dtypes, bool exact)
{
  tartan_grid             *grid = tartan_operator_grid(op);
  const tartan_dtype       in_type = (tartan_dtype)(dtypes & 1), out_type = (tartan_dtype)(dtypes >> 1);
  const int64_t            in = what == ADJOINT ? C->m : C->n, out = what == APPLY ? C->m : C->n;
  const tartan_matrix_opts lx = layout_random(grid), ly = layout_random(grid);
  int64_t                  every = 2;
  dense                    X = dense_make(in, WIDTH, fill_sparse, &every), Y, ref = product_of(what, C, &X);
  tartan_matrix           *x = matrix_of(grid, in_type, &X, &lx);
  tartan_matrix           *y = matrix_make(grid, out_type, out, WIDTH, &ly, fill_place, NULL);

  if (CHECK_OK(act(op, what, x, y))) {
    Y = dense_of(y);
    if (out_type == TARTAN_F32) dense_round(&ref);
    if (exact)
      CHECK(dense_same_bits(&Y, &ref));
    else
      CHECK_LE(dense_distance(&Y, &ref),
               (out_type == TARTAN_F32 ? 1e-6 : 1e-13) * (dense_norm(&ref) + dense_norm(C) * dense_norm(&X)));
    dense_free(&Y);
  }
  dense_free(&ref);
  dense_free(&X);
  tartan_matrix_destroy(&x);
  tartan_matrix_destroy(&y);
}

static void test_gram(const tartan_operator *op, const dense *C)
{
  tartan_matrix *G = NULL;
  dense          g, ref;

  if (!CHECK_OK(tartan_gram(op, false, &G, NULL))) return;
  g = dense_of(G);
  ref = dense_product(TARTAN_TRANS, C, TARTAN_NO_TRANS, C);
  CHECK_LE(dense_distance(&g, &ref), 1e-13 * dense_norm(&ref));
  dense_free(&ref);
  dense_free(&g);
  tartan_matrix_destroy(&G);
}

static void test_numbers(const tartan_operator *op, const dense *C, bool centered)
{
  double norm2 = -1, trace = -1, sum = 0, value = -1;
  char   text[256];

  tartan_operator_describe(op, text, sizeof text);
  CHECK(strstr(text, "sparse, ") != NULL && (strstr(text, "centered") != NULL) == centered);
  CHECK_OK(tartan_operator_norm_fro2(op, &norm2));
  CHECK_LE(fabs(norm2 - dense_norm(C) * dense_norm(C)), 1e-12 * norm2);
  if (C->m > 0) CHECK_OK(tt_operator_norm(op, TARTAN_NORM_FRO, &value));
  if (C->m > 0) CHECK_LE(fabs(value - dense_norm(C)), 1e-12 * value);
  for (int64_t i = 0; i < (C->m < C->n ? C->m : C->n); i++) sum += AT(*C, i, i);
  CHECK_STATUS(tt_operator_trace(op, &trace), centered ? TARTAN_ERR_ARG : TARTAN_OK);
  CHECK(centered || trace == sum);
}

/* The triplets of a dense operator of the same values. */
static void test_topk(const tartan_operator *op, const dense *C)
{
  const int64_t       k = 4;
  tartan_grid        *grid = tartan_operator_grid(op);
  tartan_matrix      *c = matrix_of(grid, TARTAN_F64, C, NULL), *U = NULL, *Vt = NULL, *W = NULL, *Zt = NULL;
  double              s[4] = {0}, t[4] = {0}, low[4] = {0};
  tartan_topk_info    info = {0};
  tartan_lowrank_info found = {0};

  if (CHECK_OK(tartan_operator_svd_topk(op, k, NULL, &U, s, &Vt, &info)) &&
      CHECK_OK(tartan_svd_topk(c, k, NULL, NULL, t, NULL, NULL)) &&
      CHECK_OK(tartan_lowrank(op, k, NULL, &W, low, &Zt, &found))) {
    double rest = dense_norm(C) * dense_norm(C);

    CHECK(info.converged);
    for (int i = 0; i < k; i++) CHECK_LE(fabs(s[i] - t[i]), 1e-11 * t[0]);
    for (int i = 0; i < k; i++) CHECK_LE(fabs(low[i] - t[i]), 1e-11 * t[0]);
    for (int i = 0; i < k; i++) rest -= t[i] * t[i];
    CHECK_LE(fabs(found.error_fro - sqrt(fmax(0, rest))), 1e-7 * t[0]);
  }
  tartan_matrix_destroy(&Zt);
  tartan_matrix_destroy(&W);
  tartan_matrix_destroy(&Vt);
  tartan_matrix_destroy(&U);
  tartan_matrix_destroy(&c);
}

static void test_operator(const tartan_operator *op, const dense *C, bool centered)
{
  for (int what = 0; what < 3; what++)
    for (int dtypes = 0; dtypes < 4; dtypes++) test_action(op, C, (action)what, dtypes, !centered);
  test_numbers(op, C, centered);
  if (C->m > 0 && C->n <= 300) test_gram(op, C);
  if (C->m > 4 && C->n > 4 && C->n <= 300) test_topk(op, C);
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][3] = {{0, 5, 1},    {1, 1, 1},   {5, 0, 1},   {80, 7, 3},  {7, 80, 4},
                                      {300, 65, 9}, {90, 40, 1}, {65, 64, 5}, {4, MOST, 3}};

  for (int s = 0; s < 9; s++)
    for (int dtype = 0; dtype < 2; dtype++) {
      int64_t          every = shapes[s][2];
      dense            A = dense_make(shapes[s][0], shapes[s][1], fill_sparse, &every);
      tartan_sparse   *a = sparse_of(grid, (tartan_dtype)dtype, &A);
      tartan_operator *op = NULL, *centered = NULL;

      check_context("%lld x %lld, %s", (long long)A.m, (long long)A.n, dtype ? "f64" : "f32");
      if (CHECK_OK(tartan_operator_from_sparse(a, &op))) test_operator(op, &A, false);
      check_context("%lld x %lld, %s, centered", (long long)A.m, (long long)A.n, dtype ? "f64" : "f32");
      if (CHECK_OK(tartan_operator_center(op, mean, scale, &centered))) {
        for (int64_t j = 0; j < A.n; j++)
          for (int64_t i = 0; i < A.m; i++) AT(A, i, j) = (AT(A, i, j) - mean[j]) / scale[j];
        test_operator(centered, &A, true);
      }
      tartan_operator_destroy(&centered);
      tartan_operator_destroy(&op);
      tartan_sparse_destroy(&a);
      dense_free(&A);
    }
}

/* Principal components of a sparse matrix are those of the dense one. */
static void test_pca(tartan_grid *grid)
{
  int64_t           every = 3;
  dense             A = dense_make(120, 30, fill_sparse, &every);
  tartan_sparse    *a = sparse_of(grid, TARTAN_F64, &A);
  tartan_matrix    *d = matrix_of(grid, TARTAN_F64, &A, NULL);
  tartan_operator  *op[2] = {NULL, NULL};
  tartan_pca       *pca[2] = {NULL, NULL};
  tartan_pca_values values[2] = {{0}, {0}};
  tartan_pca_opts   opts = TARTAN_PCA_OPTS_INIT;

  opts.components = 3;
  check_context("pca");
  CHECK_OK(tartan_operator_from_sparse(a, &op[0]));
  CHECK_OK(tartan_operator_from_matrix(d, &op[1]));
  for (int i = 0; i < 2; i++)
    if (CHECK_OK(tartan_pca_fit(op[i], &opts, &pca[i], NULL))) tartan_pca_get_values(pca[i], &values[i]);
  for (int i = 0; values[0].explained_variance_ && values[1].explained_variance_ && i < 3; i++)
    CHECK_LE(fabs(values[0].explained_variance_[i] - values[1].explained_variance_[i]),
             1e-12 * values[1].explained_variance_[0]);
  for (int i = 0; i < 2; i++) tartan_pca_destroy(&pca[i]);
  for (int i = 0; i < 2; i++) tartan_operator_destroy(&op[i]);
  tartan_matrix_destroy(&d);
  tartan_sparse_destroy(&a);
  dense_free(&A);
}

/* Numbers that round. A row of more entries than a segment. */
static double fill_rounded(int64_t i, int64_t j, void *seed)
{
  return i == 3 || (i * 7 + j * 5) % 11 == 0 ? fill_random(i, j, seed) : 0;
}

static void test_bits(void)
{
  uint64_t seed = 5;
  dense    A = dense_make(40, MOST, fill_rounded, &seed), B = dense_make(2100, 24, fill_rounded, &seed), first[4];

  memset(first, 0, sizeof first);
  for (int size = 1; size <= check_size(); size++) {
    tartan_grid     *grid = grid_of_first(size, size == 1 ? 1 : 2);
    tartan_sparse   *a, *b;
    tartan_operator *op = NULL, *tall = NULL;
    tartan_matrix   *x, *z, *y[4] = {NULL, NULL, NULL, NULL};

    if (!grid) continue;
    check_context("bits on %d ranks", size);
    a = sparse_of(grid, TARTAN_F64, &A);
    b = sparse_of(grid, TARTAN_F32, &B);
    x = matrix_make(grid, TARTAN_F64, MOST, 2, NULL, fill_random, &seed);
    z = matrix_make(grid, TARTAN_F64, 40, 2, NULL, fill_random, &seed);
    CHECK_OK(tartan_operator_from_sparse(a, &op));
    CHECK_OK(tartan_operator_from_sparse(b, &tall));
    CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 40, 2, NULL, &y[0]));
    CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, MOST, 2, NULL, &y[1]));
    CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, MOST, 2, NULL, &y[2]));
    CHECK_OK(tartan_operator_apply(op, TARTAN_NO_TRANS, x, y[0]));
    CHECK_OK(tartan_operator_apply(op, TARTAN_TRANS, z, y[1]));
    CHECK_OK(tartan_operator_normal(op, x, y[2]));
    CHECK_OK(tartan_gram(tall, true, &y[3], NULL));
    for (int i = 0; i < 4; i++) {
      dense here = dense_of(y[i]);

      if (check_rank() == 0 && size > 1) CHECK(dense_same_bits(&here, &first[i]));
      if (size == 1)
        first[i] = here;
      else
        dense_free(&here);
      tartan_matrix_destroy(&y[i]);
    }
    tartan_operator_destroy(&tall);
    tartan_operator_destroy(&op);
    tartan_matrix_destroy(&z);
    tartan_matrix_destroy(&x);
    tartan_sparse_destroy(&b);
    tartan_sparse_destroy(&a);
    tartan_grid_destroy(&grid);
  }
  for (int i = 0; i < 4 && check_rank() == 0; i++) dense_free(&first[i]);
  dense_free(&B);
  dense_free(&A);
}

static double words_of(tartan_grid *grid, const tartan_operator *op, const tartan_matrix *X, tartan_matrix *Y)
{
  tartan_cost cost = {0};

  tartan_grid_cost_reset(grid);
  CHECK_OK(tartan_operator_normal(op, X, Y));
  CHECK_OK(tartan_grid_cost(grid, &cost));
  return cost.words;
}

/* Every product after the first moves what its rows need, the operand and the result at most: lists are not made again. */
static void test_words(tartan_grid *grid)
{
  int64_t          every = 40;
  dense            A = dense_make(2000, 500, fill_sparse, &every);
  tartan_sparse   *a = sparse_of(grid, TARTAN_F64, &A);
  tartan_matrix   *X = matrix_make(grid, TARTAN_F64, 500, 2, NULL, fill_place, NULL), *Y = NULL;
  tartan_operator *op = NULL;
  double           first, second, third;

  check_context("words");
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, 500, 2, NULL, &Y));
  CHECK_OK(tartan_operator_from_sparse(a, &op));
  first = words_of(grid, op, X, Y);
  second = words_of(grid, op, X, Y);
  third = words_of(grid, op, X, Y);
  CHECK(second == third);
  if (check_size() > 1) CHECK(second < first);
  /* needed rows of X, of A X, and both copies between layouts, of two columns */
  CHECK_LE(second, 2.0 * (500 + 2000 + 2 * 500));
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&X);
  tartan_sparse_destroy(&a);
  dense_free(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  for (int64_t j = 0; j < MOST; j++) {
    mean[j] = 0.3 + (double)(j % 5);
    scale[j] = j % 2 ? -2.5 : 0.75;
  }
  grid = grid_world();
  test_shapes(grid);
  test_pca(grid);
  test_words(grid);
  tartan_grid_destroy(&grid);
  test_bits();
  return check_finish();
}
