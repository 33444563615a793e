/* MatrixMarket, coordinate format (Boisvert, Pozo, Remington 1996): real, integer and pattern; general, symmetric and
 * skew-symmetric, of which the other triangle is filled in. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "io/import_ratings_impl.h"

enum { GENERAL, SYMMETRIC, SKEW };

/* A file that is read. */
typedef struct market {
  tt_memory *memory;
  tt_stream  stream;
  bool       pattern;
  int        kind;
  locale_t   locale;
} market;

tartan_status tt_entry_list_alloc(tt_memory *memory, int64_t count, tt_entry_list *list)
{
  tartan_status st = TARTAN_OK;

  list->row = tt_alloc(memory, count, sizeof *list->row, "rows of entries", &st);
  list->col = tt_alloc(memory, count, sizeof *list->col, "columns of entries", &st);
  list->value = tt_alloc(memory, count, sizeof *list->value, "values of entries", &st);
  return st;
}

void tt_entry_list_free(tt_entry_list *list)
{
  tt_free(list->row);
  tt_free(list->col);
  tt_free(list->value);
  *list = (tt_entry_list){.m = 0};
}

/* The n-th word of a line, from 0, as text. */
static const char *word(const char *line, int n, const char **end)
{
  const char *at = line + strspn(line, " \t");

  for (int i = 0; i < n; i++) {
    at += strcspn(at, " \t");
    at += strspn(at, " \t");
  }
  *end = at + strcspn(at, " \t");
  return at;
}

static bool is_word(const char *line, int n, const char *text)
{
  const char *end, *at = word(line, n, &end);

  return (size_t)(end - at) == strlen(text) && strncasecmp(at, text, strlen(text)) == 0;
}

static tartan_status read_header(market *f)
{
  static const char *const kinds[] = {"general", "symmetric", "skew-symmetric"};
  char                    *line = NULL;
  tartan_status            st = tt_stream_line(f->memory, &f->stream, &line);

  if (st != TARTAN_OK) return st;
  if (!line || !is_word(line, 0, "%%MatrixMarket") || !is_word(line, 1, "matrix"))
    return tt_fail(TARTAN_ERR_FORMAT, "%s: line 1 is not \"%%%%MatrixMarket matrix coordinate ...\"", f->stream.path);
  if (!is_word(line, 2, "coordinate"))
    return tt_fail(TARTAN_ERR_FORMAT, "%s: a dense MatrixMarket file (array); coordinate files can be converted",
                   f->stream.path);
  f->pattern = is_word(line, 3, "pattern");
  if (!f->pattern && !is_word(line, 3, "real") && !is_word(line, 3, "integer") && !is_word(line, 3, "double"))
    return tt_fail(TARTAN_ERR_FORMAT, "%s: line 1: real, integer and pattern entries can be converted, no others",
                   f->stream.path);
  for (f->kind = GENERAL; f->kind <= SKEW; f->kind++)
    if (is_word(line, 4, kinds[f->kind])) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_FORMAT, "%s: line 1: general, symmetric and skew-symmetric matrices can be converted",
                 f->stream.path);
}

/* Lines that hold something. */
static tartan_status next_line(market *f, char **line)
{
  tartan_status st;

  do st = tt_stream_line(f->memory, &f->stream, line);
  while (st == TARTAN_OK && *line && ((*line)[strspn(*line, " \t")] == '\0' || **line == '%'));
  return st;
}

/* A whole number of at least `least` and at most `most`. */
static tartan_status parse_index(const market *f, const char *line, int n, const char *what, int64_t least,
                                 int64_t most, int64_t *value)
{
  const char *end, *at = word(line, n, &end);
  double      number = -1;

  if (tt_number_parse(at, end, f->locale, &number) && number == floor(number) && number >= (double)least &&
      number <= (double)most && at < end) {
    *value = (int64_t)number;
    return TARTAN_OK;
  }
  return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld, column %d (%s): \"%.*s\" is not a whole number from %lld to %lld",
                 f->stream.path, (long long)f->stream.line, n + 1, what, (int)tt_min(60, end - at), at,
                 (long long)least, (long long)most);
}

