/*
 * tartan info: what an HDF5 file holds, and what `tartan pca` would make of it.
 */
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "commands.h"
#include "common/run.h"
#include "io/contents.h"
#include "io/dataset.h"
#include "io/small.h"

static void shape_text(const int64_t *extent, int ndims, char text[96])
{
  size_t n = 0;

  text[0] = 0;
  for (int d = 0; d < ndims && n < 80; d++)
    n += (size_t)snprintf(text + n, 96 - n, "%s%lld", d ? " x " : "", (long long)extent[d]);
  if (ndims == 0) snprintf(text, 96, "scalar");
}

/* "name = value" a line, as a table; those without a value are left out. */
static void print_attributes(const app_run *run, const char *list, const char *indent)
{
  while (*list) {
    const int   length = (int)strcspn(list, "\n");
    const char *equal = strstr(list, " = ");
    const int   name = equal && equal < list + length ? (int)(equal - list) : length;

    if (name + 3 < length) app_say(run, "%s%-14.*s %.*s\n", indent, name, list, length - name - 3, list + name + 3);
    list += length + (list[length] == '\n');
  }
}

static void print_item(const app_run *run, const tt_content *item)
{
  char shape[96], chunk[96], storage[224], bytes[24];

  shape_text(item->extent, item->ndims, shape);
  if (item->chunk[0] > 0) {
    shape_text(item->chunk, item->ndims, chunk);
    snprintf(storage, sizeof storage, "chunks of %s%s%s%s", chunk, *item->filters ? ", " : "", item->filters,
             *item->missing ? " (not available here)" : "");
  } else {
    snprintf(storage, sizeof storage, "contiguous");
  }
  app_say(run, "  %-32s %-18s %-9s %10s  %s\n", item->path, shape, item->type_name,
          tt_bytes_text((double)item->stored_bytes, bytes), storage);
  if (app_set.verbose) print_attributes(run, item->attributes, "      ");
}

/* A file that tartan wrote says in a line what it is. */
static tartan_status print_own(app_run *run, const char *path)
{
  static const char *const names[] = {"format", "version", "command_line", "input", "complete"};
  char                     value[1024];
  tartan_status            st = TARTAN_OK;
  tt_small                *file = NULL;

  TRY(tt_small_open(run->grid, path, &file));
  TRY(tt_small_text(file, "/", "format", value, sizeof value));
  if (strncmp(value, "tartan", 6) != 0) goto done;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    TRY(tt_small_text(file, "/", names[i], value, sizeof value));
    if (*value) app_say(run, "  %-14s %s\n", names[i], value);
  }

done:
  tt_small_close(&file);
  return st;
}

/* What pca would take, or why it would refuse; neither is a failure of `info`. */
static void print_choice(app_run *run, const char *source)
{
  tartan_io_opts io = app_run_io(run);
  tt_dataset    *dataset = NULL;

  if (tt_dataset_open(run->grid, source, &io, &dataset) == TARTAN_OK) {
    const tt_dataset_info *info = tt_dataset_get_info(dataset);

    const int64_t m = info->column_major_writer ? info->cols : info->rows;
    const int64_t n = info->column_major_writer ? info->rows : info->cols;

    app_say(run, "tartan pca would take %s: %lld sample%s x %lld feature%s\n", info->path, (long long)m, TT_S(m),
            (long long)n, TT_S(n));
    tt_dataset_close(&dataset);
  } else {
    app_say(run, "tartan pca would refuse it: %s\n", tartan_error_message());
    tartan_error_clear();
  }
}

static void print_head(const app_run *run, const tt_contents *contents, int64_t count)
{
  char bytes[24];

  app_say(run, "%s: HDF5%s%s, %s, %lld dataset%s\n", contents->file, *contents->dialect ? ", " : "", contents->dialect,
          tt_bytes_text((double)contents->file_bytes, bytes), (long long)count, TT_S(count));
}

