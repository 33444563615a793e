/**
 * @file options.h
 * One table of options per command: it makes the parser, the help, the man page and the shell completion.
 *
 * A table ends with an entry without a name. Each entry is bound to a variable of static storage that holds the default.
 */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <tartan/status.h>

typedef enum app_option_type {
  APP_OPTION_FLAG,    /**< bool *: set to true */
  APP_OPTION_CLEAR,   /**< bool *: set to false */
  APP_OPTION_COUNT,   /**< int64_t *: 0, 1, 2 ... */
  APP_OPTION_INTEGER, /**< int64_t *: with a sign or without */
  APP_OPTION_REAL,    /**< double * */
  APP_OPTION_TEXT,    /**< const char ** */
  APP_OPTION_SIZE,    /**< int64_t *: bytes, "8G", "400M" */
  APP_OPTION_TIME,    /**< double *: seconds, "30m" */
  APP_OPTION_CHOICE,  /**< int *: index of the word in `argument`, "a|b|c"; "+c" is a word due later */
  APP_OPTION_PAIR,    /**< int64_t[2]: "4x2" */
  APP_OPTION_LATER    /**< known by name, refused: due in a later version */
} app_option_type;

typedef struct app_option {
  const char     *name;   /**< long name without dashes */
  char            letter; /**< short name, 0: none */
  app_option_type type;
  void           *value;    /**< the bound variable */
  const char     *argument; /**< name of the argument for people: "SIZE"; of a choice: its words */
  const char     *initial;  /**< the default for people, with its unit; NULL: none */
  const char     *help;     /**< NULL: not shown */
} app_option;

struct app_run;

/** One command of the program. */
typedef struct app_command {
  const char       *name;     /**< one word or two: "pca", "pca transform" */
  const char       *group;    /**< heading in `tartan --help` */
  const char       *summary;  /**< one line */
  const char       *operands; /**< for the usage line: "DATA.h5[:/path]" */
  int               operands_min, operands_max;
  const app_option *options[3]; /**< own, then common tables; unused ones NULL */
  const char       *notes;      /**< paragraphs and examples below the options; may be NULL */
  tartan_status (*run)(struct app_run *run, const char *const *operands, int count); /**< NULL: due later */
  bool plans; /**< it calls app_run_fits() with its plan, so that a refusal for lack of memory says how much would do */
} app_command;

/**
 * Reads a command line into the variables of the tables. Local; nothing is printed.
 *
 * @param[in,out] words     [count] after the name of the command; on return its first words are the operands
 * @param[out]    operands  how many
 * @param[out]    help      --help was among them
 * @retval TARTAN_ERR_ARG   the message names the option, and the nearest one if there is none of that name
 */
tartan_status app_options_parse(const app_command *command, const char **words, int count, int *operands, bool *help);

/** The option of a long name without dashes. Local. @retval TARTAN_ERR_ARG  none; the message names the nearest one */
tartan_status app_option_find(const app_command *command, const char *name, const app_option **option);

/**
 * Stores a value as on a command line. Local.
 *
 * @param[in] text  of a flag "yes", "no", or NULL: yes
 * @retval TARTAN_ERR_ARG  it is no such value; the message names the option
 */
tartan_status app_option_store(const app_option *option, const char *text);

/** The value of an option as it would be typed, "400M" as bytes. Local. Returns text. */
const char *app_option_text(const app_option *option, char *text, size_t length);

/** Number of edits (insert, delete, replace, swap neighbours) that turn one word into the other. Local. */
int app_edit_distance(const char *a, const char *b);

/** A size in bytes: a number with an optional unit K, M, G or T (powers of 1024, "GiB" and "GB" as well). Local. */
bool app_parse_size(const char *text, int64_t *bytes);

/** A time in seconds: "90", "90s", "30m", "2h", "1d", or "1:30:00". Local. */
bool app_parse_time(const char *text, double *seconds);

/** A count, digits only. Local. */
bool app_parse_count(const char *text, int64_t *count);

/** An integer, negative ones too. Local. */
bool app_parse_integer(const char *text, int64_t *value);

/** A number; not NaN or Inf. Local. */
bool app_parse_real(const char *text, double *value);

/** `tartan COMMAND --help`. Local. */
void app_options_help(FILE *out, const app_command *command);

/** `tartan --help`: the commands in their groups. Local. @param[in] commands  ended by an entry without a name */
void app_options_overview(FILE *out, const app_command *const *commands);

/** `tartan --man`: the manual page in troff. Local. */
void app_options_man(FILE *out, const app_command *const *commands);

/** `tartan --completion bash`. Local. */
void app_options_completion(FILE *out, const app_command *const *commands);

#endif
