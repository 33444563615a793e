/**
 * @file nmf_impl.h
 * Between the parts of a non-negative factorization.
 *
 * Both factors are kept turned, as [k, rows of W] and [k, columns of H] in one range for each rank, so that the k values of
 * a row are neighbours. Sums over rows run in the tree of segments.h: their bits depend on no number of ranks.
 */
#ifndef TT_MODEL_NMF_IMPL_H
#define TT_MODEL_NMF_IMPL_H

#include <tartan/nmf.h>

#include "kernel/nmf.h"
#include "oper/operator.h"
#include "oper/segments.h"

/** Behind the k x k sum of outer products of a side: its violation, and the inner product with what it was fitted to. */
enum { TT_NMF_VIOLATION, TT_NMF_CROSS, TT_NMF_SCALARS };

/** The open nodes of a sum over the rows of a side. */
typedef struct tt_nmf_tree {
  tt_segments   segments;
  tt_node_stack stack;
  int64_t       segment; /**< the one that is being added up */
  int64_t       size;    /**< values of a node */
  int           slots;   /**< nodes that a rank holds at once */
  double       *nodes;   /**< [slots, size] */
} tt_nmf_tree;

/** One factor. */
typedef struct tt_nmf_side {
  int64_t        n; /**< rows of W, columns of H */
  int64_t       *starts;
  int64_t        begin, end; /**< of this rank */
  tartan_matrix *X;          /**< [k, n] the factor */
  tartan_matrix *P;          /**< [k, n] what it is fitted to; NULL where it goes by tiles */
  tt_nmf_tree    tree;
  double        *sum; /**< [k k + TT_NMF_SCALARS] X X' and the scalars, on every rank */
} tt_nmf_side;

typedef struct tt_nmf {
  const tartan_operator *A;
  tartan_grid           *grid;
  tartan_nmf_opts        opts;
  tt_isa                 isa;
  int64_t                k;
  bool                   streamed; /**< by passes over rows; else by two products */
  tt_nmf_side            W, H;
  double                *G;           /**< [k, k] of the other factor, with l2 on its diagonal */
  double                *work;        /**< [threads, tt_nmf_work(k)] */
  double                *violation;   /**< [unit] */
  int64_t                unit;        /**< rows that go through local products together */
  double                 norm2, mean; /**< of A */
  int64_t                passes;
  bool                   keeps;          /**< the state, where the grid has a checkpoint */
  int64_t                iterations;     /**< that are done */
  int64_t                taken;          /**< of these, from a state */
  double                 first;          /**< violation of the first one */
  double                *history;        /**< [iterations, 2] loss and violation; NULL unless the state is kept */
  tartan_matrix         *rows, *columns; /**< [m, k], [n, k] operands of products */
  tt_pass                pass;
  double                *tile;                 /**< [n, unit] rows of A as f64 */
  double                *part;                 /**< [k, unit] of a tile: what W is fitted to */
  double                *whole;                /**< [k, n] H, on every rank */
  double                *sent, *came, **value; /**< buffers of a sum over the ranks */
  int64_t               *exchange;             /**< [4 P] its counts and places */
} tt_nmf;

/* ---- nmf.c */

/** All that is needed for W [m, k] alone, or for both factors. Collective; f->opts is set before. */
tartan_status tt_nmf_begin(const tartan_operator *A, int64_t k, bool both, tt_nmf *f);
void          tt_nmf_end(tt_nmf *f);

/** tartan_nmf(). Collective. @param keeps  the grid's checkpoint is for this alone; else a look only ends it */
tartan_status tt_nmf_factorize(const tartan_operator *A, int64_t k, const tartan_nmf_opts *opts, bool keeps,
                               tartan_matrix **W, tartan_matrix **H, tartan_nmf_info *info);

/** The buffers of passes over rows. Local. */
tartan_status tt_nmf_allocate_pass(tt_nmf *f);

/** W->P := A H', turned; of data that is held. Collective. */
tartan_status tt_nmf_fit_rows(tt_nmf *f);

/** The factors as the caller gets them; H may be NULL. Collective. */
tartan_status tt_nmf_deliver(const tt_nmf *f, tartan_matrix **W, tartan_matrix **H);

/* ---- nmf_side.c */

/** Makes the ranges and the tree of a side with n rows; nodes have `more` values behind the usual ones. Local status. */
tartan_status tt_nmf_side_make(tt_nmf *f, int64_t n, int64_t more, tt_nmf_side *side);
void          tt_nmf_side_free(tt_nmf_side *side);

/** Starts a sum. Local. */
void tt_nmf_tree_begin(const tartan_grid *grid, tt_nmf_tree *tree);

/** The node that a row is added to, cleared at the first row of a segment. Local. */
double *tt_nmf_tree_node(tt_nmf_tree *tree, int64_t row);

/** Says that all rows before `row` have been added. Local. */
void tt_nmf_tree_close(tt_nmf_tree *tree, int64_t row);

