/* Countdowns of the calling thread: at zero the operation fails, once. */
#include "base/fault.h"

static _Thread_local int64_t countdown[TT_FAULT_COUNT] = {-1, -1, -1};
static _Thread_local bool    fired[TT_FAULT_COUNT];

void tt_fault_arm(tt_fault kind, int64_t k)
{
  countdown[kind] = k;
  fired[kind] = false;
}

bool tt_fault_hit(tt_fault kind)
{
  if (countdown[kind] < 0) return false;
  if (countdown[kind]-- > 0) return false;
  fired[kind] = true;
  return true;
}

bool tt_fault_fired(tt_fault kind)
{
  return fired[kind];
}
