/* The first ranks of a grid as a communicator, in their order. */
#include "comm/subset.h"

#include "comm/agree.h"

tartan_status tt_subset_make(tartan_grid *grid, int count, tt_subset *subset)
{
  tartan_status st = TARTAN_OK;

  subset->comm = MPI_COMM_NULL;
  subset->fortran = 0;
  TRY(tt_require_alive(grid));
  TRY_MPI(grid, MPI_Comm_split(grid->all, grid->rank < count ? 0 : MPI_UNDEFINED, grid->rank, &subset->comm));
  if (subset->comm != MPI_COMM_NULL) subset->fortran = (int)MPI_Comm_c2f(subset->comm);
done:
  return st;
}

void tt_subset_end(tartan_grid *grid, tt_subset *subset)
{
  if (subset->comm != MPI_COMM_NULL && !grid->dead) MPI_Comm_free(&subset->comm);
}
