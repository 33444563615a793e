/**
 * @file sparses.h
 * Sparse matrices of dense ones.
 */
#ifndef TARTAN_TESTS_SPARSES_H
#define TARTAN_TESTS_SPARSES_H

#include <tartan/sparse.h>

#include "matrices.h"

/** Elements of A that are not zero become entries, rounded; ranks give rows in turn. Collective; a failure is a failed check. */
tartan_sparse *sparse_of(tartan_grid *grid, tartan_dtype dtype, const dense *A);

/** Whole numbers 1 to 9 at one place in `every` (a int64_t *), all of row 1, none of row 2: exact sums. */
double fill_sparse(int64_t i, int64_t j, void *every);

#endif
