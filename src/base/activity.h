/**
 * @file activity.h
 * What this process is doing right now, for a watchdog that looks on from another thread: how often it has moved, in which
 * phase it is, and for which call it waits.
 */
#ifndef TT_BASE_ACTIVITY_H
#define TT_BASE_ACTIVITY_H

#include <stdint.h>

/** A look at it. */
typedef struct tt_activity {
  uint64_t    moves; /**< calls that were finished so far */
  const char *phase; /**< "reading", or NULL */
  const char *waits; /**< the call that it waits for, "MPI_Bcast(...)"; NULL: none */
} tt_activity;

/** A call that waits for other ranks begins, and ends. Local. @param[in] call  a literal */
void tt_activity_wait(const char *call);
void tt_activity_go(void);

/** Something was done. Local. @param[in] phase  a literal, or NULL: as before */
void tt_activity_move(const char *phase);

/** From any thread. */
tt_activity tt_activity_look(void);

#endif
