/*
 * Applying an operator: an f64 matrix in memory by products of matrices, a sparse one by its entries (sparse.c), all others by
 * one pass over the rows. In a pass the
 * operand on the side of the features, [n, b], is held by every rank as its transpose; that on the side of the samples
 * lies in row ranges like the operator itself. Rows go through local products in tiles of at most 256.
 */
#include <math.h>
#include <string.h>

#include <tartan/blas.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "oper/operator.h"
#include "oper/segments.h"

#define UNIT 256 /* rows of a tile */

/* What the three kinds of application share. */
typedef struct application {
  const tartan_operator *op;
  int64_t                b;
  tt_pass                pass;
  int64_t               *starts;
  double                *tile;   /* [UNIT, n] row-major: rows as f64 */
  double                *narrow; /* [n, b] column-major, whole, on every rank: operand or sum */
  double                *sum;    /* [n, b] */
  tartan_matrix         *wide;   /* [b, m] in ranges: operand or result on the side of the samples */
  double                *z;      /* [b, UNIT] */
} application;

static void application_end(application *a)
{
  tartan_matrix_destroy(&a->wide);
  tt_free(a->z);
  tt_free(a->sum);
  tt_free(a->narrow);
  tt_free(a->tile);
  tt_free(a->starts);
}

static tartan_status application_begin(const tartan_operator *op, int64_t b, bool wide, application *a)
{
  tartan_grid  *grid = op->grid;
  tt_memory    *mem = &grid->memory;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(a, 0, sizeof *a);
  a->op = op;
  a->b = b;
  a->starts = tt_alloc(mem, grid->size + 1, sizeof *a->starts, "the ranges of a pass", &local);
  a->tile = tt_alloc(mem, UNIT * op->n, sizeof *a->tile, "a tile of rows", &local);
  a->narrow = tt_alloc_zero(mem, op->n * b, sizeof *a->narrow, "an operand", &local);
  a->sum = tt_alloc_zero(mem, op->n * b, sizeof *a->sum, "a sum", &local);
  a->z = tt_alloc(mem, UNIT * b, sizeof *a->z, "a product", &local);
  AGREE(grid, local);
  tt_rows_partition(op->m, UNIT, grid->size, a->starts);
  if (wide) TRY(tt_matrix_create_ranges(grid, TARTAN_F64, b, op->m, a->starts, NULL, &a->wide));
done:
  return st;
}

/* X [n, b] whole on every rank. Collective. */
static tartan_status replicate(application *a, const tartan_matrix *X)
{
  tartan_grid   *grid = a->op->grid;
  tartan_matrix *x = NULL;
  tartan_status  st = TARTAN_OK;

  if (X->dtype != TARTAN_F64) {
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, X, TARTAN_F64, NULL, &x));
    X = x;
  }
  TRY(tartan_matrix_gather(X, 0, a->narrow));
  TRY(tt_bcast(grid, a->narrow, a->op->n * a->b, sizeof *a->narrow, 0));
done:
  tartan_matrix_destroy(&x);
  return st;
}

/* What is done with one tile of rows [rows, n], which start at a global row. Local. */
typedef void tile_action(application *a, int64_t row, int64_t rows);

/* Walks this rank's rows tile by tile, at its own pace. The slabs take memory only here, not beside copies. Collective. */
static tartan_status walk_tiles(application *a, tile_action *action)
{
  const int64_t n = a->op->n, width = (int64_t)tt_element_size(a->op->element);
  double        t;
  int64_t       slab = 0;
  int           threads;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  threads = tt_blas_threads_begin(a->op->grid);
  TRY(tt_pass_slab_fit(a->op, 0, 0, false, &slab));
  TRY(tt_pass_begin(a->op, a->starts, slab, NULL, &a->pass));
  for (int64_t step = 0; step < a->pass.steps; step++) {
    int64_t row0, rows;

    tt_pass_slab(&a->pass, step, &row0, &rows);
    local = tt_pass_read(&a->pass, step);
    if (local != TARTAN_OK) break;
    t = tt_seconds();
    for (int64_t i = row0, k; i < row0 + rows; i += k) {
      k = tt_min(row0 + rows - i, UNIT - i % UNIT);
      tt_convert(a->pass.element, (const char *)a->pass.buffer + (i - row0) * n * width, k * n, TARTAN_F64, a->tile);
      action(a, i, k);
    }
    tt_grid_phase(a->op->grid, TARTAN_PHASE_COMPUTE, &t);
  }
  AGREE(a->op->grid, local);
done:
  tt_blas_threads_end(threads);
  tt_pass_end(&a->pass);
  return st;
}

