/*
 * What the option tables say to people and shells: help, manual page, completion.
 */
#include "common/options.h"

#include <string.h>

#include <tartan/tartan.h>

#define HELP_COLUMN 30
#define HELP_WIDTH 84

/* ------------------------------------------------------------------------------------------------ help */

/* Prints words with line breaks; `column` is where the cursor stands, continuation lines begin at `indent`. */
static void wrap(FILE *out, const char *text, int column, int indent)
{
  bool space = false;

  while (*text) {
    const int length = (int)strcspn(text, " \n");

    if (space && column + 1 + length > HELP_WIDTH) {
      fprintf(out, "\n%*s", indent, "");
      column = indent;
      space = false;
    }
    fprintf(out, "%s%.*s", space ? " " : "", length, text);
    column += length + space;
    text += length;
    space = *text == ' ';
    if (*text == '\n') {
      fprintf(out, "\n%*s", indent, "");
      column = indent;
    }
    if (*text) text++;
  }
  fputc('\n', out);
}

/* The words of a choice without those that are due later; other arguments as they are. */
static const char *argument_text(const app_option *o, char text[96])
{
  size_t n = 0;

  text[0] = 0;
  if (!o->argument) return text;
  for (const char *c = o->argument; *c && n < 95; c++) {
    if (o->type == APP_OPTION_CHOICE && c[0] == '|' && c[1] == '+') break;
    text[n++] = *c;
  }
  text[n] = 0;
  return text;
}

static void help_option(FILE *out, const app_option *o)
{
  char left[128], argument[96], all[768];
  int  n;

  if (!o->help || o->type == APP_OPTION_LATER) return;
  argument_text(o, argument);
  n = snprintf(left, sizeof left, "  %c%c%s--%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
               o->letter ? ", " : "  ", o->name, *argument ? " " : "", argument);
  fputs(left, out);
  if (n > HELP_COLUMN - 2) {
    fputc('\n', out);
    n = 0;
  }
  snprintf(all, sizeof all, "%s%s%s%s", o->help, o->initial ? " (default: " : "", o->initial ? o->initial : "",
           o->initial ? ")" : "");
  fprintf(out, "%*s", HELP_COLUMN - n, "");
  wrap(out, all, HELP_COLUMN, HELP_COLUMN);
}

void app_options_help(FILE *out, const app_command *command)
{
  static const char *const titles[] = {"Options", "Options of every computing command", "More"};

  fprintf(out, "usage: tartan %s %s [options]\n\n", command->name, command->operands);
  wrap(out, command->summary, 0, 0);
  for (int t = 0; t < 3; t++) {
    if (!command->options[t]) continue;
    fprintf(out, "\n%s:\n", titles[t]);
    for (const app_option *o = command->options[t]; o->name; o++) help_option(out, o);
  }
  if (command->notes) fprintf(out, "\n%s", command->notes);
}

void app_options_overview(FILE *out, const app_command *const *commands)
{
  const char *group = "";

  fprintf(out,
          "Tartan %s: distributed-memory linear algebra for machine learning\n\n"
          "usage: [mpirun -n RANKS] tartan COMMAND ...\n",
          tartan_version());
  for (; *commands; commands++) {
    const app_command *c = *commands;

    if (!c->run) continue;
    if (strcmp(group, c->group) != 0) fprintf(out, "\n%s\n", c->group);
    group = c->group;
    fprintf(out, "  %-18s ", c->name);
    wrap(out, c->summary, 21, 21);
  }
  fputs("\nAlso\n"
        "  COMMAND --help    every option of a command, with its unit and default\n"
        "  --version         version, and the libraries in use\n"
        "  --completion bash completion for the shell:  source <(tartan --completion bash)\n"
        "\nA first run:\n"
        "  mpirun -n 2 tartan pca DATA.h5 -k 50 -o pca.h5 --report pca.html\n",
        out);
}

/* ------------------------------------------------------------------------------------------------ manual page */

static void troff(FILE *out, const char *text)
{
  bool start = true;

  for (; *text; text++) {
    if (start && (*text == '.' || *text == '\'')) fputs("\\&", out);
    if (*text == '\\') {
      fputs("\\e", out);
    } else if (*text == '-') {
      fputs("\\-", out);
    } else {
      fputc(*text, out);
    }
    start = *text == '\n';
  }
}

static void man_option(FILE *out, const app_option *o)
{
  char argument[96];

  if (!o->help || o->type == APP_OPTION_LATER) return;
  fputs(".TP\n", out);
  if (o->letter) fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
  fputs("\\fB\\-\\-", out);
  troff(out, o->name);
  fputs("\\fR", out);
  if (*argument_text(o, argument)) {
    fputs(" \\fI", out);
    troff(out, argument);
    fputs("\\fR", out);
  }
  fputc('\n', out);
  troff(out, o->help);
  if (o->initial) {
    fputs(" (default: ", out);
    troff(out, o->initial);
    fputc(')', out);
  }
  fputc('\n', out);
}

