/* Run-time type in front of the two precisions of combine.inc. */
#include "kernel/combine.h"

#include "kernel/dense.h"

#define REAL float
#define NAME(x) x##_f32
#include "kernel/combine.inc"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64
#include "kernel/combine.inc"
#undef REAL
#undef NAME

void tt_combine_local(tartan_dtype dtype, const void *x, int64_t ldx, double beta, void *y, int64_t ldy, int64_t m,
                      int64_t n)
{
  if (beta == 0)
    tt_copy_local(dtype, x, ldx, dtype, y, ldy, m, n);
  else if (dtype == TARTAN_F32)
    combine_f32(x, ldx, (float)beta, y, ldy, m, n);
  else
    combine_f64(x, ldx, beta, y, ldy, m, n);
}
