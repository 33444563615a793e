// TEST: np=0 labels=numeric,kernel threads=2 timeout=240
/*
 * Rows of alternating least squares against dense normal equations in long double: both exact forms, conjugate gradients,
 * rows in segments; every instruction set that this processor has.
 *
 *   |x - x_ref|_2 / |x_ref|_2 <= max(gate, 4 u cond(A)),   gate: 1e-12 (f64), 1e-5 (f32)
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel/als.h"

#define ITEMS 400
#define ROWS 8
#define SHARED_NONE 0
#define SHARED_DENSE 1
#define SHARED_DIAGONAL 2

enum { W_NULL, W_POSITIVE, W_TINY, W_ZERO, W_NEGATIVE, W_KINDS };

/* One problem in both precisions; f32 values are exact in f64. */
typedef struct problem {
  tartan_dtype dtype;
  int64_t      k, ptr[ROWS + 1], observations;
  int          shared_kind, weight_kind;
  double      *Y, *G, *d, *weight, *target, lambda[ROWS];
  int32_t     *col;
  void        *typed[7]; /* Y G d weight target lambda X */
} problem;

static void *need(size_t bytes)
{
  void *p = calloc(1, bytes + 1);

  if (!p) exit(EXIT_FAILURE);
  return p;
}

static double rounded(const problem *p, double x)
{
  return p->dtype == TARTAN_F32 ? (double)(float)x : x;
}

static double get(tartan_dtype dtype, const void *a, int64_t i)
{
  return dtype == TARTAN_F32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
}

static void *typed_copy(const problem *p, const double *from, int64_t count)
{
  void *to = need((size_t)count * 8);

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

  if (kind == W_NULL) return 1;
  if (kind == W_TINY) return u < 0.5 ? 1e-20 * u : u;
  if (kind == W_ZERO) return u < 0.5 ? 0 : u;
  if (kind == W_NEGATIVE) return u < 0.2 ? -0.02 * u : u;
  return 0.5 + 20 * u;
}

static void fill_shared(problem *p)
{
  const int64_t k = p->k;

  for (int64_t i = 0; i < ITEMS * k; i++) p->Y[i] = rounded(p, check_uniform() - 0.5);
  for (int64_t i = 0; i < k; i++) {
    p->d[i] = rounded(p, 0.5 + 5 * check_uniform());
    for (int64_t j = 0; j <= i && p->shared_kind != SHARED_NONE; j++) {
      double sum = 0;

      for (int64_t o = 0; o < ITEMS; o++) sum += p->Y[o * k + i] * p->Y[o * k + j];
      if (p->shared_kind == SHARED_DIAGONAL) sum = i == j ? p->d[i] : 0;
      p->G[i * k + j] = p->G[j * k + i] = rounded(p, sum);
    }
  }
}

static problem make(tartan_dtype dtype, int64_t k, int shared_kind, int weight_kind)
{
  static const double lambdas[] = {1e-3, 0.1, 1, 50};
  const int64_t       counts[ROWS] = {0, 1, 5, k - 1, k, k + 1, k == 130 ? 900 : 300, 17};
  problem             p = {.dtype = dtype, .k = k, .shared_kind = shared_kind, .weight_kind = weight_kind};

  for (int u = 0; u < ROWS; u++) p.ptr[u + 1] = p.ptr[u] + counts[u];
  p.observations = p.ptr[ROWS];
  p.Y = need((size_t)(ITEMS * k) * 8);
  p.G = need((size_t)(k * k) * 8);
  p.d = need((size_t)k * 8);
  p.weight = need((size_t)p.observations * 8);
  p.target = need((size_t)p.observations * 8);
  p.col = need((size_t)p.observations * 4);
  fill_shared(&p);
  for (int64_t o = 0; o < p.observations; o++) {
    p.weight[o] = rounded(&p, draw_weight(weight_kind));
    p.target[o] = rounded(&p, p.weight[o] * (1 + check_uniform()));
    p.col[o] = (int32_t)check_pick(ITEMS);
  }
  for (int u = 0; u < ROWS; u++) {
    p.lambda[u] = rounded(&p, lambdas[check_pick(4)]);
    if (shared_kind == SHARED_DENSE && u == 6) p.lambda[u] = 0;
  }
  p.typed[0] = typed_copy(&p, p.Y, ITEMS * k);
  p.typed[1] = typed_copy(&p, p.G, k * k);
  p.typed[2] = typed_copy(&p, p.d, k);
  p.typed[3] = typed_copy(&p, p.weight, p.observations);
  p.typed[4] = typed_copy(&p, p.target, p.observations);
  p.typed[5] = typed_copy(&p, p.lambda, ROWS);
  p.typed[6] = need((size_t)(ROWS * k) * 8);
  return p;
}

