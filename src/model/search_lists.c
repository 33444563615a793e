/* The best of each query: heaps in the memory of the result, which become lists. */
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/parallel.h"
#include "model/search_impl.h"

#define BLOCK 256 /* lists that one task puts in order */

tartan_status tt_lists_make(tartan_grid *grid, int64_t first, int64_t count, int64_t k, int64_t kept, tt_lists *lists)
{
  tt_memory        *mem = &grid->memory;
  tartan_neighbors *r;
  tartan_status     local = TARTAN_OK;

  *lists = (tt_lists){.grid = grid, .kept = kept};
  lists->result = r = tt_alloc_zero(mem, 1, sizeof *r, "results", &local);
  if (!r) return local;
  *r = (tartan_neighbors){.first = first, .count = count, .k = k};
  r->index = tt_alloc(mem, count * k, sizeof *r->index, "results", &local); /* the plan has seen that this fits */
  r->score = tt_alloc(mem, count * k, sizeof *r->score, "results", &local);
  lists->found = tt_alloc_zero(mem, count, sizeof *lists->found, "counts of results", &local);
  return local;
}

double tt_lists_bytes(int64_t queries, int64_t k)
{
  return (double)queries * ((double)k * 16 + 8);
}

tt_heap tt_lists_heap(const tt_lists *lists, int64_t query)
{
  const tartan_neighbors *r = lists->result;

  return (tt_heap){.room = lists->kept,
                   .count = lists->found[query],
                   .key = r->score + query * r->k,
                   .index = r->index + query * r->k};
}

/* What all threads need to know. */
typedef struct finishing {
  const tt_lists *lists;
  double          sign;
  const double   *base;
} finishing;

/* tt_task: a block of lists. */
static void finish_block(int64_t block, void *context)
{
  const finishing        *f = context;
  const tartan_neighbors *r = f->lists->result;
  const int64_t           end = tt_min(r->count, (block + 1) * BLOCK);

  for (int64_t i = block * BLOCK; i < end; i++) {
    tt_heap heap = tt_lists_heap(f->lists, i);

    tt_heap_sort(&heap);
    for (int64_t j = 0; j < heap.count; j++) heap.key[j] *= f->sign;
    for (int64_t j = 0; j < heap.count && f->base; j++) heap.key[j] += f->base[i];
    for (int64_t j = heap.count; j < r->k; j++) {
      heap.key[j] = NAN;
      heap.index[j] = -1;
    }
  }
}

void tt_lists_finish(const tt_lists *lists, double sign, const double *base)
{
  finishing f = {.lists = lists, .sign = sign, .base = base};

  tt_parallel_for(lists->grid->threads, tt_ceil_div(lists->result->count, BLOCK), finish_block, &f);
}

void tt_lists_end(tt_lists *lists)
{
  tt_free(lists->found);
  tartan_neighbors_destroy(&lists->result);
  lists->found = NULL;
}

tartan_status tt_search_measure(tartan_grid *grid, const tt_counters *before, int64_t used, double start,
                                tartan_cost *cost)
{
  const tt_counters *c = &grid->counters;
  const int64_t      layout[2] = {c->layout_sent - before->layout_sent, c->layout_received - before->layout_received};
  const int64_t      words[2] = {c->words_sent - before->words_sent - layout[0],
                                 c->words_received - before->words_received - layout[1]};
  const int64_t      bytes[2] = {c->bytes_sent - before->bytes_sent, c->bytes_received - before->bytes_received};
  double             v[] = {c->flops - before->flops,
                            (double)tt_max(words[0], words[1]),
                            (double)tt_max(layout[0], layout[1]),
                            (double)tt_max(bytes[0], bytes[1]),
                            (double)(c->messages - before->messages),
                            (double)(c->bytes_read - before->bytes_read),
                            (double)(grid->memory.peak - used),
                            tt_seconds() - start};
  tartan_status      st = TARTAN_OK;

  TRY(tt_allreduce_f64(grid, v, sizeof v / sizeof *v, TT_MAX));
  cost->flops = v[0];
  cost->words = v[1];
  cost->words_redistributed = v[2];
  cost->bytes_moved = v[3];
  cost->messages = v[4];
  cost->bytes_read = v[5];
  cost->memory = v[6];
  cost->seconds = v[7];
done:
  return st;
}

void tartan_neighbors_local(const tartan_neighbors *result, int64_t *first, int64_t *count, int64_t *k,
                            const int64_t **index, const double **score)
{
  if (first) *first = result->first;
  if (count) *count = result->count;
  if (k) *k = result->k;
  if (index) *index = result->index;
  if (score) *score = result->score;
}

void tartan_neighbors_destroy(tartan_neighbors **result)
{
  tartan_neighbors *r = result ? *result : NULL;

  if (!r) return;
  tt_free(r->score);
  tt_free(r->index);
  tt_free(r);
  *result = NULL;
}
