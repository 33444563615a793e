// TEST: np=1,2,3,4,6 labels=numeric,model timeout=240
/*
 * Regressions against what defines them, formed from the data in the test: the gradient of ridge, the conditions of Karush,
 * Kuhn and Tucker of lasso and elastic net, errors and predictions; least norm where there is no single solution; special
 * shapes; what is refused; the same bits on grids of the first 1, 2, ... ranks.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tartan/regress.h>

#include "check.h"
#include "matrices.h"
#include "operand.h"

/* Data of a case, on every rank. */
typedef struct sample {
  dense A, y;
} sample;

static double scaled_value(int64_t i, int64_t j, void *seed)
{
  return (fill_random(i, j, seed) + 3) * (double)(1 + j % 5); /* far from centered, unlike units */
}

static double target_value(int64_t i, int64_t j, void *context)
{
  const sample *s = context;
  uint64_t      seed = check_seed() + 7;
  double        sum = 2 + 0.3 * fill_random(i, j, &seed);

  for (int64_t k = 0; k < s->A.n; k += 3) sum += AT(s->A, i, k) * (double)(1 - (k % 2) * 2);
  return sum;
}

static sample sample_make(tartan_dtype dtype, int64_t m, int64_t n)
{
  uint64_t seed = check_seed();
  sample   s = {.A = dense_make(m, n, scaled_value, &seed)};

  if (dtype == TARTAN_F32) dense_round(&s.A);
  s.y = dense_make(m, 1, target_value, &s);
  if (dtype == TARTAN_F32) dense_round(&s.y);
  return s;
}

static void sample_free(sample *s)
{
  dense_free(&s->A);
  dense_free(&s->y);
}

/* Values of a column, less their mean where there is an intercept; also the length of the column. */
static double *centered(const dense *A, int64_t j, bool center, double *length)
{
  double *x = malloc((size_t)A->m * sizeof *x), mean = 0, sum = 0;

  for (int64_t i = 0; i < A->m; i++) mean += AT(*A, i, j) / (double)A->m;
  for (int64_t i = 0; i < A->m; i++) {
    x[i] = AT(*A, i, j) - (center ? mean : 0);
    sum += x[i] * x[i];
  }
  *length = sqrt(sum);
  return x;
}

/* y - A b - intercept by the sample itself. */
static double *residual(const sample *s, const double *b, double intercept, double *square)
{
  double *r = malloc((size_t)s->A.m * sizeof *r);

  *square = 0;
  for (int64_t i = 0; i < s->A.m; i++) {
    r[i] = AT(s->y, i, 0) - intercept;
    for (int64_t j = 0; j < s->A.n; j++) r[i] -= AT(s->A, i, j) * b[j];
    *square += r[i] * r[i];
  }
  return r;
}

/* How far the j-th coordinate is from its condition of optimality, in units of |x_j| |y|. */
static double violation(const tartan_regress_opts *o, double m, double alpha, double b, double gradient, double scale)
{
  const double r = o->model == TARTAN_REGRESS_LASSO ? 1 : o->l1_ratio;

  if (o->scale) { /* the penalty acts on b scale; the gradient by b scale is gradient / scale */
    gradient /= scale;
    b *= scale;
  }
  if (o->model == TARTAN_REGRESS_RIDGE || alpha == 0) return fabs(gradient - alpha * b);
  gradient -= m * alpha * (1 - r) * b;
  if (b != 0) return fabs(gradient - m * alpha * r * copysign(1, b));
  return fmax(0, fabs(gradient) - m * alpha * r);
}

