/**
 * @file recommend_lists.h
 * Lists of items for users, or of what is similar: written with ids as they came in, and a few of them shown.
 */
#ifndef APP_RECOMMEND_LISTS_H
#define APP_RECOMMEND_LISTS_H

#include <tartan/search.h>

#include "common/result.h"
#include "item_names.h"

/** The lists of all ranks. Zero-initialise, and fill in what they are. */
typedef struct app_lists {
  const char             *rows_name;         /**< "/users" or "/queries" */
  const tt_ids           *rows;              /**< ids of the rows */
  const tt_ids           *items;             /**< ids of what is listed */
  const app_item_names   *row_names, *names; /**< for people; NULL: none */
  const int64_t          *row_index;         /**< [rows] places of the rows among row_names */
  const tartan_neighbors *found;
  int64_t                 k;
  int64_t                *number; /**< [items] ids that are numbers, on every rank */
  int64_t                *places; /**< this rank's ids [own, k]; of texts, on rank 0 all places [rows, k] */
  const char            **texts;  /**< on rank 0 [rows, k] */
} app_lists;

/** Gets ids ready to be written. Collective. TARTAN_ERR_NOMEM. */
tartan_status app_lists_make(app_run *run, app_lists *lists);

/** Writes them: rows_name, /items, /item_index, /scores and what is declared with them, from declaration to the end. Collective. */
tartan_status app_lists_save(app_run *run, const app_lists *lists, tt_output **out);

/** Prints the best of the first rows. Collective. */
tartan_status app_lists_print(app_run *run, const app_lists *lists);

void app_lists_end(app_lists *lists);

#endif
