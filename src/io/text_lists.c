/*
 * Lists to lines: rank 0 reads slabs of whole lists, indices and scores and what the items are called, and writes a line for
 * each place that is taken.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/column.h"
#include "io/ids.h"
#include "io/place.h"
#include "io/root.h"
#include "io/small.h"
#include "io/text_column.h"
#include "io/text_export.h"

#define PLACES 32768            /* of a slab */
#define TEXT (INT64_C(1) << 20) /* characters before they are written */

static const char *const formats[] = {"tartan-recommendations", "tartan-similar"};
static const char *const row_names[] = {"/users", "/queries"};

typedef struct table {
  tartan_grid   *grid;
  const char    *file;
  int            kind; /* 0: of users, 1: of queries */
  tt_ids         rows;
  tt_dataset    *index, *score, *item; /* item NULL: texts */
  int64_t       *row_number;           /* [rows], NULL: texts */
  int64_t       *places, *numbers;     /* [step, k] */
  double        *scores;
  tt_text_column texts;
  int64_t        k, step;
  tt_place       place;
  int            fd;
  int64_t        at, used, lines;
  char          *text; /* [TEXT] */
  char           separator;
} table;

tartan_status tt_export_has_lists(tartan_grid *grid, const char *source, bool *lists)
{
  char          format[64];
  tt_small     *file = NULL;
  tartan_status st = TARTAN_OK;

  *lists = false;
  if (source[tt_source_file_length(source)] == ':') goto done;
  TRY(tt_small_open(grid, source, &file));
  TRY(tt_small_text(file, "/", "format", format, sizeof format));
  *lists = strcmp(format, formats[0]) == 0 || strcmp(format, formats[1]) == 0;
done:
  tt_small_close(&file);
  return st;
}

/* ------------------------------------------------------------------------------------------------ reading */

static tartan_status open_dataset(table *t, const char *name, const tartan_io_opts *opts, tt_dataset **dataset)
{
  char          source[TT_PATH_MAX + 32];
  tartan_status st = TARTAN_OK;

  REQUIRE((size_t)snprintf(source, sizeof source, "%s:%s", t->file, name) < sizeof source, TARTAN_ERR_INPUT,
          "the name %.80s... is too long", t->file);
  TRY(tt_dataset_open(t->grid, source, opts, dataset));
done:
  return st;
}

/* A whole file of lists: datasets of one shape. Collective. */
static tartan_status open_table(table *t, const tartan_io_opts *opts)
{
  const tt_dataset_info *index, *score;
  char                   format[64];
  tt_small              *file = NULL;
  bool                   texts = false;
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_small_open(t->grid, t->file, &file));
  TRY(tt_small_text(file, "/", "format", format, sizeof format));
  t->kind = strcmp(format, formats[1]) == 0;
  TRY(tt_ids_read(t->grid, t->file, row_names[t->kind], &t->rows));
  TRY(tt_ids_numbers(&t->rows, &t->row_number));
  TRY(open_dataset(t, "/item_index", opts, &t->index));
  TRY(open_dataset(t, "/scores", opts, &t->score));
  TRY(tt_small_holds_texts(file, "/items", &texts));
  if (!texts) TRY(open_dataset(t, "/items", opts, &t->item));
  index = tt_dataset_get_info(t->index);
  score = tt_dataset_get_info(t->score);
  REQUIRE(index->rows == t->rows.total && score->rows == index->rows && score->cols == index->cols, TARTAN_ERR_INPUT,
          "%s: /item_index, /scores and %s are of different shapes", t->file, row_names[t->kind]);
  t->k = index->cols;
  t->step = tt_max(1, tt_min(index->rows, PLACES / t->k));
  t->places = tt_alloc(&t->grid->memory, t->step * t->k, sizeof *t->places, "lists to export", &local);
  t->numbers = tt_alloc(&t->grid->memory, t->step * t->k, sizeof *t->numbers, "lists to export", &local);
  t->scores = tt_alloc(&t->grid->memory, t->step * t->k, sizeof *t->scores, "lists to export", &local);
  t->text = tt_alloc(&t->grid->memory, TEXT, 1, "lines to export", &local);
  AGREE(t->grid, local);
