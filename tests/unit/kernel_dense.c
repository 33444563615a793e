// TEST: np=0 labels=unit,kernel
/* Local dense operations against naive loops, with leading dimensions larger than the shape. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel/dense.h"

static const int64_t shapes[] = {0, 1, 2, 7, 8, 31, 64, 65, 130};

/* An array of either type whose every element is set, also between the columns. */
typedef struct block {
  tartan_dtype dtype;
  int64_t      ld, n;
  void        *data;
} block;

static block block_new(tartan_dtype dtype, int64_t ld, int64_t n)
{
  block b = {dtype, ld, n, malloc((size_t)(ld * n + 1) * 8)};

  if (!b.data) exit(EXIT_FAILURE);
  for (int64_t e = 0; e < ld * n; e++) {
    if (dtype == TARTAN_F32)
      ((float *)b.data)[e] = (float)(check_uniform() - 0.5);
    else
      ((double *)b.data)[e] = check_uniform() - 0.5;
  }
  return b;
}

static double get(const block *b, int64_t i, int64_t j)
{
  return b->dtype == TARTAN_F32 ? (double)((float *)b->data)[i + j * b->ld] : ((double *)b->data)[i + j * b->ld];
}

static double rounded(tartan_dtype dtype, double x)
{
  return dtype == TARTAN_F32 ? (double)(float)x : x;
}

static block block_copy(const block *b)
{
  block c = block_new(b->dtype, b->ld, b->n);

  memcpy(c.data, b->data, (size_t)(b->ld * b->n) * tartan_dtype_size(b->dtype));
  return c;
}

/* Elements outside [m, n] that changed. */
static int64_t outside_changed(const block *now, const block *before, int64_t m, int64_t n)
{
  int64_t changed = 0;

  for (int64_t j = 0; j < now->n; j++)
    for (int64_t i = 0; i < now->ld; i++) changed += (i >= m || j >= n) && get(now, i, j) != get(before, i, j);
  return changed;
}

static void test_copy(tartan_dtype from, tartan_dtype to, int64_t m, int64_t n)
{
  block   A = block_new(from, m + 3, n), B = block_new(to, m + 1, n + 1), before = block_copy(&B);
  int64_t wrong = 0;

  check_context("copy of %lld x %lld from %s to %s", (long long)m, (long long)n, tartan_dtype_name(from),
                tartan_dtype_name(to));
  tt_copy_local(from, A.data, A.ld, to, B.data, B.ld, m, n);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) wrong += get(&B, i, j) != rounded(to, get(&A, i, j));
  CHECK_EQ(wrong, 0);
  CHECK_EQ(outside_changed(&B, &before, m, n), 0);
  free(A.data);
  free(B.data);
  free(before.data);
}

static void test_transpose(tartan_dtype dtype, int64_t m, int64_t n)
{
  block   A = block_new(dtype, n + 2, m), B = block_new(dtype, m + 1, n + 1), before = block_copy(&B);
  int64_t wrong = 0;

  check_context("transpose to %lld x %lld %s", (long long)m, (long long)n, tartan_dtype_name(dtype));
  tt_transpose_local(dtype, A.data, A.ld, B.data, B.ld, m, n);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) wrong += get(&B, i, j) != get(&A, j, i);
  CHECK_EQ(wrong, 0);
  CHECK_EQ(outside_changed(&B, &before, m, n), 0);
  free(A.data);
  free(B.data);
  free(before.data);
}

static void test_set(tartan_dtype dtype, int64_t m, int64_t n)
{
  block   A = block_new(dtype, m + 3, n + 2), before = block_copy(&A);
  int64_t wrong = 0;

  check_context("set %lld x %lld %s", (long long)m, (long long)n, tartan_dtype_name(dtype));
  tt_set_local(dtype, 0.1, A.data, A.ld, m, n);
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) wrong += get(&A, i, j) != rounded(dtype, 0.1);
  CHECK_EQ(wrong, 0);
  CHECK_EQ(outside_changed(&A, &before, m, n), 0);
  if (m > 0 && n > 0) {
    tt_put_element(dtype, 1.0 / 3, A.data, A.ld, m - 1, n - 1);
    CHECK(get(&A, m - 1, n - 1) == rounded(dtype, 1.0 / 3));
    CHECK(tt_get_element(dtype, A.data, A.ld, m - 1, n - 1) == rounded(dtype, 1.0 / 3));
    CHECK_EQ(outside_changed(&A, &before, m, n), 0);
  }
  free(A.data);
  free(before.data);
}