/* Everything that defines the models of a fit. */
static void check_models(const sample *s, const tartan_regress_opts *o, const tartan_regression *model, double limit)
{
  const double          m = (double)s->A.m;
  tartan_regress_values v;
  double                spread;

  tartan_regress_get_values(model, &v);
  free(centered(&s->y, 0, true, &spread));
  CHECK_EQ(v.samples, s->A.m);
  CHECK_EQ(v.features, s->A.n);
  for (int64_t i = 0; i < v.penalties; i++) {
    const double *b = v.coef_ + i * v.features;
    double        square, size, worst = 0, sum = 0, *r = residual(s, b, v.intercept_[i], &square);
    int64_t       nonzero = 0;

    free(centered(&s->y, 0, o->intercept, &size));
    for (int64_t j = 0; j < v.features; j++) {
      double length, gradient = 0, *x = centered(&s->A, j, o->intercept, &length);

      for (int64_t k = 0; k < s->A.m; k++) gradient += x[k] * r[k];
      if (length > 0)
        worst = fmax(worst, violation(o, m, v.penalty[i], b[j], gradient, length / sqrt(m)) /
                                ((o->scale ? sqrt(m) : length) * size));
      nonzero += b[j] != 0;
      free(x);
    }
    for (int64_t k = 0; k < s->A.m; k++) sum += r[k];
    CHECK_LE(worst, limit);
    if (o->intercept) CHECK_LE(fabs(sum) / (m * (spread + fabs(v.intercept_[i]))), 1e-12);
    if (!o->intercept) CHECK(v.intercept_[i] == 0);
    CHECK_LE(fabs(v.mse[i] - square / m), 1e-11 * size * size / m);
    CHECK_LE(fabs(v.r2[i] - (1 - square / (spread * spread))), 1e-10 * size * size / (spread * spread));
    CHECK_EQ(v.nonzero[i], nonzero);
    CHECK(i == 0 || v.penalty[i] <= v.penalty[i - 1]);
    free(r);
  }
}

/* Predictions of every model against the sample. */
static void check_predictions(tartan_grid *grid, const sample *s, const tartan_regression *model,
                              const tartan_operator *op, tartan_dtype dtype)
{
  tartan_regress_values    v;
  const tartan_matrix_opts layout = layout_random(grid);
  tartan_matrix           *Y = matrix_make(grid, dtype, s->A.m, 1, &layout, fill_nan, NULL);

  tartan_regress_get_values(model, &v);
  for (int64_t i = 0; i < v.penalties; i += 1 + v.penalties / 2) {
    double square, *r = residual(s, v.coef_ + i * v.features, v.intercept_[i], &square), worst = 0, size = 1;
    dense  now;

    CHECK_OK(tartan_regress_predict(model, i, op, Y));
    now = dense_of(Y);
    for (int64_t k = 0; k < s->A.m; k++) {
      size = fmax(size, fabs(AT(s->y, k, 0)));
      worst = fmax(worst, fabs(AT(now, k, 0) - (AT(s->y, k, 0) - r[k])));
    }
    CHECK_LE(worst, 100 * (double)(v.features + 10) * unit_roundoff(dtype) * size);
    dense_free(&now);
    free(r);
  }
  CHECK_STATUS(tartan_regress_predict(model, v.penalties, op, Y), TARTAN_ERR_ARG);
  CHECK_STATUS(tartan_regress_predict(model, -1, op, Y), TARTAN_ERR_ARG);
  tartan_matrix_destroy(&Y);
}

static void one_case(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, const tartan_regress_opts *o,
                     double limit)
{
  const tartan_matrix_opts layout = layout_random(grid), column = layout_random(grid);
  sample                   s = sample_make(dtype, m, n);
  tartan_matrix           *A = matrix_of(grid, dtype, &s.A, &layout), *y = matrix_of(grid, dtype, &s.y, &column);
  tartan_operator         *op = NULL;
  tartan_regression       *model = NULL;
  tartan_regress_info      info;

  check_context("%lld x %lld %s model %d intercept %d scale %d", (long long)m, (long long)n, tartan_dtype_name(dtype),
                (int)o->model, o->intercept, o->scale);
  CHECK_OK(tartan_operator_from_matrix(A, &op));
  if (CHECK_OK(tartan_regress_fit(op, y, o, &model, &info))) {
    CHECK(info.converged);
    CHECK_LE(info.gap, fmax(o->tolerance, 1e-13));
    CHECK(o->model == TARTAN_REGRESS_RIDGE ? info.condition >= 1 : isnan(info.condition));
    check_models(&s, o, model, limit);
    check_predictions(grid, &s, model, op, dtype);
  }
  tartan_regress_destroy(&model);
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&y);
  tartan_matrix_destroy(&A);
  sample_free(&s);
}

