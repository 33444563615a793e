// TEST: np=0 labels=numeric,kernel threads=2 timeout=120
/*
 * Rows over x >= 0: the conditions of Karush, Kuhn and Tucker by dense equations in long double, the least value by trying
 * all sets of coordinates where there are few, values that never rise; rows from their sums; the same bits alone and with
 * other threads.
 *
 *   x >= 0,   |g_i| <= limit where x_i > 0,   g_i >= -limit,   g = A x - b,
 *   limit = 10 u max_i (|b_i| + (|A| x)_i) with the sizes of what b and A are sums of
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "als_problem.h"
#include "check.h"

#define TRIED 7 /* factors up to which all sets are tried */

/* Row u in long double, both triangles of A; sums of absolute values of what A and b are made of. */
typedef struct equations {
  int64_t     k;
  long double A[130 * 130], b[130], sizes[130 * 130], right[130];
} equations;

static void equations_of(const als_problem *p, int u, equations *e)
{
  const int64_t k = e->k = p->k;

  als_dense(p, u, e->A, e->b);
  for (int64_t i = 0; i < k; i++) {
    for (int64_t j = i + 1; j < k; j++) e->A[i * k + j] = e->A[j * k + i];
    for (int64_t j = 0; j < k; j++) e->sizes[i * k + j] = fabs(p->G[i * k + j]);
    e->sizes[i * k + i] += p->lambda[u];
  }
  for (int64_t o = p->ptr[u]; o < p->ptr[u + 1]; o++) {
    const double *y = p->Y + p->col[o] * k;

    for (int64_t i = 0; i < k; i++) {
      e->right[i] += fabs(p->target[o] * y[i]);
      for (int64_t j = 0; j < k; j++) e->sizes[i * k + j] += fabs(p->weight[o] * y[i] * y[j]);
    }
  }
}

static long double value_at(const equations *e, const double *x)
{
  long double sum = 0;

  for (int64_t i = 0; i < e->k; i++) {
    long double Ax = 0;

    for (int64_t j = 0; j < e->k; j++) Ax += e->A[i * e->k + j] * x[j];
    sum += x[i] * (Ax / 2 - e->b[i]);
  }
  return sum;
}

/* How large gradients may be by rounding. */
static long double limit_of(const equations *e, const double *x, double unit)
{
  long double limit = 0;

  for (int64_t i = 0; i < e->k; i++) {
    long double size = e->right[i];

    for (int64_t j = 0; j < e->k; j++) size += e->sizes[i * e->k + j] * x[j];
    limit = fmaxl(limit, 10 * unit * size);
  }
  return limit;
}

static void check_conditions(const equations *e, const double *x, long double limit)
{
  for (int64_t i = 0; i < e->k; i++) {
    long double g = -e->b[i];

    for (int64_t j = 0; j < e->k; j++) g += e->A[i * e->k + j] * x[j];
    CHECK(x[i] >= 0);
    CHECK_LE((double)-g, (double)limit);
    if (x[i] > 0) CHECK_LE((double)g, (double)limit);
  }
}

/* The least value over one set of coordinates, if its minimum is not negative; else 0, that of x = 0. sum: of x. */
static long double value_of_set(const equations *e, unsigned set, long double *sum)
{
  long double A[TRIED * TRIED], x[TRIED], value = 0;
  int64_t     n = 0, index[TRIED];

  *sum = 0;
  for (int64_t i = 0; i < e->k; i++)
    if (set >> i & 1) index[n++] = i;
  for (int64_t i = 0; i < n; i++) {
    x[i] = e->b[index[i]];
    for (int64_t j = 0; j < n; j++) A[i * n + j] = e->A[index[i] * e->k + index[j]];
  }
  als_cholesky(n, A);
  als_solve(n, A, x);
  for (int64_t i = 0; i < n; i++) {
    if (!(x[i] >= 0)) return 0;
    value -= e->b[index[i]] * x[i] / 2;
    *sum += x[i];
  }
  return value;
}

