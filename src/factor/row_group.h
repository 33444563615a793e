/**
 * @file row_group.h
 * Panels of a factorization on one row of ranks, each of which has whole columns: the owner of a panel factors it alone
 * and broadcasts it; a few are gathered before the rest is updated, left-looking within such a group, so that products
 * have a long inner dimension whatever the block.
 */
#ifndef TT_FACTOR_ROW_GROUP_H
#define TT_FACTOR_ROW_GROUP_H

#include "factor/solve_impl.h"

/** Panels of a group. */
#define TT_ROW_GROUP 3

typedef struct tt_row_group {
  tartan_matrix *F;
  size_t         size;
  int64_t        m, n, nb;
  int64_t        row, end; /**< its first row and column, and the column behind its panels */
  int64_t        done;     /**< its columns of L that are here */
  char          *w;        /**< [m - row, group nb]: those columns, with what stands above them */
  int           *pivot; /**< [nb + 1] of a panel, from one at its first row; behind them where it failed, 0: nowhere */
} tt_row_group;

/** Memory for the panels of f->F. Local: the caller agrees. */
tartan_status tt_row_group_make(const tt_factored *f, tt_row_group *g);

void tt_row_group_end(tt_row_group *g);

/** Element (i, j) of this rank's part of F, and of the group's columns. Local. */
char *tt_row_at(const tt_row_group *g, int64_t i, int64_t j);
char *tt_row_at_group(const tt_row_group *g, int64_t i, int64_t j);

/** This rank's columns before global column j. Local. */
int64_t tt_row_columns(const tt_row_group *g, int64_t j);

/** A panel of so many columns of L from the rank that owns global column `first` to all. Collective. */
tartan_status tt_row_spread(tt_row_group *g, int64_t first, int64_t count);

#endif
