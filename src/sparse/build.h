/**
 * @file build.h
 * A sparse matrix from pairs: what creation, transposition and rearrangement share.
 */
#ifndef TT_SPARSE_BUILD_H
#define TT_SPARSE_BUILD_H

#include "sparse/cuts.h"
#include "sparse/sparse.h"

/** How. */
typedef struct tt_build_opts {
  tartan_duplicates duplicates;
  double            row_work; /**< as tartan_sparse_opts; without `work`, and for a first guess */
  tt_work          *work;     /**< NULL: entries + row_work */
  void             *context;
} tt_build_opts;

/**
 * Makes a matrix from pairs (row << TT_COL_BITS | column, value) of all ranks. Collective.
 *
 * @param[in] pair  [count] given back here, after a failure too
 */
tartan_status tt_sparse_build(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, const tt_build_opts *opts,
                              tt_pair *pair, int64_t count, tartan_sparse **A);

#endif
