/**
 * @file build.h
 * A sparse matrix from pairs: what creation and transposition share.
 */
#ifndef TT_SPARSE_BUILD_H
#define TT_SPARSE_BUILD_H

#include "sparse/pairs.h"
#include "sparse/sparse.h"

/**
 * Makes a matrix from pairs (row << TT_COL_BITS | column, value) of all ranks. Collective.
 *
 * @param[in] opts  all set
 * @param[in] pair  [count] given back here, after a failure too
 */
tartan_status tt_sparse_build(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n,
                              const tartan_sparse_opts *opts, tt_pair *pair, int64_t count, tartan_sparse **A);

#endif
