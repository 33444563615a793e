/* Grids over all ranks or the first few of them. */
#include "world.h"

#include <stdlib.h>

#include "check.h"

tartan_grid *grid_world(void)
{
  tartan_grid *grid = NULL;

  if (!CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, NULL, &grid))) MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  return grid;
}

tartan_grid *grid_of_first(int size, int threads)
{
  tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;
  tartan_grid     *grid = NULL;
  MPI_Comm         comm;

  opts.threads = threads;
  MPI_Comm_split(MPI_COMM_WORLD, check_rank() < size ? 0 : MPI_UNDEFINED, 0, &comm);
  if (comm == MPI_COMM_NULL) return NULL;
  if (!CHECK_OK(tartan_grid_create(comm, &opts, &grid))) MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  MPI_Comm_free(&comm);
  return grid;
}
