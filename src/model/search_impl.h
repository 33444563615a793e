/**
 * @file search_impl.h
 * A search under way: its plan (search_plan.c), its queries and result (search.c), the tiles of items that circulate
 * (search_tiles.c), and one tile against all queries of a rank (search_score.c).
 */
#ifndef TT_MODEL_SEARCH_IMPL_H
#define TT_MODEL_SEARCH_IMPL_H

#include <tartan/search.h>

#include "kernel/topn.h"
#include "oper/operator.h"

#define TT_SEARCH_ITEMS 512   /**< items of one local product, */
#define TT_SEARCH_QUERIES 256 /**< queries at most: the scores stay in the cache */

struct tartan_neighbors {
  int64_t  first, count, k; /* queries of this rank, results of each */
  int64_t *index;           /* [count, k] */
  double  *score;           /* [count, k]; keys of the heaps during the search */
};

/** Sizes of a search, the same on every rank. */
typedef struct tt_search_plan {
  tartan_metric metric;
  bool          without_self;
  tartan_dtype  dtype;   /**< of products: f32 where all elements are exact in it */
  int64_t       k, kept; /**< results asked for, and how many there can be */
  int64_t       most;    /**< queries of the rank that has most */
  int64_t       block;   /**< queries of one local product */
  int64_t       slab;    /**< items of a tile */
  int64_t       memory;  /**< bytes per rank */
} tt_search_plan;

/** Rows of a table as they are compared. */
typedef struct tt_rows {
  int64_t row, count; /**< the first of them, and how many */
  char   *data;       /**< [count, d] of the plan's dtype */
  double *length;     /**< [count] */
} tt_rows;

typedef struct tt_search {
  const tartan_operator *items;
  tt_search_plan         plan;
  tartan_grid           *grid;
  int64_t                d;
  tt_rows                queries; /* this rank's */
  tartan_neighbors      *result;
  int64_t               *found;          /* [queries.count] results so far */
  char                  *scores;         /* [threads][block][TT_SEARCH_ITEMS] */
  void                  *factor, *shift; /* [slab]: product * factor - shift is what is compared with a threshold */
} tt_search;

/**
 * Checks the arguments and plans. Collective.
 *
 * @retval TARTAN_ERR_SHAPE, TARTAN_ERR_ARG, TARTAN_ERR_GRID
 * @retval TARTAN_ERR_NOMEM  the budget is too small; the plan is filled all the same, so that one can see what would do
 */
tartan_status tt_search_plan_make(const tartan_operator *items, const tartan_operator *queries, int64_t k,
                                  const tartan_search_opts *opts, tt_search_plan *plan);

/** What a plan takes, for people. Local. */
void tt_search_plan_cost(const tartan_operator *items, const tartan_operator *queries, const tt_search_plan *plan,
                         tartan_cost *cost);

/** Elements that a tile of so many rows has, its lengths behind the rows included. Local. */
int64_t tt_rows_elements(tartan_dtype dtype, int64_t d, int64_t count);

/** Lets rows lie in such memory. Local. */
void tt_rows_place(tartan_dtype dtype, int64_t d, char *memory, int64_t row, int64_t count, tt_rows *rows);

/** Length of a row in f64, by one order of summation. Local. */
double tt_row_length(tartan_dtype dtype, int64_t d, const void *row);

/** Fills rows from a slab that was read: values and lengths. Local. */
void tt_rows_fill(tartan_dtype dtype, int64_t d, tt_element element, const void *slab, const tt_rows *rows);

/**
 * The first row of a length that is not finite, twice, plus one if it holds NaN; INT64_MAX if all are finite. Local.
 */
int64_t tt_rows_bad(const tt_rows *rows);

/** Refuses the first such row of all ranks. Collective. @param[in] what  "item" */
tartan_status tt_rows_require_finite(tartan_grid *grid, int64_t bad, const char *what);

/** Sends the tiles of items round, past the queries of all ranks. Collective. */
tartan_status tt_search_tiles(tt_search *s);

/** One tile of items against all queries of this rank. Local. */
void tt_search_compare(tt_search *s, const tt_rows *tile);

#endif
