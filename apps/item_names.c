#include "item_names.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/text_file.h"
#include "io/small.h"

#define LONGEST (INT64_C(1) << 30) /* bytes of a file */
#define COLUMNS 64

/* Ids and names as they stand in the file. Zero-initialise. */
typedef struct table {
  int64_t      count;
  const char **id, **name; /* [count] */
} table;

/* ------------------------------------------------------------------------------------------------ CSV */

/*
 * The next cell, ended by a zero in its place, quotes taken away; *at moves behind it. Returns whether another one follows in
 * the line. Local.
 */
static bool next_cell(char **at, char **cell)
{
  char *from = *at, *to = from;
  bool  quoted = *from == '"', more;

  *cell = to;
  if (quoted) from++;
  while (*from && (quoted || (*from != ',' && *from != '\n' && *from != '\r'))) {
    if (quoted && from[0] == '"' && from[1] == '"')
      from++;
    else if (quoted && *from == '"') {
      quoted = false;
      from++;
      continue;
    }
    *to++ = *from++;
  }
  more = *from == ',';
  if (*from == '\r' && from[1] == '\n') from++;
  if (*from) from++;
  *to = 0;
  *at = from;
  return more;
}

/* The cells of a line, at most COLUMNS of them. Local. */
static int next_line(char **at, char *cells[COLUMNS])
{
  int  count = 0;
  bool more = true;

  while (more) {
    char *cell;

    more = next_cell(at, &cell);
    if (count < COLUMNS) cells[count++] = cell;
  }
  return count;
}

static int column_of(char *const *cells, int count, const char *const *known)
{
  for (; *known; known++)
    for (int i = 0; i < count; i++)
      if (strcasecmp(cells[i], *known) == 0) return i;
  return -1;
}

/* Which columns hold ids and names; whether the first line is a header. Local. */
static bool read_header(char *const *cells, int count, int *id, int *name)
{
  static const char *const ids[] = {"movieId", "item_id", "itemId", "item", "id", NULL};
  static const char *const names[] = {"title", "item_name", "name", NULL};

  *id = column_of(cells, count, ids);
  *name = column_of(cells, count, names);
  if (*id >= 0 && *name >= 0) return true;
  *id = 0;
  *name = 1;
  return false;
}

static tartan_status parse_csv(app_run *run, const char *source, char *text, table *t)
{
  int64_t       lines = 1;
  char         *at = text, *cells[COLUMNS];
  int           id = 0, name = 1;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (const char *c = text; *c; c++) lines += *c == '\n';
  t->id = tt_alloc(&run->grid->memory, lines, sizeof *t->id, "ids of names", &local);
  t->name = tt_alloc(&run->grid->memory, lines, sizeof *t->name, "names of items", &local);
  AGREE(run->grid, local);
  for (int64_t line = 0; *at; line++) {
    const int count = next_line(&at, cells);

    if (line == 0 && read_header(cells, count, &id, &name)) continue;
    if (count == 1 && !*cells[0]) continue;
    REQUIRE(count > id && count > name, TARTAN_ERR_INPUT,
            "%s: line %lld has %d column%s; an id and a name are needed, under a header as \"movieId,title\" or as the "
            "first "
            "two columns",
            source, (long long)line + 1, count, TT_S(count));
    t->id[t->count] = cells[id];
    t->name[t->count++] = cells[name];
  }
done:
  return st;
}

/* Bytes of a file, or -1. Collective. */
static tartan_status file_bytes(app_run *run, const char *path, int64_t *bytes)
{
  struct stat s;

  *bytes = run->rank == 0 && stat(path, &s) == 0 && S_ISREG(s.st_mode) ? (int64_t)s.st_size : -1;
  return tt_bcast(run->grid, bytes, 1, sizeof *bytes, 0);
}

/* ------------------------------------------------------------------------------------------------ ids */

