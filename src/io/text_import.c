/*
 * Import: rank 0 reads the source in slabs of rows, all ranks take part in writing it as they do for every output, so
 * that a full disk, a failure and an interruption meet the same care.
 */
#include "io/text_import.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/file_kind.h"
#include "io/import_impl.h"
#include "io/output.h"
#include "io/root.h"

#define SLAB_BYTES (INT64_C(16) << 20)

/* The format by the first bytes; a name that ends in .tsv or .csv decides for text. */
static tartan_status guess_format(tt_import_job *job, const char *from)
{
  static const struct {
    tt_file_kind kind;
    const char  *format;
  } known[] = {{TT_KIND_IDX, "idx"},
               {TT_KIND_NPY, "npy"},
               {TT_KIND_CSV, "csv"},
               {TT_KIND_TSV, "tsv"},
               {TT_KIND_TEXT, "csv"}};
  tt_file_kind  kind;
  int           gzip;
  tartan_status st = tt_file_recognise(from, &kind, &gzip);

  if (st != TARTAN_OK) return st;
  job->result.gzip = gzip != 0;
  for (size_t i = 0; i < sizeof known / sizeof known[0] && job->result.format[0] == '\0'; i++) {
    if (known[i].kind == kind) snprintf(job->result.format, sizeof job->result.format, "%s", known[i].format);
  }
  if (job->result.format[0] != '\0') return TARTAN_OK;
  if (kind == TT_KIND_HDF5)
    return tt_fail(TARTAN_ERR_FORMAT,
                   gzip ? "%s is an HDF5 file compressed by gzip; decompress it first: gunzip -k %s"
                        : "%s is an HDF5 file already; use it as it is: tartan info %s",
                   from, from);
  if (kind == TT_KIND_EMPTY) return tt_fail(TARTAN_ERR_INPUT, "%s is empty", from);
  return tt_fail(TARTAN_ERR_FORMAT, "%s is %s; IDX, CSV, TSV and NumPy .npy can be converted", from,
                 tt_file_kind_name(kind));
}

/* CSV or TSV, not an array. */
static bool is_table(const tt_import_job *job)
{
  return job->result.format[0] != 'i' && job->result.format[0] != 'n';
}

/* On rank 0: opens the source and reads its header. */
static tartan_status begin(tt_import_job *job, const char *from)
{
  tartan_status st = guess_format(job, from);

  if (st == TARTAN_OK) st = tt_stream_open(job->memory, from, &job->stream);
  if (st != TARTAN_OK) return st;
  if (is_table(job)) return tt_csv_begin(job);
  if (job->opts.id_column || job->opts.skip_columns)
    return tt_fail(TARTAN_ERR_ARG, "--id-column and --skip-columns are for CSV and TSV; %s is %s", from,
                   job->result.format);
  return job->result.format[0] == 'i' ? tt_idx_begin(job) : tt_npy_begin(job);
}

static void finish(tt_import_job *job)
{
  tt_stream_close(&job->stream);
  tt_free(job->name);
  tt_free(job->column);
  tt_free(job->id);
  tt_free(job->ids.text);
  if (job->fd >= 0) close(job->fd);
  if (job->locale) freelocale(job->locale);
}

static tartan_status produce(tt_import_job *job, int64_t row0, int64_t nrows, void *buf)
{
  return is_table(job) ? tt_csv_rows(job, row0, nrows, buf) : tt_array_rows(job, row0, nrows, buf);
}

static void describe(tt_output *out, const tt_import_job *job, const char *from)
{
  const tt_import_result *r = &job->result;
  const int64_t           image[2] = {r->image_height, r->image_width};

  tt_output_declare_element(out, "/X", r->element, r->rows, r->cols);
  tt_output_text(out, "/", "source", from);
  tt_output_text(out, "/", "source_format", r->format);
  if (image[0] > 0) tt_output_integers(out, "/X", "image_shape", 2, image);
  if (job->name) tt_output_strings(out, "/feature_names", r->names, (const char *const *)job->name);
  if (job->id) tt_output_strings(out, "/sample_names", r->samples, job->id);
}

static tartan_status copy_rows(tartan_grid *grid, tt_import_job *job, tt_output *out)
{
  const tt_import_result *r = &job->result;
  const int64_t           row_bytes = r->cols * tt_max(job->wide, (int64_t)tt_element_size(r->element));
  const int64_t           step = tt_min(r->rows, tt_max(1, SLAB_BYTES / row_bytes));
  tartan_status           st = TARTAN_OK, local = TARTAN_OK;
  char                   *buf = NULL;

  if (grid->rank == 0) buf = tt_alloc(&grid->memory, step, (size_t)row_bytes, "rows to import", &local);
  TRY(tt_root_verdict(grid, local));
  for (int64_t i = 0; i < r->rows; i += step) {
    const int64_t k = tt_min(step, r->rows - i);

    if (grid->rank == 0) local = produce(job, i, k, buf);
    TRY(tt_root_verdict(grid, local));
    TRY(tt_output_rows(out, "/X", grid->rank == 0 ? i : 0, grid->rank == 0 ? k : 0, buf));
    tt_grid_progress(grid, "converting", (double)(i + k) / (double)r->rows);
  }
  TRY(tt_bcast(grid, &job->result.missing, 1, sizeof job->result.missing, 0));
done:
  tt_free(buf);
  return st;
}

tartan_status tt_import(tartan_grid *grid, const char *from, const char *to, const tt_import_opts *opts,
                        tt_import_result *result)
{
  tt_import_job job = {.memory = &grid->memory, .fd = -1};
  const char   *format = opts ? opts->format : NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;
  tt_output    *out = NULL;

  memset(result, 0, sizeof *result);
  if (opts) job.opts = *opts;
  if (format) {
    REQUIRE(strcmp(format, "idx") == 0 || strcmp(format, "csv") == 0 || strcmp(format, "tsv") == 0 ||
                strcmp(format, "npy") == 0,
            TARTAN_ERR_ARG, "the format \"%.40s\" is not known; it may be idx, csv, tsv or npy", format);
    snprintf(job.result.format, sizeof job.result.format, "%s", format);
  }
  TRY(tt_output_create(grid, to, job.opts.force, &out));
  if (grid->rank == 0) local = begin(&job, from);
  TRY(tt_root_verdict(grid, local));
  TRY(tt_bcast(grid, &job.result, (int64_t)sizeof job.result, 1, 0));
  TRY(tt_bcast(grid, &job.wide, 1, sizeof job.wide, 0));
  describe(out, &job, from);
  TRY(tt_output_open(out));
  TRY(copy_rows(grid, &job, out));
  TRY(tt_output_commit(&out));
  *result = job.result;
done:
  finish(&job);
  tt_output_discard(&out);
  return st;
}
