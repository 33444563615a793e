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

#include "als_problem.h"
#include "check.h"
#include "kernel/als.h"

/* ------------------------------------------------------------------------------------------------ tests */

static void test_exact(const als_problem *p, const double *ref, const double *limit, tt_isa isa, tt_als_form form)
{
  static const char *const forms[] = {"by count", "heavy", "light"};
  const tt_als_shared      shared = als_shared_of(p, isa, form);
  tt_als_rows              rows = als_rows_of(p);
  const size_t             bytes = (size_t)(ALS_ROWS * p->k) * tartan_dtype_size(p->dtype);
  void                    *again = als_need(bytes);
  tartan_status            local = TARTAN_OK;

  check_context("%s, k = %lld, %s, shared %d, weights %d, %s", tartan_dtype_name(p->dtype), (long long)p->k,
                tt_isa_name(isa), p->shared_kind, p->weight_kind, forms[form]);
  memset(rows.X, 0xff, bytes);
  CHECK_EQ(tt_als_exact(&shared, &rows, 1, NULL, &local), 0);
  CHECK_OK(local);
  for (int u = 0; u < ALS_ROWS; u++) CHECK_LE(als_error_of(p, u, rows.X, ref, 0), limit[u]);
  rows.X = again;
  CHECK_EQ(tt_als_exact(&shared, &rows, 2, NULL, &local), 0);
  CHECK(memcmp(again, p->typed[6], bytes) == 0);
  free(again);
}

/* Each row alone, last first: the bits of the whole. */
static void test_alone(const als_problem *p, tt_isa isa)
{
  const tt_als_shared shared = als_shared_of(p, isa, TT_ALS_BY_COUNT);
  const size_t        size = tartan_dtype_size(p->dtype), bytes = (size_t)p->k * size;
  tt_als_rows         rows = als_rows_of(p);
  char               *whole = als_need(ALS_ROWS * bytes), *x = als_need(bytes);
  tartan_status       local = TARTAN_OK;

  check_context("rows alone: %s, k = %lld, %s", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa));
  for (int cg = 0; cg < 2; cg++) {
    rows = als_rows_of(p);
    rows.X = memset(whole, 0, ALS_ROWS * bytes);
    if (cg)
      tt_als_cg(&shared, &rows, 3, 2, NULL, &local);
    else
      tt_als_exact(&shared, &rows, 2, NULL, &local);
    for (int u = ALS_ROWS - 1; u >= 0; u--) {
      rows = als_rows_of(p);
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
static void test_poisoned(const als_problem *p, tt_isa isa)
{
  const tt_als_shared shared = als_shared_of(p, isa, TT_ALS_BY_COUNT);
  const size_t        size = tartan_dtype_size(p->dtype), bytes = (size_t)p->k * size;
  tt_als_rows         rows = als_rows_of(p);
  char               *good = als_need(ALS_ROWS * bytes), *bad = als_need(ALS_ROWS * bytes);
  void               *target = als_typed_copy(p, p->target, p->observations);
  tartan_status       local = TARTAN_OK;

  check_context("poisoned: %s, k = %lld, %s", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa));
  for (int u = 1; u < 8; u += 5) /* a light and a heavy one */
    memset((char *)target + (size_t)p->ptr[u] * size, 0xff, size);
  for (int cg = 0; cg < 2; cg++) {
    for (int poison = 0; poison < 2; poison++) {
      rows.X = memset(poison ? bad : good, 0, ALS_ROWS * bytes);
      rows.target = poison ? target : p->typed[4];
      if (cg)
        tt_als_cg(&shared, &rows, 3, 1, NULL, &local);
      else
        tt_als_exact(&shared, &rows, 1, NULL, &local);
    }
    for (int u = 0; u < ALS_ROWS; u++) {
      const size_t at = (size_t)u * bytes;

      CHECK(u == 1 || u == 6 ? isnan(als_get(p->dtype, bad, u * p->k)) : memcmp(good + at, bad + at, bytes) == 0);
    }
  }
  CHECK_OK(local);
  free(target);
  free(bad);
  free(good);
}

static void test_segments(const als_problem *p, const double *ref, const double *limit, tt_isa isa)
{
  const tt_als_shared shared = als_shared_of(p, isa, TT_ALS_BY_COUNT);
  const tt_als_rows   rows = als_rows_of(p);
  const size_t        size = tartan_dtype_size(p->dtype);
  const int64_t       k = p->k, segment = 137;

  check_context("segments: %s, k = %lld, %s", tartan_dtype_name(p->dtype), (long long)k, tt_isa_name(isa));
  for (int u = 1; u < ALS_ROWS; u++) {
    char *A = als_need((size_t)(k * (k + 1) / 2) * size), *b = als_need((size_t)k * size);

    for (int64_t o = p->ptr[u]; o < p->ptr[u + 1]; o += segment) {
      const int64_t left = p->ptr[u + 1] - o;
      const char   *weight = rows.weight ? (const char *)rows.weight + (size_t)o * size : NULL;

      tt_als_accumulate(&shared, left < segment ? left : segment, p->col + o, weight,
                        (const char *)rows.target + (size_t)o * size, A, b);
    }
    CHECK(tt_als_finish(&shared, p->lambda[u], A, b, (char *)rows.X + (size_t)(u * k) * size));
    CHECK_LE(als_error_of(p, u, rows.X, ref, 0), limit[u]);
    free(b);
    free(A);
  }
}

/* The textbook's loop. */
static void reference_cg(const als_problem *p, int u, int steps, double *x)
{
  const int64_t k = p->k;
  long double  *A = als_need((size_t)(k * k) * sizeof *A), *r = als_need((size_t)k * sizeof *r);
  long double  *s = als_need((size_t)k * sizeof *s), *q = als_need((size_t)k * sizeof *q), square;

  als_dense(p, u, A, r);
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = i + 1; j < k; j++) A[i * k + j] = A[j * k + i];
  for (int64_t i = 0; i < k; i++) {
    for (int64_t j = 0; j < k; j++) r[i] -= A[i * k + j] * x[j];
  }
  memcpy(s, r, (size_t)k * sizeof *s);
  square = powl(als_norm(k, r), 2);
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
    square = powl(als_norm(k, r), 2);
    for (int64_t i = 0; i < k; i++) s[i] = r[i] + square / before * s[i];
  }
  free(q);
  free(s);
  free(r);
  free(A);
}

