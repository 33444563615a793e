// TEST: np=1,2,3,4,6 labels=numeric,model
/*
 * tartan_pca_fit with every solver against Jacobi's algorithm on a long double covariance C:
 *   |variance - ref| <= 1e-12 ref_1,  |C v - variance v|_2 <= 1e-12 ref_1,  |V'V - I|_F <= 1e-12, signs by the rule,
 *   and everything that follows from them by definition. Options, bad options, missing values.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/pca.h>

#include "check.h"
#include "jacobi.h"
#include "matrices.h"

#define TOLERANCE 1e-12

static const tartan_pca_solver solvers[] = {TARTAN_PCA_GRAM, TARTAN_PCA_FULL, TARTAN_PCA_TSQR, TARTAN_PCA_AUTO};

static tartan_pca_opts defaults(tartan_pca_solver solver)
{
  tartan_pca_opts opts = TARTAN_PCA_OPTS_INIT;

  opts.solver = solver;
  return opts;
}

/* Fits a distributed copy of X; NULL after a failed check. */
static tartan_pca *fit(tartan_grid *grid, tartan_dtype dtype, const dense *X, const tartan_pca_opts *opts,
                       tartan_status expected, tartan_pca_info *info)
{
  const tartan_matrix_opts layout = layout_random(grid);
  tartan_matrix           *A = matrix_of(grid, dtype, X, &layout);
  tartan_operator         *op = NULL;
  tartan_pca              *model = (tartan_pca *)grid;

  CHECK_OK(tartan_operator_from_matrix(A, &op));
  CHECK_STATUS(tartan_pca_fit(op, opts, &model, info), expected);
  CHECK((model == NULL) == (expected != TARTAN_OK));
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
  return model;
}

static double relative(double found, double expected, double size)
{
  return fabs(found - expected) / (size > 0 ? size : 1);
}

/* Vectors: eigenvectors of C, orthonormal, with the sign rule. */
static void judge_vectors(const pca_reference *r, const tartan_pca_values *v)
{
  const int64_t n = r->n, k = v->components;
  const double  top = r->variance[0] > 0 ? r->variance[0] : 1;
  int64_t       wrong = 0;

  for (int64_t c = 0; c < k; c++) {
    const double *x = v->components_ + c * n;
    double        residual = 0, largest = 0;
    int64_t       first = 0;

    for (int64_t i = 0; i < n; i++) {
      double sum = -v->explained_variance_[c] * x[i];

      for (int64_t j = 0; j < n; j++) sum += AT(r->C, i, j) * x[j];
      residual += sum * sum;
      largest = fmax(largest, fabs(x[i]));
    }
    CHECK_LE(sqrt(residual), TOLERANCE * top);
    while (first < n && !(fabs(x[first]) >= (1 - 1e-6) * largest)) first++;
    wrong += first == n || x[first] < 0;
    for (int64_t d = 0; d <= c; d++) {
      double dot = 0;

      for (int64_t i = 0; i < n; i++) dot += x[i] * v->components_[d * n + i];
      wrong += !(fabs(dot - (c == d)) <= TOLERANCE);
    }
  }
  CHECK_EQ(wrong, 0);
}

static void judge(const pca_reference *r, const tartan_pca_values *v, int64_t k)
{
  const double top = r->variance[0];
  double       left = 0;

  if (!CHECK_EQ(v->components, k)) return;
  CHECK(v->samples == r->m && v->features == r->n);
  for (int64_t c = 0; c < k; c++) {
    CHECK_LE(relative(v->explained_variance_[c], r->variance[c], top), TOLERANCE);
    CHECK_LE(relative(v->explained_variance_ratio_[c], r->total > 0 ? r->variance[c] / r->total : 0, 1), TOLERANCE);
    CHECK_LE(relative(v->singular_values_[c] * v->singular_values_[c], r->variance[c] * (double)(r->m - 1),
                      top * (double)(r->m - 1)),
             2 * TOLERANCE);
    CHECK(v->explained_variance_[c] >= 0 && (c == 0 || v->explained_variance_[c] <= v->explained_variance_[c - 1]));
  }
  for (int64_t c = k; c < r->k; c++) left += r->variance[c];
  CHECK_LE(relative(v->noise_variance_, r->k > k ? left / (double)(r->k - k) : 0, top), TOLERANCE);
  CHECK_LE(relative(v->total_variance_, r->total, r->total), TOLERANCE);
  for (int64_t j = 0; j < r->n; j++) {
    CHECK_LE(relative(v->mean_[j], r->mean[j], fabs(r->mean[j]) + 1), 1e-14);
    CHECK_LE(relative(v->scale_[j], r->scale[j], r->scale[j]), 1e-13);
  }
  judge_vectors(r, v);
}

