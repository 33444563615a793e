// TEST: np=1,2,3,4,6 labels=unit,comm
/* Agreement: the worst status wins, its lowest rank is named, and everyone has that rank's message. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "comm/agree.h"
#include "world.h"

/* One round: status[r] is what rank r brings. */
static void agree_on(tartan_grid *grid, const int *status, int size)
{
  tartan_status mine = (tartan_status)status[check_rank()], expected = TARTAN_OK;
  char          text[64];
  int           origin = 0;

  for (int r = 0; r < size; r++)
    if (status[r] > (int)expected) {
      expected = (tartan_status)status[r];
      origin = r;
    }
  tartan_error_clear();
  if (mine != TARTAN_OK) CHECK_STATUS(tt_fail(mine, "status %d of rank %d", status[check_rank()], check_rank()), mine);
  CHECK_STATUS(tt_agree(grid, mine), expected);
  if (expected == TARTAN_OK) {
    CHECK(strcmp(tartan_error_message(), "") == 0);
    return;
  }
  snprintf(text, sizeof text, "status %d of rank %d", (int)expected, origin);
  CHECK(strcmp(tartan_error_message(), text) == 0);
  CHECK_EQ(tartan_error_rank(), origin);
}

static void test_one_rank(tartan_grid *grid)
{
  const int P = check_size();

  for (int st = 0; st < TARTAN_STATUS_COUNT; st++) {
    if (st == TARTAN_ERR_MPI) continue; /* ends the grid: see comm_grid.c */
    for (int r = 0; r < P; r++) {
      int status[64] = {0};

      status[r] = st;
      check_context("status %d on rank %d", st, r);
      agree_on(grid, status, P);
    }
  }
}

static void test_random(tartan_grid *grid)
{
  const int P = check_size();

  for (int round = 0; round < 300; round++) {
    int status[64] = {0};

    check_context("round %d", round);
    for (int r = 0; r < P; r++) {
      const int st = (int)check_pick(TARTAN_STATUS_COUNT);

      if (st != TARTAN_ERR_MPI && check_pick(2) == 0) status[r] = st;
    }
    agree_on(grid, status, P);
  }
}

/* tt_agree_comm() needs no grid. */
static void test_without_grid(void)
{
  const int     last = check_size() - 1;
  tartan_status local = TARTAN_OK;

  check_context("without a grid");
  CHECK_OK(tt_agree_comm(MPI_COMM_WORLD, local));
  if (check_rank() == last) local = tt_fail(TARTAN_ERR_NOMEM, "no room");
  CHECK_STATUS(tt_agree_comm(MPI_COMM_WORLD, local), TARTAN_ERR_NOMEM);
  CHECK_EQ(tartan_error_rank(), last);
  CHECK(strcmp(tartan_error_message(), "no room") == 0);
}

/* The macro leaves on every rank alike. */
static tartan_status use_agree(tartan_grid *grid, tartan_status local, bool *passed)
{
  tartan_status st = TARTAN_OK;

  *passed = false;
  AGREE(grid, local);
  *passed = true;
done:
  return st;
}

static void test_macro(tartan_grid *grid)
{
  bool passed;

  check_context("AGREE");
  CHECK_OK(use_agree(grid, TARTAN_OK, &passed));
  CHECK(passed);
  CHECK_STATUS(use_agree(grid, check_rank() == 0 ? TARTAN_ERR_IO : TARTAN_OK, &passed), TARTAN_ERR_IO);
  CHECK(!passed);
}

/* A failed MPI call is named, and the grid is dead from then on. */
static void test_mpi_failure(tartan_grid *grid)
{
  check_context("an MPI failure");
  CHECK_STATUS(tt_fail_mpi(NULL, MPI_ERR_TRUNCATE, "MPI_Recv(some)"), TARTAN_ERR_MPI);
  CHECK(strstr(tartan_error_message(), "MPI_Recv(some)") != NULL);
  CHECK(!grid->dead);
  CHECK_STATUS(tt_fail_mpi(grid, MPI_ERR_OTHER, "MPI_Bcast(some)"), TARTAN_ERR_MPI);
  CHECK(grid->dead);
  CHECK_STATUS(tt_agree(grid, TARTAN_OK), TARTAN_ERR_MPI);
  CHECK_STATUS(tt_agree(grid, TARTAN_ERR_NOMEM), TARTAN_ERR_MPI);
}

int main(int argc, char **argv)
{
  tartan_grid *grid;

  check_start(&argc, &argv);
  grid = grid_world();
  test_one_rank(grid);
  test_random(grid);
  test_without_grid();
  test_macro(grid);
  test_mpi_failure(grid);
  tartan_grid_destroy(&grid);
  return check_finish();
}
