/*
 * The parser: words are taken from left to right; a word that begins with a dash is looked up in the command's tables and
 * its value stored in the bound variable, all others are operands.
 */
#include "common/options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/util.h"

#define WORD_MAX 64

/* ------------------------------------------------------------------------------------------------ values */

bool app_parse_count(const char *text, int64_t *count)
{
  char     *end = NULL;
  long long v;

  if (!isdigit((unsigned char)text[0])) return false;
  errno = 0;
  v = strtoll(text, &end, 10);
  *count = v;
  return errno == 0 && *end == 0;
}

bool app_parse_integer(const char *text, int64_t *value)
{
  const bool negative = text[0] == '-';

  if (!app_parse_count(text + (negative || text[0] == '+'), value)) return false;
  if (negative) *value = -*value;
  return true;
}

bool app_parse_real(const char *text, double *value)
{
  char *end = NULL;

  *value = strtod(text, &end);
  return end != text && *end == 0 && isfinite(*value);
}

bool app_parse_size(const char *text, int64_t *bytes)
{
  static const char units[] = "KMGTP";
  char             *end = NULL;
  const char       *unit;
  double            v = strtod(text, &end);

  if (end == text || !isfinite(v) || v < 0) return false;
  unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
  if (unit) {
    v = ldexp(v, (int)(10 * (unit - units + 1)));
    end++;
    if (*end == 'i') end++;
  }
  if (toupper((unsigned char)*end) == 'B') end++;
  if (*end || v >= 9e18) return false;
  *bytes = (int64_t)v;
  return true;
}

bool app_parse_time(const char *text, double *seconds)
{
  static const char   units[] = "smhd";
  static const double factor[] = {1, 60, 3600, 86400};
  char               *end = NULL;
  const char         *unit;
  double              v = strtod(text, &end);

  if (end == text || !isfinite(v) || v < 0) return false;
  while (*end == ':') {
    const char  *part = end + 1;
    const double next = strtod(part, &end);

    if (end == part || !(next >= 0 && next < 60)) return false;
    v = 60 * v + next;
  }
  unit = *end ? strchr(units, *end) : NULL;
  if (unit) {
    v *= factor[unit - units];
    end++;
  }
  *seconds = v;
  return *end == 0;
}

static bool parse_pair(const char *text, int64_t pair[2])
{
  const char  *x = strpbrk(text, "xX");
  char         first[24];
  const size_t length = x ? (size_t)(x - text) : 0;

  if (length == 0 || length >= sizeof first) return false;
  memcpy(first, text, length);
  first[length] = 0;
  return app_parse_count(first, &pair[0]) && app_parse_count(x + 1, &pair[1]);
}

/* The index of a word among "a|b|+c"; -1: none, -2: one that is due later. */
static int find_choice(const char *words, const char *text)
{
  const size_t length = strlen(text);
  int          index = 0;

  for (const char *w = words; w; index++) {
    const char  *end = strchr(w, '|');
    const bool   later = *w == '+';
    const char  *name = w + later;
    const size_t size = end ? (size_t)(end - name) : strlen(name);

    if (size == length && strncmp(name, text, length) == 0) return later ? -2 : index;
    w = end ? end + 1 : NULL;
  }
  return -1;
}

static tartan_status store_choice(const app_option *o, const char *text)
{
  const int index = find_choice(o->argument, text);
  char      known[128];
  size_t    n = 0;

  if (index == -2) return tt_fail(TARTAN_ERR_ARG, "--%s %s is due in a later version", o->name, text);
  for (const char *c = o->argument; *c && n + 3 < sizeof known; c++) {
    if (*c == '+') break;
    if (*c == '|' && c[1] == '+') break;
    if (*c == '|') {
      known[n++] = ',';
      known[n++] = ' ';
    } else {
      known[n++] = *c;
    }
  }
  known[n] = 0;
  if (index < 0) return tt_fail(TARTAN_ERR_ARG, "--%s takes one of %s, not \"%s\"", o->name, known, text);
  *(int *)o->value = index;
  return TARTAN_OK;
}

/* "yes" or "no"; NULL, a flag on a command line, is yes. */
static bool parse_flag(const char *text, bool *value)
{
  *value = !text || strcmp(text, "yes") == 0;
  return *value || strcmp(text, "no") == 0;
}

