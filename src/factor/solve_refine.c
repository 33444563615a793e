/*
 * Residuals of a system and its refinement. The residual is the normwise backward error of Rigal and Gaches 1967 in the
 * infinity norm; a step that makes it worse is taken back.
 */
#include <tartan/elementwise.h>
#include <tartan/norms.h>

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/solve_system.h"
#include "factor/symmetric.h"
#include "kernel/dense.h"
#include "kernel/reduce.h"
#include "matrix/triangle.h"

/* Up to so many right-hand sides, a symmetric matrix is not made whole for their residuals. */
#define FEW 8

/* norm[j] := the largest |x| of column j, Inf where there is NaN. Collective. */
static tartan_status column_norms(const tartan_matrix *X, double *norm)
{
  for (int64_t j = 0; j < X->col.n; j++) norm[j] = 0;
  for (int64_t jl = 0; jl < X->nloc && X->mloc > 0; jl++) {
    double largest;

    tt_measure_columns(TT_LARGEST, X->dtype, (const char *)X->data + (size_t)(jl * X->ld) * tartan_dtype_size(X->dtype),
                       X->ld, X->mloc, 1, &largest);
    norm[tartan_matrix_global_col(X, jl)] = isnan(largest) ? (double)INFINITY : largest;
  }
  return tt_allreduce_f64(X->grid, norm, X->col.n, TT_MAX);
}

/* Column j of X := factor[j] times it. Local. */
void tt_system_scale_columns(tartan_matrix *X, const double *factor, double common)
{
  for (int64_t jl = 0; jl < X->nloc && X->mloc > 0; jl++) {
    const double f = factor[tartan_matrix_global_col(X, jl)];
    void        *column = (char *)X->data + (size_t)(jl * X->ld) * tartan_dtype_size(X->dtype);

    if (f == 1 && common == 1) continue;
    tt_scale_local(X->dtype, common, column, X->ld, X->mloc, 1);
    tt_scale_local(X->dtype, f, column, X->ld, X->mloc, 1);
  }
}

/* What residuals are formed with. Local, the same on every rank. */
static const tartan_matrix *residual_matrix(const tt_system *s)
{
  return s->whole ? s->whole : s->A;
}

/* Whether residuals are formed with the lower triangle of A itself. Local, the same on every rank. */
static bool by_triangle(const tt_system *s)
{
  return s->opts.assume == TARTAN_ASSUME_POSITIVE && !s->whole;
}

/* The scaled matrix with both triangles, where A itself does not serve; its norm. Collective. */
static tartan_status make_whole(tt_system *s)
{
  const tartan_matrix *A = s->A;
  const bool           lower = s->opts.assume == TARTAN_ASSUME_POSITIVE, one = A->row.n <= TT_SOLVE_ONE_RANK;
  const bool placed = A->p == s->f.layout.p && A->q == s->f.layout.q && !A->ranks && !A->row.starts && !A->col.starts;
  tartan_status st = TARTAN_OK;

  if (lower && !one && s->scale == 1 && s->B->col.n <= FEW) {
    s->norm = s->largest;
    goto done;
  }
  if (lower || one || !placed || s->scale != 1) {
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, &s->f.layout, &s->whole));
    if (lower) TRY(tt_matrix_mirror(TARTAN_LOWER, s->whole));
    if (s->scale != 1) tartan_scale(s->scale, s->whole);
  }
  TRY(tartan_norm(s->opts.op == TARTAN_TRANS ? TARTAN_NORM_ONE : TARTAN_NORM_INF, residual_matrix(s), &s->norm));
done:
  return st;
}

tartan_status tt_system_make(const tartan_matrix *B, tt_system *s)
{
  tartan_grid  *grid = B->grid;
  const int64_t k = B->col.n;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  s->f.layout = tt_factored_layout(grid, B->row.n, B->row.n);
  s->shift = tt_alloc(&grid->memory, k, sizeof *s->shift, "scales of right-hand sides", &local);
  s->r = tt_alloc(&grid->memory, k, sizeof *s->r, "norms of residuals", &local);
  s->x = tt_alloc(&grid->memory, k, sizeof *s->x, "norms of solutions", &local);
  s->factor = tt_alloc(&grid->memory, k, sizeof *s->factor, "scales of right-hand sides", &local);
  s->b = tt_alloc(&grid->memory, k, sizeof *s->b, "norms of right-hand sides", &local);
  AGREE(grid, local);
  TRY(tt_solve_largest(s->A, s->opts.assume == TARTAN_ASSUME_POSITIVE, &s->largest));
  TRY(tt_matrix_require_finite(B, "the right-hand side"));
  s->scale = tt_solve_scale(B->dtype, B->dtype, s->largest);
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, B, B->dtype, &s->f.layout, &s->B));
  TRY(column_norms(s->B, s->b));
  for (int64_t j = 0; j < k; j++) s->shift[j] = tt_solve_scale(B->dtype, B->dtype, s->b[j]);
  tt_system_scale_columns(s->B, s->shift, 1);
  for (int64_t j = 0; j < k; j++) s->b[j] *= s->shift[j];
  TRY(make_whole(s));
