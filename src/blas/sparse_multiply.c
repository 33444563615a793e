/*
 * Y := op(A) X for a sparse A. X is laid out as one range of rows for each rank, the rows that A's columns need are
 * exchanged once, each rank multiplies its rows segment by segment, and of rows that are cut between ranks the sums of
 * segments go to the row's owner, who adds them in order.
 */
#include <string.h>

#include "base/util.h"
#include "blas/sparse_product.h"
#include "kernel/convert.h"
#include "kernel/parallel.h"
#include "kernel/sparse.h"

#define SEGMENT TARTAN_SPARSE_SEGMENT
#define TOGETHER 64 /* rows of a task */

/* A product under way. */
typedef struct work {
  tt_sparse_product *of;
  int64_t            b;
  size_t             width; /* bytes of a dense row */
  char              *y;     /* [b, rows owned here] */
  char              *rows;  /* [needed, b] */
  char *lead, *sum; /* sums of the segments of a first row that is another rank's; of one segment, for each thread */
  tt_routes words;  /* of the elements of these sums */
  char     *follow; /* those that come here */
} work;

/* Whether the first local row is owned by a lower rank. */
static int64_t led(const tartan_sparse *A)
{
  return A->rows > 0 && A->before > 0;
}

/* Segments of the first local row, if that is another rank's. */
static int64_t leading(const tartan_sparse *A)
{
  return led(A) ? tt_ceil_div(A->ptr[1], SEGMENT) : 0;
}

/* ------------------------------------------------------------------------------------------------ what stays */

tartan_status tt_sparse_product_make(const tartan_sparse *A, tartan_dtype dtype, const int64_t *starts,
                                     tt_sparse_product *product)
{
  tartan_grid  *grid = A->grid;
  const int     P = grid->size;
  const int64_t count = A->ptr[A->rows];
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *product = (tt_sparse_product){.A = A,
                                 .dtype = dtype,
                                 .value = A->value,
                                 .needed = {.grid = grid},
                                 .routes = {.grid = grid}};
  product->starts = tt_alloc(&grid->memory, P + (int64_t)1, sizeof *product->starts, "ranges of rows", &local);
  if (dtype != A->dtype)
    product->wide = tt_alloc(&grid->memory, count, sizeof *product->wide, "values of a sparse matrix", &local);
  tt_routes_make(grid, &product->routes, &local);
  AGREE(grid, local);
  for (int r = 0; r <= P; r++) product->starts[r] = starts ? starts[r] : A->n / P * r + tt_min(r, A->n % P);
  if (dtype != A->dtype) {
    tt_convert(tt_element_of(A->dtype), A->value, count, TARTAN_F64, product->wide);
    product->value = product->wide;
  }
  TRY(tt_needed_make(A, product->starts, &product->needed));
  if (led(A)) product->routes.send_count[tt_sparse_owner(A, A->first)] = leading(A);
  TRY(tt_routes_tell(&product->routes));
done:
  return st;
}

void tt_sparse_product_end(tt_sparse_product *product)
{
  if (!product->A) return;
  tt_routes_free(&product->routes);
  tt_needed_end(&product->needed);
  tt_free(product->wide);
  tt_free(product->starts);
  memset(product, 0, sizeof *product);
}

/* ------------------------------------------------------------------------------------------------ one product */

/* Local row i from its segments: into y one after the other, or each to its own place. */
static void multiply_row(const work *p, int64_t i, bool apart, char *y)
{
  const tartan_sparse *A = p->of->A;
  const tartan_dtype   dtype = p->of->dtype;
  char                *sum = p->sum + (size_t)tt_thread_index() * p->width;

  for (int64_t e = A->ptr[i]; e < A->ptr[i + 1] || e == A->ptr[i]; e += SEGMENT) {
    const int64_t count = tt_min(SEGMENT, A->ptr[i + 1] - e);
    const bool    first = e == A->ptr[i];

    tt_sparse_dot(dtype, count, p->of->needed.local + e, p->of->value, e, p->rows, p->b, first || apart ? y : sum);
    if (!first && !apart) tt_sparse_add(dtype, p->b, sum, y);
    if (apart) y += p->width;
  }
}

/* Task: some of the rows. */
static void multiply_some(int64_t t, void *context)
{
  const work          *p = context;
  const tartan_sparse *A = p->of->A;

  for (int64_t i = t * TOGETHER; i < tt_min(A->rows, (t + 1) * TOGETHER); i++) {
    if (i == 0 && led(A))
      multiply_row(p, i, true, p->lead);
    else
      multiply_row(p, i, false, p->y + (size_t)(i - led(A)) * p->width);
  }
}

