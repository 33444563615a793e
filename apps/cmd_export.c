/*
 * tartan export: a dataset to CSV, TSV or .npy, by the ending of the output's name.
 */
#include <string.h>

#include "commands.h"
#include "common/files.h"
#include "io/text_export.h"

static struct {
  const char *output;
  bool        force;
} set;

static const app_option options[] = {
    {"output", 'o', APP_OPTION_TEXT, &set.output, "OUT", NULL, "file to write: OUT.csv, OUT.tsv or OUT.npy"},
    {"force", 'f', APP_OPTION_FLAG, &set.force, NULL, NULL, "replace an output that exists"},
    {.name = NULL},
};

static tartan_status export_dataset(app_run *run, const char *const *operands, int count)
{
  tartan_io_opts   io = app_run_io(run);
  tartan_status    st = TARTAN_OK;
  tt_export_result result;
  char             bytes[24];

  (void)count;
  REQUIRE(set.output, TARTAN_ERR_ARG, "export needs -o OUT.csv, OUT.tsv or OUT.npy");
  io.force = set.force;
  TRY(tt_export(run->grid, operands[0], NULL, set.output, &io, &result));
  app_say(run, "%lld x %lld, %s, from %s%s%s\n", (long long)result.rows, (long long)result.cols,
          tt_element_name(result.element), operands[0], strstr(operands[0], ":/") ? "" : ":",
          strstr(operands[0], ":/") ? "" : result.path);
  app_say(run, "written  %s (%s)\n", set.output, tt_bytes_text((double)result.bytes, bytes));
done:
  return st;
}

const app_command app_cmd_export = {
    .name = "export",
    .group = "Data",
    .summary = "a dataset of an HDF5 file to CSV, TSV or .npy",
    .operands = "FILE.h5[:/path]",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_basic_options},
    .notes = "Example:\n  tartan export pca.h5:/components_ -o components.csv\n",
    .run = export_dataset,
};
