/**
 * @file run.h
 * The harness of every computing command: MPI and the grid with its threads and memory, what is said to the user,
 * progress, where the time went, the JSON report, and one exit code on all ranks.
 */
#ifndef APP_RUN_H
#define APP_RUN_H

#include <tartan/tartan.h>

#include "comm/agree.h"
#include "common/json.h"
#include "common/machine.h"
#include "common/options.h"

/** The options that every computing command has; bound to app_run_options. */
typedef struct app_settings {
  int64_t     memory;  /**< bytes per rank, whole process; 0: from the machine */
  int64_t     threads; /**< 0: from the machine */
  int64_t     grid[2]; /**< 0 x 0: planned */
  const char *json;
  bool        quiet, verbose;
  double      watchdog; /**< seconds without a move that end the run; 0: never */
  bool        allow_external, allow_plugins;
  const char *mpiio_hint;
} app_settings;

extern app_settings     app_set;
extern const app_option app_run_options[];   /**< all of them */
extern const app_option app_basic_options[]; /**< of commands that do not compute */

#define APP_RUN_PHASES (TARTAN_PHASES + 1) /* and the rest */

/** What a run took, the same on every rank. */
typedef struct app_figures {
  double      phase[APP_RUN_PHASES][3]; /**< seconds: minimum, median, maximum over ranks */
  double      seconds;                  /**< from start to now, the largest */
  double      rate, peak;               /**< flops per second and rank while computing; the local BLAS's */
  double      planned;                  /**< seconds of a rank in what plans tell of: reading, computing, moving */
  int64_t     resident;                 /**< peak resident bytes of a rank, the largest */
  tartan_cost cost;                     /**< counters */
} app_figures;

/** A check of the result for the report. */
typedef struct app_check {
  const char *name;
  double      value, tolerance;
  bool        pass;
} app_check;

#define APP_CHECKS_MAX 8

/** One run of one command. */
typedef struct app_run {
  const app_command *command;
  int                argc;
  char             **argv;
  double             start; /**< clock when the program began */
  tartan_grid       *grid;
  int                rank, size, threads, node_ranks;
  app_machine        machine;         /**< of this rank */
  int64_t            resident_budget; /**< bytes that the whole process may take */
  bool               terminal;        /**< stderr is one */
  double             shown;           /**< progress: clock of the last sign of life */
  double             phase_start, phase_from, shown_fraction;
  char               phase[32];
  int                warnings_shown;
  bool               measured;
  app_figures        figures;
  tartan_cost        plan;  /**< filled by the command */
  tt_counters        mark;  /**< of app_plan_mark() */
  double             moved; /**< words of what the plan tells of, the largest over ranks, where `counted` */
  bool               counted;
  double             taken; /**< seconds of the plan beside reading; 0: all that was computed and communicated */
  app_check          check[APP_CHECKS_MAX];
  int                checks;
  bool               mute;                       /**< runs inside another command: see inside.h */
  FILE              *out;                        /**< of such a run on rank 0: what it says; else NULL */
  void              *job;                        /**< the command's own; static, or freed by `release` */
  void (*json)(app_json *json, const void *job); /**< the command's own keys of the report; may be NULL */
  void (*release)(void *job);                    /**< called at the end of the run, collective; may be NULL */
} app_run;

/** Starts MPI and makes the grid, with warnings if ranks, threads and cores do not fit. Collective over all ranks. */
tartan_status app_run_begin(app_run *run);

/**
 * Refuses what does not fit the memory, for commands with `plans`: where the program itself takes all that it may use,
 * they are still let as far as their plan. Collective.
 *
 * @param[in] bytes  of the plan, per rank
 * @retval TARTAN_ERR_NOMEM  the message says how much would do
 */
tartan_status app_run_fits(app_run *run, double bytes);

/**
 * Ends the run: the error (one line from one rank), warnings, the JSON report, the grid and MPI. Collective.
 *
 * @return the exit code, the same on every rank
 */
int app_run_end(app_run *run, tartan_status st);

/** Whether this process was started by mpirun, srun or the like with other ranks beside it; its rank, as told. Local. */
bool app_run_launched(int *rank);

/** Results: on rank 0 to stdout; to stderr where the JSON report goes to stdout. Local. */
void app_say(const app_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** As app_say(), the story around results (data, solver, times, files written): nothing with --quiet. Local. */
void app_tell(const app_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Whether the JSON report goes to stdout, "--json -". Local. */
bool app_json_to_stdout(void);

/** Log: to stderr, on rank 0, unless --quiet. Local. */
void app_log(const app_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Shows the warnings that came since the last call. Local. */
void app_run_warnings(app_run *run);

/** Ends the line of the progress bar, if one stands. Local. */
void app_run_progress_end(app_run *run);

/** tartan_progress for tartan_grid_set_progress(); context is the run. */
void app_run_progress(void *context, const char *phase, double fraction);

/** Fills run->figures. Collective. */
tartan_status app_run_measure(app_run *run);

/** Prints where the time went, speed, bytes and memory, from run->figures; nothing with --quiet. Local. */
void app_run_table(const app_run *run);

/** "1.9 s predicted, 2.1 s taken; 205942 words predicted, 205942 moved"; "" without a plan. Local. Returns text. */
const char *app_run_against_plan(const app_run *run, char *text, size_t length);

/** "155428 words (1.2 MiB)": f64 values, as they are counted over MPI. Local. Returns text. */
const char *app_words_text(double words, char text[48]);

/** Speed while computing beside that of a local product; "" where too little was computed. Local. Returns text. */
const char *app_speed_text(const app_run *run, char *text, size_t length);

/** "read", "compute", ... of run->figures.phase. Local. */
const char *app_phase_name(int phase);

/** Notes a check of the result. Local. */
void app_run_check(app_run *run, const char *name, double value, double tolerance, bool pass);

/** The command line as it was typed, quoted where needed. Local. Returns text. */
const char *app_command_line(const app_run *run, char *text, size_t length);

/** How files are opened, from the settings. Local. */
tartan_io_opts app_run_io(const app_run *run);

/** Writes the JSON report to the file of --json, or to stdout, on rank 0. Collective; TARTAN_ERR_IO. */
tartan_status app_run_json(const app_run *run, tartan_status st);

#endif
