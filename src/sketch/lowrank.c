/*
 * The best approximation of rank k: k + 1 triplets, of which the last one is the error in the 2-norm. With U'A V = S the
 * error in the Frobenius norm is |A|_F^2 - sum s^2 whether the triplets have converged or not; where that cancels, the
 * rows are read once more and the difference is summed itself.
 */
#include <tartan/sketch.h>

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "matrix/lines.h"
#include "oper/operator.h"
#include "oper/segments.h"

#define CANCELS 1e-10 /* of |A|_F^2: an error below 1e-5 |A|_F is summed */
#define UNIT 256      /* rows of a tile */

/* A pass that compares rows with their approximation. */
typedef struct comparison {
  const tartan_operator *op;
  int64_t                k;
  int64_t               *starts;
  double                *V, *tile;   /* [n, k] on every rank; [n, UNIT] */
  tartan_matrix         *US;         /* [k, m] in row ranges */
  double                 scale, ssq; /* the sum so far, as tt_sum_squares() has it */
} comparison;

static void comparison_end(comparison *c)
{
  tartan_matrix_destroy(&c->US);
  tt_free(c->tile);
  tt_free(c->V);
  tt_free(c->starts);
}

/* Collective. */
static tartan_status comparison_begin(const tartan_operator *op, const tartan_matrix *U, const double *s,
                                      const tartan_matrix *Vt, comparison *c)
{
  tartan_grid   *grid = op->grid;
  tartan_matrix *v = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  *c = (comparison){.op = op, .k = U->col.n, .ssq = 1};
  c->starts = tt_alloc(&grid->memory, grid->size + 1, sizeof *c->starts, "the ranges of a pass", &local);
  c->V = tt_alloc(&grid->memory, op->n * c->k, sizeof *c->V, "right singular vectors", &local);
  c->tile = tt_alloc(&grid->memory, op->n * UNIT, sizeof *c->tile, "a tile of rows", &local);
  AGREE(grid, local);
  tt_rows_partition(op->m, UNIT, grid->size, c->starts);
  TRY(tt_matrix_create_ranges(grid, TARTAN_F64, c->k, op->m, c->starts, NULL, &c->US));
  TRY(tartan_matrix_copy(TARTAN_TRANS, U, c->US));
  for (int64_t j = 0; j < c->US->nloc; j++)
    for (int64_t i = 0; i < c->k; i++) ((double *)c->US->data)[i + j * c->US->ld] *= s[i];
  TRY(tt_matrix_clone(TARTAN_TRANS, Vt, TARTAN_F64, NULL, &v));
  TRY(tartan_matrix_gather(v, 0, c->V));
  TRY(tt_bcast(grid, c->V, op->n * c->k, sizeof *c->V, 0));
done:
  tartan_matrix_destroy(&v);
  return st;
}

/* Rows [rows, n] of a slab, from a global row on. Local. */
static void compare_rows(comparison *c, const tt_pass *pass, int64_t row0, int64_t rows)
{
  const int64_t n = c->op->n, width = (int64_t)tt_element_size(pass->element);

  for (int64_t i = 0, count; i < rows; i += count) {
    const double *us = (const double *)c->US->data + (row0 + i - pass->begin) * c->US->ld;

    count = tt_min(UNIT, rows - i);
    tt_convert(pass->element, (const char *)pass->buffer + i * n * width, count * n, TARTAN_F64, c->tile);
    tt_gemm_local(TARTAN_F64, TARTAN_NO_TRANS, TARTAN_NO_TRANS, n, count, c->k, -1, c->V, n, us, c->US->ld, 1, c->tile,
                  n);
    tt_sum_squares(TARTAN_F64, c->tile, n, n, count, &c->scale, &c->ssq);
  }
}

/* This rank's rows. Collective. */
static tartan_status compare(comparison *c)
{
  tt_pass       pass;
  int64_t       slab = 0;
  int           threads;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  memset(&pass, 0, sizeof pass);
  threads = tt_blas_threads_begin(c->op->grid);
  TRY(tt_pass_slab_fit(c->op, 0, 0, false, &slab));
  TRY(tt_pass_begin(c->op, c->starts, slab, NULL, &pass));
  for (int64_t step = 0; step < pass.steps && local == TARTAN_OK; step++) {
    int64_t row0, rows;

    tt_pass_slab(&pass, step, &row0, &rows);
    local = tt_pass_read(&pass, step);
    if (local == TARTAN_OK) compare_rows(c, &pass, row0, rows);
  }
  AGREE(c->op->grid, local);
done:
  tt_pass_end(&pass);
  tt_blas_threads_end(threads);
  return st;
}

