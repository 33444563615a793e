/**
 * @file layout.h
 * Where the elements of a matrix lie: two axes and the ranks that sit at their crossings. No data; pure arithmetic.
 */
#ifndef TT_MATRIX_LAYOUT_H
#define TT_MATRIX_LAYOUT_H

#include "base/memory.h"
#include "matrix/axis.h"

typedef struct tt_layout {
  tt_axis    row, col; /**< procs of the axes are the arrangement p x q */
  const int *ranks;    /**< NULL, or [p q] the rank at each place */
  bool       turned;   /**< places are numbered down the columns: the transpose of a layout whose are along the rows */
} tt_layout;

/** The rank that sits at a place. Local. */
int tt_layout_rank(const tt_layout *layout, int prow, int pcol);

/** Where a rank sits, -1 and -1 if nowhere. Local. */
void tt_layout_place(const tt_layout *layout, int rank, int *prow, int *pcol);

/** The layout of the transpose, in the same memory. Local. */
tt_layout tt_layout_turn(const tt_layout *layout);

/** Whether every element has the same owner and place in memory in both. Local. */
bool tt_layout_same(const tt_layout *a, const tt_layout *b);

/** The most elements that a rank owns. Local. */
int64_t tt_layout_largest(const tt_layout *layout);

/**
 * Indices that each process of one axis shares with each of another of the same length. Local.
 *
 * @param[out] shared  [a->procs * b->procs], process of a first
 */
void tt_axis_overlap(const tt_axis *a, const tt_axis *b, int64_t *shared);

/**
 * Adds the words that each rank sends and receives when a layout changes. Local.
 *
 * @param[in]     rows, cols  of tt_axis_overlap() between the rows and between the columns of from and to
 * @param[in,out] sent, came  [P]
 */
void tt_layout_add_words(const tt_layout *from, const tt_layout *to, const int64_t *rows, const int64_t *cols, int P,
                         int64_t *sent, int64_t *came);

/**
 * Gives each of Q places the rank of P >= Q where it loses least: the largest sum of weights for up to 64 ranks (the
 * Hungarian algorithm in the form of Jonker and Volgenant 1987), beyond that place after place its best. Local.
 *
 * @param[in]  weight  [Q * P] what is kept if a place gets a rank, place first
 * @param[out] rank    [Q]
 * @param[in]  work    [4 (P + 1)]
 */
void tt_assign_ranks(int Q, int P, const int64_t *weight, int *rank, int64_t *work);

#endif
