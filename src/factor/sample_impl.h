/**
 * @file sample_impl.h
 * Multivariate normal samples on their way: sample.c checks and chooses, sample_root.c finds the root of the covariance,
 * sample_tiles.c multiplies on each rank alone, sample_spread.c over all ranks.
 */
#ifndef TT_FACTOR_SAMPLE_IMPL_H
#define TT_FACTOR_SAMPLE_IMPL_H

#include <tartan/sample.h>

#include "matrix/matrix.h"

typedef struct tt_sample {
  const tartan_matrix *Sigma;
  const double        *mean; /**< [n], or NULL for zeros */
  int64_t              n, count;
  uint64_t             seed;
  bool                 triangular; /**< the root is a Cholesky factor */
  double               condition;  /**< of Sigma where it was found, else NaN */
} tt_sample;

/**
 * root [n, n] := L with Sigma = L L', zero above the diagonal, or the symmetric square root; the same on every rank.
 * Sets triangular. Collective.
 *
 * @retval TARTAN_ERR_NUMERIC  Sigma is not positive semidefinite
 */
tartan_status tt_sample_root_one(tt_sample *s, void *root);

/** The same as a matrix over all ranks. Collective. */
tartan_status tt_sample_root_spread(tt_sample *s, tartan_matrix **root);

/** X := mean + Z root' in tiles of rows, each on one rank; X lies in slabs of whole tiles. Collective. */
tartan_status tt_sample_tiles(const tt_sample *s, const void *root, tartan_matrix **X);

/** X := mean + Z root' by products over all ranks. Collective. */
tartan_status tt_sample_spread(const tt_sample *s, tartan_matrix *root, tartan_matrix **X);

#endif
