/*
 * General eigenproblems. ?geev on rank 0 with one thread finds values and vectors of what is small; ScaLAPACK has no real
 * p?trevc, so vectors are found there only. Values of larger matrices by eig_spread.c.
 */
#include <tartan/factor.h>
#include <tartan/norms.h>

#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack_eig.h"
#include "ext/vendor.h"
#include "factor/eig_impl.h"
#include "factor/info.h"

/* A problem on its way. */
typedef struct eig {
  const tartan_matrix *A;
  int64_t              n;
  bool                 vectors;
  double              *re, *im; /* [n] of the caller */
  tartan_matrix       *V_re, *V_im;
  const char          *method, *reason;
} eig;

/* What rank 0 holds. */
typedef struct one_rank {
  void        *a, *v, *v_im;
  tt_eig_unit *unit;
} one_rank;

static tartan_status take_memory(const eig *e, one_rank *o)
{
  tt_memory    *mem = &e->A->grid->memory;
  const size_t  size = tartan_dtype_size(e->A->dtype);
  const int64_t vectors = e->vectors ? e->n * e->n : 0;
  tartan_status local = TARTAN_OK;

  o->a = tt_alloc(mem, e->n * e->n, size, "an eigenproblem", &local);
  o->unit = tt_alloc(mem, e->n, sizeof *o->unit, "the order of eigenvalues", &local);
  if (e->vectors) {
    o->v = tt_alloc(mem, vectors, size, "eigenvectors", &local);
    o->v_im = tt_alloc(mem, vectors, size, "imaginary parts of eigenvectors", &local);
  }
  return local;
}

/* Values and vectors in order: real parts of the vectors take the place of the matrix. On rank 0. */
static tartan_status solve_here(const eig *e, one_rank *o)
{
  tartan_grid  *grid = e->A->grid;
  double        t = tt_seconds();
  const int     threads = tt_blas_set_threads(1);
  tartan_status st = TARTAN_OK;

  TRY(tt_geev(&grid->memory, e->A->dtype, e->n, o->a, e->re, e->im, o->v));
  TRY(tt_eig_order(e->n, e->re, e->im, o->unit));
  if (e->vectors) tt_eig_vectors(e->A->dtype, e->n, o->unit, e->im, o->v, o->a, o->v_im);
done:
  if (threads > 0) tt_blas_set_threads(threads);
  tt_grid_phase(grid, TARTAN_PHASE_COMPUTE, &t);
  grid->counters.flops += (e->vectors ? 25.0 : 10.0) * (double)e->n * (double)e->n * (double)e->n;
  return st;
}

/* Collective. */
static tartan_status by_one_rank(eig *e)
{
  tartan_grid  *grid = e->A->grid;
  one_rank      o = {0};
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  e->method = "?geev on one rank";
  e->reason = e->vectors ? "vectors are wanted" : "small: the same bits on any number of ranks";
  if (grid->rank == 0) local = take_memory(e, &o);
  AGREE(grid, local);
  TRY(tartan_matrix_gather(e->A, 0, o.a));
  if (grid->rank == 0) local = solve_here(e, &o);
  AGREE(grid, local);
  TRY(tt_bcast(grid, e->re, e->n, sizeof *e->re, 0));
  TRY(tt_bcast(grid, e->im, e->n, sizeof *e->im, 0));
  if (e->vectors) {
    TRY(tartan_matrix_create(grid, e->A->dtype, e->n, e->n, NULL, &e->V_re));
    TRY(tartan_matrix_create(grid, e->A->dtype, e->n, e->n, NULL, &e->V_im));
    TRY(tartan_matrix_scatter(o.a, 0, e->V_re));
    TRY(tartan_matrix_scatter(o.v_im, 0, e->V_im));
  }
done:
  tt_free(o.unit);
  tt_free(o.v_im);
  tt_free(o.v);
  tt_free(o.a);
  return st;
}

/* 1, or the power of two that brings entries near overflow or underflow to about 1. */
static double safe_scale(double largest)
{
  int exponent;

  if (largest == 0) return 1;
  frexp(largest, &exponent);
  return exponent > 52 || exponent < -52 ? ldexp(1, -(int)tt_max(exponent, -126)) : 1;
}

/* Collective. */
static tartan_status by_all_ranks(eig *e)
{
  tartan_grid  *grid = e->A->grid;
  tt_eig_unit  *unit = NULL;
  double        largest = 0, scale;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  e->method = "p?gehrd, ?hseqr on one rank";
  e->reason = "values alone, of a large matrix";
  unit = tt_alloc(&grid->memory, e->n, sizeof *unit, "the order of eigenvalues", &local);
  AGREE(grid, local);
  TRY(tartan_norm(TARTAN_NORM_MAX, e->A, &largest));
  scale = safe_scale(largest);
  TRY(tt_eig_spread(e->A, scale, e->re, e->im));
  TRY(tt_eig_order(e->n, e->re, e->im, unit));
  for (int64_t i = 0; i < e->n; i++) {
    e->re[i] /= scale;
    e->im[i] /= scale;
  }
done:
  tt_free(unit);
  return st;
}

tartan_status tartan_eig(const tartan_matrix *A, double *w_re, double *w_im, tartan_matrix **V_re, tartan_matrix **V_im,
                         tartan_factor_info *info)
{
  const double  start = tt_seconds();
  eig           e = {.A = A, .n = A->row.n, .vectors = V_re && V_im, .re = w_re, .im = w_im};
  tartan_status st = TARTAN_OK;

  if (V_re) *V_re = NULL;
  if (V_im) *V_im = NULL;
  REQUIRE(A->col.n == e.n, TARTAN_ERR_SHAPE, "an eigenproblem needs a square matrix, this is %lld x %lld",
          (long long)e.n, (long long)A->col.n);
  REQUIRE(!V_re == !V_im, TARTAN_ERR_ARG,
          "real and imaginary parts of eigenvectors come together: give both or neither");
  REQUIRE(!e.vectors || e.n <= TARTAN_EIG_ONE_RANK, TARTAN_ERR_ARG,
          "eigenvectors of a general matrix are found up to n = %d, this has %lld; ask for the values alone",
          TARTAN_EIG_ONE_RANK, (long long)e.n);
  TRY(tt_matrix_require_finite(A, "the matrix of an eigenproblem"));
  if (e.vectors || e.n <= TT_EIG_VALUES_ONE_RANK)
    TRY(by_one_rank(&e));
  else
    TRY(by_all_ranks(&e));
  if (V_re) *V_re = e.V_re;
  if (V_im) *V_im = e.V_im;
  e.V_re = e.V_im = NULL;
  tt_factor_tell(info, e.method, e.reason, e.n, tt_seconds() - start);
done:
  tartan_matrix_destroy(&e.V_im);
  tartan_matrix_destroy(&e.V_re);
  return st;
}