static void release(problem *p)
{
  free(p->Y);
  free(p->G);
  free(p->d);
  free(p->weight);
  free(p->target);
  free(p->col);
  for (int i = 0; i < 7; i++) free(p->typed[i]);
}

static tt_als_shared shared_of(const problem *p, tt_isa isa, tt_als_form form)
{
  return (tt_als_shared){.dtype = p->dtype,
                         .isa = isa,
                         .form = form,
                         .k = p->k,
                         .Y = p->typed[0],
                         .G = p->shared_kind == SHARED_NONE ? NULL : p->typed[1],
                         .d = p->shared_kind == SHARED_DIAGONAL ? p->typed[2] : NULL};
}

static tt_als_rows rows_of(const problem *p)
{
  return (tt_als_rows){.count = ROWS,
                       .ptr = p->ptr,
                       .col = p->col,
                       .weight = p->weight_kind == W_NULL ? NULL : p->typed[3],
                       .target = p->typed[4],
                       .lambda = p->typed[5],
                       .X = p->typed[6]};
}

/* ------------------------------------------------------------------------------------------------ the reference */

static void dense(const problem *p, int u, long double *A, long double *b)
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

static void cholesky(int64_t k, long double *A)
{
  for (int64_t j = 0; j < k; j++) {
    for (int64_t i = j; i < k; i++) {
      for (int64_t e = 0; e < j; e++) A[i * k + j] -= A[i * k + e] * A[j * k + e];
      A[i * k + j] = i == j ? sqrtl(A[j * k + j]) : A[i * k + j] / A[j * k + j];
    }
  }
}

static void solve(int64_t k, const long double *L, long double *x)
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

static double norm(int64_t k, const long double *x)
{
  long double sum = 0;

  for (int64_t i = 0; i < k; i++) sum += x[i] * x[i];
  return (double)sqrtl(sum);
}

/* trace(A) / smallest eigenvalue, by some inverse iterations. */
static double condition(int64_t k, const long double *L, double trace)
{
  long double *x = need((size_t)k * sizeof *x);
  double       inverse = 0;

  for (int64_t i = 0; i < k; i++) x[i] = check_uniform() - 0.5;
  for (int it = 0; it < 6; it++) {
    const double before = norm(k, x);

    for (int64_t i = 0; i < k; i++) x[i] /= before;
    solve(k, L, x);
    inverse = norm(k, x);
  }
  free(x);
  return trace * inverse;
}

/* X [ROWS, k] of the problem, and the limit of the error of each row. */
static void reference(const problem *p, double *X, double *limit)
{
  const int64_t k = p->k;
  const double  unit = p->dtype == TARTAN_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
  long double  *A = need((size_t)(k * k) * sizeof *A), *b = need((size_t)k * sizeof *b);

  for (int u = 0; u < ROWS; u++) {
    double trace = 0;

    limit[u] = p->dtype == TARTAN_F32 ? 1e-5 : 1e-12;
    if (p->ptr[u] == p->ptr[u + 1]) continue;
    dense(p, u, A, b);
    for (int64_t i = 0; i < k; i++) trace += (double)A[i * k + i];
    cholesky(k, A);
    solve(k, A, b);
    for (int64_t i = 0; i < k; i++) X[u * k + i] = (double)b[i];
    limit[u] = fmax(limit[u], 4 * unit * condition(k, A, trace));
  }
  free(b);
  free(A);
}

/* ------------------------------------------------------------------------------------------------ tests */

/* Relative to the reference, or to elements of this size. */
static double error_of(const problem *p, int u, const void *X, const double *ref, double scale)
{
  double above = 0, below = scale * scale * (double)p->k;

  for (int64_t i = u * p->k; i < (u + 1) * p->k; i++) {
    above += pow(get(p->dtype, X, i) - ref[i], 2);
    if (scale == 0) below += ref[i] * ref[i];
  }
  return below > 0 ? sqrt(above / below) : sqrt(above);
}

