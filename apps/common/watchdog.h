/**
 * @file watchdog.h
 * Ends a run that has stopped moving: one thread on each rank looks on, and they tell each other by UDP, beside MPI, so a link
 * that was lost is noticed although MPI waits on it for ever.
 *
 * Each rank sends a sign of life to rank 0 every few seconds: whether it has moved, in which phase it is, for which MPI call it
 * waits. Rank 0 answers. The run ends, with the exit code of TARTAN_ERR_STALLED on every rank, when for the time limit
 *
 *  - a rank gave no sign of life (its node or the link is gone, or the process is stopped), or
 *  - no rank has moved: each waits in MPI, or sleeps, with no call finished since.
 *
 * A rank that computes moves, however long one call of a library takes. A rank whose signs never came through, as behind a
 * firewall, is not judged; a warning says so. After the whole job was suspended the clocks begin anew.
 */
#ifndef APP_WATCHDOG_H
#define APP_WATCHDOG_H

#include <tartan/grid.h>

/** Starts to look on; nothing on one rank, or with limit 0. Collective. @param[in] limit  seconds */
tartan_status app_watchdog_start(tartan_grid *grid, double limit);

/** Ends it; nothing where none was started. Local. */
void app_watchdog_stop(void);

#endif
