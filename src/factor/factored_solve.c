/*
 * Right-hand sides with the factors: a few by sweeps of our own where the factors lie in one row of ranks (row_solve.c),
 * else by ScaLAPACK.
 */
#include "base/util.h"
#include "comm/collective.h"
#include "ext/scalapack_solve.h"
#include "factor/solve_impl.h"
#include "kernel/dense.h"

bool tt_factored_in_row(const tt_factored *f)
{
  return f->F->p == 1 && !f->one;
}

/* Column jl of this rank's part of X, all of whose rows are here. */
static char *column(const tartan_matrix *X, int64_t jl)
{
  return (char *)X->data + (size_t)(jl * X->ld) * tartan_dtype_size(X->dtype);
}

tartan_status tt_row_gather(const tartan_matrix *X, double *x)
{
  const int64_t n = X->row.n;

  for (int64_t i = 0; i < n * X->col.n; i++) x[i] = 0;
  for (int64_t jl = 0; jl < X->nloc; jl++)
    tt_copy_local(X->dtype, column(X, jl), n, TARTAN_F64, x + n * tartan_matrix_global_col(X, jl), n, n, 1);
  return tt_allreduce_f64(X->grid, x, n * X->col.n, TT_SUM);
}

void tt_row_scatter(const double *x, tartan_matrix *X)
{
  const int64_t n = X->row.n;

  for (int64_t jl = 0; jl < X->nloc; jl++)
    tt_copy_local(TARTAN_F64, x + n * tartan_matrix_global_col(X, jl), n, X->dtype, column(X, jl), n, n, 1);
}

/* For factors in one row. Collective. */
static tartan_status solve_few(const tt_factored *f, tartan_op op, tartan_matrix *X)
{
  double       *x = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  x = tt_alloc(&X->grid->memory, f->n * X->col.n, sizeof *x, "right-hand sides", &local);
  AGREE(X->grid, local);
  TRY(tt_row_gather(X, x));
  TRY(tt_row_solve(f, op, X->col.n, x));
  tt_row_scatter(x, X);
done:
  tt_free(x);
  return st;
}

/* By ScaLAPACK. Collective. */
static tartan_status solve_many(const tt_factored *f, tartan_op op, tartan_matrix *X)
{
  tartan_grid  *grid = X->grid;
  const int64_t k = X->col.n;
  tt_operand    x = {0};
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK, local;

  TRY(tt_operand_make(X, X->p, X->q, &x));
  t = tt_seconds();
  threads = tt_factored_threads(f);
  if (f->cholesky)
    local = tt_ppotrs(X->dtype, f->n, k, &f->operand.p, &x.p);
  else
    local = tt_pgetrs(X->dtype, op, f->n, k, &f->operand.p, f->pivot, &x.p);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  AGREE(grid, local);
  grid->counters.flops += 2.0 * (double)f->n * (double)f->n * (double)k / (f->F->p * f->F->q);
done:
  tt_operand_end(&x);
  return st;
}

tartan_status tt_factored_solve(const tt_factored *f, tartan_op op, tartan_matrix *X)
{
  if (f->n == 0 || X->col.n == 0) return TARTAN_OK;
  return tt_factored_in_row(f) && X->col.n <= TT_ROW_SOLVE_MOST ? solve_few(f, op, X) : solve_many(f, op, X);
}
