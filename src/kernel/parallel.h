/**
 * @file parallel.h
 * Loops over independent tasks with the threads of a rank. Inside, every BLAS call runs on one thread.
 */
#ifndef TT_KERNEL_PARALLEL_H
#define TT_KERNEL_PARALLEL_H

#include <stdbool.h>
#include <stdint.h>

/** One of n independent tasks; which thread runs it must not change its result. */
typedef void tt_task(int64_t i, void *context);

/** Runs task(i, context) for 0 <= i < n, handed out in order to whichever thread is free. Local. */
void tt_parallel_for(int threads, int64_t n, tt_task *task, void *context);

/**
 * The same while the calling thread first does something else: main_task(0, main_context), then joins. With one thread
 * the main task runs first, then the others. Local.
 */
void tt_parallel_beside(int threads, tt_task *main_task, void *main_context, int64_t n, tt_task *task, void *context);

/**
 * tt_parallel_for() while numbers below the normal range count as zero, where the processor can do that. Local.
 *
 * Arithmetic with them is tens of times slower, and factors that a penalty drives to nothing come to them.
 */
void tt_parallel_flushed(int threads, int64_t n, tt_task *task, void *context);

/** Which thread of the team the caller is, from zero: for scratch memory of its own. Local. */
int tt_thread_index(void);

/**
 * The processors that the threads of this process are bound to in turn (OMP_PLACES, OMP_PROC_BIND). Local.
 *
 * The affinity mask cannot tell: the runtime has bound the main thread to the first place before main() began.
 *
 * @param[out] has  [max] whether each processor is one of them
 * @return     false if threads are not bound: the affinity mask holds, `has` is undefined
 */
bool tt_thread_processors(int max, bool *has);

#endif
