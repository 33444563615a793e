/* Run-time type in front of the two precisions of dense.inc. */
#include "kernel/dense.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "kernel/convert.h"
#include "kernel/reduce.h"

#define REAL float
#define NAME(x) x##_f32
#include "kernel/dense.inc"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64
#include "kernel/dense.inc"
#undef REAL
#undef NAME

void tt_copy_local(tartan_dtype from, const void *a, int64_t lda, tartan_dtype to, void *b, int64_t ldb, int64_t m,
                   int64_t n)
{
  const int64_t wa = (int64_t)tartan_dtype_size(from), wb = (int64_t)tartan_dtype_size(to);

  if (m <= 0) return;
  for (int64_t j = 0; j < n; j++) {
    const char *x = (const char *)a + j * lda * wa;
    char       *y = (char *)b + j * ldb * wb;

    if (from == to)
      memcpy(y, x, (size_t)(m * wa));
    else
      tt_convert(tt_element_of(from), x, m, to, y);
  }
}

void tt_transpose_local(tartan_dtype dtype, const void *a, int64_t lda, void *b, int64_t ldb, int64_t m, int64_t n)
{
  if (dtype == TARTAN_F32)
    transpose_f32(a, lda, b, ldb, m, n);
  else
    transpose_f64(a, lda, b, ldb, m, n);
}

void tt_set_local(tartan_dtype dtype, double value, void *a, int64_t lda, int64_t m, int64_t n)
{
  if (dtype == TARTAN_F32)
    set_f32((float)value, a, lda, m, n);
  else
    set_f64(value, a, lda, m, n);
}

void tt_scale_local(tartan_dtype dtype, double alpha, void *a, int64_t lda, int64_t m, int64_t n)
{
  if (dtype == TARTAN_F32)
    scale_f32((float)alpha, a, lda, m, n);
  else
    scale_f64(alpha, a, lda, m, n);
}

double tt_get_element(tartan_dtype dtype, const void *a, int64_t lda, int64_t i, int64_t j)
{
  return dtype == TARTAN_F32 ? (double)((const float *)a)[i + j * lda] : ((const double *)a)[i + j * lda];
}

void tt_put_element(tartan_dtype dtype, double value, void *a, int64_t lda, int64_t i, int64_t j)
{
  if (dtype == TARTAN_F32)
    ((float *)a)[i + j * lda] = (float)value;
  else
    ((double *)a)[i + j * lda] = value;
}

/* The sum goes from (scale, ssq) to the same with one value more. */
static void add_square(double value, double *scale, double *ssq)
{
  if (isnan(value) || isnan(*scale)) {
    *scale = *ssq = NAN;
  } else if (isinf(value) || isinf(*scale)) {
    *scale = INFINITY;
    *ssq = 1;
  } else if (value > *scale) {
    *ssq = 1 + (*scale > 0 ? *ssq * (*scale / value) * (*scale / value) : 0);
    *scale = value;
  } else if (value > 0) {
    *ssq += (value / *scale) * (value / *scale);
  }
}

void tt_sum_squares(tartan_dtype dtype, const void *a, int64_t lda, int64_t m, int64_t n, double *scale, double *ssq)
{
  const int64_t width = (int64_t)tartan_dtype_size(dtype);

  for (int64_t j = 0; j < n && m > 0; j++) {
    double length = 0;

    tt_measure_columns(TT_LENGTH, dtype, (const char *)a + j * lda * width, lda, m, 1, &length);
    add_square(length, scale, ssq);
  }
}

void tt_add_f64(int64_t n, const double *x, double *y)
{
  for (int64_t i = 0; i < n; i++) y[i] += x[i];
}

void tt_add_widened(int64_t n, const float *x, double *y)
{
  for (int64_t i = 0; i < n; i++) y[i] += (double)x[i];
}
