/*
 * Columns of a table that are no numbers: one may hold the names of the samples, others may be left out. The names are
 * collected in the first pass, since what is small must be known before the file is made.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "io/import_impl.h"

/* Whether a cell of the first line is this word. */
static bool is_word(const char *at, const char *end, const char *word, size_t length)
{
  tt_csv_bare_cell(&at, &end);
  return (size_t)(end - at) == length && strncmp(at, word, length) == 0;
}

/* The number of a column from 1; 0 if the word is none, or beyond the last. */
static int64_t number_of(const tt_import_job *job, const char *word, size_t length)
{
  char   *end = NULL;
  int64_t number;

  if (length == 0 || length > 18 || !isdigit((unsigned char)word[0])) return 0;
  number = strtoll(word, &end, 10);
  return end == word + length && number <= job->columns ? number : 0;
}

static tartan_status fail_unknown(const tt_import_job *job, const char *line, const char *option, const char *word,
                                  int length)
{
  char   list[300] = "";
  size_t used = 0;

  for (const char *at = tt_csv_first_cell(job, line), *end; at && used < 240; at = tt_csv_next_cell(job, end)) {
    const char *from = at, *to = end = tt_csv_cell_end(job, at);

    tt_csv_bare_cell(&from, &to);
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%.*s", used ? ", " : "", (int)tt_min(40, to - from),
                             from);
  }
  return tt_fail(TARTAN_ERR_ARG, "--%s: %s has no column \"%.*s\"; its first line has %s%s", option, job->stream.path,
                 length, word, list, used < 240 ? "" : " ...");
}

/* One word of an option: the column of that number, else those of that name. */
static tartan_status take_word(tt_import_job *job, const char *line, const char *option, const char *word,
                               size_t length, tt_column what, bool *named)
{
  int64_t found = number_of(job, word, length), j = 0;

  if (found > 0) {
    job->column[found - 1] = what;
    return TARTAN_OK;
  }
  for (const char *at = tt_csv_first_cell(job, line), *end; at; at = tt_csv_next_cell(job, end), j++) {
    end = tt_csv_cell_end(job, at);
    if (!is_word(at, end, word, length) || (found > 0 && what == TT_COLUMN_ID)) continue;
    job->column[j] = what;
    found++;
  }
  *named |= found > 0;
  return found > 0 ? TARTAN_OK : fail_unknown(job, line, option, word, (int)tt_min(60, (int64_t)length));
}

tartan_status tt_csv_columns(tt_import_job *job, const char *line, bool *named)
{
  const char   *id = job->opts.id_column;
  tartan_status st = TARTAN_OK;

  *named = false;
  job->column = tt_alloc_zero(job->memory, job->columns, sizeof *job->column, "a list of columns", &st);
  for (const char *word = job->opts.skip_columns; word && st == TARTAN_OK;) {
    const size_t length = strcspn(word, ",");

    st = take_word(job, line, "skip-columns", word, length, TT_COLUMN_LEFT_OUT, named);
    word = word[length] ? word + length + 1 : NULL;
  }
  if (id && st == TARTAN_OK) st = take_word(job, line, "id-column", id, strlen(id), TT_COLUMN_ID, named);
  if (st != TARTAN_OK) return st;
  job->result.cols = 0;
  for (int64_t j = 0; j < job->columns; j++) job->result.cols += job->column[j] == TT_COLUMN_KEPT;
  if (job->result.cols > 0) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_ARG,
                 "%s has %lld column%s, and none is left beside those of --id-column and --skip-columns",
                 job->stream.path, (long long)job->columns, TT_S(job->columns));
}

/* Appends a text; the room doubles. */
static tartan_status append(tt_import_job *job, const char *text, int64_t length)
{
  tt_text_list *list = &job->ids;
  tartan_status st = TARTAN_OK;

  if (list->used + length + 1 > list->room) {
    const int64_t room = 2 * tt_max(list->room, length + 4096);
    char         *more = tt_alloc(job->memory, room, 1, "names of samples", &st);

    if (!more) return st;
    if (list->used > 0) memcpy(more, list->text, (size_t)list->used);
    tt_free(list->text);
    list->text = more;
    list->room = room;
  }
  memcpy(list->text + list->used, text, (size_t)length);
  list->text[list->used + length] = '\0';
  list->used += length + 1;
  list->count++;
  return st;
}

tartan_status tt_csv_keep_id(tt_import_job *job, const char *line)
{
  int64_t j = 0;

  if (!job->opts.id_column) return TARTAN_OK;
  for (const char *at = tt_csv_first_cell(job, line), *end; at; at = tt_csv_next_cell(job, end), j++) {
    end = tt_csv_cell_end(job, at);
    if (j >= job->columns || job->column[j] != TT_COLUMN_ID) continue;
    tt_csv_bare_cell(&at, &end);
    return append(job, at, end - at);
  }
  return append(job, "", 0); /* the second pass says what is wrong with this line */
}

tartan_status tt_csv_ids_end(tt_import_job *job)
{
  const char   *at = job->ids.text;
  tartan_status st = TARTAN_OK;

  if (job->ids.count == 0) return st;
  job->id = tt_alloc(job->memory, job->ids.count, sizeof *job->id, "names of samples", &st);
  for (int64_t i = 0; job->id && i < job->ids.count; i++) {
    job->id[i] = at;
    at += strlen(at) + 1;
  }
  job->result.samples = job->ids.count;
  return st;
}
