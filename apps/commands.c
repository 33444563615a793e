#include "commands.h"

#include <string.h>

#include "base/error.h"

const app_command *const app_commands[] = {
    &app_cmd_pca, &app_cmd_pca_transform, &app_cmd_generate_matrix, &app_cmd_convert, &app_cmd_export, &app_cmd_info,
    NULL,
};

/* Names of the interface that are not there yet. */
static const char *const later[] = {
    "nmf",      "recommend", "svd",     "qr",        "lu",           "cholesky",         "eigh",    "eig",
    "solve",    "lstsq",     "pinv",    "inv",       "det",          "slogdet",          "rank",    "cond",
    "norm",     "trace",     "matmul",  "transpose", "matrix-power", "multi-dot",        "lowrank", "covariance",
    "sample",   "search",    "regress", "svdvals",   "eigvalsh",     "generate ratings", "verify",  "doctor",
    "selftest",
};

#define LATER_COUNT ((int)(sizeof later / sizeof *later))

/* Whether the words begin with a name of one word or two. */
static bool names(const char *const *words, int count, const char *name, int *used)
{
  const char  *space = strchr(name, ' ');
  const size_t length = space ? (size_t)(space - name) : strlen(name);

  *used = space ? 2 : 1;
  if (count < *used || strlen(words[0]) != length || strncmp(words[0], name, length) != 0) return false;
  return !space || strcmp(words[1], space + 1) == 0;
}

static tartan_status unknown(const char *const *words, int count)
{
  const char *nearest = app_commands[0]->name;
  char        both[128];
  int         best = 1000;

  snprintf(both, sizeof both, "%s %s", words[0], count > 1 ? words[1] : "");
  for (int i = 0; app_commands[i]; i++) {
    const char *name = app_commands[i]->name;
    const int   d = app_edit_distance(strchr(name, ' ') ? both : words[0], name);

    if (d < best) {
      best = d;
      nearest = name;
    }
  }
  return tt_fail(TARTAN_ERR_ARG, "unknown command \"%s\": the nearest is \"%s\" (tartan --help lists all)",
                 strchr(nearest, ' ') ? both : words[0], nearest);
}

tartan_status app_find_command(const char *const *words, int count, int *used, const app_command **command)
{
  int best = 0, n;

  *command = NULL;
  for (int i = 0; app_commands[i]; i++) {
    if (names(words, count, app_commands[i]->name, &n) && n > best) {
      *command = app_commands[i];
      best = n;
    }
  }
  *used = best;
  if (*command) return TARTAN_OK;
  for (int i = 0; i < LATER_COUNT; i++) {
    if (names(words, count, later[i], &n))
      return tt_fail(TARTAN_ERR_ARG, "the command \"%s\" is due in a later version", later[i]);
  }
  if (strcmp(words[0], "generate") == 0 && (count < 2 || words[1][0] == '-'))
    return tt_fail(TARTAN_ERR_ARG, "generate what? tartan generate matrix --help");
  return unknown(words, count);
}