static void all_models(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n)
{
  static const double list[] = {0.5, 20, 0.1};

  for (int k = 0; k < 4; k++) {
    tartan_regress_opts o = TARTAN_REGRESS_OPTS_INIT;

    o.intercept = k % 2 == 0;
    o.scale = k / 2 == 1;
    o.penalty = list;
    o.penalties = 3;
    one_case(grid, dtype, m, n, &o, 1e-12);
    o.model = k % 2 ? TARTAN_REGRESS_LASSO : TARTAN_REGRESS_ELASTIC_NET;
    o.penalty = NULL;
    o.penalties = 7;
    o.ratio = 0.02;
    o.tolerance = 1e-13;
    o.iterations = 1000000;
    one_case(grid, dtype, m, n, &o, 1e-7); /* the root of the gap */
  }
}

static tartan_regression *fit_dense(tartan_grid *grid, const dense *A, const dense *y, const tartan_regress_opts *o,
                                    tartan_status expected, tartan_regress_info *info)
{
  tartan_matrix     *a = matrix_of(grid, TARTAN_F64, A, NULL), *t = matrix_of(grid, TARTAN_F64, y, NULL);
  tartan_operator   *op = NULL;
  tartan_regression *model = (tartan_regression *)a;

  CHECK_OK(tartan_operator_from_matrix(a, &op));
  CHECK_STATUS(tartan_regress_fit(op, t, o, &model, info), expected);
  CHECK((model == NULL) == (expected != TARTAN_OK));
  tartan_operator_destroy(&op);
  tartan_matrix_destroy(&t);
  tartan_matrix_destroy(&a);
  return model;
}

/* Least squares where features repeat: the coefficient is shared, in proportion to the units. */
static void check_least_norm(tartan_grid *grid)
{
  const double          zero = 0;
  sample                s = sample_make(TARTAN_F64, 40, 3);
  dense                 twice = dense_new(40, 6);
  tartan_regress_opts   o = TARTAN_REGRESS_OPTS_INIT;
  tartan_regress_info   info;
  tartan_regress_values one, two;
  tartan_regression    *first, *second;

  o.penalty = &zero;
  o.penalties = 1;
  for (int64_t j = 0; j < 6; j++)
    for (int64_t i = 0; i < 40; i++) AT(twice, i, j) = AT(s.A, i, j / 2) * (j % 2 ? 1e6 : 1);
  first = fit_dense(grid, &s.A, &s.y, &o, TARTAN_OK, NULL);
  second = fit_dense(grid, &twice, &s.y, &o, TARTAN_OK, &info);
  tartan_regress_get_values(first, &one);
  tartan_regress_get_values(second, &two);
  CHECK(strstr(info.plan.reason, "rank 3 of 6"));
  CHECK(isinf(info.condition));
  for (int64_t j = 0; j < 6; j++) {
    const double by = j % 2 ? 1e6 : 1, expected = one.coef_[j / 2] * by / (1 + 1e12);

    CHECK_LE(fabs(two.coef_[j] - expected), 1e-7 * fabs(expected));
  }
  CHECK_LE(fabs(two.mse[0] - one.mse[0]), 1e-10);
  tartan_regress_destroy(&first);
  tartan_regress_destroy(&second);
  dense_free(&twice);
  sample_free(&s);
}

