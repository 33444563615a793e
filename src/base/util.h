/**
 * @file util.h
 * Checked integer arithmetic and the clock.
 */
#ifndef TT_BASE_UTIL_H
#define TT_BASE_UTIL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/** The smaller and the larger of two counts. */
static inline int64_t tt_min(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

static inline int64_t tt_max(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

/** ceil(a / b) for a >= 0, b > 0. */
static inline int64_t tt_ceil_div(int64_t a, int64_t b)
{
  return a / b + (a % b != 0);
}

/** a rounded up to a multiple of b. */
static inline int64_t tt_round_up(int64_t a, int64_t b)
{
  return tt_ceil_div(a, b) * b;
}

/** *product = a * b; false (and *product = INT64_MAX) if that is beyond 64 bits. */
static inline bool tt_mul(int64_t a, int64_t b, int64_t *product)
{
  const bool ok = !__builtin_mul_overflow(a, b, product);

  if (!ok) *product = INT64_MAX;
  return ok;
}

/** Whether a count fits a C int. */
static inline bool tt_fits_int(int64_t a)
{
  return a >= INT_MIN && a <= INT_MAX;
}

/** The ending of a plural for a count: "%lld feature%s". */
#define TT_S(count) ((count) == 1 ? "" : "s")

/** Seconds of a clock that never goes back. Local. */
double tt_seconds(void);

#endif