static void test_cg(const als_problem *p, tt_isa isa)
{
  const tt_als_shared shared = als_shared_of(p, isa, TT_ALS_BY_COUNT);
  const tt_als_rows   rows = als_rows_of(p);
  double             *x = als_need((size_t)(ALS_ROWS * p->k) * 8), *start = als_need((size_t)(ALS_ROWS * p->k) * 8);
  const int           steps = p->k < 3 ? (int)p->k : 3;
  const double        limit = (p->dtype == TARTAN_F32 ? 1e-4 : 1e-11) * (p->shared_kind == ALS_SHARED_NONE ? 100 : 1);
  tartan_status       local = TARTAN_OK;

  check_context("cg: %s, k = %lld, %s, shared %d", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa),
                p->shared_kind);
  for (int64_t i = 0; i < ALS_ROWS * p->k; i++) {
    x[i] = start[i] = als_rounded(p, check_uniform() - 0.5);
    if (p->dtype == TARTAN_F32)
      ((float *)rows.X)[i] = (float)x[i];
    else
      ((double *)rows.X)[i] = x[i];
  }
  tt_als_cg(&shared, &rows, steps, 2, NULL, &local);
  CHECK_OK(local);
  for (int u = 0; u < ALS_ROWS; u++) {
    reference_cg(p, u, steps, x + u * p->k);
    CHECK_LE(als_error_of(p, u, rows.X, x, 0.5), limit);
  }
  free(start);
  free(x);
}

