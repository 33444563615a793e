/* A hash table with open addressing (FNV-1a), at most half full, over texts that are packed in one block. */
#include "io/text_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static uint64_t hash(const char *text, int64_t length)
{
  uint64_t h = UINT64_C(14695981039346656037);

  for (int64_t i = 0; i < length; i++) h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
  return h ^ h >> 29;
}

/* The slot of a text, or the free one where it would go. */
static int64_t find(const tt_text_set *set, const char *text, int64_t length)
{
  int64_t s = (int64_t)(hash(text, length) & (uint64_t)(set->slots - 1));

  for (; set->slot[s] >= 0; s = (s + 1) & (set->slots - 1)) {
    const char *there = set->characters + set->at[set->slot[s]];

    if (strncmp(there, text, (size_t)length) == 0 && there[length] == '\0') break;
  }
  return s;
}

/* Memory of so many bytes with what is in it; NULL, and the old stays, after a failure. */
static void *enlarge(tt_memory *memory, void *old, int64_t bytes, int64_t room, tartan_status *st)
{
  char *more = tt_alloc(memory, room, 1, "names", st);

  if (!more) return NULL;
  if (bytes > 0) memcpy(more, old, (size_t)bytes);
  tt_free(old);
  return more;
}

/* A table of twice the size. */
static tartan_status grow_slots(tt_text_set *set)
{
  const int64_t slots = tt_max(1024, 2 * set->slots);
  tartan_status st = TARTAN_OK;
  int64_t      *more = tt_alloc(set->memory, slots, sizeof *more, "a table of names", &st);

  if (!more) return st;
  tt_free(set->slot);
  set->slot = more;
  set->slots = slots;
  for (int64_t s = 0; s < slots; s++) more[s] = -1;
  for (int64_t i = 0; i < set->count; i++) {
    const char *text = set->characters + set->at[i];

    more[find(set, text, (int64_t)strlen(text))] = i;
  }
  return st;
}

static tartan_status make_room(tt_text_set *set, int64_t length)
{
  tartan_status st = TARTAN_OK;
  void         *more;

  if (2 * (set->count + 1) > set->slots) st = grow_slots(set);
  if (st == TARTAN_OK && set->count == set->capacity) {
    const int64_t capacity = tt_max(512, 2 * set->capacity);

    more = enlarge(set->memory, set->at, set->count * 8, capacity * 8, &st);
    if (more) set->at = more, set->capacity = capacity;
  }
  if (st == TARTAN_OK && set->used + length + 1 > set->room) {
    const int64_t room = tt_max(2 * set->room, set->used + length + 4096);

    more = enlarge(set->memory, set->characters, set->used, room, &st);
    if (more) set->characters = more, set->room = room;
  }
  return st;
}

tartan_status tt_text_set_add(tt_text_set *set, const char *text, int64_t length)
{
  const tartan_status st = make_room(set, length);
  int64_t             s;

  if (st != TARTAN_OK) return st;
  s = find(set, text, length);
  if (set->slot[s] >= 0) return TARTAN_OK;
  set->slot[s] = set->count;
  set->at[set->count++] = set->used;
  memcpy(set->characters + set->used, text, (size_t)length);
  set->characters[set->used + length] = '\0';
  set->used += length + 1;
  return TARTAN_OK;
}

static int compare(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

tartan_status tt_text_set_sort(tt_text_set *set)
{
  tartan_status st = TARTAN_OK;

  set->sorted = tt_alloc(set->memory, set->count, sizeof *set->sorted, "names", &st);
  set->place = tt_alloc(set->memory, set->count, sizeof *set->place, "places of names", &st);
  if (st != TARTAN_OK) return st;
  for (int64_t i = 0; i < set->count; i++) set->sorted[i] = set->characters + set->at[i];
  if (set->count > 1) qsort(set->sorted, (size_t)set->count, sizeof *set->sorted, compare);
  for (int64_t i = 0; i < set->count; i++)
    set->place[set->slot[find(set, set->sorted[i], (int64_t)strlen(set->sorted[i]))]] = i;
  return st;
}

int64_t tt_text_set_place(const tt_text_set *set, const char *text, int64_t length)
{
  return set->place[set->slot[find(set, text, length)]];
}

void tt_text_set_free(tt_text_set *set)
{
  tt_free(set->sorted);
  tt_free(set->place);
  tt_free(set->slot);
  tt_free(set->at);
  tt_free(set->characters);
  *set = (tt_text_set){.memory = set->memory};
}