tartan_status app_option_store(const app_option *o, const char *text)
{
  const char *wanted = NULL;
  bool        flag = false;

  switch (o->type) {
  case APP_OPTION_FLAG:
  case APP_OPTION_CLEAR:
    if (!parse_flag(text, &flag)) wanted = "yes or no";
    *(bool *)o->value = flag == (o->type == APP_OPTION_FLAG);
    break;
  case APP_OPTION_COUNT:
    if (!app_parse_count(text, o->value)) wanted = "a count, for example 50";
    break;
  case APP_OPTION_INTEGER:
    if (!app_parse_integer(text, o->value)) wanted = "an integer, for example 3 or -1";
    break;
  case APP_OPTION_REAL:
    if (!app_parse_real(text, o->value)) wanted = "a number, for example 1e-8";
    break;
  case APP_OPTION_TEXT: *(const char **)o->value = text; break;
  case APP_OPTION_SIZE:
    if (!app_parse_size(text, o->value)) wanted = "a size, for example 8G or 400M";
    break;
  case APP_OPTION_TIME:
    if (!app_parse_time(text, o->value)) wanted = "a time, for example 30m or 2h";
    break;
  case APP_OPTION_PAIR:
    if (!parse_pair(text, o->value)) wanted = "two counts, for example 4x2";
    break;
  case APP_OPTION_CHOICE: return store_choice(o, text);
  case APP_OPTION_LATER: return tt_fail(TARTAN_ERR_ARG, "--%s is due in a later version", o->name);
  }
  if (wanted) return tt_fail(TARTAN_ERR_ARG, "--%s takes %s, not \"%s\"", o->name, wanted, text);
  return TARTAN_OK;
}

const char *app_option_text(const app_option *o, char *text, size_t length)
{
  const char *words = o->argument;

  text[0] = 0;
  switch (o->type) {
  case APP_OPTION_FLAG: snprintf(text, length, "%s", *(bool *)o->value ? "true" : "false"); break;
  case APP_OPTION_CLEAR: snprintf(text, length, "%s", *(bool *)o->value ? "false" : "true"); break;
  case APP_OPTION_COUNT:
  case APP_OPTION_INTEGER:
  case APP_OPTION_SIZE: snprintf(text, length, "%lld", (long long)*(int64_t *)o->value); break;
  case APP_OPTION_REAL:
  case APP_OPTION_TIME: snprintf(text, length, "%.17g", *(double *)o->value); break;
  case APP_OPTION_TEXT:
    if (*(const char **)o->value) snprintf(text, length, "%s", *(const char **)o->value);
    break;
  case APP_OPTION_CHOICE:
    for (int i = *(int *)o->value; i > 0 && words; i--) words = strchr(words, '|') + 1;
    snprintf(text, length, "%.*s", words ? (int)strcspn(words, "|") : 0, words ? words : "");
    break;
  case APP_OPTION_PAIR:
    snprintf(text, length, "%lldx%lld", (long long)((int64_t *)o->value)[0], (long long)((int64_t *)o->value)[1]);
    break;
  case APP_OPTION_LATER: break;
  }
  return text;
}

/* ------------------------------------------------------------------------------------------------ names */

/* Damerau's distance with restricted transpositions, three rows of the table at a time. */
int app_edit_distance(const char *a, const char *b)
{
  int       rows[3][WORD_MAX + 1];
  const int la = (int)strlen(a), lb = (int)strlen(b);

  if (la > WORD_MAX || lb > WORD_MAX) return WORD_MAX;
  for (int j = 0; j <= lb; j++) rows[0][j] = j;
  for (int i = 1; i <= la; i++) {
    int *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

    now[0] = i;
    for (int j = 1; j <= lb; j++) {
      int best = last[j - 1] + (a[i - 1] != b[j - 1]);

      if (last[j] + 1 < best) best = last[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best) {
        best = before[j - 2] + 1;
      }
      now[j] = best;
    }
  }
  return rows[la % 3][lb];
}

static const app_option *find_name(const app_command *command, const char *name, size_t length)
{
  for (int t = 0; t < 3; t++) {
    for (const app_option *o = command->options[t]; o && o->name; o++) {
      if (strlen(o->name) == length && strncmp(o->name, name, length) == 0) return o;
    }
  }
  return NULL;
}

static const app_option *find_letter(const app_command *command, char letter)
{
  for (int t = 0; t < 3; t++) {
    for (const app_option *o = command->options[t]; o && o->name; o++) {
      if (o->letter == letter) return o;
    }
  }
  return NULL;
}

