/**
 * @file ratings.h
 * The ratings of `tartan generate ratings` in memory, for benchmarks of epochs.
 */
#ifndef BENCH_RATINGS_H
#define BENCH_RATINGS_H

#include <tartan/sparse.h>

#include "common/planted.h"

/**
 * Makes the ratings, each rank a share of the users. Collective.
 *
 * @param[in,out] set    users, items, ratings, rank, exponent, noise and seed are given
 * @param[out]    below  users with fewer than 15 ratings; may be NULL
 * @param[out]    R      [users, items] f32; NULL after a failure
 * @retval TARTAN_ERR_ARG, TARTAN_ERR_NOMEM
 */
tartan_status bench_ratings(tartan_grid *grid, app_planted *set, int64_t *below, tartan_sparse **R);

#endif
