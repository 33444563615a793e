// TEST: np=1,2,3,4 labels=numeric,model
/*
 * The residual of components, against its definition on replicated matrices: from the lower triangle of a covariance
 * matrix in any layout (what stands above it must not be read), and from rows of data; and what a fit reports.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "check.h"
#include "matrices.h"
#include "model/pca_impl.h"

static uint64_t seed = 3;

/* A "model" of k unit vectors that are no eigenvectors, with made up variances. */
static tartan_pca *make_model(tartan_grid *grid, int64_t n, int64_t k)
{
  tartan_pca *p = NULL;

  if (!CHECK_OK(tt_pca_allocate(grid, n, k, &p))) return NULL;
  for (int64_t c = 0; c < k; c++) {
    double norm = 0;

    for (int64_t j = 0; j < n; j++) {
      p->numbers[c * n + j] = fill_random(c, j, &seed);
      norm += p->numbers[c * n + j] * p->numbers[c * n + j];
    }
    for (int64_t j = 0; j < n; j++) p->numbers[c * n + j] /= sqrt(norm);
    p->numbers[k * n + c] = 2.0 / (double)(c + 1);
  }
  return p;
}

/* By the definition: C is symmetric, of its lower triangle. */
static double expected(const dense *C, const tartan_pca *p)
{
  const int64_t n = p->v.features;
  double        worst = 0;

  for (int64_t c = 0; c < p->v.components; c++) {
    const double *v = p->v.components_ + c * n;
    double        sum = 0;

    for (int64_t i = 0; i < n; i++) {
      double y = -p->v.explained_variance_[c] * v[i];

      for (int64_t j = 0; j < n; j++) y += (i >= j ? AT(*C, i, j) : AT(*C, j, i)) * v[j];
      sum += y * y;
    }
    worst = fmax(worst, sqrt(sum));
  }
  return worst / p->v.explained_variance_[0];
}

static double nan_above(int64_t i, int64_t j, void *context)
{
  return i >= j ? fill_random(i, j, context) : NAN;
}

static void judge(tt_pca_spectrum *s, const dense *C, int64_t n, int64_t k)
{
  tartan_pca  *p = make_model(s->C->grid, n, k);
  const double want = expected(C, p);
  double       got = -1;

  p->v.samples = s->C->col.n; /* rows of data */
  CHECK_OK(tt_pca_residual(s, p, &got));
  CHECK_LE(fabs(got - want), 1e-14 * (double)n * want);
  tartan_pca_destroy(&p);
}

static void test_triangle(tartan_grid *grid)
{
  const int64_t shape[][2] = {{1, 1}, {2, 1}, {7, 7}, {64, 3}, {65, 65}, {131, 130}};

  for (size_t t = 0; t < sizeof shape / sizeof *shape; t++) {
    const int64_t            n = shape[t][0];
    const tartan_matrix_opts layout = layout_random(grid);
    char                     text[96];
    dense                    C = dense_make(n, n, fill_random, &seed);
    tt_pca_spectrum          s = {0};

    check_context("n %lld, k %lld, %s", (long long)n, (long long)shape[t][1], layout_text(&layout, text));
    s.C = matrix_make(grid, TARTAN_F64, n, n, &layout, nan_above, &seed);
    if (s.C) judge(&s, &C, n, shape[t][1]);
    tartan_matrix_destroy(&s.C);
    dense_free(&C);
  }
}

/* C = T T' / (m - 1), of data T [n, m] in column ranges. */
static void test_rows(tartan_grid *grid)
{
  const int64_t shape[][3] = {{2, 1, 1}, {5, 9, 4}, {1300, 7, 7}, {40, 70, 40}};

  for (size_t t = 0; t < sizeof shape / sizeof *shape; t++) {
    const int64_t   m = shape[t][0], n = shape[t][1];
    dense           T = dense_make(n, m, fill_random, &seed), C = dense_product(TARTAN_NO_TRANS, &T, TARTAN_TRANS, &T);
    int64_t         starts[64] = {0};
    tt_pca_spectrum s = {.rows = true};

    check_context("%lld samples, n %lld", (long long)m, (long long)n);
    for (int r = 0; r <= grid->size; r++) starts[r] = m * r / grid->size;
    for (int64_t i = 0; i < n * n; i++) C.a[i] /= (double)(m - 1);
    if (CHECK_OK(tt_matrix_create_ranges(grid, TARTAN_F64, n, m, starts, NULL, &s.C))) {
      tartan_matrix_fill(s.C, fill_random, &seed);
      judge(&s, &C, n, shape[t][2]);
    }
    tartan_matrix_destroy(&s.C);
    dense_free(&C);
    dense_free(&T);
  }
}

/* A fit's residual is small, and measuring it changes no bit. */
static void test_fit(tartan_grid *grid, tartan_pca_solver solver, bool scale)
{
  tartan_pca_opts   opts = TARTAN_PCA_OPTS_INIT;
  tartan_matrix    *A = matrix_make(grid, TARTAN_F64, 300, 90, NULL, fill_random, &seed);
  tartan_operator  *op = NULL;
  tartan_pca       *with = NULL, *without = NULL;
  tartan_pca_info   info;
  tartan_pca_values x, y;

  check_context("a fit by %s, %s",
                solver == TARTAN_PCA_GRAM   ? "gram"
                : solver == TARTAN_PCA_FULL ? "full"
                                            : "tsqr",
                scale ? "scaled" : "as it is");
  opts.solver = solver;
  opts.scale = scale;
  CHECK_OK(tartan_operator_from_matrix(A, &op));
  if (!CHECK_OK(tartan_pca_fit(op, &opts, &with, &info))) return;
  CHECK_LE(info.residual, 10 * 300 * DBL_EPSILON);
  CHECK(info.residual > 0);
  opts.residual = false;
  if (!CHECK_OK(tartan_pca_fit(op, &opts, &without, &info))) return;
  CHECK(info.residual < 0);
  tartan_pca_get_values(with, &x);
  tartan_pca_get_values(without, &y);
  CHECK(memcmp(x.components_, y.components_, (size_t)(x.components * x.features) * sizeof(double)) == 0);
  CHECK(memcmp(x.explained_variance_, y.explained_variance_, (size_t)x.components * sizeof(double)) == 0);
  tartan_pca_destroy(&without);
  tartan_pca_destroy(&with);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_triangle(grid);
  test_rows(grid);
  for (int scale = 0; scale < 2; scale++) {
    test_fit(grid, TARTAN_PCA_GRAM, scale);
    test_fit(grid, TARTAN_PCA_FULL, scale);
    test_fit(grid, TARTAN_PCA_TSQR, scale);
  }
  tartan_grid_destroy(&grid);
  return check_finish();
}
