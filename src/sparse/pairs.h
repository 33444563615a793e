/**
 * @file pairs.h
 * Keys with something attached: their order on one rank, and over all ranks.
 */
#ifndef TT_SPARSE_PAIRS_H
#define TT_SPARSE_PAIRS_H

#include "comm/routes.h"

/** Bits of a column in the key of an entry: row << TT_COL_BITS | column. */
#define TT_COL_BITS 31

/** Rows that a key has room for. */
#define TT_ROWS_MAX (INT64_C(1) << 33)

typedef struct tt_pair {
  uint64_t key;
  union {
    double  value;
    int64_t index;
  };
} tt_pair;

/** Keys of the same order as numbers with a sign, and back. */
static inline uint64_t tt_key_of_number(int64_t number)
{
  return (uint64_t)number ^ UINT64_C(1) << 63;
}

static inline int64_t tt_number_of_key(uint64_t key)
{
  return (int64_t)(key ^ UINT64_C(1) << 63);
}

/** Sorts by key; equal ones keep their order. Local. @param[in] work  [count] */
void tt_pairs_sort(tt_pair *pair, tt_pair *work, int64_t count);

/** How many of sorted pairs have a key below. Local. */
int64_t tt_pairs_below(const tt_pair *pair, int64_t count, uint64_t key);

/**
 * Keys that cut the pairs of all ranks in parts of about equal work, one for each rank, from a sample. Collective.
 *
 * The work before a key is that of the pairs before it, 1 each, and row_work for each row (key >> TT_COL_BITS).
 *
 * @param[in]  pair      [count] sorted
 * @param[in]  row_work  0: pairs alone count
 * @param[in]  rows      in all
 * @param[out] split     [P - 1] ascending: rank r gets the keys from split[r - 1] to below split[r]
 */
tartan_status tt_pairs_split(tartan_grid *grid, const tt_pair *pair, int64_t count, double row_work, int64_t rows,
                             uint64_t *split);

/**
 * Puts the pairs of all ranks in one order over the ranks, by one exchange; those of one key are on one rank, in the
 * order of ranks and of each rank's list. Collective.
 *
 * @param[in,out] pair, count  this rank's in any order, memory that is given back; out: its part, sorted. NULL after a failure
 */
tartan_status tt_pairs_spread(tartan_grid *grid, double row_work, int64_t rows, tt_pair **pair, int64_t *count);

#endif
