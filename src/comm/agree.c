/*
 * Agreement: MPI_MAXLOC over (status, rank) finds the worst status and the lowest rank that has it. Only after a
 * failure does a second call hand that rank's message round, so the good path costs one small allreduce.
 */
#include "comm/agree.h"

#include <stdio.h>
#include <string.h>

tartan_status tt_fail_mpi(tartan_grid *grid, int code, const char *call)
{
  char text[MPI_MAX_ERROR_STRING] = "";
  int  length = 0;

  MPI_Error_string(code, text, &length);
  if (grid) grid->dead = true;
  return tt_fail(TARTAN_ERR_MPI, "MPI failed: %.60s: %s; the job must be started again", call, text);
}

/* Hands the message of the rank where the failure began to all ranks of comm. */
static tartan_status share_message(MPI_Comm comm, tartan_status worst, int origin, int self)
{
  char          text[TT_ERROR_MAX];
  tartan_status st = worst;

  snprintf(text, sizeof text, "%s", tartan_error_message());
  TRY_MPI(NULL, MPI_Bcast(text, (int)sizeof text, MPI_CHAR, origin, comm));
  st = tt_fail_at(worst, origin, self, text);
done:
  return st;
}

tartan_status tt_agree_comm(MPI_Comm comm, tartan_status local)
{
  struct {
    int status, rank;
  } mine = {(int)local, 0}, worst = {0, 0};
  int           self = 0, size = 0;
  tartan_status st = TARTAN_OK;

  TRY_MPI(NULL, MPI_Comm_rank(comm, &self));
  TRY_MPI(NULL, MPI_Comm_size(comm, &size));
  /* what was agreed upon before keeps its origin */
  mine.rank = local != TARTAN_OK && tartan_error_rank() >= 0 && tartan_error_rank() < size ? tartan_error_rank() : self;
  TRY_MPI(NULL, MPI_Allreduce(&mine, &worst, 1, MPI_2INT, MPI_MAXLOC, comm));
  st = (tartan_status)worst.status;
  if (st != TARTAN_OK) st = share_message(comm, st, worst.rank, self);
done:
  return st;
}

tartan_status tt_require_alive(const tartan_grid *grid)
{
  if (!grid->dead) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_MPI, "an earlier MPI call failed on this grid; the job must be started again");
}

tartan_status tt_agree(tartan_grid *grid, tartan_status local)
{
  tartan_status st = tt_require_alive(grid);

  if (st != TARTAN_OK) return st;
  st = tt_agree_comm(grid->all, local);
  if (st == TARTAN_ERR_MPI && local != TARTAN_ERR_MPI) grid->dead = true;
  return st;
}

tartan_status tt_agree_least(tartan_grid *grid, int64_t *value)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_require_alive(grid));
  TRY_MPI(grid, MPI_Allreduce(MPI_IN_PLACE, value, 1, MPI_INT64_T, MPI_MIN, grid->all));
done:
  return st;
}
