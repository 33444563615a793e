/**
 * @file sparse.h
 * What a sparse matrix is made of, and the exchange of the dense rows that its columns need.
 */
#ifndef TT_SPARSE_SPARSE_H
#define TT_SPARSE_SPARSE_H

#include <tartan/sparse.h>

#include "sparse/cuts.h"

struct tartan_sparse {
  tartan_grid *grid;
  tartan_dtype dtype;
  int64_t      m, n, entries;
  int64_t     *owner; /* [P + 1] rank r owns rows owner[r] .. owner[r + 1] - 1: of a row that is cut, the rank of its
                         first part */
  int64_t      first, rows, before, after; /* as tartan_sparse_part */
  int64_t     *ptr;
  int32_t     *col;
  void        *value;
};

/** The rank that owns a row. Local. */
int tt_sparse_owner(const tartan_sparse *A, int64_t row);

/**
 * B := A or A', with rows that are balanced by any work, which need not grow as their entries do. Collective.
 *
 * @param[in]  work  the same on every rank
 * @param[out] B     to be given to tartan_sparse_destroy(); NULL after a failure
 * Errors as tartan_sparse_transpose().
 */
tartan_status tt_sparse_arrange(tartan_op op, const tartan_sparse *A, tt_work *work, void *context, tartan_sparse **B);

/**
 * Which dense rows, one for each column of a sparse matrix, a rank needs beside its own, and where they come from. Made
 * once, used for every exchange.
 */
typedef struct tt_needed {
  tartan_grid *grid;
  int64_t      own_first, own; /**< this rank's dense rows */
  int64_t      needed;         /**< distinct columns of this rank's entries */
  int64_t     *global;         /**< [needed] ascending: which dense row each is */
  int32_t     *local;          /**< [entries here]: index among the needed of each entry's column */
  int64_t     *send;           /**< own rows, from own_first, in the order in which they are sent */
  tt_routes    routes;         /**< counts of rows: out of `send`, into the needed rows */
} tt_needed;

/**
 * Finds what is needed. Collective.
 *
 * @param[in]  starts  [P + 1] dense rows of rank r are starts[r] .. starts[r + 1] - 1; they are A's columns
 * @param[out] needed  to be given to tt_needed_end(), after a failure too
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_needed_make(const tartan_sparse *A, const int64_t *starts, tt_needed *needed);
void          tt_needed_end(tt_needed *needed);

/**
 * Words that this rank receives in an exchange of rows of k elements: distinct remote rows x k. Those that it sends
 * through `sent`, which may be NULL. Local.
 */
double tt_needed_words(const tt_needed *needed, int64_t k, double *sent);

/**
 * Brings the rows that are needed. Collective.
 *
 * @param[in]  own   [own, k] row-major, elements of `size` bytes
 * @param[out] rows  [needed, k] row-major
 */
tartan_status tt_needed_exchange(tt_needed *needed, const void *own, int64_t k, size_t size, void *rows);

#endif
