/*
 * The team takes tasks from a shared counter. BLAS is told to use one thread for the duration and gets its count back:
 * with threads of its own inside ours, speed falls by orders of magnitude and bits depend on the thread count.
 */
#include "kernel/parallel.h"

#include <omp.h>
#include <stddef.h>
#if defined __SSE2__
#include <xmmintrin.h>
#endif

#include "ext/vendor.h"

void tt_parallel_beside(int threads, tt_task *main_task, void *main_context, int64_t n, tt_task *task, void *context)
{
  const int blas_threads = tt_blas_set_threads(1);
  int64_t   next = 0;

#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    int64_t i = 0;

#pragma omp master
    if (main_task) main_task(0, main_context);
    for (;;) {
#pragma omp atomic capture
      i = next++;
      if (i >= n) break;
      task(i, context);
    }
  }
  if (blas_threads > 1) tt_blas_set_threads(blas_threads);
}

void tt_parallel_for(int threads, int64_t n, tt_task *task, void *context)
{
  tt_parallel_beside(threads, NULL, NULL, n, task, context);
}

/* ------------------------------------------------------------------------------------------------ below normal numbers */

#if defined __SSE2__
#define FLUSH 0x8040u /* of MXCSR: results below the normal range, and operands there, become zero */

static uint64_t flush(void)
{
  const unsigned before = _mm_getcsr();

  _mm_setcsr(before | FLUSH);
  return before;
}

static void restore(uint64_t before)
{
  _mm_setcsr((unsigned)before);
}
#elif defined __aarch64__
#define FLUSH (UINT64_C(1) << 24) /* of FPCR */

static uint64_t flush(void)
{
  uint64_t before;

  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | FLUSH));
  return before;
}

static void restore(uint64_t before)
{
  __asm__ volatile("msr fpcr, %0" : : "r"(before));
}
#else
static uint64_t flush(void)
{
  return 0;
}

static void restore(uint64_t before)
{
  (void)before;
}
#endif

typedef struct flushed {
  tt_task *task;
  void    *context;
} flushed;

static void run_flushed(int64_t i, void *context)
{
  const flushed *f = context;
  const uint64_t before = flush();

  f->task(i, f->context);
  restore(before);
}

void tt_parallel_flushed(int threads, int64_t n, tt_task *task, void *context)
{
  flushed f = {task, context};

  tt_parallel_for(threads, n, run_flushed, &f);
}

int tt_thread_index(void)
{
  return omp_get_thread_num();
}

#define PLACE_MAX 1024 /* processors of one place */

bool tt_thread_processors(int max, bool *has)
{
  const int places = omp_get_proc_bind() == omp_proc_bind_false ? 0 : omp_get_num_places();
  int       id[PLACE_MAX];

  for (int i = 0; i < max; i++) has[i] = false;
  for (int place = 0; place < places; place++) {
    const int count = omp_get_place_num_procs(place);

    if (count > PLACE_MAX) continue;
    omp_get_place_proc_ids(place, id);
    for (int i = 0; i < count; i++)
      if (id[i] >= 0 && id[i] < max) has[id[i]] = true;
  }
  return places > 0;
}
