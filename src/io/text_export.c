/*
 * Export: rank 0 reads slabs of rows and writes a file of its own under a temporary name. The other ranks only take
 * part in reading, with no rows.
 */
#include "io/text_export.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/dataset.h"
#include "io/place.h"
#include "io/root.h"
#include "io/small.h"

#define SLAB_BYTES (INT64_C(4) << 20)
#define CELL_MAX 32 /* longest number as text, with its separator */

typedef struct export_job {
  tartan_grid     *grid;
  tt_dataset      *dataset;
  tt_export_result result;
  tt_place         place;
  int              fd;
  int64_t          at; /* bytes written */
  int64_t          step;
  char            *rows;  /* [step, cols] as read */
  char            *text;  /* the same as text; NULL for .npy */
  const char     **names; /* [cols], or NULL */
} export_job;

static tartan_status choose_format(const char *format, const char *to, export_job *job)
{
  static const char *const known[] = {"csv", "tsv", "npy"};
  const char              *dot = strrchr(to, '.');

  if (!format) format = dot ? dot + 1 : "";
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcasecmp(format, known[i]) == 0) snprintf(job->result.format, sizeof job->result.format, "%s", known[i]);
  }
  if (job->result.format[0] != '\0') return TARTAN_OK;
  return tt_fail(TARTAN_ERR_ARG,
                 "cannot tell the format of %s: let its name end in .csv, .tsv or .npy, or give --format", to);
}

