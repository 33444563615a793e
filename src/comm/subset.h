/**
 * @file subset.h
 * A communicator of the first ranks of a grid, for libraries that want one of their own.
 */
#ifndef TT_COMM_SUBSET_H
#define TT_COMM_SUBSET_H

#include "comm/grid.h"

typedef struct tt_subset {
  MPI_Comm comm;    /**< MPI_COMM_NULL on ranks outside */
  int      fortran; /**< its name in Fortran; of no use outside */
} tt_subset;

/**
 * The ranks 0 .. count - 1. Collective over the grid.
 *
 * @param[out] subset  to be given to tt_subset_end()
 * @retval TARTAN_ERR_MPI
 */
tartan_status tt_subset_make(tartan_grid *grid, int count, tt_subset *subset);

/** Collective over the subset; nothing where it was not made or the grid is dead. */
void tt_subset_end(tartan_grid *grid, tt_subset *subset);

#endif
