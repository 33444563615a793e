/* One process has one story: atomics, written by the thread that calls MPI. */
#include "base/activity.h"

#include <stdatomic.h>
#include <stddef.h>

static _Atomic uint64_t      moves;
static atomic_bool           over;
static _Atomic(const char *) now_phase, now_waits;

void tt_activity_wait(const char *call)
{
  atomic_store_explicit(&now_waits, call, memory_order_relaxed);
}

void tt_activity_go(void)
{
  atomic_store_explicit(&now_waits, NULL, memory_order_relaxed);
  tt_activity_move(NULL);
}

void tt_activity_move(const char *phase)
{
  if (phase) {
    atomic_store_explicit(&now_phase, phase, memory_order_relaxed);
    atomic_store_explicit(&over, false, memory_order_relaxed);
  }
  /* one writer: no read-modify-write is needed */
  atomic_store_explicit(&moves, atomic_load_explicit(&moves, memory_order_relaxed) + 1, memory_order_relaxed);
}

void tt_activity_end(const char *phase)
{
  tt_activity_move(phase);
  atomic_store_explicit(&over, true, memory_order_relaxed);
}

tt_activity tt_activity_look(void)
{
  return (tt_activity){atomic_load_explicit(&moves, memory_order_relaxed),
                       atomic_load_explicit(&now_phase, memory_order_relaxed),
                       atomic_load_explicit(&over, memory_order_relaxed),
                       atomic_load_explicit(&now_waits, memory_order_relaxed)};
}
