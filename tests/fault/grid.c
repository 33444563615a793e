// TEST: np=1,3,4 labels=fault,comm timeout=30
/* The k-th allocation fails on one rank: making a grid, and the exchanges over it. */
#include "check.h"
#include "comm/collective.h"
#include "faults.h"

static tartan_status try_create(tartan_grid *none, fault_run *run)
{
  tartan_grid  *grid = NULL;
  tartan_status st;

  (void)none;
  fault_begin(run);
  st = tartan_grid_create(MPI_COMM_WORLD, NULL, &grid);
  fault_end(run);
  CHECK((grid == NULL) == (st != TARTAN_OK));
  tartan_grid_destroy(&grid);
  return st;
}

static tartan_status try_cost(tartan_grid *grid, fault_run *run)
{
  tartan_cost   cost;
  tartan_status st;

  fault_begin(run);
  st = tartan_grid_cost(grid, &cost);
  fault_end(run);
  return st;
}

static tartan_status try_exchanges(tartan_grid *grid, fault_run *run)
{
  int64_t       one[16], zero[16] = {0}, from[16] = {0}, to[16], at[16];
  tartan_status st;

  for (int r = 0; r < 16; r++) {
    one[r] = 1;
    at[r] = r;
  }
  fault_begin(run);
  st = tt_alltoallv(grid, from, one, at, to, one, at, 8);
  if (st == TARTAN_OK) st = tt_gatherv(grid, from, one, 8, to, 0);
  if (st == TARTAN_OK) st = tt_allgather(grid, from, 1, 8, to);
  if (st == TARTAN_OK) st = tt_bcast(grid, zero, 3, 8, 0);
  fault_end(run);
  return st;
}

int main(int argc, char **argv)
{
  check_start(&argc, &argv);
  fault_sweep_without_grid(TT_FAULT_ALLOC, "tartan_grid_create", try_create);
  fault_sweep(TT_FAULT_ALLOC, "tartan_grid_cost", try_cost);
  fault_sweep(TT_FAULT_ALLOC, "exchanges", try_exchanges);
  return check_finish();
}
