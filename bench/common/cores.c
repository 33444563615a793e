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

#define THREADS_MAX 1024

/* The threads that there were, each with its own mask: OpenMP may have bound them one by one. */
static struct {
  pid_t     id;
  cpu_set_t mask;
} own[THREADS_MAX];
static int known;

static void for_each_thread(void (*visit)(pid_t id))
{
  DIR *tasks = opendir("/proc/self/task");

  for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
    const long id = strtol(entry->d_name, NULL, 10);

    if (id > 0) visit((pid_t)id);
  }
  if (tasks) closedir(tasks);
}

static void take_all(pid_t id)
{
  cpu_set_t all;

  CPU_ZERO(&all);
  if (known < THREADS_MAX && sched_getaffinity(id, sizeof own[known].mask, &own[known].mask) == 0) own[known++].id = id;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) CPU_SET(cpu, &all);
  sched_setaffinity(id, sizeof all, &all);
}

/* A thread that began meanwhile gets the mask of the first one. */
static void give_back(pid_t id)
{
  int i = 0;

  while (i < known && own[i].id != id) i++;
  if (known > 0) sched_setaffinity(id, sizeof own[0].mask, &own[i < known ? i : 0].mask);
}

void bench_cores_take_all(void)
{
  known = 0;
  for_each_thread(take_all);
}

void bench_cores_give_back(void)
{
  for_each_thread(give_back);
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
