/**
 * @file search_impl.h
 * A search under way: its plan (search_plan.c), its queries (search.c), rows as they are compared (search_rows.c), the lists
 * of the best (search_lists.c), the tiles of items (search_tiles.c, tiles.h), and one tile against all queries of a rank
 * (search_score.c). Rows, lists and comparison serve the best items of users too (topn*.c).
 */
#ifndef TT_MODEL_SEARCH_IMPL_H
#define TT_MODEL_SEARCH_IMPL_H

#include <tartan/search.h>

#include "kernel/topn.h"
#include "oper/operator.h"
#include "sparse/rows.h"

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

/** What a row is. */
typedef struct tt_row_shape {
  tartan_dtype dtype;
  int64_t      d;
  bool         biased; /**< a number in f64 is added to its products */
} tt_row_shape;

/** Rows of a table as they are compared. */
typedef struct tt_rows {
  int64_t        row, count; /**< the first of them, and how many */
  const int64_t *index;      /**< NULL, or [count] which rows they are, ascending, where not all neighbours */
  char          *data;       /**< [count, d] of the dtype */
  double        *length;     /**< [count] */
  double        *bias;       /**< [count], or NULL */
} tt_rows;

/** Which row stands at a place of a tile. */
static inline int64_t tt_item_at(const tt_rows *tile, int64_t at)
{
  return tile->index ? tile->index[at] : tile->row + at;
}

/** Ascending columns that are below an item. */
static inline int64_t tt_first_from(const int32_t *col, int64_t count, int64_t item)
{
  int64_t low = 0;

  while (low < count) {
    const int64_t middle = low + (count - low) / 2;

    if (col[middle] < item)
      low = middle + 1;
    else
      count = middle;
  }
  return low;
}

/** The best of each query so far. */
typedef struct tt_lists {
  tartan_grid      *grid;
  int64_t           kept; /**< how many there can be */
  tartan_neighbors *result;
  int64_t          *found; /**< [queries] how many there are */
} tt_lists;

/** What may be among a query's best in a tile. */
typedef struct tt_contender {
  double  threshold; /**< for product * factor - shift */
  double  slack;     /**< how far this may be from what it stands for; infinite: any number */
  int64_t next;      /**< the next item that is masked, */
  int64_t seen;      /**< and the first of the seen that is not among the products before */
  tt_pool pool;
} tt_contender;

/** A comparison of queries, which stay, with items. */
typedef struct tt_search {
  const tartan_operator *items; /* of a search; else NULL */
  tt_search_plan         plan;
  tartan_grid           *grid;
  tt_row_shape           shape;   /* of items; queries have no bias */
  tt_rows                queries; /* this rank's */
  tt_lists               lists;
  const tt_sparse_rows  *seen; /* items that are no results, a row for each query; or NULL */

  char         *scores;         /* [threads][block][TT_SEARCH_ITEMS] */
  tt_contender *contender;      /* [threads][block] */
  double       *value;          /* [threads][block][room] */
  int32_t      *at;             /* [threads][block][room] */
  double       *cut;            /* [threads][tt_search_work()] */
  void         *factor, *shift; /* [slab]: product * factor - shift is what is compared with a threshold */
} tt_search;

/* ---- search_plan.c ---- */

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

/** Candidates of a query that are put aside before they are scored exactly. Local. */
int64_t tt_search_room(int64_t kept);

/** Numbers in f64 that a thread needs to thin them out. Local. */
int64_t tt_search_work(int64_t kept);

/** Bytes of tt_search_begin() beside those of the tile. Local. */
double tt_search_bytes(const tartan_grid *grid, const tt_search_plan *plan);

/** Bytes of lists of k results for so many queries. Local. */
double tt_lists_bytes(int64_t queries, int64_t k);

/* ---- search_rows.c ---- */

/** Elements that a tile of so many rows has, lengths and biases behind the rows included. Local. */
int64_t tt_rows_elements(const tt_row_shape *shape, int64_t count);

/** Lets rows lie in such memory. Local. */
void tt_rows_place(const tt_row_shape *shape, char *memory, int64_t row, int64_t count, tt_rows *rows);

/** Length of a row in f64, by one order of summation. Local. */
double tt_row_length(tartan_dtype dtype, int64_t d, const void *row);

/** Fills rows from a slab that was read: values and lengths. Local. */
void tt_rows_fill(const tt_row_shape *shape, tt_element element, const void *slab, const tt_rows *rows);

/** What tt_rows_bad() says of one row. Local. */
int64_t tt_row_bad(int64_t row, double length);

/**
 * The first row of a length that is not finite, twice, plus one if it holds NaN; INT64_MAX if all are finite. Local.
 */
int64_t tt_rows_bad(const tt_rows *rows);

/** Refuses the first such row of all ranks. Collective. @param[in] what  "item" */
tartan_status tt_rows_require_finite(tartan_grid *grid, int64_t bad, const char *what);

/* ---- search_lists.c ---- */

/** Empty lists of k results, of which `kept` there can be, for queries first .. first + count - 1. Local. */
tartan_status tt_lists_make(tartan_grid *grid, int64_t first, int64_t count, int64_t k, int64_t kept, tt_lists *lists);

/** The heap of a query, in the memory of the result; its count is given back to `found`. Local. */
tt_heap tt_lists_heap(const tt_lists *lists, int64_t query);

/**
 * Puts each list in order, with scores sign * key + base, and marks what is left over as nothing. Local.
 *
 * @param[in] base  [queries], or NULL: none
 */
void tt_lists_finish(const tt_lists *lists, double sign, const double *base);

/** Gives back what is not the caller's: all of it, unless he has taken the result out. Local. */
void tt_lists_end(tt_lists *lists);

/** What was counted since `before`, the largest over the ranks. Collective. */
tartan_status tt_search_measure(tartan_grid *grid, const tt_counters *before, int64_t used, double start,
                                tartan_cost *cost);

/* ---- search_tiles.c ---- */

/** Sends the tiles of items round, past the queries of all ranks. Collective. */
tartan_status tt_search_tiles(tt_search *s);

/* ---- search_score.c ---- */

/** Room for comparisons. Local; to be given to tt_search_end(), after a failure too. */
tartan_status tt_search_begin(tt_search *s);
void          tt_search_end(tt_search *s);

/** One tile of items against all queries of this rank. Local. */
void tt_search_compare(tt_search *s, const tt_rows *tile);

#endif