/** Where the tile that `row` lies in ends; tiles depend on the data's shape alone. Local. */
int64_t tt_nmf_tile_end(const tt_segments *s, int64_t unit, int64_t row);

/** Updates rows of a factor, at most a tile, by one sweep, and adds to a node. Local. @param P  [k, rows] */
void tt_nmf_update_rows(tt_nmf *f, tt_nmf_side *side, int64_t row, int64_t rows, const double *P, double *node);

/** Adds a tile's outer products to a node. Local. */
void tt_nmf_add_outer(const tt_nmf *f, int64_t rows, const double *X, double *sum);

/** Updates all of a factor from side->P, and sums; side->sum of the other one is read. Collective. */
tartan_status tt_nmf_update(tt_nmf *f, tt_nmf_side *side, const tt_nmf_side *other);

/** side->sum of a factor as it is, its scalars zero. Collective. */
tartan_status tt_nmf_sum(tt_nmf *f, tt_nmf_side *side);

/** f->G from the other factor's sum. Local. */
void tt_nmf_take_gram(tt_nmf *f, const tt_nmf_side *other);

/* ---- nmf_pass.c */

/** What is done with a tile of rows: f->tile. Local. */
typedef void tt_nmf_tile(tt_nmf *f, int64_t row, int64_t rows, void *context);

/** Begins and ends passes over the rows of A, which may be read many times. Collective. */
tartan_status tt_nmf_pass_begin(tt_nmf *f);
void          tt_nmf_pass_end(tt_nmf *f);

/** One pass: every tile of this rank in order. Collective. */
tartan_status tt_nmf_walk(tt_nmf *f, tt_nmf_tile *action, void *context);

/** f->part := what W's rows of the tile are fitted to. Local. */
void tt_nmf_fit_tile(tt_nmf *f, int64_t rows);

/** One pass: updates W row by row, and makes f->H.P of the new W. Collective. */
tartan_status tt_nmf_pass_update(tt_nmf *f);

/** H to every rank. Collective. */
tartan_status tt_nmf_spread(tt_nmf *f);

/* ---- nmf_look.c */

/** The first bad element in row order, INT64_MAX if there is none, and its value. */
typedef struct tt_nmf_finding {
  int64_t at;
  double  value;
} tt_nmf_finding;

/** Refuses data with a bad element; rows have n elements. Collective. TARTAN_ERR_INPUT. */
tartan_status tt_nmf_require(tartan_grid *grid, int64_t n, tt_nmf_finding *bad);

/** Refuses what is not >= 0 and finite; f->norm2, f->mean. Collective. @param also  done with each tile; may be NULL */
tartan_status tt_nmf_look(tt_nmf *f, tt_nmf_tile *also);

/** Refuses a start with elements that are not >= 0 and finite. Collective. @param turned  X is [k, n] for W [n, k] */
tartan_status tt_nmf_look_at_start(const tartan_matrix *X, bool turned, const char *name);

/** |A - W H|_F^2 / 2 from the elements themselves: one more pass. Collective. */
tartan_status tt_nmf_exact_loss(tt_nmf *f, double *loss);

/** The same between the beginning and the end of passes. Collective. */
tartan_status tt_nmf_exact_by_rows(tt_nmf *f, double *loss);

/* ---- nmf_sparse.c */

/** sums of A's entries and of their squares; refuses what is not >= 0 and finite. Collective. */
tartan_status tt_nmf_look_at_sparse(tt_nmf *f, double sums[2]);

/** |A - W H|_F^2 / 2 by dense tiles of rows. Collective. */
tartan_status tt_nmf_exact_sparse(tt_nmf *f, double *loss);

/** Two products with sparse data. Local. @param common  bytes that all ways take */
void tt_nmf_plan_sparse(const tartan_operator *A, double k, double iterations, double common, tartan_cost *plan);

/* ---- nmf_state.c */

/** Takes up a state that is kept, if there is one: the factors, f->norm2, f->first, f->taken, f->history. Collective. */
tartan_status tt_nmf_state_take(tt_nmf *f, bool *found);

/** Between two iterations, of which the last took so many seconds: on, or stop, or write the state. Collective. */
tartan_status tt_nmf_state_look(tt_nmf *f, double seconds);

/* ---- nmf_start.c */

/** W and H to start from. Collective. */
tartan_status tt_nmf_start(tt_nmf *f);

/* ---- nmf_plan.c */

/** Options on their own. The same on every rank. */
tartan_status tt_nmf_check_options(const tartan_nmf_opts *opts, tartan_nmf_opts *o);

/** The same, and against A. */
tartan_status tt_nmf_check(const tartan_operator *A, int64_t k, const tartan_nmf_opts *opts, tartan_nmf_opts *o);

/** Whether A is applied as a whole; else it is read by rows. Local. */
bool tt_nmf_is_held(const tartan_operator *A);

/** Rows of a tile, from the shape of A alone. Local. */
int64_t tt_nmf_unit(const tartan_operator *A);

/** The cut of n rows. Local. */
tt_segments tt_nmf_segments(int64_t n);

#endif