/* A float in the fewest digits that give it back. */
static int format_f32(float x, char *to)
{
  int length = 0;

  if (!isfinite(x)) return sprintf(to, "%s", isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
  for (int digits = 6; digits <= 9; digits++) {
    length = snprintf(to, CELL_MAX, "%.*g", digits, (double)x);
    if (strtof(to, NULL) == x) break;
  }
  return length;
}

int tt_format_real(double x, char *to)
{
  int length = 0;

  if (!isfinite(x)) return sprintf(to, "%s", isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
  for (int digits = 15; digits <= 17; digits++) {
    length = snprintf(to, CELL_MAX, "%.*g", digits, x);
    if (strtod(to, NULL) == x) break;
  }
  return length;
}

static int format_element(tt_element element, const void *from, char *to)
{
  int8_t   i8;
  int16_t  i16;
  int32_t  i32;
  int64_t  i64;
  uint64_t u64;
  uint32_t u32;
  uint16_t u16;
  float    f32;
  double   f64;

  switch (element) {
  case TT_EL_I8: memcpy(&i8, from, 1); return sprintf(to, "%d", i8);
  case TT_EL_U8: return sprintf(to, "%u", *(const unsigned char *)from);
  case TT_EL_I16: memcpy(&i16, from, 2); return sprintf(to, "%d", i16);
  case TT_EL_U16: memcpy(&u16, from, 2); return sprintf(to, "%u", u16);
  case TT_EL_I32: memcpy(&i32, from, 4); return sprintf(to, "%" PRId32, i32);
  case TT_EL_U32: memcpy(&u32, from, 4); return sprintf(to, "%" PRIu32, u32);
  case TT_EL_I64: memcpy(&i64, from, 8); return sprintf(to, "%" PRId64, i64);
  case TT_EL_U64: memcpy(&u64, from, 8); return sprintf(to, "%" PRIu64, u64);
  case TT_EL_F32: memcpy(&f32, from, 4); return format_f32(f32, to);
  default: memcpy(&f64, from, 8); return tt_format_real(f64, to);
  }
}

static int64_t format_rows(const export_job *job, int64_t nrows)
{
  const int64_t cols = job->result.cols, wide = (int64_t)tt_element_size(job->result.element);
  const char    separator = job->result.format[0] == 't' ? '\t' : ',', *from = job->rows;
  char         *to = job->text;

  for (int64_t i = 0; i < nrows; i++) {
    for (int64_t j = 0; j < cols; j++, from += wide) {
      to += format_element(job->result.element, from, to);
      *to++ = j + 1 < cols ? separator : '\n';
    }
  }
  return to - job->text;
}

static tartan_status put(export_job *job, const void *from, int64_t bytes)
{
  tartan_status st = tt_write_at(job->fd, job->place.path, job->at, bytes, from);

  job->at += bytes;
  job->grid->counters.bytes_written += bytes;
  return st;
}

/* NumPy's header of version 1: a multiple of 64 bytes, so that the elements are aligned. */
static tartan_status put_npy_header(export_job *job)
{
  static const char *const types[TT_EL_COUNT] =
      {[TT_EL_I8] = "i1",  [TT_EL_U8] = "u1",  [TT_EL_I16] = "i2", [TT_EL_U16] = "u2", [TT_EL_I32] = "i4",
       [TT_EL_U32] = "u4", [TT_EL_I64] = "i8", [TT_EL_U64] = "u8", [TT_EL_F32] = "f4", [TT_EL_F64] = "f8"};
  const uint16_t one = 1;
  char           head[256] = "\223NUMPY\001", order = *(const unsigned char *)&one ? '<' : '>';
  int            length;

  if (tt_element_size(job->result.element) == 1) order = '|';
  length = 10 + snprintf(head + 10, sizeof head - 10,
                         "{'descr': '%c%s', 'fortran_order': False, 'shape': (%lld, %lld), }", order,
                         types[job->result.element], (long long)job->result.rows, (long long)job->result.cols);
  while ((length + 1) % 64 != 0) head[length++] = ' ';
  head[length++] = '\n';
  head[8] = (char)((length - 10) & 255);
  head[9] = (char)((length - 10) >> 8);
  return put(job, head, length);
}

static bool must_quote(const char *name, char separator)
{
  return strchr(name, separator) || strchr(name, ',') || strchr(name, ' ');
}

static tartan_status put_names(export_job *job)
{
  const char    separator = job->result.format[0] == 't' ? '\t' : ',';
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < job->result.names && st == TARTAN_OK; j++) {
    const char *name = job->names[j];
    const bool  quote = must_quote(name, separator);
    const char  end[2] = {j + 1 < job->result.names ? separator : '\n', '\0'};

    if (quote) st = put(job, "\"", 1);
    if (st == TARTAN_OK) st = put(job, name, (int64_t)strlen(name));
    if (st == TARTAN_OK && quote) st = put(job, "\"", 1);
    if (st == TARTAN_OK) st = put(job, end, 1);
  }
  return st;
}

/* On rank 0: the temporary file and all that stands before the rows. */
static tartan_status begin_file(export_job *job)
{
  tartan_status st = tt_place_reserve(&job->place, 0, false);

  if (st != TARTAN_OK) return st;
  job->fd = tt_file_fault() ? -1 : open(job->place.temp, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (job->fd < 0) return tt_fail_errno("cannot write", job->place.path);
  return job->text ? put_names(job) : put_npy_header(job);
}

static tartan_status put_rows(export_job *job, int64_t nrows)
{
  if (job->text) return put(job, job->text, format_rows(job, nrows));
  return put(job, job->rows, nrows * job->result.cols * (int64_t)tt_element_size(job->result.element));
}

/* Feature names that go with the columns, if the file keeps such. */
static tartan_status find_names(export_job *job)
{
  const tt_dataset_info *info = tt_dataset_get_info(job->dataset);
  tartan_status          st = TARTAN_OK;

  if (job->result.format[0] == 'n') return TARTAN_OK;
  TRY(tt_small_names(job->grid, info->file, info->path, "feature_names", info->cols, true, &job->names));
  job->result.names = job->names ? info->cols : 0;
done:
  return st;
}

static tartan_status make_buffers(export_job *job)
{
  const int64_t wide = (int64_t)tt_element_size(job->result.element);
  tartan_status local = TARTAN_OK;

  job->step = tt_min(job->result.rows, tt_max(1, SLAB_BYTES / (job->result.cols * wide)));
  if (job->grid->rank == 0) {
    job->rows = tt_alloc(&job->grid->memory, job->step * job->result.cols, (size_t)wide, "rows to export", &local);
    if (job->result.format[0] != 'n')
      job->text = tt_alloc(&job->grid->memory, job->step * job->result.cols, CELL_MAX, "text to export", &local);
    if (local == TARTAN_OK) local = begin_file(job);
  }
  return tt_root_verdict(job->grid, local);
}

static tartan_status copy_rows(export_job *job)
{
  const bool    root = job->grid->rank == 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (int64_t i = 0; i < job->result.rows; i += job->step) {
    const int64_t k = tt_min(job->step, job->result.rows - i);

    TRY(tt_dataset_read(job->dataset, i, root ? k : 0, 0, job->result.cols, job->rows));
    if (root) local = put_rows(job, k);
    TRY(tt_root_verdict(job->grid, local));
    tt_grid_progress(job->grid, "exporting", (double)(i + k) / (double)job->result.rows);
  }
  if (root) local = tt_place_finish(&job->place);
  st = tt_root_verdict(job->grid, local);
done:
  return st;
}

static void finish(export_job *job)
{
  if (job->fd >= 0) close(job->fd);
  if (job->grid->rank == 0) tt_place_discard(&job->place);
  tt_free(job->rows);
  tt_free(job->text);
  tt_free(job->names);
  tt_dataset_close(&job->dataset);
}

tartan_status tt_export(tartan_grid *grid, const char *source, const char *format, const char *to,
                        const tartan_io_opts *opts, tt_export_result *result)
{
  export_job             job = {.grid = grid, .fd = -1};
  const tt_dataset_info *info;
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  memset(result, 0, sizeof *result);
  TRY(choose_format(format, to, &job));
  if (grid->rank == 0) local = tt_place_begin(&job.place, to, opts && opts->force);
  TRY(tt_root_verdict(grid, local));
  TRY(tt_dataset_open_vector(grid, source, opts, &job.dataset));
  info = tt_dataset_get_info(job.dataset);
  job.result.rows = info->rows;
  job.result.cols = info->cols;
  job.result.element = info->element;
  memcpy(job.result.path, info->path, sizeof job.result.path);
  TRY(find_names(&job));
  TRY(make_buffers(&job));
  TRY(copy_rows(&job));
  TRY(tt_bcast(grid, &job.at, 1, sizeof job.at, 0));
  job.result.bytes = job.at;
  *result = job.result;
done:
  finish(&job);
  return st;
}
