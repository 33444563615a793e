// TEST: np=0 labels=numeric,kernel threads=2 timeout=120
/*
 * Passes over blocks of coordinates against a dense loop in long double; one block is the exact solution; the same bits alone
 * and with other threads; every instruction set that this processor has.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "als_problem.h"
#include "check.h"

/* The equations of row u, both triangles. */
static void full(const als_problem *p, int u, long double *A, long double *b)
{
  als_dense(p, u, A, b);
  for (int64_t i = 0; i < p->k; i++)
    for (int64_t j = i + 1; j < p->k; j++) A[i * p->k + j] = A[j * p->k + i];
}

/* One block: A_pp change = b_p - A_p x. */
static void dense_step(int64_t k, const long double *A, const long double *b, int64_t first, int64_t width, double *x)
{
  long double *B = als_need((size_t)(width * width) * sizeof *B), *r = als_need((size_t)width * sizeof *r);

  for (int64_t i = 0; i < width; i++) {
    r[i] = b[first + i];
    for (int64_t j = 0; j < k; j++) r[i] -= A[(first + i) * k + j] * x[j];
    for (int64_t j = 0; j < width; j++) B[i * width + j] = A[(first + i) * k + first + j];
  }
  als_cholesky(width, B);
  als_solve(width, B, r);
  for (int64_t i = 0; i < width; i++) x[first + i] += (double)r[i];
  free(r);
  free(B);
}

/* X := a pass over the rows; limit: of the errors, by the condition of the rows' matrices. */
static void dense_pass(const als_problem *p, int64_t block, double *X, double *limit)
{
  const int64_t k = p->k;
  const double  unit = p->dtype == TARTAN_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
  long double  *A = als_need((size_t)(k * k) * sizeof *A), *b = als_need((size_t)k * sizeof *b);

  for (int u = 0; u < ALS_ROWS; u++) {
    double trace = 0;

    limit[u] = 0;
    if (p->ptr[u] == p->ptr[u + 1]) {
      memset(X + u * k, 0, (size_t)k * sizeof *X);
      continue;
    }
    full(p, u, A, b);
    for (int64_t j = 0; j < k; j += block) dense_step(k, A, b, j, block < k - j ? block : k - j, X + u * k);
    for (int64_t i = 0; i < k; i++) trace += (double)A[i * k + i];
    als_cholesky(k, A);
    limit[u] = fmax(p->dtype == TARTAN_F32 ? 1e-5 : 1e-12, 8 * unit * als_condition(k, A, trace));
  }
  free(b);
  free(A);
}

/* X of the problem := numbers, the same in start. */
static void draw_start(const als_problem *p, void *X, double *start)
{
  for (int64_t i = 0; i < ALS_ROWS * p->k; i++) {
    start[i] = als_rounded(p, check_uniform() - 0.5);
    if (p->dtype == TARTAN_F32)
      ((float *)X)[i] = (float)start[i];
    else
      ((double *)X)[i] = start[i];
  }
}

static void check_bits(const als_problem *p, const tt_als_shared *shared, int64_t block, const double *start)
{
  const size_t  size = tartan_dtype_size(p->dtype), bytes = (size_t)p->k * size;
  void         *x = als_typed_copy(p, start, ALS_ROWS * p->k);
  tt_als_rows   rows;
  tartan_status local = TARTAN_OK;

  for (int u = ALS_ROWS - 1; u >= 0; u--) {
    rows = als_rows_of(p);
    rows.count = 1;
    rows.ptr += u;
    rows.lambda = (const char *)rows.lambda + (size_t)u * size;
    rows.X = (char *)x + (size_t)u * bytes;
    CHECK_EQ(tt_als_block(shared, &rows, block, 1, NULL, &local), 0);
  }
  CHECK_OK(local);
  CHECK(memcmp(x, p->typed[6], ALS_ROWS * bytes) == 0);
  free(x);
}

static void test_block(const als_problem *p, tt_isa isa, int64_t block)
{
  const tt_als_shared shared = als_shared_of(p, isa, TT_ALS_BY_COUNT);
  const tt_als_rows   rows = als_rows_of(p);
  const size_t        bytes = (size_t)(ALS_ROWS * p->k) * sizeof(double);
  double             *start = als_need(bytes), *x = als_need(bytes), limit[ALS_ROWS];
  tartan_status       local = TARTAN_OK;

  check_context("%s, k = %lld, %s, shared %d, weights %d, blocks of %lld", tartan_dtype_name(p->dtype), (long long)p->k,
                tt_isa_name(isa), p->shared_kind, p->weight_kind, (long long)block);
  draw_start(p, rows.X, start);
  memcpy(x, start, bytes);
  CHECK_EQ(tt_als_block(&shared, &rows, block, 2, NULL, &local), 0);
  CHECK_OK(local);
  dense_pass(p, block, x, limit);
  for (int u = 0; u < ALS_ROWS; u++) CHECK_LE(als_error_of(p, u, rows.X, x, 0.5), limit[u]);
  check_bits(p, &shared, block, start);
  free(x);
  free(start);
}

