/*
 * The root of a covariance: its Cholesky factor, or, where a pivot is not positive, the symmetric square root V w^(1/2) V'
 * as the square of V w^(1/4). Eigenvalues that rounding made negative count as zero (Higham 2002, 10.3: a semidefinite
 * matrix may have a negative one of n u |Sigma| once it is rounded); smaller ones are refused. On one rank: with one
 * BLAS thread.
 */
#include <tartan/blas.h>
#include <tartan/solve.h>

#include <float.h>
#include <math.h>

#include "base/util.h"
#include "comm/collective.h"
#include "ext/lapack.h"
#include "ext/vendor.h"
#include "factor/sample_impl.h"
#include "kernel/dense.h"
#include "kernel/gemm.h"
#include "matrix/triangle.h"

/* w [n], descending, from eigenvalues to their fourth roots. Local, the same on every rank. */
static tartan_status fourth_roots(const tt_sample *s, double *w)
{
  const double  eps = s->Sigma->dtype == TARTAN_F32 ? FLT_EPSILON : DBL_EPSILON;
  const double  size = s->n > 0 ? fmax(fabs(w[0]), fabs(w[s->n - 1])) : 0, floor = -(double)s->n * eps * size;
  tartan_status st = TARTAN_OK;

  REQUIRE(s->n == 0 || w[s->n - 1] >= floor, TARTAN_ERR_NUMERIC,
          "the covariance is not positive semidefinite: its smallest eigenvalue is %.3g, its largest %.3g", w[s->n - 1],
          w[0]);
  for (int64_t i = 0; i < s->n; i++) w[i] = sqrt(sqrt(fmax(w[i], 0)));
done:
  return st;
}

/* Eigenvectors, column j times the fourth root of its value. Collective. */
static tartan_status scaled_vectors(tt_sample *s, tartan_matrix **V)
{
  double       *w = NULL;
  tartan_status st = TARTAN_OK, local = TARTAN_OK;

  *V = NULL;
  w = tt_alloc(&s->Sigma->grid->memory, s->n, sizeof *w, "eigenvalues", &local);
  AGREE(s->Sigma->grid, local);
  TRY(tartan_eigh(s->Sigma, NULL, w, V, NULL));
  TRY(fourth_roots(s, w));
  for (int64_t jl = 0; jl < (*V)->nloc; jl++)
    tt_scale_local((*V)->dtype, w[tartan_matrix_global_col(*V, jl)],
                   (char *)(*V)->data + jl * (*V)->ld * (int64_t)tartan_dtype_size((*V)->dtype), (*V)->ld, (*V)->mloc,
                   1);
done:
  if (st != TARTAN_OK) tartan_matrix_destroy(V);
  tt_free(w);
  return st;
}

/* ---------------------------------------------------------------------------------------------- on one rank */

/* Fills in the upper triangle: with zeros, or as the mirror of the lower one. Local. */
static void finish_upper(tartan_dtype dtype, int64_t n, bool zero, void *a)
{
  for (int64_t j = 1; j < n; j++)
    for (int64_t i = 0; i < j; i++) tt_put_element(dtype, zero ? 0 : tt_get_element(dtype, a, n, j, i), a, n, i, j);
}

/* root := the square of the scaled vectors, on rank 0. Collective. */
static tartan_status square_root_one(tt_sample *s, void *root)
{
  tartan_grid   *grid = s->Sigma->grid;
  const int64_t  n = s->n;
  tartan_matrix *V = NULL;
  void          *v = NULL;
  int            threads;
  tartan_status  st = TARTAN_OK, local = TARTAN_OK;

  TRY(scaled_vectors(s, &V));
  v = tt_alloc(&grid->memory, grid->rank == 0 ? n * n : 0, tartan_dtype_size(V->dtype), "eigenvectors", &local);
  AGREE(grid, local);
  TRY(tartan_matrix_gather(V, 0, v));
  if (grid->rank > 0) goto done;
  threads = tt_blas_set_threads(1);
  tt_syrk_local(V->dtype, n, n, 1, v, tt_max(1, n), 0, root, tt_max(1, n));
  if (threads > 0) tt_blas_set_threads(threads);
  finish_upper(V->dtype, n, false, root);
done:
  tt_free(v);
  tartan_matrix_destroy(&V);
  return st;
}

/* The factor in place, on rank 0; false if there is none. */
static bool factor_here(const tt_sample *s, void *a)
{
  double     t = tt_seconds();
  const int  threads = tt_blas_set_threads(1);
  const bool ok = tt_potrf(s->Sigma->dtype, TARTAN_LOWER, s->n, a, tt_max(1, s->n)) == 0;

  if (threads > 0) tt_blas_set_threads(threads);
  if (ok) finish_upper(s->Sigma->dtype, s->n, true, a);
  tt_grid_phase(s->Sigma->grid, TARTAN_PHASE_COMPUTE, &t);
  return ok;
}

tartan_status tt_sample_root_one(tt_sample *s, void *root)
{
  tartan_grid  *grid = s->Sigma->grid;
  int64_t       definite = 0;
  tartan_status st = TARTAN_OK;

  TRY(tartan_matrix_gather(s->Sigma, 0, root));
  if (grid->rank == 0) definite = factor_here(s, root);
  TRY(tt_bcast(grid, &definite, 1, sizeof definite, 0));
  s->triangular = definite != 0;
  if (!s->triangular) TRY(square_root_one(s, root));
  TRY(tt_bcast(grid, root, s->n * s->n, tartan_dtype_size(s->Sigma->dtype), 0));
done:
  return st;
}

/* ---------------------------------------------------------------------------------------------- over all ranks */

static tartan_status square_root_spread(tt_sample *s, tartan_matrix **root)
{
  tartan_matrix *V = NULL;
  tartan_status  st = TARTAN_OK;

  TRY(scaled_vectors(s, &V));
  TRY(tt_matrix_create_raw(V->grid, V->dtype, s->n, s->n, NULL, root));
  TRY(tartan_syrk(TARTAN_LOWER, TARTAN_NO_TRANS, 1, V, 0, *root, NULL));
  TRY(tt_matrix_mirror(TARTAN_LOWER, *root));
done:
  tartan_matrix_destroy(&V);
  return st;
}

tartan_status tt_sample_root_spread(tt_sample *s, tartan_matrix **root)
{
  tartan_factor_info info;
  tartan_status      st = tartan_cholesky(s->Sigma, root, &info);

  s->triangular = st == TARTAN_OK;
  if (st == TARTAN_OK) s->condition = info.condition;
  if (st == TARTAN_ERR_NUMERIC) st = square_root_spread(s, root);
  if (st != TARTAN_OK) tartan_matrix_destroy(root);
  return st;
}
