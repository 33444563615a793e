/*
 * Names of another file: read from a dataset, and looked up in the order of those that are known. What is known is sorted on
 * every rank, each looks up its part of what is asked, and the answers are shared.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "io/column.h"
#include "io/ids.h"
#include "io/small.h"
#include "sparse/pairs.h"

/* This rank's part of so many. */
static void take_part(const tartan_grid *grid, int64_t total, int64_t *first, int64_t *count)
{
  const int64_t P = grid->size, me = grid->rank;

  *first = total / P * me + tt_min(me, total % P);
  *count = total / P + (me < total % P);
}

static tartan_status read_numbers(tartan_grid *grid, const char *file, const char *name, tt_ids *ids)
{
  tt_column_file column = {0};
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_column_open(grid, file, "", name + (name[0] == '/'), NULL, &column));
  ids->total = column.length;
  take_part(grid, ids->total, &ids->first, &ids->count);
  ids->number = tt_alloc(&grid->memory, ids->count, sizeof *ids->number, "names", &local);
  AGREE(grid, local);
  TRY(tt_column_integers(&column, ids->first, ids->count, ids->number));
done:
  tt_column_close(&column);
  return st;
}

tartan_status tt_ids_read(tartan_grid *grid, const char *file, const char *name, tt_ids *ids)
{
  tt_small     *small = NULL;
  bool          there = false;
  tartan_status st = TARTAN_OK;

  *ids = (tt_ids){.grid = grid};
  TRY(tt_small_open(grid, file, &small));
  TRY(tt_small_exists(small, name, &there));
  REQUIRE(there, TARTAN_ERR_INPUT, "%s has no %s", file, name);
  TRY(tt_small_holds_texts(small, name, &ids->text));
  if (ids->text)
    TRY(tt_small_strings(small, name, true, &ids->name, &ids->total));
  else
    TRY(read_numbers(grid, file, name, ids));
  if (ids->text) ids->count = ids->total;
done:
  tt_small_close(&small);
  return st;
}

tartan_status tt_ids_numbers(const tt_ids *ids, int64_t **number)
{
  tartan_grid  *grid = ids->grid;
  int64_t      *all = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *number = NULL;
  if (ids->text) goto done;
  all = tt_alloc(&grid->memory, ids->total, sizeof *all, "names of all ranks", &local);
  AGREE(grid, local);
  TRY(tt_allgatherv(grid, ids->number, ids->count, ids->total, sizeof *all, all));
  *number = all;
  all = NULL;
done:
  tt_free(all);
  return st;
}

/* ------------------------------------------------------------------------------------------------ looking up */

/* A text and its place in the list. */
typedef struct placed {
  const char *text;
  int64_t     index;
} placed;

/* What is known, in order. */
typedef struct known {
  int64_t  count;
  tt_pair *number; /* [count], and as much again to sort with */
  placed  *text;   /* [count] */
} known;

static int compare(const void *a, const void *b)
{
  const placed *x = a, *y = b;
  const int     order = strcmp(x->text, y->text);

  return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void sort_texts(known *k, const char *const *name)
{
  bool sorted = true;

  for (int64_t i = 0; i < k->count; i++) {
    k->text[i] = (placed){name[i], i};
    sorted &= i == 0 || strcmp(name[i - 1], name[i]) <= 0;
  }
  if (!sorted) qsort(k->text, (size_t)k->count, sizeof *k->text, compare);
}

/* Collective. */
static tartan_status know(const tt_ids *ids, known *k)
{
  tt_memory    *memory = &ids->grid->memory;
  int64_t      *number = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *k = (known){.count = ids->total};
  TRY(tt_ids_numbers(ids, &number));
  if (ids->text)
    k->text = tt_alloc(memory, k->count, sizeof *k->text, "names in order", &local);
  else
    k->number = tt_alloc(memory, 2 * k->count, sizeof *k->number, "names in order", &local);
  AGREE(ids->grid, local);
  if (ids->text) sort_texts(k, ids->name);
  for (int64_t i = 0; i < k->count && number; i++)
    k->number[i] = (tt_pair){.key = tt_key_of_number(number[i]), .index = i};
  if (number) tt_pairs_sort(k->number, k->number + k->count, k->count);
done:
  tt_free(number);
  return st;
}

static void forget(known *k)
{
  tt_free(k->text);
  tt_free(k->number);
}

static int64_t find_text(const known *k, const char *text)
{
  int64_t low = 0, high = k->count;

  while (low < high) {
    const int64_t middle = low + (high - low) / 2;

    if (strcmp(k->text[middle].text, text) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low < k->count && strcmp(k->text[low].text, text) == 0 ? k->text[low].index : -1;
}

static int64_t find_number(const known *k, int64_t number)
{
  const uint64_t key = tt_key_of_number(number);
  const int64_t  at = tt_pairs_below(k->number, k->count, key);

  return at < k->count && k->number[at].key == key ? k->number[at].index : -1;
}

tartan_status tt_ids_match(const tt_ids *from, const tt_ids *to, int64_t **index, int64_t *found)
{
  tartan_grid  *grid = to->grid;
  int64_t      *mine = NULL, *all = NULL, first = from->first, count = from->count, sum = 0;
  known         k = {0};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *index = NULL;
  REQUIRE(from->text == to->text, TARTAN_ERR_INPUT,
          "ids are texts in one of the files and numbers in the other: they cannot be matched");
  TRY(know(to, &k));
  if (from->text) take_part(grid, from->total, &first, &count);
  mine = tt_alloc(&grid->memory, count, sizeof *mine, "matched names", &local);
  all = tt_alloc(&grid->memory, from->total, sizeof *all, "matched names", &local);
  AGREE(grid, local);
  for (int64_t i = 0; i < count; i++)
    mine[i] = from->text ? find_text(&k, from->name[first + i]) : find_number(&k, from->number[i]);
  TRY(tt_allgatherv(grid, mine, count, from->total, sizeof *all, all));
  for (int64_t i = 0; i < from->total; i++) sum += all[i] >= 0;
  if (found) *found = sum;
  *index = all;
  all = NULL;
done:
  tt_free(all);
  tt_free(mine);
  forget(&k);
  return st;
}