/* Scores Y := (X - mean) / scale V, divided by the standard deviations if whitened, in any layout and type. */
static void judge_transform(tartan_grid *grid, const tartan_pca *model, const dense *X)
{
  const tartan_matrix_opts layout = layout_random(grid), of_y = layout_random(grid);
  tartan_pca_values        v;
  tartan_matrix           *A = matrix_of(grid, TARTAN_F64, X, &layout), *Y = NULL, *bad = NULL;
  tartan_operator         *op = NULL;
  dense                    y;
  double                   worst = 0, size = 1e-300;

  tartan_pca_get_values(model, &v);
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, X->m, v.components, &of_y, &Y));
  CHECK_OK(tartan_matrix_create(grid, TARTAN_F64, X->m, v.components + 1, &of_y, &bad));
  CHECK_OK(tartan_operator_from_matrix(A, &op));
  CHECK_OK(tartan_pca_transform(model, op, Y));
  CHECK_STATUS(tartan_pca_transform(model, op, bad), TARTAN_ERR_SHAPE);
  y = dense_of(Y);
  for (int64_t c = 0; c < v.components; c++)
    for (int64_t i = 0; i < X->m; i++) {
      const bool  whitened = v.whiten && v.explained_variance_[c] > 1e-12 * v.explained_variance_[0];
      long double sum = 0;

      if (v.whiten && !whitened) continue; /* noise over noise */
      for (int64_t j = 0; j < X->n; j++)
        sum += (AT(*X, i, j) - (long double)v.mean_[j]) / v.scale_[j] * v.components_[c * X->n + j];
      if (whitened) sum /= sqrtl(v.explained_variance_[c]);
      worst = fmax(worst, isnan(AT(y, i, c)) ? INFINITY : fabs(AT(y, i, c) - (double)sum));
      size = fmax(size, (double)fabsl(sum));
    }
  CHECK_LE(worst / size, 1e-11);
  dense_free(&y);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&A);
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&bad);
}

/* Random data with columns of different size and offset. */
static double data_value(int64_t i, int64_t j, void *seed)
{
  return fill_random(i, j, seed) * (double)(1 + j % 5) + (double)(3 * j);
}

static void test_shapes(tartan_grid *grid)
{
  static const int64_t shapes[][2] = {{2, 1}, {2, 5}, {7, 7}, {3, 20}, {40, 9}, {200, 20}, {1100, 6}};
  uint64_t             seed = check_seed();

  for (int s = 0; s < 7; s++)
    for (int solver = 0; solver < 4; solver++)
      for (int variant = 0; variant < 4; variant++) {
        tartan_pca_opts   opts = defaults(solvers[solver]);
        tartan_pca_info   info;
        tartan_pca_values v;
        dense             X = dense_make(shapes[s][0], shapes[s][1], data_value, &seed);
        const int64_t     least = X.m < X.n ? X.m : X.n;
        pca_reference     r;
        tartan_pca       *model;

        if (solvers[solver] == TARTAN_PCA_AUTO && variant > 0) {
          dense_free(&X);
          continue;
        }
        opts.center = variant != 1;
        opts.scale = variant == 2;
        opts.whiten = variant == 3;
        opts.components = variant == 3 ? (least + 1) / 2 : 0;
        check_context("%lld x %lld, solver %d, variant %d", (long long)X.m, (long long)X.n, solver, variant);
        r = pca_reference_make(&X, opts.center, opts.scale);
        model = fit(grid, TARTAN_F64, &X, &opts, TARTAN_OK, &info);
        if (model) {
          tartan_pca_get_values(model, &v);
          CHECK(v.center == opts.center && v.scale == opts.scale && v.whiten == opts.whiten);
          judge(&r, &v, opts.components > 0 ? opts.components : least);
          judge_transform(grid, model, &X);
          CHECK(info.seconds > 0 && info.floor > 0 && info.floor < 1e-3 && info.nan_replaced == 0);
          if (solvers[solver] == TARTAN_PCA_GRAM) CHECK(info.reproducible && strcmp(info.plan.algorithm, "gram") == 0);
          if (solvers[solver] == TARTAN_PCA_FULL) CHECK(strcmp(info.plan.algorithm, "full") == 0);
          if (solvers[solver] == TARTAN_PCA_TSQR) CHECK(info.reproducible && strcmp(info.plan.algorithm, "tsqr") == 0);
          CHECK(strlen(info.plan.reason) > 0);
        }
        tartan_pca_destroy(&model);
        CHECK(model == NULL);
        pca_reference_free(&r);
        dense_free(&X);
      }
  tartan_pca_destroy(NULL);
}

