/**
 * @file memory.h
 * All memory of the library: aligned, counted against a budget, refused before it is taken.
 */
#ifndef TT_BASE_MEMORY_H
#define TT_BASE_MEMORY_H

#include <stdint.h>

#include <tartan/types.h>

/** A budget and what was taken from it, in bytes. One per grid; limit 0 means none. */
typedef struct tt_memory {
  int64_t limit, used, peak;
  int64_t asked; /* the budget for messages, where `limit` is above it so that a plan can say what would do; else 0 */
} tt_memory;

/**
 * Takes memory for count elements, aligned to 64 bytes. Local.
 *
 * Does nothing and returns NULL when *local already holds a failure, so that several calls can stand in a row before
 * one agreement.
 *
 * @param[in,out] mem    the budget to charge; NULL: none
 * @param[in]     count  elements; 0 gives a pointer that may be freed but not read
 * @param[in]     size   bytes of one element
 * @param[in]     what   for the message: "panel of A"
 * @param[in,out] local  set to TARTAN_ERR_NOMEM (budget or system) or TARTAN_ERR_OVERFLOW (size beyond int64)
 * @return the memory, contents undefined, to be given to tt_free(); NULL after a failure
 */
void *tt_alloc(tt_memory *mem, int64_t count, size_t size, const char *what, tartan_status *local);

/** As tt_alloc(), with every byte zero. */
void *tt_alloc_zero(tt_memory *mem, int64_t count, size_t size, const char *what, tartan_status *local);

/** A copy of a text; NULL after a failure, as tt_alloc(). */
char *tt_strdup(tt_memory *mem, const char *text, tartan_status *local);

/**
 * Room for texts in one block: count addresses, and `bytes` characters behind them. NULL after a failure.
 *
 * @param[out] characters  where they begin
 */
const char **tt_texts_alloc(tt_memory *mem, int64_t count, int64_t bytes, const char *what, char **characters,
                            tartan_status *local);

/** Lets the addresses of such a block point to its texts, in order, each with its terminating zero. Local. */
void tt_texts_find(const char **texts, int64_t count);

/** A copy of texts in one block; NULL after a failure, as tt_alloc(). */
const char **tt_texts_copy(tt_memory *mem, int64_t count, const char *const *texts, const char *what,
                           tartan_status *local);

/** Gives memory back; NULL is accepted. Local. */
void tt_free(void *ptr);

/**
 * Whether so many more bytes would fit the budget. Local.
 *
 * @retval TARTAN_ERR_NOMEM  they would not; the message says how much is needed, how much there is, what would help
 */
tartan_status tt_memory_fits(const tt_memory *mem, int64_t bytes, const char *what);

/** Number of blocks taken and not given back in this process: 0 after a clean end. Local. */
int64_t tt_memory_live(void);

/** Writes a size for people: "8.0 GiB". Local. Returns text. */
char *tt_bytes_text(double bytes, char text[24]);

#endif
