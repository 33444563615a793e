/**
 * @file shares.h
 * Where the work of P ranks should be cut, when it cannot be cut everywhere. Local, pure arithmetic.
 */
#ifndef TT_SPARSE_SHARES_H
#define TT_SPARSE_SHARES_H

#include <stdint.h>

/** A row that is heavy against a share: no cut inside but at multiples of a segment. */
typedef struct tt_heavy {
  double before, work; /**< the work before it, and its own */
  double segment;      /**< work of a segment; more than `work` where the row cannot be cut */
} tt_heavy;

/**
 * Cuts of the line from 0 to total into P parts, of which the largest is as small as heavy rows allow.
 *
 * @param[in]  heavy   [count] ascending, not overlapping
 * @param[out] target  [P - 1] never falling
 */
void tt_shares_find(double total, int P, const tt_heavy *heavy, int64_t count, double *target);

#endif
