/*
 * The front door of linear systems: options, scaling, the factorization, refinement, what is told. Columns of B with
 * extreme entries are scaled by powers of two, each by its own, so that neither residuals nor products leave the range.
 * Refinement by residuals in the precision of A (Higham 2002, chapter 12); its gate is far below what is promised.
 */
#include <tartan/norms.h>

#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "comm/collective.h"
#include "factor/solve_system.h"
#include "kernel/dense.h"
#include "matrix/triangle.h"

static tartan_status check(const tartan_matrix *A, const tartan_matrix *B, const tartan_solve_opts *o)
{
  tartan_status st = TARTAN_OK;

  TRY(tt_solve_check(A, o));
  REQUIRE(A->grid == B->grid, TARTAN_ERR_GRID, "the matrix and the right-hand sides of a system lie on two grids");
  REQUIRE(A->dtype == B->dtype, TARTAN_ERR_DTYPE, "a system of %s with right-hand sides of %s",
          tartan_dtype_name(A->dtype), tartan_dtype_name(B->dtype));
  REQUIRE(A->row.n == B->row.n, TARTAN_ERR_SHAPE, "the matrix is %lld x %lld, the right-hand sides have %lld row%s",
          (long long)A->row.n, (long long)A->col.n, (long long)B->row.n, TT_S(B->row.n));
  REQUIRE(o->op == TARTAN_NO_TRANS || o->op == TARTAN_TRANS, TARTAN_ERR_ARG, "no such operation on a matrix: %d",
          (int)o->op);
  REQUIRE(!o->mixed || A->dtype == TARTAN_F64, TARTAN_ERR_ARG,
          "mixed precision factors in f32 what is f64; this system is f32 already");
  REQUIRE(o->refine >= -1, TARTAN_ERR_ARG, "%lld steps of refinement", (long long)o->refine);
done:
  return st;
}

/* Says what was done. */
static void tell(const tt_system *s, double start, tartan_solve_info *info)
{
  if (!info) return;
  *info = (tartan_solve_info){.condition = s->condition,
                              .residual = s->residual,
                              .steps = s->steps,
                              .seconds = tt_seconds() - start};
  snprintf(info->method, sizeof info->method, "%s%s%s", s->f.cholesky ? "Cholesky" : "LU", s->in_f32 ? " in f32" : "",
           s->steps > 0 ? ", refined" : "");
  snprintf(info->reason, sizeof info->reason, "%s", s->reason);
}

/* The factorization in the type of A, and X from it. Collective. */
static tartan_status plainly(tt_system *s)
{
  tartan_status st = TARTAN_OK;

  tt_system_restart(s);
  TRY(tt_factored_assume(s->A, s->A->dtype, s->opts.assume, s->largest, &s->f, &s->minor));
  REQUIRE(!s->f.failed, TARTAN_ERR_NUMERIC, "the matrix is singular: pivot %lld of its LU factorization is zero",
          (long long)s->f.failed);
  if (!s->opts.mixed) tt_factored_reason(&s->f, s->opts.assume, s->minor, s->reason, sizeof s->reason);
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, s->B, s->B->dtype, &s->f.layout, &s->X));
  TRY(tt_factored_condition_solve(&s->f, s->opts.op, s->X, &s->condition));
  TRY(tt_system_refine(s, s->opts.refine < 0 ? 2 : s->opts.refine));
done:
  return st;
}

tartan_status tartan_solve(const tartan_matrix *A, const tartan_matrix *B, const tartan_solve_opts *opts,
                           tartan_matrix **X, tartan_solve_info *info)
{
  const double            start = tt_seconds();
  const tartan_solve_opts usual = TARTAN_SOLVE_OPTS_INIT;
  tt_system               s = {.A = A, .opts = opts ? *opts : usual};
  tartan_status           st = TARTAN_OK;

  *X = NULL;
  TRY(check(A, B, &s.opts));
  TRY(tt_system_make(B, &s));
  if (s.opts.mixed) TRY(tt_system_mixed(&s, &s.in_f32));
  if (!s.in_f32) TRY(plainly(&s));
  TRY(tt_system_finish(&s));
  TRY(tt_solve_hand_out(&s.X, X));
  tell(&s, start, info);
done:
  tt_system_end(&s);
  return st;
}
