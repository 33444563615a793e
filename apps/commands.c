#include "commands.h"

#include <string.h>

#include "base/error.h"
#include "base/util.h"

/* clang-format off: one command a line */
const app_command *const app_commands[] = {
    &app_cmd_pca,
    &app_cmd_pca_transform,
    &app_cmd_nmf,
    &app_cmd_regress,
    &app_cmd_recommend_train,
    &app_cmd_recommend_topn,
    &app_cmd_recommend_similar,
    &app_cmd_recommend_evaluate,
    &app_cmd_matmul,
    &app_cmd_multi_dot,
    &app_cmd_transpose,
    &app_cmd_matrix_power,
    &app_cmd_norm,
    &app_cmd_trace,
    &app_cmd_covariance,
    &app_cmd_qr,
    &app_cmd_lu,
    &app_cmd_cholesky,
    &app_cmd_svd,
    &app_cmd_svdvals,
    &app_cmd_lowrank,
    &app_cmd_eigh,
    &app_cmd_eigvalsh,
    &app_cmd_eig,
    &app_cmd_solve,
    &app_cmd_lstsq,
    &app_cmd_inv,
    &app_cmd_pinv,
    &app_cmd_det,
    &app_cmd_slogdet,
    &app_cmd_rank,
    &app_cmd_cond,
    &app_cmd_sample,
    &app_cmd_search,
    &app_cmd_generate_matrix,
    &app_cmd_generate_ratings,
    &app_cmd_convert,
    &app_cmd_export,
    &app_cmd_info,
    &app_cmd_selftest,
    &app_cmd_doctor,
    NULL,
};
/* clang-format on */

/* Names of the interface that are not there yet. */
static const char *const later[] = {
    "verify",
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

static bool asks_for_help(const char *word)
{
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* The nearest command, where one is near: half of what was typed may be wrong, and no more than three letters. */
static tartan_status unknown(const char *const *words, int count)
{
  const char *nearest = NULL;
  char        both[128], list[512] = "";
  int         best = (int)tt_min(3, (int64_t)strlen(words[0]) / 2) + 1;

  snprintf(both, sizeof both, "%s %s", words[0], count > 1 ? words[1] : "");
  for (int i = 0; app_commands[i]; i++) {
    const char *name = app_commands[i]->name;
    const int   d = app_edit_distance(strchr(name, ' ') ? both : words[0], name);

    if (d < best) {
      best = d;
      nearest = name;
    }
  }
  if (nearest) {
    return tt_fail(TARTAN_ERR_ARG, "unknown command \"%s\": the nearest is \"%s\" (tartan --help lists all)",
                   strchr(nearest, ' ') ? both : words[0], nearest);
  }
  for (int i = 0; app_commands[i]; i++) {
    const size_t n = strlen(list);

    snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", app_commands[i]->name);
  }
  return tt_fail(TARTAN_ERR_ARG, "unknown command \"%s\"; there are %s (tartan --help)", words[0], list);
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
  if (strcmp(words[0], "generate") == 0 && count > 1 && asks_for_help(words[1])) {
    *command = &app_cmd_generate_matrix;
    *used = 1;
    return TARTAN_OK;
  }
  if (strcmp(words[0], "generate") == 0 && (count < 2 || words[1][0] == '-'))
    return tt_fail(TARTAN_ERR_ARG, "generate what? tartan generate matrix, or generate ratings (--help)");
  return unknown(words, count);
}
