/*
 * Numbers: each rank sorts its own and keeps the distinct ones; a sample cuts these in ranges, one for each rank; the rank
 * of a range orders what it gets, learns from the counts where its range begins, and answers each question on the way
 * back. Only distinct names travel. Texts: distinct ones go to rank 0, which merges them and hands the list to all.
 */
#include "io/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "sparse/pairs.h"

/* ------------------------------------------------------------------------------------------------ numbers */

/* Sorted pairs to distinct keys in place; their index is written for each pair to place[pair.index]. */
static int64_t make_distinct(tt_pair *pair, int64_t count, int64_t *place)
{
  int64_t distinct = 0;

  for (int64_t e = 0; e < count; e++) {
    if (e == 0 || pair[e].key != pair[distinct - 1].key) pair[distinct++].key = pair[e].key;
    place[pair[e].index] = distinct - 1;
  }
  return distinct;
}

/* Where this rank's stretch of all names begins, and how many there are. */
static tartan_status place_stretch(tt_ids *ids, int64_t *counts)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_allgather(ids->grid, &ids->count, 1, sizeof ids->count, counts));
  for (int r = 0; r < ids->grid->size; r++) {
    if (r == ids->grid->rank) ids->first = ids->total;
    ids->total += counts[r];
  }
done:
  return st;
}

/* Answers the questions of all ranks: index[q] is that of key[q]. */
static tartan_status answer(tt_ids *ids, int64_t questions, const uint64_t *key, int64_t *index)
{
  tartan_grid  *grid = ids->grid;
  tt_pair      *pair;
  int64_t      *counts;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  pair = tt_alloc(&grid->memory, 2 * questions, sizeof *pair, "names", &local);
  counts = tt_alloc(NULL, grid->size, sizeof *counts, "names of each rank", &local);
  if (local == TARTAN_OK) {
    for (int64_t q = 0; q < questions; q++) pair[q] = (tt_pair){.key = key[q], .index = q};
    tt_pairs_sort(pair, pair + questions, questions);
    ids->count = make_distinct(pair, questions, index);
  }
  ids->number = tt_alloc(&grid->memory, ids->count, sizeof *ids->number, "names", &local);
  AGREE(grid, local);
  for (int64_t i = 0; i < ids->count; i++) ids->number[i] = tt_number_of_key(pair[i].key);
  TRY(place_stretch(ids, counts));
  for (int64_t q = 0; q < questions; q++) index[q] += ids->first;
done:
  tt_free(counts);
  tt_free(pair);
  return st;
}

/* The indices of distinct keys, from the ranks that keep them. */
static tartan_status ask(tt_ids *ids, const tt_pair *distinct, int64_t count, int64_t *index)
{
  tartan_grid  *grid = ids->grid;
  const int     P = grid->size;
  tt_routes     routes = {.grid = grid};
  uint64_t     *split, *question, *asked = NULL;
  int64_t      *answers = NULL, at = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  split = tt_alloc(NULL, P, sizeof *split, "ranges of names", &local);
  question = tt_alloc(&grid->memory, count, sizeof *question, "names", &local);
  tt_routes_make(grid, &routes, &local);
  AGREE(grid, local);
  TRY(tt_pairs_split(grid, distinct, count, 0, 0, split));
  for (int64_t i = 0; i < count; i++) question[i] = distinct[i].key;
  for (int r = 0; r < P; r++) {
    const int64_t to = r == P - 1 ? count : tt_pairs_below(distinct, count, split[r]);

    routes.send_count[r] = to - at;
    at = to;
  }
  TRY(tt_routes_tell(&routes));
  asked = tt_alloc(&grid->memory, routes.received, sizeof *asked, "names of other ranks", &local);
  answers = tt_alloc(&grid->memory, routes.received, sizeof *answers, "names of other ranks", &local);
  AGREE(grid, local);
  TRY(tt_routes_go(&routes, question, sizeof *question, asked));
  TRY(answer(ids, routes.received, asked, answers));
  TRY(tt_routes_return(&routes, answers, sizeof *answers, index));
done:
  tt_free(answers);
  tt_free(asked);
  tt_free(question);
  tt_free(split);
  tt_routes_free(&routes);
  return st;
}

