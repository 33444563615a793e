#include "common/local.h"

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/vendor.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"

#define PANEL_MOST 4096
#define PANEL_LEAST 1024
#define PEAK_LEAST 256
#define PEAK_MOST 4000

/* How many inner indices of both operands are kept in memory. */
static int64_t indices_held(const tt_memory *memory, const bench_local *x, int64_t size)
{
  const int64_t each = (x->triangle ? x->n : x->m + x->n) * size;
  int64_t       room = INT64_MAX;

  if (memory && memory->limit > 0) room = tt_max(0, (memory->limit - memory->used) / 2 - x->m * x->n * size);
  if (each == 0 || room / each >= x->k) return x->k;
  return tt_min(x->k, tt_max(1, room / each / PANEL_MOST) * PANEL_MOST);
}

tartan_status bench_local_make(tt_memory *memory, bench_local *x)
{
  const size_t  size = tartan_dtype_size(x->dtype);
  tartan_status local = TARTAN_OK;

  if (x->triangle) x->m = x->n;
  x->held = indices_held(memory, x, (int64_t)size);
  x->panel = x->held;
  x->a = tt_alloc(memory, x->m * x->held, size, "the left operand of a local product", &local);
  if (!x->triangle) x->b = tt_alloc(memory, x->held * x->n, size, "the right operand of a local product", &local);
  x->c = tt_alloc(memory, x->m * x->n, size, "a local product", &local);
  if (local != TARTAN_OK) return local;
  tt_set_local(x->dtype, 0.5, x->a, tt_max(1, x->m), x->m, x->held);
  if (!x->triangle) tt_set_local(x->dtype, 0.25, x->b, tt_max(1, x->held), x->held, x->n);
  tt_set_local(x->dtype, 0, x->c, tt_max(1, x->m), x->m, x->n);
  return TARTAN_OK;
}

tartan_status bench_local_make_cube(tt_memory *memory, tartan_dtype dtype, int64_t edge, bench_local *x)
{
  *x = (bench_local){.dtype = dtype, .m = edge, .n = edge, .k = edge};
  return bench_local_make(memory, x);
}

void bench_local_free(bench_local *x)
{
  tt_free(x->c);
  tt_free(x->b);
  tt_free(x->a);
}

/* One call: w inner indices from `at` on. */
static void multiply_panel(const bench_local *x, int64_t at, int64_t w, double beta)
{
  const bool    ta = x->op_a == TARTAN_TRANS, tb = x->op_b == TARTAN_TRANS;
  const int64_t lda = tt_max(1, ta ? x->held : x->m), ldb = tt_max(1, tb ? x->n : x->held);
  const size_t  size = tartan_dtype_size(x->dtype);
  const char   *a = (const char *)x->a + (size_t)(ta ? at : at * lda) * size;
  const char   *b = (const char *)x->b + (size_t)(tb ? at * ldb : at) * size;

  if (x->triangle)
    tt_syrk_local(x->dtype, x->n, w, 1, a, lda, beta, x->c, tt_max(1, x->n));
  else
    tt_gemm_local(x->dtype, x->op_a, x->op_b, x->m, x->n, w, 1, a, lda, b, ldb, beta, x->c, tt_max(1, x->m));
}

void bench_local_multiply(const bench_local *x, int threads)
{
  const int before = tt_blas_set_threads(threads);

  for (int64_t l = 0, w; x->m > 0 && x->n > 0 && l < x->k; l += w) {
    const int64_t at = l % x->held;

    w = tt_min(tt_min(x->panel, x->k - l), x->held - at);
    multiply_panel(x, at, w, l > 0);
  }
  if (before > 0) tt_blas_set_threads(before);
}

/* Seconds of the product with its panel on the slowest rank. Collective. */
static tartan_status time_product(tartan_grid *grid, const bench_local *x, int threads, double *seconds)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_barrier(grid));
  *seconds = tt_seconds();
  bench_local_multiply(x, threads);
  *seconds = tt_seconds() - *seconds;
  TRY(tt_allreduce_f64(grid, seconds, 1, TT_MAX));
done:
  return st;
}

tartan_status bench_local_choose_panel(tartan_grid *grid, bench_local *x, int threads)
{
  const int64_t panels[] = {INT64_MAX, PANEL_MOST, PANEL_MOST / 2, PANEL_LEAST}, whole = x->panel;
  int64_t       chosen = whole;
  double        best = INFINITY, seconds = 0;
  tartan_status st = TARTAN_OK;

  TRY(time_product(grid, x, threads, &seconds)); /* the memory is touched, the clock is up */
  for (size_t i = 0; i < sizeof panels / sizeof *panels; i++) {
    x->panel = tt_min(panels[i], whole);
    TRY(time_product(grid, x, threads, &seconds));
    if (seconds < best) {
      best = seconds;
      chosen = x->panel;
    }
  }
  x->panel = chosen;
done:
  return st;
}

int64_t bench_peak_size(double flops)
{
  const double most = 2.0 * PEAK_MOST * PEAK_MOST * PEAK_MOST;

  return flops >= most / 8 ? PEAK_MOST : (int64_t)fmax(PEAK_LEAST, cbrt(flops / 2));
}
