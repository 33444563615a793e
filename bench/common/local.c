#include "common/local.h"

#include <math.h>

#include "base/util.h"
#include "ext/vendor.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"

#define PEAK_LEAST 256
#define PEAK_MOST 4000

tartan_status bench_local_make(tt_memory *memory, tartan_dtype dtype, int64_t m, int64_t n, int64_t k, bench_local *x)
{
  const size_t  size = tartan_dtype_size(dtype);
  tartan_status local = TARTAN_OK;

  *x = (bench_local){.dtype = dtype, .m = m, .n = n, .k = k};
  x->a = tt_alloc(memory, m * k, size, "the left operand of a local product", &local);
  x->b = tt_alloc(memory, k * n, size, "the right operand of a local product", &local);
  x->c = tt_alloc(memory, m * n, size, "a local product", &local);
  if (local != TARTAN_OK) return local;
  tt_set_local(dtype, 0.5, x->a, tt_max(1, m), m, k);
  tt_set_local(dtype, 0.25, x->b, tt_max(1, k), k, n);
  tt_set_local(dtype, 0, x->c, tt_max(1, m), m, n);
  return TARTAN_OK;
}

void bench_local_free(bench_local *x)
{
  tt_free(x->c);
  tt_free(x->b);
  tt_free(x->a);
}

void bench_local_multiply(const bench_local *x, int64_t k, double beta, int threads)
{
  const int before = tt_blas_set_threads(threads);

  tt_gemm_local(x->dtype, TARTAN_NO_TRANS, TARTAN_NO_TRANS, x->m, x->n, k, 1, x->a, tt_max(1, x->m), x->b,
                tt_max(1, x->k), beta, x->c, tt_max(1, x->m));
  if (before > 0) tt_blas_set_threads(before);
}

int64_t bench_peak_size(double flops)
{
  return (int64_t)fmax(PEAK_LEAST, fmin(PEAK_MOST, cbrt(flops / 2)));
}
