/*
 * A chain of products in the order that takes the fewest flops, by the dynamic program over all splits of all parts of
 * the chain (Godbole 1973). Equal orders: the one that multiplies from the left. Factors are freed as soon as they have
 * been multiplied.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tartan/blas.h>

#include "base/util.h"
#include "comm/collective.h"
#include "matrix/matrix.h"

typedef struct chain {
  int                         count;
  const tartan_matrix *const *A;
  double                     *flops; /* [count, count] of the best order of A_i .. A_j, at i + j count */
  int                        *split; /* [count, count] the last matrix of its left factor */
} chain;

/* Rows of A_i; for i = count the columns of the last. */
static int64_t size_of(const chain *c, int i)
{
  return i < c->count ? c->A[i]->row.n : c->A[c->count - 1]->col.n;
}

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

/* The best split of A_i .. A_j, whose parts are known. */
static void find_split(const chain *c, int i, int j)
{
  const double outer = 2.0 * (double)size_of(c, i) * (double)size_of(c, j + 1);
  const int    n = c->count;
  double      *best = &c->flops[i + (int64_t)j * n];

  *best = (double)INFINITY;
  for (int k = j - 1; k >= i; k--) {
    const double flops = c->flops[i + (int64_t)k * n] + c->flops[k + 1 + (int64_t)j * n] +
                         outer * (double)size_of(c, k + 1);

    if (!(flops < *best)) continue;
    *best = flops;
    c->split[i + (int64_t)j * n] = k;
  }
}

/* Best orders of longer and longer parts. */
static void find_order(const chain *c)
{
  for (int i = 0; i < c->count; i++) c->flops[i + (int64_t)i * c->count] = 0;
  for (int length = 2; length <= c->count; length++)
    for (int i = 0; i + length <= c->count; i++) find_split(c, i, i + length - 1);
}

/* The order as text, as much as fits. */
static void write_order(const chain *c, int i, int j, char *text, size_t size)
{
  const size_t used = strlen(text);

  if (i == j) {
    snprintf(text + used, size - used, "A%d", i);
    return;
  }
  snprintf(text + used, size - used, "(");
  write_order(c, i, c->split[i + (int64_t)j * c->count], text, size);
  snprintf(text + strlen(text), size - strlen(text), " ");
  write_order(c, c->split[i + (int64_t)j * c->count] + 1, j, text, size);
  snprintf(text + strlen(text), size - strlen(text), ")");
}

/* C := A_i .. A_j as a new matrix, of one matrix a copy. Collective. */
static tartan_status multiply(const chain *c, int i, int j, tartan_matrix **C)
{
  const int            k = c->split[i + (int64_t)j * c->count];
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
  write_order(c, 0, c->count - 1, cost->algorithm, sizeof cost->algorithm);
  snprintf(cost->reason, sizeof cost->reason, "%.3g flops, the fewest of all orders",
           c->flops[(int64_t)(c->count - 1) * c->count]);
done:
  return st;
}

tartan_status tartan_multi_dot(int count, const tartan_matrix *const *A, tartan_matrix **C, tartan_cost *cost)
{
  chain         c = {.count = count, .A = A};
  tt_counters   before;
  const double  since = tt_seconds();
  tartan_grid  *grid;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *C = NULL;
  if (cost) memset(cost, 0, sizeof *cost);
  TRY(check(&c));
  grid = A[0]->grid;
  before = grid->counters;
  c.flops = tt_alloc_zero(&grid->memory, (int64_t)count * count, sizeof *c.flops, "the orders of a product", &local);
  c.split = tt_alloc_zero(&grid->memory, (int64_t)count * count, sizeof *c.split, "the orders of a product", &local);
  AGREE(grid, local);
  find_order(&c);
  TRY(multiply(&c, 0, count - 1, C));
  if (cost) TRY(measure(&c, &before, since, cost));
done:
  if (st != TARTAN_OK) tartan_matrix_destroy(C);
  tt_free(c.split);
  tt_free(c.flops);
  return st;
}
