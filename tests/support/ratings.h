/**
 * @file ratings.h
 * Small ratings for the tests: a dense array with holes, the same on every rank, and the sparse matrix of it.
 */
#ifndef TARTAN_TESTS_RATINGS_H
#define TARTAN_TESTS_RATINGS_H

#include <tartan/sparse.h>

typedef struct ratings {
  int64_t users, items, entries;
  double *value; /**< [users, items] row-major; NaN where there is no rating */
} ratings;

/**
 * Ratings of 1 to 5, some 0 or below with `negative`; users and items whose number is 3 more than a multiple of 17 have none.
 *
 * @param density  of the others
 */
ratings ratings_make(int64_t users, int64_t items, double density, bool negative, uint64_t seed);
void    ratings_free(ratings *r);

/** The sparse matrix; each rank gives a part of the entries, in an order of its own. Collective. */
tartan_sparse *ratings_sparse(tartan_grid *grid, const ratings *r, tartan_dtype dtype);

#endif
