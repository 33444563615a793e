/* Run-time type in front of the two precisions of matvec.inc. */
#include "kernel/matvec.h"

#include <math.h>

#define REAL float
#define NAME(x) x##_f32
#include "kernel/matvec.inc"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64
#include "kernel/matvec.inc"
#undef REAL
#undef NAME

void tt_add_column(tartan_dtype dtype, int64_t n, const void *column, int64_t from, double x, double xa, double *y,
                   double *ya)
{
  if (dtype == TARTAN_F32)
    add_column_f32(n, (const float *)column + from, x, xa, y, ya);
  else
    add_column_f64(n, (const double *)column + from, x, xa, y, ya);
}

void tt_dot_column(tartan_dtype dtype, int64_t n, const void *column, int64_t from, const double *x, const double *xa,
                   double *y, double *ya)
{
  if (dtype == TARTAN_F32)
    dot_column_f32(n, (const float *)column + from, x, xa, y, ya);
  else
    dot_column_f64(n, (const double *)column + from, x, xa, y, ya);
}
