/* The best items of each user by plain loops: every score of a user, and a heap. */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/topn.h"
#include "model/predictor_impl.h"
#include "model/search_impl.h"
#include "sparse/rows.h"

tartan_status tartan_predictor_topn_plan(const tartan_predictor *p, const tartan_profiles *profiles,
                                         const tartan_topn_opts *opts, tartan_cost *plan)
{
  memset(plan, 0, sizeof *plan);
  snprintf(plan->algorithm, sizeof plan->algorithm, "dense");
  plan->memory = 8.0 * (double)p->v.items * (double)tt_max(1, p->v.factors) +
                 16.0 * (double)(profiles->own * opts->count);
  return TARTAN_OK;
}

/* All of a matrix in ranges on every rank, as f64. Collective. */
static tartan_status everywhere(const tartan_matrix *A, double **all)
{
  tartan_grid  *grid = A->grid;
  double       *mine = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  mine = tt_alloc(&grid->memory, A->mloc * A->nloc, sizeof *mine, "columns", &local);
  *all = tt_alloc(&grid->memory, A->row.n * A->col.n, sizeof **all, "columns", &local);
  AGREE(grid, local);
  tt_copy_local(A->dtype, A->data, A->ld, TARTAN_F64, mine, A->row.n, A->row.n, A->nloc);
  TRY(tt_allgatherv(grid, mine, A->row.n * A->nloc, A->row.n * A->col.n, sizeof *mine, *all));
done:
  tt_free(mine);
  return st;
}

typedef struct work {
  double        *items, *bias; /* [items, k] factors or columns of weights; [items] */
  tt_sparse_rows seen, history;
} work;

static double key(const tartan_profiles *x, const work *w, int64_t user, int64_t item)
{
  const int64_t k = x->p->v.factors, n = x->p->v.items;
  double        sum = w->bias ? w->bias[item] : 0;

  if (x->history) {
    for (int64_t e = w->history.ptr[user]; e < w->history.ptr[user + 1]; e++)
      sum += w->history.value[e] * w->items[item * n + w->history.col[e]];
    return sum;
  }
  for (int64_t j = 0; j < k; j++) sum += tt_get_element(x->X->dtype, x->X->data, k, j, user) * w->items[item * k + j];
  return sum;
}

static void serve(const tartan_profiles *x, const tartan_topn_opts *o, const work *w, int64_t user, tartan_neighbors *r)
{
  tt_heap heap = {.room = r->k, .key = r->score + user * r->k, .index = r->index + user * r->k};
  int64_t e = o->seen ? w->seen.ptr[user] : 0;

  for (int64_t i = 0; i < x->p->v.items; i++) {
    while (o->seen && e < w->seen.ptr[user + 1] && w->seen.col[e] < i) e++;
    if (o->seen && e < w->seen.ptr[user + 1] && w->seen.col[e] == i) continue;
    if (o->allowed && !o->allowed[i]) continue;
    tt_heap_offer(&heap, key(x, w, user, i), i);
  }
  tt_heap_sort(&heap);
  for (int64_t j = 0; j < heap.count; j++) heap.key[j] += x->p->v.mean + x->bias[user];
  for (int64_t j = heap.count; j < r->k; j++) {
    heap.key[j] = (double)NAN;
    heap.index[j] = -1;
  }
}

tartan_status tartan_predictor_topn(const tartan_predictor *p, const tartan_profiles *x, const tartan_topn_opts *opts,
                                    tartan_neighbors **result, tartan_cost *cost)
{
  const tartan_topn_opts o = opts ? *opts : (tartan_topn_opts)TARTAN_TOPN_OPTS_INIT;
  const tartan_matrix   *Y = p->v.weights ? p->v.weights : p->v.item_factors;
  tt_memory             *memory = &p->grid->memory;
  tartan_neighbors      *r = NULL;
  work                   w = {NULL};
  tartan_status          st = TARTAN_OK, local = TARTAN_OK;

  *result = NULL;
  REQUIRE(o.count >= 1, TARTAN_ERR_ARG, "%lld items for each user: give 1 or more", (long long)o.count);
  REQUIRE(!o.seen || (o.seen->m == x->count && o.seen->n == p->v.items), TARTAN_ERR_SHAPE,
          "seen items of another shape");
  if (Y) TRY(everywhere(Y, &w.items));
  if (p->v.item_bias) TRY(everywhere(p->v.item_bias, &w.bias));
  if (o.seen) TRY(tt_sparse_rows_gather(o.seen, x->starts, &w.seen));
  if (x->history) TRY(tt_sparse_rows_gather(x->history, x->starts, &w.history));
  r = tt_alloc_zero(memory, 1, sizeof *r, "results", &local);
  AGREE(p->grid, local);
  *r = (tartan_neighbors){.first = x->first, .count = x->own, .k = o.count};
  r->index = tt_alloc(memory, x->own * o.count, sizeof *r->index, "results", &local);
  r->score = tt_alloc(memory, x->own * o.count, sizeof *r->score, "results", &local);
  AGREE(p->grid, local);
  for (int64_t u = 0; u < x->own; u++) serve(x, &o, &w, u, r);
  if (cost) TRY(tartan_predictor_topn_plan(p, x, &o, cost));
  *result = r;
  r = NULL;
done:
  tartan_neighbors_destroy(&r);
  tt_sparse_rows_free(&w.history);
  tt_sparse_rows_free(&w.seen);
  tt_free(w.bias);
  tt_free(w.items);
  return st;
}
