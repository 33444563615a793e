/* A program of somebody else: it knows only what was installed. */
#include <stdio.h>

#include <tartan/tartan.h>

int main(int argc, char **argv)
{
  tartan_grid  *grid = NULL;
  tartan_status st;
  int           rank;

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  st = tartan_grid_create(MPI_COMM_WORLD, NULL, &grid);
  if (st) tartan_error_print(stderr);
  if (!st && rank == 0) printf("consumer: tartan %s, compiled with %s\n", tartan_version(), TARTAN_VERSION_STRING);
  tartan_grid_destroy(&grid);
  MPI_Finalize();
  return tartan_exit_code(st);
}