/* Sums of segments go to the owner of the row, who has it last. */
static tartan_status add_parts(work *p)
{
  const tartan_sparse *A = p->of->A;
  const tartan_dtype   dtype = p->of->dtype;
  const int64_t        owned = A->rows - led(A);
  tartan_status        st = TARTAN_OK;

  TRY(tt_routes_go(&p->words, p->lead, tartan_dtype_size(dtype), p->follow));
  for (int64_t s = 0; s < p->of->routes.received; s++)
    tt_sparse_add(dtype, p->b, p->follow + (size_t)s * p->width, p->y + (size_t)(owned - 1) * p->width);
done:
  return st;
}

static tartan_status begin(work *p)
{
  tt_sparse_product *of = p->of;
  tartan_grid       *grid = of->A->grid;
  tt_memory         *mem = &grid->memory;
  tartan_status      st = TARTAN_OK, local = TARTAN_OK;

  tt_routes_make(grid, &p->words, &local);
  p->rows = tt_alloc(mem, of->needed.needed, p->width, "rows of X", &local);
  p->lead = tt_alloc(mem, leading(of->A), p->width, "sums of segments", &local);
  p->sum = tt_alloc(mem, grid->threads, p->width, "sums of segments", &local);
  p->follow = tt_alloc(mem, of->routes.received, p->width, "sums of other ranks", &local);
  AGREE(grid, local);
  tt_routes_widen(&of->routes, p->b, &p->words);
done:
  return st;
}

static void end(work *p)
{
  tt_free(p->follow);
  tt_free(p->sum);
  tt_free(p->lead);
  tt_free(p->rows);
  tt_routes_free(&p->words);
}

tartan_status tt_sparse_product_ranges(tt_sparse_product *of, const tartan_matrix *X, tartan_matrix *Y)
{
  const size_t  size = tartan_dtype_size(of->dtype);
  tartan_grid  *grid = of->A->grid;
  work          p = {.of = of, .b = X->row.n, .width = (size_t)X->row.n * size, .y = Y->data, .words = {.grid = grid}};
  double        since = 0;
  tartan_status st = TARTAN_OK;

  TRY(begin(&p));
  TRY(tt_needed_exchange(&of->needed, X->data, p.b, size, p.rows));
  since = tt_seconds();
  tt_parallel_for(grid->threads, tt_ceil_div(of->A->rows, TOGETHER), multiply_some, &p);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &since);
  grid->counters.flops += 2 * (double)of->A->ptr[of->A->rows] * (double)p.b;
  TRY(add_parts(&p));
done:
  end(&p);
  return st;
}

tartan_status tt_sparse_product_run(tt_sparse_product *of, const tartan_matrix *X, tartan_matrix *Y)
{
  const tartan_sparse *A = of->A;
  const int64_t        b = X->col.n;
  tartan_matrix       *x = NULL, *y = NULL;
  tartan_status        st = TARTAN_OK;

  TRY(tt_matrix_create_ranges(A->grid, of->dtype, b, A->n, of->starts, NULL, &x));
  TRY(tartan_matrix_copy(TARTAN_TRANS, X, x));
  TRY(tt_matrix_create_ranges(A->grid, of->dtype, b, A->m, A->owner, NULL, &y));
  TRY(tt_sparse_product_ranges(of, x, y));
  TRY(tartan_matrix_copy(TARTAN_TRANS, y, Y));
done:
  tartan_matrix_destroy(&y);
  tartan_matrix_destroy(&x);
  return st;
}

tartan_status tartan_sparse_multiply(tartan_op op, const tartan_sparse *A, const tartan_matrix *X, tartan_matrix *Y)
{
  const int64_t     in = op == TARTAN_TRANS ? A->m : A->n, out = op == TARTAN_TRANS ? A->n : A->m;
  tartan_sparse    *At = NULL;
  tt_sparse_product product = {.A = NULL};
  tartan_status     st = TARTAN_OK;

  REQUIRE(X->grid == A->grid && Y->grid == A->grid, TARTAN_ERR_GRID, "sparse product: the operands lie on other grids");
  REQUIRE(X->dtype == A->dtype && Y->dtype == A->dtype, TARTAN_ERR_DTYPE, "sparse product: A is %s, X is %s, Y is %s",
          tartan_dtype_name(A->dtype), tartan_dtype_name(X->dtype), tartan_dtype_name(Y->dtype));
  REQUIRE(X->row.n == in && Y->row.n == out && X->col.n == Y->col.n, TARTAN_ERR_SHAPE,
          "sparse product: op(A) is %lld x %lld, X is %lld x %lld, Y is %lld x %lld", (long long)out, (long long)in,
          (long long)X->row.n, (long long)X->col.n, (long long)Y->row.n, (long long)Y->col.n);
  if (op == TARTAN_TRANS) {
    TRY(tartan_sparse_transpose(A, 1, &At));
    A = At;
  }
  TRY(tt_sparse_product_make(A, A->dtype, NULL, &product));
  TRY(tt_sparse_product_run(&product, X, Y));
done:
  tt_sparse_product_end(&product);
  tartan_sparse_destroy(&At);
  return st;
}
