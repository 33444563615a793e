/**
 * @file lists.h
 * What searches for the best are compared with: the local products alone, in tiles that are discarded, and the lists that a
 * product in memory gives.
 */
#ifndef BENCH_LISTS_H
#define BENCH_LISTS_H

#include <tartan/search.h>

#include "common/record.h"

/** Products of this rank's queries with n items, tile by tile, each block of scores overwritten by the next. */
typedef struct bench_tiles {
  tartan_grid *grid;
  tartan_dtype dtype;
  int64_t      n, d;
  int64_t      mine, block; /**< queries of this rank, and of one product */
  int64_t      tile;        /**< items that are multiplied again and again */
  char        *x, *y, *c;
} bench_tiles;

/** Takes memory for the members that are set. Collective; to be given to bench_tiles_free(), after a failure too. */
tartan_status bench_tiles_make(bench_tiles *tiles);
void          bench_tiles_free(bench_tiles *tiles);

/** Multiplies; the last tile is as long as the others. Local. */
void bench_tiles_run(const bench_tiles *tiles);

/**
 * The worst difference between scores of lists and the best of a product. Collective.
 *
 * @param[in]  C      [items, queries] by dot product
 * @param[out] worst  in units of u d lengths^2, for vectors of d normal numbers
 */
tartan_status bench_lists_compare(const tartan_neighbors *result, tartan_matrix *C, int64_t d, double *worst);

#endif
