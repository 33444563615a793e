/* A list of contexts by arrangement; it seldom holds more than two. */
#include "ext/blacs.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "ext/table.h"

#define CONTEXTS 16

struct tt_blacs {
  bool has_handle;
  int  handle; /* BLACS's name of the communicator */
  int  count;
  struct {
    int p, q, context;
  } entry[CONTEXTS];
};

/* Ends the oldest context to make room. */
static void drop_oldest(tt_blacs *b, const tt_scalapack_table *table)
{
  if (b->entry[0].context >= 0) table->gridexit(b->entry[0].context);
  for (int i = 1; i < b->count; i++) b->entry[i - 1] = b->entry[i];
  b->count--;
}

tartan_status tt_blacs_prepare(tt_blacs **cache)
{
  const tt_scalapack_table *table = NULL;
  tartan_status             st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_scalapack_get(&table));
  if (!*cache) *cache = tt_alloc_zero(NULL, 1, sizeof **cache, "BLACS contexts", &local);
  st = local;
done:
  return st;
}

int tt_blacs_context(tt_blacs *b, MPI_Comm comm, int p, int q)
{
  const tt_scalapack_table *table = NULL;
  int                       context;

  if (tt_scalapack_get(&table) != TARTAN_OK) return -1; /* cannot be: tt_blacs_prepare() succeeded */
  for (int i = 0; i < b->count; i++)
    if (b->entry[i].p == p && b->entry[i].q == q) return b->entry[i].context;
  if (!b->has_handle) {
    b->handle = table->sys2handle(comm);
    b->has_handle = true;
  }
  if (b->count == CONTEXTS) drop_oldest(b, table);
  context = b->handle;
  table->gridinit(&context, "Row", p, q);
  b->entry[b->count].p = p;
  b->entry[b->count].q = q;
  b->entry[b->count++].context = context;
  return context;
}

void tt_blacs_destroy(tt_blacs **cache, bool alive)
{
  const tt_scalapack_table *table = NULL;
  tt_blacs                 *b = *cache;

  if (!b || tt_scalapack_get(&table) != TARTAN_OK) return;
  while (alive && b->count > 0) drop_oldest(b, table);
  if (alive && b->has_handle) table->free_handle(b->handle);
  tt_free(b);
  *cache = NULL;
}
