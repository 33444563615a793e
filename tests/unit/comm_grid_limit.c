// TEST: np=1,3 labels=unit,comm timeout=20
/* memory_limit may differ between ranks; a bad one on a single rank is everyone's failure, and nobody waits. */
#include "check.h"
#include "world.h"

int main(int argc, char **argv)
{
  tartan_grid *grid = NULL;

  check_start(&argc, &argv);
  for (int bad = 0; bad < check_size(); bad++) {
    tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;

    check_context("negative memory limit on rank %d", bad);
    opts.memory_limit = check_rank() == bad ? -1 : 1000;
    CHECK_STATUS(tartan_grid_create(MPI_COMM_WORLD, &opts, &grid), TARTAN_ERR_ARG);
    CHECK(grid == NULL);
  }
  return check_finish();
}
