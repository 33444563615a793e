/**
 * @file ratings.h
 * The planted ratings of `tartan generate ratings` as a sparse matrix.
 */
#ifndef BENCH_RATINGS_H
#define BENCH_RATINGS_H

#include <tartan/sparse.h>

#include "common/planted.h"

/**
 * Users' ratings in f32 [users, items]; each rank makes those of its users. Collective.
 *
 * @param[out] R      to be given to tartan_sparse_destroy(); NULL after a failure
 * @param[out] below  users with fewer than 15 ratings; may be NULL
 * Errors as app_planted_begin(), tartan_sparse_create().
 */
tartan_status bench_ratings_make(tartan_grid *grid, app_planted *set, tartan_sparse **R, int64_t *below);

#endif
