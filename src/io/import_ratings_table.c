/*
 * A table of ratings, a line each. The first pass counts, learns whether names are numbers, and finds everything that is
 * wrong; where names are texts a second pass collects them; the last pass delivers.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "io/import_ratings_impl.h"

#define CELLS_MAX 64

static const char *const titles[TT_TABLE_COLUMNS] = {"user", "item", "rating", "timestamp"};

/* A cell without blanks and quotes around it. */
typedef struct cell {
  const char *at, *end;
} cell;

static int64_t length_of(cell c)
{
  return (int64_t)(c.end - c.at);
}

/* Cuts a line; a quoted cell may hold separators. Returns how many cells there are, of which CELLS_MAX are kept. */
static int split(const tt_ratings_table *t, const char *line, cell cells[CELLS_MAX])
{
  const size_t width = strlen(t->separator);
  int          count = 0;

  for (const char *at = line; at;) {
    const char *end = at;
    bool        quoted = false;

    if (t->separator[0] == ' ') at += strspn(at, " "), end = at;
    for (; *end && (quoted || strncmp(end, t->separator, width) != 0); end++) quoted ^= *end == '"';
    if (count < CELLS_MAX) {
      cells[count] = (cell){at, end};
      tt_csv_bare_cell(&cells[count].at, &cells[count].end);
    }
    count++;
    at = *end ? end + width : NULL;
    if (at && t->separator[0] == ' ' && at[strspn(at, " ")] == '\0') at = NULL;
  }
  return count;
}

/* Lines that are neither empty nor a comment; NULL at the end. */
static tartan_status next_line(tt_ratings_table *t, char **line)
{
  tartan_status st;

  do {
    st = tt_stream_line(t->memory, &t->stream, line);
    if (st == TARTAN_OK && *line && t->stream.line == 1 && strncmp(*line, "\357\273\277", 3) == 0) *line += 3;
  } while (st == TARTAN_OK && *line && ((*line)[strspn(*line, " \t")] == '\0' || **line == '#'));
  return st;
}

static void find_separator(const char *line, char separator[3])
{
  static const char *const known[] = {"::", "\t", ";", ",", " "};

  snprintf(separator, 3, ",");
  for (size_t s = 0; s < sizeof known / sizeof *known; s++)
    if (strstr(line, known[s])) {
      snprintf(separator, 3, "%s", known[s]);
      return;
    }
}

/* What a name in the first line means; -1: nothing that is known. */
static int meaning(cell c)
{
  static const char *const words[TT_TABLE_COLUMNS][9] =
      {{"user", "userid", "user_id", "uid", "users", "customer", "customer_id", "account", NULL},
       {"item", "itemid", "item_id", "movie", "movieid", "movie_id", "product", "product_id", NULL},
       {"rating", "ratings", "score", "value", "count", "weight", "plays", "stars", NULL},
       {"timestamp", "time", "date", "unix_time", "unixreviewtime", "ts", "rated_at", "created_at", NULL}};

  for (int m = 0; m < TT_TABLE_COLUMNS; m++)
    for (int w = 0; words[m][w]; w++)
      if (length_of(c) == (int64_t)strlen(words[m][w]) && strncasecmp(words[m][w], c.at, strlen(words[m][w])) == 0)
        return m;
  return -1;
}

/* A whole number as people write names: no sign but minus, no zeros in front, at most 18 digits. */
static bool parse_name(cell c, int64_t *value)
{
  const bool  negative = c.at < c.end && *c.at == '-';
  const char *at = c.at + negative;
  int64_t     v = 0;

  if (at == c.end || c.end - at > 18 || (*at == '0' && (c.end - at > 1 || negative))) return false;
  for (; at < c.end; at++) {
    if (*at < '0' || *at > '9') return false;
    v = 10 * v + (*at - '0');
  }
  *value = negative ? -v : v;
  return true;
}

