/**
 * @file split.h
 * Which observations are held out for validation. The choice depends on the order of the file, users, times and the seed,
 * never on the number of ranks.
 */
#ifndef TT_MODEL_SPLIT_H
#define TT_MODEL_SPLIT_H

#include <tartan/grid.h>

typedef enum tt_split_kind {
  TT_SPLIT_NONE,
  TT_SPLIT_RANDOM, /**< each observation with probability `fraction` */
  TT_SPLIT_LEAVE, /**< `count` of each user, the latest where there are times, else any; one at least stays for training */
  TT_SPLIT_TIME /**< the `fraction` that is latest of all */
} tt_split_kind;

typedef struct tt_split {
  tt_split_kind kind;
  double        fraction;
  int64_t       count;
  uint64_t      seed;
} tt_split;

/** Observations of this rank, in the order of the file. */
typedef struct tt_observations {
  int64_t        first, count; /**< their numbers in the file: first .. first + count - 1 */
  const int64_t *user;         /**< [count] */
  const double  *time;         /**< [count], or NULL: unknown */
} tt_observations;

/**
 * Marks what is held out. Collective.
 *
 * @param[out] held  [count]
 * @retval TARTAN_ERR_ARG    TT_SPLIT_TIME without times
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_split_mark(tartan_grid *grid, const tt_split *split, const tt_observations *seen, bool *held);

#endif