/* A block of all coordinates, or more, solves the row; so do many passes of small ones. */
static void test_exact(const als_problem *p, tt_isa isa)
{
  const tt_als_shared shared = als_shared_of(p, isa, TT_ALS_BY_COUNT);
  const tt_als_rows   rows = als_rows_of(p);
  double             *ref = als_need((size_t)(ALS_ROWS * p->k) * 8), *start = als_need((size_t)(ALS_ROWS * p->k) * 8);
  double              limit[ALS_ROWS];
  tartan_status       local = TARTAN_OK;

  check_context("exact: %s, k = %lld, %s, shared %d", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa),
                p->shared_kind);
  als_reference(p, ref, limit);
  draw_start(p, rows.X, start);
  CHECK_EQ(tt_als_block(&shared, &rows, p->k + 5, 1, NULL, &local), 0);
  for (int u = 0; u < ALS_ROWS; u++) CHECK_LE(als_error_of(p, u, rows.X, ref, 0.5), 4 * limit[u]);
  if (p->shared_kind == ALS_SHARED_DIAGONAL && p->k >= 7 && p->k <= 16) {
    for (int pass = 0; pass < 300; pass++) CHECK_EQ(tt_als_block(&shared, &rows, 4, 1, NULL, &local), 0);
    for (int u = 0; u < ALS_ROWS; u++) CHECK_LE(als_error_of(p, u, rows.X, ref, 0.5), 8 * limit[u]);
  }
  CHECK_OK(local);
  free(start);
  free(ref);
}

/* A row whose target is not a number ruins itself alone; one that is not definite is counted. */
static void test_bad(const als_problem *p, tt_isa isa)
{
  const tt_als_shared shared = als_shared_of(p, isa, TT_ALS_BY_COUNT);
  const size_t        size = tartan_dtype_size(p->dtype), bytes = (size_t)p->k * size;
  tt_als_rows         rows = als_rows_of(p);
  char               *good = als_need(ALS_ROWS * bytes), *bad = als_need(ALS_ROWS * bytes);
  double             *lambda = als_need(sizeof p->lambda);
  void               *target = als_typed_copy(p, p->target, p->observations), *minus;
  tartan_status       local = TARTAN_OK;

  check_context("bad: %s, k = %lld, %s", tartan_dtype_name(p->dtype), (long long)p->k, tt_isa_name(isa));
  memset((char *)target + (size_t)p->ptr[6] * size, 0xff, size);
  memcpy(lambda, p->lambda, sizeof p->lambda);
  lambda[2] = -1e6;
  minus = als_typed_copy(p, lambda, ALS_ROWS);
  rows.X = good;
  CHECK_EQ(tt_als_block(&shared, &rows, 3, 1, NULL, &local), 0);
  rows.X = bad;
  rows.target = target;
  rows.lambda = minus;
  CHECK_EQ(tt_als_block(&shared, &rows, 3, 1, NULL, &local), 1);
  CHECK_OK(local);
  for (int u = 0; u < ALS_ROWS; u++)
    CHECK(u == 2 || u == 6 ? isnan(als_get(p->dtype, bad, u * p->k))
                           : memcmp(good + (size_t)u * bytes, bad + (size_t)u * bytes, bytes) == 0);
  free(minus);
  free(target);
  free(lambda);
  free(bad);
  free(good);
}

static void test_problem(tartan_dtype dtype, int64_t k, int shared_kind, int weight_kind)
{
  static const int64_t blocks[] = {1, 3, 8, 32};
  als_problem          p;

  if (shared_kind == ALS_SHARED_NONE && weight_kind == ALS_W_NEGATIVE) return; /* not definite */
  p = als_problem_make(dtype, k, shared_kind, weight_kind);
  for (int isa = TT_ISA_PORTABLE; isa <= (int)tt_isa_host(); isa++) {
    for (int b = 0; b < 4; b++)
      if (blocks[b] < k && (k < 100 || b > 1)) test_block(&p, (tt_isa)isa, blocks[b]);
    test_block(&p, (tt_isa)isa, k);
    test_exact(&p, (tt_isa)isa);
    if (k > 1) test_bad(&p, (tt_isa)isa);
  }
  als_problem_free(&p);
}

int main(int argc, char **argv)
{
  static const int64_t ks[] = {1, 2, 7, 16, 33, 64, 130};

  check_start_plain(argc, argv);
  for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
    for (int type = 0; type < 2; type++)
      for (int kind = ALS_SHARED_NONE; kind <= ALS_SHARED_DIAGONAL; kind++)
        for (int weight = ALS_W_NULL; weight < ALS_W_KINDS; weight++)
          if (ks[i] < 7 || (int)(i + (size_t)kind) % ALS_W_KINDS == weight)
            test_problem(type == 0 ? TARTAN_F32 : TARTAN_F64, ks[i], kind, weight);
  check_context("counts");
  CHECK_LE(fabs(tt_als_block_flops(64, 0, 32)), 0);
  CHECK(tt_als_block_flops(256, 2000, 32) < tt_als_flops(256, 2000, false) / 4);
  return check_finish();
}
