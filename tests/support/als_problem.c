/* Rows of least squares with random observations, weights and shared parts, and their dense equations. */
#include "als_problem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

void *als_need(size_t bytes)
{
  void *p = calloc(1, bytes + 1);

  if (!p) exit(EXIT_FAILURE);
  return p;
}

double als_rounded(const als_problem *p, double x)
{
  return p->dtype == TARTAN_F32 ? (double)(float)x : x;
}

double als_get(tartan_dtype dtype, const void *a, int64_t i)
{
  return dtype == TARTAN_F32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
}

void *als_typed_copy(const als_problem *p, const double *from, int64_t count)
{
  void *to = als_need((size_t)count * 8);

  for (int64_t i = 0; i < count; i++) {
    if (p->dtype == TARTAN_F32)
      ((float *)to)[i] = (float)from[i];
    else
      ((double *)to)[i] = from[i];
  }
  return to;
}

static double draw_weight(int kind)
{
  const double u = check_uniform();

  if (kind == ALS_W_NULL) return 1;
  if (kind == ALS_W_TINY) return u < 0.5 ? 1e-20 * u : u;
  if (kind == ALS_W_ZERO) return u < 0.5 ? 0 : u;
  if (kind == ALS_W_NEGATIVE) return u < 0.2 ? -0.02 * u : u;
  return 0.5 + 20 * u;
}

static void fill_shared(als_problem *p)
{
  const int64_t k = p->k;

  for (int64_t i = 0; i < ALS_ITEMS * k; i++) p->Y[i] = als_rounded(p, check_uniform() - 0.5);
  for (int64_t i = 0; i < k; i++) {
    p->d[i] = als_rounded(p, 0.5 + 5 * check_uniform());
    for (int64_t j = 0; j <= i && p->shared_kind != ALS_SHARED_NONE; j++) {
      double sum = 0;

      for (int64_t o = 0; o < ALS_ITEMS; o++) sum += p->Y[o * k + i] * p->Y[o * k + j];
      if (p->shared_kind == ALS_SHARED_DIAGONAL) sum = i == j ? p->d[i] : 0;
      p->G[i * k + j] = p->G[j * k + i] = als_rounded(p, sum);
    }
  }
}

als_problem als_problem_make(tartan_dtype dtype, int64_t k, int shared_kind, int weight_kind)
{
  static const double lambdas[] = {1e-3, 0.1, 1, 50};
  const int64_t       counts[ALS_ROWS] = {0, 1, 5, k - 1, k, k + 1, k == 130 ? 900 : 300, 17};
  als_problem         p = {.dtype = dtype, .k = k, .shared_kind = shared_kind, .weight_kind = weight_kind};

  for (int u = 0; u < ALS_ROWS; u++) p.ptr[u + 1] = p.ptr[u] + counts[u];
  p.observations = p.ptr[ALS_ROWS];
  p.Y = als_need((size_t)(ALS_ITEMS * k) * 8);
  p.G = als_need((size_t)(k * k) * 8);
  p.d = als_need((size_t)k * 8);
  p.weight = als_need((size_t)p.observations * 8);
  p.target = als_need((size_t)p.observations * 8);
  p.col = als_need((size_t)p.observations * 4);
  fill_shared(&p);
  for (int64_t o = 0; o < p.observations; o++) {
    p.weight[o] = als_rounded(&p, draw_weight(weight_kind));
    p.target[o] = als_rounded(&p, p.weight[o] * (1 + check_uniform()));
    p.col[o] = (int32_t)check_pick(ALS_ITEMS);
  }
  for (int u = 0; u < ALS_ROWS; u++) {
    p.lambda[u] = als_rounded(&p, lambdas[check_pick(4)]);
    if (shared_kind == ALS_SHARED_DENSE && u == 6) p.lambda[u] = 0;
  }
  p.typed[0] = als_typed_copy(&p, p.Y, ALS_ITEMS * k);
  p.typed[1] = als_typed_copy(&p, p.G, k * k);
  p.typed[2] = als_typed_copy(&p, p.d, k);
  p.typed[3] = als_typed_copy(&p, p.weight, p.observations);
  p.typed[4] = als_typed_copy(&p, p.target, p.observations);
  p.typed[5] = als_typed_copy(&p, p.lambda, ALS_ROWS);
  p.typed[6] = als_need((size_t)(ALS_ROWS * k) * 8);
  return p;
}

void als_problem_free(als_problem *p)
{
  free(p->Y);
  free(p->G);
  free(p->d);
  free(p->weight);
  free(p->target);
  free(p->col);
  for (int i = 0; i < 7; i++) free(p->typed[i]);
}

