/*
 * Tables of numbers, in two passes: the first counts lines and columns, so that the dataset can be contiguous and its
 * room reserved; the second converts.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "io/import_impl.h"

/* Lines that are neither empty nor a comment; NULL at the end. */
static tartan_status next_line(tt_import_job *job, char **line)
{
  tartan_status st;

  do {
    st = tt_stream_line(job->memory, &job->stream, line);
    if (st == TARTAN_OK && *line && job->stream.line == 1 && strncmp(*line, "\357\273\277", 3) == 0) *line += 3;
  } while (st == TARTAN_OK && *line && ((*line)[strspn(*line, " \t")] == '\0' || **line == '#'));
  return st;
}

/* The separator of a table: tab, else semicolon, else comma, else blank, whichever its first line has. */
static char find_separator(const char *format, const char *line)
{
  static const char separators[] = "\t;, ";

  if (strcmp(format, "tsv") == 0) return '\t';
  for (const char *s = separators; *s; s++) {
    if (strchr(line + strspn(line, " "), *s)) return *s;
  }
  return ',';
}

const char *tt_csv_first_cell(const tt_import_job *job, const char *line)
{
  return line + (job->separator == ' ' ? strspn(line, " ") : 0);
}

/* A quoted cell may hold separators. */
const char *tt_csv_cell_end(const tt_import_job *job, const char *at)
{
  bool quoted = false;

  for (; *at && (quoted || *at != job->separator); at++) quoted ^= *at == '"';
  return at;
}

/* Blanks in a row count as one separator. */
const char *tt_csv_next_cell(const tt_import_job *job, const char *end)
{
  if (*end == '\0') return NULL;
  end++;
  if (job->separator == ' ') end += strspn(end, " ");
  return job->separator == ' ' && *end == '\0' ? NULL : end;
}

void tt_csv_bare_cell(const char **at, const char **end)
{
  while (*at < *end && (isspace((unsigned char)**at) || **at == '"')) ++*at;
  while (*end > *at && (isspace((unsigned char)(*end)[-1]) || (*end)[-1] == '"')) --*end;
}

static int64_t count_cells(const tt_import_job *job, const char *line)
{
  int64_t count = 0;

  for (const char *at = tt_csv_first_cell(job, line); at; at = tt_csv_next_cell(job, tt_csv_cell_end(job, at))) count++;
  return count;
}

/* Whether all cells of the columns that are kept are numbers. */
static bool all_numbers(const tt_import_job *job, const char *line)
{
  bool    numbers = true;
  int64_t j = 0;
  double  value;

  for (const char *at = tt_csv_first_cell(job, line), *end; at; at = tt_csv_next_cell(job, end), j++) {
    end = tt_csv_cell_end(job, at);
    if (job->column[j] == TT_COLUMN_KEPT) numbers &= tt_number_parse(at, end, job->locale, &value);
  }
  return numbers;
}

/* Copies the names of the first line, without quotes and blanks around them. */
static tartan_status keep_names(tt_import_job *job, const char *line)
{
  const int64_t count = job->result.cols;
  tartan_status st = TARTAN_OK;
  int64_t       i = 0, j = 0;
  char         *to;

  job->name = tt_alloc(job->memory, count * (int64_t)sizeof(char *) + (int64_t)strlen(line) + count + 1, 1,
                       "feature names", &st);
  if (!job->name) return st;
  to = (char *)(job->name + count);
  for (const char *at = tt_csv_first_cell(job, line), *end; at; at = tt_csv_next_cell(job, end), j++) {
    const char *from = at, *last = end = tt_csv_cell_end(job, at);

    if (job->column[j] != TT_COLUMN_KEPT) continue;
    tt_csv_bare_cell(&from, &last);
    job->name[i++] = to;
    memcpy(to, from, (size_t)(last - from));
    to += last - from;
    *to++ = '\0';
  }
  job->result.names = i;
  return TARTAN_OK;
}

