/* Inverses in place of the factors: p?getri, p?potri, and panels of our own on one row of ranks. */
#include <tartan/blas.h>
#include <tartan/norms.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "comm/agree.h"
#include "ext/scalapack_solve.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"
#include "matrix/triangle.h"

/* The routine, for factors that are not empty. Collective. */
static tartan_status call_routine(tt_factored *f)
{
  const tt_pcall call = tt_pcall_of(f->F->grid);
  tartan_status  st = TARTAN_OK, local;

  if (f->cholesky && tt_factored_in_row(f)) {
    TRY(tt_inverse_row(f));
  } else {
    local = f->cholesky ? tt_ppotri(f->F->dtype, f->n, &f->operand.p)
                        : tt_pgetri(&call, f->F->dtype, f->n, &f->operand.p, f->pivot);
    AGREE(f->F->grid, local);
  }
done:
  return st;
}

tartan_status tt_factored_invert(tt_factored *f)
{
  tartan_grid  *grid = f->F->grid;
  const double  n = (double)f->n;
  const int     threads = tt_factored_threads(f);
  double        t = tt_seconds();
  tartan_status st = f->n > 0 ? call_routine(f) : TARTAN_OK;

  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  if (st != TARTAN_OK) goto done;
  grid->counters.flops += (f->cholesky ? 2.0 : 4.0) / 3 * n * n * n / (f->F->p * f->F->q);
  if (f->cholesky && !tt_factored_in_row(f)) TRY(tt_matrix_mirror(TARTAN_LOWER, f->F));
  if (f->scale != 1) tt_scale_local(f->F->dtype, f->scale, f->F->data, f->F->ld, f->F->mloc, f->F->nloc);
done:
  return st;
}

/* |A Ainv - I|_F / (|A|_F |Ainv|_F). Collective. */
static tartan_status residual(const tartan_matrix *A, bool lower, const tartan_matrix *Ainv, double *value)
{
  tartan_matrix *R = NULL, *S = NULL;
  double         r, a, b;
  tartan_status  st = TARTAN_OK;

  *value = 0;
  if (A->row.n == 0) goto done;
  if (lower) {
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, NULL, &S));
    TRY(tt_matrix_mirror(TARTAN_LOWER, S));
    A = S;
  }
  TRY(tartan_matrix_create(A->grid, A->dtype, A->row.n, A->row.n, NULL, &R));
  tartan_matrix_set(R, 0, 1);
  TRY(tartan_gemm(1, TARTAN_NO_TRANS, A, TARTAN_NO_TRANS, Ainv, -1, R, NULL));
  TRY(tartan_norm_fro(R, &r));
  TRY(tartan_norm_fro(A, &a));
  TRY(tartan_norm_fro(Ainv, &b));
  *value = r / a / b;
done:
  tartan_matrix_destroy(&S);
  tartan_matrix_destroy(&R);
  return st;
}

tartan_status tartan_inv(const tartan_matrix *A, const tartan_solve_opts *opts, tartan_matrix **Ainv,
                         tartan_solve_info *info)
{
  const double        start = tt_seconds();
  const tartan_assume assume = opts ? opts->assume : TARTAN_ASSUME_GENERAL;
  tt_factored         f = {0};
  tartan_solve_info   told = {.residual = 0};
  int64_t             minor;
  tartan_status       st = TARTAN_OK;

  *Ainv = NULL;
  TRY(tt_solve_check(A, opts));
  TRY(tt_factored_start(A, assume, &f, &minor));
  REQUIRE(!f.failed, TARTAN_ERR_NUMERIC, "the matrix is singular: pivot %lld of its LU factorization is zero",
          (long long)f.failed);
  TRY(tt_factored_condition(&f, &told.condition));
  TRY(tt_factored_invert(&f));
  TRY(tt_matrix_require_range(f.F, "the inverse"));
  if (info) {
    TRY(residual(A, assume == TARTAN_ASSUME_POSITIVE, f.F, &told.residual));
    snprintf(told.method, sizeof told.method, "%s", f.cholesky ? "Cholesky" : "LU");
    tt_factored_reason(&f, assume, minor, told.reason, sizeof told.reason);
  }
  tt_operand_end(&f.operand);
  TRY(tt_solve_hand_out(&f.F, Ainv));
  told.seconds = tt_seconds() - start;
  if (info) *info = told;
done:
  tt_factored_end(&f);
  return st;
}
