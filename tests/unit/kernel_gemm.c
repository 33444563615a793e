// TEST: np=0 labels=unit,kernel
/*
 * Local products against long double loops, by the product gate of the numerics page: for every element
 * |C - C_ref| <= min(k + 2, 4 sqrt(k) + 10) u (|alpha| |A||B| + |beta C|), 0/0 = 0.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel/gemm.h"

static const int64_t shapes[] = {0, 1, 2, 7, 33, 64};

typedef struct product {
  tartan_dtype dtype;
  tartan_op    op_a, op_b;
  int64_t      m, n, k, lda, ldb, ldc;
  double       alpha, beta;
  void        *a, *b, *c, *before;
} product;

static double get(tartan_dtype dtype, const void *data, int64_t at)
{
  return dtype == TARTAN_F32 ? (double)((const float *)data)[at] : ((const double *)data)[at];
}

static void *random_array(tartan_dtype dtype, int64_t count)
{
  void *data = malloc((size_t)(count + 1) * 8);

  if (!data) exit(EXIT_FAILURE);
  for (int64_t e = 0; e < count; e++) {
    if (dtype == TARTAN_F32)
      ((float *)data)[e] = (float)(2 * check_uniform() - 1);
    else
      ((double *)data)[e] = 2 * check_uniform() - 1;
  }
  return data;
}

static double limit(tartan_dtype dtype, int64_t k)
{
  return fmin((double)k + 2, 4 * sqrt((double)k) + 10) * (dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53);
}

/* The scaled residual of C(i, j). */
static double residual(const product *p, int64_t i, int64_t j)
{
  long double  sum = 0, size = 0;
  const double old = p->beta == 0 ? 0 : get(p->dtype, p->before, i + j * p->ldc);
  const double found = get(p->dtype, p->c, i + j * p->ldc);

  for (int64_t l = 0; l < p->k; l++) {
    const double a = get(p->dtype, p->a, p->op_a == TARTAN_TRANS ? l + i * p->lda : i + l * p->lda);
    const double b = get(p->dtype, p->b, p->op_b == TARTAN_TRANS ? j + l * p->ldb : l + j * p->ldb);

    sum += (long double)a * b;
    size += fabsl((long double)a * b);
  }
  sum = p->alpha * sum + (long double)p->beta * old;
  size = fabs(p->alpha) * size + fabsl((long double)p->beta * old);
  if (size == 0) return found == 0 ? 0 : INFINITY;
  return (double)(fabsl(found - sum) / size);
}

/* The largest residual over all or the lower triangle; elements outside must keep their bits. */
static double judge(const product *p, bool triangle)
{
  const size_t width = tartan_dtype_size(p->dtype);
  double       worst = 0;
  int64_t      changed = 0;

  for (int64_t j = 0; j < p->n; j++)
    for (int64_t i = 0; i < p->ldc; i++) {
      if (i < p->m && (!triangle || i >= j)) {
        const double r = residual(p, i, j);

        worst = r > worst || isnan(r) ? r : worst;
      } else {
        const size_t at = (size_t)(i + j * p->ldc) * width;

        changed += memcmp((char *)p->c + at, (char *)p->before + at, width) != 0;
      }
    }
  CHECK_EQ(changed, 0);
  return worst;
}

static void set_up(product *p)
{
  const size_t width = tartan_dtype_size(p->dtype);

  p->a = random_array(p->dtype, p->lda * (p->op_a == TARTAN_TRANS ? p->m : p->k));
  p->b = random_array(p->dtype, p->ldb * (p->op_b == TARTAN_TRANS ? p->k : p->n));
  p->c = random_array(p->dtype, p->ldc * p->n);
  if (p->beta == 0) memset(p->c, 0xff, (size_t)(p->ldc * p->n) * width); /* NaN: must not be read */
  p->before = random_array(p->dtype, p->ldc * p->n);
  memcpy(p->before, p->c, (size_t)(p->ldc * p->n) * width);
}

static void free_all(product *p)
{
  free(p->a);
  free(p->b);
  free(p->c);
  free(p->before);
}

static void test_gemm(product p)
{
  check_context("%lld x %lld x %lld, ops %d %d, alpha %g, beta %g, %s", (long long)p.m, (long long)p.n, (long long)p.k,
                p.op_a, p.op_b, p.alpha, p.beta, tartan_dtype_name(p.dtype));
  p.lda = (p.op_a == TARTAN_TRANS ? p.k : p.m) + 2;
  p.ldb = (p.op_b == TARTAN_TRANS ? p.n : p.k) + 1;
  p.ldc = p.m + 3;
  set_up(&p);
  tt_gemm_local(p.dtype, p.op_a, p.op_b, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc);
  CHECK_LE(judge(&p, false), limit(p.dtype, p.k));
  free_all(&p);
}

static void test_syrk(product p)
{
  check_context("syrk %lld x %lld, alpha %g, beta %g, %s", (long long)p.n, (long long)p.k, p.alpha, p.beta,
                tartan_dtype_name(p.dtype));
  p.m = p.n;
  p.op_a = TARTAN_NO_TRANS;
  p.op_b = TARTAN_TRANS;
  p.lda = p.ldb = p.n + 2;
  p.ldc = p.n + 1;
  set_up(&p);
  free(p.b);
  p.b = p.a;
  tt_syrk_local(p.dtype, p.n, p.k, p.alpha, p.a, p.lda, p.beta, p.c, p.ldc);
  CHECK_LE(judge(&p, true), limit(p.dtype, p.k));
  p.b = NULL;
  free_all(&p);
}

int main(int argc, char **argv)
{
  static const double scalars[][2] = {{1, 0}, {-0.5, 1}, {0, 2}, {2, -0.25}};

  check_start_plain(argc, argv);
  for (int m = 0; m < 6; m++)
    for (int n = 0; n < 6; n++)
      for (int k = 0; k < 6; k++)
        for (int v = 0; v < 4; v++) {
          const int which = (int)check_pick(4);
          product   p = {.dtype = (tartan_dtype)check_pick(2), .op_a = (tartan_op)(v & 1), .op_b = (tartan_op)(v >> 1)};

          p.m = shapes[m];
          p.n = shapes[n];
          p.k = shapes[k];
          p.alpha = scalars[which][0];
          p.beta = scalars[which][1];
          test_gemm(p);
          if (m == n) test_syrk(p);
        }
  return check_finish();
}
