/**
 * @file virtual_grid.h
 * A grid of one rank that says it has many, for planners: what they take from a grid is its size, arrangement, nodes and rates,
 * and what they exchange are agreements, which one rank reaches by itself.
 */
#ifndef BENCH_VIRTUAL_GRID_H
#define BENCH_VIRTUAL_GRID_H

#include "comm/grid.h"

/**
 * A grid for planning on `size` ranks of `nodes` nodes. Local. Nothing but plans may be asked of it: matrices, gathers and
 * whatever has one place for each rank would wait for those that are not there.
 *
 * @param[out] grid  to be given to tartan_grid_destroy(); seconds of its plans are by constant rates
 */
tartan_status bench_virtual_grid(int size, int nodes, int threads, tartan_grid **grid);

#endif
