/**
 * @file predictor_impl.h
 * What a predictor and profiles are made of: parts (predictor.c), files (predictor_file.c), users (profiles.c,
 * profiles_fold.c), scores of pairs (predictor_score.c), lists (topn*.c).
 */
#ifndef TT_MODEL_PREDICTOR_IMPL_H
#define TT_MODEL_PREDICTOR_IMPL_H

#include <tartan/predictor.h>

#include "matrix/matrix.h"
#include "sparse/sparse.h"

struct tartan_predictor {
  tartan_grid            *grid;
  tartan_predictor_values v;
  bool                    owned; /* the matrices */
};

struct tartan_profiles {
  const tartan_predictor *p;
  int64_t                 count;
  int64_t                 first, own; /* this rank's users, by tt_rows_partition(count, 1, P) */
  int64_t                *starts;     /* [P + 1] */
  tartan_matrix          *X;       /* [k, count] of the factors' type, a range of columns on each rank; NULL: k = 0 */
  double                 *bias;    /* [own] b_u; zeros where the model has none */
  const tartan_sparse    *history; /* of ease: what is scored with; else NULL */
};

/** Ends the matrices of a predictor. Local. */
void tt_predictor_parts_destroy(tartan_predictor_values *values);

/** [P + 1] ranges of items: of the factors, biases or weights. Local. */
const int64_t *tt_item_starts(const tartan_predictor *p);

/** Profiles of so many users, all zero. Collective. @param[out] profiles  to be given to tartan_profiles_destroy() */
tartan_status tt_profiles_make(const tartan_predictor *p, int64_t count, tartan_profiles **profiles);

/* ---- profiles_known.c ---- */

/** A list that lies on the ranks in any parts, in even ranges. Collective. @param[out] mine  [starts[rank + 1] - starts[rank]] */
tartan_status tt_list_spread(tartan_grid *grid, int64_t count, const int64_t *list, const int64_t *starts,
                             int64_t *mine);

/** Columns of a matrix in ranges, wherever they are. Collective. @param[out] columns  [count, rows of A] of its type */
tartan_status tt_columns_pick(const tartan_matrix *A, int64_t count, const int64_t *index, void *columns);

/** Refuses indices that are not 0 .. n - 1. Collective. TARTAN_ERR_ARG. @param[in] what  "user" */
tartan_status tt_list_check(tartan_grid *grid, int64_t count, const int64_t *index, int64_t n, const char *what);

#endif
