/**
 * @file ratings.h
 * Ratings of items by users in an HDF5 file: columns `user`, `item`, `rating` and perhaps `timestamp` in a group, or a
 * sparse matrix as AnnData keeps it (`data`, `indices`, `indptr`, and its `shape`).
 */
#ifndef TT_IO_RATINGS_H
#define TT_IO_RATINGS_H

#include "io/ids.h"

/** What was read. Users and items have dense indices from 0 in the order of their names. */
typedef struct tt_ratings {
  tartan_grid *grid;
  char         file[4096], group[256]; /**< "" is the root group */
  bool         matrix;       /**< it was a sparse matrix: names are the indices, also of empty rows and columns */
  int64_t      total;        /**< observations */
  int64_t      first, count; /**< this rank's, in the order of the file: rank 0 has the first */
  int64_t     *user, *item;  /**< [count] */
  double      *rating;       /**< [count] finite; zero and negative as they stand in the file */
  double      *timestamp;    /**< [count], or NULL: there is none */
  tt_ids       users, items;
} tt_ratings;

/**
 * Reads ratings, a contiguous part on each rank. Collective.
 *
 * Columns: `user` and `item` are integers, or floats that hold whole numbers, or texts; `rating` and `timestamp` are numbers.
 * All have one dimension, or two of which the second is 1, and one length. Where `rating` is missing, all are 1. Where the
 * group has texts `user_ids` or `item_ids`, the columns are places in these lists, and the dense indices as well.
 *
 * Where no group is named and the root group has no ratings, a sparse matrix in /X is meant. It is taken as CSR, users in
 * its rows, unless its attribute `encoding-type` is csc_matrix; `shape` is an attribute of the group or a dataset in it.
 * Explicit zeros are observations.
 *
 * @param[in]  source   "FILE.h5" or "FILE.h5:/group"
 * @param[in]  opts     NULL for defaults
 * @param[out] ratings  to be given to tt_ratings_free(), after a failure too
 *
 * @retval TARTAN_ERR_INPUT   no such file, group or column; columns of other lengths or empty; a rating or time that is NaN
 *                            or Inf; an id that is no whole number; indices outside of the shape. File and column are named
 * @retval TARTAN_ERR_FORMAT  not HDF5; a rating that is a text
 * @retval TARTAN_ERR_IO, TARTAN_ERR_NOMEM
 */
tartan_status tt_ratings_read(tartan_grid *grid, const char *source, const tartan_io_opts *opts, tt_ratings *ratings);

/** Gives everything back. Local. */
void tt_ratings_free(tt_ratings *ratings);

#endif
