/*
 * tartan export: a dataset to CSV, TSV or .npy.
 */
#include "commands.h"
#include "common/files.h"
#include "io/text_export.h"

static struct {
  const char *output;
  int         format;
  bool        force;
} set;

static const app_option options[] = {
    {"output", 'o', APP_OPTION_TEXT, &set.output, "OUT", NULL, "required: file to write"},
    {"format", 0, APP_OPTION_CHOICE, &set.format, "auto|csv|tsv|npy", "auto, by the ending of OUT",
     "format of the output"},
    {"force", 'f', APP_OPTION_FLAG, &set.force, NULL, NULL, "replace an output that exists"},
    {.name = NULL},
};

static tartan_status export_dataset(app_run *run, const char *const *operands, int count)
{
  static const char *const formats[] = {NULL, "csv", "tsv", "npy"};
  tartan_io_opts           io = app_run_io(run);
  tartan_status            st = TARTAN_OK;
  tt_export_result         result;
  char                     bytes[24];
  bool                     lists = false;

  REQUIRE(set.output, TARTAN_ERR_ARG, "export needs -o OUT: a name that ends in .csv, .tsv or .npy, or --format");
  TRY(app_check_output(run, set.output, operands, count));
  io.force = set.force;
  TRY(tt_export_has_lists(run->grid, operands[0], &lists));
  TRY((lists ? tt_export_lists : tt_export)(run->grid, operands[0], formats[set.format], set.output, &io, &result));
  app_tell(run, "%lld x %lld, %s, from %.*s:%s to %s, %s\n", (long long)result.rows, (long long)result.cols,
           tt_element_name(result.element), (int)tt_source_file_length(operands[0]), operands[0], result.path,
           result.format, tt_bytes_text((double)result.bytes, bytes));
  app_say_written(run, set.output, NULL);
done:
  return st;
}

const app_command app_cmd_export = {
    .name = "export",
    .group = "Data",
    .summary = "a dataset of an HDF5 file to CSV, TSV or .npy",
    .operands = "FILE.h5[:/path] -o OUT",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_basic_options},
    .notes = "Examples:\n  tartan export pca.h5:/components_ -o components.csv\n"
             "  tartan export topn.h5 -o recommendations.csv    user,rank,item,score\n",
    .run = export_dataset,
};
