/**
 * @file operand.h
 * Operands in any layout: windows at odd offsets of larger matrices, on any arrangement and order of ranks or in ranges of
 * columns, with their values on every rank.
 */
#ifndef TARTAN_TESTS_OPERAND_H
#define TARTAN_TESTS_OPERAND_H

#include "matrices.h"

typedef struct operand {
  tartan_matrix *whole, *window;
  int64_t        i0, j0;
  dense          values; /**< of the window, as the matrix holds them */
  dense          before; /**< of the whole */
  char           text[192];
  int            ranks[LAYOUT_RANKS_MAX]; /* of the layout */
} operand;

/** A window of m x n with elements fill(i, j, context), drawn from check_pick(). Collective; end with operand_end(). */
void operand_draw(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, tartan_fill *fill, void *context,
                  operand *x);

/** As operand_draw(), but never in ranges of columns. */
void operand_draw_cyclic(tartan_grid *grid, tartan_dtype dtype, int64_t m, int64_t n, tartan_fill *fill, void *context,
                         operand *x);

/** What the window holds now. Collective. */
dense operand_now(const operand *x);

/** Number of elements outside of the window, or with `all` inside too, that are not what they were. Collective. */
int64_t operand_changed(const operand *x, bool all);

void operand_end(operand *x);

/** NaN everywhere. */
double fill_nan(int64_t i, int64_t j, void *unused);

/** One of the sizes that operands are drawn with, from 0 to a few hundred. */
int64_t operand_size(void);

#endif
