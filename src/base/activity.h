/**
 * @file activity.h
 * What this process is doing right now, for a watchdog that looks on from another thread: how often it has moved, in which
 * phase it is, and for which call it waits.
 */
#ifndef TT_BASE_ACTIVITY_H
#define TT_BASE_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

/** A look at it. */
typedef struct tt_activity {
  uint64_t    moves; /**< calls that were finished so far */
  const char *phase; /**< "reading", or NULL */
  bool        over;  /**< that phase is over, and none was named since */
  const char *waits; /**< the call that it waits for, "MPI_Bcast(...)"; NULL: none */
} tt_activity;

/** A call that waits for other ranks begins, and ends. Local. @param[in] call  a literal */
void tt_activity_wait(const char *call);
void tt_activity_go(void);

/** Something was done. Local. @param[in] phase  a literal, or NULL: as before */
void tt_activity_move(const char *phase);

/** The last step of a phase was done. Local. @param[in] phase  a literal */
void tt_activity_end(const char *phase);

/** From any thread. */
tt_activity tt_activity_look(void);

#endif
