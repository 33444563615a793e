/*
 * Y := op(A) X for a sparse A. X is laid out as one range of rows for each rank, the rows that A's columns need are
 * exchanged once, each rank multiplies its rows segment by segment, and of rows that are cut between ranks the sums of
 * segments go to the row's owner, who adds them in order.
 */
#include <tartan/sparse.h>

#include "base/util.h"
#include "kernel/sparse.h"
#include "matrix/matrix.h"
#include "sparse/sparse.h"

#define SEGMENT TARTAN_SPARSE_SEGMENT

/* A product under way. */
typedef struct product {
  const tartan_sparse *A;
  int64_t              b;
  size_t               width; /* bytes of a dense row */
  tartan_matrix       *X, *Y; /* [b, n], [b, m] in ranges of columns */
  tt_needed            needed;
  char                *rows;       /* [needed, b] */
  char                *lead, *sum; /* sums of the segments of a first row that is another rank's; of one segment */
  tt_routes            routes;     /* of these sums */
  tt_routes            words;      /* of their elements */
  char                *follow;     /* those that come here */
} product;

/* Whether the first local row is owned by a lower rank. */
static int64_t led(const tartan_sparse *A)
{
  return A->rows > 0 && A->before > 0;
}

/* Local row i from its segments: into y one after the other, or each to its own place. */
static void multiply_row(const product *p, int64_t i, bool apart, char *y)
{
  const tartan_sparse *A = p->A;

  for (int64_t e = A->ptr[i]; e < A->ptr[i + 1] || e == A->ptr[i]; e += SEGMENT) {
    const int64_t count = tt_min(SEGMENT, A->ptr[i + 1] - e);
    const bool    first = e == A->ptr[i];

    tt_sparse_dot(A->dtype, count, p->needed.local + e, A->value, e, p->rows, p->b, first || apart ? y : p->sum);
    if (!first && !apart) tt_sparse_add(A->dtype, p->b, p->sum, y);
    if (apart) y += p->width;
  }
}

static void multiply_rows(const product *p)
{
  const tartan_sparse *A = p->A;
  char                *y = p->Y->data;

  if (led(A)) multiply_row(p, 0, true, p->lead);
  for (int64_t i = led(A); i < A->rows; i++, y += p->width) multiply_row(p, i, false, y);
}

/* Sums of segments go to the owner of the row, who has it last. */
static tartan_status add_parts(product *p)
{
  const tartan_sparse *A = p->A;
  const int64_t        owned = A->rows - led(A);
  tartan_status        st = TARTAN_OK;

  TRY(tt_routes_go(&p->words, p->lead, tartan_dtype_size(A->dtype), p->follow));
  for (int64_t s = 0; s < p->routes.received; s++)
    tt_sparse_add(A->dtype, p->b, p->follow + (size_t)s * p->width,
                  (char *)p->Y->data + (size_t)(owned - 1) * p->width);
done:
  return st;
}

/* X and Y in ranges, the lists, and all memory. */
static tartan_status prepare(product *p, const tartan_matrix *X)
{
  const tartan_sparse *A = p->A;
  tartan_grid         *grid = A->grid;
  const int            P = grid->size;
  const int64_t        lead = led(A) ? tt_ceil_div(A->ptr[1], SEGMENT) : 0;
  tt_memory           *mem = &grid->memory;
  int64_t             *starts;
  tartan_status        st = TARTAN_OK, local = TARTAN_OK;

  starts = tt_alloc(NULL, P + (int64_t)1, sizeof *starts, "ranges of rows", &local);
  tt_routes_make(grid, &p->routes, &local);
  tt_routes_make(grid, &p->words, &local);
  AGREE(grid, local);
  for (int r = 0; r <= P; r++) starts[r] = A->n / P * r + tt_min(r, A->n % P);
  TRY(tt_needed_make(A, starts, &p->needed));
  TRY(tt_matrix_create_ranges(grid, A->dtype, p->b, A->n, starts, NULL, &p->X));
  TRY(tartan_matrix_copy(TARTAN_TRANS, X, p->X));
  TRY(tt_matrix_create_ranges(grid, A->dtype, p->b, A->m, A->owner, NULL, &p->Y));
  if (lead > 0) p->routes.send_count[tt_sparse_owner(A, A->first)] = lead;
  TRY(tt_routes_tell(&p->routes));
  tt_routes_widen(&p->routes, p->b, &p->words);
  p->rows = tt_alloc(mem, p->needed.needed, p->width, "rows of X", &local);
  p->lead = tt_alloc(mem, lead, p->width, "sums of segments", &local);
  p->sum = tt_alloc(mem, 1, p->width, "sums of segments", &local);
  p->follow = tt_alloc(mem, p->routes.received, p->width, "sums of other ranks", &local);
  AGREE(grid, local);
done:
  tt_free(starts);
  return st;
}

static void end(product *p)
{
  tt_free(p->follow);
  tt_free(p->sum);
  tt_free(p->lead);
  tt_free(p->rows);
  tt_routes_free(&p->words);
  tt_routes_free(&p->routes);
  tt_needed_end(&p->needed);
  tartan_matrix_destroy(&p->Y);
  tartan_matrix_destroy(&p->X);
}

static tartan_status multiply(const tartan_sparse *A, const tartan_matrix *X, tartan_matrix *Y)
{
  product       p = {.A = A,
                     .b = X->col.n,
                     .needed = {.grid = A->grid},
                     .routes = {.grid = A->grid},
                     .words = {.grid = A->grid}};
  double        since = 0;
  tartan_status st = TARTAN_OK;

  p.width = (size_t)p.b * tartan_dtype_size(A->dtype);
  TRY(prepare(&p, X));
  TRY(tt_needed_exchange(&p.needed, p.X->data, p.b, tartan_dtype_size(A->dtype), p.rows));
  since = tt_seconds();
  multiply_rows(&p);
  tt_grid_phase(A->grid, TARTAN_PHASE_COMPUTE, &since);
  A->grid->counters.flops += 2 * (double)A->ptr[A->rows] * (double)p.b;
  TRY(add_parts(&p));
  TRY(tartan_matrix_copy(TARTAN_TRANS, p.Y, Y));
done:
  end(&p);
  return st;
}

tartan_status tartan_sparse_multiply(tartan_op op, const tartan_sparse *A, const tartan_matrix *X, tartan_matrix *Y)
{
  const int64_t  in = op == TARTAN_TRANS ? A->m : A->n, out = op == TARTAN_TRANS ? A->n : A->m;
  tartan_sparse *At = NULL;
  tartan_status  st = TARTAN_OK;

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
  TRY(multiply(A, X, Y));
done:
  tartan_sparse_destroy(&At);
  return st;
}
