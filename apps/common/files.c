/*
 * Everything that is said of a result is kept as named texts; the configuration is one line of them, compared field by
 * field with what an old file says of itself.
 */
#include "common/files.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "comm/collective.h"
#include "io/place.h"
#include "io/root.h"
#include "io/small.h"

#define CONFIGURATION_MAX 8192

void app_note(app_notes *notes, const char *name, const char *fmt, ...)
{
  char        *to = notes->text + notes->used;
  const size_t room = sizeof notes->text - notes->used;
  va_list      args;
  int          n;

  if (notes->count == APP_NOTES_MAX) return;
  va_start(args, fmt);
  n = vsnprintf(to, room, fmt, args);
  va_end(args);
  if (n < 0 || (size_t)n >= room) return;
  notes->item[notes->count++] = (tartan_attribute){name, to, 0};
  notes->used += (size_t)n + 1;
}

void app_note_count(app_notes *notes, const char *name, int64_t value)
{
  if (notes->count < APP_NOTES_MAX) notes->item[notes->count++] = (tartan_attribute){name, NULL, value};
}

const char *app_notes_line(const app_notes *notes, char *text, size_t length)
{
  size_t n = 0;

  text[0] = 0;
  for (int i = 0; i < notes->count && n < length; i++) {
    const tartan_attribute *a = &notes->item[i];
    char                    number[24];

    snprintf(number, sizeof number, "%lld", (long long)a->count);
    n += (size_t)snprintf(text + n, length - n, "%s%s=%s", i ? "; " : "", a->name, a->value ? a->value : number);
  }
  return text;
}

void app_notes_write(const app_notes *notes, tt_output *out)
{
  for (int i = 0; i < notes->count; i++) {
    const tartan_attribute *a = &notes->item[i];

    if (a->value)
      tt_output_text(out, "/", a->name, a->value);
    else
      tt_output_integer(out, "/", a->name, a->count);
  }
}

void app_note_origin(app_notes *notes, const app_run *run)
{
  char        text[4096];
  const char *job = getenv("SLURM_JOB_ID");

  app_note(notes, "version", "%s", tartan_version());
  app_note(notes, "command_line", "%s", app_command_line(run, text, sizeof text));
  tartan_describe(text, sizeof text);
  app_note(notes, "libraries", "%s", text);
  app_note_count(notes, "ranks", run->size);
  app_note_count(notes, "threads", run->threads);
  app_note(notes, "job_id", "%s", job ? job : "");
}