/* What the columns are, by the names in the first line or by their order. */
static tartan_status choose_columns(tt_ratings_table *t, const cell *cells, int count)
{
  const int kept = (int)tt_min(count, CELLS_MAX);
  double    value;
  int       found = 0;

  for (int m = 0; m < TT_TABLE_COLUMNS; m++) t->column[m] = -1;
  for (int c = 0; c < kept; c++) {
    const int m = meaning(cells[c]);

    if (m < 0 || t->column[m] >= 0) continue;
    t->column[m] = c;
    found++;
  }
  t->header = found > 0 || (count > 2 && !tt_number_parse(cells[2].at, cells[2].end, t->locale, &value));
  if (found == 0)
    for (int m = 0; m < TT_TABLE_COLUMNS; m++) t->column[m] = m < count ? m : -1;
  if (t->column[TT_TABLE_USER] >= 0 && t->column[TT_TABLE_ITEM] >= 0) return TARTAN_OK;
  return tt_fail(TARTAN_ERR_FORMAT,
                 "%s: line %lld names no column for the %s; names that are known: user, userId, item, itemId, movieId, "
                 "rating, timestamp; without names the order is user, item, rating, timestamp",
                 t->stream.path, (long long)t->stream.line, t->column[TT_TABLE_USER] < 0 ? "users" : "items");
}

static tartan_status fail_cell(const tt_ratings_table *t, int m, cell c, const char *needed)
{
  if (c.at == c.end)
    return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld, column %d (%s): the cell is empty; %s is needed", t->stream.path,
                   (long long)t->stream.line, t->column[m] + 1, titles[m], needed);
  return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld, column %d (%s): \"%.*s\" is not %s", t->stream.path,
                 (long long)t->stream.line, t->column[m] + 1, titles[m], (int)tt_min(60, length_of(c)), c.at, needed);
}

/* The cells of a line that matter, in the order of titles. */
static tartan_status pick(const tt_ratings_table *t, const char *line, cell picked[TT_TABLE_COLUMNS])
{
  cell      cells[CELLS_MAX];
  const int count = split(t, line, cells);

  for (int m = 0; m < TT_TABLE_COLUMNS; m++) {
    if (t->column[m] >= count)
      return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld has %d cell%s; the %s should stand in the %dth", t->stream.path,
                     (long long)t->stream.line, count, TT_S(count), titles[m], t->column[m] + 1);
    picked[m] = t->column[m] < 0 ? (cell){NULL, NULL} : cells[t->column[m]];
  }
  return TARTAN_OK;
}

/* A number; missing and infinite ones are refused. */
static tartan_status parse_number(const tt_ratings_table *t, int m, cell c, double *value)
{
  if (t->column[m] < 0) return TARTAN_OK;
  if (!tt_number_parse(c.at, c.end, t->locale, value) || !isfinite(*value))
    return fail_cell(t, m, c, "a finite number");
  return TARTAN_OK;
}

/* First pass: a line is counted and tried. */
static tartan_status examine(tt_ratings_table *t, const char *line)
{
  cell          c[TT_TABLE_COLUMNS];
  double        rating = 0, timestamp = 0;
  int64_t       name;
  tartan_status st = pick(t, line, c);

  for (int m = TT_TABLE_USER; m <= TT_TABLE_ITEM && st == TARTAN_OK; m++) {
    const bool number = parse_name(c[m], &name);

    if (c[m].at == c[m].end) st = fail_cell(t, m, c[m], "a name");
    if (!number && t->format == TT_RATINGS_MOVIELENS) st = fail_cell(t, m, c[m], "a whole number");
    if (!number) t->text[m] = true;
  }
  if (st == TARTAN_OK) st = parse_number(t, TT_TABLE_RATING, c[TT_TABLE_RATING], &rating);
  if (st == TARTAN_OK) st = parse_number(t, TT_TABLE_TIMESTAMP, c[TT_TABLE_TIMESTAMP], &timestamp);
  t->narrow &= (double)(float)rating == rating;
  t->whole &= timestamp == floor(timestamp) && fabs(timestamp) < 0x1p53;
  t->count++;
  return st;
}

/* Second pass: names that are texts. */
static tartan_status collect(tt_ratings_table *t, const char *line)
{
  cell          c[TT_TABLE_COLUMNS];
  tartan_status st = pick(t, line, c);

  for (int m = TT_TABLE_USER; m <= TT_TABLE_ITEM && st == TARTAN_OK; m++)
    if (t->text[m]) st = tt_text_set_add(&t->names[m], c[m].at, length_of(c[m]));
  return st;
}

