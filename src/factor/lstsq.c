/*
 * Least squares. A = Q R of a tall matrix takes the problem to Q'B and the square R; of a wide one A' = Q R, so that
 * A = R'Q' and X = Q Y has the smallest norm. The core is solved by triangles or singular values (lstsq_impl.h), then
 * once more for the residual (Golub, Van Loan 2013, chapter 5; Bjorck 1996). A is read by its QR and once or twice after
 * it, Q twice; only Q is as large as A, of a wide A also its transpose while it is factored.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tartan/blas.h>
#include <tartan/elementwise.h>
#include <tartan/norms.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/lstsq_impl.h"
#include "factor/qr_impl.h"

/* Rows for each column from which a transpose is laid out for the QR of a tall matrix. */
#define TALL 4

tartan_status tt_product_new(tartan_op op_a, const tartan_matrix *A, tartan_op op_b, const tartan_matrix *B,
                             const tartan_matrix_opts *opts, tartan_matrix **C)
{
  const int64_t m = op_a == TARTAN_TRANS ? A->col.n : A->row.n, n = op_b == TARTAN_TRANS ? B->row.n : B->col.n;
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_create(A->grid, A->dtype, m, n, opts, C));
  st = tartan_gemm(1, op_a, A, op_b, B, 0, *C, NULL);
  if (st != TARTAN_OK) tartan_matrix_destroy(C);
done:
  return st;
}

static tartan_status check(const tartan_matrix *A, const tartan_matrix *B, const tartan_lstsq_opts *o)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(A->grid == B->grid, TARTAN_ERR_GRID, "the operands of least squares lie on two grids");
  REQUIRE(A->dtype == B->dtype, TARTAN_ERR_DTYPE, "least squares of %s and %s operands", tartan_dtype_name(A->dtype),
          tartan_dtype_name(B->dtype));
  REQUIRE(A->row.n == B->row.n, TARTAN_ERR_SHAPE, "least squares: A has %lld rows, B %lld", (long long)A->row.n,
          (long long)B->row.n);
  REQUIRE((int)o->method >= TARTAN_LSTSQ_PLANNED && o->method <= TARTAN_LSTSQ_SVD, TARTAN_ERR_ARG,
          "there is no method %d of least squares", (int)o->method);
  REQUIRE(o->ridge >= 0 && isfinite(o->ridge), TARTAN_ERR_ARG, "a ridge of %g: it cannot be negative", o->ridge);
  REQUIRE(A->dtype == TARTAN_F64 || sqrt(o->ridge) < 0x1p127, TARTAN_ERR_ARG, "a ridge of %g is beyond f32", o->ridge);
  TRY(tt_rank_check(o->tolerance));
  TRY(tt_matrix_require_finite(B, "the right-hand side of least squares"));
done:
  return st;
}

/* Q and R of A, or of its transpose. Collective. */
static tartan_status factor(tt_lstsq *x)
{
  const tartan_matrix *A = x->A;
  tartan_matrix_opts   rows = tt_qr_rows(A, tt_ceil_div(A->col.n, A->grid->size));
  tartan_matrix       *At = NULL;
  tartan_factor_info   info;
  tartan_status        st = TARTAN_OK;

  if (x->wide) TRY(tt_matrix_require_finite(A, "the matrix of least squares")); /* QR would tell of the transpose */
  if (x->wide) TRY(tt_matrix_clone(TARTAN_TRANS, A, A->dtype, A->col.n / TALL >= A->row.n ? &rows : NULL, &At));
  TRY(tartan_qr(At ? At : A, NULL, &x->Q, &x->R, &info));
  x->estimate = info.condition;
  snprintf(x->ladder, sizeof x->ladder, "%s", info.method);
done:
  tartan_matrix_destroy(&At);
  return st;
}

/* The way to solve in the core. Collective. */
static tartan_status prepare(tt_lstsq *x)
{
  bool          full = false;
  tartan_status st = TARTAN_OK;

  TRY(factor(x));
  if (x->method != TARTAN_LSTSQ_SVD) TRY(tt_lstsq_qr_make(x, &full));
  if (full) goto done;
  REQUIRE(x->method != TARTAN_LSTSQ_QR, TARTAN_ERR_NUMERIC,
          "least squares by QR: the matrix of %lld x %lld has no full rank to %.1e (condition about %.1e); "
          "singular values would do",
          (long long)x->A->row.n, (long long)x->A->col.n, x->tolerance, x->estimate);
  TRY(tt_lstsq_svd_make(x));
done:
  return st;
}

/* X, new, for the right-hand side E: to the core, there, and back. Collective. */
static tartan_status solve(const tt_lstsq *x, const tartan_matrix *E, tartan_matrix **X)
{
  const tartan_matrix_opts rows = tt_qr_rows(x->Q, tt_ceil_div(x->Q->row.n, x->Q->grid->size));
  tartan_matrix           *Z = NULL, *Y = NULL;
  tartan_status            st = TARTAN_OK;

  if (!x->wide) TRY(tt_product_new(TARTAN_TRANS, x->Q, TARTAN_NO_TRANS, E, NULL, &Z));
  TRY((x->inverse ? tt_lstsq_svd_solve : tt_lstsq_qr_solve)(x, Z ? Z : E, &Y));
  if (x->wide) {
    TRY(tt_product_new(TARTAN_NO_TRANS, x->Q, TARTAN_NO_TRANS, Y, &rows, X));
  } else {
    *X = Y;
    Y = NULL;
  }
done:
  tartan_matrix_destroy(&Y);
  tartan_matrix_destroy(&Z);
  return st;
}

