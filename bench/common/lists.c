/* Products alone, and the lists of a product in memory. */
#include "common/lists.h"

#include <tartan/blas.h>

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "kernel/parallel.h"
#include "matrix/matrix.h"
#include "model/search_impl.h"

tartan_status bench_tiles_make(bench_tiles *t)
{
  const size_t  w = tartan_dtype_size(t->dtype);
  tt_memory    *mem = &t->grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  t->x = tt_alloc(mem, t->tile * t->d, w, "items of a product", &local);
  t->y = tt_alloc(mem, t->mine * t->d, w, "queries of a product", &local);
  t->c = tt_alloc(mem, t->grid->threads * t->block * TT_SEARCH_ITEMS, w, "scores", &local);
  AGREE(t->grid, local);
  tt_set_local(t->dtype, 0.5, t->x, tt_max(1, t->d), t->d, t->tile);
  tt_set_local(t->dtype, 0.25, t->y, tt_max(1, t->d), t->d, t->mine);
done:
  return st;
}

void bench_tiles_free(bench_tiles *t)
{
  tt_free(t->c);
  tt_free(t->y);
  tt_free(t->x);
}

/* tt_task: one block of queries with a tile of items, in the order of the search. */
static void multiply_block(int64_t block, void *context)
{
  const bench_tiles *t = context;
  const int64_t      w = (int64_t)tartan_dtype_size(t->dtype), ld = tt_max(1, t->d), first = block * t->block;
  const int64_t      queries = tt_min(t->block, t->mine - first);
  char              *c = t->c + tt_thread_index() * t->block * TT_SEARCH_ITEMS * w;

  for (int64_t i = 0; i < t->tile; i += TT_SEARCH_ITEMS)
    tt_gemm_local(t->dtype, TARTAN_TRANS, TARTAN_NO_TRANS, tt_min(TT_SEARCH_ITEMS, t->tile - i), queries, t->d, 1,
                  t->x + i * t->d * w, ld, t->y + first * t->d * w, ld, 0, c, TT_SEARCH_ITEMS);
}

void bench_tiles_run(const bench_tiles *t)
{
  const int64_t tiles = t->n / tt_max(1, t->tile);
  bench_tiles   copy = *t;

  for (int64_t i = 0; i < tiles; i++)
    tt_parallel_for(t->grid->threads, tt_ceil_div(t->mine, t->block), multiply_block, &copy);
}

/* On rank 0: the best scores of each query as a product has them against those of lists. Local. */
static double worst_of(const tartan_matrix *C, const void *product, int64_t k, const double *score)
{
  const int64_t n = C->row.n, kept = tt_min(k, n);
  tartan_status local = TARTAN_OK;
  tt_heap       heap = {.room = kept};
  double        worst = 0;

  heap.key = tt_alloc(NULL, kept, sizeof *heap.key, "a list", &local);
  heap.index = tt_alloc(NULL, kept, sizeof *heap.index, "a list", &local);
  for (int64_t i = 0; i < C->col.n && local == TARTAN_OK; i++) {
    heap.count = 0;
    for (int64_t r = 0; r < n; r++) tt_heap_offer(&heap, tt_get_element(C->dtype, product, n, r, i), r);
    tt_heap_sort(&heap);
    for (int64_t r = 0; r < kept; r++) worst = fmax(worst, fabs(heap.key[r] - score[i * k + r]));
  }
  tt_free(heap.index);
  tt_free(heap.key);
  return worst;
}

tartan_status bench_lists_compare(const tartan_neighbors *result, tartan_matrix *C, int64_t d, double *worst)
{
  tartan_grid  *grid = C->grid;
  const double *score = NULL;
  double       *all = NULL;
  void         *product = NULL;
  int64_t      *counts = NULL, own = 0, k = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  tartan_neighbors_local(result, NULL, &own, &k, NULL, &score);
  own *= k;
  counts = tt_alloc(NULL, grid->size, sizeof *counts, "counts", &local);
  all = tt_alloc(NULL, C->col.n * k, sizeof *all, "scores", &local);
  product = tt_alloc(NULL, C->row.n * C->col.n, tartan_dtype_size(C->dtype), "a product", &local);
  AGREE(grid, local);
  TRY(tt_allgather(grid, &own, 1, sizeof own, counts));
  TRY(tt_gatherv(grid, score, counts, sizeof *score, all, 0));
  TRY(tartan_matrix_gather(C, 0, product));
  if (grid->rank == 0) *worst = worst_of(C, product, k, all);
  TRY(tt_bcast(grid, worst, 1, sizeof *worst, 0));
  *worst /= (double)d * (C->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53) * (double)tt_max(1, d);
done:
  tt_free(product);
  tt_free(all);
  tt_free(counts);
  return st;
}