static double *wide_at(const application *a, int64_t row)
{
  return (double *)a->wide->data + (row - a->starts[a->op->grid->rank]) * a->b;
}

/* One product of a tile with b vectors. */
static void count_product(const application *a, int64_t rows)
{
  a->op->grid->counters.flops += 2.0 * (double)rows * (double)a->op->n * (double)a->b;
}

/* wide(:, rows) := narrow' tile' */
static void multiply_tile(application *a, int64_t row, int64_t rows)
{
  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, a->b, rows, a->op->n, 1, a->narrow, tt_max(1, a->op->n),
                a->tile, tt_max(1, a->op->n), 0, wide_at(a, row), tt_max(1, a->b));
  count_product(a, rows);
}

/* sum += tile' z' */
static void add_tile(application *a, int64_t rows, const double *z)
{
  tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_TRANS, a->op->n, a->b, rows, 1, a->tile, tt_max(1, a->op->n), z,
                tt_max(1, a->b), 1, a->sum, tt_max(1, a->op->n));
  count_product(a, rows);
}

static void add_adjoint_tile(application *a, int64_t row, int64_t rows)
{
  add_tile(a, rows, wide_at(a, row));
}

static void add_normal_tile(application *a, int64_t row, int64_t rows)
{
  (void)row;
  tt_gemm_local(TARTAN_F64, TARTAN_TRANS, TARTAN_NO_TRANS, a->b, rows, a->op->n, 1, a->narrow, tt_max(1, a->op->n),
                a->tile, tt_max(1, a->op->n), 0, a->z, tt_max(1, a->b));
  count_product(a, rows);
  add_tile(a, rows, a->z);
}

/* Sum over ranks to Y [n, b]. Collective. */
static tartan_status deliver_sum(application *a, tartan_matrix *Y)
{
  tartan_matrix *y = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_allreduce_f64(a->op->grid, a->sum, a->op->n * a->b, TT_SUM));
  if (Y->dtype == TARTAN_F64) {
    TRY(tartan_matrix_scatter(a->sum, 0, Y));
  } else {
    TRY(tartan_matrix_create(a->op->grid, TARTAN_F64, a->op->n, a->b, NULL, &y));
    TRY(tartan_matrix_scatter(a->sum, 0, y));
    TRY(tartan_matrix_copy(TARTAN_NO_TRANS, y, Y));
  }
done:
  tartan_matrix_destroy(&y);
  return st;
}

static tartan_status check(const tartan_operator *op, int64_t x_rows, const tartan_matrix *X, int64_t y_rows,
                           const tartan_matrix *Y)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(X->grid == op->grid && Y->grid == op->grid, TARTAN_ERR_GRID, "the operands of an operator lie on two grids");
  REQUIRE(X->row.n == x_rows && Y->row.n == y_rows && X->col.n == Y->col.n, TARTAN_ERR_SHAPE,
          "an operator of %lld x %lld is applied to %lld x %lld for a result of %lld x %lld", (long long)op->m,
          (long long)op->n, (long long)X->row.n, (long long)X->col.n, (long long)Y->row.n, (long long)Y->col.n);
done:
  return st;
}

/* Whether a product of matrices is all that there is to do. */
static bool is_plain(const tartan_operator *op, const tartan_matrix *X, const tartan_matrix *Y)
{
  return (op->sparse || (op->matrix && op->matrix->dtype == TARTAN_F64)) && X->dtype == TARTAN_F64 &&
         Y->dtype == TARTAN_F64;
}

/* The same of f64 copies of the operands. Collective. */
static tartan_status apply_widened(const tartan_operator *op, tartan_op trans, bool normal, const tartan_matrix *X,
                                   tartan_matrix *Y)
{
  tartan_matrix *x = NULL, *y = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_NO_TRANS, X, TARTAN_F64, NULL, &x));
  TRY(tartan_matrix_create(op->grid, TARTAN_F64, Y->row.n, Y->col.n, NULL, &y));
  TRY(normal ? tartan_operator_normal(op, x, y) : tartan_operator_apply(op, trans, x, y));
  TRY(tartan_matrix_copy(TARTAN_NO_TRANS, y, Y));
done:
  tartan_matrix_destroy(&y);
  tartan_matrix_destroy(&x);
  return st;
}