/* By how much values may differ: |g| is at most the limit at x. */
static void check_least(const equations *e, const double *x, long double limit)
{
  long double best = 0, sum = 0, total = 0;

  for (unsigned set = 1; set < 1U << e->k; set++) {
    long double       here;
    const long double value = value_of_set(e, set, &here);

    if (value >= best) continue;
    best = value;
    sum = here;
  }
  for (int64_t i = 0; i < e->k; i++) total += x[i];
  CHECK_LE((double)fabsl(value_at(e, x) - best), (double)(limit * (sum + total)));
}

/* Row u of X, which was `start` before. */
static void check_row(const als_problem *p, int u, const void *X, const double *start)
{
  const double unit = p->dtype == TARTAN_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
  equations   *e = als_need(sizeof *e);
  double       x[130], before[130];
  long double  limit, sum = 0;

  equations_of(p, u, e);
  for (int64_t i = 0; i < p->k; i++) {
    x[i] = als_get(p->dtype, X, u * p->k + i);
    before[i] = fmax(0, start[u * p->k + i]);
    sum += x[i] + before[i];
  }
  limit = limit_of(e, x, unit);
  check_conditions(e, x, limit);
  if (p->k <= TRIED) check_least(e, x, limit);
  CHECK_LE((double)value_at(e, x), (double)(value_at(e, before) + limit * sum));
  free(e);
}

/* The numbers from which all rows start. */
static double *draw_start(const als_problem *p)
{
  double *start = als_need((size_t)(ALS_ROWS * p->k) * 8);

  for (int64_t i = 0; i < ALS_ROWS * p->k; i++) start[i] = als_rounded(p, check_uniform() < 0.5 ? 0 : check_uniform());
  return start;
}

/* Each row alone, last first: the bits of the whole. */
static void check_bits(const als_problem *p, const tt_als_shared *shared, const double *start, const void *whole)
{
  const size_t  size = tartan_dtype_size(p->dtype), bytes = (size_t)p->k * size;
  void         *x = als_typed_copy(p, start, ALS_ROWS * p->k);
  tartan_status local = TARTAN_OK;

  for (int u = ALS_ROWS - 1; u >= 0; u--) {
    tt_als_rows rows = als_rows_of(p);

    rows.count = 1;
    rows.ptr += u;
    rows.lambda = (const char *)rows.lambda + (size_t)u * size;
    rows.X = (char *)x + (size_t)u * bytes;
    CHECK_EQ(tt_als_nonnegative(shared, &rows, 1, NULL, &local), 0);
  }
  CHECK_OK(local);
  CHECK(memcmp(x, whole, ALS_ROWS * bytes) == 0);
  free(x);
}

static void test_sums(const als_problem *p, const tt_als_shared *shared, const double *start)
{
  const tt_als_rows rows = als_rows_of(p);
  const size_t      size = tartan_dtype_size(p->dtype);
  const int64_t     k = p->k;
  void             *X = als_typed_copy(p, start, ALS_ROWS * k);
  tartan_status     local = TARTAN_OK;

  for (int u = 1; u < ALS_ROWS; u++) {
    const int64_t from = p->ptr[u];

    if (p->ptr[u + 1] == from) continue;
    char *A = als_need((size_t)(k * (k + 1) / 2) * size), *b = als_need((size_t)k * size);

    tt_als_accumulate(shared, p->ptr[u + 1] - from, p->col + from,
                      rows.weight ? (const char *)rows.weight + (size_t)from * size : NULL,
                      (const char *)rows.target + (size_t)from * size, A, b);
    CHECK(tt_als_finish_nonnegative(shared, p->lambda[u], A, b, (char *)X + (size_t)(u * k) * size, NULL, &local));
    check_row(p, u, X, start);
    free(b);
    free(A);
  }
  CHECK_OK(local);
  free(X);
}

/* Targets that are not numbers, and a diagonal below zero, are counted and ruin no other row. */
static void test_bad(const als_problem *p, const tt_als_shared *shared, const double *start, const char *whole)
{
  const size_t  size = tartan_dtype_size(p->dtype), bytes = (size_t)p->k * size;
  tt_als_rows   rows = als_rows_of(p);
  double        lambda[ALS_ROWS];
  void         *target = als_typed_copy(p, p->target, p->observations), *minus;
  tartan_status local = TARTAN_OK;

  memset((char *)target + (size_t)p->ptr[6] * size, 0xff, size);
  memcpy(lambda, p->lambda, sizeof lambda);
  lambda[2] = -1e6;
  minus = als_typed_copy(p, lambda, ALS_ROWS);
  rows.X = als_typed_copy(p, start, ALS_ROWS * p->k);
  rows.target = target;
  rows.lambda = minus;
  CHECK_EQ(tt_als_nonnegative(shared, &rows, 1, NULL, &local), 2);
  for (int u = 0; u < ALS_ROWS; u++)
    CHECK(u == 2 || u == 6 ? isnan(als_get(p->dtype, rows.X, u * p->k))
                           : memcmp(whole + (size_t)u * bytes, (char *)rows.X + (size_t)u * bytes, bytes) == 0);
  free(rows.X);
  free(minus);
  free(target);
}