/* |e|_2 of each column of E, on every rank. Collective. */
static tartan_status column_norms(const tartan_matrix *E, double *norms)
{
  tartan_matrix *row = NULL;
  tartan_status  st = TARTAN_OK;

  if (E->col.n == 0) goto done;
  TRY(tartan_matrix_create(E->grid, TARTAN_F64, 1, E->col.n, NULL, &row));
  TRY(tartan_norms(TARTAN_NORM_FRO, TARTAN_COLUMNS, E, row));
  TRY(tartan_matrix_gather(row, 0, norms));
  TRY(tt_bcast(E->grid, norms, E->col.n, sizeof *norms, 0));
done:
  tartan_matrix_destroy(&row);
  return st;
}

/*
 * X, corrected once by the solution for its residual; a ridge adds -ridge X to that system, and its solution needs no
 * correction. Where residuals are wanted, those of the corrected X. Collective.
 */
static tartan_status solve_twice(const tt_lstsq *x, tartan_matrix **X, double *residuals)
{
  const tartan_matrix_opts rows = tt_qr_rows(x->A, tt_ceil_div(x->A->row.n, x->A->grid->size));
  tartan_matrix           *E = NULL, *dX = NULL;
  tartan_status            st = TARTAN_OK;

  TRY(solve(x, x->B, X));
  if (x->ridge > 0 && !residuals) goto done;
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, x->B, x->B->dtype, x->wide ? NULL : &rows, &E));
  TRY(tartan_gemm(-1, TARTAN_NO_TRANS, x->A, TARTAN_NO_TRANS, *X, 1, E, NULL));
  if (x->ridge == 0) {
    TRY(solve(x, E, &dX));
    TRY(tartan_geadd(1, TARTAN_NO_TRANS, dX, 1, *X));
    if (residuals) TRY(tartan_gemm(-1, TARTAN_NO_TRANS, x->A, TARTAN_NO_TRANS, dX, 1, E, NULL));
  }
  if (residuals) TRY(column_norms(E, residuals));
done:
  tartan_matrix_destroy(&dX);
  tartan_matrix_destroy(&E);
  return st;
}

static void end(tt_lstsq *x)
{
  tartan_matrix_destroy(&x->inverse);
  tartan_matrix_destroy(&x->Vt);
  tartan_matrix_destroy(&x->U);
  tartan_matrix_destroy(&x->triangle);
  tartan_matrix_destroy(&x->top);
  tartan_matrix_destroy(&x->R);
  tartan_matrix_destroy(&x->Q);
}

static void tell(const tt_lstsq *x, double since, tartan_lstsq_info *info)
{
  const char *ridge = x->ridge > 0 ? " and a ridge" : "";

  snprintf(info->method, sizeof info->method, "%s", x->inverse ? "SVD" : x->Q ? "QR" : "none");
  if (!x->Q)
    snprintf(info->reason, sizeof info->reason, "nothing to solve");
  else
    snprintf(info->reason, sizeof info->reason, "%s%s%s; condition of the triangle about %.1e, tolerance %.1e%s",
             x->ladder, x->wide ? " of the transpose" : "", ridge, x->estimate, x->tolerance,
             x->method == TARTAN_LSTSQ_PLANNED ? "" : "; asked for");
  info->rank = x->rank;
  info->condition = x->condition;
  info->seconds = tt_seconds() - since;
}

tartan_status tartan_lstsq(const tartan_matrix *A, const tartan_matrix *B, const tartan_lstsq_opts *opts,
                           tartan_matrix **X, tartan_lstsq_info *info)
{
  const double      since = tt_seconds();
  double           *residuals = info ? info->residuals : NULL;
  tartan_lstsq_opts o = TARTAN_LSTSQ_OPTS_INIT;
  tt_lstsq          x = {.A = A, .B = B, .want_rank = info != NULL, .condition = (double)NAN};
  tartan_status     st = TARTAN_OK;

  *X = NULL;
  if (opts) memcpy(&o, opts, opts->size < sizeof o ? opts->size : sizeof o);
  TRY(check(A, B, &o));
  x.r = tt_min(A->row.n, A->col.n);
  x.wide = A->row.n < A->col.n;
  x.method = o.method;
  x.tolerance = tt_rank_tolerance(A, o.tolerance);
  x.ridge = o.ridge;
  if (x.r == 0) {
    TRY(tartan_matrix_create(A->grid, A->dtype, A->col.n, B->col.n, NULL, X));
    if (residuals) TRY(column_norms(B, residuals));
  } else {
    TRY(prepare(&x));
    TRY(solve_twice(&x, X, residuals));
    TRY(tt_matrix_require_range(*X, "the least squares solution"));
    if (x.want_rank) tt_rank_warn(A, o.tolerance, x.rank);
  }
  if (info) tell(&x, since, info);
done:
  if (st != TARTAN_OK) tartan_matrix_destroy(X);
  end(&x);
  return st;
}
