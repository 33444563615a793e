#include "common/virtual_grid.h"

#include "comm/agree.h"

tartan_status bench_virtual_grid(int size, int nodes, int threads, tartan_grid **grid)
{
  tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;
  tartan_status    st = TARTAN_OK;

  opts.threads = threads;
  TRY(tartan_grid_create(MPI_COMM_SELF, &opts, grid));
  (*grid)->size = size;
  (*grid)->nodes = nodes;
  tt_grid_plan(size, &(*grid)->p, &(*grid)->q);
  (*grid)->rates = tt_grid_rates(nodes);
  (*grid)->rates.measured = (*grid)->rates.flops * threads;
done:
  return st;
}
