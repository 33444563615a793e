// TEST: np=0 labels=unit,kernel threads=2
/* Loops over tasks: every index once, whatever the number of threads; the main task too. */
#include <stdatomic.h>

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"

#define TASKS 5000

static atomic_int runs[TASKS], main_runs, started;

static void count_task(int64_t i, void *context)
{
  *(atomic_int **)context += 0; /* the context arrives */
  atomic_fetch_add(&runs[i], 1);
  atomic_fetch_add(&started, 1);
}

static void count_main(int64_t i, void *context)
{
  if (i == 0 && context == &main_runs) atomic_fetch_add(&main_runs, 1);
}

static void reset(void)
{
  for (int t = 0; t < TASKS; t++) atomic_store(&runs[t], 0);
  atomic_store(&main_runs, 0);
  atomic_store(&started, 0);
}

static int64_t wrong_runs(int64_t n)
{
  int64_t wrong = 0;

  for (int64_t t = 0; t < TASKS; t++) wrong += atomic_load(&runs[t]) != (t < n);
  return wrong;
}

#define SIDE 150
#define PRODUCTS 6

/* Product i of a list, in a place of its own. */
static void multiply(int64_t i, void *context)
{
  double *a = context, *c = a + SIDE * SIDE * (1 + i);

  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_TRANS, SIDE - i, SIDE, SIDE, 1, a, SIDE, a, SIDE, 0, c, SIDE);
}

/* Inside the loop BLAS runs on one thread, so the bits do not depend on the number of threads. */
static void test_bits(void)
{
  const size_t bytes = (size_t)(SIDE * SIDE * (1 + PRODUCTS)) * sizeof(double);
  double      *one = malloc(bytes), *more = malloc(bytes);

  if (!CHECK(one && more)) return;
  memset(one, 0, bytes);
  for (int e = 0; e < SIDE * SIDE; e++) one[e] = check_uniform();
  for (int threads = 2; threads <= 4; threads++) {
    check_context("bits of products on 1 and %d threads", threads);
    memcpy(more, one, bytes);
    tt_parallel_for(1, PRODUCTS, multiply, one);
    tt_parallel_for(threads, PRODUCTS, multiply, more);
    CHECK(memcmp(one, more, bytes) == 0);
    memset(more, 0, bytes);
    memcpy(more, one, (size_t)(SIDE * SIDE) * sizeof(double));
    tt_parallel_beside(threads, count_main, &main_runs, PRODUCTS, multiply, more);
    CHECK(memcmp(one, more, bytes) == 0);
  }
  free(one);
  free(more);
}

int main(int argc, char **argv)
{
  static const int64_t counts[] = {0, 1, 2, 3, 17, TASKS};
  atomic_int          *context = runs;

  check_start_plain(argc, argv);
  for (int threads = 1; threads <= 4; threads++)
    for (int c = 0; c < 6; c++) {
      check_context("%lld tasks on %d threads", (long long)counts[c], threads);
      reset();
      tt_parallel_for(threads, counts[c], count_task, &context);
      CHECK_EQ(wrong_runs(counts[c]), 0);
      reset();
      tt_parallel_beside(threads, count_main, &main_runs, counts[c], count_task, &context);
      CHECK_EQ(wrong_runs(counts[c]), 0);
      CHECK_EQ(atomic_load(&main_runs), 1);
    }
  test_bits();
  return check_finish();
}