static tartan_status parse_value(const market *f, const char *line, double *value)
{
  const char *end, *at = word(line, 2, &end);

  *value = 1;
  if (f->pattern || (at < end && tt_number_parse(at, end, f->locale, value) && isfinite(*value))) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld, column 3 (value): \"%.*s\" is not a finite number", f->stream.path,
                 (long long)f->stream.line, (int)tt_min(60, end - at), at);
}

static tartan_status read_size(market *f, tt_entry_list *list, int64_t *entries)
{
  const int64_t most = INT64_C(1) << 53;
  char         *line = NULL;
  tartan_status st = next_line(f, &line);

  if (st == TARTAN_OK && !line) st = tt_fail(TARTAN_ERR_FORMAT, "%s has no line of sizes", f->stream.path);
  if (st == TARTAN_OK) st = parse_index(f, line, 0, "rows", 0, most, &list->m);
  if (st == TARTAN_OK) st = parse_index(f, line, 1, "columns", 0, most, &list->n);
  if (st == TARTAN_OK) st = parse_index(f, line, 2, "entries", 0, most, entries);
  return st;
}

static void add(tt_entry_list *list, int64_t row, int64_t col, double value)
{
  list->row[list->count] = row;
  list->col[list->count] = col;
  list->value[list->count++] = value;
}

static tartan_status read_entries(market *f, int64_t entries, tt_entry_list *list)
{
  int64_t       i = 0, j = 0;
  double        value = 0;
  char         *line = NULL;
  tartan_status st = TARTAN_OK;

  for (int64_t e = 0; e < entries && st == TARTAN_OK; e++) {
    st = next_line(f, &line);
    if (st == TARTAN_OK && !line)
      st = tt_fail(TARTAN_ERR_FORMAT, "%s is cut off: it has %lld of %lld entries", f->stream.path, (long long)e,
                   (long long)entries);
    if (st == TARTAN_OK) st = parse_index(f, line, 0, "row", 1, list->m, &i);
    if (st == TARTAN_OK) st = parse_index(f, line, 1, "column", 1, list->n, &j);
    if (st == TARTAN_OK) st = parse_value(f, line, &value);
    if (st != TARTAN_OK) return st;
    add(list, i - 1, j - 1, value);
    if (f->kind != GENERAL && i != j) add(list, j - 1, i - 1, f->kind == SKEW ? -value : value);
  }
  return st;
}

tartan_status tt_market_read(tt_memory *memory, const char *path, tt_entry_list *list)
{
  market        f = {.memory = memory};
  int64_t       entries = 0, room = 0;
  tartan_status st;

  *list = (tt_entry_list){.m = 0};
  st = tt_stream_open(memory, path, &f.stream);
  if (st != TARTAN_OK) return st;
  f.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (f.locale == (locale_t)0) st = tt_fail(TARTAN_ERR_NOMEM, "out of memory for the rules of numbers");
  if (st == TARTAN_OK) st = read_header(&f);
  if (st == TARTAN_OK) st = read_size(&f, list, &entries);
  if (st == TARTAN_OK && f.kind != GENERAL && list->m != list->n)
    st = tt_fail(TARTAN_ERR_FORMAT, "%s: a symmetric matrix of %lld x %lld cannot be", path, (long long)list->m,
                 (long long)list->n);
  if (st == TARTAN_OK) {
    (void)tt_mul(entries, f.kind == GENERAL ? 1 : 2, &room);
    st = tt_entry_list_alloc(memory, room, list);
  }
  if (st == TARTAN_OK) st = read_entries(&f, entries, list);
  tt_stream_close(&f.stream);
  if (f.locale) freelocale(f.locale);
  return st;
}