/* To the nanosecond: a file that is written again within a second is another file. */
static void time_text(int64_t seconds, int64_t nanoseconds, char text[48])
{
  const time_t t = (time_t)seconds;
  struct tm    utc;
  size_t       length;

  gmtime_r(&t, &utc);
  length = strftime(text, 48, "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(text + length, 48 - length, ".%09lldZ", (long long)nanoseconds);
}

void app_note_input_as(app_notes *notes, const char *const names[3], const tt_dataset_info *info)
{
  char        when[48], whole[PATH_MAX];
  const char *path = realpath(info->file, whole);

  time_text(info->file_mtime, info->file_mtime_ns, when);
  app_note(notes, names[0], "%s:%s", path ? path : info->file, info->path);
  app_note_count(notes, names[1], info->file_bytes);
  app_note(notes, names[2], "%s", when);
}

void app_note_input(app_notes *notes, const tt_dataset_info *info)
{
  app_note_input_as(notes, (const char *const[3]){"input", "input_size", "input_time"}, info);
}

/* The file of "FILE.h5:/path", as it would be opened; false if there is none. */
static bool find_file(const char *source, struct stat *s)
{
  char name[TT_PATH_MAX];

  return (size_t)snprintf(name, sizeof name, "%.*s", (int)tt_source_file_length(source), source) < sizeof name &&
         stat(name, s) == 0;
}

/* What stands for a text of any length: FNV-1a. */
static uint64_t hash_text(const char *text)
{
  uint64_t h = UINT64_C(14695981039346656037);

  for (; *text; text++) h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
  return h;
}

void app_note_source(app_notes *notes, const char *const names[3], const char *source)
{
  const size_t    length = tt_source_file_length(source);
  tt_dataset_info info = {.file_bytes = 0};
  struct stat     s;

  if (!find_file(source, &s)) {
    app_note(notes, names[0], "%.200s (%zu characters, %016llx)", source, strlen(source),
             (unsigned long long)hash_text(source));
    return;
  }
  snprintf(info.file, sizeof info.file, "%.*s", (int)length, source); /* it is a file, so it fits */
  snprintf(info.path, sizeof info.path, "%.255s", source[length] == ':' ? source + length + 1 : "/");
  info.file_bytes = (int64_t)s.st_size;
  info.file_mtime = (int64_t)s.st_mtim.tv_sec;
  info.file_mtime_ns = (int64_t)s.st_mtim.tv_nsec;
  app_note_input_as(notes, names, &info);
}

tartan_status app_check_output(app_run *run, const char *output, const char *const *sources, int count)
{
  tartan_status st, local = TARTAN_OK;
  struct stat   to, from;

  if (run->rank == 0 && stat(output, &to) == 0) {
    for (int i = 0; i < count && local == TARTAN_OK; i++) {
      if (sources[i] && find_file(sources[i], &from) && from.st_dev == to.st_dev && from.st_ino == to.st_ino)
        local = tt_fail(TARTAN_ERR_ARG, "the output is the input %s: give another name than %s", sources[i], output);
    }
  }
  st = tt_root_verdict(run->grid, local);
  if (st != TARTAN_OK && output == app_set.json) app_set.json = NULL; /* it is written after failures too */
  return st;
}

/* Whether two names are one file, or will be: one folder and one last part. Local. */
static bool is_same_place(const char *a, const char *b)
{
  const char *const names[2] = {a, b}, *last[2];
  char              folder[2][TT_PATH_MAX];
  struct stat       s[2];

  if (stat(a, &s[0]) == 0 && stat(b, &s[1]) == 0) return s[0].st_dev == s[1].st_dev && s[0].st_ino == s[1].st_ino;
  for (int i = 0; i < 2; i++) {
    const char *slash = strrchr(names[i], '/');

    last[i] = slash ? slash + 1 : names[i];
    snprintf(folder[i], sizeof folder[i], "%.*s.", (int)(last[i] - names[i]), names[i]);
    if (stat(folder[i], &s[i]) != 0) return false;
  }
  return strcmp(last[0], last[1]) == 0 && s[0].st_dev == s[1].st_dev && s[0].st_ino == s[1].st_ino;
}

tartan_status app_check_report(app_run *run, const char *const *sources, int count)
{
  tartan_status st = TARTAN_OK;

  if (!app_set.json || app_json_to_stdout()) goto done;
  TRY(app_check_output(run, app_set.json, sources, count));
  for (int t = 0; t < 3 && run->command->options[t]; t++)
    for (const app_option *o = run->command->options[t]; o->name; o++) {
      const bool written = strcmp(o->name, "output") == 0 || strcmp(o->name, "report") == 0 ||
                           o->value == &app_set.json;

      if (o->type != APP_OPTION_TEXT || written) continue;
      TRY(app_check_output(run, app_set.json, o->value, 1));
    }
done:
  return st;
}

tartan_status app_check_result(app_run *run, const char *path)
{
  tartan_status local = TARTAN_OK, st;

  if (!app_set.json || app_json_to_stdout()) return TARTAN_OK;
  if (run->rank == 0 && is_same_place(path, app_set.json))
    local = tt_fail(TARTAN_ERR_ARG, "--json %s is the result file: give another name", app_set.json);
  st = tt_root_verdict(run->grid, local);
  if (st != TARTAN_OK) app_set.json = NULL;
  return st;
}

void app_say_written(const app_run *run, const char *file, const char *path)
{
  app_tell(run, "written  %s%s%s\n", file, path ? ":" : "", path ? path : "");
}

tartan_status app_result_name(const char *source, const char *suffix, char *name, size_t length)
{
  size_t       stem = tt_source_file_length(source);
  const size_t end = stem;

  while (stem > 0 && source[stem - 1] != '/' && source[stem - 1] != '.') stem--;
  stem = stem > 1 && source[stem - 1] == '.' && source[stem - 2] != '/' ? stem - 1 : end;
  if ((size_t)snprintf(name, length, "%.*s.%s", (int)stem, source, suffix) >= length)
    return tt_fail(TARTAN_ERR_ARG, "the name of the input is too long to make the output's from it: give -o FILE");
  return TARTAN_OK;
}

/* ------------------------------------------------------------------------------------------------ an old result */

/* The value of a name in "name=value; name=value"; NULL if it is not there. */
static const char *field(const char *line, const char *name, int *length)
{
  const size_t size = strlen(name);

  while (line) {
    const char *end = strstr(line, "; ");

    if (strncmp(line, name, size) == 0 && line[size] == '=') {
      *length = (int)(end ? end - line : (ptrdiff_t)strlen(line)) - (int)size - 1;
      return line + size + 1;
    }
    line = end ? end + 2 : NULL;
  }
  *length = 0;
  return NULL;
}

/* Names the first option in which two configurations differ. */
static tartan_status differing(const char *path, const char *there, const char *here)
{
  char name[64];

  for (const char *at = here; at && *at;) {
    int         old_length, new_length;
    const char *next = strstr(at, "; "), *old_value, *new_value;

    snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "="), at);
    old_value = field(there, name, &old_length);
    new_value = field(here, name, &new_length);
    if (!old_value || old_length != new_length || strncmp(old_value, new_value, (size_t)new_length) != 0) {
      return tt_fail(TARTAN_ERR_EXISTS,
                     "%s exists with another configuration: %s is %.*s there, %.*s here; --force replaces it", path,
                     name, old_value ? old_length : 7, old_value ? old_value : "not set", new_length, new_value);
    }
    at = next ? next + 2 : NULL;
  }
  return tt_fail(TARTAN_ERR_EXISTS, "%s exists with another configuration; --force replaces it", path);
}

