/**
 * @file ease_impl.h
 * Item weights on their way: ease.c makes them, ease_gram.c forms R'R from the sparse rows, ease_plan.c tells what it
 * takes.
 */
#ifndef TT_MODEL_EASE_IMPL_H
#define TT_MODEL_EASE_IMPL_H

#include <tartan/linear_models.h>

#include "matrix/matrix.h"
#include "sparse/sparse.h"

/** Entries that are multiplied at a time, but for a user who has more; and bytes of each. */
#define TT_EASE_TILE (INT64_C(1) << 18)
#define TT_EASE_TILE_BYTES 28

/**
 * Adds the lower triangle of R'R to G [n, n], f64 in square blocks. Collective.
 *
 * The rank of a place receives those entries of all users whose items are among its rows or its columns. Each element is
 * summed in the order of users, so its bits depend on no number of ranks, threads or steps.
 *
 * @param[in] room  bytes of a rank that this may take, as far as one user fits; the same on every rank
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_ease_gram(const tartan_sparse *R, int64_t room, tartan_matrix *G);

/** What R'R takes, of a rank. */
typedef struct tt_ease_gram_figures {
  double bytes; /**< with all entries exchanged in one go */
  double words; /**< received */
  double flops;
} tt_ease_gram_figures;

/** Counts it for a layout of the items. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_ease_gram_count(const tartan_sparse *R, const tt_layout *layout, tt_ease_gram_figures *figures);

/** What tartan_ease_plan() tells, and the bytes that R'R may take. Collective. Errors as of it. */
tartan_status tt_ease_prepare(const tartan_sparse *R, tartan_dtype dtype, tartan_cost *plan, int64_t *room);

#endif
