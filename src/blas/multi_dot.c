/*
 * A chain of products in the order of chain.h, which takes the fewest flops. Each product is laid out as its own plan
 * has it fastest: in the grid's arrangement, or in slabs, where a long operand then stays. Factors are freed as soon as
 * they have been multiplied.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "blas/chain.h"
#include "blas/gemm_impl.h"
#include "comm/collective.h"

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

/* The grid's arrangement, slabs of rows, slabs of columns for a matrix [m, n]. */
static tt_layout candidate(const tartan_grid *grid, int which, int64_t m, int64_t n)
{
  const int       P = grid->size, p = which == 0 ? grid->p : which == 1 ? P : 1;
  const int       q = which == 0 ? grid->q : which == 1 ? 1 : P;
  const tt_layout layout = {.row = {.n = m, .nb = which == 1 ? tt_max(1, tt_ceil_div(m, P)) : TT_BLOCK, .procs = p},
                            .col = {.n = n, .nb = which == 2 ? tt_max(1, tt_ceil_div(n, P)) : TT_BLOCK, .procs = q}};

  return layout;
}

/* Where C = A B is to lie: what its plan has in the least time, by constant rates, so alike in every run. Collective. */
static tartan_status choose_layout(const tartan_matrix *A, const tartan_matrix *B, tt_layout *best)
{
  const tartan_gemm_opts opts = TARTAN_GEMM_OPTS_INIT;
  tartan_grid           *grid = A->grid;
  tt_gemm_shape          shape = {.grid = grid, .dtype = A->dtype, .m = A->row.n, .n = B->col.n, .k = A->col.n};
  double                 least = (double)INFINITY;
  tartan_status          st = TARTAN_OK;

  *best = candidate(grid, 0, shape.m, shape.n);
  shape.placed = shape.turned[1] = true;
  shape.a = tt_matrix_layout(A);
  shape.b = tt_matrix_layout(B);
  if (grid->size == 1 || shape.m == 0 || shape.n == 0 || shape.k == 0) goto done;
  for (int which = 0; which < 3; which++) {
    tt_gemm_plan plan = {.g.who = NULL};
    double       seconds;

    shape.c = candidate(grid, which, shape.m, shape.n);
    TRY(tt_gemm_plan_make(&shape, &opts, &plan));
    seconds = tt_gemm_seconds(&shape, &plan, grid->rates.flops * grid->threads);
    tt_free(plan.g.who);
    if (seconds < least) *best = shape.c;
    least = fmin(least, seconds);
  }
done:
  return st;
}

/* C := A B as a new matrix. Collective. */
static tartan_status multiply_two(const tartan_matrix *A, const tartan_matrix *B, tartan_matrix **C)
{
  tt_layout     layout;
  tartan_status st = TARTAN_OK;

  TRY(choose_layout(A, B, &layout));
  TRY(tt_matrix_create_layout(A->grid, A->dtype, &layout, NULL, 0, C));
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, B, 0, *C, NULL));
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
  TRY(multiply_two(left ? left : first, right ? right : last, C));
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
