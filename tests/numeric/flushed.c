// TEST: np=1 labels=kernel
/* Tasks for which numbers below the normal range are zero, and that only these are. */
#include <float.h>

#include "check.h"
#include "kernel/parallel.h"

#define TASKS 64

static volatile double least = DBL_MIN, half = 0.5;
static volatile float  least_f32 = FLT_MIN, half_f32 = 0.5F;

typedef struct result {
  double product[TASKS], sum[TASKS], normal[TASKS];
  float  product_f32[TASKS];
} result;

static void compute(int64_t i, void *context)
{
  result         *r = context;
  volatile double below = DBL_MIN / 4; /* made by the compiler */

  r->product[i] = least * half;
  r->sum[i] = below + 0.0;
  r->normal[i] = 1.0 / 3.0 * (1 + (double)i);
  r->product_f32[i] = least_f32 * half_f32;
}

/* Without flushing: what the standard says. */
static void check_gradual(int threads)
{
  result r;

  tt_parallel_for(threads, TASKS, compute, &r);
  for (int i = 0; i < TASKS; i++) {
    CHECK(r.product[i] == DBL_MIN / 2);
    CHECK(r.sum[i] == DBL_MIN / 4);
    CHECK(r.product_f32[i] == FLT_MIN / 2);
  }
}

static void check_flushed(int threads)
{
  result r, plain;

  tt_parallel_for(threads, TASKS, compute, &plain);
  tt_parallel_flushed(threads, TASKS, compute, &r);
  for (int i = 0; i < TASKS; i++) {
    CHECK(r.normal[i] == plain.normal[i]);
#if defined __SSE2__ || defined __aarch64__
    CHECK(r.product[i] == 0);
    CHECK(r.sum[i] == 0);
    CHECK(r.product_f32[i] == 0);
#endif
  }
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  for (int threads = 1; threads <= 3; threads++) {
    check_context("%d threads", threads);
    check_gradual(threads);
    check_flushed(threads);
    check_gradual(threads); /* as it was before */
  }
  return check_finish();
}