static void test_exact(const problem *p, const double *ref, const double *limit, tt_isa isa, tt_als_form form)
{
  static const char *const forms[] = {"by count", "heavy", "light"};
  const tt_als_shared      shared = shared_of(p, isa, form);
  tt_als_rows              rows = rows_of(p);
  const size_t             bytes = (size_t)(ROWS * p->k) * tartan_dtype_size(p->dtype);
  void                    *again = need(bytes);
  tartan_status            local = TARTAN_OK;

  check_context("%s, k = %lld, %s, shared %d, weights %d, %s", tartan_dtype_name(p->dtype), (long long)p->k,
                tt_isa_name(isa), p->shared_kind, p->weight_kind, forms[form]);
  memset(rows.X, 0xff, bytes);
  CHECK_EQ(tt_als_exact(&shared, &rows, 1, NULL, &local), 0);
  CHECK_OK(local);
  for (int u = 0; u < ROWS; u++) CHECK_LE(error_of(p, u, rows.X, ref, 0), limit[u]);
  rows.X = again;
  CHECK_EQ(tt_als_exact(&shared, &rows, 2, NULL, &local), 0);
  CHECK(memcmp(again, p->typed[6], bytes) == 0);
  free(again);
}

/* Each row alone, last first: the bits of the whole. */
static void test_alone(const problem *p, tt_isa isa)
{
  const tt_als_shared shared = shared_of(p, isa, TT_ALS_BY_COUNT);
  const size_t        size = tartan_dtype_size(p->dtype), bytes = (size_t)p->k * size;
  tt_als_rows         rows = rows_of(p);
  char               *whole = need(ROWS * bytes), *x = need(bytes);
  tartan_status       local = TARTAN_OK;

  check_context("rows alone: %s, k = %lld, %s", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa));
  for (int cg = 0; cg < 2; cg++) {
    rows = rows_of(p);
    rows.X = memset(whole, 0, ROWS * bytes);
    if (cg)
      tt_als_cg(&shared, &rows, 3, 2, NULL, &local);
    else
      tt_als_exact(&shared, &rows, 2, NULL, &local);
    for (int u = ROWS - 1; u >= 0; u--) {
      rows = rows_of(p);
      rows.count = 1;
      rows.ptr += u;
      rows.lambda = (const char *)rows.lambda + (size_t)u * size;
      rows.X = memset(x, 0, bytes);
      if (cg)
        tt_als_cg(&shared, &rows, 3, 1, NULL, &local);
      else
        tt_als_exact(&shared, &rows, 1, NULL, &local);
      CHECK(memcmp(x, whole + (size_t)u * bytes, bytes) == 0);
    }
  }
  CHECK_OK(local);
  free(x);
  free(whole);
}

/* A row whose targets are not numbers ruins itself alone, though the same thread goes on with its scratch memory. */
static void test_poisoned(const problem *p, tt_isa isa)
{
  const tt_als_shared shared = shared_of(p, isa, TT_ALS_BY_COUNT);
  const size_t        size = tartan_dtype_size(p->dtype), bytes = (size_t)p->k * size;
  tt_als_rows         rows = rows_of(p);
  char               *good = need(ROWS * bytes), *bad = need(ROWS * bytes);
  void               *target = typed_copy(p, p->target, p->observations);
  tartan_status       local = TARTAN_OK;

  check_context("poisoned: %s, k = %lld, %s", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa));
  for (int u = 1; u < 8; u += 5) /* a light and a heavy one */
    memset((char *)target + (size_t)p->ptr[u] * size, 0xff, size);
  for (int cg = 0; cg < 2; cg++) {
    for (int poison = 0; poison < 2; poison++) {
      rows.X = memset(poison ? bad : good, 0, ROWS * bytes);
      rows.target = poison ? target : p->typed[4];
      if (cg)
        tt_als_cg(&shared, &rows, 3, 1, NULL, &local);
      else
        tt_als_exact(&shared, &rows, 1, NULL, &local);
    }
    for (int u = 0; u < ROWS; u++) {
      const size_t at = (size_t)u * bytes;

      CHECK(u == 1 || u == 6 ? isnan(get(p->dtype, bad, u * p->k)) : memcmp(good + at, bad + at, bytes) == 0);
    }
  }
  CHECK_OK(local);
  free(target);
  free(bad);
  free(good);
}