static void print_items(const app_run *run, const tt_contents *contents)
{
  const int64_t limit = app_set.verbose ? contents->count : 40;

  for (int64_t i = 0; i < contents->count && i < limit; i++) print_item(run, &contents->item[i]);
  if (contents->count > limit) app_say(run, "  ... and %lld more (--verbose)\n", (long long)(contents->count - limit));
}

/* "FILE:/path" in two; path is NULL where none is given. */
static tartan_status split(const char *source, char *file, size_t room, const char **path)
{
  const size_t length = tt_source_file_length(source);

  if (length >= room) return tt_fail(TARTAN_ERR_INPUT, "the name %.80s... is too long", source);
  snprintf(file, room, "%.*s", (int)length, source);
  *path = source[length] == ':' ? source + length + 1 : NULL;
  return TARTAN_OK;
}

/* Keeps the dataset of that path, or those of that group. Where there is none, opening says what there is. */
static tartan_status choose(app_run *run, const char *source, const char *path, tt_contents *contents, bool *group)
{
  const size_t   length = strlen(path += *path == '/');
  tartan_io_opts io = app_run_io(run);
  tartan_status  st = TARTAN_OK;
  tt_dataset    *dataset = NULL;
  int64_t        kept = 0, inside = 0;

  for (int64_t i = 0; i < contents->count; i++) {
    const char *name = contents->item[i].path + 1;

    if (length == 0 || (strncmp(name, path, length) == 0 && (!name[length] || name[length] == '/')))
      contents->item[kept++] = contents->item[i];
    else
      continue;
    inside += name[length] != '\0';
  }
  contents->count = kept;
  TRY(tt_bcast(run->grid, &kept, 1, sizeof kept, 0));
  TRY(tt_bcast(run->grid, &inside, 1, sizeof inside, 0));
  *group = inside > 0;
  if (kept == 0) TRY(tt_dataset_open(run->grid, source, &io, &dataset));
done:
  tt_dataset_close(&dataset);
  return st;
}

static void json_contents(app_json *json, const void *job)
{
  const tt_contents *contents = job;

  app_json_array(json, "datasets");
  for (int64_t i = 0; i < contents->count; i++) {
    const tt_content *item = &contents->item[i];

    app_json_object(json, NULL);
    app_json_text(json, "path", item->path);
    app_json_array(json, "shape");
    for (int d = 0; d < item->ndims; d++) app_json_count(json, NULL, item->extent[d]);
    app_json_end_array(json);
    app_json_text(json, "type", item->type_name);
    app_json_text(json, "filters", item->filters);
    app_json_count(json, "stored_bytes", item->stored_bytes);
    app_json_end_object(json);
  }
  app_json_end_array(json);
}

static void release(void *job)
{
  tt_contents_free(job);
}

static tartan_status info(app_run *run, const char *const *operands, int count)
{
  static tt_contents contents;
  tartan_io_opts     io = app_run_io(run);
  tartan_status      st = TARTAN_OK;
  const char        *path = NULL;
  int64_t            all;
  bool               group = false;
  char               file[TT_PATH_MAX];

  (void)count;
  run->job = &contents;
  run->json = json_contents;
  run->release = release;
  TRY(split(operands[0], file, sizeof file, &path));
  TRY(tt_list_datasets(run->grid, file, &io, &contents));
  all = contents.count;
  if (path) TRY(choose(run, operands[0], path, &contents, &group));
  print_head(run, &contents, all);
  print_items(run, &contents);
  if (!path && app_set.verbose) print_attributes(run, contents.attributes, "  ");
  if (!path && !app_set.verbose) TRY(print_own(run, file));
  if (!group) print_choice(run, operands[0]); /* datasets of a group stand for themselves */

done:
  return st;
}

const app_command app_cmd_info = {
    .name = "info",
    .group = "Data",
    .summary = "what an HDF5 file holds: shapes, types, chunks, filters, and what pca would take",
    .operands = "FILE.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {app_basic_options},
    .notes = "Example:\n  tartan info pca.h5\n  tartan info pca.h5:/components_ -v\n",
    .run = info,
};