/* Singular values exactly (3.142, 2.718, 1.0) about an offset come back to 1e-12. */
static void test_constructed(tartan_grid *grid)
{
  static const double sigma[] = {3.142, 2.718, 1.0};
  const int64_t       m = 500, n = 3;
  uint64_t            seed = check_seed();
  dense U = dense_make(m, n, fill_random, &seed), V = dense_make(n, n, fill_random, &seed), X = dense_new(m, n);

  for (int64_t j = 0; j < n; j++) { /* columns of mean zero stay so */
    long double sum = 0;

    for (int64_t i = 0; i < m; i++) sum += AT(U, i, j);
    for (int64_t i = 0; i < m; i++) AT(U, i, j) -= (double)(sum / m);
  }
  dense_orthonormalize(&U);
  dense_orthonormalize(&V);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) {
      AT(X, i, j) = 0.25 * (double)j;
      for (int64_t k = 0; k < n; k++) AT(X, i, j) += AT(U, i, k) * sigma[k] * AT(V, j, k);
    }
  for (int solver = 0; solver < 3; solver++) {
    tartan_pca_opts   opts = defaults(solvers[solver]);
    tartan_pca_values v;
    tartan_pca       *model = fit(grid, TARTAN_F64, &X, &opts, TARTAN_OK, NULL);

    check_context("constructed, solver %d", solver);
    if (!model) continue;
    tartan_pca_get_values(model, &v);
    for (int64_t k = 0; k < n; k++) CHECK_LE(relative(v.singular_values_[k], sigma[k], sigma[k]), 1e-12);
    tartan_pca_destroy(&model);
  }
  dense_free(&U);
  dense_free(&V);
  dense_free(&X);
}