/* |A - U diag(s) Vt|_F by one pass over A. Collective. */
static tartan_status distance(const tartan_operator *op, const tartan_matrix *U, const double *s,
                              const tartan_matrix *Vt, double *error)
{
  comparison    c;
  double        largest, sum;
  tartan_status st = TARTAN_OK;

  TRY(comparison_begin(op, U, s, Vt, &c));
  TRY(compare(&c));
  largest = c.scale;
  TRY(tt_allreduce_f64(op->grid, &largest, 1, TT_MAX));
  sum = largest > 0 ? c.ssq * (c.scale / largest) * (c.scale / largest) : 0;
  TRY(tt_allreduce_f64(op->grid, &sum, 1, TT_SUM));
  *error = largest * sqrt(sum);
done:
  comparison_end(&c);
  return st;
}

/* Errors of the approximation of rank k by the first of the triplets that were found. Collective. */
static tartan_status judge(const tartan_operator *A, int64_t k, int64_t found, const tartan_matrix *U, const double *s,
                           const tartan_matrix *Vt, tartan_lowrank_info *info)
{
  const double  m = (double)A->m, n = (double)A->n;
  double        all2 = 0, rest;
  tartan_status st = TARTAN_OK;

  TRY(tartan_operator_norm_fro2(A, &all2));
  info->topk.passes++;
  rest = all2;
  for (int64_t i = 0; i < k; i++) rest -= s[i] * s[i];
  info->error_fro = sqrt(fmax(rest, 0));
  if (all2 > 0 && !(rest > CANCELS * all2)) {
    TRY(distance(A, U, s, Vt, &info->error_fro));
    info->topk.passes++;
  }
  info->error_2 = found == k ? 0 : info->topk.converged ? s[k] : (double)NAN;
  info->relative = all2 > 0 ? info->error_fro / sqrt(all2) : 0;
  info->compression = m * n / ((double)k * (m + n + 1));
done:
  return st;
}

/* The first k of the triplets. Collective. */
static tartan_status cut(int64_t k, const tartan_matrix *U, const tartan_matrix *Vt, tartan_matrix **Uk,
                         tartan_matrix **Vtk)
{
  const tartan_matrix u = tt_matrix_window(U, 0, 0, U->row.n, k), v = tt_matrix_window(Vt, 0, 0, k, Vt->col.n);
  tartan_status       st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_NO_TRANS, &u, TARTAN_F64, NULL, Uk));
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, &v, TARTAN_F64, NULL, Vtk));
done:
  return st;
}

/* What the caller is told. Local. */
static void tell(int64_t k, const double *residuals, const tartan_lowrank_info *found, tartan_lowrank_info *info)
{
  double *own = info->topk.residuals;

  *info = *found;
  info->topk.residuals = own;
  info->topk.residual = 0;
  for (int64_t i = 0; i < k; i++) info->topk.residual = fmax(info->topk.residual, residuals[i]);
  if (own) memcpy(own, residuals, (size_t)k * sizeof *own);
}

tartan_status tartan_lowrank(const tartan_operator *A, int64_t k, const tartan_topk_opts *opts, tartan_matrix **U,
                             double *s, tartan_matrix **Vt, tartan_lowrank_info *info)
{
  const double        start = tt_seconds();
  const int64_t       more = k >= 1 && k < tt_min(A->m, A->n) ? k + 1 : k;
  tartan_matrix      *u = NULL, *vt = NULL, *uk = NULL, *vtk = NULL;
  double             *values = NULL, *residuals = NULL;
  tartan_lowrank_info found = {0};
  tartan_status       st = TARTAN_OK, local = TARTAN_OK;

  if (U) *U = NULL;
  if (Vt) *Vt = NULL;
  values = tt_alloc_zero(&A->grid->memory, tt_max(0, more), sizeof *values, "singular values", &local);
  residuals = tt_alloc_zero(&A->grid->memory, tt_max(0, more), sizeof *residuals, "residuals", &local);
  AGREE(A->grid, local);
  found.topk.residuals = residuals;
  TRY(tartan_operator_svd_topk(A, more, opts, &u, values, &vt, &found.topk));
  TRY(cut(k, u, vt, &uk, &vtk));
  TRY(judge(A, k, more, uk, values, vtk, &found));
  memcpy(s, values, (size_t)k * sizeof *s);
  found.topk.seconds = tt_seconds() - start;
  if (info) tell(k, residuals, &found, info);
  if (U) *U = uk;
  if (Vt) *Vt = vtk;
  if (U) uk = NULL;
  if (Vt) vtk = NULL;
done:
  tartan_matrix_destroy(&vtk);
  tartan_matrix_destroy(&uk);
  tartan_matrix_destroy(&vt);
  tartan_matrix_destroy(&u);
  tt_free(residuals);
  tt_free(values);
  return st;
}