done:
  tt_small_close(&file);
  return st;
}

/* Whole numbers or f64 of some rows, on rank 0. Collective. */
static tartan_status read_numbers(table *t, tt_dataset *dataset, int64_t row, int64_t rows, int64_t *to)
{
  const tt_dataset_info *info = tt_dataset_get_info(dataset);
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  if (t->grid->rank != 0) rows = 0;
  REQUIRE(tt_element_size(info->element) <= 8, TARTAN_ERR_FORMAT, "%s:%s holds %s", t->file, info->path,
          info->type_name);
  TRY(tt_dataset_read(dataset, row, rows, 0, t->k, t->scores));
  if (tt_whole_numbers(info->element, t->scores, rows * t->k, to) >= 0)
    local = tt_fail(TARTAN_ERR_INPUT, "%s:%s holds something else than whole numbers", t->file, info->path);
  TRY(tt_root_verdict(t->grid, local));
done:
  return st;
}

static tartan_status read_slab(table *t, int64_t row, int64_t rows)
{
  const bool    root = t->grid->rank == 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(read_numbers(t, t->index, row, rows, t->places));
  if (t->item) TRY(read_numbers(t, t->item, row, rows, t->numbers));
  if (root && !t->item) {
    tt_text_column_free(&t->texts);
    local = tt_text_column_read(&t->grid->memory, t->file, "/items", row * t->k, rows * t->k, &t->texts);
  }
  TRY(tt_root_verdict(t->grid, local));
  TRY(tt_dataset_read(t->score, row, root ? rows : 0, 0, t->k, t->scores));
  if (root && tt_dataset_get_info(t->score)->element != TT_EL_F64)
    local = tt_fail(TARTAN_ERR_FORMAT, "%s:/scores holds %s, not float64", t->file,
                    tt_dataset_get_info(t->score)->type_name);
  TRY(tt_root_verdict(t->grid, local));
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ writing, on rank 0 */

static tartan_status flush(table *t)
{
  tartan_status st = tt_write_at(t->fd, t->place.path, t->at, t->used, t->text);

  t->at += t->used;
  t->grid->counters.bytes_written += t->used;
  t->used = 0;
  return st;
}

static tartan_status put(table *t, const char *text, int64_t length)
{
  tartan_status st = TARTAN_OK;

  while (length > 0 && st == TARTAN_OK) {
    const int64_t n = tt_min(length, TEXT - t->used);

    memcpy(t->text + t->used, text, (size_t)n);
    t->used += n;
    text += n;
    length -= n;
    if (t->used == TEXT) st = flush(t);
  }
  return st;
}

/* A text as a cell: in quotes where it holds what ends a cell. */
static tartan_status put_text(table *t, const char *text)
{
  const char    special[] = {t->separator, '"', '\n', '\r', 0};
  tartan_status st = TARTAN_OK;

  if (!text[strcspn(text, special)]) return put(t, text, (int64_t)strlen(text));
  TRY(put(t, "\"", 1));
  for (; *text; text++) {
    if (*text == '"') TRY(put(t, "\"", 1));
    TRY(put(t, text, 1));
  }
  TRY(put(t, "\"", 1));
done:
  return st;
}

static tartan_status put_number(table *t, int64_t number)
{
  char      text[24];
  const int length = snprintf(text, sizeof text, "%" PRId64, number);

  return put(t, text, length);
}

static tartan_status put_line(table *t, int64_t row, int64_t rank, int64_t at)
{
  char          text[32];
  int           length;
  tartan_status st = TARTAN_OK;

  TRY(t->row_number ? put_number(t, t->row_number[row]) : put_text(t, t->rows.name[row]));
  TRY(put(t, &t->separator, 1));
  TRY(put_number(t, rank));
  TRY(put(t, &t->separator, 1));
  TRY(t->item ? put_number(t, t->numbers[at]) : put_text(t, t->texts.text[at]));
  TRY(put(t, &t->separator, 1));
  length = tt_format_real(t->scores[at], text);
  TRY(put(t, text, length));
  TRY(put(t, "\n", 1));
  t->lines++;
done:
  return st;
}

static tartan_status put_slab(table *t, int64_t row, int64_t rows)
{
  tartan_status st = TARTAN_OK;

  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < t->k; j++)
      if (t->places[i * t->k + j] >= 0) TRY(put_line(t, row + i, j + 1, i * t->k + j));
done:
  return st;
}

