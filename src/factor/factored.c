/*
 * Cholesky and LU by ScaLAPACK on a copy in square blocks. Entries near overflow are scaled down by a power of two, which
 * a determinant and a solution take back; tiny ones are scaled up, which rounds nothing.
 */
#include <tartan/elementwise.h>
#include <tartan/norms.h>

#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "ext/lapack_solve.h"
#include "ext/scalapack_solve.h"
#include "ext/vendor.h"
#include "factor/solve_impl.h"
#include "factor/symmetric.h"
#include "kernel/dense.h"
#include "matrix/triangle.h"

#define BLOCK 64

/* Up to so many ranks stand in one row: panels are then factored without messages, and are a small part of the work. */
#define ROW_RANKS 8

/* Largest exponents left as they are: sums and growth have room above; below, reciprocals of pivots are finite. */
#define HIGH(dtype) ((dtype) == TARTAN_F32 ? 80 : 900)
#define LOW(dtype) ((dtype) == TARTAN_F32 ? -60 : -500)

/* The first local row whose global index is j or more. Local, on ranks that have a place. */
static int64_t first_row(const tartan_matrix *A, int64_t j)
{
  return tt_axis_below(&A->row, A->prow, A->row.first + j) - tt_axis_below(&A->row, A->prow, A->row.first);
}

/* The largest |a| of this rank's lower triangle. Local. */
static tartan_status largest_lower(const tartan_matrix *A, double *largest)
{
  for (int64_t jl = 0; jl < A->nloc; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);

    for (int64_t il = first_row(A, j); il < A->mloc; il++) {
      const double v = tt_get_element(A->dtype, A->data, A->ld, il, jl);

      if (!(v - v == 0))
        return tt_fail(TARTAN_ERR_INPUT, "the matrix has %s at (%lld, %lld)", v == v ? "Inf" : "NaN",
                       (long long)tartan_matrix_global_row(A, il), (long long)j);
      *largest = fmax(*largest, fabs(v));
    }
  }
  return TARTAN_OK;
}

tartan_status tt_solve_largest(const tartan_matrix *A, bool lower, double *largest)
{
  tartan_status st = TARTAN_OK;

  *largest = 0;
  if (lower) {
    TRY(tt_symmetric_norm(A, largest));
    if (isfinite(*largest)) goto done;
    *largest = 0;
    AGREE(A->grid, largest_lower(A, largest));
    TRY(tt_allreduce_f64(A->grid, largest, 1, TT_MAX));
  } else {
    TRY(tartan_norm(TARTAN_NORM_ONE, A, largest)); /* far faster than the largest, and as good to choose a scale */
    if (isfinite(*largest)) goto done;
    TRY(tt_matrix_require_finite(A, "the matrix"));
    TRY(tartan_norm(TARTAN_NORM_MAX, A, largest));
  }
done:
  return st;
}

double tt_solve_scale(tartan_dtype from, tartan_dtype dtype, double largest)
{
  int exponent;

  if (largest == 0) return 1;
  frexp(largest, &exponent);
  if (exponent > HIGH(dtype)) return ldexp(1, HIGH(dtype) - exponent);
  if (exponent < LOW(dtype)) return ldexp(1, -(int)tt_max(exponent, from == TARTAN_F32 ? -126 : -1000));
  return 1;
}

tartan_status tt_solve_check(const tartan_matrix *A, const tartan_solve_opts *opts)
{
  tartan_status st = TARTAN_OK;

  REQUIRE(A->row.n == A->col.n, TARTAN_ERR_SHAPE, "a square matrix is needed, this is %lld x %lld", (long long)A->row.n,
          (long long)A->col.n);
  if (!opts) goto done;
  REQUIRE(opts->size == sizeof *opts, TARTAN_ERR_ARG, "options of a system that TARTAN_SOLVE_OPTS_INIT did not set");
  REQUIRE(opts->assume == TARTAN_ASSUME_GENERAL || opts->assume == TARTAN_ASSUME_POSITIVE, TARTAN_ERR_ARG,
          "no such assumption about a matrix: %d", (int)opts->assume);
done:
  return st;
}

tartan_matrix_opts tt_factored_layout(const tartan_grid *grid, int64_t m, int64_t n)
{
  const bool               one = tt_max(m, n) <= TT_SOLVE_ONE_RANK, row = grid->size <= ROW_RANKS;
  const tartan_matrix_opts opts = {.size = sizeof opts,
                                   .mb = BLOCK,
                                   .nb = BLOCK,
                                   .p = one || row ? 1 : grid->p,
                                   .q = one   ? 1
                                        : row ? grid->size
                                              : grid->q};

  return opts;
}

int tt_factored_threads(const tt_factored *f)
{
  return f->one ? tt_blas_set_threads(1) : tt_blas_threads_begin(f->F->grid);
}

