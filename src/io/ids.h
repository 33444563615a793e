/**
 * @file ids.h
 * Names of users and items, as numbers or texts, and the dense indices that stand for them: places in the sorted order of
 * the distinct ones, numbers by value, texts by bytes.
 */
#ifndef TT_IO_IDS_H
#define TT_IO_IDS_H

#include "io/output.h"

/**
 * The names that occur, each once, in order.
 *
 * Numbers are distributed: each rank holds a stretch of them. Texts are all on every rank: `first` is 0 and `count` is
 * `total`.
 */
typedef struct tt_ids {
  tartan_grid *grid;
  bool         text;
  int64_t      total;        /**< names in all */
  int64_t      first, count; /**< this rank's: of the indices first .. first + count - 1 */
  int64_t     *number;       /**< [count]; NULL of texts */
  const char **name;         /**< [count]; NULL of numbers */
} tt_ids;

/**
 * Dense indices of numbers that lie on all ranks. Collective.
 *
 * @param[in,out] number  [count] in: names; out: their indices
 * @param[out]    ids     to be given to tt_ids_free(), after a failure too
 */
tartan_status tt_ids_of_numbers(tartan_grid *grid, int64_t count, int64_t *number, tt_ids *ids);

/** Dense indices of texts. Collective. @param[out] index  [count] */
tartan_status tt_ids_of_texts(tartan_grid *grid, int64_t count, const char *const *text, int64_t *index, tt_ids *ids);

/** The names 0 .. total - 1, of a matrix whose rows have none. Collective. */
tartan_status tt_ids_of_range(tartan_grid *grid, int64_t total, tt_ids *ids);

void tt_ids_free(tt_ids *ids);

/** Lets an output have them as a one-dimensional dataset, before tt_output_open(). Local, same on all ranks. */
void tt_ids_declare(const tt_ids *ids, tt_output *out, const char *name);

/** Writes what was declared, after tt_output_open(). Collective. */
tartan_status tt_ids_write(const tt_ids *ids, tt_output *out, const char *name);

/* ---- ids_match.c ---- */

/**
 * The names in a dataset of a result file, in its order, which need not be ascending. Collective.
 *
 * @param[out] ids  to be given to tt_ids_free(), after a failure too
 * @retval TARTAN_ERR_INPUT   there is no such dataset
 * @retval TARTAN_ERR_FORMAT  it holds neither whole numbers nor texts in one dimension
 * @retval TARTAN_ERR_IO, TARTAN_ERR_NOMEM
 */
tartan_status tt_ids_read(tartan_grid *grid, const char *file, const char *name, tt_ids *ids);

/** All numbers on every rank. Collective. @param[out] number  [total] memory to be given to tt_free(); NULL of texts */
tartan_status tt_ids_numbers(const tt_ids *ids, int64_t **number);

/**
 * Where names of one list stand in another. Collective. Neither list need be in order.
 *
 * Each rank looks its part of the first list up; the other one is on every rank meanwhile.
 *
 * @param[out] index  [from->total] on every rank: place in `to`, of equal ones the first, -1 nowhere; memory to be given to
 *                    tt_free(), NULL after a failure
 * @param[out] known  how many are there; may be NULL
 * @retval TARTAN_ERR_INPUT  numbers against texts
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status tt_ids_match(const tt_ids *from, const tt_ids *to, int64_t **index, int64_t *known);

#endif
