/*
 * tartan-bench: one command per operation, in the harness of the program (apps/common): options from a table, MPI, grid
 * and threads as every computing command has them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/util.h"
#include "common/bench.h"
#include "tt_config.h"

#define REPS_LEAST 5

bench_settings bench_set = {.reps = 7, .warmups = 1};

const app_option bench_options[] = {
    {"reps", 'r', APP_OPTION_COUNT, &bench_set.reps, "N", "7", "repetitions of all that is compared, 5 or more"},
    {"warmups", 0, APP_OPTION_COUNT, &bench_set.warmups, "N", "1", "repetitions before them that do not count"},
    {"json", 0, APP_OPTION_TEXT, &bench_set.json, "FILE", "a table",
     "append one JSON object on one line; -: to stdout"},
    {"threads", 0, APP_OPTION_COUNT, &app_set.threads, "N",
     "OMP_NUM_THREADS, else the cores of the affinity mask, shared among the ranks that have the same mask",
     "threads per rank"},
    {"grid", 0, APP_OPTION_PAIR, app_set.grid, "PxQ", "planned: near-square", "arrangement of the ranks"},
    {"memory", 0, APP_OPTION_SIZE, &app_set.memory, "SIZE", "80 % of what the job may use", "memory per rank"},
    {.name = NULL},
};

static const app_command *const commands[] = {&bench_gemm,   &bench_syrk,   &bench_qr,    &bench_svd,   &bench_eigh,
                                              &bench_solve,  &bench_topk,   &bench_pca,   &bench_nmf,   &bench_regress,
                                              &bench_search, &bench_topn,   &bench_als,   &bench_ials,  &bench_ease,
                                              &bench_read,   &bench_redist, &bench_words, &bench_counts};

#define COMMANDS ((int)(sizeof commands / sizeof *commands))

/* A text of the common parts, which know the program by another name. */
static void put_own_name(FILE *out, const char *text, const char *command)
{
  char        other[64];
  const char *at;

  snprintf(other, sizeof other, "tartan %s", command);
  while ((at = strstr(text, other))) {
    fprintf(out, "%.*startan-bench %s", (int)(at - text), text, command);
    text = at + strlen(other);
  }
  fputs(text, out);
}

static void help(const app_command *command)
{
  char  *text = NULL;
  size_t length = 0;
  FILE  *memory = open_memstream(&text, &length);

  if (!memory) return;
  app_options_help(memory, command);
  fclose(memory);
  put_own_name(stdout, text, command->name);
  free(text);
}

static void overview(FILE *out)
{
  fputs("usage: [mpirun -n RANKS] tartan-bench OP [options]\n\n", out);
  for (int i = 0; i < COMMANDS; i++) fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
  fputs("\ntartan-bench OP --help lists the options.\n", out);
}

/* One line from rank 0; the ranks meet before they leave, else the launcher would add its own. */
static int refuse(const char *message, const char *command)
{
  int        rank;
  const bool launched = app_run_launched(&rank);

  if (launched) MPI_Init(NULL, NULL);
  if (rank == 0) {
    fputs("tartan-bench: ", stderr);
    put_own_name(stderr, message, command);
    fputc('\n', stderr);
  }
  if (launched) MPI_Finalize();
  return tartan_exit_code(TARTAN_ERR_ARG);
}

static const app_command *find(const char *name)
{
  for (int i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  return NULL;
}

int main(int argc, char **argv)
{
  app_run       run = {.argc = argc, .argv = argv, .start = tt_seconds()};
  const char  **words = (const char **)argv + 2;
  tartan_status st;
  bool          wants_help = false;
  int           operands = 0, rank;

  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    if (!app_run_launched(&rank) || rank == 0) overview(stdout);
    return 0;
  }
  run.command = find(argv[1]);
  if (!run.command) return refuse("no such benchmark; tartan-bench --help lists them", "");
  st = app_options_parse(run.command, words, argc - 2, &operands, &wants_help);
  if (wants_help) {
    if (!app_run_launched(&rank) || rank == 0) help(run.command);
    return 0;
  }
  if (st != TARTAN_OK) return refuse(tartan_error_message(), run.command->name);
  if (bench_set.reps < REPS_LEAST) return refuse("--reps: at least 5, or the median means nothing", "");
  if (!TT_OPTIMIZED)
    return refuse("this build (" TT_BUILD_TYPE ") is not optimised, its times mean nothing: build a release", "");

  st = app_run_begin(&run);
  if (run.grid) tartan_grid_set_progress(run.grid, NULL, NULL);
  if (st == TARTAN_OK) st = run.command->run(&run, words, operands);
  return app_run_end(&run, st);
}