/* What each row's observations add to the objective, with the solution and alone, against long double. */
static void test_misfit(const als_problem *p, tt_isa isa)
{
  const tt_als_shared shared = als_shared_of(p, isa, TT_ALS_BY_COUNT);
  const double        more = 0.25;
  double              misfit[ALS_ROWS];
  tt_als_rows         rows = als_rows_of(p);
  tartan_status       local = TARTAN_OK;

  check_context("%s, k = %lld, %s, misfit, weights %d", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa),
                p->weight_kind);
  rows.misfit = misfit;
  rows.more = more;
  CHECK_EQ(tt_als_exact(&shared, &rows, 2, NULL, &local), 0);
  CHECK_OK(local);
  for (int u = 0; u < ALS_ROWS; u++) {
    long double sum = 0, sizes = 0;

    for (int64_t o = p->ptr[u]; o < p->ptr[u + 1]; o++) {
      const double t = als_get(p->dtype, rows.target, o), w = rows.weight ? als_get(p->dtype, rows.weight, o) : 0;
      const double target = rows.weight ? t != 0 : t, c = rows.weight ? w + more : 1, all = rows.weight ? more : 0;
      long double  s = 0, size = 0;

      for (int64_t i = 0; i < p->k; i++) {
        const long double one = (long double)als_get(p->dtype, rows.X, u * p->k + i) * p->Y[p->col[o] * p->k + i];

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
  als_problem p;
  double     *ref, limit[ALS_ROWS];

  if (shared_kind == ALS_SHARED_NONE && weight_kind == ALS_W_NEGATIVE) return; /* not definite */
  p = als_problem_make(dtype, k, shared_kind, weight_kind);
  ref = als_need((size_t)(ALS_ROWS * k) * 8);
  als_reference(&p, ref, limit);
  for (int isa = TT_ISA_PORTABLE; isa <= (int)tt_isa_host(); isa++) {
    for (int form = TT_ALS_BY_COUNT; form <= TT_ALS_LIGHT; form++)
      test_exact(&p, ref, limit, (tt_isa)isa, (tt_als_form)form);
    test_alone(&p, (tt_isa)isa);
    test_misfit(&p, (tt_isa)isa);
    test_poisoned(&p, (tt_isa)isa);
    test_segments(&p, ref, limit, (tt_isa)isa);
    if (weight_kind == ALS_W_POSITIVE) test_cg(&p, (tt_isa)isa);
  }
  free(ref);
  als_problem_free(&p);
}

/* Two equal observations of two factors without anything added; negative lambda; both beside a good row. */
static void test_singular(tartan_dtype dtype, int isa)
{
  const double  one[] = {1, 1, 1, 1}, lambda[] = {0, -5, 1};
  const int64_t ptr[] = {0, 2, 3, 4};
  const int32_t col[] = {0, 0, 0, 0};
  als_problem   p = {.dtype = dtype};
  void         *ones = als_typed_copy(&p, one, 4), *lambdas = als_typed_copy(&p, lambda, 3), *X = als_need(6 * 8);
  tt_als_shared shared = {.dtype = dtype, .isa = (tt_isa)isa, .k = 2, .Y = ones};
  tt_als_rows   rows = {.count = 3, .ptr = ptr, .col = col, .target = ones, .lambda = lambdas, .X = X};
  tartan_status local = TARTAN_OK;

  check_context("singular: %s, %s", tartan_dtype_name(dtype), tt_isa_name((tt_isa)isa));
  CHECK_EQ(tt_als_exact(&shared, &rows, 1, NULL, &local), 2);
  for (int i = 0; i < 4; i++) CHECK(isnan(als_get(dtype, X, i)));
  for (int i = 4; i < 6; i++) CHECK_LE(fabs(als_get(dtype, X, i) - 1.0 / 3), 1e-6);
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

      for (int kind = ALS_SHARED_NONE; kind <= ALS_SHARED_DIAGONAL; kind++)
        for (int weight = ALS_W_NULL; weight < ALS_W_KINDS; weight++)
          if (ks[i] < 16 || (int)(i + (size_t)kind) % ALS_W_KINDS == weight || (ks[i] < 64 && weight == ALS_W_POSITIVE))
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
