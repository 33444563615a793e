/**
 * @file rows.h
 * Whole rows of a sparse matrix where they are wanted: in given ranges, no row cut between ranks.
 */
#ifndef TT_SPARSE_ROWS_H
#define TT_SPARSE_ROWS_H

#include "sparse/sparse.h"

/** Whole rows of this rank, columns ascending. */
typedef struct tt_sparse_rows {
  int64_t  first, count;
  int64_t *ptr;   /**< [count + 1] */
  int32_t *col;   /**< [ptr[count]] */
  double  *value; /**< [ptr[count]] */
} tt_sparse_rows;

/**
 * Brings each row to the rank whose range it is in, by one exchange. Collective.
 *
 * @param[in]  starts  [P + 1] from 0 to A's rows
 * @param[out] rows    to be given to tt_sparse_rows_free(), after a failure too
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_sparse_rows_gather(const tartan_sparse *A, const int64_t *starts, tt_sparse_rows *rows);

void tt_sparse_rows_free(tt_sparse_rows *rows);

#endif
