/* Run-time type in front of the two precisions of sparse.inc. */
#include "kernel/sparse.h"

#define REAL float
#define NAME(x) x##_f32
#include "kernel/sparse.inc"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64
#include "kernel/sparse.inc"
#undef REAL
#undef NAME

void tt_sparse_dot(tartan_dtype dtype, int64_t count, const int32_t *col, const void *value, int64_t from,
                   const void *X, int64_t b, void *y)
{
  if (dtype == TARTAN_F32)
    dot_f32(count, col, (const float *)value + from, X, b, y);
  else
    dot_f64(count, col, (const double *)value + from, X, b, y);
}

void tt_sparse_add(tartan_dtype dtype, int64_t n, const void *x, void *y)
{
  if (dtype == TARTAN_F32)
    add_f32(n, x, y);
  else
    add_f64(n, x, y);
}

void tt_sparse_scatter(int64_t count, const int32_t *row, const double *value, double alpha, double *y)
{
  for (int64_t e = 0; e < count; e++) y[row[e]] += alpha * value[e];
}
