// TEST: np=1,2,3 labels=numeric,io
/* A state that another run replaces, removes or leaves alone between being found and being read. */
#include <string.h>

#include "check.h"
#include "comm/grid.h"
#include "io/checkpoint.h"

#define STATE "replaced-state"
#define KIND "tartan-test-checkpoint"
#define ROWS 6

/* A state of the text and of rows that all hold the value. Collective. */
static void put(tartan_grid *grid, const char *text, double value)
{
  double     rows[ROWS];
  tt_saving *saving = NULL;

  for (int i = 0; i < ROWS; i++) rows[i] = value;
  CHECK_OK(tt_saving_begin(grid, STATE, KIND, "a=1", text, &saving));
  tt_saving_declare(saving, "/rows", TARTAN_F64, ROWS, 1);
  CHECK_OK(tt_saving_open(saving));
  CHECK_OK(tt_saving_rows(saving, "/rows", 0, check_rank() == 0 ? ROWS : 0, rows));
  CHECK_OK(tt_saving_commit(&saving));
}

static void find(tartan_grid *grid, const char *text, tt_saved *saved)
{
  bool found = false;

  CHECK_OK(tt_saved_find(grid, STATE, KIND, "a=1", false, saved, &found));
  CHECK(found && saved->text && strcmp(saved->text, text) == 0);
}

static void clean(void)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (check_rank() == 0) tt_checkpoint_remove(STATE);
  MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
  tartan_grid *grid = NULL;
  tt_saved     saved;

  tartan_io_setup();
  check_start(&argc, &argv);
  CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, NULL, &grid));
  put(grid, "one", 1);
  find(grid, "one", &saved);
  CHECK_OK(tt_saved_check(grid, &saved));
  put(grid, "two", 2); /* of the same size: only the file is another */
  CHECK_STATUS(tt_saved_check(grid, &saved), TARTAN_ERR_IO);
  tt_saved_end(&saved);
  find(grid, "two", &saved);
  CHECK_OK(tt_saved_check(grid, &saved));
  clean();
  CHECK_STATUS(tt_saved_check(grid, &saved), TARTAN_ERR_IO);
  tt_saved_end(&saved);
  tartan_grid_destroy(&grid);
  return check_finish();
}