/* Three strong directions above noise: k by fractions of the variance and by likelihood. */
static void test_choices(tartan_grid *grid)
{
  static const double fractions[] = {0.1, 0.5, 0.9, 0.99, 0.999999};
  const int64_t       m = 300, n = 12;
  double              sigma[12] = {40, 25, 12, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  uint64_t            seed = 5;
  dense               X = dense_with_values(m, n, n, sigma, seed);
  pca_reference       r;

  for (int64_t i = 0; i < m * n; i++) X.a[i] += 0.01 * fill_random(i, 7, &seed);
  r = pca_reference_make(&X, true, false);
  for (int solver = 0; solver < 3; solver++) {
    tartan_pca_opts   opts = defaults(solvers[solver]);
    tartan_pca_values v;
    tartan_pca       *model;

    for (int f = 0; f < 5; f++) {
      double  sum = 0;
      int64_t k = 0;

      check_context("fraction %g, solver %d", fractions[f], solver);
      while (k < n && sum <= fractions[f] * r.total) sum += r.variance[k++];
      opts.variance = fractions[f];
      model = fit(grid, TARTAN_F64, &X, &opts, TARTAN_OK, NULL);
      if (model) tartan_pca_get_values(model, &v), judge(&r, &v, k);
      tartan_pca_destroy(&model);
    }
    check_context("mle, solver %d", solver);
    opts.variance = 0;
    opts.mle = true;
    model = fit(grid, TARTAN_F64, &X, &opts, TARTAN_OK, NULL);
    if (model) tartan_pca_get_values(model, &v), judge(&r, &v, minka_components(m, n, r.variance));
    tartan_pca_destroy(&model);
  }
  pca_reference_free(&r);
  dense_free(&X);
}

/* Rank deficiency, constant and equal columns; scaling takes a constant column by 1. */
static void test_degenerate(tartan_grid *grid)
{
  uint64_t seed = check_seed();

  for (int kind = 0; kind < 3; kind++)
    for (int solver = 0; solver < 3; solver++)
      for (int scale = 0; scale < 2; scale++) {
        tartan_pca_opts   opts = defaults(solvers[solver]);
        dense             X = dense_make(700, 5, fill_random, &seed);
        pca_reference     r;
        tartan_pca_values v;
        tartan_pca       *model;

        for (int64_t i = 0; i < X.m; i++) {
          if (kind == 0) AT(X, i, 2) = 0.1, AT(X, i, 4) = 123456.7; /* not binary fractions */
          if (kind == 1) AT(X, i, 3) = AT(X, i, 1);
          if (kind == 2)
            for (int64_t j = 0; j < X.n; j++) AT(X, i, j) = 1.0 / 3;
        }
        check_context("degenerate %d, solver %d, scale %d", kind, solver, scale);
        opts.scale = scale;
        r = pca_reference_make(&X, true, scale);
        model = fit(grid, TARTAN_F64, &X, &opts, TARTAN_OK, NULL);
        if (model) {
          tartan_pca_get_values(model, &v);
          if (kind < 2)
            judge(&r, &v, X.n);
          else
            for (int64_t j = 0; j < X.n; j++) CHECK(v.explained_variance_[j] <= 1e-20 && v.scale_[j] == 1);
        }
        tartan_pca_destroy(&model);
        pca_reference_free(&r);
        dense_free(&X);
      }
}

static void test_missing(tartan_grid *grid)
{
  uint64_t             seed = check_seed();
  dense                X = dense_make(90, 6, data_value, &seed), filled = dense_make(90, 6, data_value, &seed);
  static const int64_t holes[][2] = {{89, 5}, {17, 2}, {18, 0}, {40, 2}};

  for (int h = 0; h < 4; h++) AT(X, holes[h][0], holes[h][1]) = NAN;
  for (int64_t j = 0; j < 6; j++) {
    long double sum = 0, count = 0;

    for (int64_t i = 0; i < 90; i++)
      if (!isnan(AT(X, i, j))) sum += AT(X, i, j), count += 1;
    for (int64_t i = 0; i < 90; i++)
      if (isnan(AT(X, i, j))) AT(filled, i, j) = (double)(sum / count);
  }
  for (int solver = 0; solver < 3; solver++) {
    tartan_pca_opts   opts = defaults(solvers[solver]);
    pca_reference     r = pca_reference_make(&filled, true, false);
    tartan_pca_info   info;
    tartan_pca_values v;
    tartan_pca       *model;

    check_context("NaN, solver %d", solver);
    fit(grid, TARTAN_F64, &X, &opts, TARTAN_ERR_INPUT, NULL);
    CHECK(strstr(tartan_error_message(), "4 values") != NULL);
    CHECK(strstr(tartan_error_message(), "NaN at sample 17, feature 2") != NULL);
    opts.nan = TARTAN_PCA_NAN_MEAN;
    model = fit(grid, TARTAN_F64, &X, &opts, TARTAN_OK, &info);
    if (model) {
      tartan_pca_get_values(model, &v);
      judge(&r, &v, 6);
      CHECK_EQ(info.nan_replaced, 4);
    }
    tartan_pca_destroy(&model);
    AT(X, 3, 3) = INFINITY;
    check_context("Inf, solver %d", solver);
    fit(grid, TARTAN_F64, &X, &opts, TARTAN_ERR_INPUT, NULL);
    CHECK(strstr(tartan_error_message(), "Inf at sample 3, feature 3") != NULL);
    AT(X, 3, 3) = 0;
    AT(X, 3, 3) = AT(filled, 3, 3);
    pca_reference_free(&r);
  }
  dense_free(&X);
  dense_free(&filled);
}

static void test_bad_options(tartan_grid *grid)
{
  uint64_t seed = 1;
  dense    X = dense_make(8, 5, fill_random, &seed), wide = dense_make(4, 9, fill_random, &seed),
        one = dense_make(1, 5, fill_random, &seed);

  for (int kind = 0; kind < 9; kind++) {
    tartan_pca_opts opts = defaults(TARTAN_PCA_AUTO);
    const dense    *data = kind == 5 ? &wide : kind == 6 ? &one : &X;

    check_context("bad options %d", kind);
    if (kind == 0) opts.components = 6;
    if (kind == 1) opts.components = -1;
    if (kind == 2) opts.variance = 1;
    if (kind == 3) opts.variance = -0.5;
    if (kind == 4) opts.variance = NAN;
    if (kind == 5) opts.mle = true;
    if (kind == 7) opts.mle = true, opts.components = 2;
    if (kind == 8) opts.variance = 0.5, opts.components = 2;
    fit(grid, TARTAN_F64, data, &opts, TARTAN_ERR_ARG, NULL);
    CHECK(strlen(tartan_error_message()) > 0);
  }
  dense_free(&X);
  dense_free(&wide);
  dense_free(&one);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_shapes(grid);
  test_constructed(grid);
  test_choices(grid);
  test_degenerate(grid);
  test_missing(grid);
  test_bad_options(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