tartan_status tartan_operator_apply(const tartan_operator *op, tartan_op trans, const tartan_matrix *X,
                                    tartan_matrix *Y)
{
  const bool    turn = trans == TARTAN_TRANS;
  application   a = {0};
  tartan_status st = TARTAN_OK;

  TRY(check(op, turn ? op->m : op->n, X, turn ? op->n : op->m, Y));
  if (is_plain(op, X, Y) && op->centered) return tt_center_apply(op, trans, X, Y);
  if (is_plain(op, X, Y) && op->sparse) return tt_operator_sparse_apply(op, trans, X, Y);
  if (op->sparse) return apply_widened(op, trans, false, X, Y);
  if (is_plain(op, X, Y)) return tartan_gemm(1, trans, op->matrix, TARTAN_NO_TRANS, X, 0, Y, NULL);
  TRY(application_begin(op, X->col.n, true, &a));
  if (turn) {
    TRY(tartan_matrix_copy(TARTAN_TRANS, X, a.wide));
    TRY(walk_tiles(&a, add_adjoint_tile));
    TRY(deliver_sum(&a, Y));
  } else {
    TRY(replicate(&a, X));
    TRY(walk_tiles(&a, multiply_tile));
    TRY(tartan_matrix_copy(TARTAN_TRANS, a.wide, Y));
  }
done:
  application_end(&a);
  return st;
}

/* A'(A X) by two products of matrices, with the rows of A X where those of A may be. Collective. */
static tartan_status normal_plain(const tartan_operator *op, const tartan_matrix *X, tartan_matrix *Y)
{
  tartan_matrix_opts slabs = TARTAN_MATRIX_OPTS_INIT;
  tartan_matrix     *Z = NULL;
  tartan_status      st = TARTAN_OK;

  slabs.p = op->grid->size;
  slabs.q = 1;
  TRY(tt_matrix_create_raw(op->grid, TARTAN_F64, op->m, X->col.n, &slabs, &Z));
  TRY(tartan_operator_apply(op, TARTAN_NO_TRANS, X, Z));
  TRY(tartan_operator_apply(op, TARTAN_TRANS, Z, Y));
done:
  tartan_matrix_destroy(&Z);
  return st;
}

tartan_status tartan_operator_normal(const tartan_operator *op, const tartan_matrix *X, tartan_matrix *Y)
{
  application   a = {0};
  tartan_status st = TARTAN_OK;

  TRY(check(op, op->n, X, op->n, Y));
  if (is_plain(op, X, Y) && op->sparse && !op->centered) return tt_operator_sparse_normal(op, X, Y);
  if (is_plain(op, X, Y)) return normal_plain(op, X, Y);
  if (op->sparse) return apply_widened(op, TARTAN_NO_TRANS, true, X, Y);
  TRY(application_begin(op, X->col.n, false, &a));
  TRY(replicate(&a, X));
  TRY(walk_tiles(&a, add_normal_tile));
  TRY(deliver_sum(&a, Y));
done:
  application_end(&a);
  return st;
}

/* z[0], z[1] := scale and sum of squares so far */
static void add_squares(application *a, int64_t row, int64_t rows)
{
  (void)row;
  tt_sum_squares(TARTAN_F64, a->tile, tt_max(1, a->op->n), a->op->n, rows, &a->z[0], &a->z[1]);
}

/* |A|_F^2 from the scaled sums of the ranks. Collective. */
static tartan_status reduce_squares(tartan_grid *grid, double scale, double ssq, double *norm2)
{
  double        largest = isnan(scale) ? INFINITY : scale, sum;
  tartan_status st = TARTAN_OK;

  TRY(tt_allreduce_f64(grid, &largest, 1, TT_MAX));
  sum = isnan(scale) ? (double)NAN : scale > 0 && isfinite(largest) ? ssq * (scale / largest) * (scale / largest) : 0;
  TRY(tt_allreduce_f64(grid, &sum, 1, TT_SUM));
  *norm2 = isnan(sum) ? sum : isinf(largest) ? (double)INFINITY : largest * largest * sum;
done:
  return st;
}

tartan_status tartan_operator_norm_fro2(const tartan_operator *op, double *norm2)
{
  application   a = {0};
  double        scale = 0, ssq = 1;
  tartan_status st = TARTAN_OK;

  *norm2 = 0;
  if (op->sparse) {
    TRY(tt_operator_sparse_squares(op, &scale, &ssq));
    return reduce_squares(op->grid, scale, ssq, norm2);
  }
  TRY(application_begin(op, 1, false, &a));
  a.z[0] = 0;
  a.z[1] = 1;
  TRY(walk_tiles(&a, add_squares));
  TRY(reduce_squares(op->grid, a.z[0], a.z[1], norm2));
done:
  application_end(&a);
  return st;
}
