/*
 * Tables of numbers, in two passes: the first counts lines and columns, so that the dataset can be contiguous and its
 * room reserved; the second converts.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* The end of a cell; a quoted one may hold separators. Blanks in a row count as one separator. */
static const char *cell_end(const char *at, char separator)
{
  bool quoted = false;

  for (; *at && (quoted || *at != separator); at++) quoted ^= *at == '"';
  return at;
}

static const char *next_cell(const char *end, char separator)
{
  if (*end == '\0') return NULL;
  end++;
  if (separator == ' ') end += strspn(end, " ");
  return separator == ' ' && *end == '\0' ? NULL : end;
}

static int64_t count_cells(const tt_import_job *job, const char *line, bool *numbers)
{
  int64_t count = 0;
  double  value;

  *numbers = true;
  for (const char *at = line + (job->separator == ' ' ? strspn(line, " ") : 0), *end; at;
       at = next_cell(end, job->separator)) {
    end = cell_end(at, job->separator);
    *numbers &= tt_number_parse(at, end, job->locale, &value);
    count++;
  }
  return count;
}

/* Copies the names of the first line, without quotes and blanks around them. */
static tartan_status keep_names(tt_import_job *job, const char *line)
{
  const int64_t count = job->result.cols;
  tartan_status st = TARTAN_OK;
  int64_t       i = 0;
  char         *to;

  job->name = tt_alloc(job->memory, count * (int64_t)sizeof(char *) + (int64_t)strlen(line) + count + 1, 1,
                       "feature names", &st);
  if (!job->name) return st;
  to = (char *)(job->name + count);
  for (const char *at = line + strspn(line, " "), *end; at && i < count; at = next_cell(end, job->separator)) {
    const char *last = end = cell_end(at, job->separator);

    while (at < last && (isspace((unsigned char)*at) || *at == '"')) at++;
    while (last > at && (isspace((unsigned char)last[-1]) || last[-1] == '"')) last--;
    job->name[i++] = to;
    memcpy(to, at, (size_t)(last - at));
    to += last - at;
    *to++ = '\0';
  }
  job->result.names = i;
  return TARTAN_OK;
}

static tartan_status read_first_line(tt_import_job *job)
{
  char         *line;
  bool          numbers;
  tartan_status st = next_line(job, &line);

  if (st != TARTAN_OK) return st;
  if (!line) return tt_fail(TARTAN_ERR_INPUT, "%s holds no line of numbers", job->stream.path);
  job->separator = find_separator(job->result.format, line);
  job->result.cols = count_cells(job, line, &numbers);
  job->header = !numbers;
  job->result.rows = numbers;
  return job->header ? keep_names(job, line) : TARTAN_OK;
}

tartan_status tt_csv_begin(tt_import_job *job)
{
  tartan_status st;
  char         *line = NULL;

  job->result.element = TT_EL_F64;
  job->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (job->locale == (locale_t)0) return tt_fail(TARTAN_ERR_NOMEM, "out of memory for the rules of numbers");
  st = read_first_line(job);
  while (st == TARTAN_OK && (st = next_line(job, &line)) == TARTAN_OK && line) job->result.rows++;
  if (st != TARTAN_OK) return st;
  if (job->result.rows == 0)
    return tt_fail(TARTAN_ERR_INPUT, "%s has a line of names but no line of numbers", job->stream.path);
  st = tt_stream_rewind(&job->stream);
  if (st == TARTAN_OK && job->header) st = next_line(job, &line);
  return st;
}

static tartan_status fail_cell(const tt_import_job *job, const char *at, const char *end, int64_t column)
{
  const int   length = end - at > 40 ? 40 : (int)(end - at);
  const char *name = job->result.names > column ? job->name[column] : "";

  return tt_fail(TARTAN_ERR_FORMAT,
                 "%s: line %lld, column %lld%s%.60s%s: \"%.*s\" is no number; correct it or leave it empty",
                 job->stream.path, (long long)job->stream.line, (long long)column + 1, name[0] ? " (" : "", name,
                 name[0] ? ")" : "", length, at);
}

static tartan_status parse_line(tt_import_job *job, const char *line, double *row)
{
  const char    separator = job->separator;
  const int64_t cols = job->result.cols;
  int64_t       j = 0;

  for (const char *at = line + (separator == ' ' ? strspn(line, " ") : 0), *end; at;
       at = next_cell(end, separator), j++) {
    end = cell_end(at, separator);
    if (j >= cols) continue;
    if (!tt_number_parse(at, end, job->locale, &row[j])) return fail_cell(job, at, end, j);
    job->result.missing += isnan(row[j]) != 0;
  }
  if (j == cols) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld has %lld columns, the first line has %lld", job->stream.path,
                 (long long)job->stream.line, (long long)j, (long long)cols);
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