static tartan_status read_first_line(tt_import_job *job)
{
  char         *line;
  bool          named;
  tartan_status st = next_line(job, &line);

  if (st != TARTAN_OK) return st;
  if (!line) return tt_fail(TARTAN_ERR_INPUT, "%s holds no line of numbers", job->stream.path);
  job->separator = find_separator(job->result.format, line);
  job->columns = count_cells(job, line);
  st = tt_csv_columns(job, line, &named);
  if (st != TARTAN_OK) return st;
  job->header = named || !all_numbers(job, line);
  job->result.rows = !job->header;
  return job->header ? keep_names(job, line) : tt_csv_keep_id(job, line);
}

tartan_status tt_csv_begin(tt_import_job *job)
{
  tartan_status st;
  char         *line = NULL;

  job->result.element = TT_EL_F64;
  job->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (job->locale == (locale_t)0) return tt_fail(TARTAN_ERR_NOMEM, "out of memory for the rules of numbers");
  st = read_first_line(job);
  while (st == TARTAN_OK && (st = next_line(job, &line)) == TARTAN_OK && line) {
    job->result.rows++;
    st = tt_csv_keep_id(job, line);
  }
  if (st == TARTAN_OK) st = tt_csv_ids_end(job);
  if (st != TARTAN_OK) return st;
  if (job->result.rows == 0)
    return tt_fail(TARTAN_ERR_INPUT, "%s has a line of names but no line of numbers", job->stream.path);
  st = tt_stream_rewind(&job->stream);
  if (st == TARTAN_OK && job->header) st = next_line(job, &line);
  return st;
}

/* A column of text has options that help; they take its name where that can be typed, else its number. */
static tartan_status fail_cell(const tt_import_job *job, const char *at, const char *end, int64_t column, int64_t kept)
{
  const int   length = end - at > 40 ? 40 : (int)(end - at);
  const char *name = job->result.names > kept ? job->name[kept] : "";
  char        word[64], number[24], id[112] = "";

  snprintf(number, sizeof number, "%lld", (long long)column + 1);
  snprintf(word, sizeof word, "%s", *name && strlen(name) < 60 && !strpbrk(name, ", '\"$`\\") ? name : number);
  if (!job->opts.id_column) snprintf(id, sizeof id, "--id-column %s takes it as sample names, ", word);
  return tt_fail(TARTAN_ERR_FORMAT,
                 "%s: line %lld, column %s%s%.60s%s: \"%.*s\" is no number; correct it or leave it empty; for a column "
                 "of text: %s--skip-columns %s leaves it out",
                 job->stream.path, (long long)job->stream.line, number, name[0] ? " (" : "", name, name[0] ? ")" : "",
                 length, at, id, word);
}

static tartan_status parse_line(tt_import_job *job, const char *line, double *row)
{
  int64_t j = 0, kept = 0;

  for (const char *at = tt_csv_first_cell(job, line), *end; at; at = tt_csv_next_cell(job, end), j++) {
    end = tt_csv_cell_end(job, at);
    if (j >= job->columns || job->column[j] != TT_COLUMN_KEPT) continue;
    if (!tt_number_parse(at, end, job->locale, &row[kept])) return fail_cell(job, at, end, j, kept);
    job->result.missing += isnan(row[kept]) != 0;
    kept++;
  }
  if (j == job->columns) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld has %lld column%s, the first line has %lld", job->stream.path,
                 (long long)job->stream.line, (long long)j, TT_S(j), (long long)job->columns);
}

tartan_status tt_csv_rows(tt_import_job *job, int64_t row0, int64_t nrows, double *buf)
{
  tartan_status st = TARTAN_OK;
  char         *line;

  (void)row0;
  for (int64_t i = 0; i < nrows && st == TARTAN_OK; i++) {
    st = next_line(job, &line);
    if (st != TARTAN_OK) return st;
    if (!line) return tt_fail(TARTAN_ERR_IO, "%s became shorter while it was read", job->stream.path);
    st = parse_line(job, line, buf + i * job->result.cols);
  }
  return st;
}
