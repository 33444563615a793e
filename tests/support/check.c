/* Counters of one process, added up at the end by an allreduce of MPI's own, not of the library under test. */
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

#define PRINTED_MAX 5 /* failures printed by one rank */

static struct {
  const char *name;
  bool        mpi;
  int         rank, size;
  int64_t     checks, failures, memory_live;
  uint64_t    seed, drawn;
  double      start;
  char        context[512];
} run = {.name = "test", .size = 1, .seed = 1};

static void read_options(int argc, char **argv)
{
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

  if (argc > 0) run.name = slash ? slash + 1 : argv[0];
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], "--seed") == 0) run.seed = strtoull(argv[i + 1], NULL, 0);
  run.memory_live = tt_memory_live();
}

void check_start(int *argc, char ***argv)
{
  int provided = 0;

  if (MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) exit(EXIT_FAILURE);
  run.mpi = true;
  MPI_Comm_rank(MPI_COMM_WORLD, &run.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &run.size);
  run.start = MPI_Wtime();
  read_options(*argc, *argv);
}

void check_start_plain(int argc, char **argv)
{
  read_options(argc, argv);
}

int check_finish(void)
{
  int64_t sum[2];
  double  seconds = 0;

  check_context("at the end of the test");
  CHECK_EQ(tt_memory_live(), run.memory_live);
  sum[0] = run.failures;
  sum[1] = run.checks;
  if (run.mpi) {
    fflush(NULL);
    MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    seconds = MPI_Wtime() - run.start;
  }
  if (run.rank == 0)
    printf("%s: %lld checks on %d ranks, %lld failed, seed %llu, %.1f s\n", run.name, (long long)sum[1], run.size,
           (long long)sum[0], (unsigned long long)run.seed, seconds);
  fflush(NULL);
  if (run.mpi) MPI_Finalize();
  return sum[0] == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int check_skip(const char *reason)
{
  if (run.rank == 0) printf("%s: skipped: %s\n", run.name, reason);
  fflush(NULL);
  if (run.mpi) MPI_Finalize();
  return CHECK_SKIPPED;
}

int check_rank(void)
{
  return run.rank;
}

int check_size(void)
{
  return run.size;
}

int64_t check_failures(void)
{
  return run.failures;
}

void check_context(const char *fmt, ...)
{
  va_list args;

  va_start(args, fmt);
  vsnprintf(run.context, sizeof run.context, fmt, args);
  va_end(args);
}

const char *check_context_text(void)
{
  return run.context;
}

uint64_t check_seed(void)
{
  return run.seed;
}

double check_uniform(void)
{
  return tt_uniform(run.seed ^ 0x7465737473ull, (int64_t)run.drawn++, 0);
}

int64_t check_pick(int64_t n)
{
  return (int64_t)floor(check_uniform() * (double)n);
}

/* Counts one check; prints the first failures, the context and how to run the same again. */
static bool verdict(bool ok, const char *file, int line, const char *fmt, ...)
{
  va_list args;
  char    text[1024];

  run.checks++;
  if (ok) return true;
  run.failures++;
  if (run.failures > PRINTED_MAX) return false;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  fprintf(stderr, "%s:%d: FAILED on rank %d of %d: %s\n    context: %s; again: %s --seed %llu\n", file, line, run.rank,
          run.size, text, run.context, run.name, (unsigned long long)run.seed);
  if (run.failures == PRINTED_MAX) fprintf(stderr, "    further failures of this rank are only counted\n");
  return false;
}

bool check_true(bool ok, const char *file, int line, const char *text)
{
  return verdict(ok, file, line, "%s", text);
}

bool check_le(double value, double limit, const char *file, int line, const char *text)
{
  return verdict(value <= limit, file, line, "%s: value %.17g, limit %.17g", text, value, limit);
}

bool check_i64(int64_t value, int64_t expected, const char *file, int line, const char *text)
{
  return verdict(value == expected, file, line, "%s: is %lld, expected %lld", text, (long long)value,
                 (long long)expected);
}

bool check_status(tartan_status st, tartan_status expected, const char *file, int line, const char *text)
{
  return verdict(st == expected, file, line, "%s: \"%s\", expected \"%s\"; message: %s", text, tartan_status_text(st),
                 tartan_status_text(expected), st == TARTAN_OK ? "none" : tartan_error_message());
}
