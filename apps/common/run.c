/*
 * Begin: a first grid over all ranks exchanges what each sees of its node; from that every rank works out the same number
 * of threads and its own share of the memory, and the grid of the run is made. End: agreed status, one line, one code.
 */
#include "common/run.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/watchdog.h"
#include "ext/vendor.h"
#include "io/place.h"

/*
 * What the process may still grow by outside the budget: message buffers and file buffers of MPI, metadata of HDF5, and
 * per thread the packing buffer of BLAS and a stack.
 */
#define RESERVE (24 << 20)
#define RESERVE_PER_THREAD (12 << 20)
#define ROOM_FOR_PLAN (16 << 20)     /* enough to open files and to plan */
#define ROOM_WITHOUT_PLAN (64 << 20) /* advice where nobody knows the need */

app_settings app_set = {.watchdog = 600};

#define BASIC_OPTIONS                                                                                                  \
  {"json",                                                                                                             \
   0,                                                                                                                  \
   APP_OPTION_TEXT,                                                                                                    \
   &app_set.json,                                                                                                      \
   "FILE",                                                                                                             \
   NULL,                                                                                                               \
   "write a report of the run as JSON; -: to stdout, and all else to stderr"},                                         \
      {"quiet",                                                                                                        \
       'q',                                                                                                            \
       APP_OPTION_FLAG,                                                                                                \
       &app_set.quiet,                                                                                                 \
       NULL,                                                                                                           \
       NULL,                                                                                                           \
       "stdout has the numbers of the result and nothing else: not how the data was read, by which solver, how "       \
       "long it took, which files were written; stderr has warnings and errors only"},                                 \
      {"verbose", 'v', APP_OPTION_FLAG, &app_set.verbose, NULL, NULL, "all rows of tables, and more in the log"},      \
      {"watchdog",                                                                                                     \
       0,                                                                                                              \
       APP_OPTION_TIME,                                                                                                \
       &app_set.watchdog,                                                                                              \
       "TIME",                                                                                                         \
       "10m",                                                                                                          \
       "end with exit code 9 when for so long a rank gave no sign of life, or none has moved; 0: never"},              \
      {"allow-external",                                                                                               \
       0,                                                                                                              \
       APP_OPTION_FLAG,                                                                                                \
       &app_set.allow_external,                                                                                        \
       NULL,                                                                                                           \
       NULL,                                                                                                           \
       "follow external storage, external links and virtual datasets of the input"},                                   \
  {                                                                                                                    \
    "allow-plugins", 0, APP_OPTION_FLAG, &app_set.allow_plugins, NULL, NULL, "let HDF5 load filter plugins"            \
  }

const app_option app_basic_options[] = {
    BASIC_OPTIONS,
    {"memory", 0, APP_OPTION_SIZE, &app_set.memory, "SIZE",
     "80 % of what the job may use, shared among the node's ranks", "memory per rank, the whole process"},
    {.name = NULL},
};

