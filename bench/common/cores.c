/*
 * MPI launchers bind each rank to its share of the cores; threads that exist already have that mask, those made later
 * inherit it. So the mask is set for every thread of the process; of a mask of all processors the kernel leaves those
 * that the job may use.
 */
#include "common/cores.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "comm/agree.h"

static cpu_set_t own;
static int       known;

static void set_all(const cpu_set_t *mask)
{
  DIR *tasks = opendir("/proc/self/task");

  for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
    const long id = strtol(entry->d_name, NULL, 10);

    if (id > 0) sched_setaffinity((pid_t)id, sizeof *mask, mask);
  }
  if (tasks) closedir(tasks);
}

void bench_cores_take_all(void)
{
  cpu_set_t all;

  if (!known) known = sched_getaffinity(0, sizeof own, &own) == 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) CPU_SET(cpu, &all);
  if (known) set_all(&all);
}

void bench_cores_give_back(void)
{
  if (known) set_all(&own);
}

tartan_status bench_sleep_until_all(tartan_grid *grid)
{
  const struct timespec nap = {.tv_nsec = 100000};
  MPI_Request           request = MPI_REQUEST_NULL;
  int                   all_here = 0;
  tartan_status         st = TARTAN_OK;

  TRY_MPI(grid, MPI_Ibarrier(grid->all, &request));
  for (;;) {
    TRY_MPI(grid, MPI_Test(&request, &all_here, MPI_STATUS_IGNORE));
    if (all_here) break;
    nanosleep(&nap, NULL);
  }
done:
  return st;
}
