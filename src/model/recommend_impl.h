/**
 * @file recommend_impl.h
 * What a recommender in training is made of: two sides, users and items, which take turns. A side has rows of R (its own
 * transpose for items), one factor row for each, and the list of the other side's factor rows that its entries need.
 */
#ifndef TT_MODEL_RECOMMEND_IMPL_H
#define TT_MODEL_RECOMMEND_IMPL_H

#include <tartan/recommend.h>

#include "kernel/als.h"
#include "matrix/matrix.h"
#include "sparse/sparse.h"

/** Parts of rows that are cut between ranks: what each rank sends to the row's owner, and the owner's place for it. */
typedef struct tt_cut {
  int64_t  lead;   /**< segments here of the first row, which a lower rank owns; 0: it is this rank's */
  int64_t  follow; /**< segments of the last row that higher ranks hold */
  int64_t *send_count, *send_at, *recv_count, *recv_at; /**< [P] segments; one block, and as much again behind it */
} tt_cut;

/** Users, or items. */
typedef struct tt_side {
  const tartan_sparse *R;   /**< a row for each of this side */
  tartan_sparse       *own; /**< R, where it was made here */
  tartan_sparse_part   part;
  int64_t              first, count; /**< rows that this rank owns */
  int64_t              shift;        /**< local row of the first owned one: 1 where the first is only led in, else 0 */
  int64_t             *entries;      /**< [count] of each owned row, wherever they are */
  tt_needed            needed;       /**< of the other side */
  tt_cut               cut;
  tartan_matrix       *F;      /**< [k, rows] */
  tartan_matrix       *kept;   /**< the same of the epoch that is remembered, or NULL */
  void                *weight; /**< [entries here] w, or NULL: ones */
  void                *target; /**< [entries here] t */
  void                *lambda; /**< [count] */
  double              *bias;   /**< [count] */
  double *misfit; /**< [count] of items: what the entries of each add to the loss, of rows up to a segment */
} tt_side;

enum { TT_USERS, TT_ITEMS };

struct tartan_recommender {
  tartan_grid          *grid;
  tartan_recommend_opts opts;
  tt_side               side[2];
  int64_t               epochs, kept_epoch;
  double                mean, low, high; /* of the entries */
  double               *gram[2];         /* [k, k] F F' of each side, where known */
  bool                  known[2];
  void                 *near;       /* [most needed, k] factor rows of the other side */
  tt_isa                isa;        /* instruction set of the kernels: the lowest of all ranks */
  int64_t               heavy_from; /* entries from which a row takes the long form */
  bool                  fixed;      /* the items of a fold-in, which are not turned */
  tt_als_form           form;       /* of exact rows; other than TT_ALS_BY_COUNT for measurements only */
};

/* ---- recommend.c ---- */

/** Whether options are in range and fit each other. Local. TARTAN_ERR_ARG, TARTAN_ERR_DTYPE. */
tartan_status tt_recommend_check(const tartan_recommend_opts *opts);

/** Steps of cg, or coordinates of a block: as given, or the solver's own. Local. */
int64_t tt_recommend_steps(const tartan_recommend_opts *opts);

/* ---- recommend_plan.c ---- */

/** What the bytes of a rank are made of: what lasts, and the larger of the two others. */
typedef struct tt_recommend_parts {
  double lasting; /**< ratings, lists, targets, weights, factors */
  double sorted;  /**< while the ratings are put in order */
  double epoch;   /**< factor rows of the other side, sums, panels of the threads */
} tt_recommend_parts;

/** Bytes per rank. Local. */
double tt_recommend_memory(const tartan_sparse *R, const tartan_recommend_opts *opts, tt_recommend_parts *parts);

/* ---- recommend_side.c ---- */

/** Ends a side. Local. */
void tt_side_end(tt_side *side);

/** Makes both sides: the transpose, lists, counts, factors of zero. Collective. */
tartan_status tt_sides_make(tartan_recommender *m, const tartan_sparse *R);