/* Random values, scaled so that their squares leave the range of the type. */
static void test_sum_squares(tartan_dtype dtype, double factor)
{
  const int64_t m = 37, n = 11;
  block         A = block_new(dtype, m + 2, n);
  double        scale = 0, ssq = 1;
  long double   sum = 0;

  check_context("sum of squares of values around %g, %s", factor, tartan_dtype_name(dtype));
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) {
      tt_put_element(dtype, get(&A, i, j) * factor, A.data, A.ld, i, j);
      sum += (long double)get(&A, i, j) * get(&A, i, j);
    }
  tt_sum_squares(dtype, A.data, A.ld, m, n, &scale, &ssq);
  CHECK_LE(fabs(scale * sqrt(ssq) - (double)sqrtl(sum)), 1e-14 * (double)sqrtl(sum));
  tt_sum_squares(dtype, A.data, A.ld, m, n, &scale, &ssq); /* goes on from there */
  CHECK_LE(fabs(scale * sqrt(ssq) - (double)sqrtl(2 * sum)), 1e-14 * (double)sqrtl(2 * sum));
  tt_put_element(dtype, NAN, A.data, A.ld, 3, 4);
  tt_sum_squares(dtype, A.data, A.ld, m, n, &scale, &ssq);
  CHECK(isnan(scale) && isnan(ssq));
  free(A.data);
}

static void test_sum_squares_special(void)
{
  const double zeros[4] = {0, -0.0, 0, 0}, infinite[3] = {1, -INFINITY, 2}, both[3] = {INFINITY, NAN, 1};
  double       scale = 0, ssq = 1;

  check_context("sum of squares of special values");
  tt_sum_squares(TARTAN_F64, zeros, 2, 2, 2, &scale, &ssq);
  CHECK(scale * sqrt(ssq) == 0);
  tt_sum_squares(TARTAN_F64, infinite, 3, 3, 1, &scale, &ssq);
  CHECK(isinf(scale * sqrt(ssq)));
  scale = 0;
  ssq = 1;
  tt_sum_squares(TARTAN_F64, infinite, 3, 3, 0, &scale, &ssq);
  CHECK(scale == 0 && ssq == 1);
  tt_sum_squares(TARTAN_F64, both, 3, 3, 1, &scale, &ssq);
  CHECK(isnan(scale * sqrt(ssq)));
}

static void test_add(void)
{
  double y[67], z[67], x[67];
  float  f[67];

  for (int64_t n = 0; n <= 65; n++) {
    int64_t wrong = 0;

    check_context("add %lld", (long long)n);
    for (int i = 0; i < 67; i++) {
      x[i] = check_uniform();
      f[i] = (float)check_uniform();
      z[i] = y[i] = check_uniform();
    }
    tt_add_f64(n, x, y);
    tt_add_widened(n, f, z);
    for (int64_t i = 0; i < n; i++) wrong += (y[i] - x[i] > 1) + (z[i] < (double)f[i]);
    for (int64_t i = n; i < 67; i++) wrong += y[i] != z[i];
    CHECK_EQ(wrong, 0);
  }
  for (int i = 0; i < 67; i++) {
    x[i] = i;
    f[i] = (float)i;
    y[i] = z[i] = 1000;
  }
  tt_add_f64(67, x, y);
  tt_add_widened(67, f, z);
  for (int i = 0; i < 67; i++) CHECK(y[i] == 1000 + i && z[i] == 1000 + i);
}

int main(int argc, char **argv)
{
  static const double factors[] = {1, 1e-300, 1e300, 1e-30, 1e30};

  check_start_plain(argc, argv);
  for (int a = 0; a < 9; a++)
    for (int b = 0; b < 9; b++)
      for (int t = 0; t < 2; t++) {
        test_copy((tartan_dtype)t, TARTAN_F32, shapes[a], shapes[b]);
        test_copy((tartan_dtype)t, TARTAN_F64, shapes[a], shapes[b]);
        test_transpose((tartan_dtype)t, shapes[a], shapes[b]);
        test_set((tartan_dtype)t, shapes[a], shapes[b]);
      }
  for (int f = 0; f < 5; f++) {
    test_sum_squares(TARTAN_F64, factors[f]);
    if (f == 0 || f > 2) test_sum_squares(TARTAN_F32, factors[f]);
  }
  test_sum_squares_special();
  test_add();
  return check_finish();
}
