/**
 * @file text_set.h
 * Distinct texts, and their places in the order of bytes. Local.
 */
#ifndef TT_IO_TEXT_SET_H
#define TT_IO_TEXT_SET_H

#include "base/memory.h"

/** Zero-initialise, but for the memory. */
typedef struct tt_text_set {
  tt_memory   *memory;
  int64_t      count;
  char        *characters; /**< one behind the other, each with its zero */
  int64_t      used, room;
  int64_t     *at; /**< [capacity] where each begins */
  int64_t      capacity;
  int64_t     *slot; /**< [slots] a hash table of numbers of texts; -1: free */
  int64_t      slots;
  int64_t     *place;  /**< after tt_text_set_sort(): [count] */
  const char **sorted; /**< the same: [count] */
} tt_text_set;

/** Adds a text of so many bytes, which holds no zero, unless it is there. TARTAN_ERR_NOMEM. */
tartan_status tt_text_set_add(tt_text_set *set, const char *text, int64_t length);

/** Orders them; nothing can be added any more. TARTAN_ERR_NOMEM. */
tartan_status tt_text_set_sort(tt_text_set *set);

/** The place of a text that was added, from 0. */
int64_t tt_text_set_place(const tt_text_set *set, const char *text, int64_t length);

void tt_text_set_free(tt_text_set *set);

#endif
