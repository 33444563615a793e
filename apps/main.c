/*
 * The program: finds the command, reads its options, and runs it in the harness of common/run.h. Help and version need
 * neither MPI nor a file.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/util.h"
#include "commands.h"
#include "common/files.h"

static int version(void)
{
  char text[4096];

  tartan_describe(text, sizeof text);
  printf("tartan %s\n%s", tartan_version(), text);
  if (*text && text[strlen(text) - 1] != '\n') putchar('\n');
  return 0;
}

static int completion(const char *shell)
{
  if (shell && strcmp(shell, "bash") == 0) {
    app_options_completion(stdout, app_commands);
    return 0;
  }
  fprintf(stderr, "tartan: completion is there for: bash\n");
  return tartan_exit_code(TARTAN_ERR_ARG);
}

/* tartan help [COMMAND] */
static int help_about(int argc, char **argv)
{
  const app_command *command = NULL;
  tartan_status      st;
  const char        *words[] = {argc > 2 ? argv[2] : "", argc > 3 ? argv[3] : "--help"};
  int                used;

  if (argc < 3) {
    app_options_overview(stdout, app_commands);
    return 0;
  }
  st = app_find_command(words, 2, &used, &command);
  if (st != TARTAN_OK) tartan_error_print(stderr);
  if (command) app_options_help(stdout, command);
  return tartan_exit_code(st);
}

/* tartan COMMAND help, where no file is called so */
static bool asks_for_help(const char **words, int count)
{
  return count == 1 && strcmp(words[0], "help") == 0 && access("help", F_OK) != 0;
}

/* What is answered without a command; -1: there is one. */
static int answer_at_once(int argc, char **argv)
{
  const char *word = argc > 1 ? argv[1] : "--help";
  int         rank;

  if (word[0] != '-' && strcmp(word, "help") != 0 && strcmp(word, "version") != 0) return -1;
  if (app_run_launched(&rank) && rank > 0) return 0;
  if (strcmp(word, "--version") == 0 || strcmp(word, "version") == 0) return version();
  if (strcmp(word, "--man") == 0) {
    app_options_man(stdout, app_commands);
    return 0;
  }
  if (strcmp(word, "--completion") == 0) return completion(argc > 2 ? argv[2] : NULL);
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
    return help_about(argc, argv);
  fprintf(stderr, "tartan: the command comes first, not %s: tartan COMMAND [options]; tartan --help lists them\n",
          word);
  return tartan_exit_code(TARTAN_ERR_ARG);
}

/*
 * A mistake on the command line, which every rank finds alike. Under mpirun the first rank to leave with an error ends
 * the others, so all of them meet in MPI_Finalize after the one line is out.
 */
static int refuse(int *argc, char ***argv, tartan_status st)
{
  int        rank;
  const bool launched = app_run_launched(&rank);

  if (launched) MPI_Init(argc, argv);
  if (launched) MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) tartan_error_print(stderr);
  if (launched) MPI_Finalize();
  return tartan_exit_code(st);
}

int main(int argc, char **argv)
{
  app_run            run = {.argc = argc, .argv = argv, .start = tt_seconds()};
  const char       **words = (const char **)argv + 1;
  const app_command *command = NULL;
  tartan_status      st;
  bool               help = false;
  int                used = 0, operands = 0, rank;
  const int          at_once = answer_at_once(argc, argv);

  if (at_once >= 0) return at_once;
  st = app_find_command(words, argc - 1, &used, &command);
  if (st != TARTAN_OK) return refuse(&argc, &argv, st);

  /* The parser moves the operands to the front; the line as typed is kept for reports. */
  tartan_status local = TARTAN_OK;
  const char  **rest = tt_alloc(NULL, argc, sizeof *rest, "the command line", &local);
  if (!rest) return refuse(&argc, &argv, local);
  memcpy(rest, words + used, (size_t)(argc - 1 - used) * sizeof *rest);
  if (asks_for_help(rest, argc - 1 - used)) rest[0] = "--help";
  st = app_options_parse(command, rest, argc - 1 - used, &operands, &help);
  if (help && !(app_run_launched(&rank) && rank > 0)) app_options_help(stdout, command);
  if (st != TARTAN_OK || help) {
    tt_free(rest);
    return help ? 0 : refuse(&argc, &argv, st);
  }

  run.command = command;
  st = app_run_begin(&run);
  if (st == TARTAN_OK) st = app_check_report(&run, rest, operands);
  if (st == TARTAN_OK) st = command->run(&run, rest, operands);
  tt_free(rest);
  return app_run_end(&run, st);
}
