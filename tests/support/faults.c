/* After DENSE steps k grows by an eighth each time, so that a function with thousands of allocations stays testable. */
#include "faults.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "check.h"

#define DENSE_STEPS 48
#define FAILURES_MAX 100
#define SECONDS_MAX 20 /* a try that takes longer hangs */

/* A rank waits for one that has left: says in which try, and ends the whole test. */
static void report_hang(int signal_number)
{
  const char *text[] = {"FAILED: a rank hangs: ", check_context_text(), "\n"};

  (void)signal_number;
  for (int i = 0; i < 3; i++)
    if (write(STDERR_FILENO, text[i], strlen(text[i])) < 0) _exit(1);
  _exit(1);
}

void fault_begin(fault_run *run)
{
  tt_fault_arm(run->kind, check_rank() == run->rank ? run->k : -1);
}

void fault_end(fault_run *run)
{
  run->fired = tt_fault_fired(run->kind);
  tt_fault_arm(run->kind, -1);
}

/* What must hold after a try, on every rank. Returns whether to go on: it failed, and not too many checks did. */
static bool judge(const fault_run *run, tartan_status st, int64_t live)
{
  const tartan_status expected = run->kind == TT_FAULT_ALLOC ? TARTAN_ERR_NOMEM : TARTAN_ERR_IO;
  int                 all[4] = {run->fired, (int)st, -(int)st, check_failures() > FAILURES_MAX};

  CHECK_EQ(tt_memory_live(), live);
  MPI_Allreduce(MPI_IN_PLACE, all, 4, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  CHECK_EQ(st, all[1]);  /* the same status ... */
  CHECK_EQ(st, -all[2]); /* ... on every rank */
  if (all[0] && !(run->survivable && st == TARTAN_OK)) {
    CHECK_STATUS(st, expected);
    CHECK(strlen(tartan_error_message()) > 0);
    CHECK_EQ(tartan_error_rank(), run->rank);
  } else {
    CHECK_STATUS(st, TARTAN_OK);
  }
  return all[0] && !all[3];
}

static void sweep(tt_fault kind, const char *name, fault_try *attempt, bool with_grid)
{
  const int last = check_size() - 1;

  signal(SIGALRM, report_hang);
  for (int rank = 0; rank <= last; rank += last > 0 ? last : 1) {
    bool more = true;

    for (int64_t k = 0; more; k += k < DENSE_STEPS ? 1 : k / 8) {
      const int64_t live = tt_memory_live();
      fault_run     run = {.kind = kind, .rank = rank, .k = k};
      tartan_grid  *grid = NULL;
      tartan_status st;

      check_context("%s: %s %lld fails on rank %d", name, kind == TT_FAULT_ALLOC ? "allocation" : "file operation",
                    (long long)k, rank);
      if (with_grid && !CHECK_OK(tartan_grid_create(MPI_COMM_WORLD, NULL, &grid))) return;
      tartan_error_clear();
      alarm(SECONDS_MAX);
      st = attempt(grid, &run);
      tartan_grid_destroy(&grid);
      more = judge(&run, st, live);
      alarm(0);
    }
  }
}

void fault_sweep(tt_fault kind, const char *name, fault_try *attempt)
{
  sweep(kind, name, attempt, true);
}

void fault_sweep_without_grid(tt_fault kind, const char *name, fault_try *attempt)
{
  sweep(kind, name, attempt, false);
}

int fault_files_here(void)
{
  DIR *folder;
  int  count = 0;

  MPI_Barrier(MPI_COMM_WORLD);
  folder = opendir(".");
  while (folder && readdir(folder)) count++;
  if (folder) closedir(folder);
  MPI_Barrier(MPI_COMM_WORLD);
  return count;
}