static void man_command(FILE *out, const app_command *c, bool common)
{
  if (!common) {
    fputs(".SS tartan ", out);
    troff(out, c->name);
    fputc(' ', out);
    troff(out, c->operands);
    fputc('\n', out);
    troff(out, c->summary);
    fputs(".\n", out);
  }
  for (const app_option *o = c->options[common]; o && o->name; o++) man_option(out, o);
  if (!common && c->notes) {
    fputs(".PP\n.nf\n", out);
    troff(out, c->notes);
    fputs(".fi\n", out);
  }
}

void app_options_man(FILE *out, const app_command *const *commands)
{
  static const struct {
    int         code;
    const char *text;
  } codes[] = {
      {0, "done, or done before"},
      {2, "usage; options that do not fit each other or the data"},
      {3, "bad input; NaN or Inf in it; the output exists"},
      {4, "result short of the requested tolerance: written, and marked so"},
      {5, "not enough memory"},
      {6, "file system: full, or not writable"},
      {7, "numerical failure"},
      {8, "unusable checkpoint"},
      {9, "no progress"},
      {70, "internal error"},
      {75, "interrupted: run the same command again"},
  };
  const app_command *with_common = NULL;

  fprintf(out,
          ".TH TARTAN 1 \"\" \"Tartan %s\" \"User Commands\"\n.SH NAME\n"
          "tartan \\- distributed\\-memory linear algebra for machine learning\n.SH SYNOPSIS\n"
          ".B mpirun \\-n\n.I RANKS\n.B tartan\n.I COMMAND\n[\\fIoptions\\fR]\n.SH COMMANDS\n",
          tartan_version());
  for (const app_command *const *c = commands; *c; c++) {
    if (!(*c)->run) continue;
    man_command(out, *c, false);
    if ((*c)->options[1]) with_common = *c;
  }
  if (with_common) {
    fputs(".SH OPTIONS OF EVERY COMPUTING COMMAND\n", out);
    man_command(out, with_common, true);
  }
  fputs(".SH EXIT STATUS\n", out);
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    fprintf(out, ".TP\n.B %d\n%s\n", codes[i].code, codes[i].text);
}

/* ------------------------------------------------------------------------------------------------ completion */

static void completion_words(FILE *out, const app_command *c)
{
  for (int t = 0; t < 3; t++) {
    for (const app_option *o = c->options[t]; o && o->name; o++) {
      if (o->help && o->type != APP_OPTION_LATER) fprintf(out, " --%s", o->name);
    }
  }
  fputs(" --help", out);
}

static void completion_choices(FILE *out, const app_command *c)
{
  char words[96];

  for (int t = 0; t < 3; t++) {
    for (const app_option *o = c->options[t]; o && o->name; o++) {
      if (o->type != APP_OPTION_CHOICE || !o->help) continue;
      argument_text(o, words);
      for (char *w = words; *w; w++) {
        if (*w == '|') *w = ' ';
      }
      fprintf(out, "    \"%s --%s\") words=\"%s\" ;;\n", c->name, o->name, words);
    }
  }
}

void app_options_completion(FILE *out, const app_command *const *commands)
{
  fputs("# bash completion for tartan\n_tartan()\n{\n"
        "  local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "  local command=${COMP_WORDS[1]} words=\n  COMPREPLY=()\n"
        "  case \"$command ${COMP_WORDS[2]}\" in\n",
        out);
  for (const app_command *const *c = commands; *c; c++) {
    if ((*c)->run && strchr((*c)->name, ' ')) fprintf(out, "    \"%s\") command=\"%s\" ;;\n", (*c)->name, (*c)->name);
  }
  fputs("  esac\n  case \"$command $last\" in\n", out);
  for (const app_command *const *c = commands; *c; c++) {
    if ((*c)->run) completion_choices(out, *c);
  }
  fputs("  esac\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words=\"--help --version", out);
  for (const app_command *const *c = commands; *c; c++) {
    if ((*c)->run) fprintf(out, " %.*s", (int)strcspn((*c)->name, " "), (*c)->name);
  }
  fputs("\"\n  elif [[ $word == -* && -z $words ]]; then\n    case \"$command\" in\n", out);
  for (const app_command *const *c = commands; *c; c++) {
    if (!(*c)->run) continue;
    fprintf(out, "      \"%s\") words=\"", (*c)->name);
    completion_words(out, *c);
    fputs("\" ;;\n", out);
  }
  fputs("    esac\n  fi\n"
        "  if [ -n \"$words\" ]; then\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
        "  else\n    mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n  fi\n}\n"
        "complete -o filenames -F _tartan tartan\n",
        out);
}
