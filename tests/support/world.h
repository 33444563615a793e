/**
 * @file world.h
 * Grids of tests.
 */
#ifndef TARTAN_TESTS_WORLD_H
#define TARTAN_TESTS_WORLD_H

#include <tartan/grid.h>

/** The default grid of MPI_COMM_WORLD; ends the test where there is none. Collective. */
tartan_grid *grid_world(void);

/**
 * The first `size` ranks of MPI_COMM_WORLD as a grid of their own with so many threads; NULL on the other ranks.
 * Collective over MPI_COMM_WORLD.
 */
tartan_grid *grid_of_first(int size, int threads);

#endif