/** Makes the side of users alone, where the ranges of items are given: for a fold-in. Collective. */
tartan_status tt_side_of_users(tartan_recommender *m, const tartan_sparse *R, const int64_t *items);

/** Weights, targets and penalties from entries, biases and options. Collective. */
tartan_status tt_sides_weigh(tartan_recommender *m);
tartan_status tt_side_weigh(tartan_recommender *m, int which);

/** Whether the model has factors at all. Local. */
bool tt_has_factors(const tartan_recommender *m);

/* ---- recommend_work.c ---- */

/**
 * The rows of both sides, cut by what they cost: R itself as users where that is balanced well enough, and its transpose.
 * Collective.
 */
tartan_status tt_sides_arrange(tartan_recommender *m, const tartan_sparse *R);

/** Largest over mean of the work that is left as it is: a copy of the ratings takes memory. */
#define TT_BALANCED 1.03

/** What the flops of a row ask of a model: options, steps, forms. Local. @param[out] m  nothing else of it is set */
void tt_recommend_price(tartan_recommender *m, const tartan_recommend_opts *opts);

/** Whether factor rows are turned until what all rows share is diagonal. Local. */
bool tt_recommend_turns(const tartan_recommend_opts *opts);

/** Whether a row of so many entries takes the short form. Local. */
bool tt_recommend_is_short(const tartan_recommender *m, int64_t entries);

/** Flops of a row of so many entries that is not cut, without what all rows share. Local. */
double tt_recommend_row_flops(const tartan_recommender *m, int64_t entries);

/** Work of a row of so many entries, in flops: a tt_work. Local. @param[in] context  a tartan_recommender */
double tt_recommend_row_work(int64_t entries, void *context);

/** Flops of this rank's rows of a side in a half-step, of a row that is cut those of its part. Local. */
double tt_side_flops(const tartan_recommender *m, const tt_side *side);

/* ---- recommend_taste.c ---- */

/** Kinds of rows: each has a speed of its own. */
typedef enum tt_row_kind {
  TT_ROW_SHORT, /**< exact, in the short form */
  TT_ROW_LONG,  /**< in the long form, or by another solver */
  TT_ROW_CUT,   /**< of more than a segment */
  TT_ROW_KINDS
} tt_row_kind;

/** What rows of a kind come to, over all ranks. */
typedef struct tt_kind_work {
  double rows, flops;
  double weighted; /**< sum of each row's flops times its entries */
} tt_kind_work;

typedef struct tt_epoch_work {
  tt_kind_work side[2][TT_ROW_KINDS];
} tt_epoch_work;

/**
 * Counts the rows of an epoch by the entries that they have; of many columns, those of a part of them. Collective.
 * TARTAN_ERR_NOMEM.
 */
tartan_status tt_recommend_tally(const tartan_sparse *R, const tartan_recommend_opts *opts, tt_epoch_work *work);

/** Seconds of such an epoch without its messages, of the slowest rank, from a measurement of a moment. Collective. TARTAN_ERR_NOMEM. */
tartan_status tt_recommend_taste(const tartan_sparse *R, const tartan_recommend_opts *opts, const tt_epoch_work *work,
                                 double *seconds);

/* ---- recommend_cut.c ---- */

/** Finds which rows are cut. Collective. */
tartan_status tt_cut_make(tt_side *side);
void          tt_cut_end(tt_cut *cut);

/** Sends what each lead segment came to, `width` elements, to its owner. Collective. @param[out] others [follow, width] */
tartan_status tt_cut_exchange(tartan_grid *grid, tt_cut *cut, const void *mine, int64_t width, size_t size,
                              void *others);

/** Segments of so many entries. Local. */
int64_t tt_segments_of(int64_t entries);

/* ---- recommend_gram.c ---- */

/** m->gram[which] := F F' in f64, on every rank; the same bits on any number of ranks. Collective. */
tartan_status tt_factor_gram(tartan_recommender *m, int which);

/**
 * Turns the factors of a side so that their Gram matrix is diagonal, d [k] on every rank; m->gram[which] is then unknown.
 * Collective.
 */
