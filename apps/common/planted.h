/**
 * @file planted.h
 * Ratings around planted factors, by users and of items whose activity and popularity fall as a power of their place.
 * Each user depends on seed and index alone, so every rank makes its own.
 */
#ifndef APP_PLANTED_H
#define APP_PLANTED_H

#include "base/memory.h"
#include "common/permutation.h"

/** Everything that the ratings depend on. */
typedef struct app_planted {
  int64_t  users, items, ratings, rank;
  double   exponent, noise;
  bool     implicit; /**< counts of what users like, instead of ratings */
  uint64_t seed;

  app_permutation user_place, item_place; /**< places in the order of activity and popularity */
  double          shift;                  /**< of the most active users, so that none has more than half of the items */
  double         *item_factors;           /**< [items, rank], where they are few enough to be kept; else NULL */
} app_planted;

/** One observation. */
typedef struct app_observation {
  int64_t item;
  float   value;
  int64_t timestamp;
} app_observation;

/** Scratch memory of one thread. */
typedef struct app_planted_work {
  int64_t *slot; /**< [slots] a table of the items that a user has */
  int64_t  slots;
  double  *x, *y; /**< [rank] */
} app_planted_work;

/**
 * Fills in what follows from the first members. Local.
 *
 * @retval TARTAN_ERR_ARG    more ratings than half of all pairs, or an exponent outside of 0 .. 0.95
 * @retval TARTAN_ERR_NOMEM
 */
tartan_status app_planted_begin(tt_memory *mem, app_planted *p);
void          app_planted_end(app_planted *p);

/** How many items a user has. The sum over users is p->ratings. Local. */
int64_t app_planted_count(const app_planted *p, int64_t user);

/** The most that any user has. Local. */
int64_t app_planted_most(const app_planted *p);

/** Bytes of scratch memory. Local. */
tartan_status app_planted_work_make(tt_memory *mem, const app_planted *p, app_planted_work *work);
void          app_planted_work_free(app_planted_work *work);

/** The observations of a user, items ascending, none twice. Local. @param[out] out  [app_planted_count()] */
void app_planted_user(const app_planted *p, int64_t user, app_planted_work *work, app_observation *out);

/** The planted factors of a user or an item. Local. @param[out] x  [rank] */
void app_planted_user_factors(const app_planted *p, int64_t user, double *x);
void app_planted_item_factors(const app_planted *p, int64_t item, double *y);

#endif
