/**
 * @file operands.h
 * The layouts in which operands of a benchmark lie, by their names on the command line.
 */
#ifndef BENCH_OPERANDS_H
#define BENCH_OPERANDS_H

#include <tartan/matrix.h>

/** In the order of the words of an option: "plan|cyclic|rows|columns". */
enum { BENCH_PLAN, BENCH_CYCLIC, BENCH_ROWS, BENCH_COLUMNS };

/**
 * Layout of an m x n matrix. Local, the same on every rank.
 *
 * @param[in] kind   BENCH_CYCLIC: blocks of block x block on p x q ranks (0 x 0: the grid's own arrangement);
 *                   BENCH_ROWS and BENCH_COLUMNS: one slab a rank
 */
tartan_matrix_opts bench_layout(const tartan_grid *grid, int kind, int64_t block, const int64_t arrangement[2],
                                int64_t m, int64_t n);

#endif
