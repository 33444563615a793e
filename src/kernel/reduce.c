/* Run-time type in front of the two precisions of reduce.inc. */
#include "kernel/reduce.h"

#include <math.h>

#include "base/util.h"
#include "kernel/convert.h"
#include "kernel/dense.h"

#define LANES 8
#define TILE 256

/* The larger of two, NaN if one is: as a running maximum. */
static inline double larger(double a, double b)
{
  return b > a || isnan(b) ? b : a;
}

/*
 * The power of two that brings values up to `largest` near 1 or below: neither it nor its inverse is subnormal, and the
 * squares of what it brings there neither overflow nor, where they matter, underflow.
 */
static double safe_factor(double largest)
{
  int exponent = 0;

  if (largest > 0 && isfinite(largest)) frexp(largest, &exponent);
  return ldexp(1, -(exponent < -1000 ? -1000 : exponent > 1022 ? 1022 : exponent));
}

#define REAL float
#define NAME(x) x##_f32
#include "kernel/reduce.inc"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64
#include "kernel/reduce.inc"
#undef REAL
#undef NAME

void tt_measure_rows(tt_measure what, tartan_dtype dtype, const void *a, int64_t lda, int64_t m, int64_t n, double *out)
{
  for (int64_t i = 0; i < m; i++) out[i] = 0;
  for (int64_t i = 0; i < m && n > 0; i += TILE) {
    const int64_t rows = tt_min(TILE, m - i);

    if (dtype == TARTAN_F32)
      measure_tile_f32(what, (const float *)a + i, lda, rows, n, out + i);
    else
      measure_tile_f64(what, (const double *)a + i, lda, rows, n, out + i);
  }
}

void tt_measure_columns(tt_measure what, tartan_dtype dtype, const void *a, int64_t lda, int64_t m, int64_t n,
                        double *out)
{
  for (int64_t j = 0; j < n; j++) {
    out[j] = 0;
    if (m == 0) continue;
    if (dtype == TARTAN_F32)
      out[j] = measure_column_f32(what, (const float *)a + j * lda, m);
    else
      out[j] = measure_column_f64(what, (const double *)a + j * lda, m);
  }
}

void tt_measure_join(tt_measure what, int64_t n, const double *x, double *y)
{
  if (what == TT_LARGEST)
    for (int64_t i = 0; i < n; i++) y[i] = larger(y[i], x[i]);
  else if (what == TT_LENGTH)
    for (int64_t i = 0; i < n; i++) y[i] = isnan(x[i]) || isnan(y[i]) ? (double)NAN : hypot(x[i], y[i]);
  else
    tt_add_f64(n, x, y);
}

/* Products of up to TILE elements of a column, as f64. */
static double dot_piece(tartan_dtype type_a, const void *a, tartan_dtype type_b, const void *b, int64_t n)
{
  double x[TILE], y[TILE], lane[LANES] = {0}, sum = 0;

  tt_convert(tt_element_of(type_a), a, n, TARTAN_F64, x);
  tt_convert(tt_element_of(type_b), b, n, TARTAN_F64, y);
  for (int64_t i = n; i < tt_round_up(n, LANES); i++) x[i] = y[i] = 0;
  for (int64_t i = 0; i < n; i += LANES)
    for (int k = 0; k < LANES; k++) lane[k] += x[i + k] * y[i + k];
  for (int k = 0; k < LANES; k++) sum += lane[k];
  return sum;
}

double tt_dot_local(tartan_dtype type_a, const void *a, int64_t lda, tartan_dtype type_b, const void *b, int64_t ldb,
                    int64_t m, int64_t n)
{
  const int64_t wa = (int64_t)tartan_dtype_size(type_a), wb = (int64_t)tartan_dtype_size(type_b);
  double        sum = 0;

  for (int64_t j = 0; j < n; j++) {
    double column = 0;

    for (int64_t i = 0; i < m; i += TILE)
      column += dot_piece(type_a, (const char *)a + (i + j * lda) * wa, type_b, (const char *)b + (i + j * ldb) * wb,
                          tt_min(TILE, m - i));
    sum += column;
  }
  return sum;
}