static void test_problem(tartan_dtype dtype, int64_t k, int shared_kind, int weight_kind)
{
  als_problem p;
  double     *start;

  if (shared_kind == ALS_SHARED_NONE && weight_kind == ALS_W_NEGATIVE) return; /* not definite */
  p = als_problem_make(dtype, k, shared_kind, weight_kind);
  start = draw_start(&p);
  for (int isa = TT_ISA_PORTABLE; isa <= (int)tt_isa_host(); isa++) {
    const tt_als_shared shared = als_shared_of(&p, (tt_isa)isa, TT_ALS_BY_COUNT);
    tt_als_rows         rows = als_rows_of(&p);
    tartan_status       local = TARTAN_OK;

    check_context("%s, k = %lld, %s, shared %d, weights %d", tartan_dtype_name(dtype), (long long)k,
                  tt_isa_name((tt_isa)isa), shared_kind, weight_kind);
    rows.X = als_typed_copy(&p, start, ALS_ROWS * k);
    CHECK_EQ(tt_als_nonnegative(&shared, &rows, 2, NULL, &local), 0);
    CHECK_OK(local);
    for (int64_t i = 0; i < k; i++) CHECK(als_get(dtype, rows.X, i) == 0); /* a row without observations */
    for (int u = 1; u < ALS_ROWS; u++) check_row(&p, u, rows.X, start);
    check_bits(&p, &shared, start, rows.X);
    test_sums(&p, &shared, start);
    test_bad(&p, &shared, start, rows.X);
    free(rows.X);
  }
  free(start);
  als_problem_free(&p);
}

/* A factor that no observation has, without a penalty: it becomes zero. */
static void test_dead_factor(tartan_dtype dtype)
{
  const double  y[] = {1, 0}, one[] = {1}, zero[] = {0}, start[] = {3, 4};
  const int64_t ptr[] = {0, 1};
  const int32_t col[] = {0};
  als_problem   p = {.dtype = dtype};
  void         *Y = als_typed_copy(&p, y, 2), *ones = als_typed_copy(&p, one, 1), *lambda = als_typed_copy(&p, zero, 1);
  void         *X = als_typed_copy(&p, start, 2);
  tt_als_shared shared = {.dtype = dtype, .k = 2, .Y = Y};
  tt_als_rows   rows = {.count = 1, .ptr = ptr, .col = col, .target = ones, .lambda = lambda, .X = X};
  tartan_status local = TARTAN_OK;

  check_context("a dead factor: %s", tartan_dtype_name(dtype));
  CHECK_EQ(tt_als_nonnegative(&shared, &rows, 1, NULL, &local), 0);
  CHECK(als_get(dtype, X, 0) == 1 && als_get(dtype, X, 1) == 0);
  free(X);
  free(lambda);
  free(ones);
  free(Y);
}

int main(int argc, char **argv)
{
  static const int64_t ks[] = {1, 3, 7, 16, 33, 130};

  check_start_plain(argc, argv);
  for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
    for (int type = 0; type < 2; type++)
      for (int kind = ALS_SHARED_NONE; kind <= ALS_SHARED_DIAGONAL; kind++)
        for (int weight = ALS_W_NULL; weight < ALS_W_KINDS; weight++)
          if (ks[i] < 7 || (int)(i + (size_t)kind) % ALS_W_KINDS == weight)
            test_problem(type == 0 ? TARTAN_F32 : TARTAN_F64, ks[i], kind, weight);
  test_dead_factor(TARTAN_F32);
  test_dead_factor(TARTAN_F64);
  return check_finish();
}