tt_als_shared als_shared_of(const als_problem *p, tt_isa isa, tt_als_form form)
{
  return (tt_als_shared){.dtype = p->dtype,
                         .isa = isa,
                         .form = form,
                         .k = p->k,
                         .Y = p->typed[0],
                         .G = p->shared_kind == ALS_SHARED_NONE ? NULL : p->typed[1],
                         .d = p->shared_kind == ALS_SHARED_DIAGONAL ? p->typed[2] : NULL};
}

tt_als_rows als_rows_of(const als_problem *p)
{
  return (tt_als_rows){.count = ALS_ROWS,
                       .ptr = p->ptr,
                       .col = p->col,
                       .weight = p->weight_kind == ALS_W_NULL ? NULL : p->typed[3],
                       .target = p->typed[4],
                       .lambda = p->typed[5],
                       .X = p->typed[6]};
}

void als_dense(const als_problem *p, int u, long double *A, long double *b)
{
  const int64_t k = p->k;

  for (int64_t i = 0; i < k; i++) {
    b[i] = 0;
    for (int64_t j = 0; j < k; j++) A[i * k + j] = p->G[i * k + j] + (i == j ? (long double)p->lambda[u] : 0);
  }
  for (int64_t o = p->ptr[u]; o < p->ptr[u + 1]; o++) {
    const double *y = p->Y + p->col[o] * k;

    for (int64_t i = 0; i < k; i++) {
      const long double wy = (long double)p->weight[o] * y[i];

      for (int64_t j = 0; j <= i; j++) A[i * k + j] += wy * y[j];
      b[i] += (long double)p->target[o] * y[i];
    }
  }
}

double als_norm(int64_t k, const long double *x)
{
  long double sum = 0;

  for (int64_t i = 0; i < k; i++) sum += x[i] * x[i];
  return (double)sqrtl(sum);
}

/* Relative to the reference, or to elements of this size. */
double als_error_of(const als_problem *p, int u, const void *X, const double *ref, double scale)
{
  double above = 0, below = scale * scale * (double)p->k;

  for (int64_t i = u * p->k; i < (u + 1) * p->k; i++) {
    above += pow(als_get(p->dtype, X, i) - ref[i], 2);
    if (scale == 0) below += ref[i] * ref[i];
  }
  return below > 0 ? sqrt(above / below) : sqrt(above);
}

void als_cholesky(int64_t k, long double *A)
{
  for (int64_t j = 0; j < k; j++) {
    for (int64_t i = j; i < k; i++) {
      for (int64_t e = 0; e < j; e++) A[i * k + j] -= A[i * k + e] * A[j * k + e];
      A[i * k + j] = i == j ? sqrtl(A[j * k + j]) : A[i * k + j] / A[j * k + j];
    }
  }
}

void als_solve(int64_t k, const long double *L, long double *x)
{
  for (int64_t i = 0; i < k; i++) {
    for (int64_t j = 0; j < i; j++) x[i] -= L[i * k + j] * x[j];
    x[i] /= L[i * k + i];
  }
  for (int64_t i = k - 1; i >= 0; i--) {
    for (int64_t j = i + 1; j < k; j++) x[i] -= L[j * k + i] * x[j];
    x[i] /= L[i * k + i];
  }
}

/* trace(A) / smallest eigenvalue, by some inverse iterations. */
double als_condition(int64_t k, const long double *L, double trace)
{
  long double *x = als_need((size_t)k * sizeof *x);
  double       inverse = 0;

  for (int64_t i = 0; i < k; i++) x[i] = check_uniform() - 0.5;
  for (int it = 0; it < 6; it++) {
    const double before = als_norm(k, x);

    for (int64_t i = 0; i < k; i++) x[i] /= before;
    als_solve(k, L, x);
    inverse = als_norm(k, x);
  }
  free(x);
  return trace * inverse;
}

/* X [ROWS, k] of the problem, and the limit of the error of each row. */
void als_reference(const als_problem *p, double *X, double *limit)
{
  const int64_t k = p->k;
  const double  unit = p->dtype == TARTAN_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
  long double  *A = als_need((size_t)(k * k) * sizeof *A), *b = als_need((size_t)k * sizeof *b);

  for (int u = 0; u < ALS_ROWS; u++) {
    double trace = 0;

    limit[u] = p->dtype == TARTAN_F32 ? 1e-5 : 1e-12;
    if (p->ptr[u] == p->ptr[u + 1]) continue;
    als_dense(p, u, A, b);
    for (int64_t i = 0; i < k; i++) trace += (double)A[i * k + i];
    als_cholesky(k, A);
    als_solve(k, A, b);
    for (int64_t i = 0; i < k; i++) X[u * k + i] = (double)b[i];
    limit[u] = fmax(limit[u], 4 * unit * als_condition(k, A, trace));
  }
  free(b);
  free(A);
}