tartan_status tt_ids_of_numbers(tartan_grid *grid, int64_t count, int64_t *number, tt_ids *ids)
{
  tt_pair      *pair;
  int64_t      *index = NULL, distinct = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *ids = (tt_ids){.grid = grid};
  pair = tt_alloc(&grid->memory, 2 * count, sizeof *pair, "names of observations", &local);
  if (local == TARTAN_OK) {
    for (int64_t e = 0; e < count; e++) pair[e] = (tt_pair){.key = tt_key_of_number(number[e]), .index = e};
    tt_pairs_sort(pair, pair + count, count);
    distinct = make_distinct(pair, count, number);
  }
  index = tt_alloc(&grid->memory, distinct, sizeof *index, "indices of names", &local);
  AGREE(grid, local);
  TRY(ask(ids, pair, distinct, index));
  for (int64_t e = 0; e < count; e++) number[e] = index[number[e]];
done:
  tt_free(index);
  tt_free(pair);
  return st;
}

tartan_status tt_ids_of_range(tartan_grid *grid, int64_t total, tt_ids *ids)
{
  const int64_t P = grid->size, me = grid->rank;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *ids = (tt_ids){.grid = grid, .total = total};
  ids->first = total / P * me + tt_min(me, total % P);
  ids->count = total / P + (me < total % P);
  ids->number = tt_alloc(&grid->memory, ids->count, sizeof *ids->number, "names", &local);
  AGREE(grid, local);
  for (int64_t i = 0; i < ids->count; i++) ids->number[i] = ids->first + i;
done:
  return st;
}

/* ------------------------------------------------------------------------------------------------ texts */

/* A text and which observation it belongs to. */
typedef struct item {
  const char *text;
  int64_t     index;
} item;

static int compare(const void *a, const void *b)
{
  return strcmp(((const item *)a)->text, ((const item *)b)->text);
}

/* Sorts, leaves one of each, and tells each observation its place. */
static int64_t distinct_texts(item *items, int64_t count, int64_t *place)
{
  int64_t distinct = 0;

  if (count > 1) qsort(items, (size_t)count, sizeof *items, compare);
  for (int64_t e = 0; e < count; e++) {
    if (e == 0 || strcmp(items[e].text, items[distinct - 1].text) != 0) items[distinct++].text = items[e].text;
    place[items[e].index] = distinct - 1;
  }
  return distinct;
}

static int64_t bytes_of(const item *items, int64_t count)
{
  int64_t bytes = 0;

  for (int64_t e = 0; e < count; e++) bytes += (int64_t)strlen(items[e].text) + 1;
  return bytes;
}

static void pack(const item *items, int64_t count, char *to)
{
  for (int64_t e = 0; e < count; e++) {
    const size_t length = strlen(items[e].text) + 1;

    memcpy(to, items[e].text, length);
    to += length;
  }
}

/* What all ranks have, packed, at rank 0; *bytes there is the length of it all. */
static tartan_status collect(tartan_grid *grid, const item *items, int64_t count, char **all, int64_t *bytes)
{
  const int     P = grid->size;
  int64_t       mine = bytes_of(items, count), *counts;
  char         *packed;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *bytes = 0;
  counts = tt_alloc(NULL, P, sizeof *counts, "lengths of names", &local);
  packed = tt_alloc(&grid->memory, mine, 1, "names", &local);
  AGREE(grid, local);
  pack(items, count, packed);
  TRY(tt_allgather(grid, &mine, 1, sizeof mine, counts));
  for (int r = 0; r < P; r++) *bytes += counts[r];
  *all = tt_alloc(&grid->memory, grid->rank == 0 ? *bytes : 0, 1, "names of all ranks", &local);
  AGREE(grid, local);
  TRY(tt_gatherv(grid, packed, counts, 1, *all, 0));
done:
  tt_free(packed);
  tt_free(counts);
  return st;
}

