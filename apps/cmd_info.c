/*
 * tartan info: what an HDF5 file holds, and what `tartan pca` would make of it.
 */
#include <string.h>

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
  if (app_set.verbose && *item->attributes) app_say(run, "      %s\n", item->attributes);
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

    app_say(run, "tartan pca would take %s: %lld samples x %lld features\n", info->path,
            (long long)(info->column_major_writer ? info->cols : info->rows),
            (long long)(info->column_major_writer ? info->rows : info->cols));
    tt_dataset_close(&dataset);
  } else {
    app_say(run, "tartan pca would refuse it: %s\n", tartan_error_message());
    tartan_error_clear();
  }
}

static void print_contents(const app_run *run, const tt_contents *contents)
{
  const int64_t limit = app_set.verbose ? contents->count : 40;
  char          bytes[24];

  app_say(run, "%s: HDF5%s%s, %s, %lld dataset%s\n", contents->file, *contents->dialect ? ", " : "", contents->dialect,
          tt_bytes_text((double)contents->file_bytes, bytes), (long long)contents->count,
          contents->count == 1 ? "" : "s");
  for (int64_t i = 0; i < contents->count && i < limit; i++) print_item(run, &contents->item[i]);
  if (contents->count > limit) app_say(run, "  ... and %lld more (--verbose)\n", (long long)(contents->count - limit));
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

  (void)count;
  TRY(tt_list_datasets(run->grid, operands[0], &io, &contents));
  run->job = &contents;
  run->json = json_contents;
  run->release = release;
  print_contents(run, &contents);
  if (app_set.verbose && *contents.attributes) app_say(run, "attributes: %s\n", contents.attributes);
  TRY(print_own(run, operands[0]));
  print_choice(run, operands[0]);

done:
  return st;
}

const app_command app_cmd_info = {
    .name = "info",
    .group = "Data",
    .summary = "what an HDF5 file holds: shapes, types, chunks, filters, and what pca would take",
    .operands = "FILE.h5",
    .operands_min = 1,
    .operands_max = 1,
    .options = {app_basic_options},
    .notes = "Example:\n  tartan info pca.h5\n",
    .run = info,
};