/* Back to the first line that holds ratings. */
static tartan_status rewind_table(tt_ratings_table *t)
{
  tartan_status st = tt_stream_rewind(&t->stream);
  char         *line;

  if (st == TARTAN_OK && t->header) st = next_line(t, &line);
  return st;
}

static tartan_status every_line(tt_ratings_table *t, tartan_status (*visit)(tt_ratings_table *t, const char *line))
{
  char         *line = NULL;
  tartan_status st = rewind_table(t);

  while (st == TARTAN_OK && (st = next_line(t, &line)) == TARTAN_OK && line) st = visit(t, line);
  return st;
}

static tartan_status read_first_line(tt_ratings_table *t)
{
  char         *line = NULL;
  cell          cells[CELLS_MAX];
  tartan_status st = next_line(t, &line);
  int           count;

  if (st != TARTAN_OK) return st;
  if (!line) return tt_fail(TARTAN_ERR_INPUT, "%s holds no line of ratings", t->stream.path);
  find_separator(line, t->separator);
  count = split(t, line, cells);
  if (count < 2)
    return tt_fail(TARTAN_ERR_FORMAT, "%s: line %lld has one cell; a user and an item are needed", t->stream.path,
                   (long long)t->stream.line);
  return choose_columns(t, cells, count);
}

tartan_status tt_table_begin(tt_memory *memory, const char *path, tt_ratings_format format, tt_ratings_table *t)
{
  tartan_status st;

  *t = (tt_ratings_table){.memory = memory, .format = format, .narrow = true, .whole = true};
  t->names[0].memory = t->names[1].memory = memory;
  st = tt_stream_open(memory, path, &t->stream);
  if (st != TARTAN_OK) return st;
  t->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (t->locale == (locale_t)0) return tt_fail(TARTAN_ERR_NOMEM, "out of memory for the rules of numbers");
  st = read_first_line(t);
  if (st == TARTAN_OK) st = every_line(t, examine);
  if (st == TARTAN_OK && t->count == 0)
    st = tt_fail(TARTAN_ERR_INPUT, "%s has a line of names but no line of ratings", path);
  if (st == TARTAN_OK && (t->text[0] || t->text[1])) st = every_line(t, collect);
  for (int m = 0; m < 2 && st == TARTAN_OK; m++)
    if (t->text[m]) st = tt_text_set_sort(&t->names[m]);
  return st == TARTAN_OK ? rewind_table(t) : st;
}

void tt_table_end(tt_ratings_table *t)
{
  tt_text_set_free(&t->names[0]);
  tt_text_set_free(&t->names[1]);
  tt_stream_close(&t->stream);
  if (t->locale) freelocale(t->locale);
  t->locale = (locale_t)0;
}

static int64_t index_of(const tt_ratings_table *t, int m, cell c)
{
  int64_t name = 0;

  if (t->text[m]) return tt_text_set_place(&t->names[m], c.at, length_of(c));
  (void)parse_name(c, &name);
  return name;
}

tartan_status tt_table_rows(tt_ratings_table *t, int64_t count, int64_t *user, int64_t *item, double *rating,
                            double *timestamp)
{
  cell          c[TT_TABLE_COLUMNS];
  char         *line = NULL;
  tartan_status st = TARTAN_OK;

  for (int64_t e = 0; e < count && st == TARTAN_OK; e++) {
    st = next_line(t, &line);
    if (st == TARTAN_OK && !line)
      st = tt_fail(TARTAN_ERR_FORMAT, "%s has become shorter while it was read", t->stream.path);
    if (st == TARTAN_OK) st = pick(t, line, c);
    if (st != TARTAN_OK) break;
    user[e] = index_of(t, TT_TABLE_USER, c[TT_TABLE_USER]);
    item[e] = index_of(t, TT_TABLE_ITEM, c[TT_TABLE_ITEM]);
    st = parse_number(t, TT_TABLE_RATING, c[TT_TABLE_RATING], &rating[e]);
    if (st == TARTAN_OK) st = parse_number(t, TT_TABLE_TIMESTAMP, c[TT_TABLE_TIMESTAMP], &timestamp[e]);
  }
  return st;
}
