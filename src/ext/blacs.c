/* A list of contexts by arrangement; it seldom holds more than two. */
#include "ext/blacs.h"

#include "base/error.h"
#include "base/memory.h"
#include "ext/table.h"

#define CONTEXTS 16

struct tt_blacs {
  int handle; /* BLACS's name of the communicator */
  int count;
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

tartan_status tt_blacs_context(tt_blacs **cache, MPI_Comm comm, int p, int q, int *context)
{
  const tt_scalapack_table *table = NULL;
  tt_blacs                 *b = *cache;
  tartan_status             st = TARTAN_OK, local = TARTAN_OK;

  *context = -1;
  TRY(tt_scalapack_get(&table));
  if (!b) {
    b = tt_alloc_zero(NULL, 1, sizeof *b, "BLACS contexts", &local);
    TRY(local);
    b->handle = table->sys2handle(comm);
    *cache = b;
  }
  for (int i = 0; i < b->count; i++) {
    if (b->entry[i].p == p && b->entry[i].q == q) {
      *context = b->entry[i].context;
      goto done;
    }
  }
  if (b->count == CONTEXTS) drop_oldest(b, table);
  b->entry[b->count].p = p;
  b->entry[b->count].q = q;
  b->entry[b->count].context = b->handle;
  table->gridinit(&b->entry[b->count].context, "Row", p, q);
  *context = b->entry[b->count++].context;
done:
  return st;
}

void tt_blacs_destroy(tt_blacs **cache)
{
  const tt_scalapack_table *table = NULL;
  tt_blacs                 *b = *cache;

  if (!b || tt_scalapack_get(&table) != TARTAN_OK) return;
  while (b->count > 0) drop_oldest(b, table);
  table->free_handle(b->handle);
  tt_free(b);
  *cache = NULL;
}