const app_option app_run_options[] = {
    {"memory", 0, APP_OPTION_SIZE, &app_set.memory, "SIZE",
     "80 % of the smallest of cgroup limit, SLURM_MEM_PER_* and available memory, shared among the node's ranks",
     "memory per rank, the whole process: 8G, 400M"},
    {"threads", 0, APP_OPTION_COUNT, &app_set.threads, "N",
     "OMP_NUM_THREADS, else the cores of the affinity mask, shared among the ranks that have the same mask",
     "threads per rank"},
    {"grid", 0, APP_OPTION_PAIR, app_set.grid, "PxQ", "planned: near-square", "arrangement of the ranks"},
    {"mpiio-hint", 0, APP_OPTION_TEXT, &app_set.mpiio_hint, "K=V", NULL, "hint for MPI-IO; several: K=V,K=V"},
    BASIC_OPTIONS,
    {"checkpoint", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {"checkpoint-every", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {"resume", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {"time-limit", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {"dtype", 0, APP_OPTION_LATER, NULL, NULL, NULL, NULL},
    {.name = NULL},
};

/* ------------------------------------------------------------------------------------------------ speaking */

bool app_json_to_stdout(void)
{
  return app_set.json && strcmp(app_set.json, "-") == 0;
}

static void say(const app_run *run, const char *fmt, va_list args)
{
  FILE *out = run->mute ? run->out : app_json_to_stdout() ? stderr : stdout;

  if (run->rank == 0 && out) vfprintf(out, fmt, args);
}

void app_say(const app_run *run, const char *fmt, ...)
{
  va_list args;

  va_start(args, fmt);
  say(run, fmt, args);
  va_end(args);
}

void app_tell(const app_run *run, const char *fmt, ...)
{
  va_list args;

  va_start(args, fmt);
  if (!app_set.quiet) say(run, fmt, args);
  va_end(args);
}

void app_log(const app_run *run, const char *fmt, ...)
{
  va_list args;

  if (run->rank != 0 || app_set.quiet || run->mute) return;
  va_start(args, fmt);
  fputs("tartan: ", stderr);
  vfprintf(stderr, fmt, args);
  fputc('\n', stderr);
  va_end(args);
}

void app_run_warnings(app_run *run)
{
  const char *text;

  while (run->grid && !run->mute && (text = tartan_grid_warning(run->grid, run->warnings_shown))) {
    run->warnings_shown++;
    if (run->rank == 0) fprintf(stderr, "tartan: warning: %s\n", text);
  }
}

const char *app_command_line(const app_run *run, char *text, size_t length)
{
  size_t n = (size_t)snprintf(text, length, "tartan");

  for (int i = 1; i < run->argc && n < length; i++) {
    const char *word = run->argv[i];
    const bool  plain = *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                               "-_=+./:,@%") == strlen(word);

    n += (size_t)snprintf(text + n, length - n, plain ? " %s" : " '%s'", word);
  }
  return text;
}

void app_run_check(app_run *run, const char *name, double value, double tolerance, bool pass)
{
  if (run->checks == APP_CHECKS_MAX) return;
  run->check[run->checks++] = (app_check){name, value, tolerance, pass};
}

tartan_io_opts app_run_io(const app_run *run)
{
  tartan_io_opts io = TARTAN_IO_OPTS_INIT;

  (void)run;
  io.allow_external = app_set.allow_external;
  io.allow_plugins = app_set.allow_plugins;
  io.mpiio_hint = app_set.mpiio_hint;
  return io;
}

/* ------------------------------------------------------------------------------------------------ begin */

/* How many ranks share this one's node, and its affinity mask too. */
static void count_neighbours(app_run *run, const app_machine *all, int *same_mask)
{
  *same_mask = run->node_ranks = 0;
  for (int r = 0; r < run->size; r++) {
    run->node_ranks += all[r].host == run->machine.host;
    *same_mask += all[r].host == run->machine.host && all[r].mask == run->machine.mask;
  }
}

/* Threads per rank: as asked for, else OMP_NUM_THREADS, else this rank's share of the cores it may run on. */
static int64_t choose_threads(const app_run *run, int same_mask)
{
  const char *text = getenv("OMP_NUM_THREADS");
  int64_t     threads = 0;

  if (app_set.threads > 0) return app_set.threads;
  if (text && strtol(text, NULL, 10) > 0) threads = strtol(text, NULL, 10);
  return threads ? threads : tt_max(1, run->machine.cores / tt_max(1, same_mask));
}

/* The memory of the whole process, and what of that the grid may give out. */
static int64_t choose_memory(app_run *run, tt_memory *memory)
{
  run->resident_budget = app_set.memory ? app_set.memory : run->machine.available / 5 * 4 / run->node_ranks;
  memory->limit = run->resident_budget;
  memory->used = app_machine_status("VmRSS") + RESERVE + (int64_t)run->threads * RESERVE_PER_THREAD;
  return memory->limit - memory->used;
}

/* Refuses, in the same words on all ranks; `bytes` beside what is in use on the rank that uses most. */
static tartan_status refuse_memory(app_run *run, double bytes)
{
  int64_t       used = run->grid->memory.used;
  char          budget[24], own[24];
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_i64(run->grid, &used, 1, TT_MAX));
  st = tt_fail(TARTAN_ERR_NOMEM,
               "the memory budget of %s per rank is too small: the program itself takes %s; give --memory "
               "%lldM or more",
               tt_bytes_text((double)run->resident_budget, budget), tt_bytes_text((double)used, own),
               (long long)ceil((bytes + (double)used) / (1 << 20) + 1));
done:
  return st;
}

/* A budget that is used up already: commands with a plan get as far as that with a little more. */
static tartan_status set_memory(app_run *run)
{
  tt_memory    *memory = &run->grid->memory;
  int64_t       room = choose_memory(run, memory);
  tartan_status st = TARTAN_OK;

  TRY(tt_agree_least(run->grid, &room));
  if (room > 0) goto done;
  if (!run->command->plans) TRY(refuse_memory(run, ROOM_WITHOUT_PLAN));
  memory->asked = run->resident_budget;
  memory->limit = memory->used + ROOM_FOR_PLAN;
done:
  return st;
}

tartan_status app_run_fits(app_run *run, double bytes)
{
  return run->grid->memory.asked ? refuse_memory(run, bytes) : TARTAN_OK;
}

static void warn_about_cores(app_run *run, int same_mask)
{
  const long long cores = run->machine.cores;
  char            text[512];

  if (same_mask == 1 && run->threads > cores && cores < run->machine.node_cpus) {
    tt_grid_warn(run->grid, "ranks are bound to %lld core%s but have %d threads: mpirun --map-by ppr:N:node:pe=%d",
                 cores, cores == 1 ? "" : "s", run->threads, run->threads);
  } else if ((int64_t)same_mask * run->threads > cores) {
    tt_grid_warn(run->grid, "%d rank%s x %d thread%s share %lld core%s", same_mask, same_mask == 1 ? "" : "s",
                 run->threads, run->threads == 1 ? "" : "s", cores, cores == 1 ? "" : "s");
  }
  if (tt_blas_conflict(text, sizeof text)) tt_grid_warn(run->grid, "two flavours of BLAS are loaded: %s", text);
}

/* What all ranks see, exchanged over a grid that lives only for that; the smallest thread count holds for all. */
static tartan_status look_around(app_run *run, int *same_mask)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  tartan_grid  *probe = NULL;
  app_machine  *all = NULL;
  int64_t       threads;

  TRY(tartan_grid_create(MPI_COMM_WORLD, NULL, &probe));
  run->rank = tartan_grid_rank(probe);
  run->size = tartan_grid_size(probe);
  app_machine_look(&run->machine);
  all = tt_alloc(NULL, run->size, sizeof *all, "a list of ranks", &local);
  AGREE(probe, local);
  TRY(tt_allgather(probe, &run->machine, 1, sizeof run->machine, all));
  count_neighbours(run, all, same_mask);
  threads = choose_threads(run, *same_mask);
  TRY(tt_allreduce_i64(probe, &threads, 1, TT_MIN));
  run->threads = (int)tt_min(threads, 1024);

done:
  tt_free(all);
  tartan_grid_destroy(&probe);
  return st;
}

static tartan_status start_mpi(app_run *run)
{
  int provided = 0, running = 0;

  MPI_Initialized(&running);
  if (!running && MPI_Init_thread(&run->argc, &run->argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
    return tt_fail(TARTAN_ERR_MPI, "MPI could not be started");
  }
  return TARTAN_OK;
}

/* The process ends by the signal, whose handler is the default one again, without a file that is not complete. */
static void leave(int number)
{
  tt_place_abandon();
  (void)raise(number);
}

/* For commands that do not catch signals themselves; one that was ignored from outside stays so. */
static void clean_at_signals(void)
{
  static const int       signals[] = {SIGTERM, SIGINT, SIGUSR1};
  const struct sigaction action = {.sa_handler = leave, .sa_flags = (int)SA_RESETHAND};
  struct sigaction       before;

  for (int i = 0; i < 3; i++)
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(signals[i], &action, NULL);
}

tartan_status app_run_begin(app_run *run)
{
  tartan_grid_opts opts = TARTAN_GRID_OPTS_INIT;
  tartan_status    st = TARTAN_OK;
  int              same_mask = 1;

  tartan_io_setup();
  TRY(start_mpi(run));
  clean_at_signals();
  TRY(look_around(run, &same_mask));
  opts.p = (int)tt_min(app_set.grid[0], INT_MAX);
  opts.q = (int)tt_min(app_set.grid[1], INT_MAX);
  opts.threads = run->threads;
  TRY(tartan_grid_create(MPI_COMM_WORLD, &opts, &run->grid));
  TRY(set_memory(run));
  run->terminal = isatty(STDERR_FILENO);
  warn_about_cores(run, same_mask);
  app_run_warnings(run);
  tartan_grid_set_progress(run->grid, app_run_progress, run);
  TRY(app_watchdog_start(run->grid, app_set.watchdog));

done:
  return st;
}

bool app_run_launched(int *rank)
{
  static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID",
                                      "MPI_LOCALRANKID"};

  *rank = 0;
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
    const char *text = getenv(ranks[i]);

    if (text) {
      *rank = (int)strtol(text, NULL, 10);
      return true;
    }
  }
  return false;
}

/* ------------------------------------------------------------------------------------------------ end */

int app_run_end(app_run *run, tartan_status st)
{
  const bool alive = run->grid && !run->grid->dead;

  app_run_progress_end(run);
  fflush(stdout);
  if (st == TARTAN_OK && !run->measured && app_set.json) st = app_run_measure(run);
  app_run_warnings(run);
  if (st != TARTAN_OK) tartan_error_print(stderr);
  if (app_set.json && alive) {
    const tartan_status written = app_run_json(run, st);

    if (written != TARTAN_OK) tartan_error_print(stderr);
    if (st == TARTAN_OK) st = written;
  }
  fflush(stdout);
  if (run->grid && !alive) MPI_Abort(MPI_COMM_WORLD, tartan_exit_code(TARTAN_ERR_MPI));
  if (run->release) run->release(run->job);
  tartan_grid_destroy(&run->grid);
  MPI_Finalize();
  app_watchdog_stop();
  return tartan_exit_code(st);
}