/* A constant feature has no coefficient, a constant target no model; one sample; fewer samples than features. */
static void check_special(tartan_grid *grid)
{
  static const double   zero = 0;
  tartan_regress_opts   o = TARTAN_REGRESS_OPTS_INIT;
  tartan_regress_values v;
  tartan_regression    *model;
  sample s = sample_make(TARTAN_F64, 30, 4), wide = sample_make(TARTAN_F64, 4, 9), lone = sample_make(TARTAN_F64, 1, 3);

  for (int k = 0; k < 4; k++) {
    o.model = k % 2 ? TARTAN_REGRESS_LASSO : TARTAN_REGRESS_RIDGE;
    o.penalties = k % 2 ? 5 : 1;
    o.scale = k / 2 == 1;
    for (int64_t i = 0; i < 30; i++) AT(s.A, i, 1) = 0.1;
    model = fit_dense(grid, &s.A, &s.y, &o, TARTAN_OK, NULL);
    tartan_regress_get_values(model, &v);
    for (int64_t i = 0; i < v.penalties; i++) CHECK(v.coef_[i * 4 + 1] == 0 && v.r2[i] < 1);
    tartan_regress_destroy(&model);
    o.penalty = k % 2 ? NULL : &zero;
    model = fit_dense(grid, &lone.A, &lone.y, &o, TARTAN_OK, NULL);
    tartan_regress_get_values(model, &v);
    for (int64_t j = 0; j < 3; j++) CHECK(v.coef_[j] == 0);
    CHECK(isnan(v.r2[0]) && v.mse[0] == 0);
    CHECK_LE(fabs(v.intercept_[0] - AT(lone.y, 0, 0)), 1e-15 * fabs(v.intercept_[0]));
    tartan_regress_destroy(&model);
    o.penalty = NULL;
  }
  o.model = TARTAN_REGRESS_RIDGE;
  o.penalty = &zero;
  o.penalties = 1;
  model = fit_dense(grid, &wide.A, &wide.y, &o, TARTAN_OK, NULL);
  tartan_regress_get_values(model, &v);
  CHECK_LE(fabs(v.r2[0] - 1), 1e-10);
  tartan_regress_destroy(&model);
  for (int64_t i = 0; i < 30; i++) AT(s.y, i, 0) = 0.1;
  model = fit_dense(grid, &s.A, &s.y, &o, TARTAN_OK, NULL);
  tartan_regress_get_values(model, &v);
  for (int64_t j = 0; j < 4; j++) CHECK(v.coef_[j] == 0);
  CHECK(isnan(v.r2[0]));
  tartan_regress_destroy(&model);
  sample_free(&s);
  sample_free(&wide);
  sample_free(&lone);
}

/* Options and data that are refused, with nothing given back. */
static void check_refused(tartan_grid *grid)
{
  const double        bad[] = {1, -1};
  sample              s = sample_make(TARTAN_F64, 9, 3), t = sample_make(TARTAN_F64, 8, 3);
  dense               none = dense_new(0, 3), empty = dense_new(0, 1);
  tartan_regress_opts o[8];

  for (int k = 0; k < 8; k++) {
    const tartan_regress_opts defaults = TARTAN_REGRESS_OPTS_INIT;

    o[k] = defaults;
  }
  o[0].penalty = bad;
  o[0].penalties = 2;
  o[1].l1_ratio = 0;
  o[2].ratio = 2;
  o[3].tolerance = -1;
  o[4].iterations = 0;
  o[5].penalties = 3; /* of ridge, without values */
  o[6].model = (tartan_regress_model)9;
  o[7].penalties = -1;
  for (int k = 0; k < 8; k++) fit_dense(grid, &s.A, &s.y, &o[k], TARTAN_ERR_ARG, NULL);
  fit_dense(grid, &s.A, &t.y, NULL, TARTAN_ERR_SHAPE, NULL);
  fit_dense(grid, &s.A, &s.A, NULL, TARTAN_ERR_SHAPE, NULL);
  fit_dense(grid, &none, &empty, NULL, TARTAN_ERR_SHAPE, NULL);
  AT(s.A, 5, 2) = (double)NAN;
  fit_dense(grid, &s.A, &s.y, NULL, TARTAN_ERR_INPUT, NULL);
  CHECK(strstr(tartan_error_message(), "sample 5, feature 2"));
  AT(s.A, 5, 2) = 0;
  AT(s.y, 6, 0) = INFINITY;
  fit_dense(grid, &s.A, &s.y, NULL, TARTAN_ERR_INPUT, NULL);
  AT(s.y, 6, 0) = 1e200;
  fit_dense(grid, &s.A, &s.y, NULL, TARTAN_ERR_NUMERIC, NULL);
  sample_free(&s);
  sample_free(&t);
  dense_free(&none);
  dense_free(&empty);
}