/* The ids of the table as those of the model are; what is no number stands for none, 0 .. marked in `wrong`. Collective. */
static tartan_status table_ids(app_run *run, const table *t, bool text, bool *wrong, tt_ids *ids)
{
  const int64_t P = run->size, me = run->rank;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *ids = (tt_ids){.grid = run->grid, .text = text, .total = t->count, .count = t->count};
  if (text) {
    ids->name = tt_alloc(&run->grid->memory, t->count, sizeof *ids->name, "ids of names", &local);
    AGREE(run->grid, local);
    for (int64_t i = 0; i < t->count; i++) ids->name[i] = t->id[i];
    goto done;
  }
  ids->first = t->count / P * me + tt_min(me, t->count % P);
  ids->count = t->count / P + (me < t->count % P);
  ids->number = tt_alloc_zero(&run->grid->memory, ids->count, sizeof *ids->number, "ids of names", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < t->count; i++) {
    int64_t number = 0;

    wrong[i] = !app_parse_integer(t->id[i], &number);
    if (i >= ids->first && i < ids->first + ids->count) ids->number[i - ids->first] = number;
  }
done:
  return st;
}

/* Names to the places of their items. Collective. */
static tartan_status place(app_run *run, const char *source, const tt_ids *from, const char *const *name,
                           const bool *wrong, const tt_ids *ids, app_item_names *names)
{
  int64_t      *index = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  REQUIRE(from->text == ids->text, TARTAN_ERR_INPUT, "ids of items are %s in %s and %s in the model",
          from->text ? "texts" : "numbers", source, ids->text ? "texts" : "numbers");
  TRY(tt_ids_match(from, ids, &index, NULL));
  names->name = tt_alloc_zero(&run->grid->memory, ids->total, sizeof *names->name, "names of items", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < from->total; i++)
    if (index[i] >= 0 && !(wrong && wrong[i])) names->name[index[i]] = name[i];
  for (int64_t i = 0; i < ids->total; i++) names->named += names->name[i] != NULL;
  REQUIRE(names->named > 0, TARTAN_ERR_INPUT, "%s names %lld items, none of which is in the model", source,
          (long long)from->total);
  app_tell(run, "names  of %lld of %lld items, from %s\n", (long long)names->named, (long long)ids->total, source);
done:
  tt_free(index);
  return st;
}

static tartan_status read_csv(app_run *run, const char *source, const tt_ids *ids, app_item_names *names)
{
  table         t = {0};
  tt_ids        from = {.grid = run->grid};
  int64_t       bytes = -1;
  bool         *wrong = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(file_bytes(run, source, &bytes));
  REQUIRE(bytes >= 0, TARTAN_ERR_INPUT, "--item-names %s: there is no such file", source);
  REQUIRE(bytes <= LONGEST, TARTAN_ERR_INPUT, "%s is longer than %lld bytes", source, (long long)LONGEST);
  TRY(app_text_read(run, source, bytes, &names->text));
  TRY(parse_csv(run, source, names->text, &t));
  wrong = tt_alloc_zero(&run->grid->memory, t.count, sizeof *wrong, "marks of ids", &local);
  AGREE(run->grid, local);
  TRY(table_ids(run, &t, ids->text, wrong, &from));
  TRY(place(run, source, &from, t.name, wrong, ids, names));
done:
  tt_ids_free(&from);
  tt_free(wrong);
  tt_free(t.name);
  tt_free(t.id);
  return st;
}

static tartan_status read_h5(app_run *run, const char *source, const tt_ids *ids, app_item_names *names)
{
  tt_small     *file = NULL;
  tt_ids        from = {.grid = run->grid};
  int64_t       count = 0;
  tartan_status st = TARTAN_OK;

  TRY(tt_small_open(run->grid, source, &file));
  TRY(tt_small_strings(file, "/item_names", true, &names->texts, &count));
  TRY(tt_ids_read(run->grid, source, "/item_ids", &from));
  REQUIRE(count == from.total, TARTAN_ERR_INPUT, "%s: /item_names has %lld texts, /item_ids %lld ids", source,
          (long long)count, (long long)from.total);
  TRY(place(run, source, &from, names->texts, NULL, ids, names));
done:
  tt_ids_free(&from);
  tt_small_close(&file);
  return st;
}

tartan_status app_item_names_read(app_run *run, const char *source, const tt_ids *ids, app_item_names *names)
{
  const char *dot = strrchr(source, '.');
  const bool  h5 = dot && (strcasecmp(dot, ".h5") == 0 || strcasecmp(dot, ".hdf5") == 0);

  return h5 ? read_h5(run, source, ids, names) : read_csv(run, source, ids, names);
}

void app_item_names_end(app_item_names *names)
{
  tt_free(names->name);
  tt_free(names->texts);
  tt_free(names->text);
  *names = (app_item_names){.name = NULL};
}
