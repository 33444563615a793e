/**
 * @file recommend_words.h
 * The words of an epoch, counted rank by rank from where rows and entries lie: of a model in training, or of ratings cut for any
 * number of ranks that need not be there.
 */
#ifndef TT_MODEL_RECOMMEND_WORDS_H
#define TT_MODEL_RECOMMEND_WORDS_H

#include "model/recommend_impl.h"

/** What one rank moves of one side in its half-step, in rows and segments. */
typedef struct tt_side_moves {
  const int64_t *starts;            /**< [P + 1] factor rows of the ranks */
  double         rows_in, rows_out; /**< of the other side: fetched, and given to others */
  double         cut_in, cut_out;   /**< segments' sums of rows that are cut */
  double         lead_in, lead_out; /**< own factor rows that led-in rows need for the loss */
} tt_side_moves;

/**
 * Words moved by the rank in an epoch: the larger of sent and received. Local.
 *
 * @param[in] first  of a model that was just made or resumed: the items' Gram matrix is formed anew
 */
double tt_epoch_words(const tartan_recommend_opts *opts, int P, int rank, bool first, const tt_side_moves side[2]);

/** The same of a model in training, of the rank that moves most. Collective. */
tartan_status tt_recommend_epoch_words(const tartan_recommender *m, bool first, double *words);

/** What an epoch would be on so many ranks. */
typedef struct tt_epoch_counts {
  double words;     /**< of the rank that moves most */
  double needed;    /**< of that: distinct remote rows, of the rank that needs most */
  double imbalance; /**< work of the busiest rank over the mean */
  double flops;     /**< of the rows, all ranks */
} tt_epoch_counts;

/**
 * Counts an epoch on any number of ranks. Local: R lies on one rank.
 *
 * @param[in] row_work  with which R would have been made (tartan_sparse_opts)
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_recommend_count(const tartan_sparse *R, const tartan_recommend_opts *opts, double row_work, int ranks,
                                 tt_epoch_counts *counts);

#endif