/* By LAPACK where the matrix lies on one rank, over a row of ranks by panels, else by ScaLAPACK. Collective. */
static tartan_status call_routine(tt_factored *f)
{
  tartan_matrix *F = f->F;
  const bool     alone = F->p * F->q == 1, row = F->p == 1 && !alone;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  if (row) {
    TRY(f->cholesky ? tt_cholesky_row(f) : tt_lu_row(f));
  } else {
    if (alone && F->prow >= 0)
      f->failed = f->cholesky ? tt_potrf(F->dtype, TARTAN_LOWER, f->n, F->data, F->ld)
                              : tt_getrf(F->dtype, f->m, f->n, F->data, F->ld, f->pivot);
    if (!alone)
      local = f->cholesky ? tt_ppotrf(F->dtype, f->n, &f->operand.p, &f->failed)
                          : tt_pgetrf(F->dtype, f->m, f->n, &f->operand.p, f->pivot, &f->failed);
    AGREE(F->grid, local);
    TRY(tt_bcast(F->grid, &f->failed, 1, sizeof f->failed, 0));
  }
done:
  return st;
}

/* The factorization itself, timed and counted. Collective. */
static tartan_status factor(tt_factored *f)
{
  tartan_grid  *grid = f->F->grid;
  const double  r = (double)tt_min(f->m, f->n), longer = (double)tt_max(f->m, f->n);
  const int     threads = tt_factored_threads(f);
  double        t = tt_seconds();
  tartan_status st = call_routine(f);

  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  grid->counters.flops += (f->cholesky ? 1.0 / 3 : 1) * r * r * (longer - r / 3) / (f->F->p * f->F->q);
  return st;
}

/* F := A of one layout, but for what stands above the blocks on the diagonal. Local. */
static void copy_lower(const tartan_matrix *A, tartan_matrix *F)
{
  const size_t a = tartan_dtype_size(A->dtype), b = tartan_dtype_size(F->dtype);

  for (int64_t jl = 0; jl < F->nloc && F->mloc > 0; jl++) {
    const int64_t j = tartan_matrix_global_col(F, jl), il = first_row(F, j - j % F->col.nb);

    tt_copy_local(A->dtype, (const char *)A->data + (size_t)(il + jl * A->ld) * a, A->ld, F->dtype,
                  (char *)F->data + (size_t)(il + jl * F->ld) * b, F->ld, F->mloc - il, 1);
  }
}

/* F := scale A in dtype: scaled before it is rounded. Collective. */
static tartan_status take_copy(const tartan_matrix *A, tartan_dtype dtype, tt_factored *f)
{
  tartan_matrix *wide = NULL;
  tt_layout      from, to;
  tartan_status  st = TARTAN_OK;

  if (f->scale == 1 || dtype == A->dtype) {
    TRY(tt_matrix_create_raw(A->grid, dtype, f->m, f->n, &f->layout, &f->F));
    from = tt_matrix_layout(A);
    to = tt_matrix_layout(f->F);
    if (f->cholesky && tt_layout_same(&from, &to))
      copy_lower(A, f->F);
    else
      TRY(tartan_matrix_copy(TARTAN_NO_TRANS, A, f->F));
    if (f->scale != 1) tartan_scale(f->scale, f->F);
  } else {
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, &f->layout, &wide));
    tartan_scale(f->scale, wide);
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, wide, dtype, &f->layout, &f->F));
  }
done:
  tartan_matrix_destroy(&wide);
  return st;
}

/* What a matrix A is factored as, but for the memory. Local. */
static void start(const tartan_matrix *A, tartan_dtype dtype, bool cholesky, double largest, tt_factored *f)
{
  *f = (tt_factored){.m = A->row.n, .n = A->col.n, .cholesky = cholesky};
  f->one = tt_max(f->m, f->n) <= TT_SOLVE_ONE_RANK;
  f->scale = tt_solve_scale(A->dtype, dtype, largest);
  f->layout = tt_factored_layout(A->grid, f->m, f->n);
}

/* The rest, once f->F is scale A. Collective. */
static tartan_status finish(double largest, tt_factored *f)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  f->norm = largest; /* where nothing is scaled, nothing overflowed */
  if (f->scale != 1)
    TRY(f->cholesky ? tt_symmetric_norm(f->F, &f->norm) : tartan_norm(TARTAN_NORM_ONE, f->F, &f->norm));
  f->pivot = tt_alloc_zero(&f->F->grid->memory, f->F->mloc + f->layout.mb, sizeof *f->pivot, "pivots", &local);
  AGREE(f->F->grid, local);
  TRY(tt_operand_make(f->F, f->F->p, f->F->q, &f->operand));
  if (tt_min(f->m, f->n) > 0) TRY(factor(f));
done:
  return st;
}

