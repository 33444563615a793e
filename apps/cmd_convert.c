/*
 * tartan convert: other formats to HDF5.
 */
#include "commands.h"
#include "common/files.h"
#include "io/text_import.h"

static struct {
  const char *output;
  int         format;
  bool        force;
} set;

static const app_option options[] = {
    {"output", 'o', APP_OPTION_TEXT, &set.output, "OUT.h5", "FILE with .h5 for its last ending",
     "file to write; the dataset is /X"},
    {"format", 0, APP_OPTION_CHOICE, &set.format, "auto|idx|csv|tsv|npy|+movielens|+matrixmarket|+npz",
     "auto, by the first bytes", "format of the source; each may be compressed by gzip"},
    {"force", 'f', APP_OPTION_FLAG, &set.force, NULL, NULL, "replace an output that exists"},
    {.name = NULL},
};

static void describe(const app_run *run, const char *from, const char *to, const tt_import_result *r)
{
  app_say(run, "%lld samples x %lld features, %s, from %s (%s%s)", (long long)r->rows, (long long)r->cols,
          tt_element_name(r->element), from, r->format, r->gzip ? ", gzip" : "");
  if (r->image_height > 0)
    app_say(run, ", images of %lld x %lld", (long long)r->image_height, (long long)r->image_width);
  if (r->names > 0) app_say(run, ", with feature names");
  if (r->missing > 0) app_say(run, ", %lld missing cell%s as NaN", (long long)r->missing, r->missing == 1 ? "" : "s");
  app_say(run, "\nwritten  %s:/X\n", to);
}

static tartan_status convert(app_run *run, const char *const *operands, int count)
{
  static const char *const formats[] = {NULL, "idx", "csv", "tsv", "npy"};
  static char              name[TT_PATH_MAX];
  tartan_status            st = TARTAN_OK;
  tt_import_result         result;

  (void)count;
  if (!set.output) {
    TRY(app_result_name(operands[0], "h5", name, sizeof name));
    set.output = name;
  }
  TRY(tt_import(run->grid, operands[0], formats[set.format], set.output, set.force, &result));
  describe(run, operands[0], set.output, &result);
done:
  return st;
}

const app_command app_cmd_convert = {
    .name = "convert",
    .group = "Data",
    .summary = "IDX, CSV, TSV or .npy, also compressed by gzip, to HDF5",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_basic_options},
    .notes = "Example:\n  tartan convert train-images-idx3-ubyte.gz -o images.h5\n",
    .run = convert,
};