tartan_status tt_factor_rotate(tartan_recommender *m, int which, double *d);

/** Before which row the segments of a rank end, as a Gram matrix is summed. Local. @param[in] starts  [P + 1] rows of the ranks */
int64_t tt_factor_segments_end(const int64_t *starts, int P, int rank);

/** Sums that a rank ends with, whole subtrees of its segments. Local. */
int tt_factor_subtrees(const int64_t *starts, int rank);

/** Elements of a sum that a rank merges. Local. */
int64_t tt_factor_slice(int64_t size, int64_t P, int64_t rank);

/** Dense rows first .. first + count - 1 of a side's factors, wherever they are. Collective. @param[out] rows [count, k] */
tartan_status tt_factor_rows(const tartan_matrix *F, int64_t first, int64_t count, void *rows);

/**
 * The same of one f64 value for each of n rows, of which rank r has starts[r] .. starts[r + 1] - 1. Collective.
 *
 * @param[in]  mine    [own]
 * @param[out] values  [count]
 */
tartan_status tt_value_rows(tartan_grid *grid, const int64_t *starts, const double *mine, int64_t first, int64_t count,
                            double *values);

/* ---- recommend_step.c ---- */

/** Rows of up to a segment by the solver of the options. Local. Returns those that failed. @retval through *local: TARTAN_ERR_NOMEM */
int64_t tt_recommend_solve(const tartan_recommend_opts *opts, const tt_als_shared *shared, const tt_als_rows *rows,
                           int threads, tt_memory *memory, tartan_status *local);

/** Factors of one side from those of the other. Collective. */
tartan_status tt_half_step(tartan_recommender *m, int which);

/* ---- recommend_bias.c ---- */

/** mean, low, high; biases of both sides. Collective. */
tartan_status tt_fit_biases(tartan_recommender *m);

/** Biases of the users from the mean and those of the items. Collective. */
tartan_status tt_fit_user_biases(tartan_recommender *m);

/* ---- recommend_loss.c ---- */

/** What an entry counts beside its weight: see tt_als_misfit(). Local. */
double tt_misfit_more(const tartan_recommender *m);

/** The objective, right after the half-step of the items: their misfits and the needed user rows are those of now. Collective. */
tartan_status tt_recommend_loss(tartan_recommender *m, double *loss);

/** Sum of a number of each rank, in two words of f64: the rounded sum hardly ever depends on the ranks. Collective. */
tartan_status tt_sum_twofold(tartan_grid *grid, const double part[2], double *sum);

/** sum += value, exactly as far as two words go. Local. */
void tt_add_twofold(double sum[2], double value);

/* ---- recommend_score.c ---- */

/** What makes scores: factors and biases of both sides, each with the ranges of its ranks. */
typedef struct tt_scored {
  tartan_grid         *grid;
  int64_t              users, items;
  const int64_t       *user_starts, *item_starts; /**< [P + 1] */
  const tartan_matrix *X, *Y;                     /**< [k, users], [k, items] of one type; NULL: none */
  const double        *user_bias, *item_bias;     /**< of this rank's ranges */
  double               mean;
} tt_scored;

/** Scores of pairs [users, items], [entries of this rank] in their order. Collective. */
tartan_status tt_score_pairs(const tt_scored *s, const tartan_sparse *pairs, double *scores);

/**
 * Root mean square and mean of the size of what scores miss the entries of a matrix by; clipped to low .. high. Collective.
 *
 * @param[in]  scores     [entries of this rank]
 * @param[out] rmse, mae  NaN of no entries; may be NULL
 */
tartan_status tt_score_errors(const tartan_sparse *truth, const double *scores, double low, double high, double *rmse,
                              double *mae);

/* ---- recommend_file.c ---- */

/** All that makes the configuration of a model, and of its data, as one line; the same on every rank. Collective. */
tartan_status tt_recommend_configuration(const tartan_recommender *m, char *text, size_t length);

#endif
