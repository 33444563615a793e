/*
 * tartan convert: other formats to HDF5.
 */
#include "base/util.h"
#include "commands.h"
#include "common/files.h"
#include "io/file_kind.h"
#include "io/import_ratings.h"
#include "io/root.h"
#include "io/text_import.h"

static struct {
  const char *output, *id_column, *skip_columns;
  int         format;
  bool        force;
} set;

#define FIRST_RATINGS 5 /* in the list of formats */

static const app_option options[] = {
    {"output", 'o', APP_OPTION_TEXT, &set.output, "OUT.h5", "FILE with .h5 for its last ending",
     "file to write; the dataset is /X; of ratings the columns /user, /item, /rating, /timestamp"},
    {"format", 0, APP_OPTION_CHOICE, &set.format, "auto|idx|csv|tsv|npy|ratings-csv|movielens|matrixmarket|npz",
     "auto, by the first bytes", "format of the source; each may be compressed by gzip"},
    {"id-column", 0, APP_OPTION_TEXT, &set.id_column, "NAME|N", NULL,
     "column of a table that holds the names of the samples, by its name or its number from 1: kept as /sample_names"},
    {"skip-columns", 0, APP_OPTION_TEXT, &set.skip_columns, "A,B", NULL,
     "columns of a table to leave out, by names or numbers"},
    {"force", 'f', APP_OPTION_FLAG, &set.force, NULL, NULL, "replace an output that exists"},
    {.name = NULL},
};

static void describe(const app_run *run, const char *from, const char *to, const tt_import_result *r)
{
  app_tell(run, "%lld sample%s x %lld feature%s, %s, from %s (%s%s)", (long long)r->rows, TT_S(r->rows),
           (long long)r->cols, TT_S(r->cols), tt_element_name(r->element), from, r->format, r->gzip ? ", gzip" : "");
  if (r->image_height > 0)
    app_tell(run, ", images of %lld x %lld", (long long)r->image_height, (long long)r->image_width);
  if (r->names > 0) app_tell(run, ", with feature names");
  if (r->samples > 0) app_tell(run, ", with sample names");
  if (r->missing > 0) app_tell(run, ", %lld missing cell%s as NaN", (long long)r->missing, TT_S(r->missing));
  app_tell(run, "\n");
  app_say_written(run, to, "/X");
}

static tartan_status refuse_hdf5(const app_run *run, const char *from)
{
  tartan_status local = TARTAN_OK;
  tt_file_kind  kind = TT_KIND_UNKNOWN;
  int           gzip = 0;

  if (run->rank == 0) local = tt_file_recognise(from, &kind, &gzip);
  if (local == TARTAN_OK && kind == TT_KIND_HDF5 && !gzip)
    local =
        tt_fail(TARTAN_ERR_FORMAT,
                "%s is HDF5 already, there is nothing to convert: tartan info %s shows what it holds, tartan pca %s "
                "takes it as it is",
                from, from, from);
  return tt_root_verdict(run->grid, local);
}

static void describe_ratings(const app_run *run, const char *from, const char *to, const tt_ratings_result *r)
{
  static const char *const formats[] = {"", "table", "MovieLens", "MatrixMarket", "SciPy .npz"};

  if (r->matrix) {
    app_tell(run, "sparse matrix of %lld x %lld, %lld entr%s, from %s (%s)\n", (long long)r->rows, (long long)r->cols,
             (long long)r->count, r->count == 1 ? "y" : "ies", from, formats[r->format]);
    app_say_written(run, to, "/X");
    return;
  }
  app_tell(run, "%lld rating%s%s, from %s (%s)", (long long)r->count, TT_S(r->count),
           r->rating ? "" : " of 1, as there is no such column", from, formats[r->format]);
  if (r->text[0]) app_tell(run, ", %lld user name%s in /user_ids", (long long)r->rows, TT_S(r->rows));
  if (r->text[1]) app_tell(run, ", %lld item name%s in /item_ids", (long long)r->cols, TT_S(r->cols));
  app_tell(run, "\n");
  app_say_written(run, to,
                  r->timestamp ? "/user, /item, /rating, /timestamp"
                  : r->rating  ? "/user, /item, /rating"
                               : "/user, /item");
}

/* Ratings and sparse matrices, by --format or where there is no doubt; *done: it was one. */
static tartan_status convert_ratings(app_run *run, const char *from, bool *done)
{
  tt_ratings_format format = set.format >= FIRST_RATINGS ? (tt_ratings_format)(set.format - FIRST_RATINGS + 1)
                                                         : TT_RATINGS_NONE;
  tt_ratings_result result;
  tartan_status     st = TARTAN_OK;

  if (set.format == 0 && !set.id_column && !set.skip_columns) TRY(tt_ratings_recognise(run->grid, from, &format));
  *done = format != TT_RATINGS_NONE;
  if (!*done) goto done;
  REQUIRE(!set.id_column && !set.skip_columns, TARTAN_ERR_ARG,
          "--id-column and --skip-columns are for tables of numbers, not for ratings");
  TRY(tt_import_ratings(run->grid, from, set.output, format, set.force, &result));
  describe_ratings(run, from, set.output, &result);
done:
  return st;
}

static tartan_status convert(app_run *run, const char *const *operands, int count)
{
  static const char *const formats[] = {NULL, "idx", "csv", "tsv", "npy", NULL, NULL, NULL, NULL};
  static char              name[TT_PATH_MAX];
  const tt_import_opts     opts = {formats[set.format], set.id_column, set.skip_columns, set.force};
  tartan_status            st = TARTAN_OK;
  tt_import_result         result;
  bool                     done = false;

  TRY(refuse_hdf5(run, operands[0]));
  if (!set.output) {
    TRY(app_result_name(operands[0], "h5", name, sizeof name));
    set.output = name;
  }
  TRY(app_check_output(run, set.output, operands, count));
  TRY(convert_ratings(run, operands[0], &done));
  if (done) goto done;
  TRY(tt_import(run->grid, operands[0], set.output, &opts, &result));
  describe(run, operands[0], set.output, &result);
done:
  return st;
}

const app_command app_cmd_convert = {
    .name = "convert",
    .group = "Data",
    .summary = "IDX, CSV, TSV, .npy, ratings (MovieLens, CSV) or sparse matrices (MatrixMarket, .npz) to HDF5",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .options = {options, app_basic_options},
    .notes = "Examples:\n  tartan convert train-images-idx3-ubyte.gz -o images.h5\n"
             "  tartan convert people.csv --id-column name --skip-columns city,notes\n"
             "  tartan convert ml-latest-small/ratings.csv -o ratings.h5\n"
             "  tartan convert plays.tsv --format ratings-csv -o plays.h5\n",
    .run = convert,
};