static tartan_status compare(tt_small *file, const char *path, const char *here, bool *done)
{
  char          there[CONFIGURATION_MAX], shortage[8];
  tartan_status st = TARTAN_OK;

  TRY(tt_small_text(file, "/", "configuration", there, sizeof there));
  TRY(tt_small_text(file, "/", "short_of_tolerance", shortage, sizeof shortage));
  REQUIRE(*there, TARTAN_ERR_EXISTS, "%s exists and is no result of this command; --force replaces it", path);
  if (strcmp(there, here) != 0) return differing(path, there, here);
  REQUIRE(strcmp(shortage, "yes") != 0, TARTAN_ERR_TOLERANCE,
          "%s exists, from this configuration, and is short of the tolerance", path);
  *done = true;
done:
  return st;
}

tartan_status app_result_exists(app_run *run, const char *path, const char *configuration, bool force, bool *done)
{
  int64_t       exists = run->rank == 0 && access(path, F_OK) == 0;
  tartan_status st = TARTAN_OK;
  tt_small     *file = NULL;

  *done = false;
  TRY(tt_bcast(run->grid, &exists, 1, sizeof exists, 0));
  if (!exists || force) goto done;
  if (tt_small_open(run->grid, path, &file) != TARTAN_OK) {
    st = tt_fail(TARTAN_ERR_EXISTS, "%s exists and is no result of tartan; --force replaces it", path);
    goto done;
  }
  TRY(compare(file, path, configuration, done));

done:
  tt_small_close(&file);
  return st;
}
