/*
 * The order of a chain of products that takes the fewest flops: the dynamic program of Godbole 1973 over all parts of the
 * chain, shorter ones first, O(count^3). Of equal orders the one that multiplies from the left is taken.
 */
#include "blas/chain.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"

/* The cheapest cut of the part i .. j, whose own parts are known. */
static void cut(int count, const int64_t *shape, int i, int j, double *cost, int *split)
{
  double best = INFINITY;

  for (int k = j - 1; k >= i; k--) {
    const double product = 2.0 * (double)shape[i] * (double)shape[k + 1] * (double)shape[j + 1];
    const double whole = cost[i * count + k] + cost[(k + 1) * count + j] + product;

    if (!(whole < best)) continue;
    best = whole;
    split[i * count + j] = k;
  }
  cost[i * count + j] = best;
}

tartan_status tt_chain_plan(tt_memory *memory, int count, const int64_t *shape, int *split, double *flops)
{
  double       *cost = NULL;
  tartan_status st = TARTAN_OK;

  cost = tt_alloc_zero(memory, (int64_t)count * count, sizeof *cost, "the flops of a chain of products", &st);
  if (st != TARTAN_OK) return st;
  for (int i = 0; i < count * count; i++) split[i] = 0;
  for (int length = 1; length < count; length++)
    for (int i = 0; i + length < count; i++) cut(count, shape, i, i + length, cost, split);
  *flops = count > 1 ? cost[count - 1] : 0;
  tt_free(cost);
  return TARTAN_OK;
}

/* A text that is put together piece by piece and cut at its end. */
typedef struct chain_text {
  char  *text;
  size_t size, used;
} chain_text;

static void put(chain_text *t, const char *piece)
{
  if (t->used < t->size) t->used += (size_t)snprintf(t->text + t->used, t->size - t->used, "%s", piece);
}

/* Appends the part i .. j. */
static void append(chain_text *t, int count, const int *split, int i, int j)
{
  const int k = split[i * count + j];
  char      name[16];

  if (i == j) {
    snprintf(name, sizeof name, "A%d", i);
    put(t, name);
    return;
  }
  put(t, "(");
  append(t, count, split, i, k);
  put(t, " ");
  append(t, count, split, k + 1, j);
  put(t, ")");
}

void tt_chain_text(int count, const int *split, char *text, size_t size)
{
  chain_text t = {text, size, 0};

  append(&t, count, split, 0, count - 1);
}
