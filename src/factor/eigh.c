/*
 * Symmetric eigenproblems by divide and conquer (Cuppen 1981; Gu and Eisenstat 1995), as in LAPACK and ScaLAPACK. Small
 * ones are gathered to rank 0, solved there with one BLAS thread and scattered, so their bits depend on no rank count;
 * solving on every rank would let ranks disagree on signs.
 */
#include <tartan/factor.h>

#include "base/util.h"
#include "blas/pblas.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "ext/vendor.h"
#include "factor/signs.h"
#include "kernel/dense.h"

/*
 * a := -a from the lower triangle; the upper one may hold anything. The solvers give eigenvalues in ascending order:
 * those of -A, negated, are A's in descending order, with the vectors where they belong.
 */
static void negate_symmetric(tartan_dtype dtype, int64_t n, void *a)
{
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j; i < n; i++) {
      const double v = -tt_get_element(dtype, a, n, i, j);

      tt_put_element(dtype, v, a, n, i, j);
      tt_put_element(dtype, v, a, n, j, i);
    }
  }
}

static void negate(int64_t n, double *w)
{
  for (int64_t i = 0; i < n; i++) w[i] = 0 - w[i];
}

/* To tridiagonal form 4/3 n^3; vectors: divide and conquer at most 4/3 n^3, back 2 n^3. */
static double eigh_flops(int64_t n, bool vectors)
{
  return (vectors ? 14.0 / 3 : 4.0 / 3) * (double)n * (double)n * (double)n;
}

/* A [n, n] to rank 0, solved, w to all, V scattered. Collective. */
static tartan_status eigh_one_rank(const tartan_matrix *A, double *w, tartan_matrix *V)
{
  tartan_grid  *grid = A->grid;
  const int64_t n = A->row.n;
  void         *a = NULL;
  double        t = 0;
  int           threads;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  if (grid->rank == 0) a = tt_alloc(&grid->memory, n * n, tartan_dtype_size(A->dtype), "an eigenproblem", &local);
  AGREE(grid, local);
  TRY(tartan_matrix_gather(A, 0, a));
  if (grid->rank == 0) {
    t = tt_seconds();
    threads = tt_blas_set_threads(1);
    negate_symmetric(A->dtype, n, a);
    local = tt_syevd(&grid->memory, A->dtype, n, a, w, V != NULL);
    negate(n, w);
    if (threads > 0) tt_blas_set_threads(threads);
    tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
    grid->counters.flops += eigh_flops(n, V != NULL);
  }
  AGREE(grid, local);
  TRY(tt_bcast(grid, w, n, sizeof *w, 0));
  if (V) TRY(tartan_matrix_scatter(a, 0, V));
done:
  tt_free(a);
  return st;
}

/* By p?syevd on a copy in square blocks; Z is in the default layout. Collective. */
static tartan_status eigh_scalapack(const tartan_matrix *A, double *w, tartan_matrix *Z)
{
  tartan_grid   *grid = A->grid;
  const tt_pcall call = tt_pcall_of(grid);
  tartan_matrix *copy = NULL;
  tt_operand     a = {0}, z = {0};
  double         t = 0;
  int            threads;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(tt_matrix_clone(TARTAN_NO_TRANS, A, A->dtype, NULL, &copy));
  tt_scale_local(A->dtype, -1, copy->data, copy->ld, copy->mloc, copy->nloc);
  TRY(tt_operand_make(copy, grid->p, grid->q, &a));
  TRY(tt_operand_make(Z, grid->p, grid->q, &z));
  t = tt_seconds();
  threads = tt_blas_threads_begin(grid);
  local = tt_psyevd(&call, A->dtype, A->row.n, &a.p, w, &z.p);
  tt_blas_threads_end(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  grid->counters.flops += eigh_flops(A->row.n, true) / (grid->p * grid->q);
  AGREE(grid, local);
  TRY(tt_bcast(grid, w, A->row.n, sizeof *w, 0)); /* ranks outside the arrangement have none */
  negate(A->row.n, w);
done:
  tt_operand_end(&z);
  tt_operand_end(&a);
  tartan_matrix_destroy(&copy);
  return st;
}

/* NaN or Inf in the lower triangle; what stands above it is not read. */
static tartan_status require_finite_lower(const tartan_matrix *A)
{
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  for (int64_t jl = 0; jl < A->nloc && local == TARTAN_OK; jl++) {
    const int64_t j = tartan_matrix_global_col(A, jl);

    for (int64_t il = 0; il < A->mloc && local == TARTAN_OK; il++) {
      const double  v = tt_get_element(A->dtype, A->data, A->ld, il, jl);
      const int64_t i = tartan_matrix_global_row(A, il);

      if (i >= j && !(v - v == 0))
        local = tt_fail(TARTAN_ERR_INPUT, "the matrix of an eigenproblem has %s at (%lld, %lld)",
                        v == v ? "Inf" : "NaN", (long long)i, (long long)j);
    }
  }
  AGREE(A->grid, local);
done:
  return st;
}

tartan_status tartan_eigh(const tartan_matrix *A, const tartan_eigh_opts *opts, double *w, tartan_matrix **V,
                          tartan_factor_info *info)
{
  tartan_grid   *grid = A->grid;
  const int64_t  n = A->row.n;
  tartan_matrix *v = NULL;
  double        *sign = NULL;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  (void)opts, (void)info;
  if (V) *V = NULL;
  REQUIRE(A->col.n == n, TARTAN_ERR_SHAPE, "an eigenproblem needs a square matrix, this is %lld x %lld", (long long)n,
          (long long)A->col.n);
  TRY(require_finite_lower(A));
  if (V || n > TARTAN_EIGH_ONE_RANK) TRY(tartan_matrix_create(grid, A->dtype, n, n, NULL, &v));
  sign = tt_alloc(&grid->memory, n, sizeof *sign, "signs", &local);
  AGREE(grid, local);
  if (n <= TARTAN_EIGH_ONE_RANK)
    TRY(eigh_one_rank(A, w, v));
  else
    TRY(eigh_scalapack(A, w, v));
  if (V) {
    TRY(tt_signs_of(v, false, sign));
    tt_signs_apply(v, false, sign);
    *V = v;
    v = NULL;
  }
done:
  tt_free(sign);
  tartan_matrix_destroy(&v);
  return st;
}
