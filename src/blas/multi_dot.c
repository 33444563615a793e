/* A chain of products in the order of chain.h. Factors are freed as soon as they have been multiplied. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tartan/blas.h>

#include "base/util.h"
#include "blas/chain.h"
#include "comm/collective.h"
#include "matrix/matrix.h"

typedef struct chain {
  int                         count;
  const tartan_matrix *const *A;
  int                        *split; /* [count, count] of tt_chain_plan() */
  double                      flops;
} chain;

static tartan_status check(const chain *c)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(c->count >= 1, TARTAN_ERR_ARG, "a product of %d matrices", c->count);
  for (int i = 1; i < c->count; i++) {
    const tartan_matrix *left = c->A[i - 1], *right = c->A[i];

    REQUIRE(left->grid == right->grid, TARTAN_ERR_GRID, "the matrices of a product lie on two grids");
    REQUIRE(left->dtype == right->dtype, TARTAN_ERR_DTYPE, "a product of %s and %s matrices",
            tartan_dtype_name(left->dtype), tartan_dtype_name(right->dtype));
    REQUIRE(left->col.n == right->row.n, TARTAN_ERR_SHAPE, "a product: matrix %d is %lld x %lld, matrix %d %lld x %lld",
            i - 1, (long long)left->row.n, (long long)left->col.n, i, (long long)right->row.n, (long long)right->col.n);
  }
done:
  return st;
}

/* C := A_i .. A_j as a new matrix, of one matrix a copy. Collective. */
static tartan_status multiply(const chain *c, int i, int j, tartan_matrix **C)
{
  const int            k = c->split[i * c->count + j];
  tartan_matrix       *left = NULL, *right = NULL;
  const tartan_matrix *first = c->A[i], *last = c->A[j];
  tartan_status        st = TARTAN_OK;

  if (i == j) {
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, first, first->dtype, NULL, C));
    goto done;
  }
  if (k > i) TRY(multiply(c, i, k, &left));
  if (k + 1 < j) TRY(multiply(c, k + 1, j, &right));
  TRY(tartan_matrix_create(first->grid, first->dtype, first->row.n, last->col.n, NULL, C));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, left ? left : first, TARTAN_NO_TRANS, right ? right : last, 0, *C, NULL));
done:
  if (st != TARTAN_OK) tartan_matrix_destroy(C);
  tartan_matrix_destroy(&right);
  tartan_matrix_destroy(&left);
  return st;
}

/* What the rank counted since `before`: the largest of all ranks. Collective. */
static tartan_status measure(const chain *c, const tt_counters *before, double since, tartan_cost *cost)
{
  tartan_grid       *grid = c->A[0]->grid;
  const tt_counters *now = &grid->counters;
  const int64_t sent = now->words_sent - before->words_sent, received = now->words_received - before->words_received;
  const int64_t layout_sent = now->layout_sent - before->layout_sent;
  const int64_t layout_received = now->layout_received - before->layout_received;
  double        most[6] = {now->flops - before->flops,
                           (double)tt_max(sent - layout_sent, received - layout_received),
                           (double)tt_max(layout_sent, layout_received),
                           (double)(now->messages - before->messages),
                           (double)tt_max(now->bytes_sent - before->bytes_sent, now->bytes_received - before->bytes_received),
                           tt_seconds() - since};
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_f64(grid, most, 6, TT_MAX));
  cost->flops = most[0];
  cost->words = most[1];
  cost->words_redistributed = most[2];
  cost->messages = most[3];
  cost->bytes_moved = most[4];
  cost->seconds = most[5];
  tt_chain_text(c->count, c->split, cost->algorithm, sizeof cost->algorithm);
  snprintf(cost->reason, sizeof cost->reason, "%.3g flops, the fewest of all orders", c->flops);
done:
  return st;
}

/* The order, from the shapes. Collective. */
static tartan_status find_order(chain *c)
{
  tt_memory    *memory = &c->A[0]->grid->memory;
  int64_t      *shape = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  shape = tt_alloc(memory, c->count + 1, sizeof *shape, "the shapes of a product", &local);
  c->split = tt_alloc(memory, (int64_t)c->count * c->count, sizeof *c->split, "the orders of a product", &local);
  if (local == TARTAN_OK) {
    for (int i = 0; i < c->count; i++) shape[i] = c->A[i]->row.n;
    shape[c->count] = c->A[c->count - 1]->col.n;
    local = tt_chain_plan(memory, c->count, shape, c->split, &c->flops);
  }
  AGREE(c->A[0]->grid, local);
done:
  tt_free(shape);
  return st;
}

tartan_status tartan_multi_dot(int count, const tartan_matrix *const *A, tartan_matrix **C, tartan_cost *cost)
{
  chain         c = {.count = count, .A = A};
  tt_counters   before;
  const double  since = tt_seconds();
  tartan_status st = TARTAN_OK;

  *C = NULL;
  if (cost) memset(cost, 0, sizeof *cost);
  TRY(check(&c));
  before = A[0]->grid->counters;
  TRY(find_order(&c));
  TRY(multiply(&c, 0, count - 1, C));
  if (cost) TRY(measure(&c, &before, since, cost));
done:
  if (st != TARTAN_OK) tartan_matrix_destroy(C);
  tt_free(c.split);
  return st;
}
