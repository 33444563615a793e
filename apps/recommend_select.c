/* Ids that a list names: a file with one in each line, or words between commas. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "comm/collective.h"
#include "common/text_file.h"
#include "recommend_model.h"

#define LONGEST (INT64_C(1) << 30) /* bytes of a file */

/* The words of a list. Zero-initialise. */
typedef struct words {
  char        *text;
  const char **word; /* [count] in text */
  int64_t      count;
  bool         file; /* it was a file */
} words;

static bool separates(const words *w, char c)
{
  return c == '\n' || c == '\r' || (!w->file && c == ',');
}

/* Cuts the text at its separators, blanks around words dropped; word NULL: only counts. Local. */
static int64_t cut(const words *w, char *text, const char **word)
{
  int64_t count = 0;

  while (*text) {
    char *end = text, *last;
    bool  more;

    while (*end && !separates(w, *end)) end++;
    more = *end != 0;
    for (last = end; last > text && (last[-1] == ' ' || last[-1] == '\t'); last--) {}
    while (text < last && (*text == ' ' || *text == '\t')) text++;
    if (last > text) {
      if (word) {
        *last = 0;
        word[count] = text;
      }
      count++;
    }
    text = more ? end + 1 : end;
  }
  return count;
}

/* Bytes of the file of that name, -1: there is none. Collective. */
static tartan_status file_bytes(app_run *run, const char *path, int64_t *bytes)
{
  struct stat s;

  *bytes = run->rank == 0 && stat(path, &s) == 0 && S_ISREG(s.st_mode) ? (int64_t)s.st_size : -1;
  return tt_bcast(run->grid, bytes, 1, sizeof *bytes, 0);
}

static tartan_status read_words(app_run *run, const char *option, const char *list, words *w)
{
  int64_t       bytes = -1;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  TRY(file_bytes(run, list, &bytes));
  w->file = bytes >= 0;
  REQUIRE(bytes <= LONGEST, TARTAN_ERR_INPUT, "%s: %s is longer than %lld bytes", option, list, (long long)LONGEST);
  if (w->file) {
    TRY(app_text_read(run, list, bytes, &w->text));
  } else {
    w->text = tt_strdup(&run->grid->memory, list, &local);
    AGREE(run->grid, local);
  }
  w->count = cut(w, w->text, NULL);
  REQUIRE(w->count > 0, TARTAN_ERR_INPUT, "%s %s names nothing: give a file with an id in each line, or id,id,id",
          option, list);
  w->word = tt_alloc(&run->grid->memory, w->count, sizeof *w->word, "ids of a list", &local);
  AGREE(run->grid, local);
  (void)cut(w, w->text, w->word);
done:
  return st;
}

/* The words as ids of the kind that is searched, on every rank alike, each rank with its part of numbers. */
static tartan_status ids_of_words(app_run *run, const char *option, const words *w, const tt_ids *to, const char *whose,
                                  tt_ids *from)
{
  const int64_t P = run->size, me = run->rank;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *from = (tt_ids){.grid = run->grid, .text = to->text, .total = w->count, .count = w->count};
  if (to->text) {
    from->name = tt_texts_copy(&run->grid->memory, w->count, w->word, "ids of a list", &local);
    AGREE(run->grid, local);
    goto done;
  }
  from->first = w->count / P * me + tt_min(me, w->count % P);
  from->count = w->count / P + (me < w->count % P);
  from->number = tt_alloc(&run->grid->memory, from->count, sizeof *from->number, "ids of a list", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < w->count; i++) {
    int64_t number = 0;

    REQUIRE(app_parse_integer(w->word[i], &number), TARTAN_ERR_INPUT,
            "%s: \"%.60s\" is no whole number, but the ids of %s are%s", option, w->word[i], whose,
            w->file ? "" : "; there is no file of that name either");
    if (i >= from->first && i < from->first + from->count) from->number[i - from->first] = number;
  }
done:
  return st;
}

/* Places without those that came before. Local. */
static void keep_distinct(const int64_t *found, int64_t count, bool *taken, app_selection *s)
{
  for (int64_t i = 0; i < count; i++) {
    if (found[i] < 0) {
      s->unknown++;
    } else if (taken[found[i]]) {
      s->repeated++;
    } else {
      taken[found[i]] = true;
      s->index[s->count++] = found[i];
    }
  }
}

tartan_status app_ids_select(app_run *run, const char *option, const char *list, const tt_ids *ids, const char *whose,
                             app_selection *s)
{
  words         w = {NULL};
  tt_ids        from = {.grid = run->grid};
  int64_t      *found = NULL;
  bool         *taken = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *s = (app_selection){.index = NULL};
  TRY(read_words(run, option, list, &w));
  TRY(ids_of_words(run, option, &w, ids, whose, &from));
  TRY(tt_ids_match(&from, ids, &found, NULL));
  taken = tt_alloc_zero(&run->grid->memory, ids->total, sizeof *taken, "marks of ids", &local);
  s->index = tt_alloc(&run->grid->memory, w.count, sizeof *s->index, "places of ids", &local);
  AGREE(run->grid, local);
  keep_distinct(found, w.count, taken, s);
  REQUIRE(s->count > 0, TARTAN_ERR_INPUT, "%s: none of %lld id%s is among %s%s", option, (long long)w.count,
          TT_S(w.count), whose, w.file ? "" : ", and there is no file of that name");
  if (s->unknown > 0 || s->repeated > 0)
    app_say(run, "%s: of %lld ids %lld are unknown and %lld repeated: %lld remain\n", option, (long long)w.count,
            (long long)s->unknown, (long long)s->repeated, (long long)s->count);
done:
  tt_free(taken);
  tt_free(found);
  tt_ids_free(&from);
  tt_free(w.word);
  tt_free(w.text);
  return st;
}

void app_selection_end(app_selection *s)
{
  tt_free(s->index);
  *s = (app_selection){.index = NULL};
}

tartan_status app_ids_pick(app_run *run, const tt_ids *ids, const int64_t *index, int64_t count, tt_ids *picked)
{
  const int64_t P = run->size, me = run->rank, total = index ? count : ids->total;
  int64_t      *all = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *picked = (tt_ids){.grid = run->grid, .text = ids->text, .total = total, .count = total};
  if (!ids->text) {
    picked->first = total / P * me + tt_min(me, total % P);
    picked->count = total / P + (me < total % P);
  }
  TRY(tt_ids_numbers(ids, &all));
  if (ids->text)
    picked->name = tt_alloc(&run->grid->memory, total, sizeof *picked->name, "names", &local);
  else
    picked->number = tt_alloc(&run->grid->memory, picked->count, sizeof *picked->number, "names", &local);
  AGREE(run->grid, local);
  for (int64_t i = 0; i < picked->count; i++) {
    const int64_t at = index ? index[picked->first + i] : picked->first + i;

    if (ids->text)
      picked->name[i] = ids->name[at];
    else
      picked->number[i] = all[at];
  }
done:
  tt_free(all);
  return st;
}
