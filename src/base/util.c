/* The clock, and the element types of types.h. */
#include "base/util.h"

#include <time.h>

#include <tartan/types.h>

double tt_seconds(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

size_t tartan_dtype_size(tartan_dtype dtype)
{
  return dtype == TARTAN_F32 ? sizeof(float) : sizeof(double);
}

const char *tartan_dtype_name(tartan_dtype dtype)
{
  return dtype == TARTAN_F32 ? "f32" : "f64";
}
