/**
 * @file cuts.h
 * Where the rows of a matrix are cut between ranks so that each has about the same work.
 */
#ifndef TT_SPARSE_CUTS_H
#define TT_SPARSE_CUTS_H

#include "sparse/pairs.h"

/** Where each of so many parts begins: one for each rank, or for ranks of another job. */
typedef struct tt_cuts {
  int      parts;
  int64_t *row;      /**< [parts + 1] in this row ... */
  int64_t *offset;   /**< [parts + 1] ... before this entry of it: 0, or a multiple of the segment */
  int64_t *length;   /**< [parts + 1] entries of the row; where offset > 0 */
  int64_t *position; /**< [parts + 1] before this entry of all */
  double  *cost;     /**< [parts] */
} tt_cuts;

/** Room; to be given to tt_cuts_free(), after a failure too. Local. */
void tt_cuts_make(int parts, tt_cuts *cuts, tartan_status *local);
void tt_cuts_free(tt_cuts *cuts);

/** What a row of so many entries costs, 0 or more, in any unit. */
typedef double tt_work(int64_t entries, void *context);

/**
 * Finds the cuts of m rows. Collective.
 *
 * A cut lies at the end of a row, or inside a row at a multiple of TARTAN_SPARSE_SEGMENT where that comes nearer to its
 * share by 2 % of it. The largest share is as small as can be. Of a row that is cut each part counts by its entries.
 *
 * @param[in] pair   [count] entries of this rank, one for each place, in one order over the ranks
 * @param[in] begin  [P + 1] positions of the ranks' first entries
 */
tartan_status tt_cuts_find(tartan_grid *grid, const tt_pair *pair, const int64_t *begin, int64_t m, tt_work *work,
                           void *context, tt_cuts *cuts);

#endif
