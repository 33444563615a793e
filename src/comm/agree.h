/**
 * @file agree.h
 * The error contract: what failed on one rank becomes the status of all, before anyone leaves.
 */
#ifndef TT_COMM_AGREE_H
#define TT_COMM_AGREE_H

#include "base/activity.h"
#include "base/error.h"
#include "comm/grid.h"

/**
 * The worst of the ranks' statuses, on all ranks; one MAXLOC allreduce of 8 bytes. Collective over the grid.
 *
 * After a failure every rank holds the message of the lowest rank with that status.
 *
 * @param[in] local  this rank's status
 */
tartan_status tt_agree(tartan_grid *grid, tartan_status local);

/** tt_agree() among the ranks of any communicator, for code that has no grid yet. Collective over comm. */
tartan_status tt_agree_comm(MPI_Comm comm, tartan_status local);

/** The least of the ranks' values, on all ranks: a room or a limit to plan with. Not counted as traffic. Collective. */
tartan_status tt_agree_least(tartan_grid *grid, int64_t *value);

/** TARTAN_ERR_MPI once an MPI call has failed on the grid: nothing is tried on it any more. Local. */
tartan_status tt_require_alive(const tartan_grid *grid);

/** Records a failed MPI call; the grid (NULL if there is none) is dead from then on. Local. Returns TARTAN_ERR_MPI. */
tartan_status tt_fail_mpi(tartan_grid *grid, int code, const char *call);

/**
 * Goes to `done` unless every rank's `local` is TARTAN_OK. That a failure of one's own stays one follows from
 * tt_agree(); it is repeated for static analysers.
 */
#define AGREE(grid, local)                                                                                             \
  do {                                                                                                                 \
    const tartan_status own_ = (local);                                                                                \
    st = tt_agree((grid), own_);                                                                                       \
    if (st == TARTAN_OK) st = own_;                                                                                    \
    if (st != TARTAN_OK) goto done;                                                                                    \
  } while (0)

/** Goes to `done` if an MPI call fails. A watchdog sees which call it is while it lasts. */
#define TRY_MPI(grid, call)                                                                                            \
  do {                                                                                                                 \
    tt_activity_wait(#call);                                                                                           \
    const int code_ = (call);                                                                                          \
    tt_activity_go();                                                                                                  \
    if (code_ != MPI_SUCCESS) {                                                                                        \
      st = tt_fail_mpi((grid), code_, #call);                                                                          \
      goto done;                                                                                                       \
    }                                                                                                                  \
  } while (0)

#endif