static void test_segments(const problem *p, const double *ref, const double *limit, tt_isa isa)
{
  const tt_als_shared shared = shared_of(p, isa, TT_ALS_BY_COUNT);
  const tt_als_rows   rows = rows_of(p);
  const size_t        size = tartan_dtype_size(p->dtype);
  const int64_t       k = p->k, segment = 137;

  check_context("segments: %s, k = %lld, %s", tartan_dtype_name(p->dtype), (long long)k, tt_isa_name(isa));
  for (int u = 1; u < ROWS; u++) {
    char *A = need((size_t)(k * (k + 1) / 2) * size), *b = need((size_t)k * size);

    for (int64_t o = p->ptr[u]; o < p->ptr[u + 1]; o += segment) {
      const int64_t left = p->ptr[u + 1] - o;
      const char   *weight = rows.weight ? (const char *)rows.weight + (size_t)o * size : NULL;

      tt_als_accumulate(&shared, left < segment ? left : segment, p->col + o, weight,
                        (const char *)rows.target + (size_t)o * size, A, b);
    }
    CHECK(tt_als_finish(&shared, p->lambda[u], A, b, (char *)rows.X + (size_t)(u * k) * size));
    CHECK_LE(error_of(p, u, rows.X, ref, 0), limit[u]);
    free(b);
    free(A);
  }
}

/* The textbook's loop. */
static void reference_cg(const problem *p, int u, int steps, double *x)
{
  const int64_t k = p->k;
  long double  *A = need((size_t)(k * k) * sizeof *A), *r = need((size_t)k * sizeof *r);
  long double  *s = need((size_t)k * sizeof *s), *q = need((size_t)k * sizeof *q), square;

  dense(p, u, A, r);
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = i + 1; j < k; j++) A[i * k + j] = A[j * k + i];
  for (int64_t i = 0; i < k; i++) {
    for (int64_t j = 0; j < k; j++) r[i] -= A[i * k + j] * x[j];
  }
  memcpy(s, r, (size_t)k * sizeof *s);
  square = powl(norm(k, r), 2);
  for (int step = 0; step < steps && square > 0; step++) {
    long double along = 0, before = square;

    for (int64_t i = 0; i < k; i++) {
      q[i] = 0;
      for (int64_t j = 0; j < k; j++) q[i] += A[i * k + j] * s[j];
      along += q[i] * s[i];
    }
    for (int64_t i = 0; i < k; i++) {
      x[i] += (double)(square / along * s[i]);
      r[i] -= square / along * q[i];
    }
    square = powl(norm(k, r), 2);
    for (int64_t i = 0; i < k; i++) s[i] = r[i] + square / before * s[i];
  }
  free(q);
  free(s);
  free(r);
  free(A);
}

static void test_cg(const problem *p, tt_isa isa)
{
  const tt_als_shared shared = shared_of(p, isa, TT_ALS_BY_COUNT);
  const tt_als_rows   rows = rows_of(p);
  double             *x = need((size_t)(ROWS * p->k) * 8), *start = need((size_t)(ROWS * p->k) * 8);
  const int           steps = p->k < 3 ? (int)p->k : 3;
  const double        limit = (p->dtype == TARTAN_F32 ? 1e-4 : 1e-11) * (p->shared_kind == SHARED_NONE ? 100 : 1);
  tartan_status       local = TARTAN_OK;

  check_context("cg: %s, k = %lld, %s, shared %d", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa),
                p->shared_kind);
  for (int64_t i = 0; i < ROWS * p->k; i++) {
    x[i] = start[i] = rounded(p, check_uniform() - 0.5);
    if (p->dtype == TARTAN_F32)
      ((float *)rows.X)[i] = (float)x[i];
    else
      ((double *)rows.X)[i] = x[i];
  }
  tt_als_cg(&shared, &rows, steps, 2, NULL, &local);
  CHECK_OK(local);
  for (int u = 0; u < ROWS; u++) {
    reference_cg(p, u, steps, x + u * p->k);
    CHECK_LE(error_of(p, u, rows.X, x, 0.5), limit);
  }
  free(start);
  free(x);
}

/* What each row's observations add to the objective, with the solution and alone, against long double. */
static void test_misfit(const problem *p, tt_isa isa)
{
  const tt_als_shared shared = shared_of(p, isa, TT_ALS_BY_COUNT);
  const double        more = 0.25;
  double              misfit[ROWS];
  tt_als_rows         rows = rows_of(p);
  tartan_status       local = TARTAN_OK;

  check_context("%s, k = %lld, %s, misfit, weights %d", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa),
                p->weight_kind);
  rows.misfit = misfit;
  rows.more = more;
  CHECK_EQ(tt_als_exact(&shared, &rows, 2, NULL, &local), 0);
  CHECK_OK(local);
  for (int u = 0; u < ROWS; u++) {
    long double sum = 0, sizes = 0;

    for (int64_t o = p->ptr[u]; o < p->ptr[u + 1]; o++) {
      const double t = get(p->dtype, rows.target, o), w = rows.weight ? get(p->dtype, rows.weight, o) : 0;
      const double target = rows.weight ? t != 0 : t, c = rows.weight ? w + more : 1, all = rows.weight ? more : 0;
      long double  s = 0, size = 0;

      for (int64_t i = 0; i < p->k; i++) {
        const long double one = (long double)get(p->dtype, rows.X, u * p->k + i) * p->Y[p->col[o] * p->k + i];

        s += one;
        size += one < 0 ? -one : one;
      }
      sum += c * (target - s) * (target - s) - all * s * s;
      sizes += (fabs(c) + all) * (1 + fabs(target) + size) * (1 + fabs(target) + size);
    }
    CHECK_LE(fabs((double)(misfit[u] - sum)), 1e-13 * (double)sizes);
  }
}