tartan_status tt_factored_make(const tartan_matrix *A, tartan_dtype dtype, bool cholesky, double largest,
                               tt_factored *f)
{
  tartan_status st = TARTAN_OK;

  start(A, dtype, cholesky, largest, f);
  TRY(take_copy(A, dtype, f));
  TRY(finish(largest, f));
done:
  return st;
}

tartan_status tt_factored_take(tartan_matrix **A, double largest, tt_factored *f)
{
  start(*A, (*A)->dtype, true, largest, f);
  f->F = *A;
  *A = NULL;
  if (f->scale != 1) tartan_scale(f->scale, f->F);
  return finish(largest, f);
}

tartan_status tt_solve_hand_out(tartan_matrix **F, tartan_matrix **result)
{
  tartan_status st = TARTAN_OK;

  if ((*F)->p == (*F)->grid->p && (*F)->q == (*F)->grid->q) {
    *result = *F;
    *F = NULL;
  } else {
    TRY(tt_matrix_clone(TARTAN_NO_TRANS, *F, (*F)->dtype, NULL, result));
  }
done:
  return st;
}

void tt_factored_end(tt_factored *f)
{
  tt_free(f->pivot);
  f->pivot = NULL;
  tt_operand_end(&f->operand);
  tartan_matrix_destroy(&f->F);
}

tartan_status tt_factored_assume(const tartan_matrix *A, tartan_dtype dtype, tartan_assume assume, double largest,
                                 tt_factored *f, int64_t *minor)
{
  tartan_matrix *S = NULL;
  tartan_status  st = TARTAN_OK;

  *minor = 0;
  TRY(tt_factored_make(A, dtype, assume == TARTAN_ASSUME_POSITIVE, largest, f));
  if (!f->cholesky || !f->failed) goto done;
  *minor = f->failed;
  tt_factored_end(f);
  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, NULL, &S));
  TRY(tt_matrix_mirror(TARTAN_LOWER, S));
  TRY(tt_factored_make(S, dtype, false, largest, f));
done:
  tartan_matrix_destroy(&S);
  return st;
}

tartan_status tt_factored_start(const tartan_matrix *A, tartan_assume assume, tt_factored *f, int64_t *minor)
{
  double        largest;
  tartan_status st = TARTAN_OK;

  TRY(tt_solve_largest(A, assume == TARTAN_ASSUME_POSITIVE, &largest));
  TRY(tt_factored_assume(A, A->dtype, assume, largest, f, minor));
done:
  return st;
}

const char *tt_factored_routine(const tt_factored *f)
{
  if (f->one) return f->cholesky ? "?potrf on one rank" : "?getrf on one rank";
  if (f->layout.p * f->layout.q == 1) return f->cholesky ? "?potrf" : "?getrf";
  if (f->layout.p == 1) return f->cholesky ? "panels by ?potrf" : "panels by ?getrf";
  return f->cholesky ? "p?potrf" : "p?getrf";
}

void tt_factored_reason(const tt_factored *f, tartan_assume assume, int64_t minor, char *text, size_t size)
{
  const char *where = f->one ? "; small: on one rank, the same bits on any number of ranks" : "";

  if (minor)
    snprintf(text, size, "not positive definite: the leading minor of order %lld is not%s", (long long)minor, where);
  else
    snprintf(text, size, "%s%s", assume == TARTAN_ASSUME_POSITIVE ? "assumed positive definite" : "a general matrix",
             where);
}

tartan_status tt_factored_perm(const tt_factored *f, int64_t *perm, bool *odd)
{
  const int64_t r = tt_min(f->m, f->n);
  int64_t      *with = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *odd = false;
  with = tt_alloc_zero(&f->F->grid->memory, r, sizeof *with, "pivots", &local);
  AGREE(f->F->grid, local);
  for (int64_t il = 0; il < f->F->mloc; il++) {
    const int64_t i = tartan_matrix_global_row(f->F, il);

    if (i < r) with[i] = f->pivot[il] - 1;
  }
  TRY(tt_allreduce_i64(f->F->grid, with, r, TT_MAX));
  for (int64_t i = 0; perm && i < f->m; i++) perm[i] = i;
  for (int64_t i = 0; i < r; i++) {
    if (with[i] == i) continue;
    *odd = !*odd;
    if (perm) {
      const int64_t row = perm[i];

      perm[i] = perm[with[i]];
      perm[with[i]] = row;
    }
  }
done:
  tt_free(with);
  return st;
}

tartan_status tt_factored_diagonal(const tt_factored *f, double *diagonal)
{
  const int64_t r = tt_min(f->m, f->n);

  for (int64_t i = 0; i < r; i++) {
    const int64_t il = tartan_matrix_local_row(f->F, i), jl = tartan_matrix_local_col(f->F, i);

    diagonal[i] = il >= 0 && jl >= 0 ? tt_get_element(f->F->dtype, f->F->data, f->F->ld, il, jl) : 0;
  }
  return tt_allreduce_f64(f->F->grid, diagonal, r, TT_SUM);
}