done:
  return st;
}

void tt_system_restart(tt_system *s)
{
  tt_factored_end(&s->f);
  tartan_matrix_destroy(&s->R);
  tartan_matrix_destroy(&s->X);
  s->steps = 0;
}

void tt_system_end(tt_system *s)
{
  tt_system_restart(s);
  tartan_matrix_destroy(&s->B);
  tartan_matrix_destroy(&s->whole);
  tt_free(s->b);
  tt_free(s->factor);
  tt_free(s->x);
  tt_free(s->r);
  tt_free(s->shift);
}

double tt_system_gate(const tt_system *s)
{
  const double u = s->A->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53;

  return 4 * u * sqrt((double)s->A->row.n);
}

/* R := B - op(A) X. Collective. */
static tartan_status subtract_product(tt_system *s)
{
  tartan_grid  *grid = s->B->grid;
  const int64_t n = s->B->row.n;
  tt_operand    a = {0}, x = {0}, r = {0};
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK;

  TRY(tt_operand_make(residual_matrix(s), s->f.layout.p, s->f.layout.q, &a));
  TRY(tt_operand_make(s->X, s->X->p, s->X->q, &x));
  TRY(tt_operand_make(s->R, s->R->p, s->R->q, &r));
  t = tt_seconds();
  threads = tt_factored_threads(&s->f);
  tt_pgemm(s->R->dtype, s->opts.op, TARTAN_NO_TRANS, n, s->R->col.n, n, -1, &a.p, &x.p, 1, &r.p);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  grid->counters.flops += 2.0 * (double)n * (double)n * (double)s->R->col.n / (s->R->p * s->R->q);
done:
  tt_operand_end(&r);
  tt_operand_end(&x);
  tt_operand_end(&a);
  return st;
}

tartan_status tt_system_residual(tt_system *s)
{
  tartan_status st = TARTAN_OK;

  s->residual = 0;
  if (s->B->row.n == 0 || s->B->col.n == 0) goto done;
  if (!s->R)
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, s->B, s->B->dtype, &s->f.layout, &s->R));
  else
    TRY(tartan_matrix_copy(TARTAN_NO_TRANS, s->B, s->R));
  if (by_triangle(s))
    TRY(tt_symmetric_subtract(s->A, s->X, s->R));
  else
    TRY(subtract_product(s));
  TRY(column_norms(s->R, s->r));
  TRY(column_norms(s->X, s->x));
  for (int64_t j = 0; j < s->B->col.n; j++) {
    const double whole = s->norm * s->x[j] + s->b[j];

    if (s->r[j] > 0) s->residual = fmax(s->residual, isfinite(s->r[j]) ? s->r[j] / whole : (double)INFINITY);
  }
done:
  return st;
}

/* One step; *better: keep going. A step that makes it worse is taken back. Collective. */
static tartan_status step(tt_system *s, bool *better)
{
  const double   before = s->residual;
  tartan_matrix *last = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_NO_TRANS, s->X, s->X->dtype, &s->f.layout, &last));
  TRY(tt_factored_solve(&s->f, s->opts.op, s->R));
  if (s->f.scale != s->scale) tartan_scale(s->f.scale / s->scale, s->R);
  TRY(tartan_geadd(1, TARTAN_NO_TRANS, s->R, 1, s->X));
  TRY(tt_system_residual(s));
  s->steps++;
  *better = s->residual < before / 2;
  if (s->residual < before) goto done;
  tartan_matrix_destroy(&s->X);
  s->X = last;
  last = NULL;
  s->residual = before;
  s->steps--;
done:
  tartan_matrix_destroy(&last);
  return st;
}

tartan_status tt_system_refine(tt_system *s, int64_t most)
{
  const double  gate = tt_system_gate(s);
  bool          better = true;
  tartan_status st = TARTAN_OK;

  TRY(tt_system_residual(s));
  for (int64_t i = 0; i < most && better && s->residual > gate; i++) TRY(step(s, &better));
done:
  return st;
}

tartan_status tt_system_finish(tt_system *s)
{
  const double  u = s->X->dtype == TARTAN_F32 ? 0x1p-24 : 0x1p-53;
  tartan_status st = TARTAN_OK;

  for (int64_t j = 0; j < s->X->col.n; j++) s->shift[j] = 1 / s->shift[j];
  tt_system_scale_columns(s->X, s->shift, s->scale);
  TRY(column_norms(s->X, s->x));
  for (int64_t j = 0; j < s->X->col.n; j++)
    REQUIRE(isfinite(s->x[j]), TARTAN_ERR_NUMERIC,
            "column %lld of the solution is beyond the range of %s; scale the system", (long long)j,
            tartan_dtype_name(s->X->dtype));
  if (!(s->condition * u < 1))
    tt_grid_warn(s->X->grid, "the matrix is singular to working precision (condition %.1e): no digit may be right",
                 s->condition);
done:
  return st;
}
