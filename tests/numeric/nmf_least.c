// TEST: np=1,3 labels=numeric,model timeout=60
/* Factors that a penalty drives to nothing: what comes below 2^-1000 is zero, so that they end there. */
#include <float.h>
#include <math.h>

#include <tartan/nmf.h>

#include "check.h"
#include "h5file.h"
#include "matrices.h"
#include "sparses.h"

static double alike(int64_t i, int64_t j, void *value)
{
  (void)i;
  (void)j;
  return *(const double *)value;
}

/* Elements that come below 2^-1000 are zero, those above stay: W is 20 x 1e-302 / l2 of each row of ones. */
static void test_least(tartan_grid *grid)
{
  double           ones = 1, zeros = 0, small = 1e-302;
  tartan_matrix   *a = matrix_make(grid, TARTAN_F64, 30, 20, NULL, alike, &ones), *w, *h;
  tartan_matrix   *w0 = matrix_make(grid, TARTAN_F64, 30, 1, NULL, alike, &zeros);
  tartan_matrix   *h0 = matrix_make(grid, TARTAN_F64, 1, 20, NULL, alike, &small);
  tartan_operator *op = NULL;
  tartan_nmf_opts  opts = TARTAN_NMF_OPTS_INIT;

  opts.W = w0;
  opts.H = h0;
  opts.iterations = 1;
  CHECK_OK(tartan_operator_from_matrix(a, &op));
  for (int kept = 0; kept < 2; kept++) {
    check_context("below 2^-1000, kept %d", kept);
    opts.l2 = kept ? 0.01 : 1000;
    if (CHECK_OK(tartan_nmf(op, 1, &opts, &w, &h, NULL))) {
      const double expected = kept ? 20 * small / opts.l2 : 0;
      dense        W = dense_of(w), H = dense_of(h);

      for (int64_t i = 0; i < W.m; i++) CHECK_LE(fabs(AT(W, i, 0) - expected), 1e-10 * expected);
      for (int64_t j = 0; j < H.n; j++) CHECK((AT(H, 0, j) > 0) == (kept == 1));
      dense_free(&H);
      dense_free(&W);
    }
    tartan_matrix_destroy(&h);
    tartan_matrix_destroy(&w);
  }
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&h0);
  tartan_matrix_destroy(&w0);
  tartan_matrix_destroy(&a);
}

enum { DENSE, STREAMED, SPARSE, SOURCES };

/* The number of elements that are not zero but below the normal range. */
static int64_t count_small(const tartan_matrix *X)
{
  dense   D = dense_of(X);
  int64_t count = 0;

  for (int64_t j = 0; j < D.n; j++)
    for (int64_t i = 0; i < D.m; i++) count += AT(D, i, j) != 0 && AT(D, i, j) < DBL_MIN;
  dense_free(&D);
  return count;
}

/* The largest singular value of ones, 30 x 20, is 24.5: with l2 above it both factors shrink, by a third in each iteration here. */
static void test_end(tartan_grid *grid)
{
  static const h5_layout layout = {.type = "<f4"};
  double                 ones = 1;
  dense                  A = dense_make(30, 20, alike, &ones);

  h5_write("ones.h5", "/X", &layout, A.m, A.n, alike, &ones);
  for (int source = DENSE; source < SOURCES; source++) {
    tartan_matrix   *a = matrix_of(grid, TARTAN_F64, &A, NULL), *w, *h;
    tartan_sparse   *few = sparse_of(grid, TARTAN_F64, &A);
    tartan_operator *op = NULL;
    tartan_nmf_opts  opts = TARTAN_NMF_OPTS_INIT;
    tartan_nmf_info  info;

    check_context("to the end, source %d", source);
    opts.init = TARTAN_NMF_RANDOM;
    opts.l2 = 30;
    opts.tolerance = 0;
    CHECK_OK(source == DENSE      ? tartan_operator_from_matrix(a, &op)
             : source == STREAMED ? tartan_operator_open(grid, "ones.h5", NULL, &op)
                                  : tartan_operator_from_sparse(few, &op));
    for (opts.iterations = 1750; opts.iterations <= 1790; opts.iterations += 20) {
      if (CHECK_OK(tartan_nmf(op, 2, &opts, &w, &h, &info))) CHECK_EQ(count_small(w) + count_small(h), 0);
      tartan_matrix_destroy(&h);
      tartan_matrix_destroy(&w);
    }
    opts.iterations = 3000;
    if (CHECK_OK(tartan_nmf(op, 2, &opts, &w, &h, &info))) {
      CHECK(info.converged && info.violation == 0);
      CHECK_EQ(info.loss, 300);
    }
    tartan_matrix_destroy(&h);
    tartan_matrix_destroy(&w);
    tartan_operator_destroy(&op);
    tartan_sparse_destroy(&few);
    tartan_matrix_destroy(&a);
  }
  dense_free(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_least(grid);
  test_end(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
