/**
 * @file ratings_entries.h
 * Ratings on their way into a sparse matrix.
 */
#ifndef APP_RATINGS_ENTRIES_H
#define APP_RATINGS_ENTRIES_H

#include <tartan/sparse.h>

#include "common/run.h"

/** How ratings become entries. */
typedef struct app_rating_rules {
  tartan_duplicates duplicates;
  double            least;    /**< ratings below are dropped */
  bool              binarize; /**< every other one becomes 1 */
} app_rating_rules;

/** Entries of this rank. Zero-initialise. */
typedef struct app_entries {
  int64_t    *user, *item, count;
  double     *value;
  const char *file; /**< where they come from, for messages */
} app_entries;

/** Room for so many, from a file whose name must outlive them. Collective. TARTAN_ERR_NOMEM. */
tartan_status app_entries_make(app_run *run, const char *file, int64_t most, app_entries *entries);
void          app_entries_end(app_entries *entries);

/** Appends a rating, unless the rules drop it. Local. */
void app_entries_put(app_entries *entries, const app_rating_rules *rules, int64_t user, int64_t item, double rating);

/** A matrix in f64. Collective. Errors as tartan_sparse_create(); of ratings that stand twice what can be done. */
tartan_status app_entries_sparse(app_run *run, const app_rating_rules *rules, int64_t users, int64_t items,
                                 double row_work, const app_entries *entries, tartan_sparse **A);

#endif