static tartan_status begin_file(table *t)
{
  char          head[64];
  const char    s = t->separator;
  tartan_status st = tt_place_reserve(&t->place, 0, false);

  if (st != TARTAN_OK) return st;
  t->fd = tt_file_fault() ? -1 : open(t->place.temp, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (t->fd < 0) return tt_fail_errno("cannot write", t->place.path);
  snprintf(head, sizeof head, "%s%crank%citem%cscore\n", t->kind == 0 ? "user" : "query", s, s, s);
  return put(t, head, (int64_t)strlen(head));
}

static tartan_status end_file(table *t)
{
  tartan_status st = flush(t);

  return st == TARTAN_OK ? tt_place_finish(&t->place) : st;
}

/* ------------------------------------------------------------------------------------------------ all of it */

/* The format, and where the file is to be. Collective. */
static tartan_status choose(table *t, const char *format, const char *to, const tartan_io_opts *opts,
                            tt_export_result *result)
{
  const char   *dot = strrchr(to, '.');
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (!format) format = dot ? dot + 1 : "";
  REQUIRE(strcasecmp(format, "csv") == 0 || strcasecmp(format, "tsv") == 0, TARTAN_ERR_ARG,
          "%s: lists become .csv or .tsv; one dataset of them, %s:/scores, becomes .npy too", to, t->file);
  t->separator = format[0] == 't' || format[0] == 'T' ? '\t' : ',';
  snprintf(result->format, sizeof result->format, "%s", t->separator == ',' ? "csv" : "tsv");
  if (t->grid->rank == 0) local = tt_place_begin(&t->place, to, opts && opts->force);
  TRY(tt_root_verdict(t->grid, local));
done:
  return st;
}

static void end(table *t)
{
  if (t->fd >= 0) close(t->fd);
  if (t->grid->rank == 0) tt_place_discard(&t->place);
  tt_text_column_free(&t->texts);
  tt_free(t->text);
  tt_free(t->scores);
  tt_free(t->numbers);
  tt_free(t->places);
  tt_free(t->row_number);
  tt_ids_free(&t->rows);
  tt_dataset_close(&t->item);
  tt_dataset_close(&t->score);
  tt_dataset_close(&t->index);
}

tartan_status tt_export_lists(tartan_grid *grid, const char *file, const char *format, const char *to,
                              const tartan_io_opts *opts, tt_export_result *result)
{
  const bool    root = grid->rank == 0;
  table         t = {.grid = grid, .file = file, .fd = -1, .rows = {.grid = grid}};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(result, 0, sizeof *result);
  TRY(choose(&t, format, to, opts, result));
  TRY(open_table(&t, opts));
  if (root) local = begin_file(&t);
  TRY(tt_root_verdict(grid, local));
  for (int64_t row = 0; row < t.rows.total; row += t.step) {
    const int64_t rows = tt_min(t.step, t.rows.total - row);

    TRY(read_slab(&t, row, rows));
    if (root) local = put_slab(&t, row, rows);
    TRY(tt_root_verdict(grid, local));
    tt_grid_progress(grid, "exporting", (double)(row + rows) / (double)t.rows.total);
  }
  if (root) local = end_file(&t);
  TRY(tt_root_verdict(grid, local));
  TRY(tt_bcast(grid, &t.at, 1, sizeof t.at, 0));
  TRY(tt_bcast(grid, &t.lines, 1, sizeof t.lines, 0));
  snprintf(result->path, sizeof result->path, "/items");
  result->rows = t.lines;
  result->cols = 4;
  result->element = TT_EL_F64;
  result->bytes = t.at;
done:
  end(&t);
  return st;
}
