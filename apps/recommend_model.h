/**
 * @file recommend_model.h
 * A model file in use: the predictor, the ids of its users and items, how its ratings were read, and how users and items of
 * other files and of lists are found among them.
 */
#ifndef APP_RECOMMEND_MODEL_H
#define APP_RECOMMEND_MODEL_H

#include <tartan/predictor.h>

#include "common/files.h"
#include "io/ratings.h"
#include "ratings_entries.h"

/** A model, open. Zero-initialise. */
typedef struct app_model {
  char                    file[TT_PATH_MAX];
  char                    name[16]; /**< "als", ... */
  tartan_predictor       *p;
  tartan_predictor_values v;
  tt_ids                  users; /**< total 0: it has no users of its own (ease) */
  tt_ids                  items;
  app_rating_rules        rules; /**< of its training */
} app_model;

/**
 * Opens a model and says what it is. Collective.
 *
 * @param[out] model  to be given to app_model_close(), after a failure too
 * @retval TARTAN_ERR_INPUT, TARTAN_ERR_FORMAT, TARTAN_ERR_IO, TARTAN_ERR_NOMEM
 */
tartan_status app_model_open(app_run *run, const char *path, app_model *model);
void          app_model_close(app_model *model);

/** Ratings of another file, and where their users and items stand in the model. Zero-initialise. */
typedef struct app_matched {
  tt_ratings ratings;
  bool       read;
  bool       others;                   /**< its users are its own, user[i] = i */
  int64_t   *user;                     /**< [ratings.users.total] index in the model, -1: unknown; on every rank */
  int64_t   *item;                     /**< [ratings.items.total] likewise */
  int64_t    known_users, known_items; /**< those of the file that the model has */
  int64_t    lost;                     /**< ratings of users or items that it does not have */
} app_matched;

/**
 * Reads ratings, finds their users and items in the model, and says how many it does not know. Collective.
 *
 * @param[in]  what    how the file is called in what is said: "seen"
 * @param[in]  others  its users need not be the model's
 * @param[out] m       to be given to app_matched_end(), after a failure too
 * @retval TARTAN_ERR_INPUT  nothing in common; users and items swapped; numbers against texts; errors of tt_ratings_read()
 */
tartan_status app_model_match(app_run *run, const app_model *model, const char *what, const char *source, bool others,
                              app_matched *m);
void          app_matched_end(app_matched *m);

/**
 * The ratings as a matrix with the model's items, by the rules of its training. Collective.
 *
 * @param[in]  row   [ratings.users.total] row of each user of the file, -1: left out; the same on every rank
 * @param[in]  rows  of the matrix
 * @param[out] A     to be given to tartan_sparse_destroy()
 */
tartan_status app_matched_sparse(app_run *run, const app_model *model, const app_matched *m, const int64_t *row,
                                 int64_t rows, tartan_sparse **A);

/** The same of every rating, whatever the training dropped: what users know. Collective. */
tartan_status app_matched_seen(app_run *run, const app_model *model, const app_matched *m, const int64_t *row,
                               int64_t rows, tartan_sparse **A);

/** Users or items that a list names. Zero-initialise. */
typedef struct app_selection {
  int64_t *index; /**< [count] places among the ids, in the order of the list, each once; on every rank */
  int64_t  count, unknown, repeated;
} app_selection;

/**
 * Finds the ids of a list, a text file with one in a line or "id,id,id", and says how many are unknown. Collective.
 *
 * @param[in]  option  its name for messages: "--users"
 * @param[in]  whose   "the users of model.h5"
 * @param[out] s       to be given to app_selection_end(), after a failure too
 * @retval TARTAN_ERR_INPUT  no id is known; the list is empty; a text where ids are numbers
 */
tartan_status app_ids_select(app_run *run, const char *option, const char *list, const tt_ids *ids, const char *whose,
                             app_selection *s);
void          app_selection_end(app_selection *s);

/**
 * The ids of so many places, in their order; texts are those of `ids`, which must outlive what is picked. Collective.
 *
 * @param[in]  index   [count] the same on every rank; NULL: all of them
 * @param[out] picked  to be given to tt_ids_free(), after a failure too
 */
tartan_status app_ids_pick(app_run *run, const tt_ids *ids, const int64_t *index, int64_t count, tt_ids *picked);

#endif