static void test_problem(tartan_dtype dtype, int64_t k, int shared_kind, int weight_kind)
{
  problem p;
  double *ref, limit[ROWS];

  if (shared_kind == SHARED_NONE && weight_kind == W_NEGATIVE) return; /* not definite */
  p = make(dtype, k, shared_kind, weight_kind);
  ref = need((size_t)(ROWS * k) * 8);
  reference(&p, ref, limit);
  for (int isa = TT_ISA_PORTABLE; isa <= (int)tt_isa_host(); isa++) {
    for (int form = TT_ALS_BY_COUNT; form <= TT_ALS_LIGHT; form++)
      test_exact(&p, ref, limit, (tt_isa)isa, (tt_als_form)form);
    test_alone(&p, (tt_isa)isa);
    test_misfit(&p, (tt_isa)isa);
    test_poisoned(&p, (tt_isa)isa);
    test_segments(&p, ref, limit, (tt_isa)isa);
    if (weight_kind == W_POSITIVE) test_cg(&p, (tt_isa)isa);
  }
  free(ref);
  release(&p);
}

/* Two equal observations of two factors without anything added; negative lambda; both beside a good row. */
static void test_singular(tartan_dtype dtype, int isa)
{
  const double  one[] = {1, 1, 1, 1}, lambda[] = {0, -5, 1};
  const int64_t ptr[] = {0, 2, 3, 4};
  const int32_t col[] = {0, 0, 0, 0};
  problem       p = {.dtype = dtype};
  void         *ones = typed_copy(&p, one, 4), *lambdas = typed_copy(&p, lambda, 3), *X = need(6 * 8);
  tt_als_shared shared = {.dtype = dtype, .isa = (tt_isa)isa, .k = 2, .Y = ones};
  tt_als_rows   rows = {.count = 3, .ptr = ptr, .col = col, .target = ones, .lambda = lambdas, .X = X};
  tartan_status local = TARTAN_OK;

  check_context("singular: %s, %s", tartan_dtype_name(dtype), tt_isa_name((tt_isa)isa));
  CHECK_EQ(tt_als_exact(&shared, &rows, 1, NULL, &local), 2);
  for (int i = 0; i < 4; i++) CHECK(isnan(get(dtype, X, i)));
  for (int i = 4; i < 6; i++) CHECK_LE(fabs(get(dtype, X, i) - 1.0 / 3), 1e-6);
  free(X);
  free(lambdas);
  free(ones);
}

static void test_counts(void)
{
  check_context("counts");
  for (int64_t k = 1; k <= 256; k *= 2) {
    const int64_t from = tt_als_heavy_from(k);

    CHECK(from >= 1 && from <= k + 1);
  }
  CHECK_LE(fabs(tt_als_flops(64, 300, false) - (300.0 * 64 * 65 + 64.0 * 64 * 64 / 3 + 2 * 64 * 64)), 1e-6);
}

int main(int argc, char **argv)
{
  static const int64_t ks[] = {1, 2, 3, 7, 8, 16, 31, 64, 65, 128, 130};

  check_start_plain(argc, argv);
  for (size_t i = 0; i < sizeof ks / sizeof *ks; i++) {
    for (int type = 0; type < 2; type++) {
      const tartan_dtype dtype = type == 0 ? TARTAN_F32 : TARTAN_F64;

      for (int kind = SHARED_NONE; kind <= SHARED_DIAGONAL; kind++)
        for (int weight = W_NULL; weight < W_KINDS; weight++)
          if (ks[i] < 16 || (int)(i + (size_t)kind) % W_KINDS == weight || (ks[i] < 64 && weight == W_POSITIVE))
            test_problem(dtype, ks[i], kind, weight);
    }
  }
  for (int isa = TT_ISA_PORTABLE; isa <= (int)tt_isa_host(); isa++) {
    test_singular(TARTAN_F32, isa);
    test_singular(TARTAN_F64, isa);
  }
  test_counts();
  return check_finish();
}