/* On rank 0: the distinct ones of packed texts, in a block as tt_texts_alloc() makes it. */
static const char **merge(tartan_grid *grid, const char *all, int64_t bytes, int64_t *total, int64_t *packed,
                          tartan_status *local)
{
  tt_memory   *mem = &grid->memory;
  int64_t      count = 0, at = 0;
  const char **name = NULL;
  char        *characters;
  item        *items;
  int64_t     *place;

  for (int64_t b = 0; b < bytes; b++) count += all[b] == '\0';
  items = tt_alloc(mem, count, sizeof *items, "names", local);
  place = tt_alloc(mem, count, sizeof *place, "names", local);
  if (*local == TARTAN_OK) {
    for (int64_t e = 0; e < count; e++, at += (int64_t)strlen(all + at) + 1) items[e] = (item){all + at, e};
    *total = distinct_texts(items, count, place);
    *packed = bytes_of(items, *total);
    name = tt_texts_alloc(mem, *total, *packed, "names", &characters, local);
    if (name) pack(items, *total, characters);
  }
  tt_free(place);
  tt_free(items);
  return name;
}

/* The list of rank 0 on every rank. */
static tartan_status share(tt_ids *ids, const char *all, int64_t bytes)
{
  tartan_grid  *grid = ids->grid;
  int64_t       size[2] = {0, 0};
  char         *characters = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) ids->name = merge(grid, all, bytes, &size[0], &size[1], &local);
  AGREE(grid, local);
  TRY(tt_bcast(grid, size, 2, sizeof *size, 0));
  if (grid->rank != 0) ids->name = tt_texts_alloc(&grid->memory, size[0], size[1], "names", &characters, &local);
  AGREE(grid, local);
  if (grid->rank == 0) characters = (char *)(uintptr_t)(ids->name + size[0]);
  TRY(tt_bcast(grid, characters, size[1], 1, 0));
  tt_texts_find(ids->name, size[0]);
  ids->total = ids->count = size[0];
done:
  return st;
}

/* The place of a text among the names; it is one of them. */
static int64_t find(const tt_ids *ids, const char *text)
{
  int64_t low = 0, high = ids->total - 1;

  while (low < high) {
    const int64_t middle = low + (high - low) / 2;

    if (strcmp(ids->name[middle], text) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

tartan_status tt_ids_of_texts(tartan_grid *grid, int64_t count, const char *const *text, int64_t *index, tt_ids *ids)
{
  item         *items;
  int64_t       distinct = 0, bytes = 0;
  char         *all = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *ids = (tt_ids){.grid = grid, .text = true};
  items = tt_alloc(&grid->memory, count, sizeof *items, "names of observations", &local);
  AGREE(grid, local);
  for (int64_t e = 0; e < count; e++) items[e] = (item){text[e], e};
  distinct = distinct_texts(items, count, index);
  TRY(collect(grid, items, distinct, &all, &bytes));
  TRY(share(ids, all, bytes));
  for (int64_t e = 0; e < distinct; e++) items[e].index = find(ids, items[e].text);
  for (int64_t e = 0; e < count; e++) index[e] = items[index[e]].index;
done:
  tt_free(all);
  tt_free(items);
  return st;
}

/* ------------------------------------------------------------------------------------------------ both */

void tt_ids_free(tt_ids *ids)
{
  tt_free(ids->number);
  tt_free(ids->name);
  *ids = (tt_ids){.grid = ids->grid};
}

void tt_ids_declare(const tt_ids *ids, tt_output *out, const char *name)
{
  if (ids->text)
    tt_output_strings(out, name, ids->total, ids->name);
  else
    tt_output_declare_line(out, name, TT_EL_I64, ids->total);
}

tartan_status tt_ids_write(const tt_ids *ids, tt_output *out, const char *name)
{
  return ids->text ? TARTAN_OK : tt_output_rows(out, name, ids->first, ids->count, ids->number);
}