/* How far a misspelt word is from a name: what it begins with counts as near. */
static int distance(const char *word, const char *name)
{
  const int    d = app_edit_distance(word, name);
  const size_t length = strlen(word);

  return length >= 3 && strncmp(word, name, length) == 0 && d > 1 ? 1 : d;
}

static tartan_status unknown_option(const app_command *command, const char *word)
{
  const char *name = NULL, *bare = word + strspn(word, "-");
  char        text[WORD_MAX + 1];
  int         best;

  snprintf(text, sizeof text, "%.*s", (int)strcspn(bare, "="), bare);
  best = (int)(strlen(text) < 6 ? strlen(text) / 2 : 3) + 1; /* what is further away is not near */
  for (int t = 0; t < 3; t++) {
    for (const app_option *o = command->options[t]; o && o->name; o++) {
      const int d = distance(text, o->name);

      if (o->help && d < best) {
        best = d;
        name = o->name;
      }
    }
  }
  if (!name)
    return tt_fail(TARTAN_ERR_ARG, "unknown option %s: tartan %s --help lists all there are", word, command->name);
  return tt_fail(TARTAN_ERR_ARG, "unknown option %s: the nearest is --%s (tartan %s --help lists all)", word, name,
                 command->name);
}

tartan_status app_option_find(const app_command *command, const char *name, const app_option **option)
{
  *option = find_name(command, name, strlen(name));
  return *option ? TARTAN_OK : unknown_option(command, name);
}

/* ------------------------------------------------------------------------------------------------ the line */

static bool takes_value(const app_option *o)
{
  return o->type != APP_OPTION_FLAG && o->type != APP_OPTION_CLEAR && o->type != APP_OPTION_LATER;
}

/* One option at words[*i]; moves *i to the last word that belongs to it. */
static tartan_status parse_option(const app_command *command, const char **words, int count, int *i)
{
  const char       *word = words[*i], *equal = NULL, *value = NULL;
  const app_option *o;

  if (word[1] == '-') {
    equal = strchr(word, '=');
    o = find_name(command, word + 2, equal ? (size_t)(equal - word - 2) : strlen(word + 2));
    if (equal) value = equal + 1;
  } else {
    o = find_letter(command, word[1]);
    if (o && word[2]) value = word[2] == '=' ? word + 3 : word + 2;
  }
  if (!o) return unknown_option(command, word);
  if (o->type == APP_OPTION_LATER) return app_option_store(o, NULL);
  if (!takes_value(o)) {
    if (value) return tt_fail(TARTAN_ERR_ARG, "--%s takes no value: \"%s\"", o->name, word);
    return app_option_store(o, NULL);
  }
  if (!value) {
    if (*i + 1 >= count) return tt_fail(TARTAN_ERR_ARG, "--%s needs a value: %s", o->name, o->argument);
    value = words[++*i];
  }
  return app_option_store(o, value);
}

static tartan_status check_operands(const app_command *command, const char *const *words, int n)
{
  if (n < command->operands_min) {
    const char *missing = command->operands;

    for (int i = 0; i < n; i++) missing += strcspn(missing, " ") + 1;
    return tt_fail(TARTAN_ERR_ARG, "%s needs %s (tartan %s --help)", command->name, missing, command->name);
  }
  if (n > command->operands_max) {
    return tt_fail(TARTAN_ERR_ARG, "\"%s\" is one operand too many: tartan %s %s%s", words[command->operands_max],
                   command->name, command->operands,
                   strstr(command->operands, "DATA") ? "; several input files are due in a later version" : "");
  }
  return TARTAN_OK;
}

tartan_status app_options_parse(const app_command *command, const char **words, int count, int *operands, bool *help)
{
  tartan_status st = TARTAN_OK;
  bool          only_operands = false;
  int           n = 0;

  *help = false;
  for (int i = 0; i < count; i++) {
    if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) *help = true;
  }
  if (*help) goto done;
  for (int i = 0; i < count; i++) {
    if (only_operands || words[i][0] != '-' || !words[i][1]) {
      words[n++] = words[i];
    } else if (strcmp(words[i], "--") == 0) {
      only_operands = true;
    } else {
      TRY(parse_option(command, words, count, &i));
    }
  }
  TRY(check_operands(command, words, n));

done:
  *operands = n;
  return st;
}