/* Too few sweeps: a result, marked. */
static void check_short(tartan_grid *grid)
{
  sample              s = sample_make(TARTAN_F64, 50, 8);
  tartan_regress_opts o = TARTAN_REGRESS_OPTS_INIT;
  tartan_regress_info info;
  tartan_regression  *model;

  o.model = TARTAN_REGRESS_LASSO;
  o.tolerance = 1e-12;
  o.iterations = 1;
  model = fit_dense(grid, &s.A, &s.y, &o, TARTAN_OK, &info);
  CHECK(!info.converged && info.gap > o.tolerance && info.sweeps == 100);
  tartan_regress_destroy(&model);
  sample_free(&s);
}

/* The numbers of a fit on the first ranks; a rank outside takes no part. */
static double *numbers_on(int ranks, int threads, const sample *s, const tartan_regress_opts *o, int64_t *count)
{
  tartan_grid          *grid = grid_of_first(ranks, threads);
  tartan_regression    *model;
  tartan_regress_values v;
  double               *copy = NULL;

  if (!grid) return NULL;
  model = fit_dense(grid, &s->A, &s->y, o, TARTAN_OK, NULL);
  tartan_regress_get_values(model, &v);
  *count = v.penalties * (v.features + 4);
  copy = malloc((size_t)*count * sizeof *copy);
  memcpy(copy, v.coef_, (size_t)*count * sizeof *copy); /* they lie in one block */
  tartan_regress_destroy(&model);
  tartan_grid_destroy(&grid);
  return copy;
}

static void check_bits(int64_t m, int64_t n)
{
  sample s = sample_make(TARTAN_F64, m, n);

  for (int kind = 0; kind < 2; kind++) {
    tartan_regress_opts o = TARTAN_REGRESS_OPTS_INIT;
    int64_t             count = 0;
    double             *one;

    o.model = kind ? TARTAN_REGRESS_LASSO : TARTAN_REGRESS_RIDGE;
    o.penalties = kind ? 6 : 1;
    o.ratio = 0.05;
    one = numbers_on(1, 1, &s, &o, &count); /* on rank 0 */
    for (int ranks = 1; ranks <= check_size(); ranks++) {
      int64_t same;
      double *other = numbers_on(ranks, 1 + ranks % 2, &s, &o, &same);

      check_context("bits of %lld x %lld, kind %d, %d ranks", (long long)m, (long long)n, kind, ranks);
      if (check_rank() == 0) CHECK(memcmp(one, other, (size_t)count * sizeof *one) == 0);
      free(other);
    }
    free(one);
  }
  sample_free(&s);
}

int main(int argc, char **argv)
{
  static const int64_t shapes[][2] = {{60, 1}, {97, 7}, {300, 23}, {1025, 8}};
  tartan_grid         *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  for (int i = 0; i < 4; i++) {
    all_models(grid, TARTAN_F64, shapes[i][0], shapes[i][1]);
    all_models(grid, TARTAN_F32, shapes[i][0], shapes[i][1]);
  }
  check_context("special cases");
  check_least_norm(grid);
  check_special(grid);
  check_refused(grid);
  check_short(grid);
  tartan_grid_destroy(&grid);
  check_bits(2000, 17);
  check_bits(30, 40);
  return check_finish();
}
