/*
 * Divide and conquer over ranks: B is scaled, cut into one part for each rank, the parts are solved by LAPACK, and merged
 * two and two (bidiagonal_merge.c). All numbers that decide are the same on every rank: d and e came from one of them.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "ext/lapack_bidiagonal.h"
#include "factor/bidiagonal.h"
#include "factor/bidiagonal_merge.h"
#include "kernel/dense.h"

typedef struct order {
  double  d;
  int64_t column;
} order;

static int falling(const void *x, const void *y)
{
  const order *a = x, *b = y;

  if (a->d != b->d) return a->d > b->d ? -1 : 1;
  return a->column < b->column ? -1 : a->column > b->column;
}

/* Brings the largest element to between 1 and 2; what to multiply the values with afterwards. Local. */
static double scale(int64_t n, double *d, double *e)
{
  double largest = 0;
  int    power = 0;

  for (int64_t i = 0; i < n; i++) largest = fmax(largest, fmax(fabs(d[i]), i + 1 < n ? fabs(e[i]) : 0));
  frexp(largest, &power);
  for (int64_t i = 0; i < n; i++) {
    d[i] = ldexp(d[i], 1 - power);
    if (fabs(d[i]) < DBL_EPSILON / 2) d[i] = copysign(DBL_EPSILON / 2, d[i]); /* ?lasd0 wants no zeros */
    if (i + 1 < n) e[i] = ldexp(e[i], 1 - power);
  }
  return largest == 0 ? 0 : ldexp(1, power - 1);
}

static void conquest_free(tt_conquest *c)
{
  tt_free(c->start);
  tt_free(c->d);
  tt_free(c->Q);
  tt_free(c->P);
  tt_free(c->V);
  tt_free(c->U);
}

/* Slabs of equal height; the last ranks may have less or nothing. Local. TARTAN_ERR_NOMEM. */
static tartan_status conquest_make(tartan_grid *grid, const tt_bidiagonal *b, tt_conquest *c)
{
  const int64_t n = b->n, height = tt_ceil_div(n, grid->size), from = tt_min(n, grid->rank * height);
  tartan_status local = TARTAN_OK;

  *c = (tt_conquest){.grid = grid, .n = n, .alpha = b->d, .beta = b->e, .mine = tt_min(height, n - from)};
  c->parts = (int)tt_ceil_div(n, height);
  c->U = tt_alloc_zero(&grid->memory, c->mine * n, sizeof *c->U, "left singular vectors", &local);
  c->V = tt_alloc_zero(&grid->memory, c->mine * n, sizeof *c->V, "right singular vectors", &local);
  c->P = tt_alloc(&grid->memory, c->mine * n, sizeof *c->P, "old left singular vectors", &local);
  c->Q = tt_alloc(&grid->memory, c->mine * n, sizeof *c->Q, "old right singular vectors", &local);
  c->d = tt_alloc_zero(&grid->memory, 3 * n, sizeof *c->d, "singular values", &local);
  c->start = tt_alloc(&grid->memory, grid->size + 1, sizeof *c->start, "slabs", &local);
  if (local != TARTAN_OK) return local;
  c->share = c->d + n;
  for (int r = 0; r <= grid->size; r++) c->start[r] = tt_min(n, r * height);
  return local;
}

/* This rank's part of B by LAPACK: without its last row, but for the last part. Local. Errors of tt_lasd0(). */
static tartan_status solve_part(tt_conquest *c)
{
  const int     rank = c->grid->rank, extra = rank + 1 < c->parts;
  const int64_t m = c->mine, n = m - extra, at = c->start[rank];
  double       *e = c->share;
  tartan_status st = TARTAN_OK;

  if (m == 0) goto done;
  memcpy(c->d + at, c->alpha + at, (size_t)n * sizeof *c->d);
  memcpy(e, c->beta + at, (size_t)(m - 1) * sizeof *e);
  TRY(tt_lasd0(&c->grid->memory, n, extra, c->d + at, e, c->P, c->Q));
  tt_copy_local(TARTAN_F64, c->P, tt_max(1, n), TARTAN_F64, c->U + at * m, m, n, n);
  tt_transpose_local(TARTAN_F64, c->Q, m, c->V + at * m, m, m, m);
done:
  return st;
}

/* Columns of X in descending order of their values, as a matrix in slabs. Collective. */
static tartan_status deliver(const tt_conquest *c, const order *sorted, const double *X, tartan_matrix **out)
{
  const tartan_matrix_opts slabs = {.size = sizeof slabs,
                                    .mb = c->start[1],
                                    .nb = TT_BLOCK,
                                    .p = c->grid->size,
                                    .q = 1};
  tartan_status            st = TARTAN_OK;

  TRY(tt_matrix_create_raw(c->grid, TARTAN_F64, c->n, c->n, &slabs, out));
  for (int64_t j = 0; j < c->n && c->mine > 0; j++)
    memcpy((double *)(*out)->data + j * (*out)->ld, X + sorted[j].column * c->mine, (size_t)c->mine * sizeof *X);
done:
  return st;
}

/* Parts, merges. Collective. */
static tartan_status conquer(tt_conquest *c)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  local = solve_part(c);
  AGREE(c->grid, local);
  for (int step = 1; step < c->parts; step *= 2) TRY(tt_conquest_level(c, step));
  TRY(tt_bcast(c->grid, c->d, c->n, sizeof *c->d, 0));
done:
  return st;
}

tartan_status tt_bidiagonal_solve(tartan_grid *grid, tt_bidiagonal *b, double *s, tartan_matrix **U, tartan_matrix **V)
{
  const double  back = scale(b->n, b->d, b->e);
  tt_conquest   c;
  order        *sorted = NULL;
  double        t = tt_seconds();
  int           threads = 0;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  local = conquest_make(grid, b, &c);
  sorted = tt_alloc(&grid->memory, b->n, sizeof *sorted, "the order of singular values", &local);
  AGREE(grid, local);
  threads = tt_blas_threads_begin(grid);
  st = conquer(&c);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  if (st != TARTAN_OK) goto done;
  for (int64_t i = 0; i < b->n; i++) sorted[i] = (order){.d = c.d[i], .column = i};
  qsort(sorted, (size_t)b->n, sizeof *sorted, falling);
  for (int64_t i = 0; i < b->n; i++) s[i] = back * sorted[i].d;
  tt_free(c.P);
  tt_free(c.Q);
  c.P = c.Q = NULL;
  TRY(deliver(&c, sorted, c.U, U));
  TRY(deliver(&c, sorted, c.V, V));
done:
  if (st != TARTAN_OK) {
    tartan_matrix_destroy(U);
    tartan_matrix_destroy(V);
  }
  tt_free(sorted);
  conquest_free(&c);
  return st;
}

tartan_status tt_bidiagonal_values(tartan_grid *grid, tt_bidiagonal *b, double *s)
{
  double        t = tt_seconds();
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) {
    local = tt_bidiagonal_values_local(&grid->memory, b->n, b->d, b->e);
    if (local == TARTAN_OK) memcpy(s, b->d, (size_t)b->n * sizeof *s);
  }
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  TRY(tt_bcast(grid, s, b->n, sizeof *s, 0));
done:
  return st;
}
