/**
 * @file item_names.h
 * Names of items, for people: titles of films beside their ids.
 */
#ifndef APP_ITEM_NAMES_H
#define APP_ITEM_NAMES_H

#include "common/run.h"
#include "io/ids.h"

/** Zero-initialise. */
typedef struct app_item_names {
  const char **name; /**< [items of the model], NULL where there is none; on every rank. NULL: no names were given */
  char        *text; /**< what they point into */
  const char **texts;
  int64_t      named; /**< items with a name */
} app_item_names;

/**
 * Reads names and finds their items, and says how many. Collective.
 *
 * @param[in]  source  a CSV file, with a header that names a column of ids (movieId, item_id, item, id) and one of names
 *                     (title, item_name, name), or without one: ids, then names; or an HDF5 file with /item_ids and
 *                     /item_names
 * @param[in]  ids     of the model's items
 * @param[out] names   to be given to app_item_names_end(), after a failure too
 * @retval TARTAN_ERR_INPUT  no such file, no columns, or no item of the model
 */
tartan_status app_item_names_read(app_run *run, const char *source, const tt_ids *ids, app_item_names *names);
void          app_item_names_end(app_item_names *names);

#endif
