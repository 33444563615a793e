/**
 * @file lapack_impl.h
 * What the wrappers of LAPACK share: sizes that its 32-bit integers hold.
 */
#ifndef TT_EXT_LAPACK_IMPL_H
#define TT_EXT_LAPACK_IMPL_H

#include <math.h>

#include "base/error.h"
#include "base/util.h"
#include "ext/lapack.h"

/* A workspace answered through a real number, rounded up. */
static inline tartan_status size_of_work(const char *routine, double answer, int *size)
{
  const double  asked = ceil(answer * (1 + 0x1p-20));
  tartan_status st = TARTAN_OK;

  REQUIRE(asked >= 0 && asked < INT32_MAX, TARTAN_ERR_OVERFLOW,
          "%s wants a workspace beyond its 32-bit integers: the problem is too large for one rank", routine);
  *size = (int)tt_max(1, (int64_t)asked);
done:
  return st;
}

/* Refuses what 32-bit indices cannot hold. */
static inline tartan_status check_local_size(int64_t m, int64_t n)
{
  int64_t       size = 0;
  tartan_status st = TARTAN_OK;

  tt_mul(m, n, &size);
  REQUIRE(m < INT32_MAX / 8 && n < INT32_MAX / 8 && size <= INT32_MAX, TARTAN_ERR_OVERFLOW,
          "%lld x %lld is beyond LAPACK's 32-bit indices on one rank", (long long)m, (long long)n);
done:
  return st;
}

#endif
